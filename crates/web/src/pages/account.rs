//! Your account: password, second factor, the devices that you are signed in on, tokens.
//!
//! In: the person's own wishes. Out: their account changed; a secret is shown once, on the page
//! that answers. Whatever lets somebody in (a new password, another authenticator, new recovery
//! codes) is asked for with what lets the person in now, so that a session left open is not
//! enough. Nobody else's account is ever reached from here.

pub(crate) mod second_factor;
pub(crate) mod token;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use pendeen_store::StoreError;
use pendeen_store::account::second_factor::SecondFactor;
use serde::Deserialize;
use uuid::Uuid;

use crate::app::App;
use crate::error::{WebError, page, refused, see_other};
use crate::pages::sign_in::enrol::Chosen;
use crate::pages::sign_in::second_step::wrong;
use crate::request::SentAs;
use crate::shell::Shell;
use crate::text;
use crate::view::{Choice, FormError};
use crate::viewer::Viewer;

/// The page.
#[derive(Debug, Template)]
#[template(path = "account/page.html")]
pub(crate) struct AccountPage {
    pub(crate) shell: Shell,
    pub(crate) errors: Vec<FormError>,
    /// Whether a second factor is set.
    pub(crate) factor: bool,
    /// How many recovery codes are left.
    pub(crate) left: u64,
    pub(crate) devices: Vec<DeviceRow>,
    pub(crate) tokens: Vec<token::TokenRow>,
    pub(crate) scopes: Vec<Choice>,
    /// A token that was just made: shown once.
    pub(crate) fresh: Option<String>,
    /// What people call the sign-in service, where there is one.
    pub(crate) service: Option<String>,
    /// Where the person is written to, where there is mail at all.
    pub(crate) mail: Option<String>,
}

/// A device that the person is signed in on.
#[derive(Debug, Clone)]
pub(crate) struct DeviceRow {
    /// Where its form goes.
    pub end: String,
    /// In words.
    pub device: String,
    /// Since when.
    pub began: String,
    /// When a page was last opened.
    pub last_used: String,
    /// Whether it is the one that asks.
    pub this: bool,
}

/// `GET /account`.
pub(crate) async fn show(State(app): State<App>, viewer: Viewer) -> Result<Response, WebError> {
    page(&account(&app, &viewer, Vec::new(), None).await?)
}

/// A new password, and the present one.
#[derive(Deserialize)]
pub(crate) struct NewPassword {
    #[serde(default)]
    present: String,
    #[serde(flatten)]
    chosen: Chosen,
}

/// `POST /account/password`: ends every sign-in, this one too.
pub(crate) async fn change_password(
    State(app): State<App>,
    viewer: Viewer,
    SentAs(typed): SentAs<NewPassword>,
) -> Result<Response, WebError> {
    let problem = match typed.chosen.problem() {
        Some(problem) => Some(problem),
        None => present_password(&app, &viewer, &typed.present).await?,
    };
    if let Some(problem) = problem {
        return refused(&account(&app, &viewer, vec![problem], None).await?);
    }
    let who = &viewer.person;
    app.store.set_password(Some(who), who.id, &typed.chosen.password, app.now()).await?;
    see_other("/sign-in")
}

/// Where to write to.
#[derive(Deserialize)]
pub(crate) struct Address {
    #[serde(default)]
    address: String,
}

/// `POST /account/mail`.
pub(crate) async fn set_mail(
    State(app): State<App>,
    viewer: Viewer,
    SentAs(typed): SentAs<Address>,
) -> Result<Response, WebError> {
    match app.store.set_mail_address(&viewer.person, &typed.address, app.now()).await {
        Ok(()) => see_other("/account"),
        Err(StoreError::Refused(refusal)) => {
            refused(&account(&app, &viewer, vec![FormError::from(&refusal)], None).await?)
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /account/devices/{handle}/end`.
pub(crate) async fn end_device(
    State(app): State<App>,
    viewer: Viewer,
    Path(handle): Path<Uuid>,
) -> Result<Response, WebError> {
    if !app.store.end_device(&viewer.person, handle, app.now()).await? {
        return Err(WebError::NotFound);
    }
    see_other("/account")
}

/// `POST /account/devices/end-others`.
pub(crate) async fn end_others(
    State(app): State<App>,
    viewer: Viewer,
) -> Result<Response, WebError> {
    app.store.end_other_devices(&viewer.person, viewer.session, app.now()).await?;
    see_other("/account")
}

/// What is wrong with the present password as typed; none where it is right.
pub(crate) async fn present_password(
    app: &App,
    viewer: &Viewer,
    typed: &str,
) -> Result<Option<FormError>, WebError> {
    let text = match app.store.confirm_password(&viewer.person, typed, app.now()).await {
        Ok(true) => return Ok(None),
        Ok(false) => "This is not your present password",
        Err(StoreError::SlowDown { .. }) => "Too many attempts: wait a few minutes, then try again",
        Err(error) => return Err(error.into()),
    };
    Ok(Some(wrong("present", text)))
}

/// The page as it is now.
async fn account(
    app: &App,
    viewer: &Viewer,
    errors: Vec<FormError>,
    fresh: Option<String>,
) -> Result<AccountPage, WebError> {
    let (id, now) = (viewer.person.id, app.now());
    let devices = app.store.devices(id, now).await?;
    let devices = devices.into_iter().map(|device| DeviceRow {
        end: format!("/account/devices/{}/end", device.handle),
        this: device.handle == viewer.session,
        device: device.device,
        began: text::moment(device.began),
        last_used: text::moment(device.last_used),
    });
    let tokens = app.store.tokens(id).await?;
    Ok(AccountPage {
        shell: viewer.shell("Your account"),
        errors,
        factor: app.store.second_factor(&viewer.person).await? == SecondFactor::On,
        left: app.store.recovery_codes_left(id).await?,
        devices: devices.collect(),
        tokens: tokens.into_iter().map(|token| token::row(token, now)).collect(),
        scopes: token::scopes(),
        fresh,
        mail: match app.mail {
            Some(_) => Some(app.store.mail_address(id).await?.unwrap_or_default()),
            None => None,
        },
        service: app.provider.as_ref().map(|provider| provider.label().to_owned()),
    })
}
