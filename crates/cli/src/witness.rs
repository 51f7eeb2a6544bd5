//! The audit log's witness at work: leaves into the tree every second while pages are served,
//! and once at the end of a command that writes.
//!
//! In: where the case data is. Out: tiles and checkpoints in the witness's folder. A turn that
//! fails is told on standard error and in the log, with what to do; the work itself was done.

use anyhow::Result;
use jiff::Timestamp;
use pendeen_casework::ambient::Clock;
use pendeen_store::Store;
use pendeen_store::audit::witness::{KEPT_EVERY, TURN, Witness};
use tokio::sync::oneshot;

use crate::args::Data;
use crate::system::SystemClock;
use crate::{Ended, data, output};

/// A command that writes, and then a kept checkpoint over what it wrote.
pub async fn witnessed(
    place: &Data,
    command: impl Future<Output = Result<Ended>>,
) -> Result<Ended> {
    let ended = command.await;
    if place.database.is_some() || place.data.join("pendeen.db").is_file() {
        let store = data::open_existing(place).await?;
        if let Err(error) = place.witness().advance(&store, SystemClock.now(), true).await {
            output::say(&format!(
                "pendeen: the work is done, but the audit log got no checkpoint: {:#}",
                anyhow::Error::from(error)
            ));
        }
        store.close().await?;
    }
    ended
}

/// The turns of a server.
pub struct Turns {
    stop: oneshot::Sender<()>,
    done: tokio::task::JoinHandle<()>,
}

impl Turns {
    /// Takes a turn every second until stopped, on a thread of its own: files may be slow.
    pub fn start(store: Store, witness: Witness) -> Self {
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Handle::current();
        let turns = take(store, witness, stopped);
        Self { stop, done: tokio::task::spawn_blocking(move || runtime.block_on(turns)) }
    }

    /// A last turn, so that nothing that was served stays unwitnessed.
    pub async fn finish(self) -> Result<()> {
        // Where the turns ended by themselves there is nobody to stop.
        let _ended = self.stop.send(());
        Ok(self.done.await?)
    }
}

async fn take(store: Store, witness: Witness, mut stopped: oneshot::Receiver<()>) {
    let mut kept: Option<Timestamp> = None;
    let mut told: Option<String> = None;
    let mut every = tokio::time::interval(TURN);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let last = tokio::select! {
            _ = every.tick() => false,
            _ = &mut stopped => true,
        };
        let now = SystemClock.now();
        let keep = last || kept.is_none_or(|kept| now.duration_since(kept) >= KEPT_EVERY);
        match witness.advance(&store, now, keep).await {
            Ok(_) => {
                told = None;
                if keep {
                    kept = Some(now);
                }
            }
            Err(error) => {
                // The same trouble is told once, not every second.
                let said = format!("{:#}", anyhow::Error::from(error));
                if told.as_ref() != Some(&said) {
                    tracing::error!(error = %said, "the audit log got no checkpoint");
                    told = Some(said);
                }
            }
        }
        if last {
            return;
        }
    }
}
