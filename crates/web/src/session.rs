//! Sessions: kept by the store, named by a cookie that scripts cannot read.
//!
//! A session lasts one long shift and is not prolonged; its id changes when somebody signs in.
//! It holds the person's id, the account's sign-in epoch and the device in words: roles and force
//! are read afresh for every page, and a new password, which changes the epoch, ends the session.
//! Between password and one-time code it holds [`Pending`] instead, which opens no page.
//!
//! A second cookie ([`device_cookie`]) lasts longer and opens nothing: it tells a browser on which
//! the person signed in before from one of a stranger who guesses.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use axum::http::{HeaderMap, header};
use jiff::Timestamp;
use pendeen_casework::ambient::Clock;
use pendeen_casework::person::PersonId;
use pendeen_store::Store;
use pendeen_store::session::Whose;
use serde::{Deserialize, Serialize};
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

/// Under which key a session holds by which [`Way`] its person came.
pub(crate) const WAY: &str = "way";

/// Under which key a session holds who still owes a one-time code.
pub(crate) const PENDING: &str = "pending";
/// Under which key a session holds a secret that is being set up.
pub(crate) const SET_UP: &str = "set-up";

/// How somebody signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Way {
    /// With a password of this program.
    Password,
    /// Through the sign-in service.
    Provider,
}

/// Who showed who they are and still owes a one-time code, or has to set one up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Pending {
    /// Who.
    pub person: PersonId,
    /// The account's sign-in epoch.
    pub epoch: i64,
    /// Until when.
    pub until: Timestamp,
    /// How they showed it.
    pub way: Way,
}

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

/// The name of the cookie by which a browser is known again.
fn device_cookie_name(app: &App) -> &'static str {
    if app.secure_cookies { "__Host-pendeen-device" } else { "pendeen-device" }
}

/// What the browser kept of an earlier sign-in.
pub(crate) fn device_of(app: &App, headers: &HeaderMap) -> Option<String> {
    let name = device_cookie_name(app);
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs =
        cookies.flat_map(|line| line.split(';')).filter_map(|c| c.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

/// The cookie by which a browser is known again, for ninety days.
pub(crate) fn device_cookie(app: &App, secret: &str) -> String {
    let name = device_cookie_name(app);
    let secure = if app.secure_cookies { "; Secure" } else { "" };
    format!("{name}={secret}; Path=/; Max-Age=7776000; HttpOnly; SameSite=Lax{secure}")
}

/// The network address that a request came from: the peer's, or what a proxy on this machine
/// tells. None for a browser on this machine, and where it is not known.
pub(crate) fn address_of(peer: Option<SocketAddr>, headers: &HeaderMap) -> Option<IpAddr> {
    let peer = peer?.ip();
    if !peer.is_loopback() {
        return Some(peer);
    }
    // The last entry is the proxy's own; those before it are the sender's word.
    let told = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
    told.rsplit(',').next()?.trim().parse().ok()
}

/// A browser in coarse words, such as `Firefox on Windows`: enough to recognise one's own.
pub(crate) fn device_in_words(headers: &HeaderMap) -> String {
    // Edge says that it is Chrome, and Chrome that it is Safari: the more particular first.
    const BROWSERS: [(&str, &str); 5] = [
        ("Edg/", "Edge"),
        ("Firefox/", "Firefox"),
        ("Chromium/", "Chromium"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Windows", "Windows"),
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let find = |known: &[(&str, &'static str)]| {
        let agent = agent?;
        known.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, words)| *words)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) => one.to_owned(),
        (None, Some(one)) => format!("A browser on {one}"),
        (None, None) => "An unknown device".to_owned(),
    }
}

/// How often sessions that are over are forgotten.
const SWEEP: std::time::Duration = std::time::Duration::from_hours(1);

/// Forgets the sessions that are over.
pub(crate) async fn forget_over(app: &App) {
    if let Err(error) = app.store.session_expire(app.now()).await {
        tracing::warn!(%error, "sessions that are over could not be forgotten");
    }
    if let Err(error) = app.store.forget_settled(app.now()).await {
        tracing::warn!(%error, "old failures to sign in could not be forgotten");
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

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name.parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn a_device_is_told_in_coarse_words() {
        let firefox =
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let edge = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 \
                    (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0";
        for (agent, words) in [
            (firefox, "Firefox on Windows"),
            (edge, "Edge on macOS"),
            ("curl/8", "An unknown device"),
            ("<script>Firefox/", "Firefox"),
        ] {
            assert_eq!(device_in_words(&headers("user-agent", agent)), words);
        }
        assert_eq!(device_in_words(&HeaderMap::new()), "An unknown device");
    }

    #[test]
    fn only_a_proxy_on_this_machine_is_believed_about_an_address() {
        let told = headers("x-forwarded-for", "192.0.2.66, 198.51.100.7");
        let (near, far) = ("127.0.0.1:9".parse().unwrap(), "203.0.113.5:9".parse().unwrap());
        assert_eq!(address_of(Some(near), &told), Some("198.51.100.7".parse().unwrap()));
        assert_eq!(address_of(Some(far), &told), Some("203.0.113.5".parse().unwrap()));
        assert_eq!(address_of(Some(near), &HeaderMap::new()), None);
        assert_eq!(address_of(Some(near), &headers("x-forwarded-for", "nonsense")), None);
        assert_eq!(address_of(None, &told), None);
    }
}
