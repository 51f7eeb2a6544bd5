//! MD5, SHA-1 and SHA-256 of the same bytes, each byte read once.
//!
//! Computed by [`crate::lanes`]. Source: RFC 1321 (MD5), FIPS 180-4 (SHA-1, SHA-256).

use crate::lanes::{self, Md5Stream, ShaStream, Stream};

/// The three digests of one byte string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digests {
    /// MD5.
    pub md5: [u8; 16],
    /// SHA-1.
    pub sha1: [u8; 20],
    /// SHA-256.
    pub sha256: [u8; 32],
}

impl Digests {
    /// The digests of a whole buffer.
    pub fn of(bytes: &[u8]) -> Self {
        let mut fingerprinter = Fingerprinter::new();
        fingerprinter.update(bytes);
        fingerprinter.finish()
    }
}

/// Computes the three digests of one stream as its bytes arrive.
#[derive(Debug, Clone, Default)]
pub struct Fingerprinter(Stream);

impl Fingerprinter {
    /// A stream of which nothing has been seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the stream.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digests of all bytes taken.
    pub fn finish(self) -> Digests {
        self.0.finish()
    }
}

impl Digests {
    /// Puts together what two threads computed of the same bytes.
    pub fn of_halves(md5: Md5Stream, shas: ShaStream) -> Self {
        lanes::of_halves(md5, shas)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_vectors_for_abc_hold() {
        let d = Digests::of(b"abc");
        assert_eq!(hex::encode(d.md5), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(hex::encode(d.sha1), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(
            hex::encode(d.sha256),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn a_stream_in_pieces_has_the_digests_of_the_whole() {
        let bytes: Vec<u8> = (0..100_000u32).map(|i| (i * 31 % 251) as u8).collect();
        for piece in [1, 63, 64, 65, 4096, 99_999] {
            let mut f = Fingerprinter::new();
            bytes.chunks(piece).for_each(|c| f.update(c));
            assert_eq!(f.finish(), Digests::of(&bytes), "pieces of {piece}");
        }
    }
}
