//! Recognises a file system that fills an image, so that its boot sector or the room before
//! its superblock is not taken for a partition table.

use crate::bytes::{u16_le, u32_le};
use crate::image::Image;

use super::read;

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

/// Names the file system that fills an image although its first sector looks like a table:
/// ext whose superblock spans the image, ISO 9660 with a table for booting from a stick.
pub(super) fn file_system(image: &dyn Image, sector: &[u8]) -> Option<&'static str> {
    let superblock = read(image, 1024, 1024).ok()?;
    if u16_le(&superblock, 56) == Some(0xef53) {
        let blocks = u64::from(u32_le(&superblock, 4)?);
        let block_len = 1024_u64.checked_shl(u32_le(&superblock, 24)?.min(6))?;
        let len = blocks.saturating_mul(block_len);
        if len > image.len().0 / 2 && len <= image.len().0.saturating_add(block_len) {
            return Some("an ext file system");
        }
    }
    let descriptor = read(image, 16 * 2048, 6).ok()?;
    if descriptor.get(1..6) == Some(b"CD001") && !boot_sector(sector) {
        return Some("an ISO 9660 file system");
    }
    None
}
