//! My work: what waits for a person, the most pressing first, however much waits for others.
//!
//! In: a person and how many rows they want. Out: the first of them in the order of
//! [`Sort::Mine`]. Sorting everything that waits for a role would take as long as there is work;
//! so the first rows are read from each of several small questions, every one answered by an
//! index in its own order, and put together here. That gives the same rows, because a row that is
//! among the first of all is among the first of the question that finds it:
//!
//! - what waits for nobody by name, for each role and each clause of what the person may see, in
//!   the order of urgency;
//! - what is theirs by name, what they took, and what belongs to a case of theirs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use pendeen_casework::person::Person;
use pendeen_casework::record::Kind;
use sea_orm::sea_query::{Expr, ExprTrait, Query as Sql};
use sea_orm::{
    ColumnTrait, Condition as Cond, ConnectionTrait, DbBackend, EntityTrait, QueryFilter,
    QuerySelect,
};
use uuid::Uuid;

use crate::Store;
use crate::audit::{Leaf, Processing};
use crate::claim::{taken_by, with_others};
use crate::entity::{claim, link, record};
use crate::error::Result;
use crate::query::{Listed, Query, Row, Slice, Sort, committed, not_yet, ordered, row, waiting};
use crate::sight::clauses;

/// A part of what waits for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Work {
    /// The rows of this part.
    pub rows: Vec<Row>,
    /// How many there are; one more than the end of the part where there are more.
    pub total: u64,
    /// Those of the rows that are theirs by name, in their hand, or of a case of theirs.
    pub mine: BTreeSet<Uuid>,
}

impl Store {
    /// What waits for the person by name, or for one of their roles and nobody by name; what a
    /// colleague has in hand is left out. A child at immediate risk comes first, then what is
    /// theirs by name or belongs to a case that is, then the most pressing, then by due time.
    ///
    pub async fn my_work(&self, who: &Person, page: Slice, at: Timestamp) -> Result<Work> {
        let query = Query { order: Sort::Mine(who.id), page, ..Query::default() };
        let first = page.offset.saturating_add(page.limit).saturating_add(1);
        let db = self.snapshot().await?;
        if self.backend() == DbBackend::Postgres {
            // Its planner takes the kinds that wait for a role for independent of the role, and
            // would rather sort all that waits than read the first of it from the index.
            db.execute_unprepared("SET LOCAL enable_bitmapscan = off").await?;
        }
        let mut found: BTreeMap<Uuid, (bool, Listed)> = BTreeMap::new();
        for condition in self.anybodys(who, at) {
            for stored in some(&db, condition, first).await? {
                found.entry(stored.id).or_insert((false, stored));
            }
        }
        let waits = waiting(who, self.review_from(at), at);
        for mine in theirs(who) {
            for stored in some(&db, waits.clone().add(mine), first).await? {
                found.insert(stored.id, (true, stored));
            }
        }
        db.rollback().await?;
        self.note(
            Leaf::new(Processing::Consultation, Some(who), "my_work", at),
            committed(&query)?,
        )
        .await?;
        let mut found: Vec<_> = found.into_values().collect();
        found.sort_by_key(|(mine, row)| {
            let urgency = row.next_urgency.unwrap_or(i16::MAX);
            let due = row.next_due.unwrap_or(i64::MAX);
            (urgency != 0, !*mine, urgency, due, row.created, row.id)
        });
        let total = Ord::min(found.len() as u64, first);
        let skipped = usize::try_from(page.offset).unwrap_or(usize::MAX);
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let shown: Vec<_> = found.into_iter().skip(skipped).take(limit).collect();
        let mine = shown.iter().filter(|(mine, _)| *mine).map(|(_, stored)| stored.id).collect();
        let rows = shown.into_iter().map(|(_, stored)| row(stored)).collect::<Result<_>>()?;
        Ok(Work { rows, total, mine })
    }

    /// What waits for a role of theirs and for nobody by name, one condition for each role and
    /// clause.
    fn anybodys(&self, who: &Person, at: Timestamp) -> Vec<Cond> {
        use record::Column;
        let of_role = |role: &'static str| {
            clauses(who, &[]).into_iter().map(move |clause| clause.add(Column::NextRole.eq(role)))
        };
        let roles = who.roles.iter().map(|role| role.key());
        roles
            .flat_map(of_role)
            .map(|clause| {
                clause
                    .add(Column::Assigned.is_null())
                    .add(Column::Id.not_in_subquery(with_others(who.id, at)))
                    .add(not_yet(self.review_from(at)))
            })
            .collect()
    }
}

/// What makes a record theirs: their name on it, their hand on it, or their case.
fn theirs(who: &Person) -> [Cond; 3] {
    use record::Column;
    let of_them = Sql::select()
        .expr(Expr::col((link::Entity, link::Column::FromId)))
        .from(link::Entity)
        .inner_join(
            record::Entity,
            Expr::col((link::Entity, link::Column::ToId)).equals((record::Entity, Column::Id)),
        )
        .and_where(link::Column::Role.eq("case"))
        .and_where(Column::Kind.eq(Kind::Case.key()))
        .and_where(Column::Assigned.eq(who.id.0))
        .take();
    // Few rows, found first; whether each is still in hand is asked of those alone.
    let ever_taken = Sql::select()
        .column(claim::Column::RecordId)
        .from(claim::Entity)
        .and_where(claim::Column::PersonId.eq(who.id.0))
        .take();
    [
        Cond::all().add(Column::Assigned.eq(who.id.0)),
        Cond::all().add(Column::Id.in_subquery(ever_taken)).add(taken_by(who.id)),
        Cond::all().add(Column::Id.in_subquery(of_them)),
    ]
}

async fn some<C: ConnectionTrait>(db: &C, condition: Cond, first: u64) -> Result<Vec<Listed>> {
    let found = ordered(record::Entity::find().filter(condition), Sort::Urgency).limit(first);
    Ok(found.into_partial_model::<Listed>().all(db).await?)
}
