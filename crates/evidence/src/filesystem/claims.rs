//! Bounds what the files of a volume claim together: a file system that lies may have a million
//! deleted files as long as the disk.
//!
//! In: the entries of a volume. Out: the same, where contents that would make more than
//! [`MOST_TIMES`] the volume's bytes are not read, each with the reason, and a gap that counts
//! them. Live files come first. Content that several entries share counts once.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use pendeen_item::{Gap, Origin};

use super::volume_gap;
use crate::entry::{Content, Entry, Run};
use crate::volume::Volume;

/// Deleted files overlap each other and what took their place, but not more often than this.
const MOST_TIMES: u64 = 4;

pub(super) fn bound(entries: &mut [Entry], volume: &Volume, gaps: &mut Vec<Gap>) {
    let most = volume.len.0.saturating_mul(MOST_TIMES);
    if entries.iter().map(data).fold(0, u64::saturating_add) <= most {
        return;
    }
    let (mut seen, mut total, mut left_out) = (HashSet::new(), 0_u64, 0_u64);
    for live in [true, false] {
        for entry in entries.iter_mut().filter(|e| (e.origin == Origin::Live) == live) {
            let bytes = data(entry);
            if bytes == 0 || !seen.insert(key(entry)) {
                continue;
            }
            if total.saturating_add(bytes) > most {
                let reason = format!(
                    "its {bytes} bytes and those of the files before it are more than {MOST_TIMES} \
                     times what the volume holds"
                );
                entry.content = Content::Unknown(reason.into());
                left_out += 1;
            } else {
                total += bytes;
            }
        }
    }
    if left_out > 0 {
        let wanted = format!("the contents of {left_out} files");
        let reason = format!(
            "all files together claim more than {MOST_TIMES} times what the volume holds: the \
             file system may lie"
        );
        gaps.push(volume_gap(volume, &wanted, reason));
    }
}

/// Bytes of the volume that an entry claims.
fn data(entry: &Entry) -> u64 {
    let Content::Runs(runs) = &entry.content else { return 0 };
    let bytes = runs.iter().map(|run| match run {
        Run::Data { len, .. } => len.0,
        Run::Hole { .. } | Run::Lost { .. } => 0,
    });
    bytes.fold(0, u64::saturating_add)
}

fn key(entry: &Entry) -> u64 {
    let mut hasher = DefaultHasher::new();
    if let Content::Runs(runs) = &entry.content {
        for run in runs {
            match run {
                Run::Data { at, len } => (0, at, len).hash(&mut hasher),
                Run::Hole { len } => (1, len).hash(&mut hasher),
                Run::Lost { len } => (2, len).hash(&mut hasher),
            }
        }
    }
    hasher.finish()
}
