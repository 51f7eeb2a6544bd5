//! The definitions of what is counted: each figure as data, with a sentence that says what it
//! counts.
//!
//! In: records. Out: numbers that trace to them. [`adds`] says what one record adds to a figure;
//! the store keeps, for every record, from when until when it added what, and so counts as at
//! any moment. [`count`] is the plain evaluation over records in memory, and a test in the store
//! holds the two against each other. No figure is ever kept as a number, save in a release that
//! froze it ([`frozen`]). What must not be published with it stands in [`suppress`].

mod definitions;
pub mod frozen;
pub mod suppress;
pub mod table;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, civil};
use uuid::Uuid;

use crate::force::ForceKey;
use crate::form::uk_zone;
use crate::record::{AnyRecord, Head, Id, Kind, operation::Operation};

pub use definitions::{FIGURE_CHOICES, FIGURES};

/// What a figure counts, among the records that its [`Query`] selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// The records themselves.
    Records,
    /// The distinct records that their link of this role leads to; a record without such a
    /// link counts for nothing.
    Distinct(&'static str),
    /// The distinct forces whose work the records are; national work counts for none.
    Forces,
}

/// That a figure is part of another, so that the two published together tell the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within {
    /// The key of the figure that is never less.
    pub figure: &'static str,
    /// Whether a small rest is to be kept from sight like a small count: the one arrested
    /// person who is no registered sex offender.
    pub rest_tells: bool,
}

/// Which records a figure looks at: all of these must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query {
    /// Of this kind.
    pub kind: Kind,
    /// In one of these states; in any where there are none.
    pub states: &'static [&'static str],
    /// With each of these facets (name, value).
    pub facets: &'static [(&'static str, &'static str)],
}

/// One figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// Stable key: in JSON, addresses and releases.
    pub key: &'static str,
    /// What a page calls it.
    pub title: &'static str,
    /// What it counts, in a sentence that may be published with it.
    pub sentence: &'static str,
    /// Which records it looks at.
    pub query: Query,
    /// What it counts of them.
    pub unit: Unit,
    /// Of which other figure it is a part.
    pub within: Option<Within>,
}

/// Inside an operation or outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    /// Everything.
    #[default]
    All,
    /// What belongs to this operation.
    Inside(Id<Operation>),
    /// What belongs to any operation.
    InsideAny,
    /// What belongs to none.
    Outside,
}

/// Whose records count, and which part of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scope {
    /// This force only.
    pub force: Option<ForceKey>,
    /// Inside or outside an operation.
    pub part: Part,
}

impl Scope {
    /// Whether a record with this head is in it.
    pub fn holds(&self, head: &Head) -> bool {
        let force = self.force.is_none() || head.force == self.force;
        let part = match self.part {
            Part::All => true,
            Part::Inside(operation) => head.operation == Some(operation),
            Part::InsideAny => head.operation.is_some(),
            Part::Outside => head.operation.is_none(),
        };
        force && part
    }
}

/// The moment that a person names: a time such as `2026-11-25T09:30Z`, or a day, which means its
/// end in the United Kingdom.
pub fn as_at(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let day: civil::Date = text.parse().ok()?;
    let midnight = day.tomorrow().ok()?.at(0, 0, 0, 0);
    let next = midnight.to_zoned_datetime(uk_zone()).ok()?.timestamp();
    next.checked_sub(SignedDuration::from_micros(1)).ok()
}

impl Query {
    /// Whether the record is among those looked at.
    pub fn selects(&self, record: &AnyRecord) -> bool {
        record.kind() == self.kind
            && (self.states.is_empty() || self.states.contains(&record.state()))
            && (self.facets.is_empty() || self.has_facets(record))
    }

    fn has_facets(&self, record: &AnyRecord) -> bool {
        let has = record.facets();
        self.facets
            .iter()
            .all(|(name, value)| has.iter().any(|f| f.name == *name && f.value == *value))
    }
}

impl Figure {
    /// The figure with this key, if there is one.
    pub fn from_key(key: &str) -> Option<&'static Self> {
        FIGURES.iter().find(|figure| figure.key == key)
    }
}

/// What one record adds to a figure: nothing, itself, or what it leads to.
pub fn adds(figure: &Figure, record: &AnyRecord) -> BTreeSet<Uuid> {
    if !figure.query.selects(record) {
        return BTreeSet::new();
    }
    match figure.unit {
        Unit::Records => [record.head().id].into(),
        Unit::Distinct(role) => {
            record.links().iter().filter(|l| l.role == role).map(|l| l.to).collect()
        }
        Unit::Forces => record.head().force.map(force_id).into_iter().collect(),
    }
}

/// A force as something that is counted: the bytes of its key.
fn force_id(force: ForceKey) -> Uuid {
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(force.as_str().bytes()) {
        *to = from;
    }
    Uuid::from_bytes(bytes)
}

/// What the figure counts of these records within the scope.
pub fn traced<'a>(
    figure: &Figure,
    scope: &Scope,
    records: impl IntoIterator<Item = &'a AnyRecord>,
) -> BTreeSet<Uuid> {
    let held = records.into_iter().filter(|record| scope.holds(record.head()));
    held.flat_map(|record| adds(figure, record)).collect()
}

/// The number.
pub fn count<'a>(
    figure: &Figure,
    scope: &Scope,
    records: impl IntoIterator<Item = &'a AnyRecord>,
) -> u64 {
    traced(figure, scope, records).len() as u64
}
