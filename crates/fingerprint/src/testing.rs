//! What the tests compare with: RustCrypto's digests, and bytes that do not repeat soon.

use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::Sha256;

use crate::Digests;

/// The digests that RustCrypto gives, one function after the other.
pub(crate) fn reference(bytes: &[u8]) -> Digests {
    Digests {
        md5: Md5::digest(bytes).into(),
        sha1: Sha1::digest(bytes).into(),
        sha256: Sha256::digest(bytes).into(),
    }
}

/// `len` bytes, the same for the same seed.
pub(crate) fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}
