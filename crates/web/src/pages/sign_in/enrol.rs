//! The page behind a one-time link: a person sets their own password.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

use super::second_step::wrong;
use crate::app::App;
use crate::error::{WebError, page, refused, see_other};
use crate::oidc::pages::{self, ServiceLink};
use crate::request::SentAs;
use crate::shell::Shell;
use crate::view::FormError;

/// The shortest password that is accepted (NCSC: three random words are longer).
pub(crate) const SHORTEST: usize = 12;

/// The page.
#[derive(Debug, Template)]
#[template(path = "enrol.html")]
pub(crate) struct EnrolPage {
    pub(crate) shell: Shell,
    pub(crate) errors: Vec<FormError>,
    pub(crate) name: String,
    pub(crate) username: String,
    pub(crate) secret: String,
    /// The sign-in service instead of a password, where there is one.
    pub(crate) service: Option<ServiceLink>,
}

/// What is filled in.
#[derive(Deserialize)]
pub(crate) struct Chosen {
    #[serde(default)]
    pub(crate) password: String,
    #[serde(default)]
    pub(crate) again: String,
}

impl Chosen {
    /// What is wrong with a new password.
    pub(crate) fn problem(&self) -> Option<FormError> {
        if self.password.chars().count() < SHORTEST {
            let text = "Use 12 characters or more: three random words are a good password";
            Some(wrong("password", text))
        } else if self.password != self.again {
            Some(wrong("again", "Type the same password in both fields"))
        } else {
            None
        }
    }
}

/// `GET /enrol/{secret}`: a link that is over is the same page as one that never was.
pub(crate) async fn show(
    State(app): State<App>,
    Path(secret): Path<String>,
) -> Result<Response, WebError> {
    page(&whose(&app, secret, Vec::new()).await?)
}

/// `POST /enrol/{secret}`.
pub(crate) async fn choose(
    State(app): State<App>,
    Path(secret): Path<String>,
    SentAs(typed): SentAs<Chosen>,
) -> Result<Response, WebError> {
    if let Some(problem) = typed.problem() {
        return refused(&whose(&app, secret, vec![problem]).await?);
    }
    let enrolled = app.store.enrol(&secret, &typed.password, app.now()).await?;
    enrolled.ok_or(WebError::NotFound)?;
    see_other("/sign-in")
}

async fn whose(app: &App, secret: String, errors: Vec<FormError>) -> Result<EnrolPage, WebError> {
    let account = app.store.enrolment(&secret, app.now()).await?.ok_or(WebError::NotFound)?;
    Ok(EnrolPage {
        shell: Shell::bare("Choose your password"),
        errors,
        name: account.person.name,
        username: account.username,
        service: pages::service_of_link(app, &secret),
        secret,
    })
}
