//! One stream at a time: chaining values, padding, and bytes that arrive in pieces.
//!
//! MD5 is the scalar kernel of [`crate::lanes`]; SHA-1 and SHA-256 are RustCrypto's functions,
//! which use the processor's own instructions for them where it has any.
//!
//! Source: RFC 1321, sections 3.1 to 3.5; FIPS 180-4, sections 5.1.1, 6.1.2, 6.2.2.

use crate::Digests;
use crate::lanes::scalar::md5_blocks;

/// Bytes of a block of all three functions.
pub(crate) const BLOCK: usize = 64;

/// What a message begins with: RFC 1321, section 3.3; FIPS 180-4, sections 5.3.1 and 5.3.3.
pub(crate) const MD5_START: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
pub(crate) const SHA1_START: [u32; 5] =
    [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
pub(crate) const SHA256_START: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// Chaining values that take whole blocks.
pub(crate) trait Chain: Clone {
    /// What they become at the end.
    type Output;

    /// Adds blocks.
    fn add(&mut self, blocks: &[[u8; BLOCK]]);

    /// Adds the padded end, whose last eight bytes are still zero, with the length in bits.
    fn finish(self, end: &[u8], bits: u64) -> Self::Output;
}

/// Chaining values of MD5.
#[derive(Debug, Clone)]
pub(crate) struct Md5Chain(pub(crate) [u32; 4]);

impl Default for Md5Chain {
    fn default() -> Self {
        Self(MD5_START)
    }
}

impl Chain for Md5Chain {
    type Output = [u8; 16];

    fn add(&mut self, blocks: &[[u8; BLOCK]]) {
        md5_blocks(&mut self.0, blocks);
    }

    fn finish(mut self, end: &[u8], bits: u64) -> [u8; 16] {
        self.add(with_length(end, bits.to_le_bytes()).as_chunks().0);
        self.digest()
    }
}

impl Md5Chain {
    fn digest(&self) -> [u8; 16] {
        let mut digest = [0; 16];
        for (to, word) in digest.as_chunks_mut().0.iter_mut().zip(self.0) {
            *to = word.to_le_bytes();
        }
        digest
    }
}

/// Chaining values of SHA-1 and SHA-256.
#[derive(Debug, Clone)]
pub(crate) struct ShaChain {
    pub(crate) sha1: [u32; 5],
    pub(crate) sha256: [u32; 8],
}

impl Default for ShaChain {
    fn default() -> Self {
        Self { sha1: SHA1_START, sha256: SHA256_START }
    }
}

impl Chain for ShaChain {
    type Output = ([u8; 20], [u8; 32]);

    fn add(&mut self, blocks: &[[u8; BLOCK]]) {
        // As much at a time as stays in the first cache.
        for few in blocks.chunks(64) {
            sha1::block_api::compress(&mut self.sha1, few);
            sha2::block_api::compress256(&mut self.sha256, few);
        }
    }

    fn finish(mut self, end: &[u8], bits: u64) -> ([u8; 20], [u8; 32]) {
        self.add(with_length(end, bits.to_be_bytes()).as_chunks().0);
        self.digests()
    }
}

impl ShaChain {
    fn digests(&self) -> ([u8; 20], [u8; 32]) {
        let (mut sha1, mut sha256) = ([0; 20], [0; 32]);
        for (to, word) in sha1.as_chunks_mut().0.iter_mut().zip(self.sha1) {
            *to = word.to_be_bytes();
        }
        for (to, word) in sha256.as_chunks_mut().0.iter_mut().zip(self.sha256) {
            *to = word.to_be_bytes();
        }
        (sha1, sha256)
    }
}

/// Chaining values of all three.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chains {
    pub(crate) md5: Md5Chain,
    pub(crate) shas: ShaChain,
}

impl Chain for Chains {
    type Output = Digests;

    fn add(&mut self, blocks: &[[u8; BLOCK]]) {
        // MD5 waits for itself; block by block the processor fills that time with the SHAs.
        for block in blocks {
            let one = std::slice::from_ref(block);
            md5_blocks(&mut self.md5.0, one);
            sha1::block_api::compress(&mut self.shas.sha1, one);
            sha2::block_api::compress256(&mut self.shas.sha256, one);
        }
    }

    fn finish(self, end: &[u8], bits: u64) -> Digests {
        let md5 = self.md5.finish(end, bits);
        let (sha1, sha256) = self.shas.finish(end, bits);
        Digests { md5, sha1, sha256 }
    }
}

impl Chains {
    /// The digests of a message whose end was added already.
    pub(crate) fn digests(&self) -> Digests {
        let (sha1, sha256) = self.shas.digests();
        Digests { md5: self.md5.digest(), sha1, sha256 }
    }
}

/// The end of a message: the bytes behind its last whole block, a one bit, zeros; the last eight
/// bytes are left for the length.
#[derive(Debug, Clone)]
pub(crate) struct End {
    bytes: [u8; 2 * BLOCK],
    len: usize,
}

impl End {
    /// The end of a message that has `rest`, less than a block, behind its last whole block.
    pub(crate) fn of(rest: &[u8]) -> Self {
        let mut bytes = [0; 2 * BLOCK];
        bytes[..rest.len()].copy_from_slice(rest);
        bytes[rest.len()] = 0x80;
        let len = if rest.len() + 9 <= BLOCK { BLOCK } else { 2 * BLOCK };
        Self { bytes, len }
    }

    /// One block or two.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The end with the length in its last eight bytes, in blocks.
fn with_length(end: &[u8], length: [u8; 8]) -> Vec<u8> {
    let mut end = end.to_vec();
    let at = end.len().saturating_sub(length.len());
    end[at..].copy_from_slice(&length);
    end
}

/// Bytes in pieces, to be added block by block.
#[derive(Debug, Clone)]
pub(crate) struct Stream<C> {
    chain: C,
    /// What does not fill a block yet.
    held: [u8; BLOCK],
    held_len: usize,
    len: u64,
}

impl<C: Default> Default for Stream<C> {
    fn default() -> Self {
        Self { chain: C::default(), held: [0; BLOCK], held_len: 0, len: 0 }
    }
}

impl<C: Chain> Stream<C> {
    /// Takes the next bytes.
    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        self.len = self.len.wrapping_add(bytes.len() as u64);
        if self.held_len > 0 {
            let wanted = (BLOCK - self.held_len).min(bytes.len());
            let (now, later) = bytes.split_at(wanted);
            self.held[self.held_len..self.held_len + wanted].copy_from_slice(now);
            self.held_len += wanted;
            bytes = later;
            if self.held_len < BLOCK {
                return;
            }
            self.chain.add(std::slice::from_ref(&self.held));
            self.held_len = 0;
        }
        let (blocks, rest) = bytes.as_chunks();
        self.chain.add(blocks);
        self.held[..rest.len()].copy_from_slice(rest);
        self.held_len = rest.len();
    }

    /// The digests of all bytes taken.
    pub(crate) fn finish(self) -> C::Output {
        let end = End::of(&self.held[..self.held_len]);
        self.chain.finish(end.bytes(), self.len.wrapping_mul(8))
    }
}
