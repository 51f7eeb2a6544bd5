//! Why somebody did not get in through the sign-in service, in words for the person.
//!
//! What went wrong in detail goes into the log, never onto the page: it may name addresses of the
//! force's network. Each refusal has a stable key, which the audit log keeps.

use axum::http::StatusCode;
use openidconnect::{ClaimsVerificationError, SignatureVerificationError};
use thiserror::Error;

/// Why somebody did not get in.
#[derive(Debug, Error)]
pub(crate) enum Refusal {
    /// The service does not answer.
    #[error("the sign-in service does not answer: {0}")]
    Down(String),
    /// What it says of itself cannot be used.
    #[error("the sign-in service's metadata cannot be used: {0}")]
    Metadata(String),
    /// It sent the person back with an error.
    #[error("the sign-in service answered with the error {0}")]
    Error(String),
    /// Nothing was begun in this browser, or it was used already, or it took too long.
    #[error("no sign-in is under way in this browser")]
    NotBegun,
    /// The answer belongs to another request.
    #[error("the answer's state is not that of the request")]
    State,
    /// The answer comes from another service.
    #[error("the answer names another issuer")]
    OtherIssuer,
    /// The service did not take its own code back.
    #[error("the sign-in service did not take the code: {0}")]
    Code(String),
    /// The token is not one for this sign-in.
    #[error("the token is refused ({key}): {detail}")]
    Token {
        /// What is wrong with it, as a stable key.
        key: &'static str,
        /// In the library's words.
        detail: String,
    },
    /// The service's clock or ours is wrong, or the answer was held back.
    #[error("the token is over: {0}")]
    Expired(String),
    /// The identity is linked to no account.
    #[error("the identity is linked to no account")]
    NotLinked,
    /// The account is disabled.
    #[error("the account is disabled")]
    Disabled,
}

impl Refusal {
    /// The stable key.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::Down(_) => "provider down",
            Self::Metadata(_) => "metadata",
            Self::Error(_) => "error returned",
            Self::NotBegun => "not begun",
            Self::State => "state",
            Self::OtherIssuer => "other issuer",
            Self::Code(_) => "code",
            Self::Token { key, .. } => key,
            Self::Expired(_) => "expired",
            Self::NotLinked => "not linked",
            Self::Disabled => "disabled",
        }
    }

    /// The answer's status: the service's faults are told from the person's.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Down(_)
            | Self::Metadata(_)
            | Self::OtherIssuer
            | Self::Code(_)
            | Self::Token { .. } => StatusCode::BAD_GATEWAY,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    /// What the person reads: what happened, and what to do.
    pub(crate) fn lines(&self) -> [&'static str; 2] {
        match self {
            Self::Down(_) => [
                "The sign-in service does not answer.",
                "Try again in a few minutes, or sign in with your user name and password if you have them.",
            ],
            Self::Metadata(_) => [
                "The sign-in service is not set up as this site expects.",
                "Tell your administrator the time; the log has the details.",
            ],
            Self::Error(error) if error == "access_denied" => [
                "The sign-in was cancelled, or the service refused it.",
                "If you did not cancel it, ask whoever runs the service whether you may use this site.",
            ],
            Self::Error(_) => [
                "The sign-in service could not sign you in.",
                "Try again; if it stays, tell your administrator the time.",
            ],
            Self::NotBegun => [
                "This sign-in was not begun in this browser, was used already, or took too long.",
                "Begin again.",
            ],
            Self::State => [
                "This answer belongs to another sign-in, perhaps one begun in another tab.",
                "Begin again, and go through with it in one tab.",
            ],
            Self::OtherIssuer | Self::Code(_) | Self::Token { .. } => [
                "The answer of the sign-in service could not be verified, so it was not believed.",
                "Begin again; if it stays, tell your administrator the time.",
            ],
            Self::Expired(_) => [
                "The answer of the sign-in service came too late.",
                "Begin again; if it stays, a clock is wrong: tell your administrator.",
            ],
            Self::NotLinked => [
                "The service knows you, but no account here is linked to you.",
                "Sign in with user name and password and link it on Your account, or ask your administrator for a one-time link.",
            ],
            Self::Disabled => ["Your account here is disabled.", "Ask your administrator."],
        }
    }
}

impl From<ClaimsVerificationError> for Refusal {
    fn from(error: ClaimsVerificationError) -> Self {
        let key = match &error {
            ClaimsVerificationError::Expired(detail) => return Self::Expired(detail.clone()),
            ClaimsVerificationError::InvalidAudience(_) => "audience",
            ClaimsVerificationError::InvalidIssuer(_) => "issuer",
            ClaimsVerificationError::InvalidNonce(_) => "nonce",
            ClaimsVerificationError::SignatureVerification(_) => "signature",
            _ => "claims",
        };
        let detail = match &error {
            ClaimsVerificationError::SignatureVerification(cause) => cause.to_string(),
            other => other.to_string(),
        };
        Self::Token { key, detail }
    }
}

/// Whether another look at the service's keys may help: it signs with one that is not known yet.
pub(super) fn unknown_key(error: &ClaimsVerificationError) -> bool {
    use ClaimsVerificationError::SignatureVerification;
    matches!(error, SignatureVerification(SignatureVerificationError::NoMatchingKey))
}
