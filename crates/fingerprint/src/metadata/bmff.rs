//! Boxes of ISO base media files: the structure of MP4, QuickTime, 3GP, HEIF and AVIF.
//!
//! In: bytes that are boxes one after another. Out: each box's type and payload.
//! Refused: nothing; a box that runs past the end is cut off there and is the last.
//!
//! Source: ISO/IEC 14496-12, section 4.2.

use super::bytes::View;

/// Boxes looked at, at most, on one level.
const BOXES: usize = 1024;

/// A box: its type and what is in it.
#[derive(Clone, Copy)]
pub(super) struct Box_<'a> {
    pub(super) kind: [u8; 4],
    pub(super) payload: View<'a>,
}

/// The boxes that lie one after another in `view`.
pub(super) fn boxes(view: View<'_>) -> impl Iterator<Item = Box_<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let left = view.len().checked_sub(at)?;
        let kind = view.array(at + 4)?;
        let (header, len) = match view.be32(at)? {
            0 => (8, left),
            1 => (16, view.be64(at + 8)?),
            len => (8, u64::from(len)),
        };
        let end = at.checked_add(len)?.min(view.len());
        let payload = view.part(at + header, end.checked_sub(at + header)?)?;
        at = end;
        Some(Box_ { kind, payload })
    })
    .take(BOXES)
}

/// The first box of this type.
pub(super) fn find(view: View<'_>, kind: [u8; 4]) -> Option<View<'_>> {
    boxes(view).find(|b| b.kind == kind).map(|b| b.payload)
}

/// The box at the end of a path of types.
pub(super) fn path<'a>(view: View<'a>, kinds: &[&[u8; 4]]) -> Option<View<'a>> {
    kinds.iter().try_fold(view, |view, kind| find(view, **kind))
}
