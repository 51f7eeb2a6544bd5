//! Puts a sequential JPEG together again that lies in two pieces.
//!
//! In: a candidate, and the length of an allocation unit. Where its scan stops making sense, the
//! first piece ended at the unit's boundary before, or at one earlier: wrong data may decode for
//! a while, that of a like picture for long; zeros, which decode for ever, give themselves away by
//! their look. From the last checkpoint before each of these boundaries decoding goes on in every
//! unit behind, up to a bounded gap. A picture counts only if it decodes to its end with just as
//! many units as it must have. Where pieces of a like picture lie between, several combinations
//! may: then the one with the least visible seam is taken, and none whose seam is far rougher
//! than the picture above it.
//! Out: the shape, and where the second piece begins. The search is bounded by a number of bytes.

use super::frame::Frame;
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
/// Combinations that decode, of which the best is taken.
const MOST_RIVALS: usize = 8;
/// A seam this many times rougher than the picture before it is none of this picture.
const ROUGHEST: u64 = 3;
/// Bytes that one search reads at most.
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
    let mut search =
        Search { found: None, spent: window.spent(), exhausted: window.exhausted() };
    let broken = match result {
        Ok(shape) => {
            search.found = Some(Pieces { shape, first: shape.len, gap: 0 });
            return search;
        }
        Err(Stop::Broken(broken)) if !search.exhausted && unit > 0 => broken,
        Err(_) => return search,
    };
    let cuts = cuts(&mut window, origin, unit, &broken);
    search.spent = window.spent();
    if let Some(frame) = &picture.frame
        && let Some(scan) = picture.prepared(frame, &broken.header)
    {
        let trial =
            Trial { source, origin, budget, picture: &picture, frame, scan, broken: &broken };
        trial.all(&cuts, unit, &mut search);
    }
    search
}

/// Where the first piece may have ended, the likeliest first.
fn cuts(window: &mut Window<'_>, origin: u64, unit: u64, broken: &Broken) -> Vec<u64> {
    let last = (origin + broken.at) / unit * unit;
    let mut cuts: Vec<u64> = (0..BOUNDARIES)
        .map_while(|back| last.checked_sub(back * unit))
        .take_while(|cut| *cut > origin + broken.begin)
        .collect();
    let mut at = (origin + broken.begin).next_multiple_of(unit);
    while at < last {
        if window.bytes(at - origin, MONOTONE).is_some_and(|b| b.iter().all(|byte| *byte == b[0])) {
            cuts.insert(0, at);
            break;
        }
        at += unit;
    }
    cuts
}

/// A picture that breaks off, and what its other piece is tried with.
struct Trial<'t> {
    source: &'t dyn Bytes,
    origin: u64,
    budget: u64,
    picture: &'t Picture,
    frame: &'t Frame,
    scan: Scan<'t>,
    broken: &'t Broken,
}

impl Trial<'_> {
    /// Tries all combinations, and keeps the one with the least seam.
    fn all(&self, cuts: &[u64], unit: u64, search: &mut Search) {
        let mut best: Option<(u64, Pieces)> = None;
        let mut rivals = 0;
        'cuts: for (number, cut) in cuts.iter().copied().enumerate() {
            let checkpoints = self.broken.checkpoints.iter().rev();
            let Some(from) = checkpoints.clone().find(|c| self.origin + c.bits.at <= cut) else {
                continue;
            };
            let longest = if number < NEAR { LONGEST_GAP } else { SHORTER_GAP };
            for gap in (1..=longest).map(|units| units * unit) {
                if cut.saturating_add(gap) >= self.source.len() {
                    break;
                }
                if search.spent >= MOST_READ || rivals >= MOST_RIVALS {
                    break 'cuts;
                }
                if search.spent >= self.budget {
                    search.exhausted = true;
                    break 'cuts;
                }
                let Some(pieces) = self.one(cut, gap, from, search) else { continue };
                rivals += 1;
                if let Some(seam) = self.seam(cut, gap, search)
                    && best.is_none_or(|(least, _)| seam < least)
                {
                    best = Some((seam, pieces));
                }
            }
        }
        search.found = best.map(|(_, pieces)| pieces);
    }

    fn spliced(&self, cut: u64, gap: u64) -> Spliced<'_> {
        Spliced { source: self.source, cut, gap }
    }

    /// Decodes on from a checkpoint, with the second piece `gap` bytes behind the first.
    fn one(&self, cut: u64, gap: u64, from: &Standing, search: &mut Search) -> Option<Pieces> {
        let spliced = self.spliced(cut, gap);
        let left = self.budget.saturating_sub(search.spent);
        let mut window = Window::new(&spliced, self.origin, left);
        let mut standing = *from;
        let mut bits = Bits::new(&mut window, standing.bits);
        let decoded = self
            .scan
            .decode(&mut bits, &mut standing, &mut Vec::new(), &mut Notes::None)
            .and_then(|()| bits.finish(STRAY));
        let shape = decoded.ok().and_then(|(next, _)| {
            let mut picture = self.picture.clone();
            picture.note(&self.broken.header, Proof::Content);
            picture.follow(&mut window, next).ok()
        });
        search.spent = search.spent.saturating_add(window.spent());
        let shape = shape.filter(|shape| self.origin + shape.len > cut)?;
        Some(Pieces { shape, first: cut - self.origin, gap })
    }

    /// How much rougher the two rows of units behind the cut are, against those above them, than
    /// the rows before: in sixteenths. None where that is too rough to be one picture.
    fn seam(&self, cut: u64, gap: u64, search: &mut Search) -> Option<u64> {
        let spliced = self.spliced(cut, gap);
        let left = self.budget.saturating_sub(search.spent);
        let mut window = Window::new(&spliced, self.origin, left);
        let mut standing = self.scan.start(self.broken.begin);
        let mut bits = Bits::new(&mut window, standing.bits);
        let mut notes = Notes::Means(Vec::new());
        let decoded = self.scan.decode(&mut bits, &mut standing, &mut Vec::new(), &mut notes);
        search.spent = search.spent.saturating_add(window.spent());
        let (Ok(()), Notes::Means(means)) = (decoded, notes) else { return None };
        let across = match self.scan.parts.as_slice() {
            [only] => self.frame.components.get(only.component)?.own.0,
            _ => self.frame.units.0,
        };
        let across = usize::try_from(across).ok()?;
        let at = means.partition_point(|(at, _)| self.origin + at <= cut);
        let rough = |from: usize, to: usize| {
            let pairs = means.get(from.max(across)..to.min(means.len())).unwrap_or_default();
            let above = means.get(from.max(across) - across..).unwrap_or_default();
            let sum: u64 =
                pairs.iter().zip(above).map(|(a, b)| u64::from(a.1.abs_diff(b.1))).sum();
            sum * 16 / (pairs.len() as u64).max(1)
        };
        let seam = rough(at, at + 2 * across);
        (seam <= ROUGHEST * rough(0, at) + 16 * ROUGHEST).then_some(seam)
    }
}
