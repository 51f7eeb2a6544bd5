//! Walking the whole log: is it the one that was written?
//!
//! In: every leaf in order, the head, and what the leaves commit to. Out: the end of the chain,
//! or the first leaf at which something does not hold. A value that was erased with its salt is
//! no break; a value that is there and is not the one committed to is.

use std::collections::HashMap;

use sea_orm::{
    ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
};
use uuid::Uuid;

use super::leaf::{self, Leaf};
use super::log::row;
use crate::Store;
use crate::entity::{audit_head, audit_leaf, audit_opening, record_version};
use crate::error::Result;

/// What a walk over the whole log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditReport {
    /// Leaves that hold, from the first on.
    pub count: u64,
    /// The last good chain value: note it elsewhere, so that a later rewriting of the whole
    /// log is found as well.
    pub head: [u8; 32],
    /// The first leaf at which the log does not hold, if it does not.
    pub first_break: Option<Break>,
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
    /// Walks the whole log from the first leaf and reports its end, or where it first breaks.
    pub async fn audit_verify(&self) -> Result<AuditReport> {
        // One snapshot: head, leaves and values are read as of one moment.
        let db = self.snapshot().await?;
        let mut walk = Walk { seq: 0, digest: [0; 32] };
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
            broken = chunk.iter().find_map(|stored| walk.step(stored, &values).err());
        }
        let head = audit_head::Entity::find_by_id(1_i16).one(&db).await?;
        let whole = head.is_some_and(|h| h.seq == walk.seq && h.digest == walk.digest);
        if broken.is_none() && !whole {
            broken = Some("the log ends before or after the place that its head names");
        }
        let count = u64::try_from(walk.seq).unwrap_or(0);
        let first_break = broken.map(|what| Break { seq: count + 1, what });
        Ok(AuditReport { count, head: walk.digest, first_break })
    }
}

/// The last leaf that held.
struct Walk {
    seq: i64,
    digest: [u8; 32],
}

impl Walk {
    /// Checks one stored leaf against the one before and against what it commits to.
    fn step(&mut self, stored: &audit_leaf::Model, values: &Values) -> Result<(), &'static str> {
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
        values.hold(stored.seq, &parsed)?;
        (self.seq, self.digest) = (stored.seq, digest);
        Ok(())
    }
}

/// What the leaves of one chunk commit to.
struct Values {
    openings: HashMap<i64, Vec<audit_opening::Model>>,
    versions: HashMap<(Uuid, i64), record_version::Model>,
}

impl Values {
    async fn load(db: &DatabaseTransaction, chunk: &[audit_leaf::Model]) -> Result<Self> {
        let stored = audit_opening::Entity::find()
            .filter(audit_opening::Column::Seq.is_in(chunk.iter().map(|leaf| leaf.seq)))
            .all(db)
            .await?;
        let mut openings: HashMap<i64, Vec<_>> = HashMap::new();
        let mut wanted = Vec::new();
        for opening in stored {
            if opening.value.is_none() {
                wanted.extend(chunk.iter().find(|l| l.seq == opening.seq).map(|l| l.record_id));
            }
            openings.entry(opening.seq).or_default().push(opening);
        }
        wanted.sort_unstable();
        wanted.dedup();
        let versions = record_version::Entity::find()
            .filter(record_version::Column::RecordId.is_in(wanted))
            .all(db)
            .await?;
        let versions = versions.into_iter().map(|v| ((v.record_id, v.version), v)).collect();
        Ok(Self { openings, versions })
    }

    fn hold(&self, seq: i64, leaf: &Leaf) -> Result<(), &'static str> {
        for opening in self.openings.get(&seq).into_iter().flatten() {
            let committed = leaf.commitments.iter().find(|(name, _)| *name == opening.name);
            let (_, committed) =
                committed.ok_or("a value that the leaf does not commit to was added")?;
            let value = match &opening.value {
                Some(value) => value,
                None => self
                    .kept(leaf, &opening.name)
                    .ok_or("the version that the leaf commits to is missing")?,
            };
            if leaf::commitment(&opening.salt, value) != *committed {
                return Err("a value that the leaf commits to was changed");
            }
        }
        Ok(())
    }

    /// A value that lies in the version which the leaf is about.
    fn kept(&self, leaf: &Leaf, name: &str) -> Option<&str> {
        let version = self.versions.get(&(leaf.record?, leaf.version.into()))?;
        match name {
            "body" => Some(&version.body),
            "fields" => Some(&version.fields),
            _ => None,
        }
    }
}
