//! MD5, SHA-1 and SHA-256 of the same bytes, each byte read once.
//!
//! One stream as its bytes arrive ([`Fingerprinter`]), or many buffers side by side in vector
//! lanes ([`digest_many`]).

use std::sync::OnceLock;

use crate::lanes::digest_all;
#[cfg(target_arch = "x86_64")]
use crate::lanes::{avx2, avx512};
use crate::stream::{Chains, Md5Chain, ShaChain, Stream};

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

    /// Puts together what two threads computed of the same bytes.
    pub fn of_halves(md5: Md5Stream, shas: ShaStream) -> Self {
        let (sha1, sha256) = shas.0.finish();
        Self { md5: md5.0.finish(), sha1, sha256 }
    }
}

/// Computes the three digests of one stream as its bytes arrive.
#[derive(Debug, Clone, Default)]
pub struct Fingerprinter(Stream<Chains>);

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

/// The MD5 half of a [`Fingerprinter`], for a long stream that is digested on two threads: MD5
/// of one stream is the slowest part, and nothing makes it faster.
#[derive(Debug, Clone, Default)]
pub struct Md5Stream(Stream<Md5Chain>);

impl Md5Stream {
    /// Takes the next bytes of the stream.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// The SHA half of a [`Fingerprinter`].
#[derive(Debug, Clone, Default)]
pub struct ShaStream(Stream<ShaChain>);

impl ShaStream {
    /// Takes the next bytes of the stream.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

/// How many buffers are digested at once on this processor.
#[derive(Clone, Copy)]
enum Width {
    #[cfg(target_arch = "x86_64")]
    Sixteen(avx512::Avx512),
    #[cfg(target_arch = "x86_64")]
    Eight(avx2::Avx2),
    One,
}

fn width() -> Width {
    static WIDTH: OnceLock<Width> = OnceLock::new();
    *WIDTH.get_or_init(|| {
        #[cfg(target_arch = "x86_64")]
        {
            let sixteen = avx512::Avx512::detect().map(Width::Sixteen);
            if let Some(width) = sixteen.or_else(|| avx2::Avx2::detect().map(Width::Eight)) {
                return width;
            }
        }
        Width::One
    })
}

/// The digests of each buffer, in the order given. Best with many buffers at a time, of any
/// lengths.
pub fn digest_many(buffers: &[&[u8]]) -> Vec<Digests> {
    match width() {
        #[cfg(target_arch = "x86_64")]
        Width::Sixteen(kernel) => digest_all(&kernel, buffers, 4),
        #[cfg(target_arch = "x86_64")]
        Width::Eight(kernel) => digest_all(&kernel, buffers, 4),
        Width::One => buffers.iter().map(|buffer| Digests::of(buffer)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{noise, reference};

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
    fn a_stream_of_any_length_has_the_digests_of_the_reference() {
        let bytes = noise(1, 1_000_003);
        for len in (0..=4096).chain([65_535, 65_536, 1_000_003]) {
            assert_eq!(Digests::of(&bytes[..len]), reference(&bytes[..len]), "{len} bytes");
        }
    }

    #[test]
    fn a_stream_in_pieces_has_the_digests_of_the_whole() {
        let bytes = noise(2, 100_000);
        for piece in [1, 3, 63, 64, 65, 127, 4096, 99_999] {
            let mut whole = Fingerprinter::new();
            let (mut md5, mut shas) = (Md5Stream::default(), ShaStream::default());
            for piece in bytes.chunks(piece) {
                whole.update(piece);
                md5.update(piece);
                shas.update(piece);
            }
            assert_eq!(whole.finish(), reference(&bytes), "pieces of {piece}");
            assert_eq!(Digests::of_halves(md5, shas), reference(&bytes), "pieces of {piece}");
        }
    }

    #[test]
    fn many_buffers_at_once_have_the_digests_of_each() {
        let bytes = noise(3, 4096);
        let buffers: Vec<&[u8]> = (0..=4096).map(|len| &bytes[..len]).collect();
        for (digests, buffer) in digest_many(&buffers).iter().zip(&buffers) {
            assert_eq!(*digests, reference(buffer), "{} bytes", buffer.len());
        }
        assert!(digest_many(&[]).is_empty());
    }
}
