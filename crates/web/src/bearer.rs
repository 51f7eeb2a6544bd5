//! Who asks through a token: `Authorization: Bearer`, narrowed to what the token is for.
//!
//! A handler that takes a [`Bearer<Reads>`] is reached only with a token in force that has the
//! scope, and gets the [`Person`] for every decision thereafter: what the person may not do, a
//! token of theirs may not either. Cookies are not looked at here, so a browser lends its session
//! to no program. Refused: no token or one that opens nothing (401), a token for
//! something else (403), as problems (RFC 9457).
//!
//! Source: RFC 6750, section 3.

use std::marker::PhantomData;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use pendeen_casework::person::Person;
use pendeen_store::account::token::{self, Scope};
use serde_json::json;

use crate::api::Problem;
use crate::app::App;
use crate::error::WebError;

/// What a handler is for.
pub(crate) trait Purpose: Send + Sync {
    /// The scope that a token must have; none where any token will do.
    const SCOPE: Option<Scope>;
}

/// Telling the token's person about the token.
#[derive(Debug)]
pub(crate) struct Anything;

impl Purpose for Anything {
    const SCOPE: Option<Scope> = None;
}

/// Who asks through a token, for this purpose.
#[derive(Debug)]
pub(crate) struct Bearer<P> {
    /// Whose token it is, with today's roles and force.
    pub person: Person,
    /// The token, and all that it is for.
    pub token: token::Bearer,
    purpose: PhantomData<P>,
}

/// Why a token opens nothing.
#[derive(Debug)]
pub(crate) enum Refused {
    /// None was sent, or it is over, revoked or none of ours: no telling which.
    Unknown,
    /// It is for something else.
    OutOfScope(Scope),
    /// Something failed on our side.
    Failed(WebError),
}

impl<P: Purpose> FromRequestParts<App> for Bearer<P> {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refused> {
        let sent = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let secret = sent
            .and_then(|sent| sent.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, secret)| secret.trim());
        let secret = secret.ok_or(Refused::Unknown)?;
        let found = app.store.bearer(secret, app.now()).await;
        let token = found.map_err(|error| Refused::Failed(error.into()))?;
        let token = token.ok_or(Refused::Unknown)?;
        match P::SCOPE {
            Some(scope) if !token.scopes.contains(&scope) => Err(Refused::OutOfScope(scope)),
            _ => Ok(Self { person: token.person.clone(), token, purpose: PhantomData }),
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (problem, challenge) = match self {
            Self::Unknown => (
                Problem::unknown_token(),
                "Bearer realm=\"pendeen\", error=\"invalid_token\"".to_owned(),
            ),
            Self::OutOfScope(scope) => (
                Problem::out_of_scope(scope.key()),
                format!("Bearer error=\"insufficient_scope\", scope=\"{}\"", scope.key()),
            ),
            Self::Failed(error) => return Problem::from(error).into_response(),
        };
        let mut response = problem.into_response();
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// `GET /api/token`: whose token it is and what it is for.
pub(crate) async fn show(bearer: Bearer<Anything>) -> Json<serde_json::Value> {
    let keys = |scopes: &std::collections::BTreeSet<Scope>| -> Vec<&'static str> {
        scopes.iter().map(|scope| scope.key()).collect()
    };
    Json(json!({
        "person": bearer.person.name,
        "roles": bearer.person.roles,
        "force": bearer.person.force,
        "token": bearer.token.token,
        "scopes": keys(&bearer.token.scopes),
    }))
}
