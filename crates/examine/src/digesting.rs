//! Reads all content in physical order and digests it on all threads.
//!
//! In: a [`Plan`]. Out: one [`Outcome`] per entry, at the entry's index, whichever thread did
//! it. Each thread takes the next job, so that the sources are read from beginning to end while
//! earlier content is still being digested.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pendeen_evidence::content::{self, Reader};
use pendeen_evidence::entry::{Content, Word};
use pendeen_evidence::worker::WorkerCommand;
use pendeen_fingerprint::metadata::{Encrypted, Metadata};
use pendeen_fingerprint::{Digests, Fingerprinter, HEAD_LEN, digest_many, media_type};
use pendeen_knownset::KnownSet;

use crate::at_hand::{AtHand, Beginning};
use crate::checkpoint::Checkpoint;
use crate::content::{Trouble, Window, read_runs, stream_file};
use crate::gather::{Found, Opened};
use crate::halves::digest_on_two_threads;
use crate::mode::Mode;
use crate::plan::{Job, Plan, Shared, schedule};
use crate::privileged::Words;
use crate::progress::Progress;
use crate::run::Options;

/// What became of an entry's content.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Outcome {
    /// Digests of the whole content, if it could be read whole.
    pub(crate) digests: Option<Digests>,
    /// Media type of what could be read.
    pub(crate) media_type: Option<Word>,
    /// What it says of itself.
    pub(crate) metadata: Option<Box<Metadata>>,
    /// Whether it is a photograph that seems to hold a thumbnail or a video.
    pub(crate) embeds: bool,
    /// Why it counts as encrypted, if it does.
    pub(crate) encrypted: Option<Encrypted>,
    /// Why it could not be read whole.
    pub(crate) trouble: Option<Box<Trouble>>,
    /// It has a word that marks what may be legally privileged.
    pub(crate) privileged: bool,
    /// It was not meant to be read: [`NOT_READ`](crate::triage::NOT_READ) says why.
    pub(crate) not_read: bool,
}

/// What goes along with the reading.
pub(crate) struct Along<'a> {
    /// Known lists, where a hit is to be told at once.
    pub(crate) known: Option<&'a KnownSet>,
    /// Words that mark what may be legally privileged.
    pub(crate) words: Option<&'a Words>,
    /// Where outcomes are made durable; those of images inside contents are not.
    pub(crate) checkpoint: Option<&'a Checkpoint>,
    /// What an earlier run has read already: for each entry, or of none.
    pub(crate) before: Vec<Option<Outcome>>,
}

impl Outcome {
    /// The outcome of a content that could not be read at all.
    pub(crate) fn unread(trouble: Trouble) -> Self {
        Self { trouble: Some(Box::new(trouble)), ..Self::default() }
    }

    /// Media type of what could be read.
    pub(crate) fn media_type(&self) -> Option<&'static str> {
        self.media_type.map(Word::text)
    }
}

/// From this length on, a stream that keeps a machine alone is digested on two threads.
const LONG: u64 = 32 << 20;

/// Of a content that a worker reads, so many first bytes are kept for its metadata.
const ASKED_HEAD: usize = 1 << 20;

/// Space between the contents of a batch, in bytes: contents exactly a multiple of 4 KiB apart
/// would compete for the same lines of the cache.
const STAGGER: usize = 64;

/// What the threads share.
struct Work<'a> {
    found: &'a [Found],
    sources: &'a [Opened],
    worker: &'a WorkerCommand,
    jobs: Vec<&'a Job>,
    next: AtomicUsize,
    /// Bytes that no thread has taken yet.
    untaken: AtomicU64,
    /// At each entry's index what became of it.
    done: Mutex<Vec<Outcome>>,
    progress: &'a dyn Progress,
    threads: NonZeroUsize,
    mode: &'a Mode<'a>,
    along: &'a Along<'a>,
}

/// Reads and digests everything in the plan, or as much as comes before the run is to stop.
pub(crate) fn digest_all(
    mut plan: Plan,
    found: &[Found],
    sources: &[Opened],
    options: &Options<'_>,
    mut along: Along<'_>,
    progress: &dyn Progress,
) -> Vec<Outcome> {
    let threads = options.threads;
    let mut outcomes = take_over(&mut plan, std::mem::take(&mut along.before), progress);
    outcomes.resize_with(found.len(), Outcome::default);
    let refused = std::mem::take(&mut plan.refused);
    let work = Work {
        found,
        sources,
        worker: &options.worker,
        jobs: schedule(&plan),
        next: AtomicUsize::new(0),
        untaken: AtomicU64::new(plan.bytes),
        done: Mutex::new(outcomes),
        progress,
        threads,
        mode: &options.mode,
        along: &along,
    };
    std::thread::scope(|scope| {
        for _ in 1..threads.get() {
            scope.spawn(|| work.run());
        }
        work.run();
    });
    let mut outcomes = work.done.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (index, reason) in refused {
        outcomes[index] = Outcome::unread(Trouble::new(reason));
    }
    outcomes
}

/// The outcomes of an earlier run that the plan wants; their contents are taken out of the plan.
fn take_over(
    plan: &mut Plan,
    mut before: Vec<Option<Outcome>>,
    progress: &dyn Progress,
) -> Vec<Outcome> {
    if before.is_empty() {
        return Vec::new();
    }
    let mut wanted = vec![false; before.len()];
    plan.retain(|shared| {
        let Some(outcome) = before[shared.first()].take() else { return true };
        let mut items = 0;
        for index in shared.entries() {
            wanted[index] = true;
            before[index] = Some(outcome.clone());
            items += 1;
        }
        progress.advance(items, shared.size);
        false
    });
    for (outcome, _) in before.iter_mut().zip(wanted).filter(|(_, wanted)| !wanted) {
        *outcome = None;
    }
    // In the same memory.
    before.into_iter().map(Option::unwrap_or_default).collect()
}

impl Work<'_> {
    /// One thread: job after job until there are none.
    fn run(&self) {
        let mut buffer = Vec::new();
        let mut readers = BTreeMap::new();
        while let Some(job) = self.jobs.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if self.mode.stopped() {
                return;
            }
            match job {
                Job::Batch(contents) => {
                    self.taken(contents.iter().fold(0, |sum, c| c.size.saturating_add(sum)));
                    let outcomes = self.batch(contents, &mut buffer);
                    self.keep(contents.iter().zip(outcomes));
                }
                Job::Stream(shared) => {
                    let untaken = self.taken(shared.size);
                    let outcome = self.stream(shared, untaken);
                    self.keep(std::iter::once((shared, outcome)));
                }
                Job::ByWorker(contents) => {
                    for shared in contents {
                        if self.mode.stopped() {
                            return;
                        }
                        self.taken(shared.size);
                        let outcome = self.ask(shared, &mut readers);
                        self.keep(std::iter::once((shared, outcome)));
                    }
                }
            }
        }
    }

    /// Notes that this many bytes are being read; how many remain for others.
    fn taken(&self, bytes: u64) -> u64 {
        self.untaken.fetch_sub(bytes, Ordering::Relaxed).saturating_sub(bytes)
    }

    fn keep<'s>(&self, outcomes: impl Iterator<Item = (&'s Shared, Outcome)>) {
        let (mut items, mut bytes) = (0, 0_u64);
        let outcomes: Vec<(&Shared, Outcome)> = outcomes.collect();
        let read = outcomes.iter().fold(0, |sum: u64, (shared, _)| sum.saturating_add(shared.size));
        let saved = outcomes.iter().map(|(shared, outcome)| (shared.first(), outcome));
        if let Some(checkpoint) = self.along.checkpoint {
            checkpoint.add(saved, read);
        }
        self.tell_hits(&outcomes);
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        for (shared, outcome) in outcomes {
            bytes = bytes.saturating_add(shared.size);
            for index in shared.entries().skip(1) {
                items += 1;
                done[index] = outcome.clone();
            }
            items += 1;
            done[shared.first()] = outcome;
        }
        drop(done);
        self.progress.advance(items, bytes);
    }

    /// Tells known files at once, where that is wanted.
    fn tell_hits(&self, outcomes: &[(&Shared, Outcome)]) {
        let Some(known) = self.along.known else { return };
        for (shared, outcome) in outcomes {
            let Some(hit) = outcome.digests.as_ref().and_then(|d| known.lookup(d)) else {
                continue;
            };
            for index in shared.entries() {
                self.progress.hit(self.found[index].entry.forensic_path(), hit);
            }
        }
    }

    /// Reads small contents into one buffer and digests them side by side.
    fn batch(&self, contents: &[Shared], buffer: &mut Vec<u8>) -> Vec<Outcome> {
        let mut places = Vec::with_capacity(contents.len());
        let mut end = 0_usize;
        for content in contents {
            let size = usize::try_from(content.size).unwrap_or(usize::MAX);
            places.push(end..end.saturating_add(size));
            end = end.saturating_add(size).next_multiple_of(STAGGER).saturating_add(STAGGER);
        }
        if buffer.len() < end {
            buffer.resize(end, 0);
        }
        let mut window = contents
            .first()
            .and_then(|c| self.sources[self.found[c.first()].source.get()].image())
            .map(|image| Window::new(image.as_ref()));
        let ahead_to = contents.last().map_or(0, |c| {
            let entry = &self.found[c.first()].entry;
            crate::plan::first_byte(entry).unwrap_or(0).saturating_add(c.size)
        });
        let read: Vec<Result<(), Trouble>> = contents
            .iter()
            .zip(&places)
            .map(|(content, place)| {
                let part = &mut buffer[place.clone()];
                match (&self.found[content.first()].entry.content, &mut window) {
                    (Content::Runs(runs), Some(window)) => read_runs(window, runs, part, ahead_to),
                    (Content::File(path), _) => {
                        let mut filled = 0;
                        stream_file(path, content.size, |piece| {
                            part[filled..filled + piece.len()].copy_from_slice(piece);
                            filled += piece.len();
                        })
                    }
                    _ => Err(Trouble::new("its content has no place")),
                }
            })
            .collect();
        let whole = places.iter().zip(&read).filter(|(_, r)| r.is_ok());
        let slices: Vec<&[u8]> = whole.map(|(place, _)| &buffer[place.clone()]).collect();
        let mut digests = digest_many(&slices).into_iter();
        read.into_iter()
            .zip(places)
            .map(|(read, place)| match read {
                Ok(()) => {
                    let content = &buffer[place];
                    let mut outcome = Outcome {
                        digests: digests.next(),
                        media_type: media_type(content).map(Word::of),
                        ..Outcome::default()
                    };
                    outcome.look_at(&content);
                    outcome.privileged = self.along.words.is_some_and(|w| w.are_in(content));
                    outcome
                }
                Err(trouble) => Outcome::unread(trouble),
            })
            .collect()
    }

    /// Reads a long content piece by piece and digests it as it comes.
    fn stream(&self, shared: &Shared, untaken: u64) -> Outcome {
        let found = &self.found[shared.first()];
        let image = self.sources[found.source.get()].image();
        let mut head = Vec::new();
        let mut scan = self.along.words.map(Words::scan);
        let mut read = |sink: &mut dyn FnMut(&[u8])| {
            let mut each = |piece: &[u8]| {
                let wanted = HEAD_LEN.saturating_sub(head.len()).min(piece.len());
                head.extend_from_slice(&piece[..wanted]);
                if let Some(scan) = &mut scan {
                    scan.feed(piece);
                }
                sink(piece);
            };
            match (&found.entry.content, image) {
                (Content::Runs(runs), Some(image)) => {
                    content::stream(image.as_ref(), runs, &mut each).map_err(Trouble::from)
                }
                (Content::File(path), _) => stream_file(path, shared.size, each),
                _ => Err(Trouble::new("its content has no place")),
            }
        };
        let alone = self.threads.get() > 1 && shared.size >= LONG && untaken < shared.size / 2;
        let (read, digests) = if alone {
            digest_on_two_threads(read)
        } else {
            let mut fingerprinter = Fingerprinter::new();
            let read = read(&mut |piece| fingerprinter.update(piece));
            (read, fingerprinter.finish())
        };
        let mut outcome = Outcome {
            digests: read.is_ok().then_some(digests),
            media_type: media_type(&head).map(Word::of),
            trouble: read.err().map(Box::new),
            privileged: scan.is_some_and(|scan| scan.found),
            ..Outcome::default()
        };
        let image = image.map(AsRef::as_ref);
        if let Some(content) = AtHand::of(&found.entry.content, image, shared.size) {
            outcome.look_at(&content);
        }
        outcome
    }

    /// Asks a worker for a content. Each thread has a worker of its own for each image.
    fn ask(&self, shared: &Shared, readers: &mut BTreeMap<usize, Reader>) -> Outcome {
        let found = &self.found[shared.first()];
        let source = &self.sources[found.source.get()];
        let Some(image) = source.image() else {
            return Outcome::unread(Trouble::new("its content has no place"));
        };
        let reader = readers.entry(found.source.get()).or_insert_with(|| {
            Reader::new(Arc::clone(image), source.volumes.clone(), self.worker.clone())
        });
        let mut head = Vec::new();
        let mut got = 0_u64;
        let mut scan = self.along.words.map(Words::scan);
        let mut fingerprinter = Fingerprinter::new();
        let read = reader.read(&found.entry, &mut |piece| {
            let wanted = ASKED_HEAD.saturating_sub(head.len()).min(piece.len());
            head.extend_from_slice(&piece[..wanted]);
            got = got.saturating_add(piece.len() as u64);
            if let Some(scan) = &mut scan {
                scan.feed(piece);
            }
            fingerprinter.update(piece);
        });
        let short = (got != shared.size).then(|| {
            Trouble::new(format!("{got} bytes came of the {} that its metadata gives", shared.size))
        });
        let trouble = read.err().map(Trouble::from).or(short);
        let mut outcome = Outcome {
            digests: trouble.is_none().then(|| fingerprinter.finish()),
            media_type: media_type(&head).map(Word::of),
            trouble: trouble.map(Box::new),
            privileged: scan.is_some_and(|scan| scan.found),
            ..Outcome::default()
        };
        outcome.look_at(&Beginning { head: &head, len: shared.size });
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five million of them, and the entries that they belong to, must fit in 2 GiB.
    #[test]
    fn an_outcome_takes_no_more_memory_than_it_did() {
        assert!(size_of::<Outcome>() <= 96, "{} bytes", size_of::<Outcome>());
        assert_eq!(size_of::<Option<Outcome>>(), size_of::<Outcome>());
    }
}
