//! What goes into a bundle, and what must not.

use jiff::Timestamp;
use pendeen_casework::force::ForceKey;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A document beside the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its file name: letters, digits, `.`, `-`, `_`, blanks; at most 100 bytes.
    pub name: String,
    /// Its content: text, or a PDF.
    pub bytes: Vec<u8>,
}

/// How a bundle must be handled (Government Security Classifications, 2023).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Marking {
    /// OFFICIAL.
    #[serde(rename = "OFFICIAL")]
    Official,
    /// OFFICIAL-SENSITIVE.
    #[default]
    #[serde(rename = "OFFICIAL-SENSITIVE")]
    OfficialSensitive,
}

impl Marking {
    /// The mark as it is printed.
    pub fn label(self) -> &'static str {
        match self {
            Self::Official => "OFFICIAL",
            Self::OfficialSensitive => "OFFICIAL-SENSITIVE",
        }
    }

    /// The marking with this label.
    pub(crate) fn from_label(label: &str) -> Option<Self> {
        [Self::Official, Self::OfficialSensitive].into_iter().find(|mark| mark.label() == label)
    }
}

/// What the outside of the bag says about its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meta {
    /// The package's number, such as `PKG-7K3M-9QXD`.
    pub number: String,
    /// 1 for the first bundle of the package, one more for each addendum.
    pub version: u32,
    /// The force that it is for.
    pub force: ForceKey,
    /// When it was sealed, UTC, to the second.
    pub created: Timestamp,
    /// How it must be handled.
    pub marking: Marking,
}

/// Why a bundle was not made. The caller is at fault, except for `Encryption`.
#[derive(Debug, Error)]
pub enum SealError {
    /// The number cannot be the name of a folder.
    #[error("the package number {0:?} is not letters, digits and hyphens")]
    Number(String),
    /// The moment of sealing lies before 1970.
    #[error("the bundle's date {0} cannot be written")]
    Date(Timestamp),
    /// An attachment's name cannot be kept on every system.
    #[error("the attachment {0:?} needs a plain file name of letters, digits, dots and hyphens")]
    Name(String),
    /// Two attachments have one name.
    #[error("two attachments are called {0:?}")]
    NameTwice(String),
    /// An attachment is neither text nor PDF, or holds a picture.
    #[error(
        "the attachment {name:?} is {what}: only text and PDF without pictures leave the system"
    )]
    NotAllowed {
        /// Its name.
        name: String,
        /// What it seems to be.
        what: &'static str,
    },
    /// The content is larger than a bundle may be.
    #[error("the bundle would have more than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The bag could not be written.
    #[error("the bag could not be written")]
    Tar(#[source] std::io::Error),
    /// The encryption failed.
    #[error("the bundle could not be encrypted: {0}")]
    Encryption(String),
}

/// The name of the bag's folder.
pub(crate) fn folder(meta: &Meta) -> Result<String, SealError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if (1..=40).contains(&meta.number.len()) && meta.number.chars().all(fits) {
        Ok(format!("{}-v{}", meta.number, meta.version))
    } else {
        Err(SealError::Number(meta.number.clone()))
    }
}

/// Whether a name is one file's name on every system, and no path.
pub(crate) fn plain_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
    (1..=100).contains(&name.len())
        && name.chars().all(fits)
        && !name.starts_with(['.', ' '])
        && !name.ends_with(['.', ' '])
}

/// Refuses attachments that could carry evidential pixels.
pub(crate) fn check(attachments: &[Attachment]) -> Result<(), SealError> {
    let mut names = std::collections::BTreeSet::new();
    for attachment in attachments {
        let name = || attachment.name.clone();
        if !plain_name(&attachment.name) {
            return Err(SealError::Name(name()));
        }
        if !names.insert(attachment.name.to_ascii_lowercase()) {
            return Err(SealError::NameTwice(name()));
        }
        if let Some(what) = pixels(&attachment.bytes) {
            return Err(SealError::NotAllowed { name: name(), what });
        }
    }
    Ok(())
}

/// What makes a content one that may not leave, if anything does.
///
/// Known limit: the streams of a PDF are compressed; what names an image object is found only
/// where it stands in clear, as it does in files of PDF 1.4 and in ours.
fn pixels(bytes: &[u8]) -> Option<&'static str> {
    let has = |wanted: &[u8]| bytes.windows(wanted.len()).any(|w| w.eq_ignore_ascii_case(wanted));
    if bytes.starts_with(b"%PDF-") {
        let image = has(b"/Subtype /Image") || has(b"/Subtype/Image") || has(b"/DCTDecode");
        return image.then_some("a PDF with pictures");
    }
    if std::str::from_utf8(bytes).is_err() || bytes.contains(&0) {
        return Some("neither text nor a PDF");
    }
    (has(b"data:image/") || has(b"data:video/")).then_some("a text with a picture in it")
}
