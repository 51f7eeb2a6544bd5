//! The API for programs: records, searches, work, figures and the audit log as JSON under `/api/v1`.
//!
//! In: requests with a token ([`Bearer`]) and, where something is made or done, a JSON body.
//! Out: JSON; what cannot be answered is a problem ([`problem`], RFC 9457). There is no second
//! way into the store: the decisions, the reading with its audit leaf, the completing of forms
//! and the keeping of records are those of the pages, and a token's scopes only narrow them.
//! A record that the token's person may not see is answered as one that does not exist.
//!
//! Refused: cookies (they are not looked at, so no browser can be made to send anything here),
//! bodies that are not JSON or too long, and names that no description knows.
//!
//! Find your way: [`router`] names every address, [`field`] reads and describes the fields of
//! forms, [`told`] puts records into JSON, [`openapi`] writes the document that describes it all.

mod ask;
mod audit;
mod field;
mod figures;
mod openapi;
mod problem;
mod read;
mod told;
mod write;

use axum::Router;
use axum::routing::{get, post};
use pendeen_store::account::token::Scope;

use crate::app::App;
use crate::bearer::{self, Purpose};
#[cfg(test)]
pub(crate) use openapi::document;
pub(crate) use problem::Problem;

/// Where the API lies.
pub(crate) const BASE: &str = "/api/v1";

/// Reading records, lists and searches.
#[derive(Debug)]
pub(crate) struct Reads;

impl Purpose for Reads {
    const SCOPE: Option<Scope> = Some(Scope::Read);
}

/// Making records and acting on them.
#[derive(Debug)]
pub(crate) struct Writes;

impl Purpose for Writes {
    const SCOPE: Option<Scope> = Some(Scope::Write);
}

/// Reading figures.
#[derive(Debug)]
pub(crate) struct Counts;

impl Purpose for Counts {
    const SCOPE: Option<Scope> = Some(Scope::Figures);
}

/// Reading the audit log.
#[derive(Debug)]
pub(crate) struct Audits;

impl Purpose for Audits {
    const SCOPE: Option<Scope> = Some(Scope::Audit);
}

/// Every address of the API, below [`BASE`].
pub(crate) fn router() -> Router<App> {
    Router::new()
        .route("/openapi.json", get(openapi::serve))
        .route("/me", get(bearer::show))
        .route("/work", get(read::work))
        .route("/search", get(read::search))
        .route("/records/{kind}", get(read::list).post(write::create))
        .route("/records/{kind}/{id}", get(read::view))
        .route("/records/{kind}/{id}/history", get(read::history))
        .route("/records/{kind}/{id}/relations", get(read::relations))
        .route("/records/{kind}/{id}/form", get(read::form))
        .route("/records/{kind}/{id}/documents/{digest}", get(read::document))
        .route("/records/{kind}/{id}/acts/{act}", post(write::act))
        .route("/audit", get(audit::list))
        .route("/figures", get(figures::list))
        .route("/figures/{figure}/records", get(figures::behind))
        .route("/releases", get(figures::releases))
        .route("/releases/{number}", get(figures::release))
        .fallback(missing)
        .method_not_allowed_fallback(other_method)
}

async fn missing() -> Problem {
    Problem::missing()
}

async fn other_method() -> Problem {
    Problem::method()
}
