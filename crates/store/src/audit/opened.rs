//! What leaves commit to, and whether it is still there.
//!
//! In: the leaves of one chunk; every erasure. Out: the number of holes, or what is wrong: a
//! value that does not open its commitment, one that the leaf does not know, one that is gone
//! although no later erasure covers it.

use std::collections::{BTreeSet, HashMap};

use sea_orm::sea_query::{ExprTrait, Query, SelectStatement, SimpleExpr};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::leaf::{self, Leaf, Processing};
use crate::entity::{audit_leaf, audit_opening, erasure, record_version};
use crate::erasure::COLLECTED;
use crate::error::Result;
use crate::micros;

/// Which values an erasure covers.
pub(super) struct Erased {
    records: HashMap<Uuid, (i64, Leaf)>,
    collected: BTreeSet<i64>,
}

impl Erased {
    pub async fn load(db: &DatabaseTransaction) -> Result<Self> {
        let code = i16::from(Processing::Erasure.code());
        let stored = audit_leaf::Entity::find()
            .filter(audit_leaf::Column::Processing.eq(code))
            .all(db)
            .await?;
        let mut erased = Self { records: HashMap::new(), collected: BTreeSet::new() };
        for leaf in &stored {
            // A leaf that cannot be read is a break by itself.
            let Ok(parsed) = Leaf::from_bytes(&leaf.bytes) else { continue };
            erased.records.insert(leaf.record_id, (leaf.seq, parsed));
        }
        let collected = audit_opening::Entity::find()
            .filter(audit_opening::Column::Seq.in_subquery(of_leaves(
                audit_leaf::Column::Seq,
                audit_leaf::Column::Processing.eq(code),
            )))
            .filter(audit_opening::Column::Name.eq(COLLECTED))
            .all(db)
            .await?;
        let numbers = collected.iter().filter_map(|opening| opening.value.as_deref());
        erased.collected =
            numbers.flat_map(|all| all.split(',')).filter_map(|seq| seq.parse().ok()).collect();
        Ok(erased)
    }

    /// How many records were erased.
    pub fn records(&self) -> u64 {
        u64::try_from(self.records.len()).unwrap_or(u64::MAX)
    }

    fn covers(&self, seq: i64, leaf: &Leaf) -> bool {
        let later = |id| self.records.get(id).is_some_and(|(erased, _)| *erased > seq);
        leaf.record.as_ref().is_some_and(later) || self.collected.contains(&seq)
    }

    /// The first row of the table of erasures that no leaf stands for.
    pub async fn unlike(&self, db: &DatabaseTransaction) -> Result<Option<String>> {
        let rows = erasure::Entity::find().all(db).await?;
        let told = |row: &erasure::Model| {
            self.records.get(&row.record_id).is_some_and(|(_, leaf)| {
                micros(leaf.at) == row.at && leaf.who.is_some_and(|who| who.0 == row.approved_by)
            })
        };
        if let Some(row) = rows.iter().find(|row| !told(row)) {
            return Ok(Some(format!("the erasure of {} is not in the log", row.record_id)));
        }
        Ok((rows.len() != self.records.len())
            .then(|| format!("{} erasures in the log, {} kept", self.records.len(), rows.len())))
    }
}

/// A column of the leaves that are so.
fn of_leaves(column: audit_leaf::Column, so: SimpleExpr) -> SelectStatement {
    Query::select().column(column).from(audit_leaf::Entity).and_where(so).take()
}

/// Kinds of processing whose leaves commit to no version of a record.
const READ_ONLY: [Processing; 2] = [Processing::Consultation, Processing::AccessControl];

/// What the leaves of one chunk commit to.
pub(super) struct Values {
    openings: HashMap<i64, Vec<audit_opening::Model>>,
    versions: HashMap<(Uuid, i64), record_version::Model>,
}

impl Values {
    pub async fn load(db: &DatabaseTransaction, chunk: &[audit_leaf::Model]) -> Result<Self> {
        // A range instead of a list: the chunk has every leaf that is there between its ends.
        let (Some(first), Some(last)) = (chunk.first(), chunk.last()) else {
            return Ok(Self { openings: HashMap::new(), versions: HashMap::new() });
        };
        let stored = audit_opening::Entity::find()
            .filter(audit_opening::Column::Seq.between(first.seq, last.seq))
            .all(db)
            .await?;
        let mut openings: HashMap<i64, Vec<_>> = HashMap::new();
        for opening in stored {
            openings.entry(opening.seq).or_default().push(opening);
        }
        let written = audit_leaf::Column::Seq.between(first.seq, last.seq).and(
            audit_leaf::Column::Processing.is_not_in(READ_ONLY.map(|of| i16::from(of.code()))),
        );
        let versions = record_version::Entity::find()
            .filter(
                record_version::Column::RecordId
                    .in_subquery(of_leaves(audit_leaf::Column::RecordId, written)),
            )
            .all(db)
            .await?;
        let versions = versions.into_iter().map(|v| ((v.record_id, v.version), v)).collect();
        Ok(Self { openings, versions })
    }

    /// How many of the values that the leaf commits to were erased.
    pub fn hold(&self, seq: i64, leaf: &Leaf, erased: &Erased) -> Result<u64, &'static str> {
        let openings = self.openings.get(&seq).map_or(&[][..], Vec::as_slice);
        let known = |name: &str| leaf.commitments.iter().any(|(known, _)| known == name);
        if openings.iter().any(|opening| !known(&opening.name)) {
            return Err("a value that the leaf does not commit to was added");
        }
        let mut holes = 0;
        for (name, committed) in &leaf.commitments {
            let Some(opening) = openings.iter().find(|opening| opening.name == *name) else {
                if !erased.covers(seq, leaf) {
                    return Err("a value that the leaf commits to is gone without an erasure");
                }
                holes += 1;
                continue;
            };
            let value = match &opening.value {
                Some(value) => value,
                None => self
                    .kept(leaf, name)
                    .ok_or("the version that the leaf commits to is missing")?,
            };
            if leaf::commitment(&opening.salt, value) != *committed {
                return Err("a value that the leaf commits to was changed");
            }
        }
        Ok(holes)
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
