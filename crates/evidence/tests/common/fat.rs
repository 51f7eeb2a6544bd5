//! A FAT16 volume written cluster by cluster, so that what each file had is known.

/// Bytes of a sector, and sectors of a cluster.
const SECTOR: usize = 512;
const PER_CLUSTER: usize = 2;
const CLUSTER: usize = SECTOR * PER_CLUSTER;
const CLUSTERS: usize = 5000;
const ROOT_ENTRIES: usize = 512;
const FAT_SECTORS: usize = (CLUSTERS + 2).div_ceil(SECTOR / 2);
const DATA: usize = 1 + 2 * FAT_SECTORS + ROOT_ENTRIES * 32 / SECTOR;

/// A file, a folder being one whose content is written by [`Fat16::folder`].
pub struct Member {
    pub name: [u8; 11],
    /// Seconds since the volume was made, in 1 and in 2 s.
    pub created: u32,
    pub written: u32,
    pub clusters: Vec<u16>,
    pub content: Vec<u8>,
    pub is_folder: bool,
    pub deleted: bool,
}

/// The volume.
pub struct Fat16 {
    bytes: Vec<u8>,
    root: usize,
}

impl Fat16 {
    pub fn new() -> Self {
        let mut bytes = vec![0; (DATA + CLUSTERS * PER_CLUSTER) * SECTOR];
        bytes[..11].copy_from_slice(b"\xeb\x3c\x90PENDEEN ");
        let mut put = |at: usize, value: usize, len: usize| {
            bytes[at..at + len].copy_from_slice(&value.to_le_bytes()[..len]);
        };
        put(11, SECTOR, 2);
        put(13, PER_CLUSTER, 1);
        put(14, 1, 2);
        put(16, 2, 1);
        put(17, ROOT_ENTRIES, 2);
        put(19, DATA + CLUSTERS * PER_CLUSTER, 2);
        put(21, 0xf8, 1);
        put(22, FAT_SECTORS, 2);
        put(24, 32, 2);
        put(26, 16, 2);
        put(38, 0x29, 1);
        put(510, 0xaa55, 2);
        bytes[54..62].copy_from_slice(b"FAT16   ");
        let mut volume = Self { bytes, root: 0 };
        volume.chain(0, 0xfff8);
        volume.chain(1, 0xffff);
        volume
    }

    /// Adds a file or folder to the root.
    pub fn add(&mut self, member: &Member) {
        let at = (1 + 2 * FAT_SECTORS) * SECTOR + 32 * self.root;
        self.root += 1;
        self.store(member, at);
    }

    /// Fills a folder that is one cluster long, after it was added itself.
    pub fn folder(&mut self, cluster: u16, members: &[Member]) {
        for (n, member) in members.iter().enumerate() {
            self.store(member, cluster_at(cluster) + 32 * (2 + n));
        }
        let mut dot = [0; 32];
        dot[..11].copy_from_slice(b".          ");
        dot[11] = 0x10;
        dot[26..28].copy_from_slice(&cluster.to_le_bytes());
        let at = cluster_at(cluster);
        self.bytes[at..at + 32].copy_from_slice(&dot);
        dot[1] = b'.';
        dot[26..28].fill(0);
        self.bytes[at + 32..at + 64].copy_from_slice(&dot);
    }

    fn store(&mut self, member: &Member, at: usize) {
        let mut entry = [0; 32];
        entry[..11].copy_from_slice(&member.name);
        if member.deleted {
            entry[0] = 0xe5;
        }
        entry[11] = if member.is_folder { 0x10 } else { 0x20 };
        let (day, time) = stamp(member.created);
        entry[13] = u8::try_from(member.created % 2 * 100).unwrap();
        entry[14..16].copy_from_slice(&time);
        entry[16..18].copy_from_slice(&day);
        entry[18..20].copy_from_slice(&day);
        let (day, time) = stamp(member.written);
        entry[22..24].copy_from_slice(&time);
        entry[24..26].copy_from_slice(&day);
        entry[26..28].copy_from_slice(&member.clusters[0].to_le_bytes());
        let size = if member.is_folder { 0 } else { member.content.len() };
        entry[28..].copy_from_slice(&u32::try_from(size).unwrap().to_le_bytes());
        self.bytes[at..at + 32].copy_from_slice(&entry);
        for (cluster, piece) in member.clusters.iter().zip(member.content.chunks(CLUSTER)) {
            let at = cluster_at(*cluster);
            self.bytes[at..at + piece.len()].copy_from_slice(piece);
        }
        if !member.deleted {
            for pair in member.clusters.windows(2) {
                self.chain(pair[0].into(), pair[1]);
            }
            self.chain((*member.clusters.last().unwrap()).into(), 0xffff);
        }
    }

    fn chain(&mut self, cluster: usize, next: u16) {
        for copy in 0..2 {
            let at = (1 + copy * FAT_SECTORS) * SECTOR + 2 * cluster;
            self.bytes[at..at + 2].copy_from_slice(&next.to_le_bytes());
        }
    }

    pub fn bytes(self) -> Vec<u8> {
        self.bytes
    }
}

fn cluster_at(cluster: u16) -> usize {
    DATA * SECTOR + (usize::from(cluster) - 2) * CLUSTER
}

/// The date and time of a directory entry, so many seconds into 14 February 2024.
fn stamp(seconds: u32) -> ([u8; 2], [u8; 2]) {
    let day: u16 = 44 * 512 + 2 * 32 + 14;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60 / 2);
    let time = u16::try_from(hour << 11 | minute << 5 | second).unwrap();
    (day.to_le_bytes(), time.to_le_bytes())
}
