//! Documents that records name, byte for byte: a referral's original, a sealed bundle.
//!
//! They are saved, never shown: what came from outside is not opened by the browser.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use pendeen_casework::person::Person;
use pendeen_casework::record::Kind;
use pendeen_store::document::DocumentDigest;
use uuid::Uuid;

use crate::app::App;
use crate::error::WebError;
use crate::viewer::Viewer;

/// `GET /records/{kind}/{id}/documents/{digest}`.
pub(crate) async fn save(
    State(app): State<App>,
    viewer: Viewer,
    Path((key, id, digest)): Path<(String, String, String)>,
) -> Result<Response, WebError> {
    let kind = Kind::from_key(&key).ok_or(WebError::NotFound)?;
    let id = id.parse().map_err(|_| WebError::NotFound)?;
    let digest = DocumentDigest::parse(&digest).ok_or(WebError::NotFound)?;
    saved(&app, &viewer.person, (kind, id), digest).await
}

/// The document that a record names, as a file to save, if the person may see the record.
pub(crate) async fn saved(
    app: &App,
    who: &Person,
    (kind, id): (Kind, Uuid),
    digest: DocumentDigest,
) -> Result<Response, WebError> {
    let found = app.store.document(who, kind, id, digest, app.now()).await?;
    let document = found.ok_or(WebError::NotFound)?;
    let extension = match document.media_type.as_str() {
        "application/age" => "age",
        "application/xml" | "text/xml" => "xml",
        "text/csv" => "csv",
        "application/json" => "json",
        "application/pdf" => "pdf",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/tiff" => "tif",
        "text/plain" => "txt",
        "message/rfc822" => "eml",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        "application/vnd.oasis.opendocument.text" => "odt",
        _ => "bin",
    };
    let name = format!("attachment; filename=\"{digest}.{extension}\"");
    let disposition =
        HeaderValue::from_str(&name).map_err(|error| WebError::Internal(error.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, document.bytes).into_response())
}
