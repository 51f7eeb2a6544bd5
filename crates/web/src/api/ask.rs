//! Reading requests of programs: addresses, parameters, headers and JSON bodies, all of them
//! bounded; what cannot be read is a [`Problem`] that says what is wanted.
//!
//! Out: values that the handlers need not check again. Refused: parameters that nobody knows
//! (a misspelt filter would otherwise widen a list in silence), bodies of another media type,
//! bodies longer than [`LONGEST`], or [`LONGEST_WITH_FILE`] where a file goes along.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use pendeen_casework::force::ForceKey;
use pendeen_casework::person::Person;
use pendeen_store::query::Slice;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::problem::{Problem, Wrong};
use crate::app::App;
use crate::reason::{About, Wanted, matter};
use crate::upload;

/// The header that says why something is consulted.
pub(super) const REASON: &str = "x-consultation-reason";
/// The header under which a request that makes something can be sent again.
pub(super) const KEY: &str = "idempotency-key";
/// The longest reason that is kept, in characters.
pub(super) const REASON_LENGTH: usize = 500;
/// The longest key, in characters.
pub(super) const KEY_LENGTH: usize = 200;
/// The longest body without a file, in bytes.
pub(super) const LONGEST: usize = 1 << 20;
/// The longest body with a file, in bytes: base 64 makes four of three.
pub(super) const LONGEST_WITH_FILE: usize = upload::LARGEST / 3 * 4 + (1 << 20);
/// The last page that can be asked for.
pub(super) const LAST_PAGE: u64 = 1_000_000;
/// Rows to a page at most.
pub(super) const MOST_ROWS: u64 = 200;
/// Rows to a page where none are asked for.
pub(super) const ROWS: u64 = 50;

/// What an address names; one that cannot be read leads nowhere.
#[derive(Debug)]
pub(super) struct At<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for At<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let found = Path::<T>::from_request_parts(parts, app).await;
        found.map(|Path(named)| Self(named)).map_err(|_| Problem::missing())
    }
}

/// What an address asks for after its question mark.
#[derive(Debug)]
pub(super) struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Query(asked) = Query::<T>::from_request_parts(parts, app)
            .await
            .map_err(|error| Problem::unreadable(error.body_text()))?;
        Ok(Self(asked))
    }
}

/// Why something is consulted, where the program says so.
#[derive(Debug)]
pub(super) struct Reason(pub Option<String>);

impl Reason {
    /// The reason that goes into the log: the one given, or what the record itself says. Where
    /// people are asked on the pages, a program must give one.
    pub(super) async fn of(
        self,
        app: &App,
        who: &Person,
        about: About,
    ) -> Result<Option<String>, Problem> {
        if self.0.is_some() || !app.store.settings().audit.ask_justification {
            return Ok(self.0);
        }
        match matter(app, who, about).await? {
            Wanted::For(_) => Err(Problem::reason_wanted()),
            Wanted::Not(words) => Ok(words.map(str::to_owned)),
        }
    }
}

impl FromRequestParts<App> for Reason {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let Some(sent) = parts.headers.get(REASON) else { return Ok(Self(None)) };
        let reason = sent.to_str().ok().filter(|reason| !reason.contains(char::is_control));
        let reason = reason.filter(|reason| reason.len() <= REASON_LENGTH);
        let wanted = format!("give the reason in at most {REASON_LENGTH} visible ASCII characters");
        let reason = reason.ok_or_else(|| Problem::parameters(&[Wrong::new(REASON, wanted)]))?;
        Ok(Self(Some(reason.to_owned())))
    }
}

/// The key under which the same request may be sent again.
#[derive(Debug)]
pub(super) struct Key(pub Option<String>);

impl FromRequestParts<App> for Key {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let Some(sent) = parts.headers.get(KEY) else { return Ok(Self(None)) };
        let key = sent.to_str().ok().filter(|key| {
            (1..=KEY_LENGTH).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic())
        });
        let wanted = format!("give 1 to {KEY_LENGTH} visible ASCII characters");
        let key = key.ok_or_else(|| Problem::parameters(&[Wrong::new(KEY, wanted)]))?;
        Ok(Self(Some(key.to_owned())))
    }
}

/// A body that is still to be read, once it is known who sends it and how long it may be.
#[derive(Debug)]
pub(super) struct Unread {
    headers: HeaderMap,
    body: Body,
}

impl FromRequest<App> for Unread {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        Ok(Self { headers: parts.headers, body })
    }
}

impl Unread {
    /// Reads the body as JSON of at most so many bytes.
    pub(super) async fn json<T: DeserializeOwned>(self, most: usize) -> Result<T, Problem> {
        let sent = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = sent.and_then(|sent| sent.split(';').next()).map(str::trim);
        if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
            return Err(Problem::media_type());
        }
        let bytes = to_bytes(self.body, most).await.map_err(|_| Problem::too_long(most))?;
        let unreadable = |error: serde_json::Error| Problem::unreadable(error.to_string());
        // A derived type would also take an array for an object.
        let value: Value = serde_json::from_slice(&bytes).map_err(unreadable)?;
        if !value.is_object() {
            return Err(Problem::unreadable("the body must be a JSON object"));
        }
        serde_json::from_value(value).map_err(unreadable)
    }
}

/// A part of a list by page and size.
pub(super) fn slice(page: Option<u64>, size: Option<u64>) -> Result<(u64, Slice), Problem> {
    let (page, limit) = (page.unwrap_or(1), size.unwrap_or(ROWS));
    let mut wrong = Vec::new();
    if !(1..=LAST_PAGE).contains(&page) {
        wrong.push(Wrong::new("page", format!("ask for a page from 1 to {LAST_PAGE}")));
    }
    if !(1..=MOST_ROWS).contains(&limit) {
        wrong.push(Wrong::new("size", format!("ask for 1 to {MOST_ROWS} rows")));
    }
    if wrong.is_empty() {
        return Ok((page, Slice { offset: (page - 1) * limit, limit }));
    }
    Err(Problem::parameters(&wrong))
}

/// The force that a parameter names.
pub(super) fn force(sent: Option<&str>) -> Result<Option<ForceKey>, Problem> {
    one_of("force", sent, "the key of a police force", ForceKey::parse)
}

/// What a parameter names, by `find`.
pub(super) fn one_of<T>(
    name: &str,
    sent: Option<&str>,
    wanted: &str,
    find: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let Some(sent) = sent else { return Ok(None) };
    let found = find(sent);
    if found.is_none() {
        return Err(Problem::parameters(&[Wrong::new(name, format!("give {wanted}"))]));
    }
    Ok(found)
}
