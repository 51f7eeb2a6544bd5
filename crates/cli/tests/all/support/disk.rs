//! Disks made for tests in this process: FAT volumes behind partition tables, as raw bytes or
//! as E01. The same recipe gives the same bytes.

use std::fs;
use std::io::{Cursor, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use fatfs::{FatType, FileSystem, FormatVolumeOptions, FsOptions};
use pendeen_evidence::image::ewf::write::{Compression, Recipe, write};
use pendeen_evidence::unit::ByteLen;

use super::noise;

/// Bytes of a sector.
pub const SECTOR: usize = 512;

/// A file of a volume.
pub struct Planned {
    /// Where, without a slash in front.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Whether it is deleted after all were written.
    pub deleted: bool,
}

/// A live file.
pub fn live(path: &str, bytes: impl Into<Vec<u8>>) -> Planned {
    Planned { path: path.to_owned(), bytes: bytes.into(), deleted: false }
}

/// A deleted file.
pub fn deleted(path: &str, bytes: impl Into<Vec<u8>>) -> Planned {
    Planned { deleted: true, ..live(path, bytes) }
}

/// A FAT16 volume of `sectors` sectors with these files.
pub fn fat(sectors: usize, files: &[Planned]) -> Vec<u8> {
    let mut volume = Cursor::new(vec![0; sectors * SECTOR]);
    let options = FormatVolumeOptions::new()
        .fat_type(FatType::Fat16)
        .volume_id(0x5445_5354)
        .bytes_per_cluster(2048);
    fatfs::format_volume(&mut volume, options).unwrap();
    volume.seek(SeekFrom::Start(0)).unwrap();
    {
        let system = FileSystem::new(&mut volume, FsOptions::new()).unwrap();
        let root = system.root_dir();
        for file in files {
            for (end, _) in file.path.match_indices('/') {
                root.create_dir(&file.path[..end]).unwrap();
            }
            root.create_file(&file.path).unwrap().write_all(&file.bytes).unwrap();
        }
        for file in files.iter().filter(|file| file.deleted) {
            root.remove(&file.path).unwrap();
        }
    }
    volume.into_inner()
}

/// Smallest FAT16 volume with clusters of 2,048 bytes, in sectors, and some to spare.
pub const SMALL: usize = 20_000;

/// A small volume with a few dozen files, one in eight deleted.
pub fn some_files(seed: u64) -> Vec<Planned> {
    (0..40_u64)
        .map(|n| {
            let len = 1 + usize::try_from(n).unwrap() * 1_531 % 20_000;
            let bytes = noise(seed * 1_000 + n, len);
            Planned { path: format!("DIR{}/FILE{n:03}.BIN", n % 4), bytes, deleted: n % 8 == 7 }
        })
        .collect()
}

/// A disk with a master boot record and these FAT16 volumes, each on the next MiB.
pub fn with_mbr(volumes: &[Vec<u8>]) -> Vec<u8> {
    let mut disk = vec![0; SECTOR];
    for (slot, volume) in volumes.iter().enumerate() {
        let first = disk.len().next_multiple_of(1 << 20);
        disk.resize(first, 0);
        disk.extend_from_slice(volume);
        let entry = 446 + slot * 16;
        disk[entry + 4] = 0x0e;
        disk[entry + 8..entry + 12].copy_from_slice(&sectors(first).to_le_bytes());
        disk[entry + 12..entry + 16].copy_from_slice(&sectors(volume.len()).to_le_bytes());
    }
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    disk
}

/// A disk with a GUID partition table and these volumes, each on the next MiB.
///
/// Source: UEFI Specification 2.10, section 5.3.
pub fn with_gpt(volumes: &[Vec<u8>]) -> Vec<u8> {
    // The partition type of plain data.
    const DATA: [u8; 16] = [
        0xa2, 0xa0, 0xd0, 0xeb, 0xe5, 0xb9, 0x33, 0x44, 0x87, 0xc0, 0x68, 0xb6, 0xb7, 0x26, 0x99,
        0xc7,
    ];
    let mut disk = vec![0; 34 * SECTOR];
    let mut entries = vec![0; 128 * 128];
    for (slot, volume) in volumes.iter().enumerate() {
        let first = disk.len().next_multiple_of(1 << 20);
        disk.resize(first, 0);
        disk.extend_from_slice(volume);
        let entry = &mut entries[slot * 128..][..128];
        entry[..16].copy_from_slice(&DATA);
        entry[16] = u8::try_from(slot + 1).unwrap();
        entry[32..40].copy_from_slice(&u64::from(sectors(first)).to_le_bytes());
        let last = u64::from(sectors(first + volume.len())) - 1;
        entry[40..48].copy_from_slice(&last.to_le_bytes());
    }
    let usable = u64::from(sectors(disk.len())) - 1;
    disk.resize(disk.len() + 33 * SECTOR, 0);
    let last = u64::from(sectors(disk.len())) - 1;
    for (own, other, table) in [(1, last, 2), (last, 1, last - 32)] {
        let mut header = b"EFI PART\0\0\x01\0\x5c\0\0\0".to_vec();
        header.resize(92, 0);
        for (at, value) in [(24, own), (32, other), (40, 34), (48, usable), (72, table)] {
            header[at..at + 8].copy_from_slice(&value.to_le_bytes());
        }
        for (at, value) in [(80, 128), (84, 128), (88, libdeflater::crc32(&entries))] {
            header[at..at + 4].copy_from_slice(&u32::to_le_bytes(value));
        }
        let sum = libdeflater::crc32(&header);
        header[16..20].copy_from_slice(&sum.to_le_bytes());
        for (sector, bytes) in [(own, &header), (table, &entries)] {
            let at = usize::try_from(sector).unwrap() * SECTOR;
            disk[at..at + bytes.len()].copy_from_slice(bytes);
        }
    }
    // The protective record: one partition of type 0xee over all of it.
    disk[450] = 0xee;
    disk[454] = 1;
    disk[458..462].copy_from_slice(&u32::try_from(last).unwrap().to_le_bytes());
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    disk
}

fn sectors(bytes: usize) -> u32 {
    assert_eq!(bytes % SECTOR, 0);
    u32::try_from(bytes / SECTOR).unwrap()
}

/// Writes a disk as an E01 in segments of at most `segment` bytes; answers with its files.
pub fn e01(first: &Path, disk: &[u8], segment: u64, compression: Compression) -> Vec<PathBuf> {
    let recipe = Recipe {
        segment_len: ByteLen(segment),
        compression,
        header: vec![("c".to_owned(), "Test case".to_owned())],
        ..Recipe::default()
    };
    write(first, &recipe, &mut &*disk, ByteLen(disk.len() as u64)).unwrap()
}

/// An E01 in one file.
pub fn whole_e01(first: &Path, disk: &[u8]) {
    assert_eq!(e01(first, disk, 2_000 << 20, Compression::Level(1)).len(), 1);
}

/// Writes a disk as raw pieces `disk.001`, `disk.002`, ... of `piece` bytes; gives the first.
pub fn split_raw(folder: &Path, disk: &[u8], piece: usize) -> PathBuf {
    for (n, bytes) in disk.chunks(piece).enumerate() {
        fs::write(folder.join(format!("disk.{:03}", n + 1)), bytes).unwrap();
    }
    folder.join("disk.001")
}
