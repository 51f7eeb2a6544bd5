//! Recognises a file system that fills an image, so that its boot sector or the room before
//! its superblock is not taken for a partition table.

use crate::bytes::{u16_le, u32_le};
use crate::image::Image;
use crate::unit::ByteOffset;

use super::{Volume, read};

/// Where ISO 9660 has its first descriptor.
const DESCRIPTOR: u64 = 16 * 2048;

/// What fills an image although its first sector looks like a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fills {
    /// ext whose superblock spans the image.
    Ext,
    /// ISO 9660 with a table for booting from a stick, as long as its descriptor says.
    Disc {
        /// In bytes.
        len: u64,
    },
}

/// Whether a sector is the boot sector of FAT, exFAT, NTFS or BitLocker, by its parameter block.
pub(super) fn boot_sector(sector: &[u8]) -> bool {
    let jump = matches!(sector.get(..3), Some([0xeb, _, 0x90] | [0xe9, _, _]));
    let named = matches!(sector.get(3..11), Some(b"NTFS    " | b"EXFAT   " | b"-FVE-FS-"));
    let fat = (|| {
        let per_sector = u16_le(sector, 11)?;
        let per_cluster = *sector.get(13)?;
        let reserved = u16_le(sector, 14)?;
        let tables = *sector.get(16)?;
        let media = *sector.get(21)?;
        Some(
            matches!(per_sector, 512 | 1024 | 2048 | 4096)
                && per_cluster.is_power_of_two()
                && reserved > 0
                && matches!(tables, 1 | 2)
                && media >= 0xf0,
        )
    })();
    jump && (named || fat == Some(true))
}

/// The file system that fills the image although its first sector looks like a table.
pub(super) fn file_system(image: &dyn Image, sector: &[u8]) -> Option<Fills> {
    let superblock = read(image, 1024, 1024).ok()?;
    if u16_le(&superblock, 56) == Some(0xef53) {
        let blocks = u64::from(u32_le(&superblock, 4)?);
        let block_len = 1024_u64.checked_shl(u32_le(&superblock, 24)?.min(6))?;
        let len = blocks.saturating_mul(block_len);
        if len > image.len().0 / 2 && len <= image.len().0.saturating_add(block_len) {
            return Some(Fills::Ext);
        }
    }
    let descriptor = read(image, DESCRIPTOR, 2048).ok()?;
    if descriptor.get(1..6) == Some(b"CD001") && !boot_sector(sector) {
        let (blocks, block_len) = (u32_le(&descriptor, 80)?, u16_le(&descriptor, 128)?);
        return Some(Fills::Disc { len: u64::from(blocks) * u64::from(block_len) });
    }
    None
}

/// Whether a disc's file system goes with the table beside it: a partition covers its
/// descriptor, as hybrid images have it, or it fills the image. Otherwise it was left behind
/// when the disk got another table.
pub(super) fn is_of_table(disc_len: u64, table: &[Volume], image: &dyn Image) -> bool {
    let covers =
        |v: &Volume| v.offset.0 <= DESCRIPTOR && v.offset.0.saturating_add(v.len.0) > DESCRIPTOR;
    disc_len >= image.len().0 / 16 * 15 || table.iter().any(covers)
}

/// Whether a file system of its own begins at this place: FAT, NTFS, exFAT, ext, HFS or HFS+.
pub(super) fn begins_at(image: &dyn Image, at: ByteOffset) -> bool {
    let Ok(head) = read(image, at.0, 2048) else { return false };
    let hfs = matches!(head.get(1024..1026), Some(b"H+" | b"HX" | b"BD"));
    hfs || u16_le(&head, 1024 + 56) == Some(0xef53) || boot_sector(&head)
}
