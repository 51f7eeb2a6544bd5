//! Puts a sequential JPEG together again that lies in two pieces.
//!
//! In: a candidate, and the length of an allocation unit. Where its scan stops making sense, the
//! first piece ended at the unit's boundary before, or at one earlier: wrong data may decode for
//! a while, that of a like picture for long. Zeros, which decode for ever, give themselves away by
//! their look; a like picture by a seam: units that are far rougher, against those above them,
//! than the rows before. From the last checkpoint before each of these boundaries decoding goes on
//! in every unit behind, up to a bounded gap, as long as there is no such seam. A picture counts
//! only if it decodes to its end with just as many units as it must have; of several
//! combinations that do, the smoothest one is taken.
//! Out: the shape, and where the second piece begins. The search is bounded by a number of bytes.

use super::huffman::Bits;
use super::scan::{Notes, Scan, Standing};
use super::{Broken, Picture, STRAY, Stop};
use crate::carve::kind::{Proof, Shape};
use crate::carve::window::{Bytes, Window};

/// Boundaries before the fault at which a long gap may begin, and all that are tried.
const NEAR: usize = 5;
const BOUNDARIES: u64 = 256;
/// So many equal bytes are not those of a scan.
const MONOTONE: usize = 64;
/// Units that the gap may be long, behind the boundaries near the fault and behind others.
const LONGEST_GAP: u64 = 1024;
const SHORTER_GAP: u64 = 64;
/// Units that are this many times rougher than the picture before them are none of it, ...
const ROUGHER: u64 = 3;
/// ... if they are rougher by more than three steps, in sixteenths.
const STEPS: u64 = 48;
/// Bytes that one search reads at most, and as many more to choose among combinations.
const MOST_READ: u64 = 16 << 20;

/// A picture in two pieces: its first `first` bytes, and the rest behind a gap; in one piece
/// where there is no gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pieces {
    pub(crate) shape: Shape,
    /// Length of the first piece in bytes.
    pub(crate) first: u64,
    /// Bytes between the pieces.
    pub(crate) gap: u64,
}

/// What was found, and how much was read for it.
pub(crate) struct Search {
    pub(crate) found: Option<Pieces>,
    pub(crate) spent: u64,
    /// Whether the budget ended it.
    pub(crate) exhausted: bool,
}

/// Bytes with a piece cut out.
struct Spliced<'a> {
    source: &'a dyn Bytes,
    /// Where the cut is, and how long.
    cut: u64,
    gap: u64,
}

impl Bytes for Spliced<'_> {
    fn len(&self) -> u64 {
        self.source.len().saturating_sub(self.gap)
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> bool {
        let before = self.cut.saturating_sub(at);
        let before = usize::try_from(before).map_or(buf.len(), |len| len.min(buf.len()));
        let (first, second) = buf.split_at_mut(before);
        let behind = at.checked_add(before as u64).and_then(|at| at.checked_add(self.gap));
        (first.is_empty() || self.source.read_at(at, first))
            && (second.is_empty() || behind.is_some_and(|at| self.source.read_at(at, second)))
    }
}

/// Follows the picture, and looks for its second piece if it breaks off: the picture that begins
/// at `origin` of `source`. `unit` is the length of an allocation unit, whose boundaries are
/// multiples of it in `source`.
pub(crate) fn search(source: &dyn Bytes, origin: u64, unit: u64, budget: u64) -> Search {
    let mut window = Window::new(source, origin, budget);
    let mut picture = Picture::default();
    let result = picture.follow(&mut window, 2);
    let mut search = Search { found: None, spent: window.spent(), exhausted: window.exhausted() };
    let broken = match result {
        Ok(shape) => {
            search.found = Some(Pieces { shape, first: shape.len, gap: 0 });
            return search;
        }
        Err(Stop::Broken(broken)) if !search.exhausted && unit > 0 => broken,
        Err(_) => return search,
    };
    if let Some(frame) = &picture.frame
        && let Some(scan) = picture.prepared(frame, &broken.header)
        && let Ok(across) = usize::try_from(scan.across())
    {
        let trial = Trial {
            source,
            origin,
            budget,
            picture: &picture,
            scan,
            across,
            broken: &broken,
            rough: Roughness::of(&broken.means, across),
        };
        let cuts = trial.cuts(&mut window, unit);
        search.spent = window.spent();
        trial.all(&cuts, unit, &mut search);
    }
    search
}

/// A picture that breaks off, and what its other piece is tried with.
struct Trial<'t> {
    source: &'t dyn Bytes,
    origin: u64,
    budget: u64,
    picture: &'t Picture,
    scan: Scan<'t>,
    /// Units in a row.
    across: usize,
    broken: &'t Broken,
    rough: Roughness,
}

impl Trial<'_> {
    /// Where the first piece may have ended, the likeliest first.
    fn cuts(&self, window: &mut Window<'_>, unit: u64) -> Vec<u64> {
        let begin = self.origin + self.broken.begin;
        let last = (self.origin + self.broken.at) / unit * unit;
        let mut cuts: Vec<u64> = (0..BOUNDARIES)
            .map_while(|back| last.checked_sub(back * unit))
            .take_while(|cut| *cut > begin)
            .collect();
        let first = begin.next_multiple_of(unit);
        let all = || (0..).map(|n| first + n * unit).take_while(|cut| *cut < last);
        let seam = all().find(|cut| {
            let at = self.units_before(*cut);
            at > self.across && self.rough.between(at, at + self.across) > self.limit(at)
        });
        // The first units behind a cut may look right.
        for cut in seam.into_iter().flat_map(|cut| [cut + unit, cut - unit, cut]) {
            cuts.insert(0, cut);
        }
        let monotone = all().find(|cut| {
            let bytes = window.bytes(cut - self.origin, MONOTONE);
            bytes.is_some_and(|bytes| bytes.iter().all(|byte| *byte == bytes[0]))
        });
        cuts.splice(0..0, monotone);
        cuts
    }

    /// How many units end before a byte of the source.
    fn units_before(&self, cut: u64) -> usize {
        self.broken.means.partition_point(|(at, _)| self.origin + at <= cut)
    }

    /// How rough the units from this one on may be.
    fn limit(&self, unit: usize) -> u64 {
        self.rough.between(0, unit).saturating_mul(ROUGHER).saturating_add(STEPS)
    }

    /// Tries all combinations. Where one decodes, others with as long a gap may, if what lies
    /// between is of a like picture: the smoothest is kept.
    fn all(&self, cuts: &[u64], unit: u64, search: &mut Search) {
        let gaps = |longest| (1..=longest).map(move |units| units * unit);
        for (number, cut) in cuts.iter().copied().enumerate() {
            for gap in gaps(if number < NEAR { LONGEST_GAP } else { SHORTER_GAP }) {
                if cut.saturating_add(gap) >= self.source.len() || search.spent >= MOST_READ {
                    break;
                }
                if search.spent >= self.budget {
                    search.exhausted = true;
                    return;
                }
                if let Some(first) = self.one(cut, gap, search) {
                    let most = search.spent.saturating_add(MOST_READ);
                    let others = cuts.iter().filter_map(|cut| {
                        (search.spent < most).then(|| self.one(*cut, gap, search)).flatten()
                    });
                    let all = std::iter::once(first).chain(others.collect::<Vec<_>>());
                    search.found = all.min_by_key(|(rough, _)| *rough).map(|(_, pieces)| pieces);
                    return;
                }
            }
        }
    }

    /// Decodes on from the last checkpoint before `cut`, with the second piece `gap` bytes behind
    /// the first. Gives how rough the picture is, too.
    fn one(&self, cut: u64, gap: u64, search: &mut Search) -> Option<(u64, Pieces)> {
        let mut checkpoints = self.broken.checkpoints.iter().rev();
        let from: &Standing = checkpoints.find(|c| self.origin + c.bits.at <= cut)?;
        let spliced = Spliced { source: self.source, cut, gap };
        let left = self.budget.saturating_sub(search.spent);
        let mut window = Window::new(&spliced, self.origin, left);
        let mut standing = *from;
        let mut bits = Bits::new(&mut window, standing.bits);
        let units = self.units_before(cut);
        let before = self.broken.means.get(..units).unwrap_or_default();
        let mut notes = Notes::of_rest(from, before, self.across, self.limit(units));
        let decoded = self
            .scan
            .decode(&mut bits, &mut standing, &mut Vec::new(), &mut notes)
            .and_then(|()| bits.finish(STRAY));
        let shape = decoded.ok().and_then(|(next, _)| {
            let mut picture = self.picture.clone();
            picture.note(&self.broken.header, Proof::Content);
            picture.follow(&mut window, next).ok()
        });
        search.spent = search.spent.saturating_add(window.spent());
        let shape = shape.filter(|shape| self.origin + shape.len > cut)?;
        let kept = usize::try_from(from.unit).ok().and_then(|unit| self.broken.means.get(..unit));
        let means = [kept.unwrap_or_default(), &notes.means].concat();
        let rough = Roughness::of(&means, self.across).between(0, means.len());
        Some((rough, Pieces { shape, first: cut - self.origin, gap }))
    }
}

/// How much units differ from those above them: sums up to each unit.
struct Roughness {
    across: usize,
    sums: Vec<u64>,
}

impl Roughness {
    fn of(means: &[(u64, i32)], across: usize) -> Self {
        let above = std::iter::repeat_n(None, across).chain(means.iter().map(Some));
        let mut sum = 0_u64;
        let sums = means.iter().zip(above).map(|((_, mean), above)| {
            sum += above.map_or(0, |(_, above)| u64::from(mean.abs_diff(*above)));
            sum
        });
        Self { across, sums: std::iter::once(0).chain(sums).collect() }
    }

    /// The average over these units, in sixteenths of a step.
    fn between(&self, from: usize, to: usize) -> u64 {
        let (from, to) = (from.max(self.across), to.min(self.sums.len().saturating_sub(1)));
        let (Some(low), Some(high), true) = (self.sums.get(from), self.sums.get(to), from < to)
        else {
            return 0;
        };
        (high - low) * 16 / (to - from) as u64
    }
}
