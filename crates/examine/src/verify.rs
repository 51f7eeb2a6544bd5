//! Every byte of an image, against the digests that it stores.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use pendeen_evidence::image::{Block, Image, stream};
use pendeen_evidence::unit::{ByteLen, ByteOffset};
use pendeen_fingerprint::Fingerprinter;
use serde::{Deserialize, Serialize};

use crate::halves::digest_on_two_threads;
use crate::progress::{Progress, Silent};

/// Digests of a whole device, and how they compare with those that its container stores.
/// Digests are lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// MD5 of the device. Bytes that could not be read count as zeros in all three.
    pub md5: String,
    /// SHA-1 of the device.
    pub sha1: String,
    /// SHA-256 of the device.
    pub sha256: String,
    /// MD5 that the container stores, if any.
    pub stored_md5: Option<String>,
    /// SHA-1 that the container stores, if any.
    pub stored_sha1: Option<String>,
    /// Whether the computed digests equal every stored one; none if nothing is stored.
    pub matches: Option<bool>,
    /// What could not be read, in order.
    pub unreadable: Vec<Unreadable>,
}

/// Bytes that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unreadable {
    /// Where they begin.
    pub offset: ByteOffset,
    /// How many.
    pub len: ByteLen,
    /// Why.
    pub reason: String,
}

impl Verification {
    /// How many bytes could not be read.
    pub fn unreadable_bytes(&self) -> u64 {
        self.unreadable.iter().fold(0, |sum, range| range.len.0.saturating_add(sum))
    }

    /// The result as lines for a person: label and value.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let stored = |digest: &Option<String>| digest.clone().unwrap_or_else(|| "none".to_owned());
        let verdict = match self.matches {
            Some(true) => "equal to the digests computed",
            Some(false) => "DIFFERENT from the digests computed",
            None => "nothing stored to compare with",
        };
        let mut lines = vec![
            ("MD5", self.md5.clone()),
            ("SHA-1", self.sha1.clone()),
            ("SHA-256", self.sha256.clone()),
            ("stored MD5", stored(&self.stored_md5)),
            ("stored SHA-1", stored(&self.stored_sha1)),
            ("stored digests", verdict.to_owned()),
        ];
        lines.extend(self.unreadable.iter().map(|range| {
            let Unreadable { offset, len, reason } = range;
            ("unreadable", format!("{len} bytes at byte {offset}: {reason}"))
        }));
        lines
    }
}

/// Reads every byte of the image and digests it.
pub fn image_verify(image: &dyn Image, threads: NonZeroUsize) -> Verification {
    image_verify_showing(image, threads, &Silent)
}

/// [`image_verify`], showing how far it has come in bytes.
pub fn image_verify_showing(
    image: &dyn Image,
    threads: NonZeroUsize,
    progress: &dyn Progress,
) -> Verification {
    let mut unreadable = Vec::new();
    let zeros = vec![0; 1 << 16];
    let mut read = |sink: &mut dyn FnMut(&[u8])| {
        // It goes on to the end: the callback never breaks off.
        let _ = stream(image, threads, |block| {
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
    let stored = image.provenance();
    let md5 = stored.stored_md5.map(|stored| stored == digests.md5);
    let sha1 = stored.stored_sha1.map(|stored| stored == digests.sha1);
    Verification {
        md5: hex::encode(digests.md5),
        sha1: hex::encode(digests.sha1),
        sha256: hex::encode(digests.sha256),
        stored_md5: stored.stored_md5.map(hex::encode),
        stored_sha1: stored.stored_sha1.map(hex::encode),
        matches: (md5.is_some() || sha1.is_some())
            .then(|| md5.unwrap_or(true) && sha1.unwrap_or(true)),
        unreadable,
    }
}
