//! From when until when each record counted in which figure.
//!
//! In: a record as it was and as it is. Out: a row for each figure that it adds to, for what it
//! adds, with the force and the operation that it belonged to; the row is closed when any of
//! that ends, and never deleted. A figure as at a moment is the number of distinct things in
//! the rows open at it. A record that was moved, corrected or reopened therefore counts at every
//! moment as it did then.
//!
//! The rows follow from the versions of records and the definitions of figures alone:
//! [`rebuild`] makes them anew, and does so whenever the definitions are not those that they
//! were made by. A test holds what writing keeps against what rebuilding gives.
//!
//! A version whose clock stood before an earlier one of the same record takes effect at the
//! later moment: no record counts twice at one.

pub(crate) mod total;

use std::collections::BTreeSet;

use pendeen_casework::figure::{FIGURES, adds};
use pendeen_casework::record::{AnyRecord, Id, Kind};
use sea_orm::sea_query::Query as Sql;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, EntityTrait,
    QueryFilter, QueryOrder, QuerySelect,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::entity::{erasure, record, record_version, tally, tally_basis};
use crate::error::Result;
use crate::read::from_body;
use crate::{Store, micros};

/// The end of what has not ended: later than every moment.
pub(crate) const OPEN: i64 = i64::MAX;

/// What a record adds to a figure, and to whose.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Standing {
    figure: String,
    counted: Uuid,
    force: Option<String>,
    operation: Option<Uuid>,
}

impl Standing {
    fn of(record: &AnyRecord) -> BTreeSet<Self> {
        let head = record.head();
        let all = FIGURES.iter().flat_map(|figure| {
            adds(figure, record).into_iter().map(|counted| Self {
                figure: figure.key.to_owned(),
                counted,
                force: head.force.map(|force| force.as_str().to_owned()),
                operation: head.operation.map(Id::uuid),
            })
        });
        all.collect()
    }

    fn kept(row: &tally::Model) -> Self {
        Self {
            figure: row.figure.clone(),
            counted: row.counted,
            force: row.force.clone(),
            operation: row.operation,
        }
    }

    fn row(self, record: &AnyRecord, since: i64) -> tally::Model {
        let head = record.head();
        tally::Model {
            record_id: head.id,
            version: head.version.into(),
            figure: self.figure,
            counted: self.counted,
            force: self.force,
            operation: self.operation,
            since,
            until: OPEN,
        }
    }
}

/// Follows a record to its next version; gives the rows that are new, after closing in `rows`
/// those that ended. `rows` are all that the record has.
fn follow(rows: &mut [tally::Model], after: &AnyRecord) -> Vec<tally::Model> {
    let last = |row: &tally::Model| if row.until == OPEN { row.since } else { row.until };
    let now = rows.iter().map(last).fold(micros(after.head().updated), i64::max);
    let mut new = Standing::of(after);
    for row in rows.iter_mut().filter(|row| row.until == OPEN) {
        if !new.remove(&Standing::kept(row)) {
            row.until = now;
        }
    }
    new.into_iter().map(|standing| standing.row(after, now)).collect()
}

/// Follows a record that is not written yet to its next version: all the rows that it has.
pub(crate) fn so_far(mut rows: Vec<tally::Model>, after: &AnyRecord) -> Vec<tally::Model> {
    let new = follow(&mut rows, after);
    rows.extend(new);
    rows
}

/// Keeps what a new record adds.
pub(crate) async fn begin<C: ConnectionTrait>(db: &C, record: &AnyRecord) -> Result<()> {
    let new = follow(&mut [], record);
    total::change(db, &[], &new).await?;
    keep(db, new).await
}

/// Changes the figures by the rows of records that the database does not know yet.
pub(crate) async fn begin_all<C: ConnectionTrait>(db: &C, rows: &[tally::Model]) -> Result<()> {
    Ok(total::change(db, &[], rows).await?)
}

/// Keeps what the next version of a record changes.
pub(crate) async fn change<C: ConnectionTrait>(
    db: &C,
    before: &AnyRecord,
    after: &AnyRecord,
) -> Result<()> {
    if Standing::of(before) == Standing::of(after) {
        return Ok(());
    }
    let stored =
        tally::Entity::find().filter(tally::Column::RecordId.eq(after.head().id)).all(db).await?;
    let mut rows = stored.clone();
    let new = follow(&mut rows, after);
    let ended = rows.into_iter().zip(stored).filter(|(row, stored)| row != stored);
    let (ended, stored): (Vec<_>, Vec<_>) = ended.unzip();
    total::change(db, &stored, &new).await?;
    for (row, stored) in ended.into_iter().zip(stored) {
        let until = row.until;
        tally::ActiveModel { until: Set(until), ..stored.into() }.update(db).await?;
    }
    keep(db, new).await
}

async fn keep<C: ConnectionTrait>(db: &C, rows: Vec<tally::Model>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows = rows.into_iter().map(tally::ActiveModel::from);
    tally::Entity::insert_many(rows).exec_without_returning(db).await?;
    Ok(())
}

/// The definitions by which rows are made, as a digest.
fn basis() -> String {
    let definitions: Vec<_> =
        FIGURES.iter().map(|f| (f.key, format!("{:?} {:?}", f.query, f.unit))).collect();
    hex::encode(Sha256::digest(format!("{definitions:?}")))
}

/// Rows put into the database at a time: far below the parameters that both databases take.
const AT_A_TIME: usize = 1_000;

/// Makes every row anew from the versions of records. Erased records, whose versions say nothing
/// any more, keep the rows that they had: what was published of them stays countable.
async fn rebuild<C: ConnectionTrait>(db: &C) -> Result<()> {
    let erased = Sql::select().column(erasure::Column::RecordId).from(erasure::Entity).take();
    tally::Entity::delete_many()
        .filter(tally::Column::RecordId.not_in_subquery(erased.clone()))
        .exec(db)
        .await?;
    let (mut after, mut made) = (None::<Uuid>, Vec::new());
    loop {
        let some: Vec<(Uuid, String)> = record::Entity::find()
            .select_only()
            .columns([record::Column::Id, record::Column::Kind])
            .filter(Condition::all().add_option(after.map(|id| record::Column::Id.gt(id))))
            .filter(record::Column::Id.not_in_subquery(erased.clone()))
            .order_by_asc(record::Column::Id)
            .limit(AT_A_TIME as u64)
            .into_tuple()
            .all(db)
            .await?;
        let Some((last, _)) = some.last() else { break };
        after = Some(*last);
        for (id, kind) in some {
            let Some(kind) = Kind::from_key(&kind) else { continue };
            made.extend(of_record(db, kind, id).await?);
        }
        for rows in made.chunks(AT_A_TIME) {
            keep(db, rows.to_vec()).await?;
        }
        made.clear();
    }
    Ok(total::fill(db).await?)
}

/// The rows of one record from all its versions.
async fn of_record<C: ConnectionTrait>(db: &C, kind: Kind, id: Uuid) -> Result<Vec<tally::Model>> {
    let versions = record_version::Entity::find()
        .filter(record_version::Column::RecordId.eq(id))
        .order_by_asc(record_version::Column::Version)
        .all(db)
        .await?;
    let mut rows = Vec::new();
    for version in versions {
        let new = follow(&mut rows, &from_body(kind, id, &version.body)?);
        rows.extend(new);
    }
    Ok(rows)
}

impl Store {
    /// Makes the rows behind figures anew where they were made by other definitions than this
    /// program's. The caller is the only writer.
    pub(crate) async fn refresh_tally(&self) -> Result<()> {
        let known = tally_basis::Entity::find_by_id(1_i16).one(self.db()).await?;
        if known.is_some_and(|known| known.digest == basis()) {
            return Ok(());
        }
        self.recount_locked().await
    }

    /// Makes the rows behind figures anew from the versions of all records, and the numbers of
    /// what stands where.
    pub async fn recount(&self) -> Result<()> {
        let _writer = self.writer.lock().await;
        self.recount_locked().await
    }

    async fn recount_locked(&self) -> Result<()> {
        let txn = self.begin_write().await?;
        let _tail = crate::audit::log::Tail::lock(&txn).await?;
        rebuild(&txn).await?;
        crate::standing::fill(&txn).await?;
        tally_basis::Entity::delete_many().exec(&txn).await?;
        let made = tally_basis::ActiveModel { id: Set(1), digest: Set(basis()) };
        tally_basis::Entity::insert(made).exec_without_returning(&txn).await?;
        txn.commit().await?;
        Ok(())
    }
}
