//! A bulk: a great many creates and acts in one transaction, written many rows at a time.
//!
//! In and refused: exactly as in a [`Batch`], whose code it is: the same permits, rules, versions
//! and leaves in the same order. What differs is when rows are written. A record made in the
//! bulk stays in memory with everything that happens to it, and is written once as it is then,
//! with all its versions, when [`Bulk::flush`] or [`Bulk::commit`] is called.
//!
//! What the database itself refuses (a number that is taken, an approver who is the author)
//! therefore comes to light then and not with the act; nothing of the bulk is kept in that case.

use jiff::Timestamp;
use pendeen_casework::form::Fields;
use pendeen_casework::permission::{Action, Permit, decide};
use pendeen_casework::person::Person;
use pendeen_casework::record::{AnyRecord, Head, Kind};
use sea_orm::{ConnectionTrait, DbBackend};
use uuid::Uuid;

use super::{Batch, Behind};
use crate::Store;
use crate::document::DocumentDigest;
use crate::error::Result;

/// Kibibytes of pages that SQLite holds in memory during a bulk: rows go to random places of its
/// indexes, and a page that does not fit is written and read again each time.
const PAGES_IN_BULK: u32 = 256 * 1_024;
/// What SQLite holds otherwise, as it does by itself.
const PAGES: u32 = 2_000;

/// Sets how many kibibytes of pages SQLite holds in memory; PostgreSQL has its own setting.
async fn remember(batch: &Batch, pages: u32) -> Result<()> {
    if batch.transaction().get_database_backend() == DbBackend::Sqlite {
        let sql = format!("PRAGMA cache_size = -{pages}");
        batch.transaction().execute_unprepared(&sql).await?;
    }
    Ok(())
}

/// A great many writes in one transaction.
pub struct Bulk(Batch);

impl Store {
    /// Begins a bulk; waits until no other writes.
    pub async fn bulk(&self) -> Result<Bulk> {
        let mut batch = self.batch().await?;
        batch.behind = Some(Behind::default());
        remember(&batch, PAGES_IN_BULK).await?;
        Ok(Bulk(batch))
    }
}

impl Bulk {
    /// See [`Store::create`].
    pub async fn create(
        &mut self,
        permit: Permit,
        head: Head,
        kind: Kind,
        fields: &Fields,
        at: Timestamp,
    ) -> Result<AnyRecord> {
        self.0.create(permit, head, kind, fields, at).await
    }

    /// See [`Store::act`].
    pub async fn act(
        &mut self,
        permit: Permit,
        fields: &Fields,
        at: Timestamp,
    ) -> Result<AnyRecord> {
        self.0.act(permit, fields, at).await
    }

    /// See [`Store::put_document`].
    pub async fn put_document(
        &mut self,
        who: &Person,
        bytes: Vec<u8>,
        media_type: &str,
        at: Timestamp,
    ) -> Result<DocumentDigest> {
        self.0.put_document(who, bytes, media_type, at).await
    }

    /// The record as it is now, if the person may see it: what the next step is decided on.
    pub async fn see(&mut self, who: &Person, kind: Kind, id: Uuid) -> Result<Option<AnyRecord>> {
        let found = self.0.find(kind, id).await?;
        Ok(found.filter(|record| decide(who, Action::View, record).is_ok()))
    }

    /// How many versions and leaves wait to be written.
    pub fn waiting(&self) -> usize {
        self.0.behind.as_ref().map_or(0, Behind::len)
    }

    /// Begins to write what waits, still in the same transaction, and does not wait for it.
    /// Records made so far are from now on read from the database, once they are there.
    pub async fn flush(&mut self) -> Result<()> {
        self.0.write_on().await
    }

    /// Keeps everything, or answers with why nothing was kept.
    pub async fn commit(mut self) -> Result<()> {
        self.0.flush().await?;
        remember(&self.0, PAGES).await?;
        self.0.commit().await
    }
}
