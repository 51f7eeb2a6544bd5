//! A key spread over stripes, so that losing any of them loses the key: LUKS's AF splitter.
//!
//! In: stripes as long as the key each. Out: the key. Source: "LUKS1 On-Disk Format
//! Specification", section 2.4.

use zeroize::Zeroizing;

use crate::derive::Hash;

/// The key that these stripes hold.
pub(super) fn joined(stripes: &[u8], key_len: usize, hash: Hash) -> Zeroizing<Vec<u8>> {
    let mut key = Zeroizing::new(vec![0; key_len]);
    let count = stripes.len() / key_len.max(1);
    for (stripe, number) in stripes.chunks_exact(key_len.max(1)).zip(1..) {
        for (byte, other) in key.iter_mut().zip(stripe) {
            *byte ^= other;
        }
        if number < count {
            diffuse(&mut key, hash);
        }
    }
    key
}

/// Replaces each part as long as a digest by the digest of its number and itself.
fn diffuse(key: &mut [u8], hash: Hash) {
    for (part, number) in key.chunks_mut(hash.len()).zip(0_u32..) {
        let digest = hash.digest([&number.to_be_bytes(), part]);
        let len = part.len();
        part.copy_from_slice(&digest[..len]);
    }
}
