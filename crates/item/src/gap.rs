//! A gap: something that could not be read, where, and why. Nothing is skipped in silence.

use serde::{Deserialize, Serialize};

/// What was being done when something could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Opening or reading the source: an image, a folder.
    Source,
    /// Reading a partition table.
    Volume,
    /// Opening or walking a file system.
    FileSystem,
    /// Reading one file's content.
    Content,
    /// Decoding content, for a picture or an archive.
    Decode,
    /// Searching unused space for files that nothing names.
    Carve,
}

impl Stage {
    /// The stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Volume => "volume",
            Self::FileSystem => "file_system",
            Self::Content => "content",
            Self::Decode => "decode",
            Self::Carve => "carve",
        }
    }

    /// The stage with this key.
    pub fn from_key(key: &str) -> Option<Self> {
        [Self::Source, Self::Volume, Self::FileSystem, Self::Content, Self::Decode, Self::Carve]
            .into_iter()
            .find(|stage| stage.key() == key)
    }
}

/// One thing that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    /// Where: the forensic path of what was wanted, as far as it is known.
    pub forensic_path: String,
    /// What was being done.
    pub stage: Stage,
    /// What was wanted, in words.
    pub wanted: String,
    /// Why it could not be had: where, wanted, got.
    pub reason: String,
    /// Position in the source in bytes, where one is known.
    pub offset_bytes: Option<u64>,
    /// How much is missing in bytes, where it is known.
    pub size_bytes: Option<u64>,
}
