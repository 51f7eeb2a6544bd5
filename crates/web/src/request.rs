//! Reading requests: what cannot be read is answered by a page, not by a bare line of text.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Form;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use pendeen_casework::form::Fields;
use serde::de::DeserializeOwned;

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
