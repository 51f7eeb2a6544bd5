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
