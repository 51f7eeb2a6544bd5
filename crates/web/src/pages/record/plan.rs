//! A search plan for the phone at the door: who is behind it, which children, what risks, what
//! to bring.
//!
//! In: a search that the viewer may see. Out: one narrow page in large letters that needs no
//! script, most dangerous things first, ready to be printed. Children known in the case are named
//! as their records are in lists: by what they are to the suspect, never by name.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use pendeen_casework::record::search::{ChildrenPresent, Search};
use pendeen_casework::record::{AnyRecord, Kind};
use pendeen_store::query::{Query, Slice, Sort};

use super::{named, opened};
use crate::app::App;
use crate::error::{WebError, page};
use crate::shell::{Shell, sees};
use crate::text::{self, Due};
use crate::view::{Anchor, Row, Tag, record_address};
use crate::viewer::Viewer;

/// Children of the case that are listed at most.
const CHILDREN: u64 = 20;

/// The page.
#[derive(Debug, Template)]
#[template(path = "record/plan.html")]
pub(crate) struct PlanPage {
    pub(crate) shell: Shell,
    pub(crate) number: String,
    pub(crate) address: String,
    pub(crate) back: String,
    pub(crate) state: Tag,
    pub(crate) planned: String,
    pub(crate) due: Option<Due>,
    /// What must be known before the door opens.
    pub(crate) warnings: Vec<String>,
    pub(crate) people: Vec<String>,
    pub(crate) expected: String,
    pub(crate) children: Vec<Row>,
    pub(crate) risks: Vec<String>,
    pub(crate) team: Vec<String>,
    pub(crate) bring: Vec<String>,
    pub(crate) power: String,
    pub(crate) warrants: Vec<Anchor>,
    pub(crate) simulated: bool,
}

/// `GET /records/search/{id}/plan`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    let (kind, id) = named(Kind::Search.key(), &id)?;
    let found = opened(&app, &viewer, kind, id).await?;
    let AnyRecord::Search(search) = &found.record else { return Err(WebError::NotFound) };
    let children = children(&app, &viewer, search).await?;
    let rows = found.related.outgoing.iter().map(|other| &other.row);
    let warrants = rows.clone().filter(|row| row.kind == Kind::Warrant);
    let marks = rows.clone().map(|row| row.mark).chain([search.head.mark]);
    let planned = search.state.key() == "planned";
    page(&PlanPage {
        shell: viewer.shell("Search plan").marked(marks.chain(children.iter().map(|row| row.mark))),
        number: search.head.number.clone(),
        address: search.address.clone(),
        back: record_address(kind, id),
        state: Tag::state(search.state.key()),
        planned: text::moment(search.planned_for),
        due: planned.then(|| Due::new(search.planned_for, app.now())),
        warnings: warnings(search, children.len()),
        people: paragraphs(&search.people),
        expected: search.children.to_string(),
        children: children.iter().map(Row::from).collect(),
        risks: paragraphs(&search.risks),
        team: paragraphs(&search.team),
        bring: search.equipment.as_deref().map(paragraphs).unwrap_or_default(),
        power: match &search.authority {
            Some(authority) => format!("{}: {authority}", search.power),
            None => search.power.to_string(),
        },
        warrants: warrants
            .map(|row| {
                let state = text::words(&row.state).to_lowercase();
                Anchor::new(format!("{} ({state})", row.number), record_address(row.kind, row.id))
            })
            .collect(),
        simulated: search.head.simulated,
    })
}

fn paragraphs(text: &str) -> Vec<String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// The children that are known in the case and not yet out of risk.
async fn children(
    app: &App,
    viewer: &Viewer,
    search: &Search,
) -> Result<Vec<pendeen_store::query::Row>, WebError> {
    if !sees(&viewer.person, Kind::Child) {
        return Ok(Vec::new());
    }
    let query = Query {
        linked: Some(("case".to_owned(), search.case.uuid())),
        states: vec!["at_risk".to_owned(), "safeguarded".to_owned()],
        order: Sort::Urgency,
        page: Slice { offset: 0, limit: CHILDREN },
        why: viewer.reason().map(str::to_owned),
        ..Query::of(Kind::Child)
    };
    Ok(app.store.list(&viewer.person, &query, app.now()).await?.rows)
}

fn warnings(search: &Search, children: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    match search.children {
        ChildrenPresent::Yes => warnings.push("Children are expected behind the door".to_owned()),
        ChildrenPresent::Unknown => {
            warnings.push("Children may be behind the door: not known".to_owned());
        }
        ChildrenPresent::No if children > 0 => {
            warnings.push("No children are expected, but the case knows of some".to_owned());
        }
        ChildrenPresent::No => {}
    }
    warnings.extend(search.weapons.as_ref().map(|weapons| format!("Weapons: {weapons}")));
    warnings.extend(search.dogs.as_ref().map(|dogs| format!("Dogs and other animals: {dogs}")));
    warnings
}
