//! Carrying a restriction on to what hangs on a record.
//!
//! In: a record before and after an act that restricted it to a circle or lifted that. Out: a
//! new version, with its own leaf, of every record that names it, directly or through others,
//! and of everything in it where it is an operation. What is restricted to a role or to another
//! circle stays as it is and changes nothing of the answer: the person may not know of it.
//! When a restriction is lifted, what also names something that is still restricted to the same
//! circle stays restricted.

use std::collections::BTreeSet;

use pendeen_casework::record::{AnyRecord, Kind, Restriction, restriction};
use sea_orm::sea_query::Query as Sql;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder};
use uuid::Uuid;

use super::{Batch, Deed};
use crate::entity::{link, record};
use crate::erasure::ERASED;
use crate::error::Result;
use crate::read::parse;
use crate::sight::restriction_key;

impl Batch {
    /// Gives what hangs on `after` the same restriction, as far as it had the one of `before`.
    pub(super) async fn carry_restriction(
        &mut self,
        before: &AnyRecord,
        after: &AnyRecord,
        deed: &Deed<'_>,
    ) -> Result<()> {
        let (from, to) = (&before.head().restriction, &after.head().restriction);
        let mut done = BTreeSet::from([after.head().id]);
        let mut waiting = vec![(after.kind(), after.head().id)];
        while let Some((kind, id)) = waiting.pop() {
            for part in self.hanging_on(kind, id).await? {
                let part_id = part.head().id;
                if done.contains(&part_id) || self.held(&part, &done, from, to).await? {
                    continue;
                }
                if let Some(next) = restriction::carried(&part, from, to, deed.at) {
                    self.keep(&part, &next, deed).await?;
                    done.insert(part_id);
                    waiting.push((part.kind(), part_id));
                }
            }
        }
        Ok(())
    }

    /// The records that name this one, oldest first.
    async fn hanging_on(&self, kind: Kind, id: Uuid) -> Result<Vec<AnyRecord>> {
        use record::Column;
        let naming = Sql::select()
            .column(link::Column::FromId)
            .from(link::Entity)
            .and_where(link::Column::ToId.eq(id))
            .take();
        let mut any = Condition::any().add(Column::Id.in_subquery(naming));
        if kind == Kind::Operation {
            any = any.add(Column::Operation.eq(id));
        }
        let found = record::Entity::find()
            .filter(any)
            .filter(Column::State.ne(ERASED))
            .order_by_asc(Column::Created)
            .order_by_asc(Column::Id)
            .all(&self.held.txn)
            .await?;
        found.iter().map(parse).collect()
    }

    /// Whether something else that this record names keeps it in the circle being left.
    async fn held(
        &self,
        part: &AnyRecord,
        done: &BTreeSet<Uuid>,
        from: &Restriction,
        to: &Restriction,
    ) -> Result<bool> {
        if *to != Restriction::None {
            return Ok(false);
        }
        let operation = part.head().operation.map(pendeen_casework::record::Id::uuid);
        let named = part.links().into_iter().map(|link| link.to).chain(operation);
        let others: Vec<Uuid> = named.filter(|id| !done.contains(id)).collect();
        let holding = record::Entity::find()
            .filter(record::Column::Id.is_in(others))
            .filter(record::Column::Restriction.eq(restriction_key(from)))
            .one(&self.held.txn)
            .await?;
        Ok(holding.is_some())
    }
}
