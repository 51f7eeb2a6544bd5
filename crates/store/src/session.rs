//! Web sessions: opaque bytes under an opaque id until they expire, and the list of devices that
//! a person is signed in on.
//!
//! The web crate adapts these functions to its session middleware; nothing here knows what a
//! session holds beyond [`Whose`]. A person's own list never tells the id, which is what the
//! browser's cookie holds, but a handle that is good for nothing but ending the session.
//! Signing in and out leave their leaves in [`crate::account`]; ending another device leaves
//! one here.

use jiff::Timestamp;
use pendeen_casework::person::{Person, PersonId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, OnConflict, SimpleExpr},
};
use uuid::Uuid;

use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::session;
use crate::error::Result;
use crate::{Store, clean, micros, moment};

/// Whose session it is and on which device, once somebody has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// Names the session to its person.
    pub handle: Uuid,
    /// Whose.
    pub person: PersonId,
    /// The device in words, such as `Firefox on Windows`.
    pub device: String,
    /// When it began.
    pub began: Timestamp,
}

/// A session as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Names the session.
    pub handle: Uuid,
    /// The device in words.
    pub device: String,
    /// When somebody signed in on it.
    pub began: Timestamp,
    /// When a page was last opened on it, to a few minutes.
    pub last_used: Timestamp,
}

/// How stale "last used" may be, in microseconds: five minutes.
const USED_STALE: i64 = 300 * 1_000_000;

impl Store {
    /// Keeps a new session; answers false, and changes nothing, where the id is taken.
    pub async fn session_create(
        &self,
        id: &str,
        data: &[u8],
        expires: Timestamp,
        whose: Option<&Whose>,
    ) -> Result<bool> {
        let _writer = self.writer.lock().await;
        let kept = session::Entity::insert(model(id, data, expires, whose))
            .on_conflict(OnConflict::column(session::Column::Id).do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(self.db())
            .await?;
        Ok(matches!(kept, sea_orm::TryInsertResult::Inserted(1)))
    }

    /// Keeps a session, over the earlier one with the same id.
    pub async fn session_save(
        &self,
        id: &str,
        data: &[u8],
        expires: Timestamp,
        whose: Option<&Whose>,
    ) -> Result<()> {
        use session::Column::{Began, Data, Device, Expires, Handle, PersonId};
        let _writer = self.writer.lock().await;
        // When it was last used stays: saving tells nothing of that.
        let newer = OnConflict::column(session::Column::Id)
            .update_columns([Data, Expires, Handle, PersonId, Device, Began])
            .to_owned();
        session::Entity::insert(model(id, data, expires, whose))
            .on_conflict(newer)
            .exec_without_returning(self.db())
            .await?;
        Ok(())
    }

    /// The session's bytes and expiry, unless it is over at `at`.
    pub async fn session_load(
        &self,
        id: &str,
        at: Timestamp,
    ) -> Result<Option<(Vec<u8>, Timestamp)>> {
        let found = session::Entity::find_by_id(id)
            .filter(session::Column::Expires.gt(micros(at)))
            .one(self.db())
            .await?;
        Ok(found.map(|found| (found.data, moment(found.expires))))
    }

    /// Forgets a session.
    pub async fn session_delete(&self, id: &str) -> Result<()> {
        let _writer = self.writer.lock().await;
        session::Entity::delete_by_id(id).exec(self.db()).await?;
        Ok(())
    }

    /// Forgets every session that is over at `at`; answers how many.
    pub async fn session_expire(&self, at: Timestamp) -> Result<u64> {
        let _writer = self.writer.lock().await;
        let gone = session::Entity::delete_many()
            .filter(session::Column::Expires.lte(micros(at)))
            .exec(self.db())
            .await?;
        Ok(gone.rows_affected)
    }

    /// Notes that a page was opened in a session, where the last note is some minutes old.
    pub async fn session_used(&self, whose: PersonId, handle: Uuid, at: Timestamp) -> Result<()> {
        let this = session::Column::PersonId.eq(whose.0);
        let stale = session::Column::LastUsed.lt(micros(at).saturating_sub(USED_STALE));
        let found = session::Entity::find()
            .filter(this)
            .filter(session::Column::Handle.eq(handle))
            .filter(stale)
            .one(self.db())
            .await?;
        let Some(found) = found else { return Ok(()) };
        let _writer = self.writer.lock().await;
        session::Entity::update_many()
            .col_expr(session::Column::LastUsed, Expr::value(micros(at)))
            .filter(session::Column::Id.eq(found.id))
            .exec(self.db())
            .await?;
        Ok(())
    }

    /// The devices that a person is signed in on, the last used first.
    pub async fn devices(&self, whose: PersonId, at: Timestamp) -> Result<Vec<Device>> {
        let found = session::Entity::find()
            .filter(session::Column::PersonId.eq(whose.0))
            .filter(session::Column::Expires.gt(micros(at)))
            .order_by_desc(session::Column::LastUsed)
            .order_by_asc(session::Column::Handle)
            .all(self.db())
            .await?;
        Ok(found.into_iter().filter_map(device).collect())
    }

    /// Signs a person out on one of their devices; false where there is no such session of theirs.
    pub async fn end_device(&self, who: &Person, handle: Uuid, at: Timestamp) -> Result<bool> {
        let this = session::Column::Handle.eq(handle);
        Ok(self.end_devices(who, this, at).await? > 0)
    }

    /// Signs a person out on every device but the one with this handle; answers how many ended.
    pub async fn end_other_devices(&self, who: &Person, kept: Uuid, at: Timestamp) -> Result<u64> {
        let others = session::Column::Handle.ne(kept);
        self.end_devices(who, others, at).await
    }

    async fn end_devices(&self, who: &Person, which: SimpleExpr, at: Timestamp) -> Result<u64> {
        let mut batch = self.batch().await?;
        let theirs = session::Entity::delete_many()
            .filter(session::Column::PersonId.eq(who.id.0))
            .filter(which);
        let gone = theirs.exec(batch.transaction()).await?.rows_affected;
        if gone > 0 {
            let about = Committed::kept("sessions", gone.to_string());
            let leaf = Leaf::new(Processing::AccessControl, Some(who), "end_devices", at);
            batch.append(leaf, vec![about]).await?;
        }
        batch.commit().await?;
        Ok(gone)
    }
}

fn model(id: &str, data: &[u8], expires: Timestamp, whose: Option<&Whose>) -> session::ActiveModel {
    session::ActiveModel {
        id: Set(id.to_owned()),
        data: Set(data.to_vec()),
        expires: Set(micros(expires)),
        handle: Set(whose.map(|whose| whose.handle)),
        person_id: Set(whose.map(|whose| whose.person.0)),
        device: Set(whose.map(|whose| clean(&whose.device))),
        began: Set(whose.map(|whose| micros(whose.began))),
        last_used: Set(whose.map(|whose| micros(whose.began))),
    }
}

fn device(stored: session::Model) -> Option<Device> {
    Some(Device {
        handle: stored.handle?,
        device: stored.device?,
        began: moment(stored.began?),
        last_used: moment(stored.last_used.or(stored.began)?),
    })
}
