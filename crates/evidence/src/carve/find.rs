//! Carves a space: finds where files may begin, validates each, and keeps those that no other
//! holds.
//!
//! The space is cut into chunks of a fixed length, which threads take one after the other. What
//! a chunk yields depends on the bytes of the space alone; then all is put in order and gone
//! through once, from the first byte to the last: a file that begins inside one kept before is
//! part of it. So the result is the same on any number of threads.
//!
//! What validating may read is limited per chunk. What goes beyond is left to the last pass,
//! which has a budget of its own; where that is spent too, [`Found::given_up`] says what was not
//! validated.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};

use super::jpeg::fragment;
use super::kind::{Kind, Proof, Shape, Signature};
use super::space::Space;
use super::window::{Bytes, Window};
use super::{bmp, ebml, gif, iso_media, png, riff, signature};
use crate::entry::Run;
use crate::unit::{ByteLen, ByteOffset};

/// Bytes that a thread searches at once.
const CHUNK: u64 = 4 << 20;
/// Bytes that validating the candidates of one chunk may read.
const CHUNK_BUDGET: u64 = 64 << 20;
/// Bytes that the last pass may read, besides four times the length of the space.
const LAST_BUDGET: u64 = 4 << 30;
/// Candidates of one chunk that are left to the last pass.
const MOST_PENDING: usize = 4096;
/// Pieces that a carved file may lie in.
const MOST_RUNS: usize = 1024;
/// Where a read fails, pieces of this length are tried.
const PIECE: usize = 32 << 10;

/// A carved file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carved {
    /// Which kind of file.
    pub kind: Kind,
    /// Length in bytes.
    pub len: ByteLen,
    /// How far it was checked.
    pub proof: Proof,
    /// Whether its pieces were found by trying.
    pub pieced: bool,
    /// Where it lies in the image; never none.
    pub runs: Vec<Run>,
}

/// What carving a space yields.
#[derive(Debug, Default)]
pub struct Found {
    /// In the order of the space.
    pub carved: Vec<Carved>,
    /// Stretches of the image that could not be read.
    pub unreadable: Vec<(ByteOffset, ByteLen)>,
    /// Where candidates begin that were not validated, since validating would read too much.
    pub given_up: Vec<ByteOffset>,
}

/// A candidate that was validated.
#[derive(Debug, Clone, Copy)]
struct Whole {
    shape: Shape,
    /// Length of its first piece, and what lies between that and the second.
    first: u64,
    gap: u64,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    at: u64,
    signature: Signature,
    /// None while it is not validated.
    whole: Option<Whole>,
}

/// What a chunk yields.
#[derive(Default)]
struct Yield {
    candidates: Vec<Candidate>,
    unreadable: Vec<(u64, u64)>,
    /// The first candidate that was dropped because there were too many.
    dropped: Option<u64>,
}

/// Carves a space on so many threads. `progress` hears of bytes searched.
pub fn find(space: &Space, threads: NonZeroUsize, progress: &(dyn Fn(u64) + Sync)) -> Found {
    let next = AtomicU64::new(0);
    let work = || {
        let mut yields = Vec::new();
        let mut buffer = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(start) = number.checked_mul(CHUNK).filter(|at| *at < space.len()) else {
                return yields;
            };
            let end = space.len().min(start + CHUNK);
            let found = search(space, start, end, &mut buffer);
            progress(end - start);
            if !found.candidates.is_empty() || !found.unreadable.is_empty() {
                yields.push((number, found));
            }
        }
    };
    let mut yields: Vec<(u64, Yield)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.get()).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for other in others {
            match other.join() {
                Ok(yields) => all.extend(yields),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    yields.sort_unstable_by_key(|(number, _)| *number);
    settle(space, yields.into_iter().map(|(_, found)| found).collect())
}

/// Searches one chunk.
fn search(space: &Space, start: u64, end: u64, buffer: &mut Vec<u8>) -> Yield {
    let mut found = Yield::default();
    let data = space.next_data(start);
    if data >= end {
        return found;
    }
    let low = start.saturating_sub(signature::BEHIND as u64);
    let high = space.len().min(end + signature::AHEAD as u64);
    let Ok(len) = usize::try_from(high - low) else { return found };
    buffer.resize(len, 0);
    if !space.read_at(low, buffer) {
        found.unreadable = read_in_pieces(space, low, buffer);
        found.unreadable.retain(|(at, len)| *at < end && at + len > start);
    }
    let index = |at: u64| usize::try_from(at - low).unwrap_or(len);
    let mut candidates = Vec::new();
    signature::find(buffer, index(start), index(end), low, &mut |at, signature| {
        candidates.push((low + at as u64, signature));
    });
    candidates.sort_unstable();
    validate_all(space, &candidates, &mut found);
    found
}

/// Reads what can be read and leaves zeros for the rest, whose extents it gives.
fn read_in_pieces(space: &Space, from: u64, buffer: &mut [u8]) -> Vec<(u64, u64)> {
    let mut failed: Vec<(u64, u64)> = Vec::new();
    let mut at = from;
    for piece in buffer.chunks_mut(PIECE) {
        let len = piece.len() as u64;
        if !space.read_at(at, piece) {
            piece.fill(0);
            match failed.last_mut() {
                Some((start, sum)) if *start + *sum == at => *sum += len,
                _ => failed.push((at, len)),
            }
        }
        at += len;
    }
    failed
}

/// Validates a chunk's candidates, as far as its budget goes.
fn validate_all(space: &Space, candidates: &[(u64, Signature)], found: &mut Yield) {
    let mut covers = Covers::default();
    let (mut budget, mut pending) = (CHUNK_BUDGET, 0);
    for &(at, signature) in candidates {
        let shown = covers.shows(at, signature, space.unit);
        let mut candidate = Candidate { at, signature, whole: None };
        let mut known = false;
        if shown != Shows::Nothing && budget > 0 {
            let validated = validate(space, at, signature, budget);
            budget = budget.saturating_sub(validated.spent);
            known = !validated.exhausted;
            candidate.whole = validated.whole;
        }
        match candidate.whole {
            Some(whole) if shown.allows(&whole) => covers.add(at, &whole),
            None if known => continue,
            Some(_) => {}
            None if pending >= MOST_PENDING => {
                found.dropped.get_or_insert(at);
                continue;
            }
            None => pending += 1,
        }
        found.candidates.push(candidate);
    }
}

/// Goes through all candidates in order and keeps the files that no other holds.
fn settle(space: &Space, yields: Vec<Yield>) -> Found {
    let mut found = Found::default();
    let mut covers = Covers::default();
    let mut budget = space.len().saturating_mul(4).saturating_add(LAST_BUDGET);
    for one in yields {
        for (at, len) in one.unreadable {
            found.unreadable.push((space.in_image(at), ByteLen(len)));
        }
        for candidate in one.candidates {
            let shown = covers.shows(candidate.at, candidate.signature, space.unit);
            if shown == Shows::Nothing {
                continue;
            }
            let whole = match candidate.whole {
                Some(whole) => Some(whole),
                None => {
                    let validated = validate(space, candidate.at, candidate.signature, budget);
                    budget = budget.saturating_sub(validated.spent);
                    if validated.exhausted && validated.whole.is_none() {
                        found.given_up.push(space.in_image(candidate.at));
                    }
                    validated.whole
                }
            };
            if let Some(whole) = whole.filter(|whole| shown.allows(whole))
                && let Some(carved) = carved(space, candidate.at, &whole)
            {
                covers.add(candidate.at, &whole);
                found.carved.push(carved);
            }
        }
        found.given_up.extend(one.dropped.map(|at| space.in_image(at)));
    }
    found
}

fn carved(space: &Space, at: u64, whole: &Whole) -> Option<Carved> {
    let mut runs = space.runs(at, whole.first);
    runs.extend(space.runs(at + whole.first + whole.gap, whole.shape.len - whole.first));
    let Shape { kind, len, proof } = whole.shape;
    (runs.len() <= MOST_RUNS).then_some(Carved {
        kind,
        len: ByteLen(len),
        proof,
        pieced: whole.gap > 0,
        runs,
    })
}

/// What the files kept so far leave to a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    /// It lies in none of them.
    Anything,
    /// It lies in one whose inside was not checked, at the beginning of an allocation unit: a
    /// picture that proves itself there overwrote it.
    Proven,
    /// It is part of one.
    Nothing,
}

impl Shows {
    fn allows(self, whole: &Whole) -> bool {
        match self {
            Self::Anything => true,
            Self::Proven => whole.shape.proof == Proof::Content && whole.gap == 0,
            Self::Nothing => false,
        }
    }
}

/// The pieces of the files kept so far: where each begins, where it ends, how far it was checked.
#[derive(Default)]
struct Covers(BTreeMap<u64, (u64, Proof)>);

impl Covers {
    fn add(&mut self, at: u64, whole: &Whole) {
        let proof = whole.shape.proof;
        self.0.insert(at, (at + whole.first, proof));
        if whole.gap > 0 {
            let second = at + whole.first + whole.gap;
            self.0.insert(second, (second + (whole.shape.len - whole.first), proof));
        }
    }

    fn shows(&self, at: u64, signature: Signature, unit: u64) -> Shows {
        // A proven picture inside another file ends before it does, so two steps back suffice.
        let mut before = self.0.range(..=at).rev().take(2).map(|(_, cover)| *cover);
        let Some((_, proof)) = before.find(|(end, _)| *end > at) else { return Shows::Anything };
        let proves_itself = matches!(signature, Signature::Jpeg | Signature::Png);
        if proof == Proof::Frame && proves_itself && at.is_multiple_of(unit.max(1)) {
            Shows::Proven
        } else {
            Shows::Nothing
        }
    }
}

struct Validated {
    whole: Option<Whole>,
    spent: u64,
    exhausted: bool,
}

/// A space that ends earlier.
struct Ending<'a> {
    source: &'a dyn Bytes,
    len: u64,
}

impl Bytes for Ending<'_> {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> bool {
        at.checked_add(buf.len() as u64).is_some_and(|end| end <= self.len)
            && self.source.read_at(at, buf)
    }
}

fn validate(space: &Space, at: u64, signature: Signature, budget: u64) -> Validated {
    // Pixels prove nothing: a BMP does not go on elsewhere.
    let whole = space.joined && signature != Signature::Bmp;
    let len = if whole { space.len() } else { space.stretch_end(at) };
    let source = Ending { source: space, len };
    if signature == Signature::Jpeg {
        let search = fragment::search(&source, at, space.unit, budget);
        let whole = search.found.map(|pieces| Whole {
            shape: pieces.shape,
            first: pieces.first,
            gap: pieces.gap,
        });
        return Validated { whole, spent: search.spent, exhausted: search.exhausted };
    }
    let mut window = Window::new(&source, at, budget);
    let shape = measure(signature, &mut window);
    Validated {
        whole: shape.map(|shape| Whole { shape, first: shape.len, gap: 0 }),
        spent: window.spent(),
        exhausted: window.exhausted(),
    }
}

fn measure(signature: Signature, window: &mut Window<'_>) -> Option<Shape> {
    match signature {
        // Pictures in pieces are sought elsewhere.
        Signature::Jpeg => None,
        Signature::Png => png::measure(window),
        Signature::Gif => gif::measure(window),
        Signature::Riff => riff::measure(window),
        Signature::Bmp => bmp::measure(window),
        Signature::IsoMedia => iso_media::measure(window),
        Signature::QuickTime => iso_media::measure_quicktime(window),
        Signature::Ebml => ebml::measure(window),
    }
}

/// Measures the file that begins with `bytes`, if it is one of these kinds: a single validator,
/// for those who test it. No more than `budget` bytes are read.
pub fn measure_at(signature: Signature, bytes: &dyn Bytes, at: u64, budget: u64) -> Option<Shape> {
    if signature == Signature::Jpeg {
        let found = fragment::search(bytes, at, 512, budget).found?;
        return (found.gap == 0).then_some(found.shape);
    }
    measure(signature, &mut Window::new(bytes, at, budget))
}
