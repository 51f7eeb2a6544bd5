//! What a bulk has done and not yet written.
//!
//! In: records made in the bulk and their next versions, leaves, documents. Out: their rows, in
//! an order that no foreign key minds, [`AT_A_TIME`] in a statement. Only records that the
//! database does not know yet wait here: an act on any other writes what waits, then itself.
//!
//! Writing may go on while the next records are made ([`Batch::write_on`]), in the same
//! transaction; whoever then reads from the database waits until it is done ([`Batch::settle`]).

use std::collections::{BTreeSet, HashMap};
use std::panic::resume_unwind;
use std::sync::Arc;

use pendeen_casework::record::{AnyRecord, Kind};
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter,
    QuerySelect,
};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::{Batch, Deed, altered, rows};
use crate::audit::log::{Committed, Tail};
use crate::audit::{Leaf, Processing};
use crate::document::{DocumentDigest, is_kept};
use crate::entity::{document, record_document, record_version, stage, tally as tally_row};
use crate::error::{Result, StoreError};
use crate::read::load;
use crate::{search, standing, tally};

/// Rows of one statement: few enough for the parameters that SQLite takes (32,766), and always
/// as many, so that the statement is prepared once.
const AT_A_TIME: usize = 250;

/// A record that the database does not know yet.
struct Fresh {
    now: AnyRecord,
    body: String,
    tally: Vec<tally_row::Model>,
}

/// What waits to be written.
#[derive(Default)]
pub struct Behind {
    fresh: HashMap<Uuid, Fresh>,
    /// Who names a record, among the fresh ones.
    naming: HashMap<Uuid, BTreeSet<Uuid>>,
    versions: Vec<record_version::ActiveModel>,
    stages: Vec<stage::ActiveModel>,
    leaves: Vec<(Leaf, Vec<Committed>)>,
    documents: HashMap<Vec<u8>, document::ActiveModel>,
    /// Digests that records name; they count where a document has them.
    named: BTreeSet<(Uuid, Vec<u8>)>,
    /// What is being written meanwhile; gives the end of the chain.
    writing: Option<JoinHandle<Result<Tail>>>,
    /// Whether writing failed, after which nothing of it can be kept.
    failed: bool,
}

impl Behind {
    /// How many versions and leaves wait.
    pub fn len(&self) -> usize {
        self.versions.len() + self.leaves.len()
    }

    /// Puts a leaf at the end of those that wait.
    pub fn leaf(&mut self, leaf: Leaf, committed: Vec<Committed>) {
        self.leaves.push((leaf, committed));
    }

    /// Keeps a document unless it waits already.
    pub fn document(&mut self, digest: Vec<u8>, row: document::ActiveModel) {
        self.documents.entry(digest).or_insert(row);
    }

    fn keep(&mut self, record: &AnyRecord, body: String) {
        let id = record.head().id;
        for link in record.links() {
            self.naming.entry(link.to).or_default().insert(id);
        }
        let before = self.fresh.remove(&id);
        if before.as_ref().is_none_or(|before| before.now.state() != record.state()) {
            let at = record.head().updated;
            self.stages.push(rows::entered(record, at).into_active_model());
        }
        let before = before.map(|fresh| fresh.tally).unwrap_or_default();
        let tally = tally::so_far(before, record);
        self.fresh.insert(id, Fresh { now: record.clone(), body, tally });
    }

    /// The fresh records of a kind that name this one.
    fn linked(&self, kind: Kind, role: &str, to: Uuid) -> Vec<AnyRecord> {
        let naming = self.naming.get(&to).into_iter().flatten();
        let records = naming.filter_map(|id| self.fresh.get(id)).map(|fresh| &fresh.now);
        let linked = records.filter(|record| {
            record.kind() == kind && record.links().iter().any(|l| l.role == role && l.to == to)
        });
        linked.cloned().collect()
    }

    /// Writes everything but the leaves, which it gives back.
    async fn write<C: ConnectionTrait>(self, db: &C) -> Result<Vec<(Leaf, Vec<Committed>)>> {
        let (mut records, mut links, mut facets, mut tallies, mut searched) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut standing = standing::Changes::default();
        for fresh in self.fresh.into_values() {
            let text = rows::search_text(&fresh.now);
            searched.push(search::row(fresh.now.head().id, &text).into_active_model());
            let row = rows::stored_as(&fresh.now, &fresh.body);
            standing.enters(&row);
            records.push(row.into_active_model());
            links.extend(
                rows::links(&fresh.now).into_iter().map(IntoActiveModel::into_active_model),
            );
            let of_record = rows::facets(&fresh.now).into_iter();
            facets.extend(of_record.map(IntoActiveModel::into_active_model));
            tallies.extend(fresh.tally);
        }
        // A document is large: a few at a time.
        for some in self.documents.into_values().collect::<Vec<_>>().chunks(16) {
            let known = OnConflict::column(document::Column::Sha256).do_nothing().to_owned();
            document::Entity::insert_many(some.to_vec())
                .on_conflict(known)
                .exec_without_returning(db)
                .await?;
        }
        insert(db, records).await?;
        standing.write(db).await?;
        insert(db, self.versions).await?;
        insert(db, links).await?;
        insert(db, facets).await?;
        insert(db, searched).await?;
        insert(db, self.stages).await?;
        tally::begin_all(db, &tallies).await?;
        insert(db, tallies.into_iter().map(IntoActiveModel::into_active_model).collect()).await?;
        insert(db, of_documents(db, self.named).await?).await?;
        Ok(self.leaves)
    }
}

/// The rows of those of these names that a document has.
async fn of_documents<C: ConnectionTrait>(
    db: &C,
    named: BTreeSet<(Uuid, Vec<u8>)>,
) -> Result<Vec<record_document::ActiveModel>> {
    let wanted: Vec<&Vec<u8>> = named.iter().map(|(_, digest)| digest).collect();
    let mut kept: BTreeSet<Vec<u8>> = BTreeSet::new();
    for some in wanted.chunks(AT_A_TIME) {
        let found: Vec<Vec<u8>> = document::Entity::find()
            .select_only()
            .column(document::Column::Sha256)
            .filter(document::Column::Sha256.is_in(some.iter().map(|digest| digest.as_slice())))
            .into_tuple()
            .all(db)
            .await?;
        kept.extend(found);
    }
    let named = named.into_iter().filter(|(_, digest)| kept.contains(digest));
    let row = |(record_id, sha256)| record_document::Model { record_id, sha256 };
    Ok(named.map(|name| row(name).into_active_model()).collect())
}

/// Writes rows of one table.
async fn insert<C: ConnectionTrait, A: ActiveModelTrait>(db: &C, rows: Vec<A>) -> Result<()> {
    let mut rows = rows.into_iter();
    loop {
        let some: Vec<A> = rows.by_ref().take(AT_A_TIME).collect();
        if some.is_empty() {
            return Ok(());
        }
        <A::Entity as EntityTrait>::insert_many(some).exec_without_returning(db).await?;
    }
}

impl Batch {
    /// The record as it is now, whether written or not.
    pub(super) async fn find(&mut self, kind: Kind, id: Uuid) -> Result<Option<AnyRecord>> {
        if let Some(fresh) = self.behind.as_ref().and_then(|behind| behind.fresh.get(&id)) {
            return Ok(Some(&fresh.now).filter(|record| record.kind() == kind).cloned());
        }
        self.settle().await?;
        load(&self.held.txn, kind, id).await
    }

    /// Whether the record is one that the database does not know yet.
    pub(super) fn waits(&self, id: Uuid) -> bool {
        self.behind.as_ref().is_some_and(|behind| behind.fresh.contains_key(&id))
    }

    /// See [`Behind::linked`].
    pub(super) fn linked_behind(&self, kind: Kind, role: &str, to: Uuid) -> Vec<AnyRecord> {
        self.behind.as_ref().map(|behind| behind.linked(kind, role, to)).unwrap_or_default()
    }

    /// Keeps a new record, or the next version of one that waits, with its leaf.
    pub(super) async fn keep_behind(
        &mut self,
        record: &AnyRecord,
        body: String,
        deed: &Deed<'_>,
    ) -> Result<()> {
        let Deed { act, by, specs, fields, at } = *deed;
        let id = record.head().id;
        let version = rows::version(record, act, by, fields, at, &body)?;
        let named = rows::digests(specs, fields).into_iter().map(|digest| (id, digest));
        if let Some(behind) = &mut self.behind {
            behind.versions.push(version.into_active_model());
            behind.named.extend(named);
            behind.keep(record, body.clone());
        }
        let leaf = match act {
            "create" => Leaf::new(Processing::Collection, Some(by), act, at),
            _ => altered(record, deed),
        };
        self.leaf(leaf, record, body, fields).await
    }

    /// Keeps a document unless it is there already.
    pub(crate) async fn keep_document(
        &mut self,
        digest: DocumentDigest,
        row: document::ActiveModel,
    ) -> Result<()> {
        if let Some(behind) = &mut self.behind {
            behind.document(digest.as_bytes().to_vec(), row);
        } else if !is_kept(&self.held.txn, digest.as_bytes()).await? {
            document::Entity::insert(row).exec_without_returning(&self.held.txn).await?;
        }
        Ok(())
    }

    /// Writes what waits, and waits until that is done.
    pub(super) async fn flush(&mut self) -> Result<()> {
        self.write_on().await?;
        self.settle().await
    }

    /// Begins to write what waits, once what was begun before is done.
    pub(super) async fn write_on(&mut self) -> Result<()> {
        self.settle().await?;
        let Some(behind) = self.behind.as_mut().filter(|behind| behind.len() > 0) else {
            return Ok(());
        };
        let (some, held) = (std::mem::take(behind), Arc::clone(&self.held));
        let (mut tail, entropy) = (self.tail.clone(), Arc::clone(&self.entropy));
        behind.writing = Some(tokio::spawn(async move {
            let mut leaves = some.write(&held.txn).await?.into_iter();
            loop {
                let some: Vec<_> = leaves.by_ref().take(AT_A_TIME).collect();
                if some.is_empty() {
                    return Ok(tail);
                }
                tail.append_all(&held.txn, entropy.as_ref(), some).await?;
            }
        }));
        Ok(())
    }

    /// Waits until what is being written is. Where that failed, every later call fails too.
    pub(super) async fn settle(&mut self) -> Result<()> {
        let Some(behind) = self.behind.as_mut() else { return Ok(()) };
        if behind.failed {
            return Err(StoreError::Conflict("writing failed before; nothing was kept"));
        }
        let Some(writing) = behind.writing.take() else { return Ok(()) };
        behind.failed = true;
        self.tail = match writing.await {
            Ok(tail) => tail?,
            Err(failed) if failed.is_panic() => resume_unwind(failed.into_panic()),
            Err(_) => return Err(StoreError::Conflict("writing was stopped; nothing was kept")),
        };
        behind.failed = false;
        Ok(())
    }
}
