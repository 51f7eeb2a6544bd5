//! Counts and durations of requests, in Prometheus' text form; no personal data.
//!
//! A request is known by the pattern of its address (`/records/{kind}/{id}`), never by the
//! address itself, and by the class of its answer. The same goes into the log, one line per
//! request at level `info`.
//!
//! Source: OpenMetrics 1.0.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::app::App;

/// Upper ends of the classes of durations, in seconds.
const SECONDS: [f64; 11] = [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: String,
    route: String,
    answer: String,
}

/// What is counted. Cheap to clone; clones count together.
#[derive(Clone)]
pub(crate) struct Metrics {
    requests: Family<Labels, Counter>,
    durations: Family<Labels, Histogram>,
    leaves: Gauge,
    database: Gauge,
    registry: Arc<Registry>,
}

impl Default for Metrics {
    fn default() -> Self {
        let requests = Family::default();
        let durations =
            Family::<Labels, Histogram>::new_with_constructor(|| Histogram::new(SECONDS));
        let (leaves, database) = (Gauge::default(), Gauge::default());
        let mut registry = Registry::with_prefix("pendeen");
        registry.register("requests", "Requests answered", requests.clone());
        let took = "Time from a request to the head of its answer";
        registry.register_with_unit("request_duration", took, Unit::Seconds, durations.clone());
        registry.register("audit_leaves", "Entries of the audit log", leaves.clone());
        registry.register("database_up", "1 while the database answers", database.clone());
        Self { requests, durations, leaves, database, registry: Arc::new(registry) }
    }
}

/// Counts one request.
pub(crate) async fn measure(
    State(metrics): State<Metrics>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().to_string();
    let response = next.run(request).await;
    let took = began.elapsed();
    let status = response.status();
    tracing::info!(
        target: "pendeen_web::request",
        %method, %route, status = status.as_u16(), micros = took.as_micros(), "answered"
    );
    let labels = Labels { method, route, answer: format!("{}xx", status.as_u16() / 100) };
    metrics.requests.get_or_create(&labels).inc();
    metrics.durations.get_or_create(&labels).observe(took.as_secs_f64());
    response
}

/// `GET /metrics`, on its own address.
pub(crate) async fn tell(State((metrics, app)): State<(Metrics, App)>) -> Response {
    let leaves = app.store.audit_count().await;
    metrics.database.set(leaves.is_ok().into());
    if let Ok(leaves) = leaves {
        metrics.leaves.set(i64::try_from(leaves).unwrap_or(i64::MAX));
    }
    let mut text = String::new();
    if encode(&mut text, &metrics.registry).is_err() {
        return axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    const FORM: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, FORM)], text).into_response()
}
