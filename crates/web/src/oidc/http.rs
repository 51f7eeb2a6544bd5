//! A small HTTP/1.1 client for the sign-in service, and nothing else.
//!
//! In: one request. Out: its answer, whole. Refused: plain HTTP, except on loopback; an answer
//! longer than [`LONGEST`]; one that is not there after [`PATIENCE`]. Redirects are not followed,
//! so that nobody is led to another address. A connection serves one request: a sign-in makes
//! three at most.
//!
//! Trusted are the authorities that browsers trust (Mozilla's list, in the program), or those of a
//! file and no others.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use openidconnect::http::header::{CONTENT_LENGTH, HOST};
use openidconnect::http::{HeaderValue, Response, Uri};
use openidconnect::url::{Host, Url};
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// How long an answer may take, from connecting to its last byte.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read, in bytes; metadata and keys are a few thousand.
const LONGEST: usize = 1 << 20;

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum HttpError {
    /// The address is not one that is asked: the service's or the settings' fault.
    #[error("{0} is not asked: it must be https, or http on this machine")]
    Address(String),
    /// Nobody listens there, or the network fails.
    #[error("cannot connect to {host}")]
    Connect {
        /// Where to.
        host: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Nothing came in time.
    #[error("no answer from {0} within {seconds} s", seconds = PATIENCE.as_secs())]
    Late(String),
    /// The connection was lost, or what came is no HTTP.
    #[error("the exchange with {host} failed")]
    Exchange {
        /// With whom.
        host: String,
        /// Why.
        #[source]
        source: hyper::Error,
    },
    /// The answer broke off, or is too long.
    #[error("the answer of {host} cannot be read: {why}")]
    Answer {
        /// Whose.
        host: String,
        /// Why not.
        why: String,
    },
}

/// Authorities that cannot be read. Whoever starts the program can mend it.
#[derive(Debug, Error)]
#[error("no certificates can be read from {path}: it must hold authorities in PEM")]
pub struct AuthoritiesError {
    path: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The client. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Http {
    tls: TlsConnector,
}

impl Http {
    /// Trusts the authorities of this file alone, or those that browsers trust.
    pub(crate) fn new(authorities: Option<&Path>) -> Result<Self, AuthoritiesError> {
        let roots = match authorities {
            Some(file) => read(file)?,
            None => webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(),
        };
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|source| AuthoritiesError {
                path: "ring".to_owned(),
                source: Some(source.into()),
            })?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)) })
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let address = request.uri().to_string();
        let url = Url::parse(&address).ok().filter(may_be_asked);
        let (Some(url), Some(host)) = (url, request.uri().host().map(str::to_owned)) else {
            return Err(HttpError::Address(address));
        };
        let answer = timeout(PATIENCE, self.ask(&url, &host, request)).await;
        answer.unwrap_or(Err(HttpError::Late(host)))
    }

    async fn ask(
        &self,
        url: &Url,
        host: &str,
        request: HttpRequest,
    ) -> Result<HttpResponse, HttpError> {
        let failed = |source| HttpError::Connect { host: host.to_owned(), source };
        // An IPv6 address stands in brackets in an URL, and without them in a name.
        let name = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = url.port_or_known_default().unwrap_or(443);
        let tcp = TcpStream::connect((name.as_str(), port)).await.map_err(failed)?;
        if url.scheme() == "http" {
            return exchange(tcp, host, request).await;
        }
        let whom = ServerName::try_from(name).map_err(|error| {
            failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, error))
        })?;
        exchange(self.tls.connect(whom, tcp).await.map_err(failed)?, host, request).await
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// Whether an address is HTTPS, or plain HTTP that does not leave this machine.
pub(crate) fn may_be_asked(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.has_host(),
        "http" => match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        },
        _ => false,
    }
}

fn read(file: &Path) -> Result<RootCertStore, AuthoritiesError> {
    let wrong = |source: Option<Box<dyn std::error::Error + Send + Sync>>| AuthoritiesError {
        path: file.display().to_string(),
        source,
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|e| wrong(Some(e.into())))? {
        let certificate = certificate.map_err(|e| wrong(Some(e.into())))?;
        roots.add(certificate).map_err(|e| wrong(Some(e.into())))?;
    }
    if roots.is_empty() { Err(wrong(None)) } else { Ok(roots) }
}

async fn exchange<S>(stream: S, host: &str, request: HttpRequest) -> Result<HttpResponse, HttpError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let failed = |source| HttpError::Exchange { host: host.to_owned(), source };
    let unreadable = |why: String| HttpError::Answer { host: host.to_owned(), why };
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let (answer, _) = tokio::join!(
        async move {
            let answer = sender.send_request(in_origin_form(request)?).await.map_err(failed)?;
            let (head, body) = answer.into_parts();
            let body = Limited::new(body, LONGEST).collect().await;
            let body = body.map_err(|error| unreadable(error.to_string()))?;
            Ok(Response::from_parts(head, body.to_bytes().to_vec()))
        },
        connection
    );
    answer
}

/// The request as a server takes it: path and query, and the host in a header.
fn in_origin_form(request: HttpRequest) -> Result<hyper::Request<Full<Bytes>>, HttpError> {
    let (mut head, body) = request.into_parts();
    let wrong = || HttpError::Address(head.uri.to_string());
    let host = head.uri.authority().map(|authority| authority.as_str().to_owned());
    let host = host.and_then(|host| HeaderValue::from_str(&host).ok()).ok_or_else(wrong)?;
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let path: Uri = path.parse().map_err(|_| wrong())?;
    head.uri = path;
    head.headers.insert(HOST, host);
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    Ok(hyper::Request::from_parts(head, Full::new(Bytes::from(body))))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use rustls_pki_types::PrivateKeyDer;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;

    use super::*;

    #[test]
    fn plain_http_never_leaves_this_machine() {
        for (address, asked) in [
            ("https://id.example", true),
            ("https://192.0.2.7:8443/x", true),
            ("http://127.0.0.1:9/", true),
            ("http://[::1]:9/", true),
            ("http://localhost/", true),
            ("http://id.example/", false),
            ("http://localhost.evil.example/", false),
            ("http://192.0.2.7/", false),
            ("http://[2001:db8::1]/", false),
            ("file:///etc/passwd", false),
            ("javascript:alert(1)", false),
        ] {
            assert_eq!(may_be_asked(&Url::parse(address).unwrap()), asked, "{address}");
        }
    }

    #[test]
    fn a_file_without_authorities_is_refused_by_name() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for path in [file.path(), Path::new("/nonexistent/ca.pem")] {
            let refusal = Http::new(Some(path)).err().unwrap().to_string();
            assert!(refusal.contains(path.to_str().unwrap()), "{refusal}");
        }
    }

    /// An authority and a certificate of `localhost` that it signed, in this folder.
    fn certify(folder: &Path) {
        let script = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
             -subj /CN=Authority -keyout ca.key -out ca.pem \
             && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
             -subj /CN=localhost -addext subjectAltName=DNS:localhost \
             -addext basicConstraints=critical,CA:FALSE \
             -CA ca.pem -CAkey ca.key -keyout leaf.key -out leaf.pem";
        let made = Command::new("sh").args(["-c", script]).current_dir(folder).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    /// Answers with this text to whoever shakes hands, under the certificate of the folder.
    async fn serve(folder: &Path, answer: Vec<u8>) -> u16 {
        let chain = CertificateDer::pem_file_iter(folder.join("leaf.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.join("leaf.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain.map(Result::unwrap).collect(), key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(tcp).await else { continue };
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(&answer).await;
                let _ = stream.shutdown().await;
            }
        });
        port
    }

    fn answer(body: &[u8]) -> Vec<u8> {
        [format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len()).as_bytes(), body]
            .concat()
    }

    fn request(port: u16) -> HttpRequest {
        let address = format!("https://localhost:{port}/x?y=z");
        openidconnect::http::Request::get(address).body(Vec::new()).unwrap()
    }

    #[tokio::test]
    async fn https_is_believed_under_the_authorities_of_the_file_and_no_others() {
        let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        certify(folder.path());
        certify(other.path());
        let port = serve(folder.path(), answer(b"found")).await;
        let ours = Http::new(Some(&folder.path().join("ca.pem"))).unwrap();
        assert_eq!(ours.send(request(port)).await.unwrap().body(), b"found");
        let others = Http::new(Some(&other.path().join("ca.pem"))).unwrap();
        for stranger in [others, Http::new(None).unwrap()] {
            let refused = stranger.send(request(port)).await.unwrap_err();
            assert!(matches!(refused, HttpError::Connect { .. }), "{refused:?}");
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_too_long_or_no_http_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        certify(folder.path());
        let ours = Http::new(Some(&folder.path().join("ca.pem"))).unwrap();
        let longest = serve(folder.path(), answer(&vec![b'x'; LONGEST])).await;
        assert_eq!(ours.send(request(longest)).await.unwrap().body().len(), LONGEST);
        let long = serve(folder.path(), answer(&vec![b'x'; LONGEST + 1])).await;
        let refused = ours.send(request(long)).await.unwrap_err();
        assert!(matches!(refused, HttpError::Answer { .. }), "{refused:?}");
        let noise = serve(folder.path(), b"noise\r\n\r\n".to_vec()).await;
        let refused = ours.send(request(noise)).await.unwrap_err();
        assert!(matches!(refused, HttpError::Exchange { .. }), "{refused:?}");
    }
}
