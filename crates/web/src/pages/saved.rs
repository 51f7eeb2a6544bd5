//! Filters that people save: a list as they narrowed it, under a name of their own.
//!
//! In: the filter of a list and a name. Out: a link above that list and on My work, for its
//! person alone. What is kept is the filter as this program reads it, never the text of an
//! address, so that nothing else can be kept or led to. Refused: a list that the person does not
//! see, a name that is empty or too long, more than a page holds.

use axum::extract::{Path, State};
use axum::response::Response;
use pendeen_store::StoreError;
use pendeen_store::saved::Saved;
use serde::Deserialize;
use uuid::Uuid;

use super::record::filter::Filter;
use super::record::list::seen;
use crate::app::App;
use crate::error::{WebError, see_other};
use crate::request::SentAs;
use crate::shell::sees_any;
use crate::viewer::Viewer;

/// A saved filter as a link with a button to remove it.
#[derive(Debug, Clone)]
pub(crate) struct SavedView {
    /// What its person calls it.
    pub name: String,
    /// The list.
    pub href: String,
    /// Where the button leads.
    pub forget: String,
}

/// What is to be saved.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    #[serde(default)]
    name: String,
    #[serde(default)]
    kind: String,
    #[serde(flatten)]
    filter: Filter,
}

/// `POST /saved`.
pub(crate) async fn save(
    State(app): State<App>,
    viewer: Viewer,
    SentAs(wanted): SentAs<Wanted>,
) -> Result<Response, WebError> {
    let kind = seen(&app, &viewer, &wanted.kind, "save_filter").await?;
    let (place, query) = (format!("/records/{}", kind.key()), wanted.filter.asked(kind));
    let back = format!("{place}?{query}");
    let saved = Saved { id: app.ids.fresh(), name: wanted.name, place, query };
    match app.store.save_filter(viewer.person.id, saved).await {
        Ok(()) => see_other(&back),
        Err(StoreError::Refused(refusal)) => Err(WebError::Unreadable(refusal.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// `POST /saved/{id}/forget`.
pub(crate) async fn forget(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    if !sees_any(&viewer.person) {
        return Err(WebError::NotFound);
    }
    let id: Uuid = id.parse().map_err(|_| WebError::NotFound)?;
    if !app.store.forget_filter(viewer.person.id, id).await? {
        return Err(WebError::NotFound);
    }
    see_other("/")
}

/// The person's own filters of a list; of all, where none is named.
pub(crate) async fn of_list(
    app: &App,
    viewer: &Viewer,
    place: Option<&str>,
) -> Result<Vec<SavedView>, WebError> {
    let saved = app.store.saved_filters(viewer.person.id, place).await?;
    let view = |saved: Saved| SavedView {
        href: format!("{}?{}", saved.place, saved.query),
        forget: format!("/saved/{}/forget", saved.id),
        name: saved.name,
    };
    Ok(saved.into_iter().map(view).collect())
}
