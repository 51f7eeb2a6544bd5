//! Leaves of readings, committed together.
//!
//! In: leaves that stand alone, of readings, refusals and sign-ins, from whoever asks at the
//! moment. Out: nothing before its leaf is committed; whoever waits learns of its own leaf
//! alone. While one transaction is being committed, the leaves that arrive queue, and the next
//! transaction takes them all: at forty readings a second each waits for about one commit,
//! instead of for everybody's.
//!
//! A leaf that was queued is written even if its reader has gone meanwhile: the log may say of
//! more readings than were released, never of fewer.

use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use super::leaf::Leaf;
use super::log::{Committed, Tail};
use crate::Store;
use crate::error::{Result, StoreError};

/// Leaves in one transaction, at most.
const TOGETHER: usize = 256;

/// Leaves that wait for the next transaction.
#[derive(Default)]
pub(crate) struct Queue(Mutex<Vec<Waiting>>);

struct Waiting {
    leaf: Leaf,
    committed: Vec<Committed>,
    done: oneshot::Sender<Result<()>>,
}

impl Queue {
    fn add(&self, waiting: Waiting) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(waiting);
    }

    fn take(&self) -> Vec<Waiting> {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let some = queue.len().min(TOGETHER);
        queue.drain(..some).collect()
    }
}

impl Store {
    /// Commits one leaf, in a transaction that it may share with the leaves of others.
    pub(crate) async fn note(&self, leaf: Leaf, committed: Vec<Committed>) -> Result<()> {
        self.note_all(vec![(leaf, committed)]).await
    }

    /// Commits leaves of one reading, as a rule in one transaction.
    pub(crate) async fn note_all(&self, leaves: Vec<(Leaf, Vec<Committed>)>) -> Result<()> {
        #[cfg(feature = "measure")]
        if self.silent {
            return Ok(());
        }
        let mut answers = Vec::with_capacity(leaves.len());
        for (leaf, committed) in leaves {
            let (done, answer) = oneshot::channel();
            self.queue.add(Waiting { leaf, committed, done });
            answers.push(answer);
        }
        for _ in 0..answers.len().div_ceil(TOGETHER) {
            let store = self.clone();
            // A task of its own: a reader who goes away must not take others' leaves along.
            tokio::spawn(async move { store.write_queued().await });
        }
        for answer in answers {
            answer.await.unwrap_or(Err(StoreError::Conflict("the program is stopping")))?;
        }
        Ok(())
    }

    /// Writes what waits, if somebody else has not done so meanwhile.
    async fn write_queued(&self) {
        let _writer = self.writer.lock().await;
        let queued = self.queue.take();
        if queued.is_empty() {
            return;
        }
        let leaves = || queued.iter().map(|one| (one.leaf.clone(), one.committed.clone()));
        if queued.len() > 1 && self.write_alone(leaves().collect()).await.is_ok() {
            for one in queued {
                // Whoever does not wait any longer needs no answer.
                let _gone = one.done.send(Ok(()));
            }
            return;
        }
        // One that cannot be written must not keep the others from being written.
        for one in queued {
            let written = self.write_alone(vec![(one.leaf, one.committed)]).await;
            let _gone = one.done.send(written);
        }
    }

    /// One transaction; the caller holds the writer's lock.
    async fn write_alone(&self, leaves: Vec<(Leaf, Vec<Committed>)>) -> Result<()> {
        let txn = self.begin_write().await?;
        let mut tail = Tail::lock(&txn).await?;
        tail.append_all(&txn, self.entropy.as_ref(), leaves).await?;
        Ok(txn.commit().await?)
    }
}
