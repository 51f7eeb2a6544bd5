//! The figures themselves: every measure that has been published of such an operation, and what
//! the people who run one ask for besides, each with its sentence.
//!
//! A definition speaks of states, facets and links alone. To add one: a line here; the store
//! counts it, back to the first record, when the program is next started.
//!
//! Source: what the National Crime Agency and the forces published of July 2014 and March 2015.

use super::{Figure, Query, Unit, Within};
use crate::record::Kind;

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
    Figure { key, title, sentence, query, unit: Unit::Records, within: None }
}

/// A figure that counts what a link of the records leads to.
const fn distinct(
    key: &'static str,
    title: &'static str,
    sentence: &'static str,
    query: Query,
    role: &'static str,
) -> Figure {
    Figure { key, title, sentence, query, unit: Unit::Distinct(role), within: None }
}

impl Figure {
    /// Never more than that figure, in any part of any force.
    const fn within(self, figure: &'static str) -> Self {
        Self { within: Some(Within { figure, rest_tells: false }), ..self }
    }

    /// Likewise; and who is in the other but not in this is as telling as who is in both.
    const fn of(self, figure: &'static str) -> Self {
        Self { within: Some(Within { figure, rest_tells: true }), ..self }
    }
}

const fn query(
    kind: Kind,
    states: &'static [&'static str],
    facets: &'static [(&'static str, &'static str)],
) -> Query {
    Query { kind, states, facets }
}

/// Every figure by key and title, for a form to choose from.
pub const FIGURE_CHOICES: &[(&str, &str)] = &{
    let mut choices = [("", ""); FIGURES.len()];
    let mut n = 0;
    while n < FIGURES.len() {
        choices[n] = (FIGURES[n].key, FIGURES[n].title);
        n += 1;
    }
    choices
};

/// Every figure, in the order in which pages and releases show them.
pub static FIGURES: [Figure; 20] = [
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
    )
    .within("warrants"),
    records(
        "warrants_executed",
        "Warrants executed",
        "Warrants under which premises were entered at least once.",
        query(Kind::Warrant, &["executed"], &[]),
    )
    .within("warrants_granted"),
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
    )
    .within("searches"),
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
    )
    .of("arrests"),
    records(
        "arrests_position_of_trust",
        "Arrests of people in positions of trust",
        "Arrests of persons whose work or volunteering gave access to children.",
        query(Kind::Arrest, &[], &[("kind", "arrest"), ("position_of_trust", "yes")]),
    )
    .of("arrests"),
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
    )
    .of("charged"),
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
    )
    .of("children_known"),
    records(
        "children_at_immediate_risk",
        "Children safeguarded who were at immediate risk",
        "Children safeguarded who were at immediate risk at some time.",
        query(Kind::Child, &[], &[("safeguarded", "yes"), ("was_at_immediate_risk", "yes")]),
    )
    .of("children_safeguarded"),
    Figure {
        key: "forces_taking_part",
        title: "Forces taking part",
        sentence: "Distinct forces with at least one case.",
        query: query(Kind::Case, &[], &[]),
        unit: Unit::Forces,
        within: None,
    },
];
