//! Tokens of programs that act in the person's name: made, shown once, revoked.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use pendeen_casework::form::Fields;
use pendeen_store::StoreError;
use pendeen_store::account::token::{LONGEST_DAYS, Scope, Token};
use uuid::Uuid;

use super::account;
use crate::app::App;
use crate::error::{WebError, page, refused, see_other};
use crate::pages::sign_in::second_step::wrong;
use crate::request::Sent;
use crate::text;
use crate::view::{Choice, FormError};
use crate::viewer::Viewer;

/// A token in words.
#[derive(Debug, Clone)]
pub(crate) struct TokenRow {
    /// What its person calls it.
    pub name: String,
    /// What it is for.
    pub scopes: String,
    /// When it was last used, if it was.
    pub last_used: String,
    /// Until when it opens anything, or that it no longer does.
    pub state: String,
    /// Where the form that revokes it goes, while it opens anything.
    pub revoke: Option<String>,
}

/// A token as the page shows it.
pub(super) fn row(token: Token, now: Timestamp) -> TokenRow {
    let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.key()).collect();
    let state = match token.revoked {
        Some(at) => format!("Revoked {}", text::moment(at)),
        None if token.expires <= now => format!("Ended {}", text::moment(token.expires)),
        None => format!("Until {}", text::moment(token.expires)),
    };
    let open = token.revoked.is_none() && now < token.expires;
    TokenRow {
        name: token.name,
        scopes: scopes.join(", "),
        last_used: token.last_used.map_or_else(|| "Never".to_owned(), text::moment),
        state,
        revoke: open.then(|| format!("/account/tokens/{}/revoke", token.id)),
    }
}

/// What a token can be for.
pub(super) fn scopes() -> Vec<Choice> {
    Scope::ALL.into_iter().map(|scope| Choice::new(scope.key(), scope.label(), "")).collect()
}

/// `POST /account/tokens`: the answer shows the token, once.
pub(crate) async fn make(
    State(app): State<App>,
    viewer: Viewer,
    Sent(fields): Sent,
) -> Result<Response, WebError> {
    let (name, scopes, expires) = match asked(&fields, app.now()) {
        Ok(asked) => asked,
        Err(problem) => return refused(&account(&app, &viewer, vec![problem], None).await?),
    };
    let id = app.ids.fresh();
    let made = app.store.make_token(&viewer.person, id, &name, &scopes, expires, app.now()).await;
    match made {
        Ok(secret) => page(&account(&app, &viewer, Vec::new(), Some(secret)).await?),
        Err(StoreError::Conflict(why)) => {
            refused(&account(&app, &viewer, vec![wrong("token-name", why)], None).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /account/tokens/{id}/revoke`.
pub(crate) async fn revoke(
    State(app): State<App>,
    viewer: Viewer,
    Path(id): Path<Uuid>,
) -> Result<Response, WebError> {
    if !app.store.revoke_token(&viewer.person, id, app.now()).await? {
        return Err(WebError::NotFound);
    }
    see_other("/account")
}

fn asked(
    fields: &Fields,
    now: Timestamp,
) -> Result<(String, BTreeSet<Scope>, Timestamp), FormError> {
    let name = fields.get("token-name").filter(|name| name.chars().count() <= 100);
    let name =
        name.ok_or_else(|| wrong("token-name", "Give the token a name, up to 100 letters"))?;
    let ticked = |scope: &Scope| fields.ticked(&format!("scope-{}", scope.key()));
    let scopes: BTreeSet<Scope> = Scope::ALL.into_iter().filter(ticked).collect();
    if scopes.is_empty() {
        return Err(wrong("scope-read", "Say what the token is for"));
    }
    let days = fields.get("days").and_then(|days| days.parse::<i64>().ok());
    let days = days.filter(|days| (1..=LONGEST_DAYS).contains(days));
    let days = days.ok_or_else(|| wrong("days", "Enter a number of days from 1 to 366"))?;
    let expires = now.checked_add(SignedDuration::from_hours(days * 24));
    let expires = expires.map_err(|_| wrong("days", "Enter a number of days from 1 to 366"))?;
    Ok((name.to_owned(), scopes, expires))
}
