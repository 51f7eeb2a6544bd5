//! Puts a sequential JPEG together again that lies in two pieces.
//!
//! In: a candidate, and the length of an allocation unit. If its scan stops making sense: where the
//! fault is noticed, the first piece ended at the unit's boundary before, or at one a little
//! earlier, for wrong data may decode for a while; zeros, which decode for ever, give themselves
//! away by their look. From the last checkpoint before each of these
//! boundaries decoding goes on in every unit behind, up to a bounded gap. A picture counts only
//! if it decodes to its end with just as many units as it must have: half of another picture
//! does not. Out: the shape, and where the second piece begins. The search is bounded by the
//! budget of the window that it is given.

use super::huffman::Bits;
use super::{Broken, Picture, STRAY, Stop};
use crate::carve::kind::{Proof, Shape};
use crate::carve::window::{Bytes, Window};

/// Boundaries that are tried, from the fault backwards.
const BOUNDARIES: u64 = 4;
/// So many equal bytes are not those of a scan.
const MONOTONE: usize = 64;
/// Units that the gap may be long.
const LONGEST_GAP: u64 = 1024;

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

/// Where the first piece may have ended, the likeliest first.
fn cuts(window: &mut Window<'_>, origin: u64, unit: u64, broken: &Broken) -> Vec<u64> {
    let last = (origin + broken.at) / unit * unit;
    let begin = broken.checkpoints.first().map_or(broken.at, |first| first.bits.at);
    let mut cuts: Vec<u64> = (0..BOUNDARIES)
        .filter_map(|back| last.checked_sub(back * unit))
        .filter(|cut| *cut > origin + begin)
        .collect();
    let mut at = (origin + begin).next_multiple_of(unit);
    while at < last {
        if window.bytes(at - origin, MONOTONE).is_some_and(|b| b.iter().all(|byte| *byte == b[0])) {
            cuts.insert(0, at);
            break;
        }
        at += unit;
    }
    cuts
}

/// Follows the picture, and looks for its second piece if it breaks off: the picture that begins at `origin` of `source`. `unit` is the
/// length of an allocation unit, whose boundaries are multiples of it in `source`.
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
        Err(Stop::Broken(broken)) if !search.exhausted => broken,
        Err(_) => return search,
    };
    let (Some(frame), true) = (picture.frame.clone(), unit > 0) else { return search };
    let Some(scan) = picture.prepared(&frame, &broken.header) else { return search };
    for cut in cuts(&mut window, origin, unit, &broken) {
        let before = broken.checkpoints.iter().rev().find(|c| origin + c.bits.at <= cut);
        let Some(checkpoint) = before else { continue };
        for units in 1..=LONGEST_GAP {
            let gap = units * unit;
            if cut.saturating_add(gap) >= source.len() {
                break;
            }
            let Some(left) = budget.checked_sub(search.spent).filter(|left| *left > 0) else {
                search.exhausted = true;
                return search;
            };
            let spliced = Spliced { source, cut, gap };
            let mut window = Window::new(&spliced, origin, left);
            let mut standing = *checkpoint;
            let mut bits = Bits::new(&mut window, standing.bits);
            let decoded = scan
                .decode(&mut bits, &mut standing, &mut Vec::new(), None)
                .and_then(|()| bits.finish(STRAY));
            if let Ok((next, _)) = decoded {
                let mut picture = picture.clone();
                picture.note(&broken.header, Proof::Content);
                if let Ok(shape) = picture.follow(&mut window, next)
                    && origin + shape.len > cut
                {
                    search.found = Some(Pieces { shape, first: cut - origin, gap });
                }
            }
            search.spent = search.spent.saturating_add(window.spent());
            search.exhausted |= window.exhausted();
            if search.found.is_some() || search.exhausted {
                return search;
            }
        }
    }
    search
}
