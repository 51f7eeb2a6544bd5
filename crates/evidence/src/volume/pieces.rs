//! Where in an image the bytes of a volume lie: in one piece, as partitions do, or in several,
//! as a logical volume may.
//!
//! In: stretches of an image in the volume's order. Out: a place of the volume as places of the
//! image, and the volume's bytes by position. Refused: stretches whose lengths do not fit in 64
//! bits.

use serde::{Deserialize, Serialize};

use crate::image::{Image, ReadError};
use crate::unit::{ByteLen, ByteOffset};

/// The stretches of an image that make up a volume, in the volume's order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pieces(Vec<Piece>);

/// One stretch of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Where it begins in the volume.
    pub start: ByteOffset,
    /// Where it begins in the image.
    pub at: ByteOffset,
    /// How long it is.
    pub len: ByteLen,
}

impl Pieces {
    /// One stretch.
    pub fn one(at: ByteOffset, len: ByteLen) -> Self {
        Self(vec![Piece { start: ByteOffset(0), at, len }])
    }

    /// Adds a stretch at the volume's end, joined with the one before where it follows it in
    /// the image too. False where it cannot be: it would end past any image.
    pub fn push(&mut self, at: ByteOffset, len: ByteLen) -> bool {
        let start = self.len();
        if at.checked_add(len).is_none() || start.0.checked_add(len.0).is_none() {
            return false;
        }
        match self.0.last_mut() {
            _ if len.0 == 0 => {}
            Some(last) if last.at.0.saturating_add(last.len.0) == at.0 => last.len.0 += len.0,
            _ => self.0.push(Piece { start: ByteOffset(start.0), at, len }),
        }
        true
    }

    /// The same stretches of an image that begins at `by` of another, as stretches of that.
    pub(crate) fn moved(&self, by: ByteOffset) -> Self {
        let moved =
            |piece: &Piece| Piece { at: ByteOffset(piece.at.0.saturating_add(by.0)), ..*piece };
        Self(self.0.iter().map(moved).collect())
    }

    /// The stretches, in the volume's order.
    pub fn all(&self) -> &[Piece] {
        &self.0
    }

    /// Length of the volume in bytes.
    pub fn len(&self) -> ByteLen {
        ByteLen(self.0.last().map_or(0, |last| last.start.0.saturating_add(last.len.0)))
    }

    /// Whether there are no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.len().0 == 0
    }

    /// Whether `len` bytes from `at` lie in the volume.
    pub fn contain(&self, at: ByteOffset, len: ByteLen) -> bool {
        at.checked_add(len).is_some_and(|end| end.0 <= self.len().0)
    }

    /// Tells where in the image the `len` bytes from `at` of the volume lie, in the volume's
    /// order; nothing for what lies outside the volume.
    pub fn each_place(
        &self,
        at: ByteOffset,
        len: ByteLen,
        tell: &mut dyn FnMut(ByteOffset, ByteLen),
    ) {
        let end = at.0.saturating_add(len.0);
        let first = self.0.partition_point(|piece| piece.start <= at).saturating_sub(1);
        let mut next = at.0;
        for piece in self.0.iter().skip(first) {
            let piece_end = piece.start.0.saturating_add(piece.len.0).min(end);
            if next < piece.start.0 || next >= piece_end {
                break;
            }
            tell(ByteOffset(piece.at.0 + (next - piece.start.0)), ByteLen(piece_end - next));
            next = piece_end;
        }
    }

    /// Fills `buf` from byte `at` of the volume, whole or not at all.
    pub fn read_at(
        &self,
        image: &dyn Image,
        at: ByteOffset,
        buf: &mut [u8],
    ) -> Result<(), ReadError> {
        let wanted = ByteLen(buf.len() as u64);
        if !self.contain(at, wanted) {
            let end = at.0.saturating_add(wanted.0);
            return Err(ReadError::OutOfRange { offset: at, end, len: self.len() });
        }
        let (mut rest, mut result) = (buf, Ok(()));
        self.each_place(at, wanted, &mut |at, len| {
            let here = usize::try_from(len.0).map_or(rest.len(), |len| len.min(rest.len()));
            let (now, later) = std::mem::take(&mut rest).split_at_mut(here);
            rest = later;
            if result.is_ok() {
                result = image.read_at(at, now);
            }
        });
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(stretches: &[(u64, u64)]) -> Pieces {
        let mut pieces = Pieces::default();
        for &(at, len) in stretches {
            assert!(pieces.push(ByteOffset(at), ByteLen(len)));
        }
        pieces
    }

    fn places(pieces: &Pieces, at: u64, len: u64) -> Vec<(u64, u64)> {
        let mut told = Vec::new();
        pieces.each_place(ByteOffset(at), ByteLen(len), &mut |at, len| told.push((at.0, len.0)));
        told
    }

    #[test]
    fn a_place_that_spans_pieces_is_told_piece_by_piece() {
        let pieces = made(&[(100, 10), (50, 5), (200, 20)]);
        assert_eq!(pieces.len(), ByteLen(35));
        assert_eq!(places(&pieces, 0, 35), [(100, 10), (50, 5), (200, 20)]);
        assert_eq!(places(&pieces, 8, 9), [(108, 2), (50, 5), (200, 2)]);
        assert_eq!(places(&pieces, 10, 5), [(50, 5)]);
        assert_eq!(places(&pieces, 34, 1), [(219, 1)]);
        assert_eq!(places(&pieces, 34, 9), [(219, 1)], "what lies outside is not told");
        assert_eq!(places(&pieces, 35, 1), []);
    }

    #[test]
    fn pieces_that_follow_each_other_in_the_image_are_one() {
        assert_eq!(made(&[(100, 10), (110, 5)]).all().len(), 1);
        assert_eq!(made(&[(100, 10), (0, 0), (111, 5)]).all().len(), 2);
    }

    #[test]
    fn pieces_past_any_image_are_refused() {
        let mut pieces = made(&[(0, u64::MAX - 5)]);
        assert!(!pieces.push(ByteOffset(0), ByteLen(6)));
        assert!(!pieces.push(ByteOffset(u64::MAX), ByteLen(1)));
        assert!(!pieces.contain(ByteOffset(u64::MAX), ByteLen(u64::MAX)));
    }
}
