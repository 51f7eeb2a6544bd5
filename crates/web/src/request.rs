//! Reading requests: what cannot be read is answered by a page, not by a bare line of text.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Form;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use pendeen_casework::form::Fields;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use crate::app::App;
use crate::error::WebError;

/// What a form sent, as the rules take it: trimmed, empty fields absent.
#[derive(Debug)]
pub(crate) struct Sent(pub Fields);

impl FromRequest<App> for Sent {
    type Rejection = WebError;

    async fn from_request(request: Request, app: &App) -> Result<Self, WebError> {
        let SentAs(pairs) = SentAs::<Vec<(String, String)>>::from_request(request, app).await?;
        Ok(Self(pairs.into_iter().collect()))
    }
}

/// What a form sent, as it was typed: a password may begin with a space.
#[derive(Debug)]
pub(crate) struct SentAs<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for SentAs<T> {
    type Rejection = WebError;

    async fn from_request(request: Request, app: &App) -> Result<Self, WebError> {
        let Form(sent) = Form::<T>::from_request(request, app)
            .await
            .map_err(|e| WebError::Unreadable(e.body_text()))?;
        Ok(Self(sent))
    }
}

/// What an address asks for after its question mark.
#[derive(Debug)]
pub(crate) struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Asked<T> {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, WebError> {
        let Query(asked) = Query::<T>::from_request_parts(parts, app)
            .await
            .map_err(|e| WebError::Unreadable(e.body_text()))?;
        Ok(Self(asked))
    }
}

/// The last page of a list that can be asked for.
const LAST_PAGE: u64 = 1_000_000;

/// The page of a list that an address asks for; refused where no list can have it.
pub(crate) fn page_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() {
        return Ok(None);
    }
    let page = text.parse().ok().filter(|page| (1..=LAST_PAGE).contains(page));
    page.map(Some).ok_or_else(|| D::Error::custom(format!("ask for a page from 1 to {LAST_PAGE}")))
}

/// The network address of whoever sent the request, where the server tells it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub Option<SocketAddr>);

impl FromRequestParts<App> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<Self>>();
        Ok(peer.map_or(Self(None), |ConnectInfo(peer)| *peer))
    }
}
