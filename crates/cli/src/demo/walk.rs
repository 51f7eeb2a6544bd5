//! Walking records through their states as their people would: each step asks for permission
//! and goes through the store, its rules and its audit log, like a step on a page.

use std::sync::Mutex;

use anyhow::{Context, Result, anyhow};
use jiff::{SignedDuration, Timestamp};
use pendeen_casework::ambient::Ids;
use pendeen_casework::form::Fields;
use pendeen_casework::permission::{Action, decide, decide_create};
use pendeen_casework::person::Person;
use pendeen_casework::record::{AnyRecord, Head, Id, Kind, operation::Operation};
use pendeen_store::Store;
use pendeen_store::write::Bulk;
use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

/// Identifiers from a seed, so that the demo has the same ones each time.
#[derive(Debug)]
pub struct SeededIds(Mutex<ChaCha8Rng>);

impl SeededIds {
    /// The identifiers of this seed.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha8Rng::seed_from_u64(seed)))
    }
}

impl Ids for SeededIds {
    fn fresh(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}

/// A record that the walk goes on with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ref {
    /// Its kind.
    pub kind: Kind,
    /// Its identifier.
    pub id: Uuid,
}

impl std::fmt::Display for Ref {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.id.fmt(f)
    }
}

/// Where the walk stands: a store, a moment that moves on with each step, and fresh ids.
pub struct Walk<'a> {
    /// The store.
    pub store: &'a Store,
    /// Fresh identifiers.
    pub ids: &'a dyn Ids,
    /// The moment of the next step.
    pub now: Timestamp,
    /// The operation that new records belong to, if any.
    pub operation: Option<Id<Operation>>,
    /// Whether what is made is marked as simulated.
    pub simulated: bool,
    /// Where steps go while a great many of them are made at a time; to the store otherwise.
    pub bulk: Option<Bulk>,
}

impl Walk<'_> {
    /// Lets time pass.
    pub fn wait(&mut self, hours: i64) {
        self.now += SignedDuration::from_hours(hours);
    }

    /// Makes a record as this person.
    pub async fn make(&mut self, who: &Person, kind: Kind, fields: &[(&str, &str)]) -> Result<Ref> {
        self.step();
        let head = self.head(who, kind);
        let fields: Fields = fields.iter().copied().collect();
        let permit = decide_create(who, kind, &head)
            .with_context(|| format!("{} may not make a {}", who.name, kind.label()))?;
        let made = match &mut self.bulk {
            Some(bulk) => bulk.create(permit, head, kind, &fields, self.now).await,
            None => self.store.create(permit, head, kind, &fields, self.now).await,
        };
        let made = made.with_context(|| format!("making a {} as {}", kind.label(), who.name))?;
        Ok(Ref { kind, id: made.head().id })
    }

    /// Does an act on a record as this person.
    pub async fn act(
        &mut self,
        who: &Person,
        on: Ref,
        act: &str,
        fields: &[(&str, &str)],
    ) -> Result<AnyRecord> {
        self.step();
        let record = self.see(who, on).await?;
        let permit = decide(who, Action::Act(act), &record)
            .with_context(|| format!("{} may not {act} a {}", who.name, on.kind.label()))?;
        let fields: Fields = fields.iter().copied().collect();
        let done = match &mut self.bulk {
            Some(bulk) => bulk.act(permit, &fields, self.now).await,
            None => self.store.act(permit, &fields, self.now).await,
        };
        done.with_context(|| format!("{act} on a {} as {}", on.kind.label(), who.name))
    }

    /// The record as this person sees it.
    pub async fn see(&mut self, who: &Person, on: Ref) -> Result<AnyRecord> {
        let seen = match &mut self.bulk {
            Some(bulk) => bulk.see(who, on.kind, on.id).await?,
            None => self.store.view(who, on.kind, on.id, None, self.now).await?,
        };
        seen.ok_or_else(|| anyhow!("{} cannot see the {} {}", who.name, on.kind.label(), on.id))
    }

    /// Keeps a document and gives its digest, for a record that will name it.
    pub async fn put_document(
        &mut self,
        who: &Person,
        bytes: Vec<u8>,
        media_type: &str,
    ) -> Result<String> {
        let digest = match &mut self.bulk {
            Some(bulk) => bulk.put_document(who, bytes, media_type, self.now).await?,
            None => self.store.put_document(who, bytes, media_type, self.now).await?,
        };
        Ok(digest.to_string())
    }

    /// The head of a record that this person makes now.
    pub fn head(&self, who: &Person, kind: Kind) -> Head {
        let mut head = Head::new(kind, self.ids.fresh(), who, self.now);
        head.operation = self.operation;
        head.simulated = self.simulated;
        head
    }

    fn step(&mut self) {
        self.now += SignedDuration::from_mins(7);
    }
}
