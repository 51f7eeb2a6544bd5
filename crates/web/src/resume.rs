//! A session that ends while a form is being filled in: what was typed survives signing in.
//!
//! In: a form of a record, sent by a browser that is signed in no more. Out: the sign-in page,
//! and after it, however many steps it has, the same form with what was typed. Nothing is
//! recorded meanwhile: the person looks through the form and sends it again. What was typed lies
//! in the place of sessions for [`KEPT_FOR`], under a random number that only this browser's
//! cookie holds, and is forgotten when it was shown. Each form says unseen for whom it was made
//! ([`WRITER`]): whoever else signs in on that browser does not get the text. A file is not kept,
//! nor a form of more than [`MOST`] bytes of text, nor one that says nobody.

use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use pendeen_casework::form::Fields;
use serde::{Deserialize, Serialize};
use tower_sessions::Session;
use tower_sessions::session::Id;
use uuid::Uuid;

use crate::app::App;
use crate::error::{WebError, see_other};
use crate::pages::sign_in;
use crate::upload::Filled;
use crate::viewer::{Viewer, signed_in};

/// The name under which a form carries for whom it was made.
pub(crate) const WRITER: &str = "filled-in-by";

/// How long it is kept.
const KEPT_FOR: SignedDuration = SignedDuration::from_mins(30);
/// The most text that is kept, in bytes.
const MOST: usize = 64 << 10;

/// What was typed, and where.
#[derive(Debug, Serialize, Deserialize)]
struct Typed {
    /// The path of the form.
    path: String,
    /// For whom the form was made.
    by: Uuid,
    /// What was filled in, with what the form carried unseen.
    fields: Fields,
}

/// Keeps a form that nobody signed in has sent, and leads to the sign-in page; lets every other
/// request pass.
pub(crate) async fn keep(
    State(app): State<App>,
    session: Session,
    mut request: Request,
    next: Next,
) -> Response {
    let of_record =
        request.method() == Method::POST && request.uri().path().starts_with("/records/");
    if !of_record {
        return next.run(request).await;
    }
    match signed_in(&session, &app).await {
        Ok(Some(who)) => {
            request.extensions_mut().insert(who);
            next.run(request).await
        }
        Ok(None) => kept(&app, request).await.unwrap_or_else(IntoResponse::into_response),
        Err(error) => error.into_response(),
    }
}

async fn kept(app: &App, request: Request) -> Result<Response, WebError> {
    let path = request.uri().path().to_owned();
    let mut response = see_other(&sign_in::address(&path))?;
    let Filled { fields, .. } = Filled::from_request(request, app).await?;
    let Some(by) = fields.get(WRITER).and_then(|by| by.parse().ok()) else { return Ok(response) };
    let data = serde_json::to_vec(&Typed { path, by, fields })
        .map_err(|error| WebError::Internal(error.to_string()))?;
    if data.len() <= MOST {
        let number = Id::default().to_string();
        let until = app.now().checked_add(KEPT_FOR).unwrap_or(Timestamp::MIN);
        app.store.session_create(&place(&number), &data, until, None).await?;
        set_cookie(app, &mut response, &number, KEPT_FOR.as_secs())?;
    }
    Ok(response)
}

/// What the viewer had typed on this browser into the form on this page when the session ended.
pub(crate) async fn typed(
    app: &App,
    headers: &HeaderMap,
    viewer: &Viewer,
) -> Result<Option<Fields>, WebError> {
    let Some(number) = number_of(app, headers) else { return Ok(None) };
    let Some((data, _)) = app.store.session_load(&place(&number), app.now()).await? else {
        return Ok(None);
    };
    let typed: Option<Typed> = serde_json::from_slice(&data).ok();
    let theirs = |typed: &Typed| typed.path == viewer.path && typed.by == viewer.person.id.0;
    let Some(typed) = typed.filter(theirs) else { return Ok(None) };
    app.store.session_delete(&place(&number)).await?;
    Ok(Some(typed.fields))
}

/// What the page says above a form that was kept.
pub(crate) const NOTICE: &str = "You were signed out before the form arrived. What you typed is \
     here and nothing was recorded yet: look through it and send it again";

/// Where it lies among the sessions.
fn place(number: &str) -> String {
    format!("typed-{number}")
}

fn cookie_name(app: &App) -> &'static str {
    if app.secure_cookies { "__Host-pendeen-typed" } else { "pendeen-typed" }
}

fn number_of(app: &App, headers: &HeaderMap) -> Option<String> {
    let name = cookie_name(app);
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|c| c.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

fn set_cookie(
    app: &App,
    response: &mut Response,
    value: &str,
    seconds: i64,
) -> Result<(), WebError> {
    let (name, secure) = (cookie_name(app), if app.secure_cookies { "; Secure" } else { "" });
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    let cookie =
        HeaderValue::from_str(&cookie).map_err(|error| WebError::Internal(error.to_string()))?;
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(())
}
