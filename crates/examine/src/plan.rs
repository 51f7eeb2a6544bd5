//! In which order content is read, and what is read together.
//!
//! In: the entries of all sources. Out: [`Job`]s in physical order, so that a disk is read from
//! its beginning to its end. Small contents are gathered into batches, which are digested side
//! by side; entries that share their blocks (hard links) are one content, read once.
//! Refused, each with its reason: content that the metadata does not locate, and content beyond
//! the [budget]: metadata that lies must not keep the examination busy for ever. The plan depends
//! on the sources alone, never on the machine.

use std::cmp::{Ordering, Reverse};

use pendeen_evidence::entry::{Content, Entry, Run};

use crate::budget;
use crate::gather::{Found, Opened};
use crate::index::Index;

/// Contents up to this many bytes are digested in batches.
const SMALL: u64 = 256 * 1024;
/// A batch is closed when it holds this many bytes ...
const BATCH_BYTES: u64 = 4 * 1024 * 1024;
/// ... or this many contents.
const BATCH_CONTENTS: usize = 512;

/// Contents that a worker is asked for are gathered into batches of this many.
const ASKED_CONTENTS: usize = 64;

/// One content and the entries that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shared {
    first: Index,
    /// Few contents have any.
    others: Option<Box<Others>>,
    /// Length in bytes.
    pub(crate) size: u64,
}

/// Further entries with the very same blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Others(Vec<Index>);

impl Shared {
    /// Index of the first entry, whose content is read.
    pub(crate) fn first(&self) -> usize {
        self.first.get()
    }

    /// Indices of all entries that have it, the first one first.
    pub(crate) fn entries(&self) -> impl Iterator<Item = usize> {
        let others = self.others.iter().flat_map(|others| &others.0);
        std::iter::once(&self.first).chain(others).map(|index| index.get())
    }

    fn add(&mut self, index: Index) {
        self.others.get_or_insert_with(|| Box::new(Others(Vec::new()))).0.push(index);
    }
}

/// What one thread does at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Job {
    /// Contents of one source that are read whole and digested side by side.
    Batch(Vec<Shared>),
    /// A content that is digested while it is read.
    Stream(Shared),
    /// Contents of one source that only its file systems' own code can read.
    ByWorker(Vec<Shared>),
}

/// All that is to be read.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// In physical order.
    pub(crate) jobs: Vec<Job>,
    /// Entries whose content is not read, and why.
    pub(crate) refused: Vec<(usize, String)>,
    /// How many bytes the jobs read.
    pub(crate) bytes: u64,
}

impl Plan {
    /// Leaves out contents that need not be read.
    pub(crate) fn retain(&mut self, mut wanted: impl FnMut(&Shared) -> bool) {
        let mut bytes = 0_u64;
        let mut keep = |shared: &Shared| {
            let keep = wanted(shared);
            bytes = bytes.saturating_add(if keep { shared.size } else { 0 });
            keep
        };
        self.jobs.retain_mut(|job| match job {
            Job::Batch(contents) | Job::ByWorker(contents) => {
                contents.retain(&mut keep);
                !contents.is_empty()
            }
            Job::Stream(shared) => keep(shared),
        });
        self.bytes = bytes;
    }
}

/// Plans the reading of these entries.
pub(crate) fn plan(found: &[Found], sources: &[Opened]) -> Plan {
    let mut plan = Plan::default();
    let mut order = Vec::new();
    let mut by_worker = Vec::new();
    for (index, one) in found.iter().enumerate() {
        match &one.entry.content {
            Content::Unknown(reason) => plan.refused.push((index, reason.to_string())),
            // Read where what holds it is opened.
            Content::Embedded => {}
            Content::Worker { .. } => by_worker.push(Index::new(index)),
            Content::Runs(runs) => match problem(&one.entry, runs) {
                Some(reason) => plan.refused.push((index, reason)),
                None => order.push(Index::new(index)),
            },
            Content::File(_) => order.push(Index::new(index)),
        }
    }
    order.sort_unstable_by(|a, b| physical_order(&found[a.get()], &found[b.get()]).then(a.cmp(b)));
    let mut contents = share(found, order);
    contents.append(&mut share(found, by_worker));
    let mut refused = budget::refused(&contents, found, sources);
    let mut batch = Batch::new(Job::Batch, BATCH_CONTENTS);
    let mut asked = Batch::new(Job::ByWorker, ASKED_CONTENTS);
    for (at, shared) in contents.into_iter().enumerate() {
        let one = &found[shared.first()];
        if let Some(reason) = refused.remove(&at) {
            plan.refused.extend(shared.entries().map(|index| (index, reason.clone())));
            continue;
        }
        plan.bytes = plan.bytes.saturating_add(shared.size);
        if matches!(one.entry.content, Content::Worker { .. }) {
            asked.add(one.source.get(), shared, &mut plan.jobs);
        } else if shared.size > SMALL {
            plan.jobs.push(Job::Stream(shared));
        } else {
            batch.add(one.source.get(), shared, &mut plan.jobs);
        }
    }
    batch.close(&mut plan.jobs);
    asked.close(&mut plan.jobs);
    plan
}

/// By source, then by the first byte or the inode, then by all blocks.
fn physical_order(a: &Found, b: &Found) -> Ordering {
    let place = |found: &Found| match &found.entry.content {
        Content::Runs(_) => first_byte(&found.entry).unwrap_or(0),
        _ => found.entry.fs_address().parse().unwrap_or(u64::MAX),
    };
    let block = |run: &Run| match *run {
        Run::Data { at, len } => (0, at.0, len.0),
        Run::Hole { len } => (1, 0, len.0),
        Run::Lost { len } => (2, 0, len.0),
    };
    let by_blocks = || match (&a.entry.content, &b.entry.content) {
        (Content::Runs(a), Content::Runs(b)) => a.iter().map(block).cmp(b.iter().map(block)),
        _ => Ordering::Equal,
    };
    (a.source, place(a)).cmp(&(b.source, place(b))).then_with(by_blocks)
}

/// Where an entry's content begins in its image, if it lies in blocks.
pub(crate) fn first_byte(entry: &Entry) -> Option<u64> {
    let Content::Runs(runs) = &entry.content else { return None };
    runs.iter().find_map(|run| match run {
        Run::Data { at, .. } => Some(at.0),
        Run::Hole { .. } | Run::Lost { .. } => None,
    })
}

/// Why runs cannot be the entry's content; none if they can.
fn problem(entry: &Entry, runs: &[Run]) -> Option<String> {
    let mut total = 0_u64;
    let mut lost = 0_u64;
    for run in runs {
        let (Run::Data { len, .. } | Run::Hole { len } | Run::Lost { len }) = run;
        total = total.saturating_add(len.0);
        if matches!(run, Run::Lost { .. }) {
            lost = lost.saturating_add(len.0);
        }
    }
    if total != entry.size.0 {
        return Some(format!(
            "the metadata gives a size of {} bytes, and blocks for {total}",
            entry.size
        ));
    }
    (lost > 0)
        .then(|| format!("the metadata no longer says where {lost} of {} bytes are", entry.size))
}

/// Puts neighbours with the very same blocks together.
fn share(found: &[Found], order: Vec<Index>) -> Vec<Shared> {
    let mut all: Vec<Shared> = Vec::with_capacity(order.len());
    for index in order {
        let Found { entry, source, .. } = &found[index.get()];
        if let (Content::Runs(runs), Some(last)) = (&entry.content, all.last_mut())
            && let Found { entry: before, source: its, .. } = &found[last.first()]
            && its == source
            && matches!(&before.content, Content::Runs(before) if before == runs)
        {
            last.add(index);
            continue;
        }
        all.push(Shared { first: index, others: None, size: entry.size.0 });
    }
    all
}

/// A batch that is being filled.
struct Batch {
    job: fn(Vec<Shared>) -> Job,
    most: usize,
    source: usize,
    contents: Vec<Shared>,
    bytes: u64,
}

impl Batch {
    fn new(job: fn(Vec<Shared>) -> Job, most: usize) -> Self {
        Self { job, most, source: 0, contents: Vec::new(), bytes: 0 }
    }

    fn add(&mut self, source: usize, shared: Shared, jobs: &mut Vec<Job>) {
        let full = self.bytes.saturating_add(shared.size) > BATCH_BYTES
            || self.contents.len() >= self.most;
        if full || source != self.source {
            self.close(jobs);
        }
        self.source = source;
        self.bytes = self.bytes.saturating_add(shared.size);
        self.contents.push(shared);
    }

    fn close(&mut self, jobs: &mut Vec<Job>) {
        if !self.contents.is_empty() {
            jobs.push((self.job)(std::mem::take(&mut self.contents)));
            self.bytes = 0;
        }
    }
}

/// The jobs in the order in which threads take them: as planned, but that the longest streams
/// and what workers are asked for come first, so that no thread is left alone with one at the
/// end.
pub(crate) fn schedule(plan: &Plan) -> Vec<&Job> {
    const LONG: u64 = 64 << 20;
    let mut jobs: Vec<&Job> = plan.jobs.iter().collect();
    jobs.sort_by_key(|job| match job {
        Job::Stream(shared) if shared.size >= LONG => (0, Reverse(shared.size)),
        Job::ByWorker(_) => (1, Reverse(0)),
        Job::Stream(_) | Job::Batch(_) => (2, Reverse(0)),
    });
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// There is one for each content until all are read.
    #[test]
    fn a_planned_content_takes_no_more_memory_than_it_did() {
        assert!(size_of::<Shared>() <= 24, "{} bytes", size_of::<Shared>());
    }

    #[test]
    fn the_entries_of_a_content_are_told_in_the_order_in_which_they_came() {
        let mut shared = Shared { first: Index::new(7), others: None, size: 1 };
        assert_eq!(shared.entries().collect::<Vec<_>>(), [7]);
        shared.add(Index::new(9));
        shared.add(Index::new(8));
        assert_eq!(shared.entries().collect::<Vec<_>>(), [7, 9, 8]);
    }
}
