//! The RustCrypto crates: the twin of every kernel, and the two SHAs of one stream where the
//! processor has no SHA instructions that we use ourselves.
//!
//! Source: RFC 1321 (MD5), FIPS 180-4 (SHA-1, SHA-256).

use ::md5::{Digest, Md5};
use ::sha1::Sha1;
use ::sha2::Sha256;

use super::BLOCK;
use super::states::Chain;
use crate::digest::Digests;

/// How much is fed to the three digests in turn: small enough to stay in the first cache.
const SLICE: usize = 16 * 1024;

/// The digests of a whole buffer by the RustCrypto crates.
pub(super) fn digests(bytes: &[u8]) -> Digests {
    let (mut md5, mut sha1, mut sha256) = (Md5::new(), Sha1::new(), Sha256::new());
    for slice in bytes.chunks(SLICE) {
        md5.update(slice);
        sha1.update(slice);
        sha256.update(slice);
    }
    Digests {
        md5: md5.finalize().into(),
        sha1: sha1.finalize().into(),
        sha256: sha256.finalize().into(),
    }
}

/// Takes whole blocks of one stream into its SHA-1 and SHA-256.
pub(super) fn compress_shas(chain: &mut Chain, blocks: &[[u8; BLOCK]]) {
    ::sha1::block_api::compress(&mut chain.sha1, blocks);
    ::sha2::block_api::compress256(&mut chain.sha256, blocks);
}
