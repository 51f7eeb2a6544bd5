//! Who asks: the signed-in person, read afresh for every request.
//!
//! A handler that takes a [`Viewer`] cannot be reached by anybody else: without one the answer
//! is the sign-in page, which leads back.

use axum::extract::FromRequestParts;
use axum::http::Method;
use axum::http::request::Parts;
use pendeen_casework::person::{Person, PersonId};
use tower_sessions::Session;
use uuid::Uuid;

use crate::app::App;
use crate::error::WebError;
use crate::session::{EPOCH, HANDLE, PERSON};
use crate::shell::Shell;

/// The signed-in person and the page that they are on.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    /// Who it is, with today's roles and force.
    pub person: Person,
    /// The path of the page.
    pub path: String,
    /// Names the session to its person.
    pub session: Uuid,
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
        let signed_in = signed_in(&session, app).await?;
        let (person, session) = signed_in.ok_or(WebError::SignIn(address))?;
        Ok(Self { person, path: parts.uri.path().to_owned(), session })
    }
}

/// Whom the session belongs to, unless the account has had a new password since or is gone.
pub(crate) async fn signed_in(session: &Session, app: &App) -> Result<Option<(Person, Uuid)>, WebError> {
    let broken = |e: tower_sessions::session::Error| WebError::Internal(e.to_string());
    let id: Option<PersonId> = session.get(PERSON).await.map_err(broken)?;
    let epoch: Option<i64> = session.get(EPOCH).await.map_err(broken)?;
    let handle: Option<Uuid> = session.get(HANDLE).await.map_err(broken)?;
    let (Some(id), Some(epoch), Some(handle)) = (id, epoch, handle) else { return Ok(None) };
    if app.store.sign_in_epoch(id).await? != Some(epoch) {
        return Ok(None);
    }
    let Some(person) = app.store.person_at(id, app.now()).await? else { return Ok(None) };
    app.store.session_used(id, handle, app.now()).await?;
    Ok(Some((person, handle)))
}
