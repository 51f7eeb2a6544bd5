//! The first rows of a list, however many come after them, and how many there are.
//!
//! In: what a list asks for, and the conditions of which one admits each row that the person may
//! see. Out: the rows of its page, in its order. An index gives rows in order for one condition
//! and not for several of which any may hold; so each condition is asked by itself for as many
//! rows as the page ends with, and they are put together here. That gives the same rows, because
//! a row that is among the first of all is among the first of the condition that admits it.
//!
//! Asked in one question instead: an order that only the database knows (titles), a part so far
//! down that there is more to put together than to look at, and words, which are looked up once.

use std::collections::BTreeMap;

use sea_orm::{Condition as Cond, ConnectionTrait, DbBackend, QuerySelect};
use uuid::Uuid;

use crate::error::Result;
use crate::query::{COUNTED, Listed, Query, Sort, counted, ordered, select};
use crate::sight::any_of;

/// A page that ends later than this is asked for in one question.
const DEEP: u64 = 2_000;

/// Where a row stands in a list.
type Place = ([i64; 3], Uuid);

/// The rows of the page, of what any of these conditions admits.
pub(crate) async fn firsts<C: ConnectionTrait>(
    db: &C,
    query: &Query,
    seen: Vec<Cond>,
    backend: DbBackend,
) -> Result<Vec<Listed>> {
    let (offset, limit) = (query.page.offset, query.page.limit);
    let end = offset.saturating_add(limit);
    let known = !matches!(query.order, Sort::Title | Sort::Mine(_));
    if !known || end > DEEP || seen.len() < 2 || query.asked_for().is_some() {
        let found =
            ordered(select(query, any_of(seen), backend), query.order).offset(offset).limit(limit);
        return Ok(found.into_partial_model::<Listed>().all(db).await?);
    }
    let mut rows: BTreeMap<Place, Listed> = BTreeMap::new();
    for clause in seen {
        let some = ordered(select(query, clause, backend), query.order).limit(end);
        let some = some.into_partial_model::<Listed>().all(db).await?;
        rows.extend(some.into_iter().map(|row| (place(query.order, &row), row)));
    }
    let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
    let shown = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(rows.into_values().skip(skipped).take(shown).collect())
}

/// How many rows there are of what any of these conditions admits, up to one more than
/// [`COUNTED`]. Where none admits what another does (`apart`), each is counted by itself, from
/// its own index.
pub(crate) async fn total<C: ConnectionTrait>(
    db: &C,
    query: &Query,
    seen: &[Cond],
    apart: bool,
    backend: DbBackend,
) -> Result<u64> {
    if !apart || query.asked_for().is_some() {
        return counted(db, &select(query, any_of(seen.to_vec()), backend), COUNTED).await;
    }
    let mut total = 0;
    for clause in seen {
        let most = COUNTED.saturating_sub(total);
        total += counted(db, &select(query, clause.clone(), backend), most).await?;
    }
    Ok(Ord::min(total, COUNTED + 1))
}

/// Where a row stands: what has no urgency, and what is not due, comes last.
fn place(order: Sort, row: &Listed) -> Place {
    let urgency = row.next_urgency.map_or(i64::MAX, i64::from);
    let due = row.next_due.unwrap_or(i64::MAX);
    let place = match order {
        Sort::Created => [row.created.saturating_neg(), 0, 0],
        Sort::Oldest => [row.created, 0, 0],
        Sort::Due => [due, 0, 0],
        Sort::Urgency => [urgency, due, row.created],
        Sort::Updated | Sort::Title | Sort::Mine(_) => [row.updated.saturating_neg(), 0, 0],
    };
    (place, row.id)
}
