//! What changed in a figure from one moment to another: which records came, which went, and of
//! those which had been counted elsewhere or otherwise before.
//!
//! Numbers only; [`Store::behind`] lists the records of either moment to those who may see them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use pendeen_casework::figure::{FIGURES, Figure, Scope};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::standing;
use crate::entity::{record, tally};
use crate::error::Result;
use crate::{Store, micros};

/// Why a figure is another than it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Change {
    /// Counted now, and made since.
    pub new: u64,
    /// Counted now; it was there before, and has been changed since so that it counts.
    pub came: u64,
    /// Counted before and no more: changed, corrected, or moved elsewhere.
    pub went: u64,
    /// Counted at both moments, in another version that changed what it adds to the figure.
    pub corrected: u64,
}

impl Change {
    /// Whether anything did.
    pub fn any(&self) -> bool {
        *self != Self::default()
    }
}

type Row = (String, Uuid, Uuid, i64);

impl Store {
    /// What changed in every figure within a scope, in order.
    pub async fn figure_changes(
        &self,
        scope: &Scope,
        before: Timestamp,
        after: Timestamp,
    ) -> Result<Vec<(&'static Figure, Change)>> {
        let db = self.snapshot().await?;
        let mut sides = Vec::new();
        for (at, other) in [(before, after), (after, before)] {
            // Rows that stand at both moments changed nothing.
            let rows: Vec<Row> = tally::Entity::find()
                .select_only()
                .columns([
                    tally::Column::Figure,
                    tally::Column::Counted,
                    tally::Column::RecordId,
                    tally::Column::Version,
                ])
                .filter(standing(scope, at))
                .filter(standing(&Scope::default(), other).not())
                .into_tuple()
                .all(&db)
                .await?;
            sides.push(by_figure(rows));
        }
        let touched: BTreeSet<Uuid> = sides
            .iter()
            .flat_map(BTreeMap::values)
            .flatten()
            .map(|(counted, _)| *counted)
            .collect();
        for some in touched.into_iter().collect::<Vec<_>>().chunks(1_000) {
            // What another record adds at both moments counted all along.
            let all_along: Vec<(String, Uuid)> = tally::Entity::find()
                .select_only()
                .columns([tally::Column::Figure, tally::Column::Counted])
                .filter(tally::Column::Counted.is_in(some.iter().copied()))
                .filter(standing(scope, before))
                .filter(standing(scope, after))
                .into_tuple()
                .all(&db)
                .await?;
            for (figure, counted) in all_along {
                for side in &mut sides {
                    side.entry(figure.clone()).or_default().remove(&counted);
                }
            }
        }
        let came: BTreeSet<Uuid> = sides[1].values().flatten().map(|(_, record)| *record).collect();
        let mut young = BTreeSet::new();
        for some in came.into_iter().collect::<Vec<_>>().chunks(1_000) {
            let made: Vec<Uuid> = record::Entity::find()
                .select_only()
                .column(record::Column::Id)
                .filter(record::Column::Id.is_in(some.iter().copied()))
                .filter(record::Column::Created.gt(micros(before)))
                .into_tuple()
                .all(&db)
                .await?;
            young.extend(made);
        }
        let none = BTreeMap::new();
        Ok(FIGURES
            .iter()
            .map(|figure| {
                let side = |n: usize| sides[n].get(figure.key).unwrap_or(&none);
                (figure, change(side(0), side(1), &young))
            })
            .collect())
    }
}

/// Of each figure: what is counted, and a record that adds it.
fn by_figure(rows: Vec<Row>) -> BTreeMap<String, BTreeMap<Uuid, Uuid>> {
    let mut figures: BTreeMap<String, BTreeMap<Uuid, Uuid>> = BTreeMap::new();
    for (figure, counted, record, _) in rows {
        figures.entry(figure).or_default().insert(counted, record);
    }
    figures
}

fn change(
    before: &BTreeMap<Uuid, Uuid>,
    after: &BTreeMap<Uuid, Uuid>,
    young: &BTreeSet<Uuid>,
) -> Change {
    let mut change = Change::default();
    for (counted, record) in after {
        let count = match (before.contains_key(counted), young.contains(record)) {
            (true, _) => &mut change.corrected,
            (false, true) => &mut change.new,
            (false, false) => &mut change.came,
        };
        *count += 1;
    }
    change.went = before.keys().filter(|counted| !after.contains_key(counted)).count() as u64;
    change
}
