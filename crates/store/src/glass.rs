//! Breaking the glass: opening one record by its number in an emergency, and what people have
//! been let into one by one.
//!
//! In: a number and a reason. Out: which record that opens, for the record of kind
//! `break_glass` that the program then makes: it raises the alarm, waits for review, and while
//! it lasts [`Store::person_at`] gives its author sight of the record. Where the number leads
//! nowhere, or the person's role opens nothing of that kind, everything else is the same: the
//! leaf in the log, the record, the alarm.

use std::collections::BTreeSet;

use jiff::Timestamp;
use pendeen_casework::permission::{BREAK_GLASS, decide_break_glass};
use pendeen_casework::person::{Knows, Person, PersonId};
use pendeen_casework::record::break_glass::{self, BreakGlass};
use pendeen_casework::record::{Kind, circle};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::Store;
use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::record;
use crate::erasure::ERASED;
use crate::error::Result;
use crate::query::with_facet;
use crate::read::parse;

impl Store {
    /// The record that breaking the glass for this number opens to `who`, if any; the attempt
    /// and its reason are in the log by then.
    pub async fn glass_for(
        &self,
        who: &Person,
        number: &str,
        reason: &str,
        at: Timestamp,
    ) -> Result<Option<Uuid>> {
        let wanted = crate::clean(&number.trim().to_uppercase());
        let found = record::Entity::find()
            .filter(record::Column::Number.eq(&wanted))
            .filter(record::Column::State.ne(ERASED))
            .one(self.db())
            .await?;
        let found = found.as_ref().map(parse).transpose()?;
        let opens = found.filter(|record| decide_break_glass(who, record).is_ok());
        let leaf = Leaf::new(Processing::AccessControl, Some(who), BREAK_GLASS, at);
        let leaf = match &opens {
            Some(record) => leaf.about(record.kind(), record.head().id, record.head().version),
            None => leaf,
        };
        let told = vec![Committed::kept("number", wanted), Committed::kept("reason", reason)];
        self.note(leaf, told).await?;
        Ok(opens.map(|record| record.head().id))
    }

    /// The person with this identifier, unless the account is disabled, with all that they are
    /// let into at this moment: their circles, and what they opened in an emergency.
    pub async fn person_at(&self, id: PersonId, at: Timestamp) -> Result<Option<Person>> {
        let Some(person) = self.person(id).await? else { return Ok(None) };
        let knows = Knows {
            circles: self.circles(id).await?,
            opened: self.opened(id, at).await?,
            ..person.knows
        };
        Ok(Some(Person { knows, ..person }))
    }

    async fn circles(&self, of: PersonId) -> Result<BTreeSet<Uuid>> {
        let ids: Vec<Uuid> = record::Entity::find()
            .filter(record::Column::Kind.eq(Kind::Circle.key()))
            .filter(record::Column::Id.in_subquery(with_facet(circle::MEMBER, &of.0.to_string())))
            .select_only()
            .column(record::Column::Id)
            .into_tuple()
            .all(self.db())
            .await?;
        Ok(ids.into_iter().collect())
    }

    async fn opened(&self, by: PersonId, at: Timestamp) -> Result<BTreeSet<Uuid>> {
        let broken = record::Entity::find()
            .filter(record::Column::Kind.eq(Kind::BreakGlass.key()))
            .filter(record::Column::State.ne(ERASED))
            .filter(record::Column::Id.in_subquery(with_facet(break_glass::BY, &by.0.to_string())))
            .all(self.db())
            .await?;
        let mut opened = BTreeSet::new();
        for stored in &broken {
            if let Ok(broken) = BreakGlass::try_from(parse(stored)?) {
                opened.extend(broken.opened(by, at));
            }
        }
        Ok(opened)
    }
}
