//! Counting what [`pendeen_casework::figure`] defines, as at now or any moment before.
//!
//! In: a scope and a moment. Out: numbers, never names; restricted records count as the figure
//! says, because a published figure is of everything. Who may ask is the caller's decision; no
//! audit leaf, because nobody's data is read. The records behind a number are another matter:
//! [`Store::behind`] lists those that a person may see, and leaves its leaf.
//!
//! What a release freezes is made in `freeze`.
//!
//! Everything is counted from the rows of `crate::tally`, all figures in one question. As at
//! now an index answers it in its own order, and the answer is kept until something is written
//! (`kept`). The plain twin, which counts records in memory, is
//! `casework::figure::count`: a test holds the two against each other at many moments.

mod changes;
mod freeze;
mod kept;

use std::collections::BTreeMap;

pub use changes::Change;
use jiff::Timestamp;
pub(crate) use kept::Kept;
use pendeen_casework::figure::{FIGURES, Figure, Part, Scope};
use pendeen_casework::force::ForceKey;
use pendeen_casework::person::Person;
use sea_orm::sea_query::{Expr, ExprTrait, Query as Sql, SelectStatement};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, QueryResult};

use crate::entity::{record, tally};
use crate::error::{Result, StoreError};
use crate::query::{Page, Query, Slice};
use crate::sight::visible;
use crate::tally::OPEN;
use crate::{Store, micros};

/// A number of each figure, in the order of [`FIGURES`].
pub type Counted = Vec<(&'static Figure, u64)>;

impl Store {
    /// One figure within a scope, as at now.
    pub async fn figure(&self, figure: &Figure, scope: &Scope) -> Result<u64> {
        let select = totals(only(figure, scope, None));
        let row = self.db().query_one(&select).await?;
        row.map_or(Ok(0), |row| Ok(named_count(&row)?.1))
    }

    /// Every figure within a scope, as at now.
    pub async fn figures(&self, scope: &Scope) -> Result<Counted> {
        self.figures_as_at(scope, None).await
    }

    /// Every figure within a scope, as at a moment; now where there is none.
    pub async fn figures_as_at(&self, scope: &Scope, as_at: Option<Timestamp>) -> Result<Counted> {
        let select = totals(standing(scope, as_at));
        let rows = self.counted(as_at, format!("{scope:?}"), &select).await?;
        let counts = rows.into_iter().map(|row| (row.figure, row.count)).collect();
        Ok(in_order(&counts))
    }

    /// Every figure of each force that has any, and of national work, as at a moment. What
    /// several forces share counts once for each, so a sum may be more than the figure over all.
    pub async fn figures_by_force(
        &self,
        part: Part,
        as_at: Option<Timestamp>,
    ) -> Result<BTreeMap<Option<ForceKey>, Counted>> {
        let scope = Scope { force: None, part };
        let select = split_by_force(standing(&scope, as_at));
        let mut counts: BTreeMap<Option<ForceKey>, BTreeMap<String, u64>> = BTreeMap::new();
        for row in self.counted(as_at, format!("{part:?} by force"), &select).await? {
            counts.entry(row.force).or_default().insert(row.figure, row.count);
        }
        Ok(counts.into_iter().map(|(force, counts)| (force, in_order(&counts))).collect())
    }

    /// One figure for each force that has any, and for national work, as at now.
    pub async fn figure_by_force(
        &self,
        figure: &Figure,
        part: Part,
    ) -> Result<BTreeMap<Option<ForceKey>, u64>> {
        let scope = Scope { force: None, part };
        let rows = self.db().query_all(&split_by_force(only(figure, &scope, None))).await?;
        rows.iter().map(|row| Ok((force_in(row, 2)?, named_count(row)?.1))).collect()
    }

    /// What the figure counts, as at a moment, as far as the person may see it; nothing tells
    /// how much they may not. `why` is the reason given.
    pub async fn behind(
        &self,
        who: &Person,
        (figure, scope, as_at): (&Figure, &Scope, Option<Timestamp>),
        page: Slice,
        why: Option<&str>,
        at: Timestamp,
    ) -> Result<Page> {
        let counted = Sql::select()
            .column(figure.behind())
            .from(tally::Entity)
            .cond_where(only(figure, scope, as_at))
            .take();
        let seen = visible(who, &[]).add(record::Column::Id.in_subquery(counted));
        let why = why.map(str::to_owned);
        let query = Query { page, force: scope.force, why, ..Query::default() };
        self.listed(who, &query, seen, &format!("figure:{}", figure.key), at).await
    }
}

/// Which column of the tally leads to the records that a page lists.
trait Behind {
    fn behind(&self) -> tally::Column;
}

impl Behind for Figure {
    fn behind(&self) -> tally::Column {
        match self.unit {
            pendeen_casework::figure::Unit::Forces => tally::Column::RecordId,
            _ => tally::Column::Counted,
        }
    }
}

fn in_order(counts: &BTreeMap<String, u64>) -> Counted {
    FIGURES.iter().map(|f| (f, counts.get(f.key).copied().unwrap_or(0))).collect()
}

fn named_count(row: &QueryResult) -> Result<(String, u64)> {
    let count: i64 = row.try_get_by_index(1)?;
    Ok((row.try_get_by_index(0)?, u64::try_from(count).unwrap_or(0)))
}

fn force_in(row: &QueryResult, index: usize) -> Result<Option<ForceKey>> {
    let key: Option<String> = row.try_get_by_index(index)?;
    let known = |key: String| {
        ForceKey::parse(&key).ok_or(StoreError::Conflict("a record has an unknown force"))
    };
    key.map(known).transpose()
}

/// The rows that stand at the moment within the scope.
fn standing(scope: &Scope, as_at: Option<Timestamp>) -> Condition {
    use tally::Column;
    let at_the_time = match as_at {
        None => Condition::all().add(Column::Until.eq(OPEN)),
        Some(at) => {
            let at = micros(at);
            Condition::all().add(Column::Since.lte(at)).add(Column::Until.gt(at))
        }
    };
    let of_force = scope.force.map(|force| Column::Force.eq(force.as_str()));
    let part = match scope.part {
        Part::All => None,
        Part::Inside(operation) => Some(Column::Operation.eq(operation.uuid())),
        Part::InsideAny => Some(Column::Operation.is_not_null()),
        Part::Outside => Some(Column::Operation.is_null()),
    };
    at_the_time.add_option(of_force).add_option(part)
}

fn only(figure: &Figure, scope: &Scope, as_at: Option<Timestamp>) -> Condition {
    standing(scope, as_at).add(tally::Column::Figure.eq(figure.key))
}

/// `SELECT figure, COUNT(DISTINCT counted) FROM tally WHERE ... GROUP BY figure`: as at now the
/// index gives the rows in order, so that nothing is sorted to tell what is distinct.
fn totals(which: Condition) -> SelectStatement {
    grouped(&[tally::Column::Figure], which)
}

/// The same for each force.
fn split_by_force(which: Condition) -> SelectStatement {
    grouped(&[tally::Column::Figure, tally::Column::Force], which)
}

fn grouped(by: &[tally::Column], which: Condition) -> SelectStatement {
    let mut select = Sql::select();
    for (index, column) in by.iter().enumerate() {
        select.column(*column).add_group_by([Expr::col(*column)]);
        if index == 0 {
            select.expr(Expr::col(tally::Column::Counted).count_distinct());
        }
    }
    select.from(tally::Entity).cond_where(which).take()
}
