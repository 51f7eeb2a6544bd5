//! Images: one file or many that hold the bytes of a disk.
//!
//! In: paths. Out: an [`Image`], positioned reads over the bytes of the acquired device.

use std::os::fd::BorrowedFd;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::unit::{ByteLen, ByteOffset};

/// Which container holds the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// The bytes as they are, in one file or split.
    Raw,
    /// Expert Witness Format: E01, in one file or split.
    Ewf,
}

/// What an image says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// The container.
    pub format: Format,
    /// Its files, in order.
    pub segments: Vec<PathBuf>,
    /// Length of the acquired device in bytes.
    pub len: ByteLen,
    /// MD5 that the container stores of the acquired bytes, if any.
    pub stored_md5: Option<[u8; 16]>,
    /// SHA-1 likewise.
    pub stored_sha1: Option<[u8; 20]>,
    /// What else the container's header says: (name, value), such as case number, examiner,
    /// acquisition date, in the container's order.
    pub header: Vec<(String, String)>,
}

/// A read that could not be answered. The evidence is at fault, or the disk that holds it.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The device has no such bytes.
    #[error("bytes {offset} to {end} are outside the image, which has {len} bytes")]
    OutOfRange {
        /// First byte wanted.
        offset: ByteOffset,
        /// One past the last byte wanted.
        end: u64,
        /// Length of the image.
        len: ByteLen,
    },
    /// A chunk of the container is damaged.
    #[error("the chunk of {len} bytes at byte {offset} is damaged: {problem}")]
    DamagedChunk {
        /// Where the chunk's bytes begin in the acquired device.
        offset: ByteOffset,
        /// How many bytes it holds.
        len: ByteLen,
        /// What is wrong: wanted, got.
        problem: String,
    },
    /// The operating system could not read the file.
    #[error("reading {path} at byte {offset} failed")]
    Io {
        /// The segment.
        path: PathBuf,
        /// Position in that file.
        offset: ByteOffset,
        /// The cause.
        source: std::io::Error,
    },
}

/// Read-only bytes of an acquired device.
pub trait Image: Send + Sync {
    /// Length in bytes.
    fn len(&self) -> ByteLen;

    /// Whether there are no bytes at all.
    fn is_empty(&self) -> bool {
        self.len().0 == 0
    }

    /// Fills `buf` from `offset`, whole or not at all. Callers may read concurrently.
    fn read_at(&self, offset: ByteOffset, buf: &mut [u8]) -> Result<(), ReadError>;

    /// What the image says of itself.
    fn provenance(&self) -> &Provenance;

    /// The open read-only files behind the image, in segment order, to hand to a worker.
    fn descriptors(&self) -> Vec<BorrowedFd<'_>>;
}
