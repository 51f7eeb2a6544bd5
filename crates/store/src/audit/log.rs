//! Appending to the log, and reading it on the audit page.

use jiff::Timestamp;
use pendeen_casework::permission::Denied;
use pendeen_casework::person::{Person, PersonId, Role};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::Expr,
};
use uuid::Uuid;

use super::leaf::{self, Leaf, Processing};
use crate::entity::{audit_head, audit_leaf, audit_opening};
use crate::error::{Result, StoreError};
use crate::query::Slice;
use crate::{Entropy, Store, micros};

/// A value that a leaf commits to.
#[derive(Debug, Clone)]
pub(crate) struct Committed {
    /// The commitment's name in the leaf.
    pub name: &'static str,
    /// The value.
    pub value: String,
    /// Whether the value is kept beside its salt, or lies in `record_version` already.
    pub keep: bool,
}

impl Committed {
    /// A value that is kept beside its salt.
    pub fn kept(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: value.into(), keep: true }
    }
}

/// The end of the chain, as a writing transaction holds it.
pub(crate) struct Tail {
    seq: i64,
    digest: Vec<u8>,
    start: i64,
}

impl Tail {
    /// Locks the end of the chain until the transaction ends: from here on it is the only
    /// writer, on PostgreSQL as on SQLite.
    pub async fn lock<C: ConnectionTrait>(db: &C) -> Result<Self> {
        let head = audit_head::Entity::find_by_id(1_i16)
            .lock_exclusive()
            .one(db)
            .await?
            .ok_or(StoreError::Conflict("the audit log has no head; run the migrations"))?;
        Ok(Self { start: head.seq, seq: head.seq, digest: head.digest })
    }

    /// Appends one leaf with its commitments.
    pub async fn append<C: ConnectionTrait>(
        &mut self,
        db: &C,
        entropy: &dyn Entropy,
        leaf: Leaf,
        committed: Vec<Committed>,
    ) -> Result<()> {
        self.append_all(db, entropy, vec![(leaf, committed)]).await
    }

    /// Appends leaves, one after another, with their commitments.
    pub async fn append_all<C: ConnectionTrait>(
        &mut self,
        db: &C,
        entropy: &dyn Entropy,
        leaves: Vec<(Leaf, Vec<Committed>)>,
    ) -> Result<()> {
        let mut rows = Vec::with_capacity(leaves.len());
        let mut openings = Vec::new();
        for (mut leaf, committed) in leaves {
            let seq = self.seq + 1;
            for Committed { name, value, keep } in committed {
                // What is kept is what is committed to: PostgreSQL takes no U+0000.
                let value = if keep { crate::clean(&value) } else { value };
                let mut salt = [0; 32];
                entropy.fill(&mut salt).map_err(StoreError::Entropy)?;
                leaf.commitments.push((name.to_owned(), leaf::commitment(&salt, &value)));
                openings.push(audit_opening::ActiveModel {
                    seq: Set(seq),
                    name: Set(name.to_owned()),
                    salt: Set(salt.to_vec()),
                    value: Set(keep.then_some(value)),
                });
            }
            let row = row(seq, &self.digest, &leaf);
            (self.seq, self.digest) = (seq, row.digest.clone());
            rows.push(audit_leaf::ActiveModel::from(row));
        }
        audit_leaf::Entity::insert_many(rows).exec_without_returning(db).await?;
        if !openings.is_empty() {
            audit_opening::Entity::insert_many(openings).exec_without_returning(db).await?;
        }
        Ok(())
    }

    /// Writes the new end of the chain; the last step before commit.
    pub async fn close<C: ConnectionTrait>(self, db: &C) -> Result<()> {
        let updated = audit_head::Entity::update_many()
            .col_expr(audit_head::Column::Seq, Expr::value(self.seq))
            .col_expr(audit_head::Column::Digest, Expr::value(self.digest))
            .filter(audit_head::Column::Id.eq(1))
            .filter(audit_head::Column::Seq.eq(self.start))
            .exec(db)
            .await?;
        match updated.rows_affected {
            1 => Ok(()),
            _ => Err(StoreError::Conflict(
                "the audit log moved on during the transaction; try again",
            )),
        }
    }
}

/// The row of a leaf that follows `prev`.
pub(crate) fn row(seq: i64, prev: &[u8], leaf: &Leaf) -> audit_leaf::Model {
    let bytes = leaf.to_bytes();
    audit_leaf::Model {
        seq,
        processing: leaf.processing.code().into(),
        at: micros(leaf.at),
        who: leaf.who.map_or(Uuid::nil(), |who| who.0),
        record_id: leaf.record.unwrap_or(Uuid::nil()),
        digest: leaf::chain(prev, &bytes).to_vec(),
        prev: prev.to_vec(),
        bytes,
    }
}

/// Which entries of the log are wanted.
#[derive(Debug, Clone, Default)]
pub struct EntryFilter {
    /// About this record.
    pub record: Option<Uuid>,
    /// By this person.
    pub person: Option<PersonId>,
    /// Of this kind.
    pub processing: Option<Processing>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

/// What was asked of the log, as JSON: only what narrows it.
fn asked(filter: &EntryFilter, slice: Slice) -> String {
    let parts = [
        ("record", filter.record.map(|id| id.to_string())),
        ("person", filter.person.map(|id| id.0.to_string())),
        ("processing", filter.processing.map(|of| of.label().to_owned())),
        ("from", filter.from.map(|at| at.to_string())),
        ("until", filter.until.map(|at| at.to_string())),
        ("offset", (slice.offset > 0).then(|| slice.offset.to_string())),
    ];
    let told = parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    serde_json::Value::Object(told.collect()).to_string()
}

/// One leaf as the audit page shows it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its number, from 1.
    pub seq: u64,
    /// What it says.
    pub leaf: Leaf,
    /// Values that it commits to and that have not been erased, by name.
    pub values: Vec<(String, String)>,
}

impl Store {
    /// How many leaves the log has, as its head says: one row is read, however long the log is.
    /// Tells of nobody, and leaves no leaf.
    pub async fn audit_count(&self) -> Result<u64> {
        let head = audit_head::Entity::find_by_id(1_i16)
            .one(self.db())
            .await?
            .ok_or(StoreError::Conflict("the audit log has no head; run the migrations"))?;
        Ok(u64::try_from(head.seq).unwrap_or(0))
    }

    /// Entries of the log, newest first, for an auditor; reading them leaves an entry too.
    pub async fn audit_entries(
        &self,
        who: &Person,
        filter: &EntryFilter,
        slice: Slice,
        at: Timestamp,
    ) -> Result<(Vec<Entry>, u64)> {
        if !who.is(Role::Auditor) {
            self.note(Leaf::new(Processing::AccessControl, Some(who), "denied:audit", at), vec![])
                .await?;
            return Err(Denied.into());
        }
        let mut leaf = Leaf::new(Processing::Consultation, Some(who), "audit", at);
        leaf.record = filter.record;
        self.note(leaf, vec![Committed::kept("query", asked(filter, slice))]).await?;
        let found = filtered(filter);
        let total = found.clone().count(self.db()).await?;
        let rows = found
            .order_by_desc(audit_leaf::Column::Seq)
            .offset(slice.offset)
            .limit(slice.limit)
            .all(self.db())
            .await?;
        Ok((self.entries(rows).await?, total))
    }

    async fn entries(&self, rows: Vec<audit_leaf::Model>) -> Result<Vec<Entry>> {
        let seqs = rows.iter().map(|row| row.seq);
        let openings = audit_opening::Entity::find()
            .filter(audit_opening::Column::Seq.is_in(seqs))
            .order_by_asc(audit_opening::Column::Name)
            .all(self.db())
            .await?;
        rows.into_iter()
            .map(|row| {
                let leaf = Leaf::from_bytes(&row.bytes).map_err(|_| {
                    StoreError::Conflict("the audit log is damaged; run `pendeen audit verify`")
                })?;
                let values = openings
                    .iter()
                    .filter(|opening| opening.seq == row.seq)
                    .filter_map(|opening| Some((opening.name.clone(), opening.value.clone()?)))
                    .collect();
                Ok(Entry { seq: u64::try_from(row.seq).unwrap_or(0), leaf, values })
            })
            .collect()
    }
}

fn filtered(filter: &EntryFilter) -> sea_orm::Select<audit_leaf::Entity> {
    use audit_leaf::Column;
    use sea_orm::QueryTrait;
    audit_leaf::Entity::find()
        .apply_if(filter.record, |q, id| q.filter(Column::RecordId.eq(id)))
        .apply_if(filter.person, |q, id| q.filter(Column::Who.eq(id.0)))
        .apply_if(filter.processing, |q, kind| {
            q.filter(Column::Processing.eq(i16::from(kind.code())))
        })
        .apply_if(filter.from, |q, from| q.filter(Column::At.gte(micros(from))))
        .apply_if(filter.until, |q, until| q.filter(Column::At.lt(micros(until))))
}
