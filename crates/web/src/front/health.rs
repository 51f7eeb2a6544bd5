//! `/healthz`: the program answers. `/readyz`: it can work, which takes the database.
//!
//! Both tell whoever asks one word and nothing of the case data.

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;

/// `GET /healthz`.
pub(crate) async fn alive() -> &'static str {
    "alive\n"
}

/// `GET /readyz`: 503 while the database does not answer, for a balancer to look elsewhere.
pub(crate) async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    match app.store.audit_count().await {
        Ok(_) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::warn!(%error, "the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}
