//! Appending to the log, and reading it on the audit page.

use std::collections::HashMap;

use jiff::Timestamp;
use pendeen_casework::permission::Denied;
use pendeen_casework::person::{Person, PersonId, Role};
use sea_orm::sea_query::{
    CommonTableExpression, InsertStatement, Query as Sql, UpdateStatement, WithQuery,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Statement,
};
use uuid::Uuid;

use super::leaf::{self, Leaf, Processing};
use crate::entity::{audit_head, audit_leaf, audit_opening, record};
use crate::error::{Result, StoreError};
use crate::query::{COUNTED, Slice, counted};
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
#[derive(Clone)]
pub(crate) struct Tail {
    seq: i64,
    digest: Vec<u8>,
    #[cfg(feature = "measure")]
    silent: bool,
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
        Ok(Self {
            seq: head.seq,
            digest: head.digest,
            #[cfg(feature = "measure")]
            silent: false,
        })
    }

    /// Takes leaves and writes none: see [`Store::without_leaves`].
    #[cfg(feature = "measure")]
    pub fn silenced(self, silent: bool) -> Self {
        Self { silent, ..self }
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

    /// Appends leaves, one after another, with their commitments, and moves the head to the last.
    pub async fn append_all<C: ConnectionTrait>(
        &mut self,
        db: &C,
        entropy: &dyn Entropy,
        leaves: Vec<(Leaf, Vec<Committed>)>,
    ) -> Result<()> {
        #[cfg(feature = "measure")]
        if self.silent {
            return Ok(());
        }
        if leaves.is_empty() {
            return Ok(());
        }
        let was = self.seq;
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
        let expected = rows.len() + openings.len() + 1;
        let leaves = audit_leaf::Entity::insert_many(rows).into_query();
        let openings = match openings.len() {
            0 => None,
            _ => Some(audit_opening::Entity::insert_many(openings).into_query()),
        };
        let changed = db.execute_raw(together(db, leaves, openings, self.moves_from(was))).await?;
        // PostgreSQL counts the rows of the head alone, SQLite those of all three.
        match changed.rows_affected() {
            1 => Ok(()),
            n if n == expected as u64 => Ok(()),
            _ => Err(StoreError::Conflict(
                "the audit log moved on during the transaction; try again",
            )),
        }
    }

    /// Moves the head from this number to the end of the chain.
    fn moves_from(&self, was: i64) -> UpdateStatement {
        Sql::update()
            .table(audit_head::Entity)
            .value(audit_head::Column::Seq, self.seq)
            .value(audit_head::Column::Digest, self.digest.clone())
            .and_where(audit_head::Column::Id.eq(1_i16))
            .and_where(audit_head::Column::Seq.eq(was))
            .take()
    }
}

/// Leaves, their openings and the head, written in one question to the database: most of what
/// a leaf costs is the way there and back.
fn together<C: ConnectionTrait>(
    db: &C,
    leaves: InsertStatement,
    openings: Option<InsertStatement>,
    head: UpdateStatement,
) -> Statement {
    let backend = db.get_database_backend();
    if backend == DbBackend::Postgres {
        let mut all = WithQuery::new();
        for (name, insert) in [("leaves", Some(leaves)), ("openings", openings)] {
            if let Some(insert) = insert {
                let mut part = CommonTableExpression::new();
                all.cte(part.table_name(name).query(insert).to_owned());
            }
        }
        return backend.build(all.query(head));
    }
    let parts = [Some(backend.build(&leaves)), openings.map(|o| backend.build(&o))];
    let parts = parts.into_iter().flatten().chain([backend.build(&head)]);
    let (mut sql, mut values) = (Vec::new(), Vec::new());
    for part in parts {
        sql.push(part.sql);
        values.extend(part.values.map(|values| values.0).unwrap_or_default());
    }
    Statement::from_sql_and_values(backend, sql.join("; "), values)
}

/// The row of a leaf that follows `prev`.
fn row(seq: i64, prev: &[u8], leaf: &Leaf) -> audit_leaf::Model {
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
    /// About the record that people call by this number; case of letters does not matter.
    pub number: Option<String>,
    /// Of this action, by name.
    pub action: Option<String>,
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
        ("number", filter.number.clone()),
        ("action", filter.action.clone()),
        ("person", filter.person.map(|id| id.0.to_string())),
        ("processing", filter.processing.map(|of| of.label().to_owned())),
        ("from", filter.from.map(|at| at.to_string())),
        ("until", filter.until.map(|at| at.to_string())),
        ("offset", (slice.offset > 0).then(|| slice.offset.to_string())),
    ];
    let told = parts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into())));
    serde_json::Value::Object(told.collect()).to_string()
}

/// To whom an export of the log is given, and why.
#[derive(Debug, Clone, Copy)]
pub struct Recipient<'a> {
    /// The person or office; stands in the leaf.
    pub name: &'a str,
    /// The request it answers.
    pub reason: &'a str,
}

/// Entries in one export, at most.
const EXPORTED: u64 = 100_000;
/// Leaves read at a time where their bytes must be looked at.
const LOOKED_AT: u64 = 2_000;

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

    /// Entries of the log, newest first, for an auditor, and how many there are, counted as in a
    /// list; reading them leaves an entry too.
    pub async fn audit_entries(
        &self,
        who: &Person,
        filter: &EntryFilter,
        slice: Slice,
        at: Timestamp,
    ) -> Result<(Vec<Entry>, u64)> {
        self.auditor(who, at).await?;
        let found = self.resolved(filter).await?;
        let mut leaf = Leaf::new(Processing::Consultation, Some(who), "audit", at);
        leaf.record = found.as_ref().and_then(|filter| filter.record);
        self.note(leaf, vec![Committed::kept("query", asked(filter, slice))]).await?;
        match found {
            Some(filter) => self.part(&filter, slice, (i64::MAX, COUNTED)).await,
            None => Ok((Vec::new(), 0)),
        }
    }

    /// Everything that a request for subject access or professional standards asks for, newest
    /// first, as it was before this export's own entries: a disclosure, whose leaf is committed
    /// before this answers. `digest` makes the digest of what is given out, from the entries.
    pub async fn audit_export(
        &self,
        who: &Person,
        filter: &EntryFilter,
        to: &Recipient<'_>,
        digest: impl FnOnce(&[Entry]) -> String + Send,
        at: Timestamp,
    ) -> Result<Vec<Entry>> {
        self.auditor(who, at).await?;
        let until = i64::try_from(self.audit_count().await?).unwrap_or(i64::MAX);
        let found = self.resolved(filter).await?;
        let slice = Slice { offset: 0, limit: EXPORTED + 1 };
        let (entries, total) = match &found {
            Some(filter) => self.part(filter, slice, (until, EXPORTED)).await?,
            None => (Vec::new(), 0),
        };
        if total > EXPORTED {
            return Err(StoreError::Conflict("the export is too large; narrow its period"));
        }
        let mut leaf = Leaf::new(Processing::Disclosure, Some(who), "audit_export", at)
            .to(crate::clean(to.name));
        leaf.record = found.and_then(|filter| filter.record);
        let committed = vec![
            Committed::kept("query", asked(filter, Slice::default())),
            Committed::kept("reason", to.reason),
            Committed::kept("sha256", digest(&entries)),
        ];
        self.note(leaf, committed).await?;
        Ok(entries)
    }

    /// Refuses, and notes, whoever is no auditor.
    async fn auditor(&self, who: &Person, at: Timestamp) -> Result<()> {
        if who.is(Role::Auditor) {
            return Ok(());
        }
        let leaf = Leaf::new(Processing::AccessControl, Some(who), "denied:audit", at);
        self.note(leaf, vec![]).await?;
        Err(Denied.into())
    }

    /// The filter with the record that its number names; none where there is no such record.
    async fn resolved(&self, filter: &EntryFilter) -> Result<Option<EntryFilter>> {
        let Some(number) = &filter.number else { return Ok(Some(filter.clone())) };
        let number = crate::clean(&number.trim().to_uppercase());
        let named = record::Entity::find()
            .select_only()
            .column(record::Column::Id)
            .filter(record::Column::Number.eq(number))
            .into_tuple::<Uuid>()
            .one(self.db())
            .await?;
        let same = |id: &Uuid| filter.record.is_none_or(|other| other == *id);
        Ok(named.filter(same).map(|id| EntryFilter { record: Some(id), ..filter.clone() }))
    }

    /// A part of the entries up to this number, and how many there are, counted to one more than
    /// `most`.
    async fn part(
        &self,
        filter: &EntryFilter,
        slice: Slice,
        (until, most): (i64, u64),
    ) -> Result<(Vec<Entry>, u64)> {
        let found = filtered(filter).filter(audit_leaf::Column::Seq.lte(until));
        let Some(action) = &filter.action else {
            let total = counted(self.db(), &found, most).await?;
            let rows = found
                .order_by_desc(audit_leaf::Column::Seq)
                .offset(slice.offset)
                .limit(slice.limit)
                .all(self.db())
                .await?;
            return Ok((self.entries(rows).await?, total));
        };
        // Actions are told by leaf bytes alone: those that the other parts leave are looked at.
        let (mut rows, mut total, mut below) = (Vec::new(), 0, until);
        loop {
            let chunk = filtered(filter)
                .filter(audit_leaf::Column::Seq.lte(below))
                .order_by_desc(audit_leaf::Column::Seq)
                .limit(LOOKED_AT)
                .all(self.db())
                .await?;
            let Some(last) = chunk.last().filter(|_| total <= most) else { break };
            below = last.seq - 1;
            for row in chunk {
                if Leaf::from_bytes(&row.bytes).is_ok_and(|leaf| leaf.action == *action) {
                    if (slice.offset..slice.offset.saturating_add(slice.limit)).contains(&total) {
                        rows.push(row);
                    }
                    total += 1;
                }
            }
        }
        Ok((self.entries(rows).await?, total))
    }

    async fn entries(&self, rows: Vec<audit_leaf::Model>) -> Result<Vec<Entry>> {
        let mut openings: HashMap<i64, Vec<audit_opening::Model>> = HashMap::new();
        // A chunk stays far below the number of parameters that both databases take.
        for chunk in rows.chunks(1_000) {
            let stored = audit_opening::Entity::find()
                .filter(audit_opening::Column::Seq.is_in(chunk.iter().map(|row| row.seq)))
                .order_by_asc(audit_opening::Column::Name)
                .all(self.db())
                .await?;
            for opening in stored {
                openings.entry(opening.seq).or_default().push(opening);
            }
        }
        rows.into_iter()
            .map(|row| {
                let leaf = Leaf::from_bytes(&row.bytes).map_err(|_| {
                    StoreError::Conflict("the audit log is damaged; run `pendeen audit verify`")
                })?;
                let values = openings.remove(&row.seq).unwrap_or_default();
                let values = values.into_iter().filter_map(|o| Some((o.name, o.value?))).collect();
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
