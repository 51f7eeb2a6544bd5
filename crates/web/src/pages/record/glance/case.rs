//! A case's timeline: what was recorded on everything that belongs to it, newest first.
//!
//! Times are those at which things were recorded, to the minute; an event stands at the day, or
//! day and time, at which it happened. None is made up: a day without a time shows none, and
//! stands above whatever has a time that day.

use std::collections::HashSet;

use jiff::Timestamp;
use pendeen_casework::record::{AnyRecord, Kind};
use pendeen_store::query::Row;
use pendeen_store::read::RelatedRows;

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

/// The timeline of the case with these related records.
pub(super) async fn timeline(
    app: &App,
    viewer: &Viewer,
    related: &RelatedRows,
) -> Result<Vec<Moment>, WebError> {
    let rows = related.outgoing.iter().chain(&related.incoming).map(|r| &r.row);
    let mut moments: Vec<(Timestamp, Moment)> = Vec::new();
    // A package names its case and the case its package: one record, one line of moments.
    let mut seen = HashSet::new();
    for row in rows.filter(|row| seen.insert(row.id)) {
        if FOLLOWED.contains(&row.kind) {
            moments.extend(followed(app, viewer, row).await?);
        } else if row.kind == Kind::Event {
            moments.extend(happened(app, viewer, row).await?);
        } else if NOTED.contains(&row.kind) {
            moments.push((row.created, noted(row)));
        }
    }
    moments.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(moments.into_iter().map(|(_, moment)| moment).collect())
}

async fn followed(
    app: &App,
    viewer: &Viewer,
    row: &Row,
) -> Result<Vec<(Timestamp, Moment)>, WebError> {
    let history = app.store.history(&viewer.person, row.kind, row.id, app.now()).await?;
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
    Ok(moments.collect())
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
