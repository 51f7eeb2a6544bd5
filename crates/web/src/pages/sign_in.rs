//! Signing in and out.
//!
//! In: a username and a password, then a one-time code where the account has one ([`second_step`]).
//! Out: a session. [`enrol`] is the page behind the link with which a person sets a password.

pub(crate) mod enrol;
pub(crate) mod second_step;

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use pendeen_casework::person::Person;
use pendeen_store::StoreError;
use pendeen_store::account::second_factor::SecondFactor;
use pendeen_store::account::sign_in::Origin;
use serde::Deserialize;
use tower_sessions::Session;

use crate::app::App;
use crate::error::{WebError, page, refused, see_other};
use crate::oidc::{self, pages::ServiceLink};
use crate::request::{Asked, Peer, SentAs};
use crate::session::{
    BEGAN, DEVICE, EPOCH, HANDLE, PENDING, PERSON, Pending, WAY, Way, address_of, device_cookie,
    device_in_words, device_of,
};
use crate::shell::Shell;
use crate::text;
use crate::view::FormError;
use crate::viewer::Viewer;

/// How long the second step may take.
const STEP: SignedDuration = SignedDuration::from_mins(10);

/// The sign-in page.
#[derive(Debug, Template)]
#[template(path = "sign_in.html")]
pub(crate) struct SignIn {
    pub(crate) shell: Shell,
    pub(crate) errors: Vec<FormError>,
    pub(crate) username: String,
    pub(crate) next: String,
    /// The sign-in service, where there is one.
    pub(crate) service: Option<ServiceLink>,
}

/// Where to go after signing in.
#[derive(Debug, Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    pub(crate) next: String,
}

/// What is filled in.
#[derive(Deserialize)]
pub(crate) struct Credentials {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// The sign-in page's address, to go on to `next` afterwards.
pub(crate) fn address(next: &str) -> String {
    with_next("/sign-in", next)
}

/// A page's address, to go on to `next` afterwards.
pub(crate) fn with_next(page: &str, next: &str) -> String {
    if next == "/" {
        return page.to_owned();
    }
    format!("{page}?next={}", text::coded(next))
}

/// An address on this site, or `/`: nobody is sent elsewhere.
pub(crate) fn local(next: &str) -> &str {
    // Browsers drop tabs and line breaks from an address and read `\` as `/`.
    let ours = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(|c: char| c == '\\' || c.is_control());
    if ours { next } else { "/" }
}

/// `GET /sign-in`.
pub(crate) async fn show(
    State(app): State<App>,
    Asked(next): Asked<Next>,
) -> Result<Response, WebError> {
    let next = local(&next.next);
    page(&SignIn {
        shell: Shell::bare("Sign in"),
        errors: Vec::new(),
        username: String::new(),
        service: oidc::pages::service(&app, next),
        next: next.to_owned(),
    })
}

/// `POST /sign-in`.
pub(crate) async fn enter(
    State(app): State<App>,
    session: Session,
    Peer(peer): Peer,
    headers: HeaderMap,
    SentAs(typed): SentAs<Credentials>,
) -> Result<Response, WebError> {
    let device = device_of(&app, &headers);
    let origin = Origin { device: device.as_deref(), address: address_of(peer, &headers) };
    let (username, password) = (&typed.username, &typed.password);
    let found = app.store.authenticate_from(username, password, origin, app.now()).await;
    let problem = match found {
        Ok(Some(person)) => {
            return go_on(&app, &session, &headers, &person, Way::Password, &typed.next).await;
        }
        Ok(None) => "Enter a user name and password that belong together",
        Err(StoreError::SlowDown { .. }) => {
            "Too many attempts: wait a minute, then try again. A browser on which you signed in \
             before is not slowed by what others try"
        }
        Err(error) => return Err(error.into()),
    };
    refused(&SignIn {
        shell: Shell::bare("Sign in"),
        errors: vec![FormError { field: "username".to_owned(), text: problem.to_owned() }],
        username: typed.username,
        service: oidc::pages::service(&app, local(&typed.next)),
        next: local(&typed.next).to_owned(),
    })
}

/// After the right password, or the sign-in service's word: on to the page, or to the code, or to
/// setting one up.
pub(crate) async fn go_on(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    person: &Person,
    way: Way,
    next: &str,
) -> Result<Response, WebError> {
    let step = match app.store.second_factor(person).await? {
        SecondFactor::Off => {
            return begin(app, session, headers, person, way, see_other(local(next))?).await;
        }
        SecondFactor::On => "/sign-in/code",
        SecondFactor::ToBeSet => "/sign-in/set-up",
    };
    // None where the account was disabled meanwhile: sign in again, in vain.
    let Some(epoch) = app.store.sign_in_epoch(person.id).await? else {
        return see_other("/sign-in");
    };
    let until = app.now().checked_add(STEP).unwrap_or(Timestamp::MIN);
    anew(session).await?;
    let pending = Pending { person: person.id, epoch, until, way };
    session.insert(PENDING, pending).await.map_err(broken)?;
    see_other(&with_next(step, local(next)))
}

/// Begins the session of somebody who gave all that was asked, and makes the browser a known one.
/// Whoever owes a reason from an earlier session is asked for it before the page.
pub(crate) async fn begin(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    person: &Person,
    way: Way,
    mut response: Response,
) -> Result<Response, WebError> {
    if !app.store.reasons_owed(person.id).await?.is_empty() {
        let next = response.headers().get(header::LOCATION).and_then(|to| to.to_str().ok());
        response = see_other(&with_next("/reason/owed", next.unwrap_or("/")))?;
    }
    let epoch = app.store.sign_in_epoch(person.id).await?;
    anew(session).await?;
    session.insert(PERSON, person.id).await.map_err(broken)?;
    // None where the account was disabled meanwhile: the session is nobody's.
    session.insert(EPOCH, epoch).await.map_err(broken)?;
    session.insert(HANDLE, app.ids.fresh()).await.map_err(broken)?;
    session.insert(DEVICE, device_in_words(headers)).await.map_err(broken)?;
    session.insert(BEGAN, app.now()).await.map_err(broken)?;
    session.insert(WAY, way).await.map_err(broken)?;
    if second_step::known_device(app, person, headers).await?.is_none() {
        let secret = app.store.remember_device(person.id, app.now()).await?;
        let cookie = HeaderValue::from_str(&device_cookie(app, &secret))
            .map_err(|error| WebError::Internal(error.to_string()))?;
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Empties the session and gives it another id: whoever knew the earlier one knows nothing.
/// (`flush` alone keeps the id of a session that is filled again in the same request.)
async fn anew(session: &Session) -> Result<(), WebError> {
    session.clear().await;
    session.cycle_id().await.map_err(broken)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
pub(crate) fn broken(error: tower_sessions::session::Error) -> WebError {
    WebError::Internal(error.to_string())
}

/// `POST /sign-out`. Whoever came through the sign-in service is led to signing out there, too.
pub(crate) async fn leave(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
) -> Result<Response, WebError> {
    app.store.signed_out(&viewer.person, app.now()).await?;
    let way: Option<Way> = session.get(WAY).await.map_err(broken)?;
    session.flush().await.map_err(broken)?;
    match way {
        Some(Way::Provider) => oidc::pages::farewell(&app).await,
        _ => see_other("/sign-in"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site_after_signing_in() {
        assert_eq!(local("/records/case?x=1"), "/records/case?x=1");
        for foreign in [
            "//evil.example",
            "https://evil.example",
            "evil.example",
            "/\\evil.example",
            "/a\\b",
            "",
            "/a\r\nb",
            "/\t/evil.example/x",
            "\t//evil.example",
            "/\0/evil.example",
            "/\u{85}/evil.example",
        ] {
            assert_eq!(local(foreign), "/", "{foreign:?}");
        }
        assert_eq!(address("/a?b=c&d"), "/sign-in?next=/a%3Fb%3Dc%26d");
    }
}
