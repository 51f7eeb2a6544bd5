//! The unfinished digests of sixteen lanes, word by word, so that one load takes a word of all.

use super::{LANES, md5, sha1, sha256};
use crate::digest::Digests;

/// The unfinished digests of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) md5: [u32; 4],
    pub(super) sha1: [u32; 5],
    pub(super) sha256: [u32; 8],
}

impl Chain {
    /// Before the first block.
    pub(super) const INITIAL: Self =
        Self { md5: md5::INITIAL, sha1: sha1::INITIAL, sha256: sha256::INITIAL };

    /// The digests, once the padding has been taken in.
    pub(super) fn digests(&self) -> Digests {
        let mut digests = Digests { md5: [0; 16], sha1: [0; 20], sha256: [0; 32] };
        for (bytes, word) in digests.md5.chunks_exact_mut(4).zip(self.md5) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        for (bytes, word) in digests.sha1.chunks_exact_mut(4).zip(self.sha1) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        for (bytes, word) in digests.sha256.chunks_exact_mut(4).zip(self.sha256) {
            bytes.copy_from_slice(&word.to_be_bytes());
        }
        digests
    }
}

/// One word of every lane.
pub(super) type Row = [u32; LANES];

/// The chains of all lanes.
#[derive(Debug, Clone)]
#[repr(align(64))]
pub(super) struct States {
    pub(super) md5: [Row; 4],
    pub(super) sha1: [Row; 5],
    pub(super) sha256: [Row; 8],
}

impl States {
    /// Every lane before its first block.
    pub(super) fn new() -> Self {
        Self {
            md5: md5::INITIAL.map(|word| [word; LANES]),
            sha1: sha1::INITIAL.map(|word| [word; LANES]),
            sha256: sha256::INITIAL.map(|word| [word; LANES]),
        }
    }

    /// The chain of one lane.
    pub(super) fn chain(&self, lane: usize) -> Chain {
        Chain {
            md5: self.md5.map(|row| row[lane]),
            sha1: self.sha1.map(|row| row[lane]),
            sha256: self.sha256.map(|row| row[lane]),
        }
    }

    /// Sets the chain of one lane.
    pub(super) fn set_chain(&mut self, lane: usize, chain: &Chain) {
        for (row, word) in self.md5.iter_mut().zip(chain.md5) {
            row[lane] = word;
        }
        self.set_shas(lane, chain);
    }

    /// Sets all but the MD5 of one lane.
    pub(super) fn set_shas(&mut self, lane: usize, chain: &Chain) {
        for (row, word) in self.sha1.iter_mut().zip(chain.sha1) {
            row[lane] = word;
        }
        for (row, word) in self.sha256.iter_mut().zip(chain.sha256) {
            row[lane] = word;
        }
    }
}
