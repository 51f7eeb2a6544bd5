//! Setting up or replacing one's authenticator, and new recovery codes.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use pendeen_store::account::second_factor::SecondFactor;
use tower_sessions::Session;

use super::account;
use crate::app::App;
use crate::error::{WebError, page, refused};
use crate::pages::sign_in::broken;
use crate::pages::sign_in::second_step::{
    Code, RecoveryPage, SetUpPage, WRONG_FIRST, check, grouped, secret_of, set_up_page, wrong,
};
use crate::request::SentAs;
use crate::session::SET_UP;
use crate::view::FormError;
use crate::viewer::Viewer;

/// `GET /account/second-factor`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
) -> Result<Response, WebError> {
    page(&set_up(&app, &viewer, &session, Vec::new()).await?)
}

/// `POST /account/second-factor`: a code of the new one, and of the present one if there is one.
pub(crate) async fn confirm(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
    headers: HeaderMap,
    SentAs(typed): SentAs<Code>,
) -> Result<Response, WebError> {
    let who = &viewer.person;
    if app.store.second_factor(who).await? == SecondFactor::On
        && let Some(text) = check(&app, who, &typed.current, &headers).await?
    {
        let errors = vec![wrong("current", text)];
        return refused(&set_up(&app, &viewer, &session, errors).await?);
    }
    let secret = secret_of(&app, &session).await?;
    let codes = app.store.set_second_factor(who, &secret, &typed.code, app.now()).await?;
    let Some(codes) = codes else {
        let errors = vec![wrong("code", WRONG_FIRST)];
        return refused(&set_up(&app, &viewer, &session, errors).await?);
    };
    session.remove::<String>(SET_UP).await.map_err(broken)?;
    recovery(&viewer, codes)
}

/// `POST /account/recovery-codes`.
pub(crate) async fn renew(
    State(app): State<App>,
    viewer: Viewer,
    headers: HeaderMap,
    SentAs(typed): SentAs<Code>,
) -> Result<Response, WebError> {
    if let Some(text) = check(&app, &viewer.person, &typed.code, &headers).await? {
        return refused(&account(&app, &viewer, vec![wrong("code", text)], None).await?);
    }
    recovery(&viewer, app.store.renew_recovery_codes(&viewer.person, app.now()).await?)
}

fn recovery(viewer: &Viewer, codes: Vec<String>) -> Result<Response, WebError> {
    page(&RecoveryPage {
        shell: viewer.shell("Keep your recovery codes"),
        codes: grouped(codes),
        next: "/account".to_owned(),
    })
}

async fn set_up(
    app: &App,
    viewer: &Viewer,
    session: &Session,
    errors: Vec<FormError>,
) -> Result<SetUpPage, WebError> {
    let secret = secret_of(app, session).await?;
    let replaces = app.store.second_factor(&viewer.person).await? == SecondFactor::On;
    let shell = viewer.shell("Set up your authenticator");
    let action = "/account/second-factor";
    Ok(set_up_page(shell, errors, action, &secret, &viewer.person, replaces, "/account"))
}
