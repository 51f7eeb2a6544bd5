//! Carves what no live file owns, and makes entries of what is found.
//!
//! In: the sources with their volumes, and the entries listed. Out: further entries, whose content
//! is read, digested and looked up like any other, and a gap for each stretch that could not be
//! searched. A file that a deleted entry names already, at the same place and at least as long, is
//! not listed again. Carved entries have no times, and no name but their place: forensic path
//! `p1/ext4:carved/1048576.jpg`, address `1048576+34567`.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

use pendeen_evidence::carve::{self, Carved, Known, Proof, Space};
use pendeen_evidence::entry::{Content, Entry, Parts, Run, Times};
use pendeen_evidence::filesystem;
use pendeen_evidence::image::Image;
use pendeen_evidence::worker::WorkerCommand;
use pendeen_item::{Gap, Origin, Recovery, Stage};

use crate::gather::{Found, Opened};
use crate::plan::first_byte;
use crate::progress::{Progress, Step};

/// Carves every image among the sources.
pub(crate) fn carve(
    sources: &[Opened],
    found: &[Found],
    worker: &WorkerCommand,
    threads: NonZeroUsize,
    gaps: &mut Vec<Gap>,
    progress: &dyn Progress,
) -> Vec<Found> {
    let mut work = Vec::new();
    for (source, opened) in sources.iter().enumerate() {
        let Some(image) = opened.image() else { continue };
        let entries: Vec<&Entry> =
            found.iter().filter(|one| one.source.get() == source).map(|one| &one.entry).collect();
        let spaces = spaces(opened, image, &entries, worker, gaps);
        work.push((source, opened, spaces, Named::of(&entries)));
    }
    let bytes = work.iter().flat_map(|(_, _, spaces, _)| spaces).map(Space::len);
    progress.begin(Step::Carving, None, Some(bytes.fold(0, u64::saturating_add)));
    let mut carved = Vec::new();
    for (source, opened, spaces, named) in work {
        for space in spaces {
            let prefix = [&opened.prefix, &space.label].map(String::as_str).concat();
            let result = carve::find(&space, threads, &|bytes| progress.advance(0, bytes));
            gaps.extend(gaps_of(&result, &prefix));
            let new = result.carved.into_iter().filter(|one| !named.has(&one.runs));
            carved.extend(new.map(|one| Found::listed(source, entry(one, &space, &prefix))));
        }
    }
    carved
}

/// Where lost files may lie in one image.
fn spaces(
    opened: &Opened,
    image: &Arc<dyn Image>,
    entries: &[&Entry],
    worker: &WorkerCommand,
    gaps: &mut Vec<Gap>,
) -> Vec<Space> {
    let mut known = Vec::with_capacity(opened.volumes.len());
    for volume in &opened.volumes {
        // A gap as large as the volume: not all of it was listed.
        let complete = !gaps.iter().any(|gap| {
            gap.stage == Stage::FileSystem
                && gap.offset_bytes == Some(volume.offset.0)
                && gap.size_bytes == Some(volume.len.0)
                && gap.forensic_path.strip_prefix(&opened.prefix) == Some(&volume.label)
        });
        let pieces = volume.pieces();
        let inside = |at: u64| {
            let mut pieces = pieces.all().iter();
            pieces.any(|piece| at.checked_sub(piece.at.0).is_some_and(|at| at < piece.len.0))
        };
        let listed = || entries.iter().any(|entry| first_byte(entry).is_some_and(inside));
        let mut here = Vec::new();
        // A worker that could list nothing is not asked again.
        let free = (complete || listed())
            .then(|| filesystem::unallocated(image, volume, worker, &mut here))
            .flatten();
        for mut gap in here {
            gap.forensic_path.insert_str(0, &opened.prefix);
            gaps.push(gap);
        }
        known.push(Known { free, complete });
    }
    carve::spaces(image, &opened.volumes, &known, entries)
}

/// The deleted files that a file system still names, by their first byte.
struct Named<'a>(HashMap<u64, Vec<&'a [Run]>>);

impl<'a> Named<'a> {
    fn of(entries: &[&'a Entry]) -> Self {
        let mut named: HashMap<u64, Vec<&[Run]>> = HashMap::new();
        for entry in entries.iter().filter(|entry| entry.origin != Origin::Live) {
            if let (Content::Runs(runs), Some(at)) = (&entry.content, first_byte(entry)) {
                named.entry(at).or_default().push(runs);
            }
        }
        Self(named)
    }

    /// Whether one of them begins with these runs and is all there.
    fn has(&self, runs: &[Run]) -> bool {
        let Some(Run::Data { at, .. }) = runs.first() else { return false };
        let all_there = |runs: &[Run]| runs.iter().all(|run| !matches!(run, Run::Lost { .. }));
        let named = self.0.get(&at.0).into_iter().flatten();
        named.into_iter().any(|longer| all_there(longer) && begins_with(longer, runs))
    }
}

/// Whether the bytes of `runs` are the first of those of `longer`.
fn begins_with(longer: &[Run], runs: &[Run]) -> bool {
    let (last, before) = match runs.split_last() {
        Some((Run::Data { at, len }, before)) => ((at, len), before),
        _ => return false,
    };
    let last_fits = matches!(
        longer.get(before.len()),
        Some(Run::Data { at, len }) if at == last.0 && len >= last.1
    );
    last_fits && longer.get(..before.len()) == Some(before)
}

fn entry(carved: Carved, space: &Space, prefix: &str) -> Entry {
    let at = match carved.runs.first() {
        Some(Run::Data { at, .. }) => at.0,
        _ => 0,
    };
    let folder = space.origin.key();
    let name = format!("{at}.{}", carved.kind.extension());
    let sure = carved.proof == Proof::Content && !carved.pieced;
    Entry::from(Parts {
        forensic_path: format!("{prefix}{folder}/{name}"),
        path: format!("{folder}/{name}"),
        name: name.into_bytes(),
        origin: space.origin,
        recovery: Some(if sure { Recovery::Intact } else { Recovery::Inferred }),
        fs_type: space.fs_type,
        fs_address: carve::address(&carved.runs),
        size: carved.len,
        times: Times::default(),
        zone_unknown: false,
        content: Content::Runs(carved.runs.into()),
    })
}

fn gaps_of(result: &carve::Found, prefix: &str) -> Vec<Gap> {
    let gap = |wanted: &str, reason: &str, at: u64, len: Option<u64>| Gap {
        forensic_path: prefix.to_owned(),
        stage: Stage::Carve,
        wanted: wanted.to_owned(),
        reason: reason.to_owned(),
        offset_bytes: Some(at),
        size_bytes: len,
    };
    let unreadable = result.unreadable.iter().map(|(at, len)| {
        gap("files that nothing names", "the bytes cannot be read", at.0, Some(len.0))
    });
    // Of what would cost too much to validate, where it begins is said, and where the last does.
    let given_up = result.given_up.iter().collect::<HashSet<_>>().len();
    let given_up = result.given_up.iter().min().map(|first| {
        let reason = format!(
            "{given_up} beginnings of files, here and further on, were not followed: that would \
             have read too much"
        );
        gap("files that nothing names", &reason, first.0, None)
    });
    unreadable.chain(given_up).collect()
}

#[cfg(test)]
mod tests {
    use pendeen_evidence::unit::{ByteLen, ByteOffset};

    use super::*;

    #[test]
    fn a_deleted_file_that_begins_with_the_carved_one_has_it_already() {
        let data = |at, len| Run::Data { at: ByteOffset(at), len: ByteLen(len) };
        let carved = [data(1000, 500), data(9000, 100)];
        assert!(begins_with(&carved, &carved));
        assert!(begins_with(&[data(1000, 500), data(9000, 101)], &carved));
        assert!(begins_with(&[data(1000, 500), data(9000, 100), data(1, 1)], &carved));
        assert!(!begins_with(&[data(1000, 500), data(9000, 99)], &carved));
        assert!(!begins_with(&[data(1000, 600)], &carved));
        assert!(!begins_with(&[data(1000, 500)], &carved));
        assert!(!begins_with(&carved, &[]));
    }
}
