//! How long records take from one state to another: median and tail, over what a person may see.
//!
//! In: a kind, two of its states, and what narrows the records. Out: how many got from the one
//! to the other, and the time that half of them, nine of ten, and the slowest took: numbers,
//! never records. A record counts once: from when it first entered the first state until it
//! first entered the second after that. One that entered the first state and not yet the second
//! is counted as waiting. Where a clock was put back in between, the time is zero, not less.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use pendeen_casework::force::ForceKey;
use pendeen_casework::person::Person;
use pendeen_casework::record::Kind;
use sea_orm::sea_query::{Expr, ExprTrait, Query as Sql, SelectStatement};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait};
use serde::Serialize;
use uuid::Uuid;

use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::{record, stage};
use crate::error::{Result, StoreError};
use crate::query::{Belongs, belongs};
use crate::sight::visible;
use crate::{Store, micros};

/// Between which states, of which records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Between {
    /// The kind of record.
    pub kind: Kind,
    /// The state from whose first entry the time runs, by stable name.
    pub from: String,
    /// The state at whose first entry thereafter it ends.
    pub to: String,
    /// One force's records only.
    pub force: Option<ForceKey>,
    /// Those of an operation, of any, or of none.
    pub operation: Option<Belongs>,
    /// Those that entered the first state at this moment or later.
    pub since: Option<Timestamp>,
    /// Those that entered it before this moment.
    pub before: Option<Timestamp>,
}

/// What is known of one group of records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spread {
    /// Records that got from the one state to the other.
    pub done: u64,
    /// Records that entered the first state and not yet the second.
    pub waiting: u64,
    /// What half of them took at most.
    pub median: Option<SignedDuration>,
    /// What nine of ten took at most.
    pub p90: Option<SignedDuration>,
    /// What the slowest took.
    pub longest: Option<SignedDuration>,
}

/// The whole and its parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Durations {
    /// All records together.
    pub all: Spread,
    /// Force by force; none for national work.
    pub by_force: BTreeMap<Option<ForceKey>, Spread>,
}

impl Store {
    /// How long the records that the person may see took between two states.
    pub async fn durations(
        &self,
        who: &Person,
        between: &Between,
        at: Timestamp,
    ) -> Result<Durations> {
        let times = self.times(who, between).await?;
        let asked = serde_json::to_string(between).map_err(|source| StoreError::Corrupt {
            what: "query",
            id: Uuid::nil(),
            source,
        })?;
        let leaf = Leaf::new(Processing::Consultation, Some(who), "durations", at);
        self.note(leaf, vec![Committed::kept("query", asked)]).await?;
        let mut by_force: BTreeMap<Option<ForceKey>, Vec<Option<i64>>> = BTreeMap::new();
        for (force, time) in &times {
            by_force.entry(*force).or_default().push(*time);
        }
        Ok(Durations {
            all: spread(times.iter().map(|(_, time)| *time)),
            by_force: by_force.into_iter().map(|(force, of)| (force, spread(of))).collect(),
        })
    }

    /// Each record's force, and its time in microseconds if it got there.
    async fn times(
        &self,
        who: &Person,
        between: &Between,
    ) -> Result<Vec<(Option<ForceKey>, Option<i64>)>> {
        let db = self.snapshot().await?;
        let entries = entered(&db, who, between, &between.from).await?;
        let arrivals = entered(&db, who, between, &between.to).await?;
        db.rollback().await?;
        let mut arrived: BTreeMap<Uuid, Vec<Entry>> = BTreeMap::new();
        for arrival in arrivals {
            arrived.entry(arrival.record).or_default().push(arrival);
        }
        let mut times: BTreeMap<Uuid, (Option<ForceKey>, Option<i64>)> = BTreeMap::new();
        for entry in entries {
            let end = arrived.get(&entry.record).into_iter().flatten();
            let end = end.filter(|end| end.version > entry.version).map(|end| end.at).next();
            let within = between.since.is_none_or(|since| micros(since) <= entry.at)
                && between.before.is_none_or(|before| entry.at < micros(before));
            if within {
                let time = end.map(|end| Ord::max(end.saturating_sub(entry.at), 0));
                times.entry(entry.record).or_insert((entry.force, time));
            }
        }
        Ok(times.into_values().collect())
    }
}

/// One entry into a state.
struct Entry {
    record: Uuid,
    force: Option<ForceKey>,
    version: i64,
    at: i64,
}

/// Every entry into a state of the records asked for, in the order of their versions.
async fn entered<C: ConnectionTrait>(
    db: &C,
    who: &Person,
    between: &Between,
    state: &str,
) -> Result<Vec<Entry>> {
    let rows = db.query_all(&entries(who, between, state)).await?;
    let entry = |row: sea_orm::QueryResult| -> Result<Entry> {
        let force: Option<String> = row.try_get_by_index(1)?;
        Ok(Entry {
            record: row.try_get_by_index(0)?,
            force: force.as_deref().and_then(ForceKey::parse),
            version: row.try_get_by_index(2)?,
            at: row.try_get_by_index(3)?,
        })
    };
    rows.into_iter().map(entry).collect()
}

fn entries(who: &Person, between: &Between, state: &str) -> SelectStatement {
    use record::Column;
    let mut wanted = Condition::all()
        .add(visible(who, &[between.kind]))
        .add(Column::Kind.eq(between.kind.key()))
        .add(stage::Column::State.eq(state));
    if let Some(force) = between.force {
        wanted = wanted.add(Column::Force.eq(force.as_str()));
    }
    if let Some(operation) = between.operation {
        wanted = wanted.add(belongs(operation));
    }
    let of_record =
        Expr::col((stage::Entity, stage::Column::RecordId)).equals((record::Entity, Column::Id));
    Sql::select()
        .column((record::Entity, Column::Id))
        .column((record::Entity, Column::Force))
        .column((stage::Entity, stage::Column::Version))
        .column((stage::Entity, stage::Column::Entered))
        .from(record::Entity)
        .inner_join(stage::Entity, of_record)
        .cond_where(wanted)
        .order_by((stage::Entity, stage::Column::Version), sea_orm::Order::Asc)
        .take()
}

fn spread(times: impl IntoIterator<Item = Option<i64>>) -> Spread {
    let (done, waiting): (Vec<_>, Vec<_>) = times.into_iter().partition(Option::is_some);
    let mut done: Vec<i64> = done.into_iter().flatten().collect();
    done.sort_unstable();
    // The nearest rank: the smallest time that at least this share of the records took at most.
    let at = |percent: usize| {
        let rank = (done.len() * percent).div_ceil(100).max(1);
        done.get(rank - 1).map(|micros| SignedDuration::from_micros(*micros))
    };
    Spread {
        done: done.len() as u64,
        waiting: waiting.len() as u64,
        median: at(50),
        p90: at(90),
        longest: at(100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_and_the_tail_are_by_nearest_rank() {
        let hours = |n: i64| Some(n * 3_600_000_000);
        let ten = spread((1..=10).map(hours).chain([None, None]));
        assert_eq!((ten.done, ten.waiting), (10, 2));
        let hours = |n: i64| Some(SignedDuration::from_hours(n));
        assert_eq!((ten.median, ten.p90, ten.longest), (hours(5), hours(9), hours(10)));
        assert_eq!(spread([]), Spread::default(), "nothing is nothing, not zero hours");
        let one = spread([Some(7)]);
        assert_eq!((one.median, one.p90), (one.longest, one.longest));
    }
}
