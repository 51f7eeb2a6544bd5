//! A record's history, field by field: for every version who changed what from what to what,
//! when and why. What the person may see only guarded is not in it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use pendeen_casework::record::Kind;
use pendeen_casework::record::difference::Change;
use pendeen_store::changes::VersionChanges;

use super::{consulted, named};
use crate::app::App;
use crate::error::{WebError, page};
use crate::shell::Shell;
use crate::text;
use crate::view::record_address;
use crate::viewer::Viewer;

/// The page.
#[derive(Debug, Template)]
#[template(path = "record/changes.html")]
pub(crate) struct ChangesPage {
    pub(crate) shell: Shell,
    pub(crate) caption: String,
    pub(crate) back: String,
    pub(crate) versions: Vec<VersionView>,
}

/// One version.
#[derive(Debug, Clone)]
pub(crate) struct VersionView {
    pub(crate) number: u32,
    pub(crate) what: String,
    pub(crate) by: String,
    pub(crate) at: String,
    pub(crate) machine: String,
    pub(crate) why: Option<String>,
    pub(crate) changes: Vec<ChangeView>,
}

/// What stands under one label before and after; paragraphs.
#[derive(Debug, Clone)]
pub(crate) struct ChangeView {
    pub(crate) label: &'static str,
    pub(crate) from: Vec<String>,
    pub(crate) to: Vec<String>,
}

impl From<&Change> for ChangeView {
    fn from(change: &Change) -> Self {
        let paragraphs = |lines: &[String]| {
            lines.iter().flat_map(|line| line.lines()).map(text::value).collect()
        };
        Self { label: change.label, from: paragraphs(&change.from), to: paragraphs(&change.to) }
    }
}

/// `GET /records/{kind}/{id}/history`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path((key, id)): Path<(String, String)>,
) -> Result<Response, WebError> {
    let (kind, id) = named(&key, &id)?;
    let record = consulted(&app, &viewer, kind, id).await?;
    let changes = app.store.changes(&viewer.person, kind, id, app.now()).await?;
    page(&ChangesPage {
        shell: viewer.shell("What was changed").marked([record.head().mark]),
        caption: format!("{}, {}", record.head().number, record.title()),
        back: record_address(kind, id),
        versions: changes.iter().map(|version| view(kind, version)).collect(),
    })
}

fn view(kind: Kind, told: &VersionChanges) -> VersionView {
    let version = &told.version;
    let act = kind.acts().iter().find(|act| act.name == version.act);
    VersionView {
        number: version.version,
        what: act.map_or("Recorded", |act| act.label).to_owned(),
        by: version.by_name.clone(),
        at: text::moment(version.at),
        machine: version.at.to_string(),
        why: told.why.clone(),
        changes: told.changes.iter().map(ChangeView::from).collect(),
    }
}
