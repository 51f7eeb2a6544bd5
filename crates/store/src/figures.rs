//! Counting what [`pendeen_casework::figure`] defines, as at now or any moment before.
//!
//! In: a scope and a moment. Out: numbers, never names; restricted records count as the figure
//! says, because a published figure is of everything. Who may ask is the caller's decision; no
//! audit leaf, because nobody's data is read. The records behind a number are another matter:
//! [`Store::behind`] lists those that a person may see, and leaves its leaf.
//!
//! What a release freezes is made in `freeze`.
//!
//! As at a moment everything is counted from the rows of `crate::tally`, all figures in one
//! question; as at now the numbers are kept (`crate::tally::total`). The plain twin, which counts
//! records in memory, is `casework::figure::count`: a test holds the three against each other.

mod changes;
mod freeze;

use std::collections::BTreeMap;

pub use changes::Change;
use jiff::Timestamp;
use pendeen_casework::figure::{FIGURES, Figure, Part, Scope};
use pendeen_casework::force::ForceKey;
use pendeen_casework::person::Person;
use sea_orm::sea_query::{Expr, ExprTrait, Query as Sql, SelectStatement};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QueryResult};

use crate::entity::{figure_total, record, tally};
use crate::error::{Result, StoreError};
use crate::query::{Page, Query, Slice};
use crate::sight::visible;
use crate::tally::{OPEN, total};
use crate::{Store, micros};

/// A number of each figure, in the order of [`FIGURES`].
pub type Counted = Vec<(&'static Figure, u64)>;

impl Store {
    /// One figure within a scope, as at now.
    pub async fn figure(&self, figure: &Figure, scope: &Scope) -> Result<u64> {
        let kept = figure_total::Entity::find()
            .filter(total::within(scope))
            .filter(figure_total::Column::Figure.eq(figure.key))
            .one(self.db())
            .await?;
        Ok(kept.map_or(0, number))
    }

    /// Every figure within a scope, as at now.
    pub async fn figures(&self, scope: &Scope) -> Result<Counted> {
        self.figures_as_at(scope, None).await
    }

    /// Every figure within a scope, as at a moment; now where there is none.
    pub async fn figures_as_at(&self, scope: &Scope, as_at: Option<Timestamp>) -> Result<Counted> {
        let counts = match as_at {
            None => {
                let kept = figure_total::Entity::find().filter(total::within(scope));
                let kept = kept.all(self.db()).await?.into_iter();
                kept.map(|row| (row.figure.clone(), number(row))).collect()
            }
            Some(at) => {
                let rows = self.db().query_all(&totals(standing(scope, at))).await?;
                rows.iter().map(named_count).collect::<Result<_>>()?
            }
        };
        Ok(in_order(&counts))
    }

    /// Every figure of each force that has any, and of national work, as at a moment. What
    /// several forces share counts once for each, so a sum may be more than the figure over all.
    pub async fn figures_by_force(
        &self,
        part: Part,
        as_at: Option<Timestamp>,
    ) -> Result<BTreeMap<Option<ForceKey>, Counted>> {
        let mut counts: BTreeMap<Option<ForceKey>, BTreeMap<String, u64>> = BTreeMap::new();
        match as_at {
            None => {
                let kept = figure_total::Entity::find().filter(total::by_force(part));
                for row in kept.all(self.db()).await? {
                    let force = of_force(&row)?;
                    counts.entry(force).or_default().insert(row.figure.clone(), number(row));
                }
            }
            Some(at) => {
                let select = split_by_force(standing(&Scope { force: None, part }, at));
                for row in self.db().query_all(&select).await? {
                    let (figure, count) = named_count(&row)?;
                    counts.entry(force_in(&row, 2)?).or_default().insert(figure, count);
                }
            }
        }
        Ok(counts.into_iter().map(|(force, counts)| (force, in_order(&counts))).collect())
    }

    /// One figure for each force that has any, and for national work, as at now.
    pub async fn figure_by_force(
        &self,
        figure: &Figure,
        part: Part,
    ) -> Result<BTreeMap<Option<ForceKey>, u64>> {
        let kept = figure_total::Entity::find()
            .filter(total::by_force(part))
            .filter(figure_total::Column::Figure.eq(figure.key))
            .all(self.db())
            .await?;
        kept.into_iter().map(|row| Ok((of_force(&row)?, number(row)))).collect()
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
            .cond_where(as_at.map_or_else(|| open(scope), |at| standing(scope, at)))
            .and_where(tally::Column::Figure.eq(figure.key))
            .take();
        let seen = visible(who, &[]).add(record::Column::Id.in_subquery(counted));
        let why = why.map(str::to_owned);
        let query = Query { page, force: scope.force, why, ..Query::default() };
        self.listed(who, &query, (vec![seen], true), &format!("figure:{}", figure.key), at).await
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
    key.as_deref().map(known_force).transpose()
}

fn known_force(key: &str) -> Result<ForceKey> {
    ForceKey::parse(key).ok_or(StoreError::Conflict("a record has an unknown force"))
}

/// The force of a number that is split by force; none for national work.
fn of_force(row: &figure_total::Model) -> Result<Option<ForceKey>> {
    let key = Some(row.force.as_str()).filter(|key| *key != total::NATIONAL);
    key.map(known_force).transpose()
}

fn number(row: figure_total::Model) -> u64 {
    u64::try_from(row.number).unwrap_or(0)
}

/// The rows that stood at the moment within the scope.
fn standing(scope: &Scope, at: Timestamp) -> Condition {
    use tally::Column;
    let at = micros(at);
    let then = Condition::all().add(Column::Since.lte(at)).add(Column::Until.gt(at));
    within(then, scope)
}

/// The rows that stand now within the scope.
fn open(scope: &Scope) -> Condition {
    within(Condition::all().add(tally::Column::Until.eq(OPEN)), scope)
}

fn within(when: Condition, scope: &Scope) -> Condition {
    use tally::Column;
    let of_force = scope.force.map(|force| Column::Force.eq(force.as_str()));
    let part = match scope.part {
        Part::All => None,
        Part::Inside(operation) => Some(Column::Operation.eq(operation.uuid())),
        Part::InsideAny => Some(Column::Operation.is_not_null()),
        Part::Outside => Some(Column::Operation.is_null()),
    };
    when.add_option(of_force).add_option(part)
}

/// `SELECT figure, COUNT(DISTINCT counted) FROM tally WHERE ... GROUP BY figure`.
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
