//! Forms that may carry a file: what was typed, and the file, if one was chosen.
//!
//! In: a form as browsers send it, urlencoded or multipart. Out: the typed fields, and the
//! file's bytes with the name it had, which stays text: nothing is opened or written by it.
//! A file over [`LARGEST`] is read to its end and thrown away piece by piece, so that the page
//! can say so and keep what was typed; past [`LONGEST`] the request is not read on. Text beyond
//! [`WORDS`] is refused.
//!
//! Source: RFC 7578 (multipart/form-data).

use axum::extract::multipart::{Field as Part, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::header;
use pendeen_casework::form::{Fields, Refusal};
use pendeen_casework::record::paper;
use pendeen_store::document::DocumentDigest;

use crate::app::App;
use crate::error::WebError;
use crate::request::Sent;

/// The largest file that is kept, in bytes.
pub(crate) const LARGEST: usize = 20 << 20;
/// The longest request that is read at all, in bytes.
const LONGEST: usize = 200 << 20;
/// The most text that a form with a file may hold, in bytes.
const WORDS: usize = 1 << 20;
/// The longest name of a file that is kept, in characters.
const NAME: usize = 200;

/// What a form sent, with its file.
#[derive(Debug)]
pub(crate) struct Filled {
    /// What was typed.
    pub fields: Fields,
    /// The file, where the form has a place for one.
    pub file: Option<Upload>,
}

/// A file that was sent.
#[derive(Debug, Default)]
pub(crate) struct Upload {
    /// What it was called.
    name: Option<String>,
    /// Its bytes, up to one more than [`LARGEST`].
    bytes: Vec<u8>,
}

/// A file that can be kept, and what its record says of it.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// The fields that the program supplies.
    pub pairs: Vec<(String, String)>,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its type by its first bytes.
    pub media_type: &'static str,
}

impl FromRequest<App> for Filled {
    type Rejection = WebError;

    async fn from_request(mut request: Request, app: &App) -> Result<Self, WebError> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
        if !kind.is_some_and(|kind| kind.to_lowercase().starts_with("multipart/form-data")) {
            let Sent(fields) = Sent::from_request(request, app).await?;
            return Ok(Self { fields, file: None });
        }
        DefaultBodyLimit::max(LONGEST).apply(&mut request);
        let mut form = Multipart::from_request(request, app)
            .await
            .map_err(|error| WebError::Unreadable(error.body_text()))?;
        let (mut pairs, mut file, mut left) = (Vec::new(), None, WORDS);
        while let Some(part) = form.next_field().await.map_err(unreadable)? {
            let name = part.name().unwrap_or_default().to_owned();
            if name == paper::DOCUMENT.name {
                file = Some(received(part).await?);
                continue;
            }
            let text = words(part, left).await?;
            left = left.saturating_sub(name.len() + text.len());
            pairs.push((name, text));
        }
        Ok(Self { fields: pairs.into_iter().collect(), file })
    }
}

impl Upload {
    /// A file with the name that it had.
    pub(crate) fn new(name: Option<&str>, bytes: Vec<u8>) -> Self {
        Self { name: name.and_then(named), bytes }
    }

    /// The file with what a record says of it, or what the person can do about it.
    pub(crate) fn kept(self) -> Result<Kept, Refusal> {
        if self.bytes.is_empty() {
            let problem = match self.name {
                Some(_) => "the file is empty; choose another",
                None => "choose a file",
            };
            return Err(refused(problem));
        }
        if self.bytes.len() > LARGEST {
            let most = LARGEST >> 20;
            return Err(refused(&format!(
                "the file is larger than {most} MB and was not kept; choose a smaller one"
            )));
        }
        let known = pendeen_fingerprint::media_type(&self.bytes);
        if runs(known, &self.bytes) {
            return Err(refused("the file is a program, whatever its name says; it was not kept"));
        }
        let media_type = known.unwrap_or("application/octet-stream");
        let digest = DocumentDigest::of(&self.bytes).to_string();
        let size = self.bytes.len().to_string();
        let told = [
            (paper::DOCUMENT, Some(digest)),
            (paper::MEDIA_TYPE, Some(media_type.to_owned())),
            (paper::SIZE, Some(size)),
            (paper::FILE_NAME, self.name),
        ];
        let pairs =
            told.into_iter().filter_map(|(field, value)| Some((field.name.to_owned(), value?)));
        Ok(Kept { pairs: pairs.collect(), bytes: self.bytes, media_type })
    }
}

/// Types that nobody keeps with a case as a document: they could only be run.
const PROGRAMS: [&str; 3] = [
    "application/x-elf",
    "application/x-mach-binary",
    "application/vnd.microsoft.portable-executable",
];

/// Whether the file is a program. One for DOS needs less than the whole header that a type by
/// signature wants: bytes that are no known type and begin like one are not kept either.
fn runs(media_type: Option<&str>, bytes: &[u8]) -> bool {
    match media_type {
        Some(known) => PROGRAMS.contains(&known),
        None => bytes.starts_with(b"MZ"),
    }
}

/// A refusal of the file field.
pub(crate) fn refused(problem: &str) -> Refusal {
    Refusal::Field {
        name: paper::DOCUMENT.name.to_owned(),
        label: paper::DOCUMENT.label.to_owned(),
        problem: problem.to_owned(),
    }
}

/// Reads a file to its end; keeps no more than tells that it is too large.
async fn received(mut part: Part<'_>) -> Result<Upload, WebError> {
    let mut upload = Upload::new(part.file_name(), Vec::new());
    while let Some(chunk) = part.chunk().await.map_err(unreadable)? {
        let room = (LARGEST + 1).saturating_sub(upload.bytes.len());
        upload.bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
    }
    Ok(upload)
}

/// A file's name as text: no control characters, no more than [`NAME`] characters.
fn named(name: &str) -> Option<String> {
    let name: String = name.chars().filter(|c| !c.is_control()).take(NAME).collect();
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

async fn words(mut part: Part<'_>, left: usize) -> Result<String, WebError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = part.chunk().await.map_err(unreadable)? {
        if bytes.len() + chunk.len() > left {
            return Err(WebError::Unreadable("the form holds too much text".to_owned()));
        }
        bytes.extend_from_slice(&chunk);
    }
    String::from_utf8(bytes).map_err(|_| WebError::Unreadable("the text is not UTF-8".to_owned()))
}

fn unreadable(error: MultipartError) -> WebError {
    WebError::Unreadable(error.body_text())
}
