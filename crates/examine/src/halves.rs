//! One long stream on two threads: MD5 on one, the SHAs and the reading on the other.
//!
//! MD5 of one stream bounds the whole; everything else must keep out of its way.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};

use pendeen_fingerprint::{Digests, Md5Stream, ShaStream};

/// Pieces that may wait for the slower thread.
const AHEAD: usize = 8;

/// Digests what `read` gives to its sink, on this thread and one more.
pub(crate) fn digest_on_two_threads<T>(
    read: impl FnOnce(&mut dyn FnMut(&[u8])) -> T,
) -> (T, Digests) {
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel::<Arc<Vec<u8>>>(AHEAD);
        let md5 = scope.spawn(move || {
            let mut md5 = Md5Stream::default();
            for piece in receiver {
                md5.update(&piece);
            }
            md5
        });
        let mut shas = ShaStream::default();
        let mut pool = Pool::default();
        let answer = read(&mut |piece| {
            let piece = pool.copy(piece);
            send(&sender, &piece);
            shas.update(&piece);
            pool.give_back(piece);
        });
        drop(sender);
        match md5.join() {
            Ok(md5) => (answer, Digests::of_halves(md5, shas)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// The other thread ends only when this one stops sending, or by a panic that `join` reports.
fn send(sender: &SyncSender<Arc<Vec<u8>>>, piece: &Arc<Vec<u8>>) {
    let _ = sender.send(Arc::clone(piece));
}

/// Buffers that go round, so that memory is not asked for again and again.
#[derive(Default)]
struct Pool(Vec<Arc<Vec<u8>>>);

impl Pool {
    fn copy(&mut self, piece: &[u8]) -> Arc<Vec<u8>> {
        let free = self.0.iter_mut().position(|buffer| Arc::get_mut(buffer).is_some());
        let mut buffer = free.map(|at| self.0.swap_remove(at)).unwrap_or_default();
        if let Some(bytes) = Arc::get_mut(&mut buffer) {
            bytes.clear();
            bytes.extend_from_slice(piece);
        }
        buffer
    }

    fn give_back(&mut self, buffer: Arc<Vec<u8>>) {
        self.0.push(buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_threads_give_the_digests_of_one() {
        let bytes: Vec<u8> = (0..3_000_001_u32).map(|i| (i / 7 % 251) as u8).collect();
        for piece in [1 << 20, 65_537, 3_000_001] {
            let (answer, digests) = digest_on_two_threads(|sink| {
                bytes.chunks(piece).for_each(sink);
                "read"
            });
            assert_eq!((answer, digests), ("read", Digests::of(&bytes)));
        }
    }
}
