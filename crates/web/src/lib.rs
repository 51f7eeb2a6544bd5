//! The pages: server-rendered HTML over the store.
//!
//! Everything works without a mouse and without scripts; nothing is loaded from elsewhere.

mod assets;
mod error;
mod pages;
#[cfg(test)]
mod samples;
mod security;
mod shell;
mod text;
mod view;

use axum::Router;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;

use error::WebError;

/// Every page.
pub fn router() -> Router {
    Router::new()
        .route("/sign-in", get(pages::sign_in::show))
        .route("/assets/{name}", get(assets::serve))
        .fallback(missing)
        .layer(CsrfLayer::new())
        .layer(from_fn(security::headers))
        .layer(CompressionLayer::new())
}

async fn missing() -> Response {
    WebError::NotFound.into_response()
}
