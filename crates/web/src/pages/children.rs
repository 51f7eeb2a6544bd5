//! Children: who is at risk now, who has been told, how long ago.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use pendeen_casework::permission::decide_create;
use pendeen_casework::record::child::Child;
use pendeen_casework::record::{AnyRecord, Head, Kind};
use pendeen_store::query::{Query, Row, Slice, Sort};
use serde::Deserialize;

use super::record::glance::{Clock, clocks};
use crate::app::App;
use crate::error::{WebError, page};
use crate::request::{Asked, page_number};
use crate::shell::{Shell, force_name, sees};
use crate::view::{Anchor, Count, Pages, Tag, record_address};
use crate::viewer::Viewer;

/// Children to a page.
const CHILDREN: u64 = 50;

/// The page.
#[derive(Debug, Template)]
#[template(path = "children.html")]
pub(crate) struct ChildrenPage {
    pub(crate) shell: Shell,
    pub(crate) new: Option<Anchor>,
    pub(crate) counts: Vec<Count>,
    pub(crate) rows: Vec<ChildRow>,
    pub(crate) pages: Pages,
}

/// One child.
#[derive(Debug, Clone)]
pub(crate) struct ChildRow {
    /// The child's page.
    pub href: String,
    /// The record's number.
    pub number: String,
    /// What names the record; never the child.
    pub title: String,
    /// Where the child stands.
    pub state: Tag,
    /// At immediate risk now.
    pub immediate: bool,
    /// Since first known, since referred.
    pub clocks: Vec<Clock>,
    /// Steps that were taken.
    pub steps: Vec<String>,
    /// Whose work it is.
    pub force: String,
    /// Made by the demonstration.
    pub simulated: bool,
}

/// Which page of the list.
#[derive(Debug, Deserialize)]
pub(crate) struct Part {
    #[serde(default, deserialize_with = "page_number")]
    page: Option<u64>,
}

/// `GET /children`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Asked(part): Asked<Part>,
) -> Result<Response, WebError> {
    if !sees(&viewer.person, Kind::Child) {
        app.store.denied(&viewer.person, "children", None, app.now()).await?;
        return Err(WebError::NotFound);
    }
    let number = part.page.unwrap_or(1).max(1);
    let slice = Slice { offset: (number - 1).saturating_mul(CHILDREN), limit: CHILDREN };
    let why = viewer.reason().map(str::to_owned);
    let query = Query { order: Sort::Urgency, page: slice, why, ..Query::of(Kind::Child) };
    let found = app.store.list(&viewer.person, &query, app.now()).await?;
    let mut rows = Vec::new();
    for row in &found.rows {
        rows.extend(child(&app, &viewer, row).await?);
    }
    page(&ChildrenPage {
        shell: viewer.shell("Children").marked(found.rows.iter().map(|row| row.mark)),
        new: new(&app, &viewer),
        counts: counts(&app, &viewer).await?,
        rows,
        pages: Pages::new("/children", number, CHILDREN, found.total),
    })
}

/// `GET /children/csv`.
pub(crate) async fn csv(State(app): State<App>, viewer: Viewer) -> Result<Response, WebError> {
    if !sees(&viewer.person, Kind::Child) {
        app.store.denied(&viewer.person, "export", None, app.now()).await?;
        return Err(WebError::NotFound);
    }
    let query = Query { order: Sort::Urgency, ..Query::of(Kind::Child) };
    crate::csv::of_list(&app, &viewer, "children", &query).await
}

async fn counts(app: &App, viewer: &Viewer) -> Result<Vec<Count>, WebError> {
    let having = |states: &[&str], facets: &[(&str, &str)]| Query {
        states: states.iter().map(|state| (*state).to_owned()).collect(),
        facets: facets.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect(),
        ..Query::of(Kind::Child)
    };
    let count = async |query: Query| app.store.count(&viewer.person, &query, app.now()).await;
    let now = count(having(&["at_risk"], &[])).await?;
    let immediate =
        count(having(&["at_risk", "safeguarded"], &[("immediate_risk", "yes")])).await?;
    let untold = count(having(&["at_risk"], &[("referred", "no")])).await?;
    let safe = count(having(&[], &[("safeguarded", "yes")])).await?;
    Ok(vec![
        Count::alarm(immediate, "at immediate risk"),
        Count::alarm(untold, "at risk, Children's Services not told"),
        Count::new(now, "at risk now"),
        Count::new(safe, "safeguarded"),
    ])
}

async fn child(app: &App, viewer: &Viewer, row: &Row) -> Result<Option<ChildRow>, WebError> {
    let seen =
        app.store.view(&viewer.person, Kind::Child, row.id, viewer.reason(), app.now()).await?;
    let Some(AnyRecord::Child(child)) = seen else { return Ok(None) };
    Ok(Some(ChildRow {
        href: record_address(Kind::Child, row.id),
        number: row.number.clone(),
        title: row.title.clone(),
        state: Tag::state(&row.state),
        immediate: child.immediate_risk,
        clocks: clocks(&child, app.now()),
        steps: steps(&child),
        force: force_name(row.force),
        simulated: row.simulated,
    }))
}

fn steps(child: &Child) -> Vec<String> {
    child.steps.iter().map(|taken| taken.step.label().to_owned()).collect()
}

fn new(app: &App, viewer: &Viewer) -> Option<Anchor> {
    let head = Head::new(Kind::Child, app.ids.fresh(), &viewer.person, app.now());
    let _allowed = decide_create(&viewer.person, Kind::Child, &head).ok()?;
    Some(Anchor::new("New child", "/records/child/new"))
}
