//! Disk images without a container: told by the partition table or the file system that they
//! begin with.
//!
//! In: the first bytes. Out: whether a disk or a volume begins there. Two bytes of a mark are too
//! little: what stands around them must agree as well.
//!
//! Source: UEFI 2.10, sections 5.2 and 5.3; Microsoft's FAT specification 1.03 and exFAT
//! specification; the kernel's documentation of ext4; Apple TN1150 and the APFS reference; ECMA-119.

/// The type of such images.
pub(super) const RAW: &str = "application/x-raw-disk-image";

pub(super) fn media_type(head: &[u8]) -> Option<&'static str> {
    let at = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
    let known = at(512, b"EFI PART")
        || at(32, b"NXSB")
        || at(1024, b"H+\0\x04")
        || at(1024, b"HX\0\x05")
        || ext(head);
    let boot = at(510, b"\x55\xaa")
        && (at(3, b"NTFS    ") || at(3, b"EXFAT   ") || fat(head) || partitions(head));
    (known || boot).then_some(RAW)
}

/// The primary volume descriptor of ISO 9660, in its seventeenth sector.
///
/// Source: ECMA-119, section 8.4.
pub(super) fn iso_9660(head: &[u8]) -> Option<&'static str> {
    let descriptor = head.get(16 * 2048..)?;
    descriptor.starts_with(b"\x01CD001\x01").then_some("application/x-iso9660-image")
}

/// A superblock of ext2, ext3 or ext4: its mark, a block size and a revision that exist.
fn ext(head: &[u8]) -> bool {
    let field = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
    head.get(1080..1082) == Some(b"\x53\xef")
        && field(1048).is_some_and(|size| size <= 6)
        && field(1100).is_some_and(|revision| revision <= 1)
}

/// The first sector of a FAT file system.
fn fat(head: &[u8]) -> bool {
    let Some(boot) = head.get(..512) else { return false };
    let sector = u16::from_le_bytes([boot[11], boot[12]]);
    matches!(boot[0], 0xeb | 0xe9)
        && matches!(sector, 512 | 1024 | 2048 | 4096)
        && boot[13].is_power_of_two()
        && matches!(boot[16], 1 | 2)
        && (boot[54..].starts_with(b"FAT") || boot[82..].starts_with(b"FAT32"))
}

/// A partition table of which every entry is empty or can be one.
fn partitions(head: &[u8]) -> bool {
    let Some(table) = head.get(446..510) else { return false };
    let number = |entry: &[u8], at: usize| {
        entry[at..at + 4].iter().rev().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte))
    };
    let empty = |entry: &[u8]| entry.iter().all(|byte| *byte == 0);
    let real = |entry: &[u8]| {
        matches!(entry[0], 0 | 0x80)
            && entry[4] != 0
            && number(entry, 8) > 0
            && number(entry, 12) > 0
    };
    let (mut all, mut some) = (true, false);
    for entry in table.chunks_exact(16) {
        all &= empty(entry) || real(entry);
        some |= real(entry);
    }
    all && some
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_table_is_told_from_two_bytes_that_happen_to_stand_there() {
        let mut head = vec![0; 4096];
        head[510..512].copy_from_slice(b"\x55\xaa");
        assert_eq!(media_type(&head), None);
        head[446..462].copy_from_slice(b"\x80\0\0\0\x0c\0\0\0\0\x08\0\0\0\0\x01\0");
        assert_eq!(media_type(&head), Some(RAW));
        head[462] = 0x33;
        assert_eq!(media_type(&head), None, "the second entry can be none");
    }

    #[test]
    fn an_iso_9660_image_is_told_by_its_descriptor() {
        let mut head = vec![0; super::super::HEAD_LEN];
        head[32_768..32_775].copy_from_slice(b"\x01CD001\x01");
        assert_eq!(super::super::media_type(&head), Some("application/x-iso9660-image"));
        assert_eq!(iso_9660(&head[..32_770]), None);
    }

    #[test]
    fn file_systems_are_told_by_their_first_blocks() {
        let mut ext = vec![0; 4096];
        ext[1080..1082].copy_from_slice(b"\x53\xef");
        assert_eq!(media_type(&ext), Some(RAW));
        ext[1048] = 9;
        assert_eq!(media_type(&ext), None, "no such block size");
        let mut ntfs = vec![0; 512];
        ntfs[..11].copy_from_slice(b"\xeb\x52\x90NTFS    ");
        assert_eq!(media_type(&ntfs), None, "the boot sector's mark is missing");
        ntfs[510..].copy_from_slice(b"\x55\xaa");
        assert_eq!(media_type(&ntfs), Some(RAW));
    }
}
