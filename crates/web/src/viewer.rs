//! Who asks: the signed-in person, read afresh for every request.
//!
//! A handler that takes a [`Viewer`] cannot be reached by anybody else: without one the answer
//! is the sign-in page, which leads back.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Extensions, Method};
use pendeen_casework::person::{Person, PersonId};
use tower_sessions::Session;
use uuid::Uuid;

use crate::app::App;
use crate::error::WebError;
use crate::reason::Why;
use crate::session::{EPOCH, HANDLE, PERSON};
use crate::shell::{Shell, sees_any};

/// The signed-in person and the page that they are on.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    /// Who it is, with today's roles and force.
    pub person: Person,
    /// The path of the page.
    pub path: String,
    /// Names the session to its person.
    pub session: Uuid,
    /// How much newly waits for them.
    pub waiting: Option<u64>,
    /// Why they look, where that is asked.
    pub why: Why,
}

/// Who is signed in and what names the session to them, as a layer found it: the handler need
/// not look again.
#[derive(Debug, Clone)]
pub(crate) struct SignedIn(pub Person, pub Uuid);

impl SignedIn {
    /// Who it is that asks: as an outer layer found it, or found now.
    pub(crate) async fn of(
        extensions: &Extensions,
        session: &Session,
        app: &App,
    ) -> Result<Option<Self>, WebError> {
        match extensions.get::<Self>() {
            Some(found) => Ok(Some(found.clone())),
            None => signed_in(session, app).await,
        }
    }
}

impl Viewer {
    /// The frame of the page.
    pub(crate) fn shell(&self, title: impl Into<String>) -> Shell {
        let (owed, waiting) = (self.why.owed.clone(), self.waiting);
        Shell { owed, waiting, ..Shell::new(title, &self.person, &self.path) }
    }

    /// Why they look, in words.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.why.words.as_deref()
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
        let found = SignedIn::of(&parts.extensions, &session, app).await?;
        let SignedIn(person, session) = found.ok_or(WebError::SignIn(address))?;
        let why = parts.extensions.get::<Why>().cloned().unwrap_or_default();
        let waiting = waiting(app, &person).await;
        Ok(Self { person, path: parts.uri.path().to_owned(), session, waiting, why })
    }
}

/// Whom the session belongs to, unless the account has had a new password since or is gone.
pub(crate) async fn signed_in(session: &Session, app: &App) -> Result<Option<SignedIn>, WebError> {
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
    Ok(Some(SignedIn(person, handle)))
}

/// How much newly waits for the person: the badge of every page. A page is worth more than its
/// badge, so one that cannot be counted is left out.
async fn waiting(app: &App, person: &Person) -> Option<u64> {
    if !sees_any(person) {
        return None;
    }
    let count = app.notices.count(&app.store, person, app.now()).await;
    count.inspect_err(|error| tracing::warn!(%error, "what newly waits could not be counted")).ok()
}
