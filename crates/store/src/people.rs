//! Colleagues: the people of a person's own force, whom work can be given to by name.
//!
//! In: who asks. Out: those of the same force (of no force, for national staff) whose accounts
//! are in use, by name. Names, roles and forces stand beside every act anyway; nothing here says
//! anything of a case.

use pendeen_casework::person::{Person, PersonId};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::Store;
use crate::account::account;
use crate::entity::person;
use crate::error::Result;

impl Store {
    /// The person's colleagues and the person, by name.
    pub async fn colleagues(&self, who: &Person) -> Result<Vec<Person>> {
        let same_force = match who.force {
            Some(force) => person::Column::Force.eq(force.as_str()),
            None => person::Column::Force.is_null(),
        };
        let found = person::Entity::find()
            .filter(same_force)
            .filter(person::Column::Disabled.eq(false))
            .order_by_asc(person::Column::Name)
            .all(self.db())
            .await?;
        Ok(found.into_iter().map(|stored| account(stored).person).collect())
    }
}

/// The person with this account, unless it is disabled.
pub(crate) async fn in_use<C: ConnectionTrait>(db: &C, id: PersonId) -> Result<Option<Person>> {
    let found = person::Entity::find_by_id(id.0).one(db).await?;
    Ok(found.filter(|found| !found.disabled).map(|stored| account(stored).person))
}
