//! The bundled styles, script and icon, embedded in the program.
//!
//! Names carry a digest of the content, so a browser may keep them for a year; a new build
//! has new names.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::error::WebError;

/// Every bundled file: name and content.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Addresses that every page links to.
#[derive(Debug, Clone)]
pub(crate) struct Addresses {
    /// The style sheet.
    pub style: String,
    /// The script.
    pub script: String,
    /// The icon of the browser's tab.
    pub icon: String,
}

/// The addresses in this build.
pub(crate) static ADDRESSES: LazyLock<Addresses> = LazyLock::new(|| Addresses {
    style: address(".css"),
    script: address(".js"),
    icon: address(".svg"),
});

fn address(extension: &str) -> String {
    let name = FILES.iter().map(|(name, _)| *name).find(|name| name.ends_with(extension));
    format!("/assets/{}", name.unwrap_or_default())
}

/// `GET /assets/{name}`.
pub(crate) async fn serve(Path(name): Path<String>) -> Result<Response, WebError> {
    let (_, content) = FILES.iter().find(|(known, _)| *known == name).ok_or(WebError::NotFound)?;
    let kind = match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    Ok((headers, *content).into_response())
}
