//! Figures as at now, kept as numbers: one row for each figure, part of the work and force.
//!
//! In: rows of the tally that end and that begin. Out: the numbers that change by it, in the same
//! transaction. A figure counts distinct things, so a number rises when the first open row of a
//! thing stands within its scope and falls when the last is gone: the other open rows of the
//! thing are read, which are few, instead of all.
//!
//! The numbers follow from the open rows alone; [`fill`] makes them anew. Its plain twin counts
//! the rows as at a moment, and a test holds the two against each other.

use std::collections::{BTreeMap, BTreeSet};

use pendeen_casework::figure::{Part, Scope};
use sea_orm::sea_query::{Expr, ExprTrait, Func, OnConflict, Query as Sql};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter,
    QuerySelect,
};
use uuid::Uuid;

use super::OPEN;
use crate::entity::{figure_total, tally};

/// The force of a number over all forces.
const EVERY_FORCE: &str = "";
/// The force of work that no force does.
pub(crate) const NATIONAL: &str = "-";

/// Things looked up, and numbers written, in one statement.
const AT_A_TIME: usize = 250;

/// The part of the work that a number is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Of {
    part: i16,
    /// Nil but for the part of one operation.
    operation: Uuid,
}

impl Of {
    const ALL: Self = Self { part: 0, operation: Uuid::nil() };
    const ANY: Self = Self { part: 1, operation: Uuid::nil() };
    const OUTSIDE: Self = Self { part: 2, operation: Uuid::nil() };

    fn one(operation: Uuid) -> Self {
        Self { part: 3, operation }
    }

    fn part(part: Part) -> Self {
        match part {
            Part::All => Self::ALL,
            Part::InsideAny => Self::ANY,
            Part::Outside => Self::OUTSIDE,
            Part::Inside(operation) => Self::one(operation.uuid()),
        }
    }
}

/// The numbers within a scope.
pub(crate) fn within(scope: &Scope) -> Condition {
    let force = scope.force.as_ref().map_or(EVERY_FORCE, |force| force.as_str());
    of_part(scope.part).add(figure_total::Column::Force.eq(force))
}

/// The numbers of each force, and of national work.
pub(crate) fn by_force(part: Part) -> Condition {
    of_part(part).add(figure_total::Column::Force.ne(EVERY_FORCE))
}

fn of_part(part: Part) -> Condition {
    let Of { part, operation } = Of::part(part);
    Condition::all()
        .add(figure_total::Column::Part.eq(part))
        .add(figure_total::Column::Operation.eq(operation))
        .add(figure_total::Column::Number.gt(0_i64))
}

/// What is counted, by its figure.
type Thing = (String, Uuid);
/// Where an open row stands: its force and operation.
type Place = (Option<String>, Option<Uuid>);

/// The key of a number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    figure: String,
    of: Of,
    force: String,
}

fn thing(row: &tally::Model) -> Thing {
    (row.figure.clone(), row.counted)
}

fn place(row: &tally::Model) -> Place {
    (row.force.clone(), row.operation)
}

/// Every scope that a thing stands in.
fn scopes<'a>(figure: &str, places: impl IntoIterator<Item = &'a Place>) -> BTreeSet<Key> {
    let mut keys = BTreeSet::new();
    for (force, operation) in places {
        let parts = match operation {
            Some(operation) => vec![Of::ALL, Of::ANY, Of::one(*operation)],
            None => vec![Of::ALL, Of::OUTSIDE],
        };
        for of in parts {
            for force in [EVERY_FORCE, force.as_deref().unwrap_or(NATIONAL)] {
                keys.insert(Key { figure: figure.to_owned(), of, force: force.to_owned() });
            }
        }
    }
    keys
}

/// Changes the numbers by what ends and what begins, before the rows are written.
pub(super) async fn change<C: ConnectionTrait>(
    db: &C,
    ends: &[tally::Model],
    begins: &[tally::Model],
) -> Result<(), DbErr> {
    let begins: Vec<&tally::Model> = begins.iter().filter(|row| row.until == OPEN).collect();
    let things: BTreeSet<Thing> = ends.iter().chain(begins.iter().copied()).map(thing).collect();
    let things: Vec<Thing> = things.into_iter().collect();
    let mut places: BTreeMap<Thing, Vec<Place>> = BTreeMap::new();
    for some in things.chunks(AT_A_TIME) {
        for row in open_rows(db, some).await? {
            places.entry(thing(&row)).or_default().push(place(&row));
        }
    }
    let before = places.clone();
    for row in ends {
        let standing = places.entry(thing(row)).or_default();
        if let Some(at) = standing.iter().position(|one| *one == place(row)) {
            standing.swap_remove(at);
        }
    }
    for row in begins {
        places.entry(thing(row)).or_default().push(place(row));
    }
    let mut changes: BTreeMap<Key, i64> = BTreeMap::new();
    for thing in things {
        let [was, is] =
            [&before, &places].map(|all| scopes(&thing.0, all.get(&thing).into_iter().flatten()));
        for key in is.difference(&was) {
            *changes.entry(key.clone()).or_default() += 1;
        }
        for key in was.difference(&is) {
            *changes.entry(key.clone()).or_default() -= 1;
        }
    }
    add(db, changes).await
}

/// The open rows of these things.
async fn open_rows<C: ConnectionTrait>(
    db: &C,
    things: &[Thing],
) -> Result<Vec<tally::Model>, DbErr> {
    use tally::Column;
    let figures: BTreeSet<&str> = things.iter().map(|(figure, _)| figure.as_str()).collect();
    let counted: BTreeSet<Uuid> = things.iter().map(|(_, counted)| *counted).collect();
    let rows = tally::Entity::find()
        .filter(Column::Until.eq(OPEN))
        .filter(Column::Figure.is_in(figures))
        .filter(Column::Counted.is_in(counted))
        .all(db)
        .await?;
    let wanted: BTreeSet<&Thing> = things.iter().collect();
    Ok(rows.into_iter().filter(|row| wanted.contains(&thing(row))).collect())
}

async fn add<C: ConnectionTrait>(db: &C, changes: BTreeMap<Key, i64>) -> Result<(), DbErr> {
    use figure_total::Column;
    let rows: Vec<figure_total::ActiveModel> = changes
        .into_iter()
        .filter(|(_, by)| *by != 0)
        .map(|(key, by)| figure_total::ActiveModel {
            figure: Set(key.figure),
            part: Set(key.of.part),
            operation: Set(key.of.operation),
            force: Set(key.force),
            number: Set(by),
        })
        .collect();
    for some in rows.chunks(AT_A_TIME) {
        let excluded = Expr::cust("\"figure_total\".\"number\" + \"excluded\".\"number\"");
        let sum =
            OnConflict::columns([Column::Figure, Column::Part, Column::Operation, Column::Force])
                .value(Column::Number, excluded)
                .to_owned();
        figure_total::Entity::insert_many(some.to_vec())
            .on_conflict(sum)
            .exec_without_returning(db)
            .await?;
    }
    Ok(())
}

/// Makes every number anew from the open rows.
pub(crate) async fn fill<C: ConnectionTrait>(db: &C) -> Result<(), DbErr> {
    figure_total::Entity::delete_many().exec(db).await?;
    let operations: Vec<Option<Uuid>> = tally::Entity::find()
        .select_only()
        .column(tally::Column::Operation)
        .filter(tally::Column::Until.eq(OPEN))
        .distinct()
        .into_tuple()
        .all(db)
        .await?;
    let operations = operations.into_iter().flatten().map(Of::one);
    for of in [Of::ALL, Of::ANY, Of::OUTSIDE].into_iter().chain(operations) {
        for split in [false, true] {
            fill_one(db, of, split).await?;
        }
    }
    Ok(())
}

/// Fills the numbers of one part, over all forces or split by force.
async fn fill_one<C: ConnectionTrait>(db: &C, of: Of, split: bool) -> Result<(), DbErr> {
    use tally::Column;
    let operation = Expr::col(Column::Operation);
    let inside = match of.part {
        0 => None,
        1 => Some(operation.is_not_null()),
        2 => Some(operation.is_null()),
        _ => Some(operation.eq(of.operation)),
    };
    let force = Expr::expr(Func::coalesce([Expr::col(Column::Force), Expr::val(NATIONAL)]));
    let mut select = Sql::select();
    select
        .column(Column::Figure)
        .expr(Expr::value(of.part))
        .expr(Expr::value(of.operation))
        .expr(if split { force } else { Expr::value(EVERY_FORCE) })
        .expr(Expr::col(Column::Counted).count_distinct())
        .from(tally::Entity)
        .and_where(Expr::col(Column::Until).eq(OPEN))
        .and_where_option(inside)
        .add_group_by([Expr::col(Column::Figure)]);
    if split {
        select.add_group_by([Expr::col(Column::Force)]);
    }
    let columns = ["figure", "part", "operation", "force", "number"];
    let mut insert = Sql::insert();
    insert.into_table(figure_total::Entity).columns(columns);
    insert.select_from(select.take()).map_err(|problem| DbErr::Custom(problem.to_string()))?;
    db.execute(&insert).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sea_orm::{IntoActiveModel, QueryOrder, TransactionTrait};

    use super::*;
    use crate::Store;

    /// Numbers that are the same for the same seed.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, limit: usize) -> usize {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(self.0 >> 33).unwrap() % limit
        }
    }

    async fn numbers(db: &impl ConnectionTrait) -> Vec<figure_total::Model> {
        let mut query = figure_total::Entity::find().filter(figure_total::Column::Number.ne(0_i64));
        for column in [figure_total::Column::Figure, figure_total::Column::Force] {
            query = query.order_by_asc(column);
        }
        query
            .order_by_asc(figure_total::Column::Part)
            .order_by_asc(figure_total::Column::Operation)
            .all(db)
            .await
            .unwrap()
    }

    /// Few things in few places, so that most are counted by several rows at a time.
    fn some_row(dice: &mut Dice, version: i64) -> tally::Model {
        tally::Model {
            record_id: Uuid::from_u128(dice.below(40) as u128),
            version,
            figure: ["searches", "premises"][dice.below(2)].to_owned(),
            counted: Uuid::from_u128(dice.below(6) as u128),
            force: [None, Some("E23000035"), Some("E23000031")][dice.below(3)].map(str::to_owned),
            operation: [None, Some(71), Some(72)][dice.below(3)].map(Uuid::from_u128),
            since: version,
            until: OPEN,
        }
    }

    #[tokio::test]
    async fn numbers_changed_row_by_row_are_those_that_counting_anew_gives() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("totals.db");
        let store = Store::connect(&format!("sqlite:{}?mode=rwc", file.display())).await.unwrap();
        store.migrate().await.unwrap();
        let db = store.db().begin().await.unwrap();
        db.execute_unprepared("PRAGMA defer_foreign_keys = ON").await.unwrap();
        let (mut dice, mut open) = (Dice(7), Vec::<tally::Model>::new());
        for version in 1..300 {
            let ending = dice.below(open.len().min(4) + 1);
            let ends: Vec<_> =
                (0..ending).map(|_| open.swap_remove(dice.below(open.len()))).collect();
            let count = dice.below(4);
            let begins: BTreeMap<_, _> = (0..count)
                .map(|_| some_row(&mut dice, version))
                .map(|row| ((row.record_id, row.figure.clone(), row.counted), row))
                .collect();
            let begins: Vec<_> = begins.into_values().collect();
            change(&db, &ends, &begins).await.unwrap();
            for row in ends {
                let ended = tally::ActiveModel { until: Set(version), ..row.into() };
                tally::Entity::update(ended).exec(&db).await.unwrap();
            }
            if !begins.is_empty() {
                let rows = begins.iter().cloned().map(IntoActiveModel::into_active_model);
                tally::Entity::insert_many(rows).exec_without_returning(&db).await.unwrap();
            }
            open.extend(begins);
            let changed = numbers(&db).await;
            fill(&db).await.unwrap();
            assert_eq!(changed, numbers(&db).await, "after {version} changes");
        }
        assert!(!open.is_empty());
    }
}
