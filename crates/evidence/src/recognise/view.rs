//! The bytes of a volume, as far as they can be read.

use crate::image::Image;
use crate::unit::{ByteLen, ByteOffset};
use crate::volume::{Pieces, Volume};

/// A volume to look into.
pub(super) struct View<'a> {
    image: &'a dyn Image,
    pieces: Pieces,
}

impl<'a> View<'a> {
    pub fn new(image: &'a dyn Image, volume: &Volume) -> Self {
        Self { image, pieces: volume.pieces() }
    }

    /// Length of the volume in bytes.
    pub fn len(&self) -> u64 {
        self.pieces.len().0
    }

    /// `len` bytes at `at`: fewer where the volume ends, none where they cannot be read.
    pub fn at(&self, at: u64, len: usize) -> Vec<u8> {
        let there = self.len().saturating_sub(at);
        let len = usize::try_from(there).map_or(len, |there| there.min(len));
        let mut bytes = vec![0; len];
        let inside = self.pieces.contain(ByteOffset(at), ByteLen(len as u64));
        if !inside || self.pieces.read_at(self.image, ByteOffset(at), &mut bytes).is_err() {
            return Vec::new();
        }
        bytes
    }

    /// Whether `wanted` stands at `at`.
    pub fn has(&self, at: u64, wanted: &[u8]) -> bool {
        self.at(at, wanted.len()) == wanted
    }
}
