//! Deleted files of FAT file systems that were in pieces: where the pieces are.
//!
//! In: the listing of a FAT volume, where libtsk reads deleted files from their first cluster on
//! as if they had been in one piece, and the space that is not in use. Out: the same listing,
//! with other runs where [`first_fit`](super::first_fit) tells that the file had other clusters.
//! Each stays marked as inferred.

use std::collections::BTreeMap;

use pendeen_item::{Origin, Recovery};

use super::first_fit::{Clusters, Stretch, Trace, infer};
use crate::entry::{Content, Entry, Run, Times};
use crate::unit::{ByteLen, ByteOffset};
use crate::volume::Volume;
use crate::worker::{Listing, Unallocated};

/// A FAT has no more clusters than this.
const MOST_CLUSTERS: u64 = 1 << 28;
/// A file in more pieces than this is left as it is.
const MOST_RUNS: usize = 100_000;

/// Whether any file of a listing may have been in pieces.
pub(super) fn is_wanted(listing: &Listing) -> bool {
    listing.entries.iter().any(|entry| placed(entry).is_some())
}

/// Gives deleted files the clusters that the allocator must have given them.
pub(super) fn place(listing: &mut Listing, free: &Unallocated, volume: &Volume) {
    // The clusters of a logical volume in several pieces do not lie in the order of the disk.
    let in_order = volume.pieces().all().len() == 1;
    let Some(grid) = Grid::new(listing, free, volume).filter(|_| in_order) else { return };
    let clusters = grid.free(free);
    let mut traces = BTreeMap::new();
    for folder in &listing.folders {
        add(&mut traces, &grid, folder.at, &folder.times, 0);
    }
    for entry in &listing.entries {
        let Some(at) = begins(entry) else { continue };
        let in_use = grid.cluster(at).is_none_or(|first| !clusters.has(first));
        match placed(entry) {
            Some(size) if !in_use => {
                add(&mut traces, &grid, at, &entry.times(), size.0.div_ceil(grid.unit) - 1);
            }
            // A deleted file whose first cluster is another's now tells nothing of that one.
            _ if entry.origin == Origin::Live || !in_use => {
                add(&mut traces, &grid, at, &entry.times(), 0);
            }
            _ => {}
        }
    }
    let traces: Vec<Trace> = traces.into_values().collect();
    let found = infer(&traces, clusters);
    for entry in &mut listing.entries {
        let Some((size, at)) = placed(entry).zip(begins(entry)) else { continue };
        let Some(first) = grid.cluster(at) else { continue };
        let Ok(index) = traces.binary_search_by_key(&first, |trace| trace.first) else { continue };
        if traces[index].missing == size.0.div_ceil(grid.unit) - 1
            && let Some(rest) = &found[index]
            && rest.len() < MOST_RUNS
        {
            entry.content = Content::Runs(grid.runs(first, rest, size).into());
        }
    }
}

/// Of two that begin in one cluster, the one created later had it last.
fn add(
    traces: &mut BTreeMap<u64, Trace>,
    grid: &Grid,
    at: ByteOffset,
    times: &Times,
    missing: u64,
) {
    let Some(first) = grid.cluster(at) else { return };
    let Some(created) = times.created.or(times.modified) else { return };
    let written = times.modified.unwrap_or(created);
    let trace = Trace { created, written, first, missing };
    let kept = traces.entry(first).or_insert(trace);
    if (kept.created, kept.missing) < (created, missing) {
        *kept = trace;
    }
}

/// Where an entry's content begins on the disk.
fn begins(entry: &Entry) -> Option<ByteOffset> {
    match &entry.content {
        Content::Runs(runs) => match runs.first() {
            Some(Run::Data { at, .. }) => Some(*at),
            _ => None,
        },
        _ => None,
    }
}

/// The size of a deleted file whose clusters behind the first are not known.
fn placed(entry: &Entry) -> Option<ByteLen> {
    let whole = |runs: &[Run]| runs.iter().all(|run| matches!(run, Run::Data { .. }));
    match &entry.content {
        Content::Runs(runs) if entry.recovery == Some(Recovery::Inferred) && whole(runs) => {
            Some(entry.size).filter(|size| size.0 > 0)
        }
        _ => None,
    }
}

/// Bytes of the image as clusters of the volume.
struct Grid {
    /// Where cluster 0 of the grid begins in the image.
    base: u64,
    /// Bytes of a cluster.
    unit: u64,
    end: usize,
}

impl Grid {
    fn new(listing: &Listing, free: &Unallocated, volume: &Volume) -> Option<Self> {
        let unit = free.unit.0;
        let first = listing.entries.iter().find(|e| placed(e).is_some()).and_then(begins)?;
        let inside = first.0.checked_sub(volume.offset.0)?.checked_rem(unit)?;
        let count = volume.len.0.checked_div(unit).filter(|count| *count <= MOST_CLUSTERS)?;
        let end = usize::try_from(count).ok()?;
        Some(Self { base: volume.offset.0 + inside, unit, end })
    }

    /// The cluster that begins at a byte, if one does.
    fn cluster(&self, at: ByteOffset) -> Option<u64> {
        let inside = at.0.checked_sub(self.base)?;
        (inside % self.unit == 0).then_some(inside / self.unit)
    }

    fn free(&self, free: &Unallocated) -> Clusters {
        let mut clusters = Clusters::new(self.end);
        for (at, len) in &free.stretches {
            let from = at.0.saturating_sub(self.base).div_ceil(self.unit);
            let to = at.0.saturating_add(len.0).saturating_sub(self.base) / self.unit;
            (from..to.min(self.end as u64)).for_each(|cluster| clusters.add(cluster));
        }
        clusters
    }

    /// The bytes of a file, of which the last cluster is filled in part.
    fn runs(&self, first: u64, rest: &[Stretch], size: ByteLen) -> Vec<Run> {
        let mut stretches = vec![(first, 1)];
        for &(from, len) in rest {
            match stretches.last_mut() {
                Some((before, count)) if *before + *count == from => *count += len,
                _ => stretches.push((from, len)),
            }
        }
        let mut left = size.0;
        let mut runs = Vec::with_capacity(stretches.len());
        for (from, len) in stretches {
            let at = ByteOffset(self.base + from * self.unit);
            let len = (len * self.unit).min(left);
            left -= len;
            runs.push(Run::Data { at, len: ByteLen(len) });
        }
        runs
    }
}
