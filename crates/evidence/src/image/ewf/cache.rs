//! A small cache of inflated chunks, so that walking metadata does not inflate the same chunk
//! again for every record in it. Sharded, so that concurrent callers seldom wait.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// All shards together hold about this many bytes.
const BUDGET: u64 = 32 << 20;
/// Most shards.
const MAX_SHARDS: u64 = 16;

type Shard = VecDeque<(u64, Arc<[u8]>)>;

/// Chunks by number, the most recently used of each shard in front.
#[derive(Debug)]
pub(super) struct Cache {
    shards: Box<[Mutex<Shard>]>,
    per_shard: usize,
}

impl Cache {
    /// A cache for chunks of `chunk_len` bytes.
    pub fn new(chunk_len: u64) -> Self {
        let chunks = (BUDGET / chunk_len.max(1)).clamp(1, 1024);
        let shards = chunks.min(MAX_SHARDS);
        let per_shard = usize::try_from(chunks / shards).unwrap_or(1);
        Self { shards: (0..shards).map(|_| Mutex::default()).collect(), per_shard }
    }

    fn shard(&self, chunk: u64) -> std::sync::MutexGuard<'_, Shard> {
        let index = usize::try_from(chunk % self.shards.len() as u64).unwrap_or(0);
        // A shard holds whole entries only, so one that a panicking thread left is still good.
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chunk, if it is here.
    pub fn get(&self, chunk: u64) -> Option<Arc<[u8]>> {
        let mut shard = self.shard(chunk);
        let found = shard.iter().position(|(number, _)| *number == chunk)?;
        let entry = shard.remove(found)?;
        let bytes = Arc::clone(&entry.1);
        shard.push_front(entry);
        Some(bytes)
    }

    /// Keeps a chunk, and lets go of the one that was not used for longest.
    pub fn put(&self, chunk: u64, bytes: Arc<[u8]>) {
        let mut shard = self.shard(chunk);
        if shard.iter().any(|(number, _)| *number == chunk) {
            return;
        }
        shard.truncate(self.per_shard.saturating_sub(1));
        shard.push_front((chunk, bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chunk_not_used_for_longest_goes_first() {
        let cache = Cache::new(16 << 20); // 2 chunks, 2 shards of 1
        cache.put(0, Arc::from([0_u8]));
        cache.put(1, Arc::from([1_u8]));
        cache.put(2, Arc::from([2_u8]));
        assert!(cache.get(0).is_none());
        assert_eq!(cache.get(1).as_deref(), Some(&[1_u8][..]));
        assert_eq!(cache.get(2).as_deref(), Some(&[2_u8][..]));
    }
}
