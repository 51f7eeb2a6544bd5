//! What the API answers when it cannot do what was asked, as `application/problem+json`.
//!
//! What a person may not see and what does not exist give the same answer, byte for byte. A
//! refusal of the domain names the field, and where one role can supply what is missing, that
//! role. The cause of a failure on our side goes to the log and not to the caller.
//!
//! Source: RFC 9457.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pendeen_casework::form::Refusal;
use pendeen_store::StoreError;
use serde_json::{Map, Value, json};

use crate::error::WebError;

/// The media type of problems.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Problem {
    status: StatusCode,
    /// Names the sort of problem for a program.
    sort: &'static str,
    title: &'static str,
    detail: String,
    more: Map<String, Value>,
}

/// What is wrong with one field or parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Its name.
    pub field: String,
    /// What is wrong and what is wanted.
    pub problem: String,
}

impl Wrong {
    /// The field or parameter `field` is not as wanted.
    pub(crate) fn new(field: &str, problem: impl Into<String>) -> Self {
        Self { field: field.to_owned(), problem: problem.into() }
    }
}

impl Problem {
    fn new(
        status: StatusCode,
        sort: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self { status, sort, title, detail: detail.into(), more: Map::new() }
    }

    /// The same with one more member.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// Nothing there, or nothing that the person may know of.
    pub(crate) fn missing() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "missing",
            "Not found",
            "there is nothing at this address, or your role and force do not open it",
        )
    }

    /// The address knows no such method.
    pub(crate) fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method",
            "Not possible here",
            "this address does not know the method; the Allow header names those that it knows",
        )
    }

    /// No token that opens anything.
    pub(crate) fn unknown_token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_token",
            "No token in force",
            "send a token in force as Authorization: Bearer; make one on your account page",
        )
        .with("error", "invalid_token")
    }

    /// A token for something else.
    pub(crate) fn out_of_scope(scope: &str) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "insufficient_scope",
            "The token is not for this",
            format!("the token is not for this: it needs the scope {scope}"),
        )
        .with("error", "insufficient_scope")
    }

    /// A request that cannot be read.
    pub(crate) fn unreadable(detail: impl Into<String>) -> Self {
        let title = "The request cannot be read";
        Self::new(StatusCode::BAD_REQUEST, "unreadable", title, detail)
    }

    /// Parameters that are not as wanted.
    pub(crate) fn parameters(wrong: &[Wrong]) -> Self {
        let detail = "a parameter is not as wanted; see errors";
        Self::unreadable(detail).with("errors", errors(wrong))
    }

    /// Something is consulted without a reason, where one is asked for.
    pub(crate) fn reason_wanted() -> Self {
        Self::new(
            StatusCode::PRECONDITION_REQUIRED,
            "reason_wanted",
            "A reason is wanted",
            "say in the header X-Consultation-Reason why this is consulted",
        )
    }

    /// A body of another media type.
    pub(crate) fn media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media_type",
            "The body must be JSON",
            "send the body as application/json",
        )
    }

    /// A body that is longer than is read.
    pub(crate) fn too_long(most: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_long",
            "The body is too long",
            format!("nothing was done: send at most {most} bytes"),
        )
    }

    /// Fields that are not as wanted.
    pub(crate) fn fields(wrong: &[Wrong]) -> Self {
        Self::refused("a field is not as wanted; see errors").with("errors", errors(wrong))
    }

    /// Another request was sent under the same key before.
    pub(crate) fn key_reused() -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "key_reused",
            "The idempotency key was used before",
            "nothing was done: another record was made under this key; send another key",
        )
    }

    /// Somebody acted in between.
    pub(crate) fn moved(now: u32) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "moved",
            "Somebody changed this record",
            format!("nothing was done: the record is now at version {now}; read it again"),
        )
        .with("current_version", now)
    }

    fn refused(detail: impl Into<String>) -> Self {
        let title = "Refused";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", title, detail)
    }

    fn failed() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failed",
            "Something failed on our side",
            "nothing was done; try again, and if it stays, tell your administrator the time",
        )
    }
}

fn errors(wrong: &[Wrong]) -> Value {
    wrong.iter().map(|w| json!({ "field": w.field, "problem": w.problem })).collect()
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let problem = Self::refused(refusal.to_string());
        match &refusal {
            Refusal::Field { name, problem: wrong, .. } => {
                problem.with("errors", errors(&[Wrong::new(name, wrong)]))
            }
            Refusal::Missing { who: Some(role), .. } => problem.with("who", role.key()),
            _ => problem,
        }
    }
}

impl From<WebError> for Problem {
    fn from(error: WebError) -> Self {
        match error {
            WebError::NotFound => Self::missing(),
            WebError::Erased(hole) => {
                let title = "This record was erased";
                let detail = format!("erased under {}", hole.decision);
                Self::new(StatusCode::GONE, "erased", title, detail)
                    .with("number", hole.number)
                    .with("erased_at", hole.at.to_string())
                    .with("erased_by", hole.approved_by_name)
            }
            WebError::Unreadable(problem) => Self::unreadable(problem),
            WebError::CrossSite | WebError::SignIn(_) => Self::failed(),
            WebError::Internal(cause) => {
                tracing::error!(%cause, "an answer to a program failed");
                Self::failed()
            }
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => refusal.into(),
            StoreError::Moved { now, .. } => Self::moved(now),
            StoreError::Conflict(why) => {
                Self::new(StatusCode::CONFLICT, "conflict", "In conflict with what is there", why)
            }
            other => WebError::from(other).into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = self.more;
        body.insert("type".to_owned(), format!("urn:pendeen:problem:{}", self.sort).into());
        body.insert("title".to_owned(), self.title.into());
        body.insert("status".to_owned(), self.status.as_u16().into());
        body.insert("detail".to_owned(), self.detail.into());
        let media_type = HeaderValue::from_static(MEDIA_TYPE);
        (self.status, [(header::CONTENT_TYPE, media_type)], Value::Object(body).to_string())
            .into_response()
    }
}
