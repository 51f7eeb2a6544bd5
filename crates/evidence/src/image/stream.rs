//! Reads a whole image from beginning to end on several threads.
//!
//! In: an [`Image`]. Out: its bytes in order, block by block, to one callback on the caller's
//! own thread; inflating runs ahead on the others, by a bounded number of blocks. What cannot
//! be read is handed over as such, as long as the image says it is, and reading goes on
//! behind it: a missing terabyte is one piece.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::{Image, ReadError};
use crate::unit::{ByteLen, ByteOffset};

/// Bytes of one block, unless a granule is longer.
const BLOCK_LEN: u64 = 1 << 20;
/// How many blocks each thread may be ahead.
const AHEAD: u64 = 4;

/// What [`stream`] hands over, in the order of the image, without overlap or omission.
#[derive(Debug)]
pub enum Block<'a> {
    /// Bytes of the image.
    Bytes {
        /// Where they begin.
        at: ByteOffset,
        /// The bytes, never none.
        bytes: &'a [u8],
    },
    /// Bytes that cannot be read.
    Missing {
        /// Where they begin.
        at: ByteOffset,
        /// How many: as many as the image has lost in one stretch, which may be most of it.
        len: ByteLen,
        /// Why not.
        why: ReadError,
    },
}

/// A stretch of a block that was read ahead.
enum Piece {
    /// So many bytes of the block's buffer, from here on.
    Bytes {
        from: usize,
        len: usize,
    },
    Missing {
        at: u64,
        len: u64,
        why: ReadError,
    },
}

/// A block that was read ahead.
struct Ahead {
    at: u64,
    buffer: Vec<u8>,
    pieces: Vec<Piece>,
}

/// Where the threads stand.
struct Progress {
    /// Next position to be claimed.
    claim: u64,
    /// Blocks handed over or being handed over.
    delivered: u64,
    /// Blocks claimed.
    claimed: u64,
    /// Read, not yet handed over, by their number.
    ready: BTreeMap<u64, Ahead>,
    /// Buffers to be used again.
    spare: Vec<Vec<u8>>,
    stop: bool,
}

struct Shared<'a> {
    image: &'a dyn Image,
    block_len: u64,
    window: u64,
    progress: Mutex<Progress>,
    changed: Condvar,
}

/// Hands every byte of `image` to `each` in order, reading and inflating on `threads` threads
/// beside the caller's own. `each` ends it early with [`ControlFlow::Break`].
pub fn stream(
    image: &dyn Image,
    threads: NonZeroUsize,
    mut each: impl FnMut(Block<'_>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let granule = image.granule().0.max(1);
    let shared = Shared {
        image,
        block_len: BLOCK_LEN.div_ceil(granule).saturating_mul(granule),
        window: (threads.get() as u64).saturating_mul(AHEAD),
        progress: Mutex::new(Progress {
            claim: 0,
            delivered: 0,
            claimed: 0,
            ready: BTreeMap::new(),
            spare: Vec::new(),
            stop: false,
        }),
        changed: Condvar::new(),
    };
    std::thread::scope(|scope| {
        for _ in 0..threads.get() {
            scope.spawn(|| shared.read_ahead());
        }
        // A callback that panics must not leave the readers waiting for room.
        let _stop = StopOnDrop(&shared);
        shared.deliver(&mut each)
    })
}

struct StopOnDrop<'a, 'b>(&'a Shared<'b>);

impl Drop for StopOnDrop<'_, '_> {
    fn drop(&mut self) {
        self.0.lock().stop = true;
        self.0.changed.notify_all();
    }
}

impl Shared<'_> {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reader: claims block after block until the image or the caller's interest ends.
    fn read_ahead(&self) {
        // A reader that panics must not leave the caller waiting for its block.
        let stop = StopOnDrop(self);
        while let Some((number, at, buffer)) = self.claim() {
            let block = read_block(self.image, at, buffer);
            let mut progress = self.lock();
            if let Some(Piece::Missing { at, len, .. }) = block.pieces.last() {
                // Nothing in there need be tried again.
                let end = at.saturating_add(*len).min(self.image.len().0);
                progress.claim = progress.claim.max(end - end % self.block_len);
            }
            progress.ready.insert(number, block);
            drop(progress);
            self.changed.notify_all();
        }
        std::mem::forget(stop);
    }

    fn claim(&self) -> Option<(u64, u64, Vec<u8>)> {
        let mut progress = self.lock();
        loop {
            if progress.stop || progress.claim >= self.image.len().0 {
                return None;
            }
            if progress.claimed < progress.delivered + self.window {
                break;
            }
            progress = self.changed.wait(progress).unwrap_or_else(PoisonError::into_inner);
        }
        let at = progress.claim;
        let len = self.block_len.min(self.image.len().0 - at);
        let number = progress.claimed;
        progress.claim += len;
        progress.claimed += 1;
        let mut buffer = progress.spare.pop().unwrap_or_default();
        drop(progress);
        buffer.resize(usize::try_from(len).unwrap_or(usize::MAX), 0);
        Some((number, at, buffer))
    }

    /// The caller's side: waits for each block in turn and hands its pieces over.
    fn deliver(&self, each: &mut impl FnMut(Block<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut next = 0;
        let mut number = 0;
        while next < self.image.len().0 {
            let mut progress = self.lock();
            let block = loop {
                if let Some(block) = progress.ready.remove(&number) {
                    break block;
                }
                if progress.stop {
                    return ControlFlow::Break(());
                }
                progress = self.changed.wait(progress).unwrap_or_else(PoisonError::into_inner);
            };
            drop(progress);
            let Ahead { at, buffer, pieces } = block;
            for piece in pieces {
                if let Some(block) = piece.behind(&mut next, self.image.len().0, at, &buffer) {
                    each(block)?;
                }
            }
            number += 1;
            let mut progress = self.lock();
            progress.delivered += 1;
            progress.spare.push(buffer);
            drop(progress);
            self.changed.notify_all();
        }
        ControlFlow::Continue(())
    }
}

impl Piece {
    /// The piece as far as it lies behind `next`, which moves to its end; none where a longer
    /// missing stretch covered it before. `start` is where `buffer` begins.
    fn behind<'b>(
        self,
        next: &mut u64,
        image_len: u64,
        start: u64,
        buffer: &'b [u8],
    ) -> Option<Block<'b>> {
        let (at, len) = match &self {
            Self::Bytes { from, len } => (start + *from as u64, *len as u64),
            Self::Missing { at, len, .. } => (*at, (*len).min(image_len - *at)),
        };
        let covered = next.saturating_sub(at);
        let len = len.checked_sub(covered).filter(|len| *len > 0)?;
        let at = ByteOffset(at + covered);
        *next = at.0 + len;
        Some(match self {
            Self::Bytes { from, .. } => {
                let from = from + usize::try_from(covered).ok()?;
                Block::Bytes { at, bytes: &buffer[from..from + usize::try_from(len).ok()?] }
            }
            Self::Missing { why, .. } => Block::Missing { at, len: ByteLen(len), why },
        })
    }
}

/// Reads one block; where that fails, granule by granule, so that one damaged chunk costs no
/// more than itself.
fn read_block(image: &dyn Image, at: u64, mut buffer: Vec<u8>) -> Ahead {
    if image.read_at(ByteOffset(at), &mut buffer).is_ok() {
        let pieces = vec![Piece::Bytes { from: 0, len: buffer.len() }];
        return Ahead { at, buffer, pieces };
    }
    let granule = usize::try_from(image.granule().0.max(1)).unwrap_or(usize::MAX);
    let mut pieces = Vec::new();
    let mut from = 0;
    while from < buffer.len() {
        let here = granule.min(buffer.len() - from);
        let position = at + from as u64;
        match image.read_at(ByteOffset(position), &mut buffer[from..from + here]) {
            Ok(()) => {
                if let Some(Piece::Bytes { len, .. }) = pieces.last_mut() {
                    *len += here;
                } else {
                    pieces.push(Piece::Bytes { from, len: here });
                }
                from += here;
            }
            Err(why) => {
                // The error may name a longer extent: nothing in it need be tried again.
                let named = match &why {
                    ReadError::DamagedChunk { offset, len, .. } => {
                        (offset.0.saturating_add(len.0)).saturating_sub(position)
                    }
                    _ => 0,
                };
                let len = named.max(here as u64);
                pieces.push(Piece::Missing { at: position, len, why });
                from = from.saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
            }
        }
    }
    Ahead { at, buffer, pieces }
}
