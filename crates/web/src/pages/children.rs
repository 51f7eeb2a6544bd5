//! Children: who is at risk now, who has been told, how long ago.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use pendeen_casework::permission::decide_create;
use pendeen_casework::record::child::Child;
use pendeen_casework::record::{AnyRecord, Head, Kind};
use pendeen_store::query::{Query, Slice, Sort};
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
    let (records, total) = app.store.views(&viewer.person, &query, app.now()).await?;
    page(&ChildrenPage {
        shell: viewer.shell("Children").marked(records.iter().map(|record| record.head().mark)),
        new: new(&app, &viewer),
        counts: counts(&app, &viewer).await?,
        rows: records.iter().filter_map(|record| child(record, app.now())).collect(),
        pages: Pages::new("/children", number, CHILDREN, total),
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

/// The numbers above the list. What a state answers is not asked as a property: few children
/// have those that are.
async fn counts(app: &App, viewer: &Viewer) -> Result<Vec<Count>, WebError> {
    let standing = |states: &[&str]| Query {
        states: states.iter().map(|state| (*state).to_owned()).collect(),
        ..Query::of(Kind::Child)
    };
    let having = |name: &str, value: &str, query: Query| Query {
        facets: vec![(name.to_owned(), value.to_owned())],
        ..query
    };
    let asked = [
        having("immediate_risk", "yes", standing(&["at_risk", "safeguarded"])),
        having("referred", "no", standing(&["at_risk"])),
        standing(&["at_risk"]),
        standing(&["safeguarded", "stepped_down"]),
    ];
    let counted = app.store.counts(&viewer.person, &asked, app.now()).await?;
    let number = |at: usize| counted.get(at).copied().unwrap_or(0);
    Ok(vec![
        Count::alarm(number(0), "at immediate risk").counted(),
        Count::alarm(number(1), "at risk, Children's Services not told").counted(),
        Count::new(number(2), "at risk now").counted(),
        Count::new(number(3), "safeguarded").counted(),
    ])
}

fn child(record: &AnyRecord, now: Timestamp) -> Option<ChildRow> {
    let AnyRecord::Child(child) = record else { return None };
    Some(ChildRow {
        href: record_address(Kind::Child, child.head.id),
        number: child.head.number.clone(),
        title: record.title(),
        state: Tag::state(record.state()),
        immediate: child.immediate_risk,
        clocks: clocks(child, now),
        steps: steps(child),
        force: force_name(child.head.force),
        simulated: child.head.simulated,
    })
}

fn steps(child: &Child) -> Vec<String> {
    child.steps.iter().map(|taken| taken.step.label().to_owned()).collect()
}

fn new(app: &App, viewer: &Viewer) -> Option<Anchor> {
    let head = Head::new(Kind::Child, app.ids.fresh(), &viewer.person, app.now());
    let _allowed = decide_create(&viewer.person, Kind::Child, &head).ok()?;
    Some(Anchor::new("New child", "/records/child/new"))
}
