//! Signing in and out.

use askama::Template;
use axum::extract::Query;
use axum::response::Response;
use serde::Deserialize;

use crate::error::{WebError, page};
use crate::shell::Shell;
use crate::view::FormError;

/// The sign-in page.
#[derive(Debug, Template)]
#[template(path = "sign_in.html")]
pub(crate) struct SignIn {
    pub(crate) shell: Shell,
    pub(crate) errors: Vec<FormError>,
    pub(crate) username: String,
    pub(crate) next: String,
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
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    }
}

/// Where to go after signing in.
#[derive(Debug, Deserialize)]
pub(crate) struct Next {
    #[serde(default)]
    next: String,
}

/// An address on this site, or `/`: nobody is sent elsewhere.
fn local(next: &str) -> &str {
    let ours = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n']);
    if ours { next } else { "/" }
}

/// `GET /sign-in`.
pub(crate) async fn show(Query(next): Query<Next>) -> Result<Response, WebError> {
    page(&SignIn {
        shell: Shell::bare("Sign in"),
        errors: Vec::new(),
        username: String::new(),
        next: local(&next.next).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site_after_signing_in() {
        assert_eq!(local("/records/case?x=1"), "/records/case?x=1");
        for foreign in ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\r\nb"] {
            assert_eq!(local(foreign), "/", "{foreign:?}");
        }
        assert_eq!(address("/a?b=c&d"), "/sign-in?next=/a%3Fb%3Dc%26d");
    }
}
