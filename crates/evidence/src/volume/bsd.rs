//! Reads BSD disklabels, at the start of a disk or of a slice of an MBR.
//!
//! In: an image, and a slice whose type says FreeBSD, OpenBSD or NetBSD. Out: the label's
//! partitions, `p2/a` in slice p2 and `a` on a disk without a table. The partition that stands
//! for the whole slice or disk is left out. Positions count from the disk's start or from the
//! slice's, as the system that wrote the label does: the raw partition `c` tells. Recorded:
//! labels whose checksum fails, and partitions that lie outside the slice.
//!
//! Source: FreeBSD, `sys/disk/bsd.h` and disklabel(5); OpenBSD, disklabel(5).

use pendeen_item::Gap;

use super::{Kind, Volume, gap, read as bytes_at};
use crate::bytes::{u16_le, u32_le};
use crate::image::Image;
use crate::unit::{ByteLen, ByteOffset};

/// MBR types of slices with a label: FreeBSD, OpenBSD, NetBSD.
const SLICES: [u8; 3] = [0xa5, 0xa6, 0xa9];
const MAGIC: u32 = 0x8256_4557;
/// Where the label begins: in the second sector, or behind the boot code's jump.
const PLACES: [u64; 2] = [512, 64];
/// Length of a label without its partitions, and of each partition.
const HEAD_LEN: usize = 148;
const ENTRY_LEN: usize = 16;
/// Most partitions that any system writes.
const MAX_PARTITIONS: u16 = 52;
/// Index of the partition `c`.
const RAW: usize = 2;

/// One used partition of a label, in sectors.
#[derive(Clone, Copy)]
struct Entry {
    index: usize,
    start: u64,
    count: u64,
    system: u8,
}

/// A label, and the length of its sectors in bytes.
struct Label {
    sector_len: u64,
    entries: Vec<Entry>,
}

/// Puts the partitions of labels in the place of the slices that hold them.
pub(super) fn slices(image: &dyn Image, volumes: Vec<Volume>, gaps: &mut Vec<Gap>) -> Vec<Volume> {
    let mut found = Vec::with_capacity(volumes.len());
    for volume in &volumes {
        let is_slice = matches!(volume.kind, Kind::Mbr { system, .. } if SLICES.contains(&system));
        let inside = if is_slice { of(image, volume, &volumes, gaps) } else { Vec::new() };
        if inside.is_empty() {
            found.push(volume.clone());
        }
        found.extend(inside);
    }
    found
}

/// The partitions of a disk that has a label and no other table.
pub(super) fn whole_disk(image: &dyn Image, gaps: &mut Vec<Gap>) -> Vec<Volume> {
    of(image, &super::whole_image(image), &[], gaps)
}

/// The partitions of the label in `slice`; none where it has none.
fn of(image: &dyn Image, slice: &Volume, others: &[Volume], gaps: &mut Vec<Gap>) -> Vec<Volume> {
    let Some(label) = label(image, slice, gaps) else { return Vec::new() };
    let base = base(&label, slice);
    let within = slice.offset.0..slice.offset.0.saturating_add(slice.len.0);
    let mut volumes = Vec::new();
    for entry in &label.entries {
        // 32 bits times at most 4096, from a place in the image: all fits.
        let from = base.saturating_add(entry.start * label.sector_len);
        let len = entry.count * label.sector_len;
        let covers = entry.index >= RAW && from <= within.start && len >= slice.len.0;
        // OpenBSD lists the partitions of the MBR again.
        let known = others.iter().any(|v| v.offset.0 == from && v.len.0 == len);
        if covers || known || (entry.index == RAW && entry.system == 0) {
            continue;
        }
        let letter = name(entry.index);
        let label =
            if slice.label.is_empty() { letter } else { format!("{}/{letter}", slice.label) };
        if !within.contains(&from) {
            let reason =
                format!("it would begin at byte {from}, outside its slice {}", slice.label);
            gaps.push(gap(&label, "a partition of the BSD label", reason, None, None));
            continue;
        }
        let mut volume = Volume {
            index: 0,
            label,
            offset: ByteOffset(from),
            len: ByteLen(len),
            kind: Kind::Bsd { system: entry.system },
        };
        let end = ByteLen(within.end);
        if super::fit(&mut volume, end, "its slice", gaps) {
            volumes.push(volume);
        }
    }
    volumes
}

/// `a` to `z`, then `A` to `Z`.
fn name(index: usize) -> String {
    let letters = ('a'..='z').chain('A'..='Z');
    letters.into_iter().nth(index).map_or_else(|| index.to_string(), String::from)
}

/// From which byte of the image the label counts. FreeBSD and NetBSD give `c` the slice's own
/// place, whichever start they count from; OpenBSD gives it the disk's.
fn base(label: &Label, slice: &Volume) -> u64 {
    let raw = label.entries.iter().find(|entry| entry.index == RAW);
    let start = |entry: &Entry| entry.start * label.sector_len;
    let from_disk = match raw {
        Some(raw) => raw.count * label.sector_len > slice.len.0 || start(raw) == slice.offset.0,
        None => label.entries.iter().all(|entry| start(entry) >= slice.offset.0),
    };
    if from_disk { 0 } else { slice.offset.0 }
}

fn label(image: &dyn Image, slice: &Volume, gaps: &mut Vec<Gap>) -> Option<Label> {
    let len = HEAD_LEN + usize::from(MAX_PARTITIONS) * ENTRY_LEN;
    for place in PLACES {
        let at = slice.offset.0.saturating_add(place);
        let Ok(raw) = bytes_at(image, at, len) else { continue };
        if u32_le(&raw, 0) != Some(MAGIC) || u32_le(&raw, 132) != Some(MAGIC) {
            continue;
        }
        match parse(&raw) {
            Ok(label) => return Some(label),
            Err(problem) => {
                gaps.push(gap(&slice.label, "the BSD disklabel", problem, Some(at), None));
            }
        }
    }
    None
}

fn parse(raw: &[u8]) -> Result<Label, String> {
    let short = || "the label is cut short".to_owned();
    let count = u16_le(raw, 138).ok_or_else(short)?;
    if count > MAX_PARTITIONS {
        return Err(format!("{count} partitions are more than any label has"));
    }
    let sector_len = u32_le(raw, 40).ok_or_else(short)?;
    if !matches!(sector_len, 512 | 1024 | 2048 | 4096) {
        return Err(format!("sectors of {sector_len} bytes are not those of any disk"));
    }
    let summed = raw.get(..HEAD_LEN + usize::from(count) * ENTRY_LEN).ok_or_else(short)?;
    let words = summed.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let sum = words.fold(0, |sum, word| sum ^ word);
    if sum != 0 {
        return Err(format!("the exclusive or of the label's words should be 0, got {sum:04x}"));
    }
    let entry = |(index, raw): (usize, &[u8])| {
        let (count, start) = (u32_le(raw, 0)?.into(), u32_le(raw, 4)?.into());
        let system = *raw.get(12)?;
        (count > 0 && (system != 0 || index == RAW)).then_some(Entry {
            index,
            start,
            count,
            system,
        })
    };
    let entries =
        summed[HEAD_LEN..].chunks_exact(ENTRY_LEN).enumerate().filter_map(entry).collect();
    Ok(Label { sector_len: sector_len.into(), entries })
}
