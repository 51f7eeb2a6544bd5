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
use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::leaf::{self, Hash, Leaf};
use super::log::row;
use super::opened::{Erased, Values};
use super::outside::Outside;
use super::witness::{Checkpoints, WitnessError};
use crate::Store;
use crate::entity::{audit_head, audit_leaf, record, record_version};
use crate::error::Result;
use crate::read::parse;

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

/// Leaves read at a time.
const CHUNK: u64 = 500;

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
        if row(stored.seq, &stored.prev, &parsed) != *stored {
            return Err("the columns beside the leaf were changed");
        }
        self.holes += values.hold(stored.seq, &parsed, erased)?;
        self.bodies += u64::from(parsed.commitments.iter().any(|(name, _)| name == "body"));
        (self.seq, self.digest) = (stored.seq, digest);
        Ok(())
    }
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
    let mut last = None;
    loop {
        let chunk = record::Entity::find()
            .filter(last.map_or_else(
                || record::Column::Id.is_not_null(),
                |id: uuid::Uuid| record::Column::Id.gt(id),
            ))
            .order_by_asc(record::Column::Id)
            .limit(CHUNK)
            .all(db)
            .await?;
        let Some(end) = chunk.last() else { return Ok(None) };
        last = Some(end.id);
        let versions = record_version::Entity::find()
            .filter(record_version::Column::RecordId.is_in(chunk.iter().map(|r| r.id)))
            .all(db)
            .await?;
        for stored in &chunk {
            let body = versions
                .iter()
                .find(|v| v.record_id == stored.id && v.version == stored.version)
                .map(|version| &version.body);
            if body != Some(&stored.body) {
                return Ok(Some(format!("{} is not what its last version says", stored.number)));
            }
            if !stored.body.is_empty() && !columns_hold(stored) {
                return Ok(Some(format!(
                    "the columns of {} are not what its content says",
                    stored.number
                )));
            }
        }
    }
}

/// Whether the columns that decide who sees a record are those of its content.
fn columns_hold(stored: &record::Model) -> bool {
    let Ok(parsed) = parse(stored) else { return false };
    let told = crate::write::stored_as(&parsed, &stored.body);
    (&told.number, &told.state, &told.force, told.operation, &told.restriction)
        == (&stored.number, &stored.state, &stored.force, stored.operation, &stored.restriction)
        && (told.id, told.version, told.author, told.approver)
            == (stored.id, stored.version, stored.author, stored.approver)
}
