//! `pendeen serve`: it listens, answers, and stops when it is asked to.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use crate::support::{command, pendeen, text};

/// A port that nobody listens on at the moment.
fn free() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// What the server answers to a request for this page.
fn get(address: SocketAddr, page: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET {page} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn wait_until_it_listens(address: SocketAddr, server: &mut Child) {
    // Another process opens its socket: there is no event to wait for.
    while TcpStream::connect(address).is_err() {
        assert_eq!(server.try_wait().unwrap(), None, "the server ended");
        std::thread::yield_now();
    }
}

#[test]
fn the_pages_are_served_until_the_program_is_asked_to_stop() {
    let dir = tempfile::tempdir().unwrap();
    for signal in ["-TERM", "-INT"] {
        let address = free();
        let mut start = command(["serve", "--data", text(dir.path()), "--listen"]);
        start.arg(address.to_string()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut server = start.spawn().unwrap();
        wait_until_it_listens(address, &mut server);
        let page = get(address, "/sign-in");
        assert!(page.starts_with("HTTP/1.1 200"), "{page}");
        let lower = page.to_lowercase();
        assert!(lower.contains("content-security-policy:"), "{page}");
        assert!(lower.contains("<form") && lower.contains("type=\"password\""), "{page}");
        // Nobody has signed in: nothing but the way there is shown.
        for page in ["/", "/figures", "/records/subject", "/audit"] {
            let answer = get(address, page);
            assert!(answer.starts_with("HTTP/1.1 303"), "{page}: {answer}");
        }
        let pid = server.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let ended = server.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(0), "{signal}: {said}");
        assert!(
            said.contains(&format!("http://{address}/")) && !said.contains("panicked"),
            "{said}"
        );
    }
}

#[test]
fn an_address_that_is_taken_is_named_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = pendeen(["serve", "--data", text(dir.path()), "--listen", &address]).ended(1);
    let said = ran.stderr();
    assert!(said.contains("choose another address") && said.contains(&address), "{said}");
}

/// Starts `pendeen serve` with these options more, waits until it listens.
fn serve(data: &std::path::Path, address: SocketAddr, more: &[&str]) -> Child {
    let mut start = command(["serve", "--data", text(data), "--listen"]);
    start.arg(address.to_string()).args(more).env("PENDEEN_LOG", "info");
    start.env("PENDEEN_LOG_FORMAT", "json").stdout(Stdio::null()).stderr(Stdio::piped());
    let mut server = start.spawn().unwrap();
    wait_until_it_listens(address, &mut server);
    server
}

fn stop(mut server: Child) -> String {
    let pid = server.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let mut said = String::new();
    server.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(server.wait().unwrap().code(), Some(0), "{said}");
    said
}

#[test]
fn health_and_metrics_are_told_without_personal_data_and_metrics_only_on_their_own_address() {
    let dir = tempfile::tempdir().unwrap();
    let (pages, metrics) = (free(), free());
    let server = serve(dir.path(), pages, &["--metrics", &metrics.to_string()]);
    assert!(get(pages, "/healthz").ends_with("alive\n"));
    assert!(get(pages, "/readyz").starts_with("HTTP/1.1 200"));
    let unknown = "/records/subject/00000000-0000-0000-0000-0000000000aa";
    assert!(get(pages, unknown).starts_with("HTTP/1.1 303"));
    assert!(get(pages, "/metrics").starts_with("HTTP/1.1 404"));
    let told = get(metrics, "/metrics");
    assert!(told.contains("pendeen_database_up 1"), "{told}");
    let counted =
        r#"pendeen_requests_total{method="GET",route="/records/{kind}/{id}",answer="3xx"} 1"#;
    assert!(told.contains(counted), "{told}");
    assert!(!told.contains("0000000000aa"), "an address of a record: {told}");
    let said = stop(server);
    let line = said.lines().find(|line| line.contains("/records/{kind}/{id}")).unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["fields"]["status"], 303);
    assert!(!said.contains("0000000000aa"), "an address of a record: {said}");
}

#[test]
fn pages_are_served_over_tls_with_secure_cookies() {
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = (dir.path().join("chain.pem"), dir.path().join("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
        .args(["-keyout", text(&key), "-out", text(&certificate)])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let (data, address) = (dir.path().join("data"), free());
    let tls = ["--tls-certificate", text(&certificate), "--tls-key", text(&key)];
    let server = serve(&data, address, &tls);
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-verify_return_error", "-servername", "localhost"])
        .args(["-verify_hostname", "localhost", "-CAfile", text(&certificate)])
        .args(["-connect", &address.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let request = b"GET /sign-in HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    client.stdin.as_mut().unwrap().write_all(request).unwrap();
    let answer = String::from_utf8_lossy(&client.wait_with_output().unwrap().stdout).to_lowercase();
    assert!(answer.starts_with("http/1.1 200"), "{answer}");
    assert!(answer.contains("strict-transport-security: max-age="), "{answer}");
    // Whoever speaks plain HTTP here is not answered with a page.
    let mut plain = TcpStream::connect(address).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
    stop(server);

    let swapped = ["--tls-certificate", text(&key), "--tls-key", text(&certificate)];
    let mut start = vec!["serve", "--data", text(&data), "--listen", "127.0.0.1:0"];
    start.extend(swapped);
    let said = pendeen(start).ended(1).stderr();
    assert!(said.contains("no private key can be read") && said.contains("chain.pem"), "{said}");
}
