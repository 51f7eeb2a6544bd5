//! The addresses of signing in through the sign-in service.
//!
//! In: somebody who wants in, a signed-in person who links their account, or a person with an
//! administrator's one-time link. Out: the way to the service and, from what the browser brings
//! back, a session, a link of the account, or a page that says why not. A flow is kept in the
//! session for ten minutes and used once. Forms never lead to the service, which the pages' policy
//! forbids: plain links do.
//!
//! Linking takes the present password beside the service's word, and so does removing the link:
//! nobody locks themself out of an account whose password they never had.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use pendeen_casework::person::PersonId;
use pendeen_store::StoreError;
use pendeen_store::account::provider::{Identity, Known};
use serde::{Deserialize, Serialize};
use tower_sessions::cookie::time::Duration;
use tower_sessions::{Expiry, Session};

use super::provider::{Brought, Flow, Provider, Vouched};
use super::refusal::Refusal;
use crate::app::App;
use crate::error::{WebError, page, refused, see_other};
use crate::pages::account::present_password;
use crate::pages::sign_in::second_step::wrong;
use crate::pages::sign_in::{Next, begin, broken, go_on, local, with_next};
use crate::request::{Asked, SentAs};
use crate::session::{PERSON, Way};
use crate::shell::Shell;
use crate::text;
use crate::view::FormError;
use crate::viewer::Viewer;

/// Under which key a session holds a flow that is under way.
const BEGUN: &str = "provider-flow";
/// Under which key a session holds an identity that the person showed to be theirs.
const PROVEN: &str = "provider-proven";
/// How long a flow, or an identity that was shown, waits.
const STEP: SignedDuration = SignedDuration::from_mins(10);
/// The same, for the session of somebody who is not signed in.
const STEP_SESSION: Duration = Duration::minutes(10);
/// The page on which a person links their account.
const LINKING: &str = "/account/provider";

/// A link to the service, as other pages show it.
#[derive(Debug, Clone)]
pub(crate) struct ServiceLink {
    /// What people call the service.
    pub label: String,
    /// Where the link leads.
    pub href: String,
}

/// Why nobody was signed in.
#[derive(Debug, Template)]
#[template(path = "provider_refused.html")]
pub(crate) struct RefusedPage {
    pub(crate) shell: Shell,
    pub(crate) lines: Vec<String>,
}

/// Signed out here, and how to sign out of the service.
#[derive(Debug, Template)]
#[template(path = "signed_out.html")]
pub(crate) struct SignedOutPage {
    pub(crate) shell: Shell,
    pub(crate) service: ServiceLink,
}

/// The page on which a person links their account.
#[derive(Debug, Template)]
#[template(path = "account/provider.html")]
pub(crate) struct LinkingPage {
    pub(crate) shell: Shell,
    pub(crate) errors: Vec<FormError>,
    pub(crate) label: String,
    /// Since when the account is linked, if it is.
    pub(crate) since: Option<String>,
    /// As whom the person just signed in at the service, if they did.
    pub(crate) proven: Option<String>,
}

/// What a flow is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum Purpose {
    /// A session.
    SignIn,
    /// A link of this person's account.
    Link(PersonId),
    /// A link over an administrator's one-time link: its secret.
    Enrol(String),
}

/// A flow that is under way.
#[derive(Debug, Serialize, Deserialize)]
struct Begun {
    flow: Flow,
    purpose: Purpose,
    next: String,
    until: Timestamp,
}

/// An identity that a signed-in person showed to be theirs.
#[derive(Debug, Serialize, Deserialize)]
struct Proven {
    person: PersonId,
    subject: String,
    name: Option<String>,
    until: Timestamp,
}

/// The present password, as typed.
#[derive(Deserialize)]
pub(crate) struct Present {
    #[serde(default)]
    present: String,
}

/// The link of the sign-in page, where there is a service.
pub(crate) fn service(app: &App, next: &str) -> Option<ServiceLink> {
    link_to(app, with_next("/sign-in/provider", next))
}

/// The link of the page behind a one-time link, where there is a service.
pub(crate) fn service_of_link(app: &App, secret: &str) -> Option<ServiceLink> {
    link_to(app, format!("/enrol/{secret}/provider"))
}

fn link_to(app: &App, href: String) -> Option<ServiceLink> {
    let label = app.provider.as_ref()?.label().to_owned();
    Some(ServiceLink { label, href })
}

/// After signing out here: a page that leads to signing out of the service, where it offers that.
pub(crate) async fn farewell(app: &App) -> Result<Response, WebError> {
    let Some(provider) = &app.provider else { return see_other("/sign-in") };
    let Some(href) = provider.farewell(app.now()).await else { return see_other("/sign-in") };
    let service = ServiceLink { label: provider.label().to_owned(), href };
    page(&SignedOutPage { shell: Shell::bare("You are signed out"), service })
}

/// `GET /sign-in/provider`: on to the service.
pub(crate) async fn go(
    State(app): State<App>,
    session: Session,
    Asked(next): Asked<Next>,
) -> Result<Response, WebError> {
    send(&app, &session, Purpose::SignIn, local(&next.next)).await
}

/// `GET /enrol/{secret}/provider`: on to the service, to link the account of a one-time link.
pub(crate) async fn go_to_enrol(
    State(app): State<App>,
    session: Session,
    Path(secret): Path<String>,
) -> Result<Response, WebError> {
    app.store.enrolment(&secret, app.now()).await?.ok_or(WebError::NotFound)?;
    send(&app, &session, Purpose::Enrol(secret), "/").await
}

/// `GET /account/provider/go`: on to the service, to link one's own account.
pub(crate) async fn go_to_link(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
) -> Result<Response, WebError> {
    send(&app, &session, Purpose::Link(viewer.person.id), LINKING).await
}

/// `GET /sign-in/provider/back`: what the browser brings back from the service.
pub(crate) async fn back(
    State(app): State<App>,
    session: Session,
    headers: HeaderMap,
    Asked(brought): Asked<Brought>,
) -> Result<Response, WebError> {
    let provider = provider(&app)?;
    // Taken out before it is looked at: nothing is used twice.
    let begun: Option<Begun> = session.remove(BEGUN).await.map_err(broken)?;
    let Some(begun) = begun.filter(|begun| app.now() < begun.until) else {
        return not_let_in(&app, &Refusal::NotBegun).await;
    };
    let vouched = match provider.finish(begun.flow, brought, app.now()).await {
        Ok(vouched) => vouched,
        Err(refusal) => return not_let_in(&app, &refusal).await,
    };
    match begun.purpose {
        Purpose::SignIn => sign_in(&app, &session, &headers, &vouched, &begun.next).await,
        Purpose::Enrol(secret) => enrol(&app, &session, &headers, &vouched, &secret).await,
        Purpose::Link(person) => {
            let (subject, name, until) = (vouched.identity.subject, vouched.name, until(&app));
            let proven = Proven { person, subject, name, until };
            session.insert(PROVEN, proven).await.map_err(broken)?;
            see_other(LINKING)
        }
    }
}

/// `GET /account/provider`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
) -> Result<Response, WebError> {
    page(&linking(&app, &viewer, &session, Vec::new()).await?)
}

/// `POST /account/provider`: links the identity that was shown, for whoever knows the password.
pub(crate) async fn link(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    SentAs(typed): SentAs<Present>,
) -> Result<Response, WebError> {
    let issuer = provider(&app)?.issuer().to_owned();
    let Some(proven) = proven(&app, &viewer, &session).await? else { return see_other(LINKING) };
    let problem = if let Some(problem) = present_password(&app, &viewer, &typed.present).await? {
        problem
    } else {
        let identity = Identity { issuer, subject: proven.subject };
        match app.store.link_provider(&viewer.person, &identity, app.now()).await {
            Ok(()) => {
                session.remove::<Proven>(PROVEN).await.map_err(broken)?;
                return see_other(LINKING);
            }
            Err(StoreError::Conflict(why)) => wrong("present", why),
            Err(error) => return Err(error.into()),
        }
    };
    refused(&linking(&app, &viewer, &session, vec![problem]).await?)
}

/// `POST /account/provider/unlink`: ends every sign-in, this one too.
pub(crate) async fn unlink(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    SentAs(typed): SentAs<Present>,
) -> Result<Response, WebError> {
    let issuer = provider(&app)?.issuer();
    if let Some(problem) = present_password(&app, &viewer, &typed.present).await? {
        return refused(&linking(&app, &viewer, &session, vec![problem]).await?);
    }
    let who = &viewer.person;
    app.store.unlink_provider(Some(who), who.id, issuer, app.now()).await?;
    see_other("/sign-in")
}

fn provider(app: &App) -> Result<&Provider, WebError> {
    app.provider.as_deref().ok_or(WebError::NotFound)
}

fn until(app: &App) -> Timestamp {
    app.now().checked_add(STEP).unwrap_or(Timestamp::MIN)
}

/// Sends the browser to the service.
async fn send(
    app: &App,
    session: &Session,
    purpose: Purpose,
    next: &str,
) -> Result<Response, WebError> {
    let (address, flow) = match provider(app)?.begin(app.now()).await {
        Ok(begun) => begun,
        Err(refusal) => return not_let_in(app, &refusal).await,
    };
    let begun = Begun { flow, purpose, next: next.to_owned(), until: until(app) };
    if session.get::<PersonId>(PERSON).await.map_err(broken)?.is_none() {
        session.set_expiry(Some(Expiry::OnInactivity(STEP_SESSION)));
    }
    session.insert(BEGUN, begun).await.map_err(broken)?;
    see_other(&address)
}

/// The page that says why somebody was not let in; the two logs have the rest.
async fn not_let_in(app: &App, refusal: &Refusal) -> Result<Response, WebError> {
    app.store.provider_refused(refusal.key(), app.now()).await?;
    tracing::warn!(%refusal, "nobody was signed in through the sign-in service");
    told(refusal)
}

fn told(refusal: &Refusal) -> Result<Response, WebError> {
    let lines = refusal.lines().map(str::to_owned).into();
    let shell = Shell::bare("You are not signed in");
    Ok((refusal.status(), page(&RefusedPage { shell, lines })?).into_response())
}

/// A session for whoever the identity is linked to, after a one-time code where one is owed.
async fn sign_in(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    vouched: &Vouched,
    next: &str,
) -> Result<Response, WebError> {
    let person = match app.store.sign_in_by_provider(&vouched.identity, app.now()).await? {
        Known::Person(person) => person,
        Known::Disabled => return told(&Refusal::Disabled),
        Known::Nobody => return told(&Refusal::NotLinked),
    };
    if vouched.second_factor {
        let response = see_other(local(next))?;
        return begin(app, session, headers, &person, Way::Provider, response).await;
    }
    go_on(app, session, headers, &person, Way::Provider, next).await
}

/// Links the account of a one-time link, and signs its person in.
async fn enrol(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    vouched: &Vouched,
    secret: &str,
) -> Result<Response, WebError> {
    match app.store.enrol_by_provider(secret, &vouched.identity, app.now()).await {
        Ok(Some(_)) => sign_in(app, session, headers, vouched, "/").await,
        Ok(None) => Err(WebError::NotFound),
        Err(StoreError::Conflict(why)) => {
            let shell = Shell::bare("You are not signed in");
            refused(&RefusedPage { shell, lines: vec![format!("Nothing was linked: {why}.")] })
        }
        Err(error) => Err(error.into()),
    }
}

/// The identity that this person showed to be theirs in this session, up to ten minutes ago.
async fn proven(app: &App, viewer: &Viewer, session: &Session) -> Result<Option<Proven>, WebError> {
    let proven: Option<Proven> = session.get(PROVEN).await.map_err(broken)?;
    Ok(proven.filter(|proven| proven.person == viewer.person.id && app.now() < proven.until))
}

async fn linking(
    app: &App,
    viewer: &Viewer,
    session: &Session,
    errors: Vec<FormError>,
) -> Result<LinkingPage, WebError> {
    let provider = provider(app)?;
    let since = app.store.linked_since(viewer.person.id, provider.issuer()).await?;
    let proven = proven(app, viewer, session).await?;
    Ok(LinkingPage {
        shell: viewer.shell("Sign-in service"),
        errors,
        label: provider.label().to_owned(),
        since: since.map(text::moment),
        proven: proven.map(|proven| proven.name.unwrap_or(proven.subject)),
    })
}
