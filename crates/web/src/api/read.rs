//! Reading: work, searches, lists, and one record with its history, relations and documents.
//!
//! A record is named by its id or by its number. Whoever sees no record of a kind gets the
//! answer of an address that leads nowhere, as on the pages; every reading leaves its leaf in the
//! audit log, with the reason.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use pendeen_casework::person::Person;
use pendeen_casework::record::{AnyRecord, Kind};
use pendeen_store::document::DocumentDigest;
use pendeen_store::query::{Belongs, Page, Query, Slice, Sort};
use pendeen_store::work::Work;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::ask::{Asked, At, Reason, force, one_of, slice};
use super::problem::{Problem, Wrong};
use super::{Reads, told};
use crate::app::App;
use crate::bearer::Bearer;
use crate::pages::document as documents;
use crate::pages::record::consulted_by;
use crate::reason::About;
use crate::shell::sees;

/// A part of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    page: Option<u64>,
    size: Option<u64>,
}

impl Part {
    /// The page's number and what it holds.
    pub(super) fn slice(&self) -> Result<(u64, Slice), Problem> {
        slice(self.page, self.size)
    }
}

/// `GET /work`.
pub(super) async fn work(
    State(app): State<App>,
    bearer: Bearer<Reads>,
    Asked(asked): Asked<Part>,
) -> Result<Json<Value>, Problem> {
    let (number, slice) = asked.slice()?;
    let Work { rows, total, .. } = app.store.my_work(&bearer.person, slice, app.now()).await?;
    let found = Page { rows, total };
    Ok(Json(told::page((&bearer.person, app.now()), &found, (number, slice))))
}

/// Words, and a kind to look among.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    q: String,
    kind: Option<String>,
    page: Option<u64>,
    size: Option<u64>,
}

/// `GET /search`.
pub(super) async fn search(
    State(app): State<App>,
    bearer: Bearer<Reads>,
    Asked(asked): Asked<Words>,
    reason: Reason,
) -> Result<Json<Value>, Problem> {
    let (number, page) = slice(asked.page, asked.size)?;
    if asked.q.trim().is_empty() {
        return Err(Problem::parameters(&[Wrong::new("q", "give a word")]));
    }
    let kind = one_of("kind", asked.kind.as_deref(), "the key of a kind", Kind::from_key)?;
    let why = reason.of(&app, &bearer.person, About::Lists).await?;
    let query = Query { kinds: kind.into_iter().collect(), page, why, ..Query::default() };
    let found = app.store.search(&bearer.person, &asked.q, query, app.now()).await?;
    let found = Page { rows: found.rows, total: found.total };
    Ok(Json(told::page((&bearer.person, app.now()), &found, (number, page))))
}

/// How a list is narrowed and ordered.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    state: Option<String>,
    force: Option<String>,
    part: Option<String>,
    order: Option<String>,
    page: Option<u64>,
    size: Option<u64>,
}

/// The orders of a list, by key.
pub(super) const ORDERS: [(&str, Sort); 5] = [
    ("updated", Sort::Updated),
    ("created", Sort::Created),
    ("oldest", Sort::Oldest),
    ("urgency", Sort::Urgency),
    ("title", Sort::Title),
];

/// Inside the operation or outside, by key.
pub(super) const PARTS: [(&str, Belongs); 2] =
    [("inside", Belongs::ToSome), ("outside", Belongs::ToNone)];

/// `GET /records/{kind}`.
pub(super) async fn list(
    State(app): State<App>,
    bearer: Bearer<Reads>,
    At(kind): At<String>,
    Asked(filter): Asked<Filter>,
    reason: Reason,
) -> Result<Json<Value>, Problem> {
    let kind = self::kind(&kind)?;
    let who = &bearer.person;
    if !sees(who, kind) {
        app.store.denied(who, "list", None, app.now()).await?;
        return Err(Problem::missing());
    }
    let (number, query) = wanted(kind, &filter)?;
    let query = Query { why: reason.of(&app, who, About::Lists).await?, ..query };
    let found = app.store.list(who, &query, app.now()).await?;
    Ok(Json(told::page((who, app.now()), &found, (number, query.page))))
}

fn wanted(kind: Kind, filter: &Filter) -> Result<(u64, Query), Problem> {
    let (number, page) = slice(filter.page, filter.size)?;
    let keyed = |key: &str| kind.states().iter().find(|state| state.key == key);
    let state = one_of("state", filter.state.as_deref(), "a state of the kind", keyed)?;
    let part = one_of("part", filter.part.as_deref(), "inside or outside", |key| {
        PARTS.into_iter().find(|(known, _)| *known == key)
    })?;
    let order = one_of("order", filter.order.as_deref(), "a known order", |key| {
        ORDERS.into_iter().find(|(known, _)| *known == key)
    })?;
    let query = Query {
        states: state.into_iter().map(|state| state.key.to_owned()).collect(),
        force: force(filter.force.as_deref())?,
        operation: part.map(|(_, belongs)| belongs),
        order: order.map(|(_, order)| order).unwrap_or_default(),
        page,
        ..Query::of(kind)
    };
    Ok((number, query))
}

/// Which record.
type Named = At<(String, String)>;

/// `GET /records/{kind}/{id}`.
pub(super) async fn view(
    State(app): State<App>,
    bearer: Bearer<Reads>,
    At((kind, id)): Named,
    reason: Reason,
) -> Result<Json<Value>, Problem> {
    let record = consulted(&app, &bearer.person, (&kind, &id), reason).await?;
    Ok(Json(told::record(&bearer.person, &record)))
}

/// `GET /records/{kind}/{id}/history`.
pub(super) async fn history(
    State(app): State<App>,
    bearer: Bearer<Reads>,
    At((kind, id)): Named,
    reason: Reason,
) -> Result<Json<Value>, Problem> {
    let record = consulted(&app, &bearer.person, (&kind, &id), reason).await?;
    let about = (record.kind(), record.head().id);
    let versions = app.store.changes(&bearer.person, about.0, about.1, app.now()).await?;
    Ok(Json(told::history(&versions)))
}

/// `GET /records/{kind}/{id}/relations`.
pub(super) async fn relations(
    State(app): State<App>,
    bearer: Bearer<Reads>,
    At((kind, id)): Named,
    reason: Reason,
) -> Result<Json<Value>, Problem> {
    let record = consulted(&app, &bearer.person, (&kind, &id), reason).await?;
    let about = (record.kind(), record.head().id);
    let related = app.store.related(&bearer.person, about.0, about.1, app.now()).await?;
    Ok(Json(told::relations(&related)))
}

/// `GET /records/{kind}/{id}/form`: what it was made with, to correct it.
pub(super) async fn form(
    State(app): State<App>,
    bearer: Bearer<Reads>,
    At((kind, id)): Named,
    reason: Reason,
) -> Result<Json<Value>, Problem> {
    let record = consulted(&app, &bearer.person, (&kind, &id), reason).await?;
    let about = (record.kind(), record.head().id);
    let made = app.store.made_with(&bearer.person, about.0, about.1, app.now()).await?;
    Ok(Json(told::form(about.0, &made.ok_or_else(Problem::missing)?)))
}

/// `GET /records/{kind}/{id}/documents/{digest}`: its bytes.
pub(super) async fn document(
    State(app): State<App>,
    bearer: Bearer<Reads>,
    At((kind, id, digest)): At<(String, String, String)>,
    reason: Reason,
) -> Result<Response, Problem> {
    let record = consulted(&app, &bearer.person, (&kind, &id), reason).await?;
    let (kind, id) = (record.kind(), record.head().id);
    let digest = DocumentDigest::parse(&digest).ok_or_else(Problem::missing)?;
    Ok(documents::saved(&app, &bearer.person, (kind, id), digest).await?)
}

/// The kind named in an address.
pub(super) fn kind(key: &str) -> Result<Kind, Problem> {
    Kind::from_key(key).ok_or_else(Problem::missing)
}

/// The record named in an address by id or number, if the person may see it; its consultation is
/// in the audit log by then.
async fn consulted(
    app: &App,
    who: &Person,
    (kind, id): (&str, &str),
    reason: Reason,
) -> Result<AnyRecord, Problem> {
    let kind = self::kind(kind)?;
    if let Ok(id) = id.parse() {
        let why = reason.of(app, who, About::Record(kind, id)).await?;
        return Ok(consulted_by(app, who, kind, id, why.as_deref()).await?);
    }
    let why = reason.of(app, who, About::Lists).await?;
    by_number(app, who, (kind, id), why.as_deref()).await
}

async fn by_number(
    app: &App,
    who: &Person,
    (kind, number): (Kind, &str),
    why: Option<&str>,
) -> Result<AnyRecord, Problem> {
    let found = app.store.find_by_number(who, number, why, app.now()).await?;
    found.filter(|record| record.kind() == kind).ok_or_else(Problem::missing)
}

/// The kind and id named in the address of an act: of an id nothing is read yet, a number is
/// looked up. As on the pages, only looking is held up by the question why.
pub(super) async fn named(
    app: &App,
    who: &Person,
    (kind, id): (&str, &str),
    why: Option<&str>,
) -> Result<(Kind, Uuid), Problem> {
    let kind = self::kind(kind)?;
    if let Ok(id) = id.parse() {
        return Ok((kind, id));
    }
    Ok((kind, by_number(app, who, (kind, id), why).await?.head().id))
}
