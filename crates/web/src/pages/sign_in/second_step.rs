//! The second step of signing in: a one-time code, or setting up where it comes from.
//!
//! In: a session that holds who gave the right password ([`Pending`]), for ten minutes. Out: a
//! session of that person. Nothing else opens for it; without it, the sign-in page.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use pendeen_casework::person::Person;
use pendeen_store::StoreError;
use pendeen_store::account::second_factor::{NewSecret, SecondFactor};
use serde::Deserialize;
use tower_sessions::Session;

use super::{Next, begin, local};
use crate::app::App;
use crate::error::{WebError, page, refused, see_other};
use crate::request::{Asked, SentAs};
use crate::session::{PENDING, Pending, SET_UP, Way, device_of};
use crate::shell::Shell;
use crate::view::FormError;

/// The page that asks for a code.
#[derive(Debug, Template)]
#[template(path = "code.html")]
pub(crate) struct CodePage {
    pub(crate) shell: Shell,
    pub(crate) errors: Vec<FormError>,
    pub(crate) next: String,
}

/// The page on which an authenticator is set up.
#[derive(Debug, Template)]
#[template(path = "set_up.html")]
pub(crate) struct SetUpPage {
    pub(crate) shell: Shell,
    pub(crate) errors: Vec<FormError>,
    /// Where the form goes.
    pub(crate) action: &'static str,
    /// The secret as text, in groups.
    pub(crate) secret: String,
    /// The secret as the path of a QR code, and the code's width in modules.
    pub(crate) qr: (String, i32),
    /// Whether a code of the present authenticator is wanted too.
    pub(crate) replaces: bool,
    pub(crate) next: String,
}

/// The page that shows recovery codes, once.
#[derive(Debug, Template)]
#[template(path = "recovery_codes.html")]
pub(crate) struct RecoveryPage {
    pub(crate) shell: Shell,
    pub(crate) codes: Vec<String>,
    pub(crate) next: String,
}

/// What is filled in.
#[derive(Deserialize)]
pub(crate) struct Code {
    #[serde(default)]
    pub(crate) code: String,
    /// A code of the authenticator that is replaced.
    #[serde(default)]
    pub(crate) current: String,
    #[serde(default)]
    pub(crate) next: String,
}

/// `GET /sign-in/code`.
pub(crate) async fn show_code(
    State(app): State<App>,
    session: Session,
    Asked(next): Asked<Next>,
) -> Result<Response, WebError> {
    pending(&app, &session).await?;
    let next = local(&next.next).to_owned();
    page(&CodePage { shell: Shell::bare("Enter your code"), errors: Vec::new(), next })
}

/// `POST /sign-in/code`.
pub(crate) async fn enter_code(
    State(app): State<App>,
    session: Session,
    headers: HeaderMap,
    SentAs(typed): SentAs<Code>,
) -> Result<Response, WebError> {
    let (person, way) = pending(&app, &session).await?;
    let next = local(&typed.next);
    let text = match check(&app, &person, &typed.code, &headers).await? {
        None => return begin(&app, &session, &headers, &person, way, see_other(next)?).await,
        Some(text) => text,
    };
    refused(&CodePage {
        shell: Shell::bare("Enter your code"),
        errors: vec![FormError { field: "code".to_owned(), text: text.to_owned() }],
        next: next.to_owned(),
    })
}

/// `GET /sign-in/set-up`.
pub(crate) async fn show_set_up(
    State(app): State<App>,
    session: Session,
    Asked(next): Asked<Next>,
) -> Result<Response, WebError> {
    let (person, _) = to_be_set(&app, &session).await?;
    let secret = secret_of(&app, &session).await?;
    page(&set_up_page(
        Shell::bare("Set up your authenticator"),
        Vec::new(),
        "/sign-in/set-up",
        &secret,
        &person,
        false,
        local(&next.next),
    ))
}

/// `POST /sign-in/set-up`.
pub(crate) async fn set_up(
    State(app): State<App>,
    session: Session,
    headers: HeaderMap,
    SentAs(typed): SentAs<Code>,
) -> Result<Response, WebError> {
    let (person, way) = to_be_set(&app, &session).await?;
    let secret = secret_of(&app, &session).await?;
    let next = local(&typed.next);
    let codes = app.store.set_second_factor(&person, &secret, &typed.code, app.now()).await?;
    let Some(codes) = codes else {
        let shell = Shell::bare("Set up your authenticator");
        let errors = vec![wrong("code", WRONG_FIRST)];
        return refused(&set_up_page(
            shell,
            errors,
            "/sign-in/set-up",
            &secret,
            &person,
            false,
            next,
        ));
    };
    let shell = Shell::bare("Keep your recovery codes");
    let shown = page(&RecoveryPage { shell, codes: grouped(codes), next: next.to_owned() })?;
    begin(&app, &session, &headers, &person, way, shown).await
}

/// What is wrong with a first code.
pub(crate) const WRONG_FIRST: &str = "The code is not the one that this secret gives now: check the device's clock, then type the newest code";

/// An error beside a field.
pub(crate) fn wrong(field: &str, text: &str) -> FormError {
    FormError { field: field.to_owned(), text: text.to_owned() }
}

/// What is wrong with a code; none where it is right.
pub(crate) async fn check(
    app: &App,
    person: &Person,
    code: &str,
    headers: &HeaderMap,
) -> Result<Option<&'static str>, WebError> {
    let device = known_device(app, person, headers).await?;
    match app.store.check_code(person, code, device.as_deref(), app.now()).await {
        Ok(true) => Ok(None),
        Ok(false) => Ok(Some(
            "The code is not right, or was used already: wait for the next one, or use a recovery code",
        )),
        Err(StoreError::SlowDown { .. }) => {
            Ok(Some("Too many wrong codes: wait a few minutes, then try again"))
        }
        Err(error) => Err(error.into()),
    }
}

/// What the browser kept, where this person signed in on it before.
pub(super) async fn known_device(
    app: &App,
    person: &Person,
    headers: &HeaderMap,
) -> Result<Option<String>, WebError> {
    let Some(device) = device_of(app, headers) else { return Ok(None) };
    let known = app.store.knows_device(person.id, &device, app.now()).await?;
    Ok(known.then_some(device))
}

/// The page with a secret in text and as a picture.
pub(crate) fn set_up_page(
    shell: Shell,
    errors: Vec<FormError>,
    action: &'static str,
    secret: &NewSecret,
    person: &Person,
    replaces: bool,
    next: &str,
) -> SetUpPage {
    let text: Vec<char> = secret.text().chars().collect();
    let groups: Vec<String> = text.chunks(4).map(|group| group.iter().collect()).collect();
    let qr = qr(&secret.address(&person.name));
    SetUpPage {
        shell,
        errors,
        action,
        secret: groups.join(" "),
        qr,
        replaces,
        next: next.to_owned(),
    }
}

/// Recovery codes in groups of four, as a person writes them down.
pub(crate) fn grouped(codes: Vec<String>) -> Vec<String> {
    let group = |code: String| {
        let letters: Vec<char> = code.chars().collect();
        let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
        groups.join("-")
    };
    codes.into_iter().map(group).collect()
}

/// The secret that is being set up in this session: the same one however often the page is opened.
pub(crate) async fn secret_of(app: &App, session: &Session) -> Result<NewSecret, WebError> {
    let kept: Option<String> = session.get(SET_UP).await.map_err(super::broken)?;
    if let Some(secret) = kept.as_deref().and_then(NewSecret::from_text) {
        return Ok(secret);
    }
    let secret = app.store.new_second_factor()?;
    session.insert(SET_UP, secret.text()).await.map_err(super::broken)?;
    Ok(secret)
}

/// Who showed who they are in this session, up to ten minutes ago, and how.
async fn pending(app: &App, session: &Session) -> Result<(Person, Way), WebError> {
    let again = || WebError::SignIn("/".to_owned());
    let pending: Option<Pending> = session.get(PENDING).await.map_err(super::broken)?;
    let pending = pending.filter(|pending| app.now() < pending.until).ok_or_else(again)?;
    if app.store.sign_in_epoch(pending.person).await? != Some(pending.epoch) {
        return Err(again());
    }
    let person = app.store.person(pending.person).await?.ok_or_else(again)?;
    Ok((person, pending.way))
}

/// The same, where there is a second factor to be set up: one that is set is not set over.
async fn to_be_set(app: &App, session: &Session) -> Result<(Person, Way), WebError> {
    let (person, way) = pending(app, session).await?;
    match app.store.second_factor(&person).await? {
        SecondFactor::ToBeSet => Ok((person, way)),
        SecondFactor::On | SecondFactor::Off => Err(WebError::SignIn("/".to_owned())),
    }
}

/// A QR code as the path of an SVG, a unit per module, and its width with the quiet zone.
fn qr(address: &str) -> (String, i32) {
    const QUIET: i32 = 4;
    let Ok(code) = qrcodegen::QrCode::encode_text(address, qrcodegen::QrCodeEcc::Medium) else {
        return (String::new(), 0);
    };
    let cells = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
    let dark = cells.filter(|(x, y)| code.get_module(*x, *y));
    let path = dark.map(|(x, y)| format!("M{},{}h1v1h-1z", x + QUIET, y + QUIET)).collect();
    (path, code.size() + 2 * QUIET)
}
