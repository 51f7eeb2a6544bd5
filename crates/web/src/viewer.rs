//! Who asks: the signed-in person, read afresh for every request.
//!
//! A handler that takes a [`Viewer`] cannot be reached by anybody else: without one the answer
//! is the sign-in page, which leads back.

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use pendeen_casework::person::{Person, PersonId};
use tower_sessions::Session;

use crate::app::App;
use crate::error::WebError;
use crate::session::PERSON;
use crate::shell::Shell;

/// The signed-in person and the page that they are on.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    /// Who it is, with today's roles and force.
    pub person: Person,
    /// The path of the page.
    pub path: String,
}

impl Viewer {
    /// The frame of the page.
    pub(crate) fn shell(&self, title: impl Into<String>) -> Shell {
        Shell::new(title, &self.person, &self.path)
    }
}

impl FromRequestParts<App> for Viewer {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, WebError> {
        let address = match (&parts.method, parts.uri.path_and_query()) {
            (&Method::GET, Some(address)) => address.as_str().to_owned(),
            _ => "/".to_owned(),
        };
        let session = Session::from_request_parts(parts, app)
            .await
            .map_err(|(_, cause)| WebError::Internal(cause.to_owned()))?;
        let id: Option<PersonId> =
            session.get(PERSON).await.map_err(|e| WebError::Internal(e.to_string()))?;
        let person = match id {
            Some(id) => app.store.person(id).await?,
            None => None,
        };
        let person = person.ok_or(WebError::SignIn(address))?;
        Ok(Self { person, path: parts.uri.path().to_owned() })
    }
}
