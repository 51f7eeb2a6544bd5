//! Every byte of an image, against the digests that it stores.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;

use pendeen_evidence::image::{Block, Image, stream};
use pendeen_evidence::unit::{ByteLen, ByteOffset};
use pendeen_fingerprint::{Digests, Fingerprinter};

use crate::halves::digest_on_two_threads;
use crate::progress::Progress;

/// Digests of a whole device, and how they compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// MD5, SHA-1 and SHA-256 of the device; bytes that could not be read count as zeros.
    pub digests: Digests,
    /// MD5 that the container stores, if any.
    pub stored_md5: Option<[u8; 16]>,
    /// SHA-1 that the container stores, if any.
    pub stored_sha1: Option<[u8; 20]>,
    /// What could not be read, in order.
    pub unreadable: Vec<Unreadable>,
}

/// Bytes that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Where they begin.
    pub offset: ByteOffset,
    /// How many.
    pub len: ByteLen,
    /// Why.
    pub reason: String,
}

impl Verification {
    /// Whether the computed digests equal every stored one; none if the container stores none.
    pub fn matches(&self) -> Option<bool> {
        let md5 = self.stored_md5.map(|stored| stored == self.digests.md5);
        let sha1 = self.stored_sha1.map(|stored| stored == self.digests.sha1);
        match (md5, sha1) {
            (None, None) => None,
            (md5, sha1) => Some(md5.unwrap_or(true) && sha1.unwrap_or(true)),
        }
    }

    /// How many bytes could not be read.
    pub fn unreadable_bytes(&self) -> u64 {
        self.unreadable.iter().map(|range| range.len.0).sum()
    }
}

/// Reads every byte of the image and digests it.
pub fn image_verify(
    image: &Arc<dyn Image>,
    threads: NonZeroUsize,
    progress: &dyn Progress,
) -> Verification {
    let mut unreadable = Vec::new();
    let zeros = vec![0; 1 << 16];
    let mut read = |sink: &mut dyn FnMut(&[u8])| {
        // It goes on to the end: the callback never breaks off.
        let _ = stream(image.as_ref(), threads, |block| {
            match block {
                Block::Bytes { bytes, .. } => {
                    sink(bytes);
                    progress.advance(0, bytes.len() as u64);
                }
                Block::Missing { at, len, why } => {
                    let mut left = len.0;
                    while left > 0 {
                        let n = usize::try_from(left).unwrap_or(zeros.len()).min(zeros.len());
                        sink(&zeros[..n]);
                        left -= n as u64;
                    }
                    progress.advance(0, len.0);
                    unreadable.push(Unreadable { offset: at, len, reason: why.to_string() });
                }
            }
            ControlFlow::Continue(())
        });
    };
    let digests = if threads.get() > 1 {
        digest_on_two_threads(read).1
    } else {
        let mut fingerprinter = Fingerprinter::new();
        read(&mut |piece| fingerprinter.update(piece));
        fingerprinter.finish()
    };
    let provenance = image.provenance();
    Verification {
        digests,
        stored_md5: provenance.stored_md5,
        stored_sha1: provenance.stored_sha1,
        unreadable,
    }
}
