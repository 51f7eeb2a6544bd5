//! Walking the whole log: is it the one that was written?
//!
//! In: every leaf in order, the head, what the leaves commit to, the records as they are now,
//! and the checkpoints and tiles outside the database. Out: the end of the chain, or the first
//! leaf at which something does not hold, and what else is wrong. A value that was erased with
//! its salt is a hole, and each hole must be covered by a later erasure leaf; a value that is
//! there and is not the one committed to, or that is gone without one, is a break.
//!
//! Whoever has full rights in the database can rewrite leaves, chain and head so that they agree
//! among themselves; the roots that were signed outside then differ, and the tiles outside tell
//! at which leaf. Leaves after the last checkpoint are unwitnessed.

use std::path::Path;

use jiff::Timestamp;
use pendeen_casework::record::Id;
use sea_orm::sea_query::{Expr, ExprTrait, Query as Sql};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, Order,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::leaf::{self, Hash, Leaf};
use super::opened::{Erased, Values};
use super::outside::Outside;
use super::witness::{Checkpoints, WitnessError};
use crate::entity::{audit_head, audit_leaf, record, record_version};
use crate::error::Result;
use crate::read::parse;
use crate::sight::restriction_key;
use crate::{Store, micros};

/// What a walk over the whole log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditReport {
    /// Leaves that hold, from the first on.
    pub count: u64,
    /// The last good chain value.
    pub head: [u8; 32],
    /// The first leaf at which the log does not hold, if it does not.
    pub first_break: Option<Break>,
    /// What else is wrong: records that are not as their versions say, files outside that are
    /// damaged.
    pub problems: Vec<String>,
    /// Values behind leaves that were erased, each covered by an erasure.
    pub holes: u64,
    /// Records erased.
    pub erased: u64,
    /// What stands outside the database for this log; none where nothing does.
    pub witnessed: Option<Witnessed>,
}

impl AuditReport {
    /// Whether nothing is wrong.
    pub fn whole(&self) -> bool {
        self.first_break.is_none() && self.problems.is_empty()
    }
}

/// What stands outside the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witnessed {
    /// Checkpoints that were held against the leaves.
    pub checkpoints: u64,
    /// Leaves under the last of them.
    pub size: u64,
    /// When it was signed, UTC.
    pub at: Timestamp,
}

/// Where and how the log does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// The number of the first leaf that is wrong or missing, from 1.
    pub seq: u64,
    /// What is wrong, in words.
    pub what: &'static str,
}

/// Leaves and records read at a time.
const CHUNK: u64 = 2_000;

impl Store {
    /// Walks the whole log from the first leaf and reports its end, or where it first breaks;
    /// nothing outside the database is asked.
    pub async fn audit_verify(&self) -> Result<AuditReport> {
        self.walk(None).await
    }

    /// The same, held against the checkpoints and tiles in a folder.
    pub async fn audit_verify_against(&self, folder: &Path) -> Result<AuditReport, WitnessError> {
        // Read before the snapshot: a later checkpoint might cover leaves that it does not have.
        let checkpoints = Checkpoints::read(folder)?;
        Ok(self.walk(Some(Outside::new(folder, checkpoints))).await?)
    }

    async fn walk(&self, mut outside: Option<Outside>) -> Result<AuditReport> {
        // One snapshot: head, leaves and values are read as of one moment.
        let db = self.snapshot().await?;
        let erased = Erased::load(&db).await?;
        let mut walk = Walk { seq: 0, digest: [0; 32], bodies: 0, holes: 0 };
        let mut broken = None;
        while broken.is_none() {
            let chunk = audit_leaf::Entity::find()
                .filter(audit_leaf::Column::Seq.gt(walk.seq))
                .order_by_asc(audit_leaf::Column::Seq)
                .limit(CHUNK)
                .all(&db)
                .await?;
            if chunk.is_empty() {
                break;
            }
            let values = Values::load(&db, &chunk).await?;
            for stored in &chunk {
                broken = walk.step(stored, &values, &erased).err();
                let witnessed = match &mut outside {
                    Some(outside) if broken.is_none() => outside.leaf(&stored.bytes),
                    _ => Ok(()),
                };
                if broken.is_some() || witnessed.is_err() {
                    broken = broken.or(witnessed.err());
                    break;
                }
            }
        }
        let head = audit_head::Entity::find_by_id(1_i16).one(&db).await?;
        let whole = head.is_some_and(|h| h.seq == walk.seq && h.digest == walk.digest);
        if broken.is_none() && !whole {
            let what = "the log ends before or after the place that its head names";
            broken = Some(Break { seq: walk.next(), what });
        }
        if let Some(outside) = &mut outside {
            // What was signed tells of an earlier place than the chain does, if there is one.
            broken = outside.end(broken);
        }
        let mut problems = Vec::new();
        if broken.is_none() {
            problems.extend(erased.unlike(&db).await?);
            problems.extend(versions_without_leaf(&db, walk.bodies).await?);
            problems.extend(records_unlike_their_version(&db).await?);
        }
        let witnessed = outside.as_ref().and_then(Outside::witnessed);
        problems.extend(outside.into_iter().flat_map(Outside::problems));
        Ok(AuditReport {
            count: broken.as_ref().map_or(walk.next(), |found| found.seq) - 1,
            head: walk.digest,
            first_break: broken,
            problems,
            holes: walk.holes,
            erased: erased.records(),
            witnessed,
        })
    }
}

/// The last leaf that held.
struct Walk {
    seq: i64,
    digest: Hash,
    /// Leaves that commit to a version's body.
    bodies: u64,
    holes: u64,
}

impl Walk {
    fn next(&self) -> u64 {
        u64::try_from(self.seq).unwrap_or(0) + 1
    }

    /// Checks one stored leaf against the one before and against what it commits to.
    fn step(
        &mut self,
        stored: &audit_leaf::Model,
        values: &Values,
        erased: &Erased,
    ) -> Result<(), Break> {
        let seq = self.next();
        self.check(stored, values, erased).map_err(|what| Break { seq, what })
    }

    fn check(
        &mut self,
        stored: &audit_leaf::Model,
        values: &Values,
        erased: &Erased,
    ) -> Result<(), &'static str> {
        if stored.seq != self.seq + 1 {
            return Err("a leaf is missing");
        }
        if stored.prev != self.digest {
            return Err("the leaf does not follow the one before it");
        }
        let digest = leaf::chain(&self.digest, &stored.bytes);
        if stored.digest != digest {
            return Err("the leaf was changed");
        }
        let parsed = Leaf::from_bytes(&stored.bytes).map_err(|_| "the leaf cannot be read")?;
        if !columns_tell(stored, &parsed) {
            return Err("the columns beside the leaf were changed");
        }
        self.holes += values.hold(stored.seq, &parsed, erased)?;
        self.bodies += u64::from(parsed.commitments.iter().any(|(name, _)| name == "body"));
        (self.seq, self.digest) = (stored.seq, digest);
        Ok(())
    }
}

/// Whether the columns by which leaves are found say what the leaf says, and its bytes are the
/// only ones that say so.
fn columns_tell(stored: &audit_leaf::Model, leaf: &Leaf) -> bool {
    stored.processing == i16::from(leaf.processing.code())
        && stored.at == micros(leaf.at)
        && stored.who == leaf.who.map_or(Uuid::nil(), |who| who.0)
        && stored.record_id == leaf.record.unwrap_or(Uuid::nil())
        && stored.bytes == leaf.to_bytes()
}

/// Versions beyond those that leaves commit to.
async fn versions_without_leaf(db: &DatabaseTransaction, bodies: u64) -> Result<Option<String>> {
    let versions = record_version::Entity::find().count(db).await?;
    Ok((versions != bodies)
        .then(|| format!("there are {versions} versions of records, and leaves for {bodies}")))
}

/// The first record that is not what its last version says: its content, or a column that
/// decides who may see it.
async fn records_unlike_their_version(db: &DatabaseTransaction) -> Result<Option<String>> {
    if let Some(number) = content_unlike(db).await? {
        return Ok(Some(format!("{number} is not what its last version says")));
    }
    let mut last = None;
    loop {
        let chunk = record::Entity::find()
            .filter(Condition::all().add_option(last.map(|id| record::Column::Id.gt(id))))
            .order_by_asc(record::Column::Id)
            .limit(CHUNK)
            .all(db)
            .await?;
        let Some(end) = chunk.last() else { return Ok(None) };
        last = Some(end.id);
        let mut full = chunk.iter().filter(|stored| !stored.body.is_empty());
        if let Some(stored) = full.find(|stored| !columns_hold(stored)) {
            let number = &stored.number;
            return Ok(Some(format!("the columns of {number} are not what its content says")));
        }
    }
}

/// The number of the first record whose content is not that of its version; the database compares.
async fn content_unlike(db: &DatabaseTransaction) -> Result<Option<String>> {
    let version = |column| Expr::col((record_version::Entity, column));
    let record = |column| Expr::col((record::Entity, column));
    let of_record = version(record_version::Column::RecordId)
        .eq(record(record::Column::Id))
        .and(version(record_version::Column::Version).eq(record(record::Column::Version)));
    let another = version(record_version::Column::Body)
        .is_null()
        .or(version(record_version::Column::Body).ne(record(record::Column::Body)));
    let first = Sql::select()
        .column((record::Entity, record::Column::Number))
        .from(record::Entity)
        .left_join(record_version::Entity, of_record)
        .and_where(another)
        .order_by((record::Entity, record::Column::Id), Order::Asc)
        .limit(1)
        .take();
    let row = db.query_one(&first).await?;
    Ok(row.map(|row| row.try_get_by_index(0)).transpose()?)
}

/// Whether the columns that decide who sees a record are those of its content.
fn columns_hold(stored: &record::Model) -> bool {
    let Ok(told) = parse(stored) else { return false };
    let head = told.head();
    (stored.id, &stored.number, stored.version, stored.state.as_str())
        == (head.id, &head.number, i64::from(head.version), told.state())
        && stored.force.as_deref() == head.force.as_ref().map(|force| force.as_str())
        && stored.operation == head.operation.map(Id::uuid)
        && stored.restriction == restriction_key(&head.restriction)
        && stored.agency.as_deref()
            == head.agency.as_ref().map(pendeen_casework::agency::AgencyKey::as_str)
        && stored.mark == head.mark.key()
        && stored.author == head.author.0
        && stored.approver == head.approver.map(|approver| approver.0)
}
