//! A case's timeline: what was recorded on everything that belongs to it, newest first; and the
//! numbers by which other systems know its arrests and charges.
//!
//! Times are those at which things were recorded, to the minute; an event stands at the day, or
//! day and time, at which it happened. None is made up: a day without a time shows none, and
//! stands above whatever has a time that day.

use std::collections::HashSet;

use jiff::Timestamp;
use pendeen_casework::record::numbers::{Number, System};
use pendeen_casework::record::{AnyRecord, Kind};
use pendeen_store::query::Row;
use pendeen_store::read::{RelatedRows, Version};

use crate::app::App;
use crate::error::WebError;
use crate::text;
use crate::view::{Tag, record_address};
use crate::viewer::Viewer;

/// One moment of a case.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    /// What was done, to what.
    pub title: String,
    /// The record's page.
    pub href: String,
    /// What names the record.
    pub record: String,
    /// Who did it.
    pub by: String,
    /// When, for a person.
    pub at: String,
    /// When, for a machine.
    pub machine: String,
    /// The record's present state, at its newest moment only.
    pub state: Option<Tag>,
}

/// A case at a glance.
#[derive(Debug, Clone, Default)]
pub(crate) struct CaseView {
    /// What other systems call what belongs to it.
    pub numbers: Vec<Elsewhere>,
    /// What was recorded, newest first.
    pub moments: Vec<Moment>,
}

/// A number of another system.
#[derive(Debug, Clone)]
pub(crate) struct Elsewhere {
    /// Whose number.
    pub system: String,
    /// The number.
    pub number: String,
    /// The page of the record that has it.
    pub href: String,
    /// What names that record.
    pub record: String,
}

/// Kinds whose every act is a moment of the case.
const FOLLOWED: [Kind; 6] =
    [Kind::Package, Kind::Warrant, Kind::Search, Kind::Arrest, Kind::Charge, Kind::Child];
/// Kinds of which a case has too many to follow each act here.
const NOTED: [Kind; 8] = [
    Kind::Exhibit,
    Kind::Examination,
    Kind::Notification,
    Kind::Nominal,
    Kind::Vehicle,
    Kind::Device,
    Kind::Action,
    Kind::Paper,
];

/// The case with these related records.
pub(super) async fn at(
    app: &App,
    viewer: &Viewer,
    related: &RelatedRows,
) -> Result<CaseView, WebError> {
    let rows = related.outgoing.iter().chain(&related.incoming).map(|r| &r.row);
    let mut moments: Vec<(Timestamp, Moment)> = Vec::new();
    let mut numbers = Vec::new();
    // A package names its case and the case its package: one record, one line of moments.
    let mut seen = HashSet::new();
    for row in rows.filter(|row| seen.insert(row.id)) {
        if FOLLOWED.contains(&row.kind) {
            let history = app.store.history(&viewer.person, row.kind, row.id, app.now()).await?;
            numbers.extend(history.iter().filter_map(|version| elsewhere(row, version)));
            moments.extend(followed(row, history));
        } else if row.kind == Kind::Event {
            moments.extend(happened(app, viewer, row).await?);
        } else if NOTED.contains(&row.kind) {
            moments.push((row.created, noted(row)));
        }
    }
    moments.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    numbers.sort_by(|one: &Elsewhere, other| one.system.cmp(&other.system));
    let moments = moments.into_iter().map(|(_, moment)| moment).collect();
    Ok(CaseView { numbers, moments })
}

/// The number of another system that a version added, if it did.
fn elsewhere(row: &Row, version: &Version) -> Option<Elsewhere> {
    let added = version.act == Number::ACT;
    let system = version.fields.get("system").filter(|_| added)?;
    let known = System::CHOICES.iter().find(|(key, _)| *key == system);
    Some(Elsewhere {
        system: known.map_or(system, |(_, label)| label).to_owned(),
        number: version.fields.get("number")?.to_uppercase(),
        href: record_address(row.kind, row.id),
        record: format!("{} {}", row.number, row.title),
    })
}

fn followed(row: &Row, history: Vec<Version>) -> Vec<(Timestamp, Moment)> {
    let acts = row.kind.acts();
    let moments = history.into_iter().enumerate().map(|(i, version)| {
        let act = acts.iter().find(|act| act.name == version.act);
        let what = act.map_or("recorded".to_owned(), |act| super::super::list::lower(act.label));
        let moment = Moment {
            title: format!("{}: {what}", row.kind.label()),
            href: record_address(row.kind, row.id),
            record: format!("{} {}", row.number, row.title),
            by: version.by_name,
            at: text::moment(version.at),
            machine: version.at.to_string(),
            state: (i == 0).then(|| Tag::state(&row.state)),
        };
        (version.at, moment)
    });
    moments.collect()
}

/// An event at the time at which it happened.
async fn happened(
    app: &App,
    viewer: &Viewer,
    row: &Row,
) -> Result<Option<(Timestamp, Moment)>, WebError> {
    let found =
        app.store.view(&viewer.person, row.kind, row.id, viewer.reason(), app.now()).await?;
    let Some(AnyRecord::Event(event)) = found else { return Ok(None) };
    let moment = Moment {
        title: event.sort.label().to_owned(),
        href: record_address(row.kind, row.id),
        record: format!("{} {}", row.number, event.what),
        by: event.head.author_name.clone(),
        at: event.when.to_string(),
        machine: event.when.machine(),
        state: None,
    };
    Ok(Some((event.when.latest(), moment)))
}

fn noted(row: &Row) -> Moment {
    Moment {
        title: format!("{}: recorded", row.kind.label()),
        href: record_address(row.kind, row.id),
        record: format!("{} {}", row.number, row.title),
        by: String::new(),
        at: text::moment(row.created),
        machine: row.created.to_string(),
        state: Some(Tag::state(&row.state)),
    }
}
