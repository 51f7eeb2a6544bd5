//! TLS 1.2 and 1.3 by rustls: connections that have shaken hands.
//!
//! Handshakes go on beside each other and are given up after [`HANDSHAKE`], so that a client
//! that stays silent holds nobody up.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::server::TlsStream;

use super::Certificate;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Handshakes under way at most; beyond, connections wait in the system's queue.
const AT_ONCE: usize = 512;

/// Why there can be no TLS. Whoever starts the program can mend it.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read, or holds no such thing in PEM.
    #[error("no {what} can be read from {path}")]
    File {
        /// Certificate or private key.
        what: &'static str,
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// The two do not go together.
    #[error("the certificate and the key cannot be used: are they a pair?")]
    Pair(#[source] tokio_rustls::rustls::Error),
}

/// Reads certificate and key.
pub fn acceptor(files: &Certificate) -> Result<TlsAcceptor, TlsError> {
    let unreadable = |what, path: &std::path::Path| {
        let path = path.display().to_string();
        move |source| TlsError::File { what, path, source }
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.chain)
        .and_then(Iterator::collect)
        .map_err(unreadable("certificate", &files.chain))?;
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(unreadable("private key", &files.key))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(TlsError::Pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// A socket whose connections have shaken hands.
pub struct Listener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
    handshakes: JoinSet<Option<(TlsStream<TcpStream>, SocketAddr)>>,
}

impl Listener {
    /// Over this socket.
    pub fn new(tcp: TcpListener, acceptor: TlsAcceptor) -> Self {
        Self { tcp, acceptor, handshakes: JoinSet::new() }
    }
}

impl axum::serve::Listener for Listener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let room = self.handshakes.len() < AT_ONCE;
            tokio::select! {
                Some(done) = self.handshakes.join_next() => {
                    if let Ok(Some(connection)) = done {
                        return connection;
                    }
                }
                (stream, address) = axum::serve::Listener::accept(&mut self.tcp), if room => {
                    let acceptor = self.acceptor.clone();
                    self.handshakes.spawn(async move {
                        match timeout(HANDSHAKE, acceptor.accept(stream)).await {
                            Ok(Ok(stream)) => Some((stream, address)),
                            Ok(Err(error)) => {
                                tracing::debug!(%error, "a TLS handshake failed");
                                None
                            }
                            Err(_) => None,
                        }
                    });
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}
