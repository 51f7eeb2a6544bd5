//! What the parent and the content worker say to each other.
//!
//! The parent asks with a [`Request`]; the worker answers with [`Reply`]s. Opening a content is a
//! conversation: the worker asks back for the bytes that it needs ([`Reply::Need`]), and tells
//! children, pieces of them and problems until [`Reply::End`]. A message travels in one bounded
//! frame, as `pendeen_evidence::worker::frame` says. The parent believes the worker nothing: what
//! a message says is checked against the limits that it was given.

use pendeen_evidence::entry::Times;
pub use pendeen_evidence::worker::protocol::Bytes;
use pendeen_evidence::worker::sandbox;
use serde::{Deserialize, Serialize};

use crate::document::Document;

/// Both sides speak just this version.
pub const VERSION: u32 = 1;

/// Bytes that a [`Reply::Need`] may ask for at most.
pub const MOST_NEED: u32 = 1 << 20;

/// Bytes of a text that a person reads, at most.
pub const MOST_TEXT: usize = 1024;

/// Bytes of a member's name at most: longer ones are cut, and told so.
pub const MOST_NAME: usize = 64 << 10;

/// A format that is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// ZIP, and the documents and packages that are ZIPs.
    Zip,
    /// A tape archive.
    Tar,
    /// One compressed stream, or a tape archive in it.
    Gzip,
    /// Likewise.
    Zstd,
    /// Likewise.
    Bzip2,
    /// Likewise.
    Xz,
    /// A 7-Zip archive.
    SevenZip,
    /// The list of files of an iPhone's backup. Its children have no bytes: they lie beside it.
    Backup,
    /// A document that holds pictures or files.
    Document(Document),
}

impl Kind {
    /// The format that a media type is opened as; none for what has no reader.
    pub fn of(media_type: &str) -> Option<Self> {
        match media_type {
            "application/zip"
            | "application/epub+zip"
            | "application/java-archive"
            | "application/vnd.android.package-archive" => Some(Self::Zip),
            "application/x-tar" => Some(Self::Tar),
            "application/gzip" => Some(Self::Gzip),
            "application/zstd" => Some(Self::Zstd),
            "application/x-bzip2" => Some(Self::Bzip2),
            "application/x-xz" => Some(Self::Xz),
            "application/x-7z-compressed" => Some(Self::SevenZip),
            other => (other.starts_with("application/vnd.openxmlformats-officedocument.")
                || other.starts_with("application/vnd.oasis.opendocument."))
            .then_some(Self::Zip)
            .or_else(|| Document::of(other).map(Self::Document)),
        }
    }
}

/// What a content turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layout {
    /// A ZIP.
    Zip,
    /// A tape archive, compressed or not.
    Tar,
    /// A phone's extraction: a ZIP with a report that says where its files were.
    Ufdr,
    /// One compressed stream.
    Stream,
    /// A 7-Zip archive.
    SevenZip,
    /// A backup's list of files.
    Backup,
    /// A photograph with its thumbnail, or its video.
    Photograph,
    /// A PDF.
    Pdf,
    /// One mail, or many.
    Mail,
    /// Microsoft's compound file.
    Compound,
    /// A thumbnail cache of Windows.
    Thumbcache,
    /// A SQLite database.
    Database,
}

impl Layout {
    /// The stable key, as the item table has it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::Ufdr => "ufdr",
            Self::Stream => "stream",
            Self::SevenZip => "7z",
            Self::Backup => "backup",
            Self::Photograph => "photograph",
            Self::Pdf => "pdf",
            Self::Mail => "mail",
            Self::Compound => "ole",
            Self::Thumbcache => "thumbcache",
            Self::Database => "sqlite",
        }
    }
}

/// Whose bytes are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Want {
    /// Every child's.
    All,
    /// One child's, by its [`Child::number`]; the others are told without their bytes.
    One(u64),
}

/// What one content may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Children at most.
    pub children: u64,
    /// Bytes of all children together at most.
    pub bytes: u64,
}

/// What the parent says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// First of all. Answer: [`Reply::Hello`].
    Hello {
        /// [`VERSION`] of the parent.
        version: u32,
    },
    /// Opens a content. Answers until [`Reply::End`] or [`Reply::Failed`].
    Open {
        /// Its length in bytes.
        len: u64,
        /// Its format.
        kind: Kind,
        /// Whose bytes are wanted.
        want: Want,
        /// What it may cost.
        limits: Limits,
    },
    /// The bytes that were needed: as many as asked for.
    Given(Bytes),
    /// They cannot be read.
    Unreadable {
        /// Why not.
        reason: String,
    },
}

/// What the worker says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// It is ready.
    Hello {
        /// Its [`VERSION`].
        version: u32,
        /// What its sandbox enforces.
        sandbox: sandbox::Report,
    },
    /// It needs these bytes of the content.
    Need {
        /// Where they begin.
        at: u64,
        /// How many: at most [`MOST_NEED`].
        len: u32,
    },
    /// What the content turned out to be. Before any child.
    Layout(Layout),
    /// A child begins.
    Child(Child),
    /// Bytes of the child that began, in order.
    Piece(Bytes),
    /// The child ends.
    ChildEnd {
        /// Why its bytes are not whole; none if they are.
        problem: Option<String>,
    },
    /// Something that is no child's could not be had.
    Problem(Problem),
    /// All is told.
    End {
        /// How many children were told.
        children: u64,
        /// How many problems were told.
        problems: u64,
    },
    /// The content cannot be opened at all.
    Failed {
        /// Why not.
        reason: String,
    },
}

/// Something that could not be had.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// What was wanted, in words.
    pub wanted: String,
    /// Why it could not be had.
    pub reason: String,
    /// Where in the content, in bytes, if that is known.
    pub at: Option<u64>,
}

/// What lies in a content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Child {
    /// Its number in its container, from 0, as the container counts.
    pub number: u64,
    /// Its name with its path, as the container stores it.
    pub name: Bytes,
    /// The name as text, if the container says in which encoding it is, or a report gives
    /// another.
    pub text: Option<String>,
    /// Its size in bytes as the container claims, if it does.
    pub size: Option<u64>,
    /// Its times.
    pub times: Times,
    /// Where the zone of its times came from.
    pub zone: Zone,
    /// User and group that owned it.
    pub owner: Option<(u64, u64)>,
    /// Its bytes are encrypted.
    pub encrypted: bool,
    /// A report says that it had been deleted where it came from.
    pub deleted: bool,
    /// The child whose bytes are its own, too: a hard link.
    pub same_as: Option<u64>,
}

/// What is known of the zone of a child's times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Zone {
    /// The format keeps UTC.
    #[default]
    Utc,
    /// The format keeps local time without its zone; it is taken for UTC.
    Unknown,
    /// The times carry their zone.
    Stated,
}
