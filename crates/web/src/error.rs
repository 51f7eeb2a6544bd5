//! What a page answers when it cannot do what was asked.
//!
//! What a person may not see and what does not exist give the same answer, byte for byte.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use pendeen_store::StoreError;
use pendeen_store::erasure::Hole;
use thiserror::Error;

use crate::shell::Shell;
use crate::text;

/// Why there is no page.
#[derive(Debug, Error)]
pub(crate) enum WebError {
    /// There is nothing at this address, or the person must not know of it.
    #[error("not found or not permitted")]
    NotFound,
    /// The record was erased, and the person might have seen it.
    #[error("erased")]
    Erased(Box<Hole>),
    /// Nobody is signed in: sign in, then go on to this address.
    #[error("nobody is signed in")]
    SignIn(String),
    /// The request came from another site's page.
    #[error("the request came from another site")]
    CrossSite,
    /// The request cannot be read: the browser's or the sender's fault.
    #[error("the request cannot be read: {0}")]
    Unreadable(String),
    /// Something failed on our side; the log has the cause.
    #[error("{0}")]
    Internal(String),
}

/// The error page.
#[derive(Debug, Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage {
    pub(crate) shell: Shell,
    pub(crate) lines: Vec<String>,
}

impl WebError {
    fn parts(&self) -> (StatusCode, &'static str, Vec<String>) {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "Page not found",
                lines(&[
                    "If you typed the address, check that it is right.",
                    "The page may not exist, or it may be one that your role and force do not open.",
                ]),
            ),
            Self::Erased(hole) => {
                (StatusCode::GONE, "This record was erased", erased(hole).to_vec())
            }
            Self::CrossSite => (
                StatusCode::FORBIDDEN,
                "This form came from another site",
                lines(&["Nothing was done. Open the page here and fill in the form again."]),
            ),
            Self::Unreadable(problem) => (
                StatusCode::BAD_REQUEST,
                "The request cannot be read",
                vec![format!("Nothing was done: {problem}. Go back and try again.")],
            ),
            Self::SignIn(_) | Self::Internal(_) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "Sorry, there is a problem with the service",
                lines(&[
                    "Nothing was done. Try again; if it stays, tell your administrator the time.",
                ]),
            ),
        }
    }
}

/// What stands where a record was.
fn erased(hole: &Hole) -> [String; 2] {
    let (at, by) = (text::moment(hole.at), &hole.approved_by_name);
    [
        format!(
            "{} {}: erased {at} by {by}, under {}.",
            hole.kind.label(),
            hole.number,
            hole.decision
        ),
        format!(
            "It had {}. What they said and the documents that no other record names are gone; \
             the audit log proves who erased them and when.",
            text::plural(hole.versions.into(), "version")
        ),
    ]
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { .. } | StoreError::Denied(_) => Self::NotFound,
            other => Self::Internal(chain(&other)),
        }
    }
}

/// An error with its causes, for the log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        if let Self::SignIn(next) = &self {
            return Redirect::to(&crate::pages::sign_in::address(next)).into_response();
        }
        if let Self::Internal(cause) = &self {
            tracing::error!(%cause, "a page failed");
        }
        let (status, title, lines) = self.parts();
        let page = ErrorPage { shell: Shell::bare(title), lines };
        match page.render() {
            Ok(html) => (status, Html(html)).into_response(),
            Err(_) => (status, title).into_response(),
        }
    }
}

/// Renders a template as a page.
pub(crate) fn page(template: &impl Template) -> Result<Response, WebError> {
    let html = template.render().map_err(|error| WebError::Internal(error.to_string()))?;
    Ok(Html(html).into_response())
}

/// Renders a template as the answer to a form that was refused.
pub(crate) fn refused(template: &impl Template) -> Result<Response, WebError> {
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page(template)?).into_response())
}

/// A page that goes elsewhere after a form was accepted.
pub(crate) fn see_other(address: &str) -> Result<Response, WebError> {
    let location = HeaderValue::from_str(address)
        .map_err(|error| WebError::Internal(format!("address {address:?}: {error}")))?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}
