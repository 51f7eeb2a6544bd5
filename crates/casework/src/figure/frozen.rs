//! Figures frozen for a release: the numbers, what they count, as at when, what is left out and
//! why, and from which records.
//!
//! In: counts as at a moment, with a digest of the records behind each figure. Out: one value
//! that a release keeps as JSON under a digest. Nothing in it changes afterwards: what becomes
//! of records later makes other numbers in another release. The true numbers stand in it, and
//! which of them are left out; [`Row::shown`] is what may be published.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::suppress::{Earlier, left_out};
use super::table::{Cell, Counts, Side, Whose};
use super::{FIGURES, Figure, Unit};
use crate::force::ForceKey;

/// What a figure counted when it was frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// The figure's key.
    pub key: String,
    /// What it was called.
    pub title: String,
    /// What it counts, in a sentence.
    pub sentence: String,
    /// The query: kind, states, facets and what is counted.
    pub query: String,
}

impl From<&Figure> for Definition {
    fn from(figure: &Figure) -> Self {
        let any = |parts: Vec<String>, none: &str| {
            if parts.is_empty() { none.to_owned() } else { parts.join(", ") }
        };
        let states = figure.query.states.iter().map(|state| (*state).to_owned()).collect();
        let facets = figure.query.facets.iter().map(|(name, v)| format!("{name} = {v}")).collect();
        let unit = match figure.unit {
            Unit::Records => "records".to_owned(),
            Unit::Distinct(role) => format!("distinct {role}"),
            Unit::Forces => "distinct forces".to_owned(),
        };
        Self {
            key: figure.key.to_owned(),
            title: figure.title.to_owned(),
            sentence: figure.sentence.to_owned(),
            query: format!(
                "{unit}; kind: {}; states: {}; with: {}",
                figure.query.kind.key(),
                any(states, "any"),
                any(facets, "anything")
            ),
        }
    }
}

/// One line of a table: in the operation, outside, together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The true numbers.
    pub counts: [u64; 3],
    /// Which of them are left out of what is published.
    pub out: [bool; 3],
}

impl Row {
    /// A line of zeros, as of a force that has nothing to count.
    pub const EMPTY: Self = Self { counts: [0; 3], out: [false; 3] };

    /// The number as it may be published; none where it is left out.
    pub fn shown(&self, side: Side) -> Option<u64> {
        let column = side.column();
        (!self.out[column]).then_some(self.counts[column])
    }
}

/// The records behind a figure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// How many records.
    pub records: u64,
    /// SHA-256 over the id and version of each, in order.
    pub digest: String,
}

/// That a small count is published all the same, who decided so and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The figure's key.
    pub figure: String,
    /// Whose count.
    pub whose: Whose,
    /// Who decided, for the force.
    pub decided_by: String,
    /// Why.
    pub why: String,
    /// Who recorded it.
    pub recorded_by: String,
    /// When, UTC.
    pub at: Timestamp,
}

/// An earlier release that was taken into account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Known {
    /// Its number.
    pub number: String,
    /// The digest of its figures.
    pub digest: String,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// As at when records were counted, UTC.
    pub as_at: Timestamp,
    /// For one force only; none for all.
    pub force: Option<ForceKey>,
    /// Counts from one to below this are left out.
    pub threshold: u32,
    /// What each figure counts, in order.
    pub definitions: Vec<Definition>,
    /// By figure and force. What is absent is zero.
    pub table: BTreeMap<String, BTreeMap<Whose, Row>>,
    /// What each figure was counted from.
    pub inputs: BTreeMap<String, Input>,
    /// Small counts published by decision.
    pub decisions: Vec<Decision>,
    /// The published releases that were taken into account.
    pub earlier: Vec<Known>,
    /// Small counts that would be given away: such a release is not published.
    pub exposed: Vec<String>,
}

/// What is counted for a release.
#[derive(Debug, Clone)]
pub struct Taken {
    /// As at when, UTC.
    pub as_at: Timestamp,
    /// For one force only; none for all.
    pub force: Option<ForceKey>,
    /// Every number.
    pub counts: Counts,
    /// What each figure was counted from.
    pub inputs: BTreeMap<String, Input>,
}

impl Frozen {
    /// Freezes what was counted, leaving out what must be.
    pub fn new(
        taken: Taken,
        threshold: u32,
        decisions: Vec<Decision>,
        earlier: &[(Known, Self)],
    ) -> Self {
        let shown = taken.counts.keys().filter(|cell| decided(&decisions, **cell)).copied();
        let before: Vec<Earlier> = earlier.iter().map(|(_, release)| release.known()).collect();
        let left = left_out(&taken.counts, threshold, &shown.collect(), &before);
        let mut table: BTreeMap<String, BTreeMap<Whose, Row>> = BTreeMap::new();
        for (cell, count) in &taken.counts {
            let (figure, column) = (cell.definition().key, cell.side.column());
            let rows = table.entry(figure.to_owned()).or_default();
            let row = rows.entry(cell.whose).or_insert(Row::EMPTY);
            row.counts[column] = *count;
            row.out[column] = left.out.contains(cell);
        }
        Self {
            as_at: taken.as_at,
            force: taken.force,
            threshold,
            definitions: FIGURES.iter().map(Definition::from).collect(),
            table,
            inputs: taken.inputs,
            decisions,
            earlier: earlier.iter().map(|(known, _)| known.clone()).collect(),
            exposed: left.exposed.into_iter().map(named).collect(),
        }
    }

    /// What a release keeps, if it is of this form.
    pub fn read(figures: &serde_json::Value) -> Option<Self> {
        serde_json::from_value(figures.clone()).ok()
    }

    /// One line; zeros where the table has none.
    pub fn row(&self, figure: &str, whose: Whose) -> Row {
        let rows = self.table.get(figure);
        rows.and_then(|rows| rows.get(&whose)).copied().unwrap_or(Row::EMPTY)
    }

    /// Whose lines there are, everybody's first.
    pub fn whose(&self) -> BTreeSet<Whose> {
        self.table.values().flat_map(BTreeMap::keys).copied().collect()
    }

    /// How many numbers are left out.
    pub fn out(&self) -> usize {
        let rows = self.table.values().flat_map(BTreeMap::values);
        rows.flat_map(|row| row.out).filter(|out| *out).count()
    }

    /// What anybody knows who has read it.
    fn known(&self) -> Earlier {
        let mut known = Earlier::default();
        for (figure, rows) in &self.table {
            let Some(figure) = FIGURES.iter().position(|f| f.key == figure) else { continue };
            for ((whose, row), side) in
                rows.iter().flat_map(|row| Side::ALL.map(|side| (row, side)))
            {
                let cell = Cell { figure, whose: *whose, side };
                known.counts.insert(cell, row.counts[side.column()]);
                if row.out[side.column()] {
                    known.left_out.insert(cell);
                }
            }
        }
        known
    }
}

fn decided(decisions: &[Decision], cell: Cell) -> bool {
    decisions.iter().any(|d| d.figure == cell.definition().key && d.whose == cell.whose)
}

/// A cell in words.
fn named(cell: Cell) -> String {
    format!("{}, {}, {}", cell.definition().title, cell.whose.name(), cell.side.label())
}
