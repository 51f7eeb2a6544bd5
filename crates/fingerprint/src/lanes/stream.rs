//! The digests of one long stream, in one pass over its blocks.
//!
//! In: bytes in pieces of any length. Out: [`Digests`]. MD5 bounds it, because each of its steps
//! waits for the one before. A [`Stream`] runs the two SHAs in the gaps, on one thread; with a
//! second thread to spare, [`Md5Stream`] and [`ShaStream`] take the same bytes apart.

use super::padding::Tail;
use super::states::Chain;
use super::{BLOCK, kernel};
use crate::digest::Digests;

/// Cuts pieces of any length into blocks.
#[derive(Debug, Clone)]
struct Cutter {
    taken: u64,
    rest: [u8; BLOCK],
}

impl Cutter {
    /// `taken` bytes, whole blocks, have gone by already.
    fn new(taken: u64) -> Self {
        Self { taken, rest: [0; BLOCK] }
    }

    /// Hands every block that these bytes complete to `blocks`, in order.
    fn cut(&mut self, mut bytes: &[u8], mut blocks: impl FnMut(&[[u8; BLOCK]])) {
        let held = self.held();
        self.taken = self.taken.wrapping_add(bytes.len() as u64);
        if held > 0 {
            let (head, tail) = bytes.split_at(bytes.len().min(BLOCK - held));
            self.rest[held..held + head.len()].copy_from_slice(head);
            if held + head.len() < BLOCK {
                return;
            }
            blocks(&[self.rest]);
            bytes = tail;
        }
        let (whole, tail) = bytes.as_chunks();
        blocks(whole);
        self.rest[..tail.len()].copy_from_slice(tail);
    }

    /// How many bytes wait for their block to fill.
    fn held(&self) -> usize {
        usize::from(self.taken.to_le_bytes()[0]) % BLOCK
    }

    fn tail(&self) -> Tail {
        Tail::new(&self.rest[..self.held()], self.taken)
    }
}

/// The three digests of one stream on one thread.
#[derive(Debug, Clone)]
pub struct Stream {
    chain: Chain,
    cutter: Cutter,
}

impl Default for Stream {
    fn default() -> Self {
        Self::new()
    }
}

impl Stream {
    /// A stream of which nothing has been seen yet.
    pub fn new() -> Self {
        Self::resumed(Chain::INITIAL, 0)
    }

    /// The digests of a whole buffer.
    pub fn of(bytes: &[u8]) -> Digests {
        let mut stream = Self::new();
        stream.update(bytes);
        stream.finish()
    }

    /// A stream of which `taken` bytes, whole blocks, are in `chain` already.
    pub(super) fn resumed(chain: Chain, taken: u64) -> Self {
        Self { chain, cutter: Cutter::new(taken) }
    }

    /// Takes the next bytes of the stream.
    pub fn update(&mut self, bytes: &[u8]) {
        self.cutter.cut(bytes, |blocks| kernel::compress(&mut self.chain, blocks));
    }

    /// The digests of all bytes taken.
    pub fn finish(self) -> Digests {
        let tail = self.cutter.tail();
        self.closed_by(tail)
    }

    /// The digests once what is left of `tail` has been taken after the blocks of this stream.
    pub(super) fn closed_by(mut self, tail: Tail) -> Digests {
        kernel::compress_md5(&mut self.chain.md5, tail.blocks());
        kernel::compress_shas(&mut self.chain, tail.for_sha().blocks());
        self.chain.digests()
    }
}

/// The MD5 of one stream, for a thread of its own.
#[derive(Debug, Clone)]
pub struct Md5Stream {
    state: [u32; 4],
    cutter: Cutter,
}

impl Default for Md5Stream {
    fn default() -> Self {
        Self { state: Chain::INITIAL.md5, cutter: Cutter::new(0) }
    }
}

impl Md5Stream {
    /// Takes the next bytes of the stream.
    pub fn update(&mut self, bytes: &[u8]) {
        self.cutter.cut(bytes, |blocks| kernel::compress_md5(&mut self.state, blocks));
    }

    /// The MD5 of all bytes taken.
    pub fn finish(mut self) -> [u8; 16] {
        kernel::compress_md5(&mut self.state, self.cutter.tail().blocks());
        Chain { md5: self.state, ..Chain::INITIAL }.digests().md5
    }
}

/// The SHA-1 and SHA-256 of one stream, for a thread of their own.
#[derive(Debug, Clone)]
pub struct ShaStream {
    chain: Chain,
    cutter: Cutter,
}

impl Default for ShaStream {
    fn default() -> Self {
        Self { chain: Chain::INITIAL, cutter: Cutter::new(0) }
    }
}

impl ShaStream {
    /// Takes the next bytes of the stream.
    pub fn update(&mut self, bytes: &[u8]) {
        self.cutter.cut(bytes, |blocks| kernel::compress_shas(&mut self.chain, blocks));
    }
}

/// Puts together what two threads computed of the same bytes.
pub(crate) fn of_halves(mut md5: Md5Stream, shas: ShaStream) -> Digests {
    kernel::compress_md5(&mut md5.state, md5.cutter.tail().blocks());
    let ShaStream { chain, cutter } = shas;
    let mut chain = Chain { md5: md5.state, ..chain };
    kernel::compress_shas(&mut chain, cutter.tail().for_sha().blocks());
    chain.digests()
}
