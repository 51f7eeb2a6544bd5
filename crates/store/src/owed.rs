//! Reasons that are owed: what somebody opened as urgent and has not yet said why.
//!
//! In: who, for which matter, from which page, when. Out: what is owed, to its person at their
//! next sign-in and to the auditor, until the reason is given; then the log has the reason, and
//! the row goes. A matter is owed for once, since it was first opened; lists and searches are one
//! matter, whose id is nil.

use jiff::Timestamp;
use pendeen_casework::person::{Person, PersonId};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::owed_reason;
use crate::error::Result;
use crate::{Store, clean, micros, moment};

/// A reason that is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// By whom.
    pub whose: PersonId,
    /// For what: a case, another record, or nil for lists and searches.
    pub matter: Uuid,
    /// The page that was opened.
    pub place: String,
    /// Since when.
    pub since: Timestamp,
}

impl Store {
    /// Keeps that the person owes a reason for a matter; the earlier moment stays.
    pub async fn owe_reason(
        &self,
        whose: PersonId,
        matter: Uuid,
        place: &str,
        at: Timestamp,
    ) -> Result<()> {
        use owed_reason::Column;
        let _writer = self.writer.lock().await;
        let row = owed_reason::Model {
            person_id: whose.0,
            matter,
            place: clean(place),
            since: micros(at),
        };
        let once = OnConflict::columns([Column::PersonId, Column::Matter]).do_nothing().to_owned();
        owed_reason::Entity::insert(row.into_active_model())
            .on_conflict(once)
            .exec_without_returning(self.db())
            .await?;
        Ok(())
    }

    /// What the person owes reasons for, the longest first.
    pub async fn reasons_owed(&self, whose: PersonId) -> Result<Vec<Owed>> {
        self.owed_where(Some(whose)).await
    }

    /// What everybody owes reasons for, the longest first: for the auditor, whose reading of the
    /// log is the entry that says so.
    pub async fn reasons_owed_by_all(&self) -> Result<Vec<Owed>> {
        self.owed_where(None).await
    }

    async fn owed_where(&self, whose: Option<PersonId>) -> Result<Vec<Owed>> {
        use owed_reason::Column;
        let mut found = owed_reason::Entity::find();
        if let Some(whose) = whose {
            found = found.filter(Column::PersonId.eq(whose.0));
        }
        let found = found.order_by_asc(Column::Since).order_by_asc(Column::Matter);
        let rows = found.all(self.db()).await?.into_iter();
        let owed = rows.map(|row| Owed {
            whose: PersonId(row.person_id),
            matter: row.matter,
            place: row.place,
            since: moment(row.since),
        });
        Ok(owed.collect())
    }

    /// Takes the reason for a matter, into the log; false where none was owed.
    pub async fn settle_reason(
        &self,
        who: &Person,
        matter: Uuid,
        words: &str,
        at: Timestamp,
    ) -> Result<bool> {
        let owed = self.reasons_owed(who.id).await?;
        let Some(owed) = owed.into_iter().find(|owed| owed.matter == matter) else {
            return Ok(false);
        };
        // The reason is in the log before the debt goes: a crash between asks once more.
        let mut leaf = Leaf::new(Processing::Consultation, Some(who), "reason_given", at);
        leaf.record = Some(matter).filter(|matter| !matter.is_nil());
        let committed = vec![
            Committed::kept("justification", words.to_owned()),
            Committed::kept("opened as urgent", owed.since.to_string()),
        ];
        self.note(leaf, committed).await?;
        let _writer = self.writer.lock().await;
        owed_reason::Entity::delete_by_id((who.id.0, matter)).exec(self.db()).await?;
        Ok(true)
    }
}
