//! Takes what the content worker tells of one content: digests each child, and keeps the bytes of
//! those that will be opened in turn.
//!
//! In: children and pieces of their bytes, in order. Out: [`Member`]s. Small children are digested
//! side by side, long ones as they come; no child is held whole in memory unless it is small.

use pendeen_content::Sink;
use pendeen_content::protocol::{Child, Layout, Problem};
use pendeen_evidence::entry::Word;
use pendeen_fingerprint::metadata::embeds;
use pendeen_fingerprint::{Fingerprinter, digest_many, media_type};

use super::spool::{Spool, Spooled, not_kept};
use super::task::Opens;
use crate::at_hand::Beginning;
use crate::content::Trouble;
use crate::digesting::Outcome;
use crate::events::Recording;
use crate::privileged::{Scan, Words};

/// Children up to this many bytes are digested side by side.
const SMALL: usize = 256 * 1024;
/// So many bytes, or so many children, are digested at once.
const BATCH_BYTES: usize = 4 << 20;
const BATCH_CHILDREN: usize = 512;

/// A child with what became of its bytes.
pub(super) struct Member {
    pub(super) child: Child,
    /// How many bytes came.
    pub(super) len: u64,
    pub(super) outcome: Outcome,
    /// Its bytes, or why they are not kept, if it is to be opened itself.
    pub(super) kept: Option<Result<Spooled, String>>,
}

/// Collects the children of one content.
pub(super) struct Collector<'a, 's> {
    pub(super) layout: Option<Layout>,
    pub(super) members: Vec<Member>,
    pub(super) problems: Vec<Problem>,
    spool: &'a mut Spool<'s>,
    /// Words that mark what is set apart, and is therefore not kept to be opened.
    words: Option<&'a Words>,
    /// How many bytes may still be kept.
    room: u64,
    /// Bytes of small children that are not digested yet, and of the one that is coming.
    buffer: Vec<u8>,
    /// Member and place in the buffer of each small child.
    small: Vec<(usize, std::ops::Range<usize>)>,
    current: Option<Current<'a>>,
}

/// The child that is coming.
struct Current<'a> {
    child: Child,
    len: u64,
    /// Where its bytes begin in the buffer; up to [`SMALL`] of them are there.
    start: usize,
    /// Once it is long.
    long: Option<Fingerprinter>,
    /// Looks for words in it.
    scan: Option<Scan<'a>>,
    /// Its bytes are being kept, as an image or not, as long as nothing is wrong.
    keeping: Option<Result<(), String>>,
}

impl<'a, 's> Collector<'a, 's> {
    /// A collector that keeps up to `room` bytes in `spool`.
    pub(super) fn new(spool: &'a mut Spool<'s>, room: u64, words: Option<&'a Words>) -> Self {
        Self {
            layout: None,
            members: Vec::new(),
            problems: Vec::new(),
            spool,
            words,
            room,
            buffer: Vec::new(),
            small: Vec::new(),
            current: None,
        }
    }

    /// Digests what has been gathered.
    pub(super) fn digest(&mut self) {
        let slices: Vec<&[u8]> =
            self.small.iter().map(|(_, place)| &self.buffer[place.clone()]).collect();
        let digests = digest_many(&slices);
        for ((member, place), digests) in self.small.drain(..).zip(digests) {
            self.members[member].outcome.digests = Some(digests);
            let content = &self.buffer[place];
            self.members[member].outcome.look_at(&content);
        }
        self.buffer.clear();
    }

    /// Begins to keep the bytes of a child whose head has come, if it will be opened, or records
    /// events.
    fn keep(&mut self, name: &[u8], size: u64, start: usize) -> Option<Result<(), String>> {
        let media_type = media_type(&self.buffer[start..]);
        let records = Recording::of(name, media_type, size).is_some();
        let opens = media_type
            .and_then(|kind| Opens::of(kind, size))
            .filter(|opens| *opens != Opens::PHOTOGRAPH || embeds(&&self.buffer[start..]));
        let alone = match opens {
            Some(Opens::Image) => true,
            Some(Opens::Content(_)) => false,
            Some(Opens::Unread(_)) | None if records => false,
            Some(Opens::Unread(_)) | None => return None,
        };
        self.spool.begin(alone);
        Some(write(self.spool, &mut self.room, &self.buffer[start..]))
    }

    /// The bytes kept of a child, where they were to be kept.
    fn kept(&mut self, keeping: Option<Result<(), String>>) -> Option<Result<Spooled, String>> {
        let keeping = keeping?;
        Some(keeping.and_then(|()| self.spool.finish().map_err(|e| not_kept(&e))))
    }
}

impl Sink for Collector<'_, '_> {
    fn layout(&mut self, layout: Layout) {
        self.layout = Some(layout);
    }

    fn child(&mut self, child: Child) {
        let start = self.buffer.len();
        let scan = self.words.map(Words::scan);
        self.current = Some(Current { child, len: 0, start, long: None, scan, keeping: None });
    }

    fn piece(&mut self, bytes: &[u8]) {
        let Some(mut current) = self.current.take() else { return };
        current.len = current.len.saturating_add(bytes.len() as u64);
        if let Some(scan) = &mut current.scan {
            scan.feed(bytes);
        }
        if let Some(long) = &mut current.long {
            long.update(bytes);
            if let Some(Ok(())) = current.keeping {
                current.keeping = Some(write(self.spool, &mut self.room, bytes));
            }
        } else {
            self.buffer.extend_from_slice(bytes);
            if self.buffer.len() - current.start > SMALL {
                current.keeping = self.keep(&current.child.name.0, u64::MAX, current.start);
                let mut long = Fingerprinter::new();
                long.update(&self.buffer[current.start..]);
                current.long = Some(long);
            }
        }
        self.current = Some(current);
    }

    fn child_end(&mut self, problem: Option<String>) {
        let Some(mut current) = self.current.take() else { return };
        let head = &self.buffer[current.start..];
        let mut outcome = Outcome {
            media_type: media_type(head).map(Word::of),
            trouble: problem.map(|reason| Box::new(Trouble::new(reason))),
            privileged: current.scan.as_ref().is_some_and(|scan| scan.found),
            ..Outcome::default()
        };
        let whole = outcome.trouble.is_none();
        match current.long.take() {
            Some(long) => {
                outcome.digests = whole.then(|| long.finish());
                outcome.look_at(&Beginning { head, len: current.len });
                self.buffer.truncate(current.start);
            }
            None if whole && current.child.same_as.is_none() => {
                current.keeping = self.keep(&current.child.name.0, current.len, current.start);
                self.small.push((self.members.len(), current.start..self.buffer.len()));
            }
            None => self.buffer.truncate(current.start),
        }
        let keep = whole && !outcome.privileged;
        let kept = if keep { self.kept(current.keeping) } else { None };
        self.members.push(Member { child: current.child, len: current.len, outcome, kept });
        if self.buffer.len() >= BATCH_BYTES || self.small.len() >= BATCH_CHILDREN {
            self.digest();
        }
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

/// Keeps bytes, as long as there is room.
fn write(spool: &mut Spool<'_>, room: &mut u64, bytes: &[u8]) -> Result<(), String> {
    let Some(left) = room.checked_sub(bytes.len() as u64) else {
        return Err("it is larger than what is kept of containers inside one container".to_owned());
    };
    *room = left;
    spool.write(bytes).map_err(|e| not_kept(&e))
}
