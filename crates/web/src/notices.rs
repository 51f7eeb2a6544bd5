//! How much newly waits for whom, asked of the database once for all who may see the same.
//!
//! In: who asks, again and again: every page, every open stream. Out: the number, at most
//! five seconds old; while one asks the database, the others who are that person wait for the same
//! answer. Streams are counted: [`PER_PERSON`] and [`IN_ALL`] at once. The number is made by
//! [`Store::newly_waiting`], so by the decision that My work is made by; a person whose roles or
//! circles changed is counted anew at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use pendeen_casework::person::{Person, PersonId};
use pendeen_store::{Result, Store};
use tokio::sync::watch;
use tokio::time::Instant;

/// How old a number may be, and how long a stream waits between two looks.
const FRESH: Duration = Duration::from_secs(5);
/// Streams that one person has open at most.
const PER_PERSON: usize = 6;
/// Streams that are open at most.
const IN_ALL: usize = 2_000;
/// People whose number is remembered at most.
const REMEMBERED: usize = 10_000;

/// A number, for whom it was counted, and when.
type Counted = Option<(Person, u64, Instant)>;

/// The numbers and the streams. Cheap to clone; all clones are the same.
#[derive(Debug, Clone)]
pub struct Notices {
    numbers: Arc<Mutex<HashMap<PersonId, Arc<tokio::sync::Mutex<Counted>>>>>,
    streams: Arc<Mutex<HashMap<PersonId, usize>>>,
    closing: watch::Sender<bool>,
    pub(crate) fresh: Duration,
}

impl Default for Notices {
    fn default() -> Self {
        Self::every(FRESH)
    }
}

impl Notices {
    /// Numbers that are at most so old.
    pub(crate) fn every(fresh: Duration) -> Self {
        let (numbers, streams) = (Arc::default(), Arc::default());
        Self { numbers, streams, closing: watch::Sender::new(false), fresh }
    }

    /// How many records newly wait for the person.
    pub(crate) async fn count(&self, store: &Store, who: &Person, at: Timestamp) -> Result<u64> {
        let place = self.place(who.id);
        let mut counted = place.lock().await;
        if let Some((whose, count, when)) = &*counted
            && whose == who
            && when.elapsed() < self.fresh
        {
            return Ok(*count);
        }
        let count = store.newly_waiting(who, at).await?;
        *counted = Some((who.clone(), count, Instant::now()));
        Ok(count)
    }

    /// The person has looked at what waits for them.
    pub(crate) async fn looked(&self, store: &Store, who: &Person, at: Timestamp) -> Result<()> {
        if self.count(store, who, at).await? > 0 {
            store.looked(who, at).await?;
            *self.place(who.id).lock().await = None;
        }
        Ok(())
    }

    fn place(&self, whose: PersonId) -> Arc<tokio::sync::Mutex<Counted>> {
        let mut numbers = self.numbers.lock().unwrap_or_else(PoisonError::into_inner);
        if numbers.len() >= REMEMBERED {
            numbers.clear();
        }
        Arc::clone(numbers.entry(whose).or_default())
    }

    /// A place for one more stream of this person's; none where there are too many.
    pub(crate) fn open(&self, whose: PersonId) -> Option<Open> {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = streams.values().sum();
        let own = streams.entry(whose).or_default();
        if *own >= PER_PERSON || all >= IN_ALL || *self.closing.borrow() {
            return None;
        }
        *own += 1;
        Some(Open { streams: Arc::clone(&self.streams), whose })
    }

    /// Ends every stream: the program is about to stop.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Waits until the streams are to end.
    pub(crate) async fn closed(&self) {
        let mut closing = self.closing.subscribe();
        let _ended = closing.wait_for(|closing| *closing).await;
    }
}

/// The place of one open stream; given back where it is dropped.
#[derive(Debug)]
pub(crate) struct Open {
    streams: Arc<Mutex<HashMap<PersonId, usize>>>,
    whose: PersonId,
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = streams.get_mut(&self.whose) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                streams.remove(&self.whose);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_person_has_few_streams_and_one_that_ends_makes_room() {
        let (notices, who) = (Notices::default(), PersonId(Uuid::from_u128(1)));
        let mut open: Vec<_> = (0..PER_PERSON).map(|_| notices.open(who).unwrap()).collect();
        assert!(notices.open(who).is_none());
        assert!(notices.open(PersonId(Uuid::from_u128(2))).is_some());
        open.pop();
        assert!(notices.open(who).is_some());
        notices.close();
        assert!(notices.open(PersonId(Uuid::from_u128(3))).is_none());
    }
}
