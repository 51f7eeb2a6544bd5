//! What newly waits, told while a page is open, by server-sent events.
//!
//! In: a signed-in browser. Out: a number whenever it has changed, at most every
//! five seconds, and a heart beat in between, so that a connection that is
//! gone is noticed. The stream ends with the session, with a new password, when the account goes,
//! when the program stops, and after [`LONGEST`], upon which the browser asks anew. Refused: more
//! streams than [`crate::notices`] allows. Never told: which records they are.
//!
//! Source: HTML Living Standard, section 9.2 (server-sent events).

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use pendeen_casework::person::{Person, PersonId};
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

use crate::app::App;
use crate::error::WebError;
use crate::notices::Open;
use crate::shell::sees_any;
use crate::viewer::Viewer;

/// How long one stream lasts at most.
const LONGEST: Duration = Duration::from_mins(30);
/// Looks without a change before a heart beat is sent.
const QUIET: u32 = 3;

/// A stream under way.
struct Listening {
    app: App,
    whose: PersonId,
    session: Uuid,
    epoch: Option<i64>,
    told: Option<u64>,
    quiet: u32,
    until: Instant,
    _place: Open,
}

/// `GET /notifications/stream`.
pub(crate) async fn stream(State(app): State<App>, viewer: Viewer) -> Result<Response, WebError> {
    if !sees_any(&viewer.person) {
        return Err(WebError::NotFound);
    }
    let whose = viewer.person.id;
    let Some(place) = app.notices.open(whose) else {
        return Ok(StatusCode::TOO_MANY_REQUESTS.into_response());
    };
    let epoch = app.store.sign_in_epoch(whose).await?;
    let listening = Listening {
        app,
        whose,
        session: viewer.session,
        epoch,
        told: None,
        quiet: 0,
        until: Instant::now() + LONGEST,
        _place: place,
    };
    let events = stream::unfold(listening, |mut listening| async {
        let event = listening.next().await?;
        Some((Ok::<_, std::convert::Infallible>(event), listening))
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}

impl Listening {
    /// The next piece of the stream; none at its end.
    async fn next(&mut self) -> Option<String> {
        loop {
            if self.told.is_some() {
                let app = &self.app;
                tokio::select! {
                    () = tokio::time::sleep(app.notices.fresh) => {}
                    () = app.notices.closed() => return None,
                }
            }
            let count = self.count().await?;
            if self.told != Some(count) {
                (self.told, self.quiet) = (Some(count), 0);
                return Some(format!("event: waiting\ndata: {count}\n\n"));
            }
            self.quiet += 1;
            if self.quiet >= QUIET {
                self.quiet = 0;
                return Some(":\n\n".to_owned());
            }
        }
    }

    /// The number; none where the stream has to end.
    async fn count(&self) -> Option<u64> {
        let person = match self.still_there().await {
            Ok(person) => person?,
            Err(error) => {
                tracing::warn!(%error, "a stream of notifications ended early");
                return None;
            }
        };
        self.app.notices.count(&self.app.store, &person, self.app.now()).await.ok()
    }

    /// The person as they are now, if their session still lasts.
    async fn still_there(&self) -> Result<Option<Person>, pendeen_store::StoreError> {
        let store = &self.app.store;
        let devices = store.devices(self.whose, self.app.now()).await?;
        let signed_in = devices.iter().any(|device| device.handle == self.session);
        let same = store.sign_in_epoch(self.whose).await? == self.epoch;
        if !signed_in || !same || Instant::now() > self.until {
            return Ok(None);
        }
        store.person_at(self.whose, self.app.now()).await
    }
}
