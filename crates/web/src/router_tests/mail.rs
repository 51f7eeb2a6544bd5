//! Letters, as a relay gets them: a small SMTP server on this machine takes them.

use pendeen_casework::person::Role;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;

use axum::http::StatusCode;

use super::{HOSTILE, Site};
use crate::mail::{Mail, MailError, MailSettings, MailTls, turn};

/// What the relay was given, letter by letter.
type Taken = Arc<Mutex<Vec<String>>>;

/// Takes letters for as long as the test runs, as RFC 5321 has it, without extensions.
async fn relay() -> (u16, Taken) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (port, taken) = (listener.local_addr().unwrap().port(), Taken::default());
    let letters = Arc::clone(&taken);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (read, mut write) = stream.into_split();
            let mut lines = BufReader::new(read).lines();
            write.write_all(b"220 relay\r\n").await.unwrap();
            let mut letter: Option<String> = None;
            while let Ok(Some(line)) = lines.next_line().await {
                if let Some(text) = &mut letter {
                    if line == "." {
                        letters.lock().unwrap().extend(letter.take());
                        write.write_all(b"250 taken\r\n").await.unwrap();
                    } else {
                        text.push_str(&line);
                        text.push('\n');
                    }
                    continue;
                }
                let answer: &[u8] = match line.split(' ').next().unwrap() {
                    "DATA" => b"354 go on\r\n",
                    "QUIT" => b"221 bye\r\n",
                    _ => b"250 relay\r\n",
                };
                if line == "DATA" {
                    letter = Some(String::new());
                }
                write.write_all(answer).await.unwrap();
            }
        }
    });
    (port, taken)
}

fn settings(host: &str, port: u16, tls: MailTls) -> MailSettings {
    MailSettings {
        host: host.to_owned(),
        port,
        from: "Pendeen <pendeen@example.org>".to_owned(),
        address: "https://pendeen.example.org/".to_owned(),
        tls,
    }
}

#[tokio::test]
async fn a_letter_tells_how_many_things_wait_and_nothing_else_and_goes_once() {
    let site = Site::new().await;
    let cookie = site.sign_in(Role::IntelligenceOfficer).await;
    let person = site.store.people().await.unwrap();
    let person = person.iter().find(|one| one.username == "intelligence_officer").unwrap();
    let a_day_ago = site.app.now() - jiff::SignedDuration::from_hours(24);
    let address = "officer@example.org";
    site.store.set_mail_address(&person.person, address, a_day_ago).await.unwrap();
    for reference in ["R-1", "R-2", "R-3"] {
        let form = [("source", HOSTILE), ("reference", reference), ("summary", "Sample Person")];
        let made = site.post(&cookie, "/records/referral/new", &form).await;
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
    }
    let closed = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap().port();
    let down = Mail::new(&settings("127.0.0.1", closed, MailTls::None)).unwrap();
    turn(&site.app, &down).await.unwrap();

    let (port, taken) = relay().await;
    let mail = Mail::new(&settings("127.0.0.1", port, MailTls::None)).unwrap();
    turn(&site.app, &mail).await.unwrap();
    assert!(taken.lock().unwrap().is_empty(), "it is tried again a minute later, not at once");
    let mut later = site.app.clone();
    let minute = site.app.now() + jiff::SignedDuration::from_secs(61);
    later.clock = Arc::new(super::FixedClock(minute));
    for _ in 0..2 {
        turn(&later, &mail).await.unwrap();
    }
    let taken = taken.lock().unwrap().clone();
    assert_eq!(taken.len(), 1, "{taken:?}");
    assert!(taken[0].contains("Subject: 3 items wait for you in Pendeen"), "{taken:?}");
    assert!(taken[0].contains("To: officer@example.org"));
    assert!(taken[0].contains("https://pendeen.example.org/"));
    for secret in ["R-1", "REF-", "Sample", "referral", "Hotline"] {
        assert!(!taken[0].contains(secret), "{secret}: {taken:?}");
    }
}

#[test]
fn a_relay_on_another_machine_is_not_spoken_to_in_the_clear() {
    for host in ["relay.example.org", "10.0.0.1"] {
        let refused = Mail::new(&settings(host, 25, MailTls::None));
        assert!(matches!(refused, Err(MailError::Clear)), "{host}");
    }
    for host in ["localhost", "127.0.0.1", "::1"] {
        assert!(Mail::new(&settings(host, 25, MailTls::None)).is_ok(), "{host}");
    }
}
