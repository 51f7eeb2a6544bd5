//! Mail to people for whom something newly waits, through the force's own relay.
//!
//! In: the relay, as the operator says it ([`MailSettings`]), and letters that
//! [`pendeen_store::outbox`] keeps. Out: each letter given to the relay once; what the relay does
//! not take now is tried again later. A letter says how many things wait and where to look: no
//! number of a record, no name, no kind of case, because mail lies in many hands. Off unless the
//! operator says otherwise, and for everybody who has given no address of their own.
//!
//! Refused: a relay on another machine without TLS.
//!
//! Source: RFC 5321 (SMTP), RFC 3207 (STARTTLS), RFC 5322 (Message-ID).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use lettre::message::Mailbox;
use lettre::message::header::ContentType;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use pendeen_store::StoreError;
use pendeen_store::outbox::{Fate, Letter};
use serde::Deserialize;
use thiserror::Error;

use crate::app::App;
use crate::text;

/// How often is looked for something to write or to send.
const TURN: Duration = Duration::from_mins(1);
/// How long the relay may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the operator says of the relay.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whom letters come from, such as `Pendeen <pendeen@example.police.uk>`.
    pub from: String,
    /// The pages' own address, as browsers reach them, which letters lead to.
    pub address: String,
    /// How the connection is kept from others.
    #[serde(default)]
    pub tls: MailTls,
}

/// How the connection to the relay is kept from others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// Begins in the clear and must become TLS.
    #[default]
    StartTls,
    /// Is TLS from its first byte.
    Tls,
    /// Is not: for a relay on this machine alone.
    None,
}

/// Why there can be no mail.
#[derive(Debug, Error)]
pub enum MailError {
    /// The relay would be spoken to in the clear over a network.
    #[error("a relay on another machine needs TLS: set tls to \"starttls\" or \"tls\"")]
    Clear,
    /// `from` is no address.
    #[error("the address that letters come from cannot be read")]
    From(#[source] lettre::address::AddressError),
    /// The relay's name cannot be used for TLS.
    #[error("TLS to the relay cannot be set up")]
    Tls(#[source] lettre::transport::smtp::Error),
}

/// The way to the relay.
#[derive(Debug, Clone)]
pub struct Mail {
    relay: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    address: String,
}

impl Mail {
    /// The way to the relay that the settings name; nothing is sent by that.
    pub fn new(settings: &MailSettings) -> Result<Self, MailError> {
        let host = &settings.host;
        let here = host == "localhost"
            || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
        let parameters = || TlsParameters::new(host.clone()).map_err(MailError::Tls);
        let tls = match settings.tls {
            MailTls::StartTls => Tls::Required(parameters()?),
            MailTls::Tls => Tls::Wrapper(parameters()?),
            MailTls::None if here => Tls::None,
            MailTls::None => return Err(MailError::Clear),
        };
        let relay = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(settings.port)
            .timeout(Some(PATIENCE))
            .tls(tls)
            .build();
        let from = settings.from.parse().map_err(MailError::From)?;
        Ok(Self { relay, from, address: settings.address.clone() })
    }

    /// Gives one letter to the relay.
    async fn send(&self, letter: &Letter) -> Fate {
        let Some(message) = self.message(letter) else { return Fate::Refused };
        match self.relay.send(message).await {
            Ok(_taken) => Fate::Sent,
            Err(error) if error.is_permanent() => {
                tracing::warn!(letter = %letter.id, %error, "the relay refuses a letter for good");
                Fate::Refused
            }
            Err(error) => {
                tracing::warn!(letter = %letter.id, %error, "the relay does not take a letter now");
                Fate::Later
            }
        }
    }

    fn message(&self, letter: &Letter) -> Option<Message> {
        let to: Mailbox = letter.address.parse().ok()?;
        // The same name each time: a relay that took it and did not say so can tell.
        let id = format!("<{}@{}>", letter.id, self.from.email.domain());
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(&letter.subject)
            .message_id(Some(id))
            .date(made(letter.made))
            .header(ContentType::TEXT_PLAIN)
            .body(letter.body.clone());
        message.inspect_err(|error| tracing::warn!(%error, "a letter cannot be written")).ok()
    }

    /// What a letter says of so many things.
    fn words(&self, count: u64) -> (String, String) {
        let most = pendeen_store::notice::MOST;
        let what = match count {
            1 => "1 item waits for you in Pendeen".to_owned(),
            _ if count >= most => format!("{most} items or more wait for you in Pendeen"),
            _ => format!("{} items wait for you in Pendeen", text::count(count)),
        };
        let body = format!(
            "{what}.\r\n\r\nSign in to see them: {}/\r\n\r\nThis letter says no more on purpose. \
             To get none, remove your address on your account's page.\r\n",
            self.address.trim_end_matches('/')
        );
        (what, body)
    }
}

/// A moment as the library takes it.
fn made(at: Timestamp) -> SystemTime {
    let seconds = u64::try_from(at.as_second()).unwrap_or_default();
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds)).unwrap_or(UNIX_EPOCH)
}

/// Writes what is due and sends what waits, once.
pub(crate) async fn turn(app: &App, mail: &Mail) -> Result<(), StoreError> {
    let store = &app.store;
    store.write_letters(|count| mail.words(count), || app.ids.fresh(), app.now()).await?;
    while let Some(letter) = store.take_letter(app.now()).await? {
        let fate = mail.send(&letter).await;
        store.letter_went(letter.id, fate, app.now()).await?;
    }
    store.forget_letters(app.now()).await?;
    Ok(())
}

/// Does so every minute, for as long as it is polled; for ever nothing, without a relay.
pub(crate) async fn turns(app: App) {
    let Some(mail) = app.mail.clone() else { return std::future::pending().await };
    loop {
        if let Err(error) = turn(&app, &mail).await {
            tracing::warn!(%error, "mail could not be seen to; it will be");
        }
        tokio::time::sleep(TURN).await;
    }
}
