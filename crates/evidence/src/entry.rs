//! What a file system or a folder yields: one entry per stream of content.

use std::path::PathBuf;

use pendeen_item::{Origin, Recovery};
use serde::{Deserialize, Serialize};

use crate::unit::{ByteLen, ByteOffset};

/// One stream of content with its names and times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// How to get there, unique within a source: `p1/fat32:/DCIM/a.jpg`.
    pub forensic_path: String,
    /// Path inside the file system, `/` first, lossily decoded.
    pub path: String,
    /// The last component as the file system stores it, with `:stream` for an alternate stream.
    pub name: Vec<u8>,
    /// Live or deleted.
    pub origin: Origin,
    /// How sure the content is; none for live entries.
    pub recovery: Option<Recovery>,
    /// `fat16`, `ntfs`, `ext4`, `folder`, ...
    pub fs_type: &'static str,
    /// Metadata address as `istat` and `icat` take it: `5` or `27-128-1`.
    pub fs_address: String,
    /// Size of the content in bytes.
    pub size: ByteLen,
    /// Its four times.
    pub times: Times,
    /// Whether one of them is a local time of an unknown zone, given as if it were UTC.
    pub zone_unknown: bool,
    /// Where the content is.
    pub content: Content,
}

/// Times as nanoseconds since 1970-01-01T00:00:00Z; none where the file system keeps none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// Birth.
    pub created: Option<i64>,
    /// Last change of content.
    pub modified: Option<i64>,
    /// Last access.
    pub accessed: Option<i64>,
    /// Last change of metadata.
    pub changed: Option<i64>,
}

/// Where an entry's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// In these runs of the image, in the order of the content; together as long as the entry.
    Runs(Vec<Run>),
    /// Only the file system's own code can produce it (resident, compressed): ask the worker
    /// for the entry's `fs_address` in volume number `volume`.
    Worker {
        /// Index of the volume in the source.
        volume: u32,
    },
    /// A file of a plain folder.
    File(PathBuf),
    /// Inside another entry's content: only opening that gives it.
    Embedded,
    /// The metadata names no content that could be read, for this reason.
    Unknown(String),
}

/// A stretch of an entry's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Run {
    /// Bytes of the image.
    Data {
        /// Where they are, from the start of the image.
        at: ByteOffset,
        /// How many.
        len: ByteLen,
    },
    /// Zeros that take no space: a hole, or the part never written.
    Hole {
        /// How many.
        len: ByteLen,
    },
    /// Bytes that the metadata no longer locates.
    Lost {
        /// How many.
        len: ByteLen,
    },
}
