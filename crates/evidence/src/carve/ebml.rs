//! Matroska and `WebM`: element by element.
//!
//! The segment's parts must fill the length that it states. Recorders that stream (browsers do)
//! state none for the segment and its clusters: then the blocks of each cluster are followed,
//! and the file ends where something comes that belongs to neither.
//! Source: RFC 8794 (EBML), RFC 9559 (Matroska).

use super::kind::{Kind, Proof, Shape};
use super::window::Window;

/// Elements of one file.
const MOST_ELEMENTS: u32 = 16 << 20;

const EBML: u32 = 0x1a45_dfa3;
const DOC_TYPE: u32 = 0x4282;
const SEGMENT: u32 = 0x1853_8067;
const CLUSTER: u32 = 0x1f43_b675;
const TRACKS: u32 = 0x1654_ae6b;

/// An element: its id, where its body begins, and how long it is; none where it does not say.
struct Element {
    id: u32,
    body: u64,
    len: Option<u64>,
}

pub(super) fn measure(window: &mut Window<'_>) -> Option<Shape> {
    let head = element(window, 0).filter(|head| head.id == EBML)?;
    let head_end = head.body + head.len.filter(|len| *len <= 4096)?;
    let kind = doc_type(window, head.body, head_end)?;
    let segment = element(window, head_end).filter(|segment| segment.id == SEGMENT)?;
    let stated = match segment.len {
        Some(len) => Some(segment.body.checked_add(len).filter(|end| *end <= window.len())?),
        None => None,
    };
    let mut walk = Walk { left: MOST_ELEMENTS, tracks: false, clusters: 0 };
    let end = walk.segment(window, segment.body, stated)?;
    let whole = walk.tracks && walk.clusters > 0 && stated.is_none_or(|stated| stated == end);
    whole.then_some(Shape { kind, len: end, proof: Proof::Chain })
}

fn doc_type(window: &mut Window<'_>, mut at: u64, end: u64) -> Option<Kind> {
    while at < end {
        let part = element(window, at)?;
        let len = part.len.filter(|len| *len <= 4096)?;
        if part.id == DOC_TYPE {
            let name = window.bytes(part.body, usize::try_from(len).ok()?)?;
            return match name.trim_ascii_end() {
                b"webm" => Some(Kind::WebM),
                b"matroska" => Some(Kind::Matroska),
                _ => None,
            };
        }
        at = part.body + len;
    }
    None
}

/// The element at `at`.
fn element(window: &mut Window<'_>, at: u64) -> Option<Element> {
    let first = window.u8(at)?;
    let width = u64::from(first.leading_zeros()) + 1;
    if width > 4 {
        return None;
    }
    let mut id = 0_u32;
    for step in 0..width {
        id = id << 8 | u32::from(window.u8(at + step)?);
    }
    let start = at + width;
    let first = window.u8(start)?;
    let width = first.leading_zeros() + 1;
    if width > 8 {
        return None;
    }
    let mut len = u64::from(first) & (0xff_u64 >> width);
    for step in 1..u64::from(width) {
        len = len << 8 | u64::from(window.u8(start + step)?);
    }
    let unknown = len == (1_u64 << (7 * width)) - 1;
    let body = start + u64::from(width);
    Some(Element { id, body, len: (!unknown).then_some(len) })
}

struct Walk {
    left: u32,
    tracks: bool,
    clusters: u64,
}

impl Walk {
    /// Follows the parts of the segment; gives where they end.
    fn segment(&mut self, window: &mut Window<'_>, from: u64, stated: Option<u64>) -> Option<u64> {
        let mut at = from;
        while stated.is_none_or(|end| at < end) {
            self.left = self.left.checked_sub(1)?;
            let part = element(window, at).filter(|part| is_part(part.id));
            let Some(part) = part else {
                // A file that states its length has nothing else in it.
                return stated.is_none().then_some(at);
            };
            self.tracks |= part.id == TRACKS;
            let end = match part.len {
                Some(len) => part.body.checked_add(len)?,
                None if part.id == CLUSTER => {
                    self.blocks(window, part.body, window.len(), false)?
                }
                None => return None,
            };
            if end > stated.unwrap_or(window.len()) {
                return None;
            }
            if part.id == CLUSTER {
                self.clusters += 1;
                if part.len.is_some() {
                    self.blocks(window, part.body, end, true)?;
                }
            }
            at = end;
        }
        Some(at)
    }

    /// Follows the elements of a cluster, which must `fill` the room up to `end` where it states
    /// its length; gives where they end.
    fn blocks(&mut self, window: &mut Window<'_>, from: u64, end: u64, fill: bool) -> Option<u64> {
        let mut at = from;
        while at < end {
            self.left = self.left.checked_sub(1)?;
            let block = element(window, at).filter(|block| is_block(block.id));
            let Some(block) = block else { return (!fill).then_some(at) };
            let next = block.body.checked_add(block.len?)?;
            if next > end {
                return None;
            }
            at = next;
        }
        Some(at)
    }
}

/// Parts of a segment, and what may stand between them.
fn is_part(id: u32) -> bool {
    matches!(
        id,
        0x114d_9b74
            | 0x1549_a966
            | TRACKS
            | CLUSTER
            | 0x1c53_bb6b
            | 0x1941_a469
            | 0x1043_a770
            | 0x1254_c367
            | 0xec
            | 0xbf
    )
}

/// Elements of a cluster: timestamp, position, blocks, padding.
fn is_block(id: u32) -> bool {
    matches!(id, 0xe7 | 0xa7 | 0xab | 0xa3 | 0xa0 | 0xaf | 0x5854 | 0xec | 0xbf)
}
