//! The way in: a socket, TLS where it is asked for, health and metrics, and an orderly stop.
//!
//! In: where to listen, a certificate and its key, and where the metrics are told. Out: the
//! pages on one address, `/healthz` and `/readyz` beside them, and `/metrics` on another, which
//! a monitoring system reaches and the public does not. Requests under way are finished before
//! the program stops, for at most [`FAREWELL`].

pub(crate) mod health;
pub(crate) mod metrics;
mod tls;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::http::{HeaderValue, header};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use axum::serve::IncomingStream;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_http::set_header::SetResponseHeaderLayer;

use crate::app::App;
use crate::mail;
use crate::request::Peer;
use crate::{router, session};
use metrics::Metrics;
pub use tls::TlsError;

/// How long requests under way may still take once the program is asked to stop.
const FAREWELL: Duration = Duration::from_secs(20);

/// Where and how the pages are served.
#[derive(Debug, Clone)]
pub struct Front {
    /// The address of the pages.
    pub listen: SocketAddr,
    /// HTTPS with this certificate; plain HTTP, for a proxy on the same machine, without.
    pub tls: Option<Certificate>,
    /// Where `/metrics` is told, if anywhere: an address that only monitoring reaches.
    pub metrics: Option<SocketAddr>,
}

/// Files that `serve` reads once, at its start.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// The certificate chain in PEM, the server's own first.
    pub chain: PathBuf,
    /// Its private key in PEM.
    pub key: PathBuf,
}

/// Why the pages cannot be served.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The address is taken, or not ours to listen on: choose another with `--listen`.
    #[error("cannot listen on {address}; choose another address")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Connections can no longer be accepted.
    #[error("serving stopped")]
    Serve(#[source] std::io::Error),
}

/// Serves until `shutdown` is ready.
pub async fn serve(
    front: &Front,
    app: App,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let metrics = Metrics::default();
    let acceptor = front.tls.as_ref().map(tls::acceptor).transpose()?;
    let listener = bind(front.listen).await?;
    let told = match front.metrics {
        Some(address) => Some((bind(address).await?, metrics.clone(), app.clone())),
        None => None,
    };
    session::forget_over(&app).await;
    let (stop, stopping) = watch::channel(false);
    let hourly = session::forget_hourly(app.clone());
    let notices = app.notices.clone();
    let mail = mail::turns(app.clone());
    let pages = measured(router(app), metrics);
    let farewell = {
        let mut stopping = stopping.clone();
        async move {
            let _ = stopping.wait_for(|stop| *stop).await;
            tokio::time::sleep(FAREWELL).await;
            tracing::warn!("some requests were not finished in time");
        }
    };
    let served = async {
        let stopped = stopped(stopping);
        match acceptor {
            None => {
                let pages = pages.into_make_service_with_connect_info::<Peer>();
                axum::serve(listener, pages).with_graceful_shutdown(stopped).await
            }
            Some(acceptor) => {
                let listener = tls::Listener::new(listener, acceptor);
                let strict = HeaderValue::from_static("max-age=31536000");
                let header = header::STRICT_TRANSPORT_SECURITY;
                let pages = pages.layer(SetResponseHeaderLayer::overriding(header, strict));
                let pages = pages.into_make_service_with_connect_info::<Peer>();
                axum::serve(listener, pages).with_graceful_shutdown(stopped).await
            }
        }
    };
    tokio::spawn(async move {
        shutdown.await;
        notices.close();
        let _ = stop.send(true);
    });
    tokio::select! {
        served = served => served.map_err(ServeError::Serve),
        told = tell(told) => told.map_err(ServeError::Serve),
        () = hourly => Ok(()),
        () = mail => Ok(()),
        () = farewell => Ok(()),
    }
}

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self(Some(*stream.remote_addr()))
    }
}

impl Connected<IncomingStream<'_, tls::Listener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, tls::Listener>) -> Self {
        Self(Some(*stream.remote_addr()))
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| ServeError::Listen { address, source })
}

fn measured(pages: Router, metrics: Metrics) -> Router {
    pages.layer(from_fn_with_state(metrics, metrics::measure))
}

/// Tells the metrics until the program ends; without an address, waits for ever.
async fn tell(told: Option<(TcpListener, Metrics, App)>) -> std::io::Result<()> {
    let Some((listener, metrics, app)) = told else { return std::future::pending().await };
    let page = Router::new().route("/metrics", get(metrics::tell)).with_state((metrics, app));
    axum::serve(listener, page).await
}
