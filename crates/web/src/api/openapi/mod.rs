//! The API described by itself: an OpenAPI 3.1 document made from the descriptions in casework.
//!
//! In: kinds, their states, forms and acts; figures; forces. Out: [`document`], served at
//! `/api/v1/openapi.json` to everybody (it holds no case data) and kept as
//! docs/reference/openapi.json, which a test holds to it. Forms are data, and so is their
//! description: a new kind, field or act of casework is in the document by itself.
//!
//! [`operation`] has the addresses, [`schema`] what goes in and comes out.
//!
//! Source: OpenAPI Specification 3.1.1; JSON Schema 2020-12.

mod operation;
mod schema;

use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::BASE;

/// What the document says before the addresses.
const ABOUT: &str = "Records, searches, work, figures and the audit log of Pendeen for programs. \
    Every request carries a token that a person made on their account page: it opens what that \
    person may do, and of that only its scopes (read, write, figures, audit). A record that the \
    person may not see is answered as one that does not exist.";

/// `GET /api/v1/openapi.json`.
pub(super) async fn serve() -> Response {
    static TEXT: LazyLock<String> = LazyLock::new(|| document().to_string());
    let media_type = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, media_type)], TEXT.as_str()).into_response()
}

/// The document.
pub(crate) fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Pendeen",
            "version": "1",
            "summary": "The API for programs",
            "description": ABOUT,
            "license": { "name": "See the repository", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": BASE }],
        "security": [{ "token": [] }],
        "paths": operation::paths(),
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of a person's; see docs/reference/tokens.md.",
                },
            },
            "parameters": operation::parameters(),
            "responses": operation::responses(),
            "schemas": schema::all(),
        },
    })
}
