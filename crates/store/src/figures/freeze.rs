//! Freezing figures for a release: every number as at one moment, and from which records.
//!
//! In: whose figures, as at when, and the small counts that somebody decided to publish. Out: a
//! [`Frozen`] as JSON and the SHA-256 of its bytes. Every number, the records behind it and the
//! releases published before are read in one snapshot.

use std::collections::BTreeMap;

use jiff::Timestamp;
use pendeen_casework::figure::frozen::{Decision, Frozen, Input, Known, Taken};
use pendeen_casework::figure::table::{Cell, Counts, Side, Whose};
use pendeen_casework::figure::{FIGURES, Part, Scope, Unit};
use pendeen_casework::force::{FORCES, ForceKey};
use pendeen_casework::record::release::FiguresRelease;
use pendeen_casework::record::{AnyRecord, Kind};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{force_in, named_count, split_by_force, standing, totals};
use crate::Store;
use crate::entity::{record, tally};
use crate::error::{Result, StoreError};
use crate::read::parse;

impl Store {
    /// The figures as a release freezes them, as at a moment: JSON, and the SHA-256 of its bytes
    /// in hexadecimal.
    pub async fn freeze(
        &self,
        force: Option<ForceKey>,
        as_at: Timestamp,
        decisions: Vec<Decision>,
    ) -> Result<(String, String)> {
        let db = self.snapshot().await?;
        let counts = every_cell(&db, force, as_at).await?;
        let inputs = inputs(&db, force, as_at).await?;
        let earlier = published(&db).await?;
        let threshold = self.settings.figures.small_count.get();
        let taken = Taken { as_at, force, counts, inputs };
        let frozen = Frozen::new(taken, threshold, decisions, &earlier);
        let unwritable = |source| StoreError::Corrupt { what: "figures", id: Uuid::nil(), source };
        let text = serde_json::to_value(&frozen).map_err(unwritable)?.to_string();
        let digest = hex::encode(Sha256::digest(&text));
        Ok((text, digest))
    }

    /// The releases that are published, by number and digest, in order: what a draft must have
    /// taken into account when it is published itself.
    pub async fn releases_published(&self) -> Result<Vec<Known>> {
        let published = published(&self.snapshot().await?).await?;
        Ok(published.into_iter().map(|(known, _)| known).collect())
    }

    /// The last release published before this one of the same force or all: its number, and as
    /// at when it was counted.
    pub async fn release_before(
        &self,
        release: &FiguresRelease,
    ) -> Result<Option<(String, Timestamp)>> {
        let published = published(&self.snapshot().await?).await?;
        let same = published.into_iter().filter(|(known, frozen)| {
            frozen.force == release.scope
                && frozen.as_at < release.as_at
                && known.number != release.head.number
        });
        let last = same.max_by_key(|(_, frozen)| frozen.as_at);
        Ok(last.map(|(known, frozen)| (known.number, frozen.as_at)))
    }
}

/// Every number of a release. Figures of forces taking part have no part by force.
async fn every_cell(
    db: &DatabaseTransaction,
    force: Option<ForceKey>,
    as_at: Timestamp,
) -> Result<Counts> {
    let mut counts = Counts::new();
    for side in Side::ALL {
        let part = match side {
            Side::Inside => Part::InsideAny,
            Side::Outside => Part::Outside,
            Side::Both => Part::All,
        };
        let scope = Scope { force, part };
        let over_all = force.map_or(Whose::All, Whose::Force);
        fill(&mut counts, side, over_all);
        for row in db.query_all(&totals(standing(&scope, as_at))).await? {
            keep(&mut counts, side, over_all, named_count(&row)?);
        }
        if force.is_some() {
            continue;
        }
        for whose in FORCES.iter().map(|force| Whose::Force(force.key)).chain([Whose::National]) {
            fill(&mut counts, side, whose);
        }
        for row in db.query_all(&split_by_force(standing(&scope, as_at))).await? {
            keep(&mut counts, side, Whose::of(force_in(&row, 2)?), named_count(&row)?);
        }
    }
    Ok(counts)
}

fn fill(counts: &mut Counts, side: Side, whose: Whose) {
    for (figure, definition) in FIGURES.iter().enumerate() {
        if definition.unit != Unit::Forces || whose == Whose::All {
            counts.insert(Cell { figure, whose, side }, 0);
        }
    }
}

fn keep(counts: &mut Counts, side: Side, whose: Whose, (key, count): (String, u64)) {
    let Some(figure) = FIGURES.iter().position(|figure| figure.key == key) else { return };
    if let Some(kept) = counts.get_mut(&Cell { figure, whose, side }) {
        *kept = count;
    }
}

/// Rows read at a time.
const AT_A_TIME: u64 = 20_000;

/// How many records stand behind each figure, and a digest of which, in which version.
async fn inputs(
    db: &DatabaseTransaction,
    force: Option<ForceKey>,
    as_at: Timestamp,
) -> Result<BTreeMap<String, Input>> {
    let scope = Scope { force, part: Part::All };
    let mut digests: BTreeMap<String, (u64, Sha256)> = BTreeMap::new();
    let mut after = None::<Uuid>;
    loop {
        let rows: Vec<(Uuid, i64, String, Uuid)> = tally::Entity::find()
            .select_only()
            .columns([
                tally::Column::RecordId,
                tally::Column::Version,
                tally::Column::Figure,
                tally::Column::Counted,
            ])
            .filter(standing(&scope, as_at))
            .filter(Condition::all().add_option(after.map(|id| tally::Column::RecordId.gt(id))))
            .order_by_asc(tally::Column::RecordId)
            .order_by_asc(tally::Column::Figure)
            .order_by_asc(tally::Column::Counted)
            .limit(AT_A_TIME)
            .into_tuple()
            .all(db)
            .await?;
        // The last record may have more rows than fit: it is left to the next part.
        let full = rows.len() as u64 == AT_A_TIME;
        let Some(last) = rows.last().map(|row| row.0) else { break };
        let whole = rows.iter().filter(|row| !full || row.0 != last);
        for (id, version, figure, counted) in whole {
            after = Some(*id);
            let (records, digest) = digests.entry(figure.clone()).or_default();
            *records += 1;
            digest.update(id.as_bytes());
            digest.update(version.to_be_bytes());
            digest.update(counted.as_bytes());
        }
        if !full {
            break;
        }
    }
    let inputs = digests.into_iter().map(|(figure, (records, digest))| {
        (figure, Input { records, digest: hex::encode(digest.finalize()) })
    });
    Ok(inputs.collect())
}

async fn published(db: &DatabaseTransaction) -> Result<Vec<(Known, Frozen)>> {
    let stored = record::Entity::find()
        .filter(record::Column::Kind.eq(Kind::FiguresRelease.key()))
        .filter(record::Column::State.eq("published"))
        .order_by_asc(record::Column::Number)
        .all(db)
        .await?;
    let mut published = Vec::new();
    for stored in stored {
        let AnyRecord::FiguresRelease(release) = parse(&stored)? else { continue };
        if let Some(frozen) = Frozen::read(&release.figures) {
            let known = Known { number: release.head.number, digest: release.digest };
            published.push((known, frozen));
        }
    }
    Ok(published)
}
