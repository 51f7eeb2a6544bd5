//! The bytes of a disk in which lost files may lie.
//!
//! In: an image, its volumes with the space that their file systems do not use, and the entries
//! listed. Out: [`Space`]s, disjoint, none of whose bytes a live file owns:
//! - what a file system does not use, and volumes whose file system nothing can read;
//! - what it counts as used although no file has it: tables, folders, files of folders that were
//!   overwritten. Only where each live file's blocks are known, for the blocks of compressed
//!   files are not;
//! - slack: from the end of a live file to the end of its last allocation unit;
//! - what lies outside all volumes.
//!
//! The stretches of a space are joined, so that a file that was written around a live one is
//! whole again; slack is not, for nothing was written around files there.

use std::sync::Arc;

use pendeen_item::Origin;

use super::extents::{Extent, united, without};
use super::window::Bytes;
use crate::entry::{Content, Entry, Run};
use crate::filesystem::FreeSpace;
use crate::image::Image;
use crate::unit::{ByteLen, ByteOffset};
use crate::volume::Volume;

/// Allocation unit where none is known.
const UNIT: u64 = 4096;
/// Contents up to this length may lie in metadata, without blocks of their own.
const LONGEST_RESIDENT: u64 = 4096;

/// Some bytes of an image, as one stretch.
pub struct Space {
    image: Arc<dyn Image>,
    /// Where each begins in the space, and where it lies in the image.
    stretches: Vec<Stretch>,
    len: u64,
    /// Length of an allocation unit.
    pub(super) unit: u64,
    /// Whether a file may go on from one stretch into the next.
    pub(super) joined: bool,
    /// `p1/ext4:`, or what there is of it.
    pub label: String,
    /// The file system's key; empty where none was read.
    pub fs_type: &'static str,
    /// Carved or slack.
    pub origin: Origin,
}

#[derive(Debug, Clone, Copy)]
struct Stretch {
    start: u64,
    at: u64,
    len: u64,
}

impl Space {
    /// A space of these bytes of an image.
    fn new(image: &Arc<dyn Image>, extents: &[Extent]) -> Self {
        let (mut stretches, mut start) = (Vec::with_capacity(extents.len()), 0);
        for &(from, to) in extents {
            stretches.push(Stretch { start, at: from, len: to - from });
            start += to - from;
        }
        Self {
            image: Arc::clone(image),
            stretches,
            len: start,
            unit: UNIT,
            joined: true,
            label: String::new(),
            fs_type: "",
            origin: Origin::Carved,
        }
    }

    /// The whole of an image.
    pub fn whole(image: &Arc<dyn Image>) -> Self {
        Self::new(image, &[(0, image.len().0)])
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The stretch that holds this byte, or the last.
    fn stretch(&self, at: u64) -> Option<(usize, Stretch)> {
        let number = self.stretches.partition_point(|s| s.start <= at).checked_sub(1)?;
        Some((number, self.stretches[number]))
    }

    /// Where the stretch that holds this byte ends.
    pub(super) fn stretch_end(&self, at: u64) -> u64 {
        self.stretch(at).map_or(self.len, |(_, stretch)| stretch.start + stretch.len)
    }

    /// Where a byte of the space lies in the image.
    pub(super) fn in_image(&self, at: u64) -> ByteOffset {
        let place = self.stretch(at).map_or(at, |(_, s)| s.at.saturating_add(at - s.start));
        ByteOffset(place)
    }

    /// The first byte from `at` on that is in no hole of a sparse image, as far as is known.
    pub(super) fn next_data(&self, mut at: u64) -> u64 {
        while let Some((_, stretch)) = self.stretch(at).filter(|_| at < self.len) {
            let place = stretch.at + (at - stretch.start);
            let data = self.image.next_data(ByteOffset(place)).0;
            if data < stretch.at + stretch.len {
                return stretch.start + (data.max(place) - stretch.at);
            }
            at = stretch.start + stretch.len;
        }
        at
    }

    /// The runs of the image that these bytes of the space are.
    pub(super) fn runs(&self, from: u64, len: u64) -> Vec<Run> {
        let (mut runs, mut at) = (Vec::new(), from);
        let end = from.saturating_add(len).min(self.len);
        while let Some((_, stretch)) = self.stretch(at).filter(|_| at < end) {
            let here = end.min(stretch.start + stretch.len) - at;
            let place = stretch.at + (at - stretch.start);
            runs.push(Run::Data { at: ByteOffset(place), len: ByteLen(here) });
            at += here;
        }
        runs
    }
}

impl Bytes for Space {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> bool {
        if at.checked_add(buf.len() as u64).is_none_or(|end| end > self.len) {
            return false;
        }
        let (mut at, mut rest) = (at, buf);
        while !rest.is_empty() {
            let Some((_, stretch)) = self.stretch(at) else { return false };
            let left = stretch.start + stretch.len - at;
            let here = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
            let (now, later) = rest.split_at_mut(here);
            let place = ByteOffset(stretch.at + (at - stretch.start));
            if here == 0 || self.image.read_at(place, now).is_err() {
                return false;
            }
            at += here as u64;
            rest = later;
        }
        true
    }
}

/// What is known of a volume's space.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// What its file system does not use; none where nothing read it.
    pub free: Option<FreeSpace>,
    /// Whether all its live files are listed.
    pub complete: bool,
}

/// The spaces of an image, in the order of its volumes. `known` has an element for each volume.
pub fn spaces(
    image: &Arc<dyn Image>,
    volumes: &[Volume],
    known: &[Known],
    entries: &[&Entry],
) -> Vec<Space> {
    let owned = united(
        entries.iter().filter(|e| e.origin == Origin::Live).flat_map(|entry| runs(entry)).collect(),
    );
    let mut taken = owned;
    let mut spaces = Vec::new();
    for (volume, known) in volumes.iter().zip(known) {
        let range = extents(volume);
        let mut add = |extents: Vec<Extent>, fs: Option<&FreeSpace>, origin| {
            let extents = without(&extents, &taken);
            taken = united(taken.iter().chain(&extents).copied().collect());
            let space = Space::new(image, &extents);
            let fs_type = fs.map_or("", |fs| fs.fs_type);
            spaces.push(Space {
                unit: fs.map_or(UNIT, |fs| fs.unit.0.max(512)),
                joined: origin != Origin::Slack,
                label: label(volume, fs_type),
                fs_type,
                origin,
                ..space
            });
        };
        let Some(fs) = &known.free else {
            add(range, None, Origin::Carved);
            continue;
        };
        let unused = fs.stretches.iter().map(|(at, len)| (at.0, at.0.saturating_add(len.0)));
        add(united(unused.collect()), Some(fs), Origin::Carved);
        add(slack(entries, &range, fs.unit.0), Some(fs), Origin::Slack);
        if known.complete && entries.iter().all(|entry| has_known_blocks(entry, volume)) {
            add(range, Some(fs), Origin::Carved);
        }
    }
    let within = united(volumes.iter().flat_map(extents).collect());
    let outside = without(&without(&[(0, image.len().0)], &within), &taken);
    spaces.push(Space::new(image, &outside));
    spaces.retain(|space| !space.is_empty());
    spaces
}

/// What the forensic paths of a space begin with: `p1/ext4:`, `p2:`, or nothing.
fn label(volume: &Volume, fs_type: &str) -> String {
    match (volume.label.as_str(), fs_type) {
        ("", "") => String::new(),
        ("", fs_type) => format!("{fs_type}:"),
        (label, "") => format!("{label}:"),
        (label, fs_type) => format!("{label}/{fs_type}:"),
    }
}

fn runs(entry: &Entry) -> Vec<Extent> {
    let Content::Runs(runs) = &entry.content else { return Vec::new() };
    let data = runs.iter().filter_map(|run| match run {
        Run::Data { at, len } => Some((at.0, at.0.saturating_add(len.0))),
        Run::Hole { .. } | Run::Lost { .. } => None,
    });
    data.collect()
}

/// Where a volume lies in the image, in the image's order.
fn extents(volume: &Volume) -> Vec<Extent> {
    let pieces = volume.pieces();
    united(pieces.all().iter().map(|p| (p.at.0, p.at.0.saturating_add(p.len.0))).collect())
}

/// From the end of each live file in `ranges` to the end of its last allocation unit.
fn slack(entries: &[&Entry], ranges: &[Extent], unit: u64) -> Vec<Extent> {
    let ends = entries.iter().filter(|entry| entry.origin == Origin::Live).filter_map(|entry| {
        let (from, to) = runs(entry).pop()?;
        let end = from.checked_add((to - from).checked_next_multiple_of(unit.max(1))?)?;
        let before = ranges.partition_point(|range| range.0 <= from);
        let range = ranges.get(before.checked_sub(1)?)?;
        (to <= range.1).then_some((to, end.min(range.1)))
    });
    united(ends.collect())
}

/// Whether it is known which blocks of this volume a live file has.
fn has_known_blocks(entry: &Entry, within: &Volume) -> bool {
    match entry.content {
        Content::Worker { volume } => {
            volume != within.index
                || entry.origin != Origin::Live
                || entry.size.0 <= LONGEST_RESIDENT
        }
        Content::Unknown(_) => entry.origin != Origin::Live,
        _ => true,
    }
}
