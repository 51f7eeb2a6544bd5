//! How many records stand where, kept as numbers: one row for each kind, restriction, force and
//! state, so that a count of all that a person may see reads some hundred rows and not all records.
//!
//! In: records before and after a write. Out: the numbers that change by it, in the same
//! transaction. They follow from the rows of `record` alone; [`fill`] makes them anew, and a test
//! holds the two against each other. Whose sight is decided by more than kind, force and
//! restriction is counted record by record instead (`crate::sight::of_standing`).

use std::collections::BTreeMap;

use sea_orm::sea_query::{Asterisk, Expr, ExprTrait, Func, OnConflict, Query as Sql};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};

use crate::entity::{record, standing};

/// The force of what no force has.
pub(crate) const NATIONAL: &str = "-";
/// Numbers written in one statement.
const AT_A_TIME: usize = 250;

/// The numbers that a write changes, and by how much.
#[derive(Debug, Default)]
pub(crate) struct Changes(BTreeMap<Place, i64>);

/// Kind, restriction, force and state.
type Place = [String; 4];

impl Changes {
    /// A record begins to stand where its row says.
    pub fn enters(&mut self, row: &record::Model) {
        *self.0.entry(place(row)).or_default() += 1;
    }

    /// A record stands there no longer.
    pub fn leaves(&mut self, row: &record::Model) {
        *self.0.entry(place(row)).or_default() -= 1;
    }

    /// Writes them, in an order that is the same for everybody, so that two writers wait for each
    /// other and not in a circle.
    pub async fn write<C: ConnectionTrait>(self, db: &C) -> Result<(), DbErr> {
        use standing::Column;
        let changed = self.0.into_iter().filter(|(_, by)| *by != 0);
        let rows: Vec<standing::ActiveModel> = changed
            .map(|([kind, restriction, force, state], by)| standing::ActiveModel {
                kind: Set(kind),
                restriction: Set(restriction),
                force: Set(force),
                state: Set(state),
                number: Set(by),
            })
            .collect();
        let key = [Column::Kind, Column::Restriction, Column::Force, Column::State];
        for some in rows.chunks(AT_A_TIME) {
            let sum = Expr::cust("\"standing\".\"number\" + \"excluded\".\"number\"");
            let sum = OnConflict::columns(key).value(Column::Number, sum).to_owned();
            standing::Entity::insert_many(some.to_vec())
                .on_conflict(sum)
                .exec_without_returning(db)
                .await?;
        }
        Ok(())
    }
}

fn place(row: &record::Model) -> Place {
    let force = row.force.as_deref().unwrap_or(NATIONAL);
    [&*row.kind, &*row.restriction, force, &*row.state].map(str::to_owned)
}

/// Makes every number anew from the records.
pub(crate) async fn fill<C: ConnectionTrait>(db: &C) -> Result<(), DbErr> {
    use record::Column;
    standing::Entity::delete_many().exec(db).await?;
    let force = Func::coalesce([Expr::col(Column::Force), Expr::val(NATIONAL)]);
    let select = Sql::select()
        .columns([Column::Kind, Column::Restriction])
        .expr(Expr::expr(force))
        .column(Column::State)
        .expr(Expr::col(Asterisk).count())
        .from(record::Entity)
        .group_by_columns([Column::Kind, Column::Restriction, Column::Force, Column::State])
        .take();
    let mut insert = Sql::insert();
    insert.into_table(standing::Entity).columns([
        "kind",
        "restriction",
        "force",
        "state",
        "number",
    ]);
    insert.select_from(select).map_err(|problem| DbErr::Custom(problem.to_string()))?;
    db.execute(&insert).await?;
    Ok(())
}
