//! Signing in and out.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use pendeen_store::StoreError;
use serde::Deserialize;
use tower_sessions::Session;

use crate::app::App;
use crate::error::{WebError, page, refused, see_other};
use crate::request::{Asked, SentAs};
use crate::session::{EPOCH, PERSON};
use crate::shell::Shell;
use crate::view::FormError;
use crate::viewer::Viewer;

/// The sign-in page.
#[derive(Debug, Template)]
#[template(path = "sign_in.html")]
pub(crate) struct SignIn {
    pub(crate) shell: Shell,
    pub(crate) errors: Vec<FormError>,
    pub(crate) username: String,
    pub(crate) next: String,
}

/// Where to go after signing in.
#[derive(Debug, Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    next: String,
}

/// What is filled in.
#[derive(Deserialize)]
pub(crate) struct Credentials {
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// The sign-in page's address, to go on to `next` afterwards.
pub(crate) fn address(next: &str) -> String {
    if next == "/" {
        return "/sign-in".to_owned();
    }
    let coded: String = next.bytes().map(code).collect();
    format!("/sign-in?next={coded}")
}

fn code(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    }
}

/// An address on this site, or `/`: nobody is sent elsewhere.
fn local(next: &str) -> &str {
    // Browsers drop tabs and line breaks from an address and read `\` as `/`.
    let ours = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains(|c: char| c == '\\' || c.is_control());
    if ours { next } else { "/" }
}

/// `GET /sign-in`.
pub(crate) async fn show(Asked(next): Asked<Next>) -> Result<Response, WebError> {
    page(&SignIn {
        shell: Shell::bare("Sign in"),
        errors: Vec::new(),
        username: String::new(),
        next: local(&next.next).to_owned(),
    })
}

/// `POST /sign-in`.
pub(crate) async fn enter(
    State(app): State<App>,
    session: Session,
    SentAs(typed): SentAs<Credentials>,
) -> Result<Response, WebError> {
    let found = app.store.authenticate(&typed.username, &typed.password, app.now()).await;
    let problem = match found {
        Ok(Some(person)) => {
            let epoch = app.store.sign_in_epoch(person.id).await?;
            let broken = |e: tower_sessions::session::Error| WebError::Internal(e.to_string());
            session.cycle_id().await.map_err(broken)?;
            session.insert(PERSON, person.id).await.map_err(broken)?;
            // None where the account was disabled meanwhile: the session is nobody's.
            if let Some(epoch) = epoch {
                session.insert(EPOCH, epoch).await.map_err(broken)?;
            }
            return see_other(local(&typed.next));
        }
        Ok(None) => "Enter a user name and password that belong together",
        Err(StoreError::SlowDown { .. }) => {
            "Too many attempts for this user name: wait half a minute, then try again"
        }
        Err(error) => return Err(error.into()),
    };
    refused(&SignIn {
        shell: Shell::bare("Sign in"),
        errors: vec![FormError { field: "username".to_owned(), text: problem.to_owned() }],
        username: typed.username,
        next: local(&typed.next).to_owned(),
    })
}

/// `POST /sign-out`.
pub(crate) async fn leave(
    State(app): State<App>,
    viewer: Viewer,
    session: Session,
) -> Result<Response, WebError> {
    app.store.signed_out(&viewer.person, app.now()).await?;
    session.flush().await.map_err(|e| WebError::Internal(e.to_string()))?;
    see_other("/sign-in")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site_after_signing_in() {
        assert_eq!(local("/records/case?x=1"), "/records/case?x=1");
        for foreign in [
            "//evil.example",
            "https://evil.example",
            "evil.example",
            "/\\evil.example",
            "/a\\b",
            "",
            "/a\r\nb",
            "/\t/evil.example/x",
            "\t//evil.example",
            "/\0/evil.example",
            "/\u{85}/evil.example",
        ] {
            assert_eq!(local(foreign), "/", "{foreign:?}");
        }
        assert_eq!(address("/a?b=c&d"), "/sign-in?next=/a%3Fb%3Dc%26d");
    }
}
