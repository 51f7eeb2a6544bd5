//! Reads a master boot record and the extended partitions behind it.
//!
//! In: an image and its first sector. Out: primary partitions by slot (`p1` to `p4`), logical
//! ones in the order of the chain (`p5` on). The entries of an extended boot record may stand
//! in any order; each sector of the chain is visited once, so a cycle ends, recorded.
//!
//! Source: Microsoft, "Disk Concepts and Troubleshooting"; the chain as Linux and libtsk read it.

use std::collections::{HashSet, VecDeque};

use pendeen_item::Gap;

use super::{Kind, Volume, gap, read as bytes_at, whole};
use crate::bytes::u32_le;
use crate::image::Image;
use crate::unit::{ByteLen, ByteOffset};

/// Most extended boot records that are followed.
const MAX_CHAIN: usize = 1024;

/// One entry of a table, in sectors.
#[derive(Debug, Clone, Copy)]
struct Entry {
    slot: u32,
    status: u8,
    system: u8,
    start: u64,
    count: u64,
}

impl Entry {
    fn is_extended(self) -> bool {
        matches!(self.system, 0x05 | 0x0f | 0x85)
    }
}

/// The used entries of a sector with a partition table; none without its signature.
fn entries(sector: &[u8]) -> Vec<Entry> {
    if sector.get(510..512) != Some(&[0x55, 0xaa]) {
        return Vec::new();
    }
    let entry = |slot: u32| {
        let raw = sector.get(446 + slot as usize * 16..)?;
        Some(Entry {
            slot,
            status: *raw.first()?,
            system: *raw.get(4)?,
            start: u32_le(raw, 8)?.into(),
            count: u32_le(raw, 12)?.into(),
        })
    };
    (0..4).filter_map(entry).filter(|e| e.system != 0 && e.count != 0).collect()
}

/// Whether a first sector holds a partition table, and not the end of some boot program: the
/// signature, sane status bytes in all used slots, and at least one partition that begins
/// inside the image behind the table. Where the sector is also a file system's boot sector,
/// every partition must lie inside the image.
pub(super) fn plausible(sector: &[u8], image_len: ByteLen) -> bool {
    let used = entries(sector);
    let sane = used.iter().all(|e| matches!(e.status, 0 | 0x80));
    let inside = |e: &Entry| e.start > 0 && e.start * 512 < image_len.0;
    let whole = |e: &Entry| inside(e) && (e.start + e.count) * 512 <= image_len.0;
    sane && used.iter().any(inside) && (!whole::boot_sector(sector) || used.iter().all(whole))
}

/// The single partition that guards a GUID table, if this is what the sector holds.
pub(super) fn is_protective(sector: &[u8]) -> bool {
    entries(sector).iter().any(|e| e.system == 0xee)
}

/// Whether the sector guards a GUID table and lists other partitions too.
pub(super) fn is_hybrid(sector: &[u8]) -> bool {
    is_protective(sector) && entries(sector).iter().any(|e| e.system != 0xee)
}

/// The partitions of a plausible table.
pub(super) fn read(image: &dyn Image, sector: &[u8], gaps: &mut Vec<Gap>) -> Vec<Volume> {
    let table = entries(sector);
    let sector_len = sector_len(image, &table);
    let mut volumes = Vec::new();
    let mut logical = 5;
    for entry in table.iter().filter(|e| e.system != 0xee) {
        if !entry.is_extended() {
            volumes.push(volume(*entry, 0, entry.slot + 1, sector_len, false));
        }
    }
    for extended in table.iter().filter(|e| e.is_extended()) {
        chain(image, extended.start, sector_len, &mut logical, &mut volumes, gaps);
    }
    volumes
}

/// Follows the extended boot records from sector `base`. Links count from `base`, partitions
/// from the record that lists them.
fn chain(
    image: &dyn Image,
    base: u64,
    sector_len: u64,
    number: &mut u32,
    volumes: &mut Vec<Volume>,
    gaps: &mut Vec<Gap>,
) {
    let mut lost = |reason: String, at: u64| {
        gaps.push(gap("", "the chain of logical partitions", reason, Some(at), None));
    };
    let mut seen = HashSet::new();
    let mut queue = VecDeque::from([base]);
    while let Some(record) = queue.pop_front() {
        let at = record.saturating_mul(sector_len);
        if !seen.insert(record) {
            lost(format!("the record at sector {record} was met before: the chain is a cycle"), at);
            continue;
        }
        if seen.len() > MAX_CHAIN {
            lost(format!("it has more than {MAX_CHAIN} records"), at);
            return;
        }
        let sector = match bytes_at(image, at, 512) {
            Ok(sector) => sector,
            Err(problem) => {
                lost(problem, at);
                continue;
            }
        };
        if sector.get(510..512) != Some(&[0x55, 0xaa]) {
            lost(format!("sector {record} should end in 55 aa: it holds no record"), at);
            continue;
        }
        for entry in entries(&sector) {
            if entry.is_extended() {
                queue.push_back(base.saturating_add(entry.start));
            } else {
                volumes.push(volume(entry, record, *number, sector_len, true));
                *number += 1;
            }
        }
    }
}

fn volume(entry: Entry, from: u64, number: u32, sector_len: u64, logical: bool) -> Volume {
    let start = from.saturating_add(entry.start).saturating_mul(sector_len);
    Volume {
        index: 0,
        label: format!("p{number}"),
        offset: ByteOffset(start),
        len: ByteLen(entry.count.saturating_mul(sector_len)),
        kind: Kind::Mbr { system: entry.system, logical },
    }
}

/// 512, unless the first partition has its boot record only where sectors of 4096 put it.
fn sector_len(image: &dyn Image, table: &[Entry]) -> u64 {
    let signed = |entry: &Entry, len: u64| {
        let sector = bytes_at(image, entry.start.saturating_mul(len), 512).unwrap_or_default();
        sector.get(510..512) == Some(&[0x55, 0xaa])
    };
    match table.first() {
        Some(first) if !signed(first, 512) && signed(first, 4096) => 4096,
        _ => 512,
    }
}
