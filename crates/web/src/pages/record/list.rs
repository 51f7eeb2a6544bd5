//! The list of one kind of record, narrowed by state and force.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use pendeen_casework::force::{FORCES, ForceKey};
use pendeen_casework::permission::{decide_create, visibility};
use pendeen_casework::record::{Head, Kind};
use pendeen_store::query::{Query as Wanted, Slice};
use serde::Deserialize;

use super::kind;
use crate::app::App;
use crate::error::{WebError, page};
use crate::request::Asked;
use crate::shell::{Shell, sees};
use crate::text;
use crate::view::{Anchor, Choice, Pages, Row};
use crate::viewer::Viewer;

/// Rows to a page.
const ROWS: u64 = 50;

/// The page.
#[derive(Debug, Template)]
#[template(path = "record/list.html")]
pub(crate) struct ListPage {
    pub(crate) shell: Shell,
    pub(crate) address: String,
    pub(crate) new: Option<Anchor>,
    pub(crate) states: Vec<Choice>,
    pub(crate) forces: Vec<Choice>,
    pub(crate) tally: String,
    pub(crate) rows: Vec<Row>,
    pub(crate) pages: Pages,
}

/// How the list is narrowed.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filter {
    #[serde(default)]
    state: String,
    #[serde(default)]
    force: String,
    page: Option<u64>,
}

/// `GET /records/{kind}`.
pub(crate) async fn list(
    State(app): State<App>,
    viewer: Viewer,
    Path(key): Path<String>,
    Asked(filter): Asked<Filter>,
) -> Result<Response, WebError> {
    let kind = kind(&key)?;
    let now = app.now();
    if !sees(&viewer.person, kind) {
        app.store.denied(&viewer.person, "list", None, now).await?;
        return Err(WebError::NotFound);
    }
    let number = filter.page.unwrap_or(1).max(1);
    let wanted = wanted(kind, &filter, number);
    let found = app.store.list(&viewer.person, &wanted, now).await?;
    page(&ListPage {
        shell: viewer.shell(kind.plural()).marked(found.rows.iter().map(|row| row.mark)),
        new: new(&app, &viewer, kind),
        states: states(kind, &filter.state),
        forces: forces(&viewer, kind, &filter.force),
        tally: tally(found.total, kind),
        rows: found.rows.iter().map(Row::from).collect(),
        pages: Pages::new(&narrowed(&viewer.path, &filter), number, ROWS, found.total),
        address: viewer.path,
    })
}

fn wanted(kind: Kind, filter: &Filter, page: u64) -> Wanted {
    let known = kind.states().iter().filter(|state| state.key == filter.state);
    Wanted {
        states: known.map(|state| state.key.to_owned()).collect(),
        force: ForceKey::parse(&filter.force),
        page: Slice { offset: (page - 1).saturating_mul(ROWS), limit: ROWS },
        ..Wanted::of(kind)
    }
}

/// The link to make a new one, if the person may.
fn new(app: &App, viewer: &Viewer, kind: Kind) -> Option<Anchor> {
    let head = Head::new(kind, app.ids.fresh(), &viewer.person, app.now());
    let _allowed = decide_create(&viewer.person, kind, &head).ok()?;
    let text = format!("New {}", lower(kind.label()));
    Some(Anchor::new(text, format!("/records/{}/new", kind.key())))
}

fn states(kind: Kind, present: &str) -> Vec<Choice> {
    kind.states().iter().map(|s| Choice::new(s.key, text::words(s.key), present)).collect()
}

/// Forces to choose from, for those who see more than their own.
fn forces(viewer: &Viewer, kind: Kind, present: &str) -> Vec<Choice> {
    if !visibility(&viewer.person, kind).all {
        return Vec::new();
    }
    FORCES.iter().map(|force| Choice::new(force.key.as_str(), force.name, present)).collect()
}

fn tally(total: u64, kind: Kind) -> String {
    match total {
        0 => format!("No {} that you may see.", lower(kind.plural())),
        1 => format!("1 {}.", lower(kind.label())),
        _ => format!("{} {}, last changed first.", text::count(total), lower(kind.plural())),
    }
}

fn narrowed(path: &str, filter: &Filter) -> String {
    let state: String = filter.state.chars().filter(|c| c.is_alphanumeric() || *c == '_').collect();
    let force: String = filter.force.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{path}?state={state}&force={force}")
}

/// A label inside a sentence.
pub(super) fn lower(label: &str) -> String {
    let mut letters = label.chars();
    letters.next().map_or_else(String::new, |c| c.to_lowercase().chain(letters).collect())
}
