//! A record's page: what it is, what comes next, what this person can do, what belongs to it
//! and what happened.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use pendeen_casework::form::{Field, Input};
use pendeen_casework::permission::{Action, decide, decide_create};
use pendeen_casework::record::{AnyRecord, Head, Kind, common};
use pendeen_store::read::{Opened, RelatedRows, Version};
use serde::Deserialize;
use uuid::Uuid;

use super::glance::{self, Glance};
use super::list::lower;
use super::person::{SameView, statements};
use super::{named, notice, opened};
use crate::app::App;
use crate::error::{WebError, page};
use crate::request::Asked;
use crate::shell::Shell;
use crate::text;
use crate::view::{Anchor, Event, Group, RecordView, Row, filled, record_address};
use crate::viewer::Viewer;

/// The page.
#[derive(Debug, Template)]
#[template(path = "record/page.html")]
pub(crate) struct RecordPage {
    pub(crate) shell: Shell,
    pub(crate) record: RecordView,
    pub(crate) glance: Glance,
    pub(crate) same: Vec<SameView>,
}

/// The act that led here, to say that it was done.
#[derive(Debug, Deserialize)]
pub(crate) struct Done {
    done: Option<String>,
}

/// `GET /records/{kind}/{id}`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path((key, id)): Path<(String, String)>,
    Asked(done): Asked<Done>,
) -> Result<Response, WebError> {
    let (kind, id) = named(&key, &id)?;
    let Opened { record, related, history } = opened(&app, &viewer, kind, id).await?;
    let rows = related.outgoing.iter().chain(&related.incoming).map(|other| &other.row);
    let marks = rows.map(|row| row.mark).chain([record.head().mark]);
    let mut shell = viewer.shell(record.title()).marked(marks);
    shell.notice = done.done.and_then(|act| notice(kind, &act));
    let view = view(&app, &viewer, &record, &related, &history);
    let glance = glance::at(&app, &viewer, &record, &related).await?;
    let same = statements(&app, &viewer, id, &related).await?;
    page(&RecordPage { shell, record: view, glance, same })
}

/// Everything that the page of this record shows to this person.
fn view(
    app: &App,
    viewer: &Viewer,
    record: &AnyRecord,
    related: &RelatedRows,
    history: &[Version],
) -> RecordView {
    let guarded = decide(&viewer.person, Action::ViewGuarded, record).is_ok();
    let mut details = record.details();
    let hides = !guarded && details.iter().any(|detail| detail.guarded);
    details.retain(|detail| guarded || !detail.guarded);
    details.retain(|detail| !detail.text.trim().is_empty());
    details.retain(|detail| !glance::tells(record.kind(), detail.label));
    let mut view = RecordView::new(record, &details, app.now());
    view.acts = acts(viewer, record, |act| common::asks(act).is_none());
    view.keeping = acts(viewer, record, |act| keeps(record, act));
    let address = record_address(record.kind(), record.head().id);
    view.keeping
        .push(Anchor::new("What was changed, field by field", format!("{address}/history")));
    if record.kind() == Kind::FiguresRelease {
        let release = format!("/figures/releases/{}", record.head().number);
        view.keeping.push(Anchor::new("The numbers, to read, print and save", release));
    }
    view.adds = adds(app, viewer, record);
    view.related = groups(related);
    view.history = events(record.kind(), history, &names(related), hides);
    view
}

/// Whether a common act makes sense for the record: a part moves with its whole, and what is in
/// no operation cannot be taken out of one.
fn keeps(record: &AnyRecord, act: &str) -> bool {
    match act {
        common::MOVE => record.part_of().is_none(),
        common::TAKE_OUT => record.part_of().is_none() && record.head().operation.is_some(),
        other => common::asks(other).is_some(),
    }
}

/// The acts among these that the state and the rules allow this person now.
fn acts(viewer: &Viewer, record: &AnyRecord, wanted: impl Fn(&str) -> bool) -> Vec<Anchor> {
    let possible = record.kind().acts().iter().filter(|act| act.from.contains(&record.state()));
    let possible = possible.filter(|act| wanted(act.name));
    let allowed =
        possible.filter(|act| decide(&viewer.person, Action::Act(act.name), record).is_ok());
    let page = record_address(record.kind(), record.head().id);
    allowed.map(|act| Anchor::new(act.label, format!("{page}/acts/{}", act.name))).collect()
}

/// The kinds of record that name one of this kind and that this person may make.
fn adds(app: &App, viewer: &Viewer, record: &AnyRecord) -> Vec<Anchor> {
    let mut adds = Vec::new();
    for kind in Kind::ALL {
        let head = Head::new(*kind, app.ids.fresh(), &viewer.person, app.now());
        let field = kind.create_fields().iter().find(|f| names_kind(f, record.kind()));
        if let Some(field) = field
            && field.name != "operation"
            && decide_create(&viewer.person, *kind, &head).is_ok()
        {
            let text = format!("Add {}", lower(kind.label()));
            let id = match field.input {
                Input::AnyOf(_) => format!("{}/{}", record.kind().key(), record.head().id),
                _ => record.head().id.to_string(),
            };
            adds.push(Anchor::new(
                text,
                format!("/records/{}/new?{}={id}", kind.key(), field.name),
            ));
        }
    }
    adds
}

/// Whether a field names records of this kind.
fn names_kind(field: &Field, kind: Kind) -> bool {
    match field.input {
        Input::Record(named) => named == kind,
        Input::AnyOf(kinds) => kinds.contains(&kind),
        _ => false,
    }
}

/// Related records, those of one kind together, in the order of the flow.
fn groups(related: &RelatedRows) -> Vec<Group> {
    let mut seen = Vec::new();
    let mut groups = Vec::new();
    for kind in Kind::ALL {
        let ours = related.outgoing.iter().chain(&related.incoming).filter(|r| r.row.kind == *kind);
        let rows: Vec<Row> = ours
            .filter(|r| {
                let fresh = !seen.contains(&r.row.id);
                seen.push(r.row.id);
                fresh
            })
            .map(|r| Row::from(&r.row))
            .collect();
        if !rows.is_empty() {
            groups.push(Group { heading: kind.plural().to_owned(), rows });
        }
    }
    groups
}

/// What related records are called.
fn names(related: &RelatedRows) -> HashMap<Uuid, String> {
    let rows = related.outgoing.iter().chain(&related.incoming);
    rows.map(|r| (r.row.id, format!("{}, {}", r.row.number, r.row.title))).collect()
}

/// The versions as events. Where the record hides lines from this person, so does its history.
fn events(
    kind: Kind,
    history: &[Version],
    names: &HashMap<Uuid, String>,
    hides: bool,
) -> Vec<Event> {
    let event = |version: &Version| {
        let act = kind.acts().iter().find(|act| act.name == version.act);
        let (title, spec) = act.map_or(("Recorded", kind.create_fields()), |a| (a.label, a.fields));
        Event {
            title: title.to_owned(),
            by: version.by_name.clone(),
            at: text::moment(version.at),
            machine: version.at.to_string(),
            fields: if hides { Vec::new() } else { filled(&version.fields, spec, names) },
        }
    };
    history.iter().map(event).collect()
}
