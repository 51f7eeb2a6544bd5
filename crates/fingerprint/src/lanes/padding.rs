//! The end of a stream: its last bytes, the padding and the length in bits.
//!
//! MD5 and SHA pad alike but for the length, whose eight bytes MD5 writes lowest first and SHA
//! highest first. A [`Tail`] holds it as MD5 does; whoever feeds SHA turns the eight bytes round.
//!
//! Source: RFC 1321, sections 3.1 and 3.2; FIPS 180-4, section 5.1.1.

use super::BLOCK;

/// The one or two padded blocks that end a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tail {
    blocks: [[u8; BLOCK]; 2],
    left: usize,
}

impl Tail {
    /// The tail of a stream of `taken` bytes, of which `rest` (less than a block) are in no block.
    pub(super) fn new(rest: &[u8], taken: u64) -> Self {
        let left = if rest.len() < BLOCK - 8 { 1 } else { 2 };
        let mut blocks = [[0; BLOCK]; 2];
        let first = &mut blocks[2 - left];
        first[..rest.len()].copy_from_slice(rest);
        first[rest.len()] = 0x80;
        blocks[1][BLOCK - 8..].copy_from_slice(&taken.wrapping_mul(8).to_le_bytes());
        Self { blocks, left }
    }

    /// The tail of which nothing is left.
    pub(super) const FINISHED: Self = Self { blocks: [[0; BLOCK]; 2], left: 0 };

    /// The blocks that are left, as MD5 wants them: none, the last, or both.
    pub(super) fn blocks(&self) -> &[[u8; BLOCK]] {
        &self.blocks[2 - self.left..]
    }

    /// The same tail as SHA wants it.
    pub(super) fn for_sha(mut self) -> Self {
        self.blocks[1][BLOCK - 8..].reverse();
        self
    }

    /// Whether the next block is the last, with the length.
    pub(super) fn at_last(&self) -> bool {
        self.left == 1
    }

    /// Drops the block that was taken.
    pub(super) fn advance(&mut self) {
        self.left = self.left.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_that_leaves_no_room_for_the_length_takes_two_blocks() {
        assert_eq!(Tail::new(&[7; 55], 55).blocks().len(), 1);
        assert_eq!(Tail::new(&[7; 56], 56).blocks().len(), 2);
        assert_eq!(Tail::new(&[7; 63], 63).blocks().len(), 2);
        assert_eq!(Tail::new(&[], 64).blocks().len(), 1);
    }

    #[test]
    fn a_length_beyond_32_bits_fills_eight_bytes_in_either_order() {
        let tail = Tail::new(&[1], (1 << 30) + 1);
        assert_eq!(tail.blocks()[0][..2], [1, 0x80]);
        assert_eq!(tail.blocks()[0][56..], [8, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(tail.for_sha().blocks()[0][56..], [0, 0, 0, 2, 0, 0, 0, 8]);
    }
}
