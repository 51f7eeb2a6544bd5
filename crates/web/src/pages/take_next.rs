//! Take next: the most pressing thing that waits for a person's role and skill becomes theirs.
//!
//! In: a press of a button. Out: the record in their hand, with the ways to do it, to give it
//! back, or to pass over it with a reason. Looking changes nothing; taking is a form that is sent.
//! What can be taken, and that two people never take the same, stands in
//! [`pendeen_store::claim`].

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use pendeen_store::StoreError;
use serde::Deserialize;
use uuid::Uuid;

use crate::app::App;
use crate::error::{WebError, page, see_other};
use crate::request::{Asked, SentAs};
use crate::shell::{Shell, sees_any};
use crate::text::Due;
use crate::view::Row;
use crate::viewer::Viewer;

/// The page.
#[derive(Debug, Template)]
#[template(path = "take_next.html")]
pub(crate) struct TakeNextPage {
    pub(crate) shell: Shell,
    pub(crate) taken: Vec<TakenView>,
    /// There was nothing to take.
    pub(crate) nothing: bool,
}

/// A record in the person's hand.
#[derive(Debug, Clone)]
pub(crate) struct TakenView {
    /// The record.
    pub row: Row,
    /// What is to be done.
    pub what: String,
    /// By when.
    pub due: Option<Due>,
    /// Where giving it back leads.
    pub give_back: String,
}

/// What just happened.
#[derive(Debug, Deserialize)]
pub(crate) struct Told {
    nothing: Option<String>,
}

/// Why it is given back.
#[derive(Debug, Deserialize)]
pub(crate) struct Why {
    #[serde(default)]
    reason: String,
    /// `pass` to pass over it, anything else to give it back to everybody.
    #[serde(default)]
    how: String,
}

/// `GET /take-next`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Asked(told): Asked<Told>,
) -> Result<Response, WebError> {
    only_for_workers(&viewer)?;
    let now = app.now();
    let taken = app.store.in_hand(&viewer.person, now).await?;
    let marks: Vec<_> = taken.iter().map(|row| row.mark).collect();
    let view = |row: &pendeen_store::query::Row| TakenView {
        row: Row::from(row),
        what: row.next.as_ref().map(|next| next.what.clone()).unwrap_or_default(),
        due: row.next.as_ref().and_then(|next| next.due).map(|due| Due::new(due, now)),
        give_back: format!("/take-next/{}/give-back", row.id),
    };
    page(&TakeNextPage {
        shell: viewer.shell("Take next").marked(marks),
        taken: taken.iter().map(view).collect(),
        nothing: told.nothing.is_some(),
    })
}

/// `POST /take-next`.
pub(crate) async fn take(State(app): State<App>, viewer: Viewer) -> Result<Response, WebError> {
    only_for_workers(&viewer)?;
    match app.store.take_next(&viewer.person, app.now()).await {
        Ok(Some(_taken)) => see_other("/take-next"),
        Ok(None) => see_other("/take-next?nothing=yes"),
        Err(StoreError::Refused(refusal)) => Err(WebError::Unreadable(refusal.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// `POST /take-next/{id}/give-back`.
pub(crate) async fn give_back(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<String>,
    SentAs(why): SentAs<Why>,
) -> Result<Response, WebError> {
    only_for_workers(&viewer)?;
    let id: Uuid = id.parse().map_err(|_| WebError::NotFound)?;
    let reason = why.reason.trim();
    let passed = why.how == "pass";
    if passed && reason.is_empty() {
        let problem = "say why you pass over it, so that others know".to_owned();
        return Err(WebError::Unreadable(problem));
    }
    let passed = passed.then_some(reason);
    if !app.store.give_back(&viewer.person, id, passed, app.now()).await? {
        return Err(WebError::NotFound);
    }
    see_other("/take-next")
}

fn only_for_workers(viewer: &Viewer) -> Result<(), WebError> {
    sees_any(&viewer.person).then_some(()).ok_or(WebError::NotFound)
}
