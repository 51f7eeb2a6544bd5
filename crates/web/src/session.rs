//! Sessions: kept by the store, named by a cookie that scripts cannot read.
//!
//! A session lasts one long shift and is not prolonged; its id changes when somebody signs in.
//! It holds the person's id and the account's sign-in epoch and nothing else: roles and force are
//! read afresh for every page, and a new password, which changes the epoch, ends the session.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use pendeen_casework::ambient::Clock;
use pendeen_store::Store;
use pendeen_store::session::Whose;
use tower_sessions::cookie::SameSite;
use tower_sessions::cookie::time::{Duration, OffsetDateTime};
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result};
use tower_sessions::{Expiry, SessionManagerLayer, SessionStore};

use crate::app::App;

/// Under which key a session holds the person's id.
pub(crate) const PERSON: &str = "person";
/// Under which key a session holds the account's sign-in epoch as it was at signing in.
pub(crate) const EPOCH: &str = "epoch";
/// Under which key a session holds the handle that its person may know.
pub(crate) const HANDLE: &str = "handle";
/// Under which key a session holds the device in words.
pub(crate) const DEVICE: &str = "device";
/// Under which key a session holds when somebody signed in.
pub(crate) const BEGAN: &str = "began";

/// How long a session lasts.
const SHIFT: Duration = Duration::hours(12);

/// The case database as a place for sessions.
#[derive(Clone)]
pub(crate) struct Sessions {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("store", &self.store).finish_non_exhaustive()
    }
}

/// The layer that gives every request its session.
pub(crate) fn layer(app: &App) -> SessionManagerLayer<Sessions> {
    let sessions = Sessions { store: app.store.clone(), clock: Arc::clone(&app.clock) };
    // A cookie with this prefix is taken only over HTTPS, for this host and the whole of it.
    let name = if app.secure_cookies { "__Host-pendeen" } else { "pendeen" };
    SessionManagerLayer::new(sessions)
        .with_name(name)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_secure(app.secure_cookies)
        .with_expiry(Expiry::OnInactivity(SHIFT))
}

/// How often sessions that are over are forgotten.
const SWEEP: std::time::Duration = std::time::Duration::from_hours(1);

/// Forgets the sessions that are over.
pub(crate) async fn forget_over(app: &App) {
    if let Err(error) = app.store.session_expire(app.now()).await {
        tracing::warn!(%error, "sessions that are over could not be forgotten");
    }
}

/// Does so every hour, for as long as it is polled.
pub(crate) async fn forget_hourly(app: App) {
    loop {
        tokio::time::sleep(SWEEP).await;
        forget_over(&app).await;
    }
}

/// Attempts at an id that nobody has; one collision among 2^128 is already unheard of.
const ATTEMPTS: usize = 4;

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let data = encode(record)?;
            let expires = expiry(record)?;
            let kept = self
                .store
                .session_create(&record.id.to_string(), &data, expires, whose(record).as_ref())
                .await;
            if kept.map_err(backend)? {
                return Ok(());
            }
            record.id = Id::default();
        }
        Err(Error::Backend("no free session id was found".to_owned()))
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let (data, expires) = (encode(record)?, expiry(record)?);
        self.store
            .session_save(&record.id.to_string(), &data, expires, whose(record).as_ref())
            .await
            .map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let found = self.store.session_load(&id.to_string(), self.clock.now()).await;
        let Some((data, expires)) = found.map_err(backend)? else { return Ok(None) };
        let data = serde_json::from_slice(&data).map_err(|e| Error::Decode(e.to_string()))?;
        let expiry_date = OffsetDateTime::from_unix_timestamp_nanos(expires.as_nanosecond())
            .map_err(|e| Error::Decode(e.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.store.session_delete(&id.to_string()).await.map_err(backend)
    }
}

/// What the store is told of a session on which somebody has signed in.
fn whose(record: &Record) -> Option<Whose> {
    let get = |key: &str| record.data.get(key).cloned();
    Some(Whose {
        handle: serde_json::from_value(get(HANDLE)?).ok()?,
        person: serde_json::from_value(get(PERSON)?).ok()?,
        device: serde_json::from_value(get(DEVICE)?).ok()?,
        began: serde_json::from_value(get(BEGAN)?).ok()?,
    })
}

fn encode(record: &Record) -> Result<Vec<u8>> {
    serde_json::to_vec(&record.data).map_err(|e| Error::Encode(e.to_string()))
}

fn expiry(record: &Record) -> Result<Timestamp> {
    Timestamp::from_nanosecond(record.expiry_date.unix_timestamp_nanos())
        .map_err(|e| Error::Encode(e.to_string()))
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn backend(error: pendeen_store::StoreError) -> Error {
    Error::Backend(error.to_string())
}
