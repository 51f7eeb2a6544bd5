//! The definitions of what is counted: each figure as data, with a sentence that says what it
//! counts.
//!
//! In: records. Out: numbers that trace to them. [`count`] is the plain evaluation over records
//! in memory; the store turns the same [`Figure`] into SQL, and a test there holds the two
//! against each other. No figure is ever kept as a number, save in a release that froze it.
//! Small counts are not suppressed here: that is a release's business.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::force::ForceKey;
use crate::record::{AnyRecord, Head, Id, Kind, operation::Operation};

/// What a figure counts, among the records that its [`Query`] selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// The records themselves.
    Records,
    /// The distinct records that their link of this role leads to; a record without such a
    /// link counts for nothing.
    Distinct(&'static str),
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

/// The records that the figure counts, or leads to, within the scope.
pub fn traced<'a>(
    figure: &Figure,
    scope: &Scope,
    records: impl IntoIterator<Item = &'a AnyRecord>,
) -> BTreeSet<Uuid> {
    records
        .into_iter()
        .filter(|record| scope.holds(record.head()) && figure.query.selects(record))
        .flat_map(|record| match figure.unit {
            Unit::Records => vec![record.head().id],
            Unit::Distinct(role) => {
                record.links().iter().filter(|l| l.role == role).map(|l| l.to).collect()
            }
        })
        .collect()
}

/// The number.
pub fn count<'a>(
    figure: &Figure,
    scope: &Scope,
    records: impl IntoIterator<Item = &'a AnyRecord>,
) -> u64 {
    traced(figure, scope, records).len() as u64
}

const FINISHED: &[&str] = &["finished", "finished_with_gaps"];
const NOT_DROPPED: &[&str] =
    &["charged", "plea_entered", "convicted", "acquitted", "sentenced", "discontinued"];

/// A figure that counts records.
const fn records(
    key: &'static str,
    title: &'static str,
    sentence: &'static str,
    query: Query,
) -> Figure {
    Figure { key, title, sentence, query, unit: Unit::Records }
}

/// A figure that counts what a link of the records leads to.
const fn distinct(
    key: &'static str,
    title: &'static str,
    sentence: &'static str,
    query: Query,
    role: &'static str,
) -> Figure {
    Figure { key, title, sentence, query, unit: Unit::Distinct(role) }
}

const fn query(
    kind: Kind,
    states: &'static [&'static str],
    facets: &'static [(&'static str, &'static str)],
) -> Query {
    Query { kind, states, facets }
}

/// Every figure, in the order in which pages and releases show them.
pub static FIGURES: [Figure; 19] = [
    records(
        "referrals_received",
        "Referrals received",
        "Reports received from outside, whatever became of them.",
        query(Kind::Referral, &[], &[]),
    ),
    records(
        "packages_sent",
        "Intelligence packages sent",
        "Packages that were sealed and sent to a force at least once.",
        query(Kind::Package, &[], &[("dispatched", "yes")]),
    ),
    records("warrants", "Warrants", "Warrants applied for.", query(Kind::Warrant, &[], &[])),
    records(
        "warrants_granted",
        "Warrants granted",
        "Warrants that a court granted, executed or not.",
        query(Kind::Warrant, &["granted", "executed", "expired"], &[]),
    ),
    records(
        "warrants_executed",
        "Warrants executed",
        "Warrants under which premises were entered at least once.",
        query(Kind::Warrant, &["executed"], &[]),
    ),
    records(
        "searches",
        "Searches",
        "Searches carried out.",
        query(Kind::Search, &["carried_out"], &[]),
    ),
    distinct(
        "properties_searched",
        "Properties searched",
        "Distinct premises with a search carried out, however often they were searched.",
        query(Kind::Search, &["carried_out"], &[]),
        "premises",
    ),
    records(
        "arrests",
        "Arrests",
        "Arrests made, without voluntary attendances.",
        query(Kind::Arrest, &[], &[("kind", "arrest")]),
    ),
    records(
        "arrests_rso",
        "Arrests of registered sex offenders",
        "Arrests of persons who were registered sex offenders.",
        query(Kind::Arrest, &[], &[("kind", "arrest"), ("rso", "yes")]),
    ),
    records(
        "arrests_position_of_trust",
        "Arrests of people in positions of trust",
        "Arrests of persons whose work or volunteering gave access to children.",
        query(Kind::Arrest, &[], &[("kind", "arrest"), ("position_of_trust", "yes")]),
    ),
    records(
        "voluntary_attendances",
        "Voluntary attendances",
        "Interviews of suspects who attended voluntarily.",
        query(Kind::Arrest, &[], &[("kind", "voluntary")]),
    ),
    records(
        "on_bail",
        "On police bail",
        "Arrested persons who are on police bail.",
        query(Kind::Arrest, &["bailed"], &[]),
    ),
    distinct(
        "charged",
        "People charged",
        "Distinct persons with at least one charge.",
        query(Kind::Charge, NOT_DROPPED, &[]),
        "subject",
    ),
    distinct(
        "charged_position_of_trust",
        "People in positions of trust charged",
        "Distinct persons with at least one charge whose work or volunteering gave access to \
         children.",
        query(Kind::Charge, NOT_DROPPED, &[("position_of_trust", "yes")]),
        "subject",
    ),
    records("exhibits", "Exhibits seized", "Things seized.", query(Kind::Exhibit, &[], &[])),
    distinct(
        "devices_examined",
        "Devices examined",
        "Distinct exhibits with a finished examination, with or without gaps.",
        query(Kind::Examination, FINISHED, &[]),
        "exhibit",
    ),
    records(
        "children_known",
        "Children known",
        "Children recorded as at risk at any time, whatever became of it.",
        query(Kind::Child, &[], &[]),
    ),
    records(
        "children_safeguarded",
        "Children safeguarded",
        "Children whom a safeguarding officer declared safeguarded after a protective step.",
        query(Kind::Child, &[], &[("safeguarded", "yes")]),
    ),
    records(
        "children_at_immediate_risk",
        "Children safeguarded who were at immediate risk",
        "Children safeguarded who were at immediate risk at some time.",
        query(Kind::Child, &[], &[("safeguarded", "yes"), ("was_at_immediate_risk", "yes")]),
    ),
];
