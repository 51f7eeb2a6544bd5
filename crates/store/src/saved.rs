//! Filters that a person saved: a name, a list and how it is narrowed.
//!
//! In: the person, a name, the address of a list and what stands behind its question mark. Out:
//! the person's own, by name, and nobody else's. A name is used again by saving over it.
//! Refused: more than [`MOST`], and a name that is empty or too long. What a filter asks for is
//! in the log each time that the list is opened, not when the filter is kept.

use pendeen_casework::form::Refusal;
use pendeen_casework::person::PersonId;
use sea_orm::{ColumnTrait, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use crate::entity::saved_filter;
use crate::error::Result;
use crate::{Store, clean};

/// Filters that one person keeps at most.
pub const MOST: u64 = 50;
/// The longest name, in characters.
pub const LONGEST: usize = 60;

/// A filter that a person saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Names it.
    pub id: Uuid,
    /// What its person calls it.
    pub name: String,
    /// The path of the list.
    pub place: String,
    /// What stands behind the question mark of the list's address.
    pub query: String,
}

impl Store {
    /// Keeps a filter under this name, over one of the person's that has it already.
    pub async fn save_filter(&self, whose: PersonId, filter: Saved) -> Result<()> {
        use saved_filter::Column;
        let name = clean(filter.name.trim());
        if name.is_empty() || name.chars().count() > LONGEST {
            let problem = format!("give it a name of 1 to {LONGEST} characters");
            return Err(Refusal::field("name", problem).into());
        }
        let batch = self.batch().await?;
        let db = batch.transaction();
        saved_filter::Entity::delete_many()
            .filter(Column::PersonId.eq(whose.0))
            .filter(Column::Name.eq(&name))
            .exec(db)
            .await?;
        let own = saved_filter::Entity::find().filter(Column::PersonId.eq(whose.0));
        if own.count(db).await? >= MOST {
            let problem = format!("you have {MOST} saved filters; remove one first");
            return Err(Refusal::field("name", problem).into());
        }
        let Saved { id, place, query, .. } = filter;
        let row = saved_filter::Model {
            id,
            person_id: whose.0,
            name,
            place: clean(&place),
            query: clean(&query),
        };
        saved_filter::Entity::insert(row.into_active_model()).exec_without_returning(db).await?;
        batch.commit().await
    }

    /// The person's own filters, by name; only those of one list, where one is named.
    pub async fn saved_filters(&self, whose: PersonId, place: Option<&str>) -> Result<Vec<Saved>> {
        use saved_filter::Column;
        let mut found = saved_filter::Entity::find().filter(Column::PersonId.eq(whose.0));
        if let Some(place) = place {
            found = found.filter(Column::Place.eq(place));
        }
        let found = found.order_by_asc(Column::Name).all(self.db()).await?;
        let saved = found.into_iter().map(|row| Saved {
            id: row.id,
            name: row.name,
            place: row.place,
            query: row.query,
        });
        Ok(saved.collect())
    }

    /// Forgets one of the person's own filters; false where it is none of theirs.
    pub async fn forget_filter(&self, whose: PersonId, id: Uuid) -> Result<bool> {
        let _writer = self.writer.lock().await;
        let gone = saved_filter::Entity::delete_many()
            .filter(saved_filter::Column::PersonId.eq(whose.0))
            .filter(saved_filter::Column::Id.eq(id))
            .exec(self.db())
            .await?;
        Ok(gone.rows_affected > 0)
    }
}
