//! Every byte of an image, against the digests that it stores.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{Scope, ScopedJoinHandle};

use pendeen_evidence::image::{Block, Image, stream};
use pendeen_evidence::unit::{ByteLen, ByteOffset};
use pendeen_fingerprint::{Fingerprinter, Md5Stream};
use serde::{Deserialize, Serialize};

use crate::ExamineError;
use crate::checkpoint::Checkpoint;
use crate::halves::digest_on_two_threads;
use crate::progress::{Progress, Silent, Step};

/// Digests of a whole device, and how they compare with those that its container stores.
/// Digests are lower-case hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// MD5 of the device. Bytes that could not be read count as zeros in all three.
    pub md5: String,
    /// SHA-1 of the device; none where an examination had nothing to compare it with.
    pub sha1: Option<String>,
    /// SHA-256 of the device, likewise.
    pub sha256: Option<String>,
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
        let or =
            |digest: &Option<String>, none: &str| digest.clone().unwrap_or_else(|| none.into());
        let verdict = match self.matches {
            Some(true) => "equal to the digests computed",
            Some(false) => "DIFFERENT from the digests computed",
            None => "nothing stored to compare with",
        };
        let mut lines = vec![
            ("MD5", self.md5.clone()),
            ("SHA-1", or(&self.sha1, "not computed")),
            ("SHA-256", or(&self.sha256, "not computed")),
            ("stored MD5", or(&self.stored_md5, "none")),
            ("stored SHA-1", or(&self.stored_sha1, "none")),
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
    // MD5 bounds it and wants a core of its own: more readers would only take that from it.
    let readers = NonZeroUsize::new(threads.get() - 1).unwrap_or(threads);
    let mut read = |sink: &mut dyn FnMut(&[u8])| {
        let mut reading =
            Reading { image, threads: readers, progress, unreadable: &mut unreadable };
        // It goes on to the end: nothing asks it to stop.
        let _ = reading.all(&|| false, sink);
    };
    let digests = if threads.get() > 1 {
        digest_on_two_threads(read).1
    } else {
        let mut fingerprinter = Fingerprinter::new();
        read(&mut |piece| fingerprinter.update(piece));
        fingerprinter.finish()
    };
    compared(image, digests.md5, Some((digests.sha1, digests.sha256)), unreadable)
}

/// Compares the image with the digests that it stores, and computes no others: MD5 alone takes half
/// the processor time of three. None where `stop` said so before the end.
pub(crate) fn image_compare(
    image: &dyn Image,
    threads: NonZeroUsize,
    progress: &dyn Progress,
    stop: &dyn Fn() -> bool,
) -> Option<Verification> {
    let mut unreadable = Vec::new();
    let mut reading = Reading { image, threads, progress, unreadable: &mut unreadable };
    if image.provenance().stored_sha1.is_some() {
        let (flow, digests) = digest_on_two_threads(|sink| reading.all(stop, sink));
        let shas = Some((digests.sha1, digests.sha256));
        return flow.is_continue().then(|| compared(image, digests.md5, shas, unreadable));
    }
    let mut md5 = Md5Stream::default();
    let flow = reading.all(stop, &mut |piece| md5.update(piece));
    flow.is_continue().then(|| compared(image, md5.finish(), None, unreadable))
}

/// An image that is read from its beginning to its end.
struct Reading<'a> {
    image: &'a dyn Image,
    threads: NonZeroUsize,
    progress: &'a dyn Progress,
    unreadable: &'a mut Vec<Unreadable>,
}

impl Reading<'_> {
    /// Gives every byte to `sink`, zeros for what cannot be read, until `stop` says so.
    fn all(&mut self, stop: &dyn Fn() -> bool, sink: &mut dyn FnMut(&[u8])) -> ControlFlow<()> {
        let zeros = vec![0; 1 << 16];
        stream(self.image, self.threads, |block| {
            match block {
                Block::Bytes { bytes, .. } => {
                    sink(bytes);
                    self.progress.advance(0, bytes.len() as u64);
                }
                Block::Missing { at, len, why } => {
                    let mut left = len.0;
                    while left > 0 {
                        let n = usize::try_from(left).unwrap_or(zeros.len()).min(zeros.len());
                        sink(&zeros[..n]);
                        left -= n as u64;
                    }
                    self.progress.advance(0, len.0);
                    self.unreadable.push(Unreadable { offset: at, len, reason: why.to_string() });
                }
            }
            if stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    }
}

fn compared(
    image: &dyn Image,
    md5: [u8; 16],
    shas: Option<([u8; 20], [u8; 32])>,
    unreadable: Vec<Unreadable>,
) -> Verification {
    let stored = image.provenance();
    let by_md5 = stored.stored_md5.map(|stored| stored == md5);
    let by_sha1 = stored.stored_sha1.zip(shas).map(|(stored, (sha1, _))| stored == sha1);
    Verification {
        md5: hex::encode(md5),
        sha1: shas.map(|(sha1, _)| hex::encode(sha1)),
        sha256: shas.map(|(_, sha256)| hex::encode(sha256)),
        stored_md5: stored.stored_md5.map(hex::encode),
        stored_sha1: stored.stored_sha1.map(hex::encode),
        matches: (by_md5.is_some() || by_sha1.is_some())
            .then(|| by_md5.unwrap_or(true) && by_sha1.unwrap_or(true)),
        unreadable,
    }
}

/// The comparing of images with the digests that they store, beside everything else: MD5 of one
/// stream keeps one core busy, and the others meanwhile read files.
pub(crate) struct Verifying<'scope> {
    thread: ScopedJoinHandle<'scope, Result<Vec<Option<Verification>>, ExamineError>>,
    meter: Arc<Meter<'scope>>,
}

/// How far it has come; shown once nothing else is left to be done.
struct Meter<'a> {
    progress: &'a dyn Progress,
    left: AtomicU64,
    shown: AtomicBool,
    dropped: AtomicBool,
}

impl Progress for Meter<'_> {
    fn begin(&self, _step: Step, _items: Option<u64>, _bytes: Option<u64>) {}

    fn advance(&self, items: u64, bytes: u64) {
        self.left.fetch_sub(bytes, Ordering::Relaxed);
        if self.shown.load(Ordering::Relaxed) {
            self.progress.advance(items, bytes);
        }
    }
}

impl<'scope> Verifying<'scope> {
    /// Begins to compare these images, one after the other, and makes what that finds durable in
    /// the checkpoint; `stopped` ends it early.
    pub(crate) fn start(
        scope: &'scope Scope<'scope, '_>,
        images: Vec<Option<Arc<dyn Image>>>,
        checkpoint: &Arc<Checkpoint>,
        progress: &'scope dyn Progress,
        stopped: impl Fn() -> bool + Send + 'scope,
    ) -> Self {
        let bytes = images.iter().flatten().map(|image| image.len().0).fold(0, u64::saturating_add);
        let meter = Arc::new(Meter {
            progress,
            left: AtomicU64::new(bytes),
            shown: AtomicBool::new(false),
            dropped: AtomicBool::new(false),
        });
        let (of_thread, checkpoint) = (Arc::clone(&meter), Arc::clone(checkpoint));
        let thread = scope.spawn(move || {
            let stop = || stopped() || of_thread.dropped.load(Ordering::Relaxed);
            let compare = |image: Option<Arc<dyn Image>>| {
                image_compare(image?.as_ref(), NonZeroUsize::MIN, &*of_thread, &stop)
            };
            let verified: Vec<_> = images.into_iter().map(compare).collect();
            if !stop() {
                checkpoint.keep_verified(&verified)?;
            }
            Ok(verified)
        });
        Self { thread, meter }
    }

    /// Waits for what is left, and shows it.
    pub(crate) fn finish(self) -> Result<Vec<Option<Verification>>, ExamineError> {
        let left = self.meter.left.load(Ordering::Relaxed);
        if !self.thread.is_finished() && left > 0 {
            self.meter.progress.begin(Step::Verifying, None, Some(left));
            self.meter.shown.store(true, Ordering::Relaxed);
        }
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// What tells it to end when whoever started it has failed: to be kept until then.
    pub(crate) fn ends_with_this(&self) -> impl Drop + use<'scope> {
        EndOnDrop(Arc::clone(&self.meter))
    }
}

struct EndOnDrop<'a>(Arc<Meter<'a>>);

impl Drop for EndOnDrop<'_> {
    fn drop(&mut self) {
        self.0.dropped.store(true, Ordering::Relaxed);
    }
}
