//! Web sessions: opaque bytes under an opaque id until they expire.
//!
//! The web crate adapts these functions to its session middleware; nothing here knows what a
//! session holds. No audit leaf: signing in and out leave theirs ([`crate::account`]).

use jiff::Timestamp;
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, sea_query::OnConflict};

use crate::entity::session;
use crate::error::Result;
use crate::{Store, micros};

impl Store {
    /// Keeps a new session; answers false, and changes nothing, where the id is taken.
    pub async fn session_create(&self, id: &str, data: &[u8], expires: Timestamp) -> Result<bool> {
        let _writer = self.writer.lock().await;
        let kept = session::Entity::insert(model(id, data, expires))
            .on_conflict(OnConflict::column(session::Column::Id).do_nothing().to_owned())
            .try_insert()
            .exec_without_returning(self.db())
            .await?;
        Ok(matches!(kept, sea_orm::TryInsertResult::Inserted(1)))
    }

    /// Keeps a session, over the earlier one with the same id.
    pub async fn session_save(&self, id: &str, data: &[u8], expires: Timestamp) -> Result<()> {
        let _writer = self.writer.lock().await;
        let newer = OnConflict::column(session::Column::Id)
            .update_columns([session::Column::Data, session::Column::Expires])
            .to_owned();
        session::Entity::insert(model(id, data, expires))
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
        Ok(found.map(|found| (found.data, crate::moment(found.expires))))
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
}

fn model(id: &str, data: &[u8], expires: Timestamp) -> session::ActiveModel {
    session::ActiveModel {
        id: Set(id.to_owned()),
        data: Set(data.to_vec()),
        expires: Set(micros(expires)),
    }
}
