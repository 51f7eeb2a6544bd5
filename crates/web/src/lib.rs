//! The pages: server-rendered HTML over the store.
//!
//! In: requests of browsers. Out: pages that work without a mouse and without scripts and load
//! nothing from elsewhere. Refused: forms sent from another site, and whatever the rules of
//! casework do not allow; a refused page is the same as a missing one.
//!
//! Find your way: [`App`] is what handlers have at hand, [`router`] names every address,
//! `pages` holds a module per group of pages, `view` turns records into words, `templates/`
//! holds the HTML and `assets/src` the styles.

mod api;
mod app;
mod assets;
mod bearer;
mod csv;
mod error;
mod examinations;
mod front;
mod label;
mod mail;
mod notices;
pub mod oidc;
mod pages;
mod previews;
mod reason;
mod request;
mod resume;
#[cfg(test)]
mod router_tests;
#[cfg(test)]
mod samples;
mod security;
mod session;
mod shell;
mod supply;
mod text;
mod upload;
mod view;
mod viewer;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;

pub use app::App;
use error::WebError;
use front::health;
pub use front::{Certificate, Front, ServeError, serve};
pub use mail::{Mail, MailError, MailSettings, MailTls};
pub use notices::Notices;
use pages::sign_in::{enrol, second_step};
use pages::{account, administration, approvals, calendar, inbox, operation};
use pages::{
    audit, audit_export, children, document, durations, figures, items, notifications, preview,
    record, saved, search, sign_in, take_next, work,
};
pub use previews::Previews;

/// Every address.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/", get(work::show))
        .route("/sign-in", get(sign_in::show).post(sign_in::enter))
        .route("/sign-in/code", get(second_step::show_code).post(second_step::enter_code))
        .route("/sign-in/set-up", get(second_step::show_set_up).post(second_step::set_up))
        .route("/sign-in/provider", get(oidc::pages::go))
        .route("/sign-in/provider/back", get(oidc::pages::back))
        .route("/enrol/{secret}", get(enrol::show).post(enrol::choose))
        .route("/enrol/{secret}/provider", get(oidc::pages::go_to_enrol))
        .route("/sign-out", post(sign_in::leave))
        .route("/administration", get(administration::show))
        .route("/administration/second-factor", post(administration::require))
        .route("/administration/people", post(administration::add))
        .route(
            "/administration/people/{id}",
            get(administration::person::show).post(administration::person::change),
        )
        .route("/administration/people/{id}/link", post(administration::person::link))
        .route("/administration/people/{id}/reset", post(administration::person::reset))
        .route("/administration/people/{id}/unlink", post(administration::person::unlink))
        .route("/administration/people/{id}/disable", post(administration::person::disable))
        .route("/administration/people/{id}/enable", post(administration::person::enable))
        .route("/account", get(account::show))
        .route("/account/provider", get(oidc::pages::show).post(oidc::pages::link))
        .route("/account/provider/go", get(oidc::pages::go_to_link))
        .route("/account/provider/unlink", post(oidc::pages::unlink))
        .route("/account/mail", post(account::set_mail))
        .route("/account/password", post(account::change_password))
        .route("/account/devices/end-others", post(account::end_others))
        .route("/account/devices/{handle}/end", post(account::end_device))
        .route(
            "/account/second-factor",
            get(account::second_factor::show).post(account::second_factor::confirm),
        )
        .route("/account/recovery-codes", post(account::second_factor::renew))
        .route("/account/tokens", post(account::token::make))
        .route("/account/tokens/{id}/revoke", post(account::token::revoke))
        .route("/records/{kind}", get(record::list))
        .route("/records/{kind}/csv", get(record::list::csv))
        .route("/records/{kind}/bulk", get(record::bulk::back).post(record::bulk::act))
        .route("/records/{kind}/new", get(record::show_new).post(record::create))
        .route("/records/{kind}/{id}", get(record::show))
        .route("/records/{kind}/{id}/history", get(record::history::show))
        .route("/records/{kind}/{id}/documents/{digest}", get(document::save))
        .route("/records/examination/{id}/items", get(items::show))
        .route("/records/examination/{id}/items/{item}/preview", get(preview::show))
        .route("/records/{kind}/{id}/acts/{act}", get(record::show_act).post(record::perform))
        .route("/records/search/{id}/plan", get(record::plan::show))
        .route("/operation", get(operation::show))
        .route("/inbox", get(inbox::show))
        .route("/approvals", get(approvals::show))
        .route("/calendar", get(calendar::show))
        .route("/calendar.ics", get(calendar::ics::save))
        .route("/children", get(children::show))
        .route("/children/csv", get(children::csv))
        .route("/my-work/csv", get(work::csv))
        .route("/durations", get(durations::show))
        .route("/durations.csv", get(durations::csv))
        .route("/figures", get(figures::show))
        .route("/figures/over-time", get(figures::over_time::show))
        .route("/figures/{moment}", get(figures::show_as_at))
        .route("/figures/behind/{figure}", get(figures::behind::show))
        .route("/figures/behind/{figure}/csv", get(figures::behind::csv))
        .route("/figures/releases/{number}", get(figures::release::show))
        .route("/figures/releases/{number}/csv", get(figures::release::csv))
        .route("/figures/releases/{number}/json", get(figures::release::as_json))
        .route("/audit", get(audit::show))
        .route("/audit/export", post(audit_export::export))
        .route("/search", get(search::show))
        .route("/search/csv", get(search::csv))
        .route("/notifications/stream", get(notifications::stream))
        .route("/saved", post(saved::save))
        .route("/saved/{id}/forget", post(saved::forget))
        .route("/take-next", get(take_next::show).post(take_next::take))
        .route("/take-next/{id}/give-back", post(take_next::give_back))
        .route("/reason/owed", get(pages::reason::show_owed).post(pages::reason::settle))
        .route("/reason", get(pages::reason::show).post(pages::reason::give))
        .layer(from_fn_with_state(app.clone(), reason::ask))
        .layer(from_fn_with_state(app.clone(), resume::keep))
        .layer(session::layer(&app))
        .route("/api/token", get(bearer::show))
        .route("/assets/{name}", get(assets::serve))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .fallback(missing)
        .layer(CsrfLayer::new().with_rejection_response(|_| WebError::CrossSite.into_response()))
        // Programs send a token and never a cookie: there is no session to lend to another site.
        .nest(api::BASE, api::router())
        .layer(from_fn(security::headers))
        .layer(CompressionLayer::new())
        .with_state(app)
}

async fn missing() -> Response {
    WebError::NotFound.into_response()
}
