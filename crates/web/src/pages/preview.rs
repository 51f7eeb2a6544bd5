//! The blurred preview of one picture that an examination found.
//!
//! Whoever may see the examination may see it; the log names the item. Whatever cannot be shown,
//! for any reason, is the page that is not there. The picture itself is never sent.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use pendeen_casework::record::{AnyRecord, Kind};
use pendeen_examine::preview::PreviewError;
use uuid::Uuid;

use crate::app::App;
use crate::error::WebError;
use crate::examinations::{self, FolderError};
use crate::viewer::Viewer;

/// The address of an item's preview.
pub(crate) fn address(examination: Uuid, item_id: &str) -> String {
    format!("/records/examination/{examination}/items/{item_id}/preview")
}

/// `GET /records/examination/{id}/items/{item}/preview`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path((id, item)): Path<(String, String)>,
) -> Result<Response, WebError> {
    let id: Uuid = id.parse().map_err(|_| WebError::NotFound)?;
    if item.len() != 32 || !item.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(WebError::NotFound);
    }
    let why = viewer.reason().map(|why| format!("; {why}")).unwrap_or_default();
    let what = format!("blurred preview of item {item}{why}");
    let seen =
        app.store.view(&viewer.person, Kind::Examination, id, Some(&what), app.now()).await?;
    let Some(AnyRecord::Examination(examination)) = seen else { return Err(WebError::NotFound) };
    let folder = examination.outcome.ok_or(WebError::NotFound)?.folder;
    let png = examinations::preview(&app, &folder, item).await.map_err(|error| missing(&error))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/png")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-store")),
    ];
    Ok((headers, png).into_response())
}

/// No preview, for the browser; the cause goes to the log, as a warning where the installation
/// or a hostile picture may be behind it.
fn missing(error: &FolderError) -> WebError {
    if let FolderError::Preview(PreviewError::Item(_) | PreviewError::Refused(_)) = error {
        tracing::debug!(%error, "an item has no preview");
    } else {
        tracing::warn!(%error, "an item has no preview");
    }
    WebError::NotFound
}
