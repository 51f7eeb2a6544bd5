//! What a file system or a folder yields: one entry per stream of content.
//!
//! There may be millions of entries, and all are held until the tables are written: an [`Entry`] is
//! made from [`Parts`] and keeps the same in less memory.

mod names;
mod runs;
mod word;

use std::path::Path;

use pendeen_item::{Origin, Recovery};
use serde::{Deserialize, Serialize};

use crate::unit::{ByteLen, ByteOffset};
use names::Names;
pub use runs::Runs;
pub use word::Word;

/// One stream of content with its names and times, as it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
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

/// One stream of content with its names and times, as it is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    names: Names,
    /// Size of the content in bytes.
    pub size: ByteLen,
    /// Where the content is.
    pub content: Content,
    times: [i64; 4],
    /// Which of the times there are: a bit for each, the first one's the lowest.
    dated: u8,
    /// Whether one of them is a local time of an unknown zone, given as if it were UTC.
    pub zone_unknown: bool,
    /// Live or deleted.
    pub origin: Origin,
    /// How sure the content is; none for live entries.
    pub recovery: Option<Recovery>,
    fs_type: Word,
}

impl From<Parts> for Entry {
    fn from(parts: Parts) -> Self {
        let Parts { forensic_path, path, name, fs_address, .. } = &parts;
        let mut entry = Self {
            names: Names::new(forensic_path, path, name, fs_address),
            size: parts.size,
            content: parts.content,
            times: [0; 4],
            dated: 0,
            zone_unknown: parts.zone_unknown,
            origin: parts.origin,
            recovery: parts.recovery,
            fs_type: Word::of(parts.fs_type),
        };
        entry.set_times(parts.times);
        entry
    }
}

impl Entry {
    /// How to get there, unique within a source: `p1/fat32:/DCIM/a.jpg`.
    pub fn forensic_path(&self) -> &str {
        self.names.forensic_path()
    }

    /// Path inside the file system, `/` first, lossily decoded.
    pub fn path(&self) -> &str {
        self.names.path()
    }

    /// The last component as the file system stores it, with `:stream` for an alternate stream.
    pub fn name(&self) -> &[u8] {
        self.names.name()
    }

    /// Metadata address as `istat` and `icat` take it: `5` or `27-128-1`.
    pub fn fs_address(&self) -> &str {
        self.names.fs_address()
    }

    /// `fat16`, `ntfs`, `ext4`, `folder`, ...
    pub fn fs_type(&self) -> &'static str {
        self.fs_type.text()
    }

    /// Its four times.
    pub fn times(&self) -> Times {
        let time = |at: usize| (self.dated >> at & 1 == 1).then(|| self.times[at]);
        Times { created: time(0), modified: time(1), accessed: time(2), changed: time(3) }
    }

    /// Gives it other times.
    pub fn set_times(&mut self, times: Times) {
        let Times { created, modified, accessed, changed } = times;
        self.dated = 0;
        for (at, time) in [created, modified, accessed, changed].into_iter().enumerate() {
            self.times[at] = time.unwrap_or_default();
            self.dated |= u8::from(time.is_some()) << at;
        }
    }

    /// Says that another way leads there.
    pub fn set_forensic_path(&mut self, forensic_path: &str) {
        self.names = Names::new(forensic_path, self.path(), self.name(), self.fs_address());
    }

    /// Says where it was before it was copied to where it is now.
    pub fn set_path(&mut self, path: &str, name: &[u8]) {
        self.names = Names::new(self.forensic_path(), path, name, self.fs_address());
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn held(&self) -> u64 {
        let content = match &self.content {
            Content::Runs(runs) if runs.len() == 1 => 0,
            Content::Runs(runs) => size_of_val(&**runs),
            Content::Unknown(reason) => reason.len(),
            Content::File(path) => path.as_os_str().len(),
            Content::Worker { .. } | Content::Embedded => 0,
        };
        (size_of::<Self>() + content + self.names.held()) as u64
    }
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
    Runs(Runs),
    /// Only the file system's own code can produce it (resident, compressed): ask the worker
    /// for the entry's `fs_address` in volume number `volume`.
    Worker {
        /// Index of the volume in the source.
        volume: u32,
    },
    /// A file of a plain folder.
    File(Box<Path>),
    /// Inside another entry's content: only opening that gives it.
    Embedded,
    /// The metadata names no content that could be read, for this reason.
    Unknown(Box<str>),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_says_what_it_was_made_of() {
        let mut times = Times { modified: Some(i64::MIN), changed: Some(0), ..Times::default() };
        let parts = Parts {
            forensic_path: "p1/ntfs:/d/a.jpg".into(),
            path: "/d/a.jpg".into(),
            name: b"a.jpg".into(),
            origin: Origin::Deleted,
            recovery: Some(Recovery::Inferred),
            fs_type: "ntfs",
            fs_address: "27-128-1".into(),
            size: ByteLen(9),
            times,
            zone_unknown: false,
            content: Content::Embedded,
        };
        let mut entry = Entry::from(parts.clone());
        assert_eq!((entry.fs_type(), entry.times()), (parts.fs_type, times));
        entry.set_forensic_path("s2/p1/ntfs:/d/a.jpg@27-128-1");
        assert_eq!(entry.forensic_path(), "s2/p1/ntfs:/d/a.jpg@27-128-1");
        assert_eq!((entry.path(), entry.name()), ("/d/a.jpg", &b"a.jpg"[..]));
        entry.set_path("/elsewhere/b", b"b");
        assert_eq!((entry.path(), entry.name()), ("/elsewhere/b", &b"b"[..]));
        assert_eq!(entry.forensic_path(), "s2/p1/ntfs:/d/a.jpg@27-128-1");
        assert_eq!(entry.fs_address(), "27-128-1");
        times = Times { created: Some(-1), accessed: Some(i64::MAX), ..Times::default() };
        entry.set_times(times);
        assert_eq!(entry.times(), times);
    }

    /// Five million of them, and what else an examination holds of each, must fit in 2 GiB.
    #[test]
    fn an_entry_takes_no_more_memory_than_it_did() {
        assert!(size_of::<Entry>() <= 104, "{} bytes", size_of::<Entry>());
        assert!(size_of::<Content>() <= 24, "{} bytes", size_of::<Content>());
    }
}
