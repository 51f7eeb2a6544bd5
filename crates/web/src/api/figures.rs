//! Figures: as at now or a moment, of one force or all, inside the operation or outside; the
//! records behind each, and the releases that froze them.
//!
//! Whoever works for one force gets the figures of that force alone, whatever is asked for. The
//! records behind a number are records: they also take the scope that reads those.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use pendeen_casework::figure::{Figure, Part, Scope, as_at};
use pendeen_casework::person::Person;
use pendeen_casework::record::Kind;
use pendeen_store::account::token;
use pendeen_store::query::Query;
use serde::Deserialize;
use serde_json::{Value, json};

use super::ask::{Asked, At, Reason, force, one_of, slice};
use super::problem::Problem;
use super::{Counts, told};
use crate::app::App;
use crate::bearer::Bearer;
use crate::label;
use crate::pages::figures::{only_for_readers, release as released};
use crate::reason::About;

/// Which numbers.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    as_at: Option<String>,
    force: Option<String>,
    part: Option<String>,
}

/// Which records behind a number.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BehindFilter {
    as_at: Option<String>,
    force: Option<String>,
    part: Option<String>,
    page: Option<u64>,
    size: Option<u64>,
}

/// The parts that figures are asked for, by key.
pub(super) const PARTS: [(&str, Part); 3] =
    [("all", Part::All), ("inside", Part::InsideAny), ("outside", Part::Outside)];

/// Numbers, understood.
struct Wanted {
    scope: Scope,
    part: &'static str,
    at: Option<Timestamp>,
}

/// `GET /figures`.
pub(super) async fn list(
    State(app): State<App>,
    bearer: Bearer<Counts>,
    Asked(filter): Asked<Filter>,
) -> Result<Json<Value>, Problem> {
    let Wanted { scope, part, at } = wanted(&app, &bearer.person, &filter).await?;
    let counted = app.store.figures_as_at(&scope, at).await?;
    let figures: Vec<Value> = counted
        .into_iter()
        .map(|(figure, count)| {
            json!({
                "key": figure.key, "title": figure.title, "sentence": figure.sentence,
                "count": count,
            })
        })
        .collect();
    Ok(Json(json!({
        "as_at": at.unwrap_or_else(|| app.now()),
        "force": scope.force.map(pendeen_casework::force::ForceKey::as_str),
        "part": part,
        "figures": figures,
        "label": label::json(&bearer.person, &label::of_no_record(&bearer.person, app.now())),
    })))
}

/// `GET /figures/{figure}/records`.
pub(super) async fn behind(
    State(app): State<App>,
    bearer: Bearer<Counts>,
    At(key): At<String>,
    Asked(filter): Asked<BehindFilter>,
    reason: Reason,
) -> Result<Json<Value>, Problem> {
    if !bearer.token.scopes.contains(&token::Scope::Read) {
        return Err(Problem::out_of_scope(token::Scope::Read.key()));
    }
    let BehindFilter { as_at, force, part, page, size } = filter;
    let which = Filter { as_at, force, part };
    let Wanted { scope, at, .. } = wanted(&app, &bearer.person, &which).await?;
    let figure = Figure::from_key(&key).ok_or_else(Problem::missing)?;
    let (number, slice) = slice(page, size)?;
    let which = (figure, &scope, at);
    let why = reason.of(&app, &bearer.person, About::Lists).await?;
    let found = app.store.behind(&bearer.person, which, slice, why.as_deref(), app.now()).await?;
    Ok(Json(told::page((&bearer.person, app.now()), &found, (number, slice))))
}

/// `GET /releases`.
pub(super) async fn releases(
    State(app): State<App>,
    bearer: Bearer<Counts>,
    Asked(filter): Asked<super::read::Part>,
) -> Result<Json<Value>, Problem> {
    only_for_readers(&app, &bearer.person).await?;
    let (number, page) = filter.slice()?;
    let query = Query { page, ..Query::of(Kind::FiguresRelease) };
    let found = app.store.list(&bearer.person, &query, app.now()).await?;
    Ok(Json(told::page((&bearer.person, app.now()), &found, (number, page))))
}

/// `GET /releases/{number}`: the figures that it froze. That they were given out is in the audit
/// log, as for the file.
pub(super) async fn release(
    State(app): State<App>,
    bearer: Bearer<Counts>,
    At(number): At<String>,
) -> Result<Json<Value>, Problem> {
    let who = &bearer.person;
    let (release, frozen) = released::found(&app, who, &number).await?;
    let mut told = released::told(&release, &frozen);
    told["label"] = released::labelled(&app, who, &release);
    released::disclosed(&app, who, release, "figures release by the API").await?;
    Ok(Json(told))
}

/// What is asked for; whoever sees no figures gets the answer of an address that leads nowhere.
async fn wanted(app: &App, who: &Person, filter: &Filter) -> Result<Wanted, Problem> {
    let bound = only_for_readers(app, who).await?;
    let asked = force(filter.force.as_deref())?;
    let part = one_of("part", filter.part.as_deref(), "all, inside or outside", |key| {
        PARTS.into_iter().find(|(known, _)| *known == key)
    })?;
    let (key, part) = part.unwrap_or(PARTS[0]);
    let moment = "a day or a time, such as 2026-11-25 or 2026-11-25T09:30:00Z";
    let at = one_of("as_at", filter.as_at.as_deref(), moment, as_at)?;
    Ok(Wanted { scope: Scope { force: bound.or(asked), part }, part: key, at })
}
