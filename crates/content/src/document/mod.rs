//! Documents: pictures and files inside things that are no archives.
//!
//! In: a content and its [`Document`] kind. Out: its parts, each with a name and its bytes: the
//! thumbnail and the video of a photograph, pictures and attachments of a PDF, attachments of
//! mail, thumbnails of Windows' caches, pictures in databases. Each format's reader is a pure
//! function from bytes to parts, so that it is tested, and fuzzed, without a process around it.
//! Refused: what each module names; documents of more than [`MOST_BYTES`], except databases and
//! mailboxes, which are never held whole.

mod blobs;
mod compound;
mod mail;
mod pdf;
mod photograph;
mod thumbcache;

use std::borrow::Cow;
use std::io::{BufRead, Read};

use serde::{Deserialize, Serialize};

use crate::protocol::{Bytes, Child, Layout};
use crate::remote::Source;
use crate::sink::{Children, Stop};
pub(crate) use compound::stream_of;
pub(crate) use mail::base64;

/// A document is held whole up to this many bytes.
pub const MOST_BYTES: u64 = 256 << 20;

/// A kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Document {
    /// A JPEG with a thumbnail or a video in it.
    Photograph,
    /// A PDF.
    Pdf,
    /// One mail.
    Mail,
    /// Mails one after another.
    Mailbox,
    /// Microsoft's compound file: `Thumbs.db`, a saved Outlook message.
    Compound,
    /// A thumbnail cache of Windows.
    Thumbcache,
    /// A SQLite database.
    Database,
}

impl Document {
    /// The kind of a content of this media type; none for what is no document.
    pub fn of(media_type: &str) -> Option<Self> {
        Some(match media_type {
            "image/jpeg" => Self::Photograph,
            "application/pdf" => Self::Pdf,
            "message/rfc822" => Self::Mail,
            "application/mbox" => Self::Mailbox,
            "application/x-ole-storage" | "application/vnd.ms-outlook" => Self::Compound,
            "application/x-thumbcache" => Self::Thumbcache,
            "application/vnd.sqlite3" => Self::Database,
            _ => return None,
        })
    }

    fn layout(self) -> Layout {
        match self {
            Self::Photograph => Layout::Photograph,
            Self::Pdf => Layout::Pdf,
            Self::Mail | Self::Mailbox => Layout::Mail,
            Self::Compound => Layout::Compound,
            Self::Thumbcache => Layout::Thumbcache,
            Self::Database => Layout::Database,
        }
    }
}

/// Something inside a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    /// Its name, with the path that the document gives it.
    pub name: String,
    /// Its bytes, decoded.
    pub bytes: Cow<'a, [u8]>,
}

/// Takes parts one after another, until it answers false.
pub type Tell<'t> = dyn FnMut(Part<'_>) -> bool + 't;

/// Tells every part of a document that is held whole. Out: why it could not be read to its end.
pub fn parts(kind: Document, bytes: &[u8], tell: &mut Tell<'_>) -> Result<(), String> {
    match kind {
        Document::Photograph => photograph::parts(bytes, tell),
        Document::Pdf => pdf::parts(bytes, tell),
        Document::Mail => mail::parts(bytes, "", tell),
        Document::Mailbox => mailbox(&mut &*bytes, tell),
        Document::Compound => compound::parts(bytes, tell),
        Document::Thumbcache => thumbcache::parts(bytes, tell),
        Document::Database => blobs::parts(&bytes, tell),
    }
}

/// Opens a document and tells what lies in it.
pub(crate) fn open(kind: Document, source: &Source, children: &mut Children) -> Result<(), Stop> {
    children.layout(kind.layout())?;
    let (mut number, mut stop) = (0, None);
    let mut tell = |part: Part<'_>| {
        let child = Child {
            number,
            name: Bytes(part.name.clone().into_bytes()),
            text: Some(part.name),
            size: Some(part.bytes.len() as u64),
            ..Child::default()
        };
        number += 1;
        stop = children.child(child, &mut &*part.bytes).err();
        stop.is_none()
    };
    let read = match kind {
        Document::Database => blobs::parts(source, &mut tell),
        Document::Mailbox => mailbox(&mut source.window(0, source.len()), &mut tell),
        _ if source.len() > MOST_BYTES => {
            Err(format!("such documents are read up to {MOST_BYTES} bytes"))
        }
        _ => {
            let mut bytes = Vec::new();
            let mut window = source.window(0, source.len());
            match window.read_to_end(&mut bytes) {
                Ok(_) => parts(kind, &bytes, &mut tell),
                Err(error) => Err(error.to_string()),
            }
        }
    };
    match stop {
        Some(stop) => Err(stop),
        None => read.map_err(Stop::Broken),
    }
}

/// Tells the parts of every mail of a mailbox, which is read mail by mail.
///
/// Source: RFC 4155.
fn mailbox(from: &mut dyn BufRead, tell: &mut Tell<'_>) -> Result<(), String> {
    let (mut mail, mut number, mut blank, mut dropped) = (Vec::new(), 0_u64, true, 0_u64);
    let mut told = true;
    let mut tell = |part: Part<'_>| {
        told = tell(part);
        told
    };
    loop {
        let start = mail.len();
        let mut line = Read::take(&mut *from, MOST_BYTES);
        let got = line.read_until(b'\n', &mut mail).map_err(|e| e.to_string())?;
        let begins = blank
            && mail.get(start..).is_some_and(|line| line.starts_with(b"From "))
            && begins_field(from.fill_buf().map_err(|e| e.to_string())?);
        if got == 0 || begins {
            let next = mail.split_off(start);
            if start > 0 {
                mail::parts(&mail, &format!("{number}/"), &mut tell)?;
                number += 1;
            }
            mail.clear();
            drop(next);
        }
        blank = matches!(mail.get(start..), Some(b"\n" | b"\r\n" | b""));
        if mail.len() as u64 > MOST_BYTES {
            mail.clear();
            dropped += 1;
        }
        if got == 0 {
            break;
        }
    }
    match dropped {
        0 => Ok(()),
        _ => Err(format!("a mail of more than {MOST_BYTES} bytes is read in part only")),
    }
}

/// Whether a header field begins here: a line that begins with "From " in the text of a mail is
/// followed by more text, and one between mails by a header.
fn begins_field(bytes: &[u8]) -> bool {
    let name = bytes.iter().position(|b| !b.is_ascii_graphic() || *b == b':');
    name.is_none_or(|end| end > 0 && bytes[end] == b':')
}

/// The extension of a picture that begins here; none where none begins.
fn picture(bytes: &[u8]) -> Option<&'static str> {
    Some(match pendeen_fingerprint::media_type(bytes.get(..64).unwrap_or(bytes))? {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/bmp" => "bmp",
        "image/webp" => "webp",
        "image/heic" | "image/heif" => "heic",
        "image/avif" => "avif",
        _ => return None,
    })
}

/// The first place of `needle` in `haystack` from `from` on.
fn find(haystack: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    let first = *needle.first()?;
    let mut at = from;
    loop {
        at += haystack.get(at..)?.iter().position(|b| *b == first)?;
        if haystack.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        at += 1;
    }
}
