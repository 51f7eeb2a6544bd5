//! An exFAT volume of `mkfs.exfat` that is filled entry by entry, without mounting it.
//!
//! What is written: the entry set of each file (file, stream extension, names) with its checksum
//! and the hash of its name, the allocation bitmap, the chains of the table, the clusters.
//! Source: Microsoft, *exFAT file system specification*, revision 1.00.

use std::fs;
use std::path::{Path, PathBuf};

use super::fixture::{blank, run, text};

pub const EXFAT_PROGRAMS: &[&str] = &["mkfs.exfat"];

/// Bytes of a directory entry.
const ENTRY: usize = 32;
const FIRST_CLUSTER: u32 = 2;
const LAST_OF_CHAIN: u32 = 0xffff_ffff;
const FOLDER: u16 = 0x10;
const ARCHIVE: u16 = 0x20;
const POSSIBLE: u8 = 1;
const NO_CHAIN: u8 = 2;

/// A time as an entry keeps it.
#[derive(Clone, Copy)]
pub struct Time {
    /// Year, month, day, hour, minute, second, of which every second one can be kept.
    pub at: [u16; 6],
    /// Further steps of 10 ms, up to 199.
    pub ten_ms: u8,
    /// The byte of the offset from UTC.
    pub offset: u8,
}

/// A file or folder.
pub struct Member<'a> {
    pub name: &'a str,
    pub content: &'a [u8],
    pub is_folder: bool,
    pub deleted: bool,
    /// Whether a cluster is left free behind each of its own.
    pub scattered: bool,
    pub created: Time,
    pub modified: Time,
    pub accessed: Time,
}

/// The volume.
pub struct ExFat {
    bytes: Vec<u8>,
    fat: usize,
    heap: usize,
    cluster: usize,
    bitmap: usize,
    root: u32,
    next: u32,
}

impl ExFat {
    /// An empty volume of 16 MiB.
    pub fn new(folder: &Path) -> Self {
        let image = folder.join("exfat.img");
        blank(&image, 16 << 20);
        run("mkfs.exfat", &[text(&image)]);
        let bytes = fs::read(&image).unwrap();
        let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let sector = 1_usize << bytes[108];
        let (fat, heap) = (u32_at(80) as usize * sector, u32_at(88) as usize * sector);
        let (cluster, root) = (sector << bytes[109], u32_at(96));
        let mut volume = Self { bytes, fat, heap, cluster, bitmap: 0, root, next: root + 1 };
        volume.bitmap = volume.bitmap_at();
        volume
    }

    /// The first cluster of the root.
    pub fn root(&self) -> u32 {
        self.root
    }

    /// Bytes of a cluster.
    pub fn cluster_len(&self) -> usize {
        self.cluster
    }

    /// Where a cluster begins.
    pub fn at(&self, cluster: u32) -> usize {
        self.heap + (cluster - FIRST_CLUSTER) as usize * self.cluster
    }

    /// Adds a file or folder to the folder of one cluster that begins at `parent`, behind what is
    /// there. Gives its first cluster and where its first entry lies.
    pub fn add(&mut self, parent: u32, member: &Member) -> (u32, usize) {
        let len = if member.is_folder { self.cluster } else { member.content.len() };
        let wanted = u32::try_from(len.div_ceil(self.cluster)).unwrap();
        let step = if member.scattered { 2 } else { 1 };
        let clusters: Vec<u32> = (0..wanted).map(|n| self.next + n * step).collect();
        self.next += wanted * step;
        for (cluster, piece) in clusters.iter().zip(member.content.chunks(self.cluster)) {
            let at = self.at(*cluster);
            self.bytes[at..at + piece.len()].copy_from_slice(piece);
        }
        for (n, cluster) in clusters.iter().enumerate() {
            if !member.deleted {
                self.use_cluster(*cluster);
            }
            if member.scattered {
                self.chain(*cluster, clusters.get(n + 1).copied().unwrap_or(LAST_OF_CHAIN));
            }
        }
        let first = clusters.first().copied().unwrap_or(0);
        let set = set(member, first, len as u64);
        let start = self.at(parent);
        let folder = &self.bytes[start..start + self.cluster];
        let free = folder.chunks(ENTRY).position(|entry| entry[0] == 0).unwrap();
        let at = start + free * ENTRY;
        assert!(at + set.len() <= start + self.cluster, "the folder is full");
        self.bytes[at..at + set.len()].copy_from_slice(&set);
        (first, at)
    }

    /// Writes the volume.
    pub fn write(self, folder: &Path) -> PathBuf {
        let image = folder.join("exfat.img");
        fs::write(&image, self.bytes).unwrap();
        image
    }

    /// Changes bytes of it.
    pub fn put(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn bitmap_at(&self) -> usize {
        let start = self.at(self.root);
        let folder = &self.bytes[start..start + self.cluster];
        let entry = folder.chunks(ENTRY).find(|entry| entry[0] == 0x81).unwrap();
        self.at(u32::from_le_bytes(entry[20..24].try_into().unwrap()))
    }

    /// Marks a cluster as used.
    pub fn use_cluster(&mut self, cluster: u32) {
        let bit = (cluster - FIRST_CLUSTER) as usize;
        self.bytes[self.bitmap + bit / 8] |= 1 << (bit % 8);
    }

    fn chain(&mut self, cluster: u32, next: u32) {
        let at = self.fat + 4 * cluster as usize;
        self.bytes[at..at + 4].copy_from_slice(&next.to_le_bytes());
    }
}

/// The entries of a file: itself, its stream, its name.
fn set(member: &Member, first: u32, len: u64) -> Vec<u8> {
    let name: Vec<u16> = member.name.encode_utf16().collect();
    let names = name.chunks(15);
    let mut file = [0; ENTRY];
    file[0] = 0x85;
    file[1] = u8::try_from(1 + names.len()).unwrap();
    let attributes = if member.is_folder { FOLDER } else { ARCHIVE };
    file[4..6].copy_from_slice(&attributes.to_le_bytes());
    file[8..12].copy_from_slice(&stamp(&member.created));
    file[12..16].copy_from_slice(&stamp(&member.modified));
    file[16..20].copy_from_slice(&stamp(&member.accessed));
    file[20..22].copy_from_slice(&[member.created.ten_ms, member.modified.ten_ms]);
    let offsets = [&member.created, &member.modified, &member.accessed].map(|time| time.offset);
    file[22..25].copy_from_slice(&offsets);
    let mut stream = [0; ENTRY];
    stream[0] = 0xc0;
    stream[1] = if member.scattered { POSSIBLE } else { POSSIBLE | NO_CHAIN };
    if len == 0 {
        stream[1] = POSSIBLE;
    }
    stream[3] = u8::try_from(name.len()).unwrap();
    let upper: Vec<u8> =
        member.name.to_uppercase().encode_utf16().flat_map(u16::to_le_bytes).collect();
    stream[4..6].copy_from_slice(&rotated_sum(upper.iter()).to_le_bytes());
    stream[8..16].copy_from_slice(&len.to_le_bytes());
    stream[20..24].copy_from_slice(&first.to_le_bytes());
    stream[24..32].copy_from_slice(&len.to_le_bytes());
    let mut set = [file, stream].concat();
    for part in names {
        let mut entry = [0; ENTRY];
        entry[0] = 0xc1;
        for (unit, at) in part.iter().zip(entry[2..].chunks_mut(2)) {
            at.copy_from_slice(&unit.to_le_bytes());
        }
        set.extend(entry);
    }
    let counted = set.iter().enumerate().filter(|(at, _)| !matches!(at, 2 | 3));
    let sum = rotated_sum(counted.map(|(_, byte)| byte));
    set[2..4].copy_from_slice(&sum.to_le_bytes());
    if member.deleted {
        set.chunks_mut(ENTRY).for_each(|entry| entry[0] &= 0x7f);
    }
    set
}

/// The sum that entry sets and names have: turned right by one bit before each byte is added.
fn rotated_sum<'a>(bytes: impl Iterator<Item = &'a u8>) -> u16 {
    bytes.fold(0_u16, |sum, byte| sum.rotate_right(1).wrapping_add(u16::from(*byte)))
}

fn stamp(time: &Time) -> [u8; 4] {
    let [year, month, day, hour, minute, second] = time.at.map(u32::from);
    let date = (year - 1980) << 9 | month << 5 | day;
    (date << 16 | hour << 11 | minute << 5 | (second / 2)).to_le_bytes()
}
