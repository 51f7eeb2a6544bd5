//! Figures as at now, kept until something is written.
//!
//! In: a question and its SQL. Out: its rows, counted now or as they were counted when nothing
//! had been written since. Whatever changes a figure leaves its leaf in the same transaction, so
//! the log tells whether there was a writing; leaves of readings do not count as one. Whoever
//! asks while somebody counts waits for that count instead of making another.
//!
//! Not seen: a program of another version that counts anew by other definitions
//! ([`Store::recount`]); it replaces this one.

use std::collections::HashMap;

use jiff::Timestamp;
use pendeen_casework::force::ForceKey;
use sea_orm::sea_query::SelectStatement;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QuerySelect,
};
use tokio::sync::Mutex;

use super::{force_in, named_count};
use crate::Store;
use crate::audit::Processing;
use crate::entity::{audit_head, audit_leaf};
use crate::error::Result;

/// Answers kept at most: beyond, all are forgotten.
const MOST: usize = 1_000;

/// A number of a figure, of one force where the question was for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub figure: String,
    pub count: u64,
    pub force: Option<ForceKey>,
}

/// Answers, and the last leaf that they know of.
#[derive(Default)]
pub struct Kept(Mutex<Answers>);

#[derive(Default)]
struct Answers {
    seq: i64,
    rows: HashMap<String, Vec<Row>>,
}

impl Kept {
    /// Forgets every answer.
    pub async fn forget(&self) {
        self.0.lock().await.rows.clear();
    }
}

impl Store {
    /// The rows of a count. What is asked as at a moment is always counted.
    pub(super) async fn counted(
        &self,
        as_at: Option<Timestamp>,
        question: String,
        select: &SelectStatement,
    ) -> Result<Vec<Row>> {
        if as_at.is_some() {
            return rows(self.db(), select).await;
        }
        let mut kept = self.kept.0.lock().await;
        // One snapshot: what is counted is what the log tells of.
        let db = self.snapshot().await?;
        let head = audit_head::Entity::find_by_id(1_i16).one(&db).await?;
        let seq = head.map_or(0, |head| head.seq);
        let stale = seq < kept.seq || kept.rows.len() >= MOST;
        if stale || written_since(&db, kept.seq).await? {
            kept.rows.clear();
        }
        kept.seq = seq;
        let answer = match kept.rows.get(&question) {
            Some(known) => known.clone(),
            None => {
                let counted = rows(&db, select).await?;
                kept.rows.insert(question, counted.clone());
                counted
            }
        };
        db.rollback().await?;
        Ok(answer)
    }
}

async fn rows<C: ConnectionTrait>(db: &C, select: &SelectStatement) -> Result<Vec<Row>> {
    let stored = db.query_all(select).await?;
    let row = |row: &sea_orm::QueryResult| -> Result<Row> {
        let (figure, count) = named_count(row)?;
        let force = if row.column_names().len() > 2 { force_in(row, 2)? } else { None };
        Ok(Row { figure, count, force })
    };
    stored.iter().map(row).collect()
}

/// Whether anything but readings and sign-ins came after this leaf.
async fn written_since(db: &DatabaseTransaction, seq: i64) -> Result<bool> {
    let readings = [Processing::Consultation, Processing::AccessControl];
    let first = audit_leaf::Entity::find()
        .select_only()
        .column(audit_leaf::Column::Seq)
        .filter(audit_leaf::Column::Seq.gt(seq))
        .filter(audit_leaf::Column::Processing.is_not_in(readings.map(|of| i16::from(of.code()))))
        .limit(1)
        .into_tuple::<i64>()
        .one(db)
        .await?;
    Ok(first.is_some())
}
