//! Why a source could not be opened, each with what the user can do next.

use std::path::PathBuf;

use thiserror::Error;

use crate::unit::ByteOffset;

/// A source that could not be opened as an image. Every message says what to do next.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The caller named nothing.
    #[error("no source was named; name an image, its first segment, a block device or a folder")]
    Nothing,
    /// The operating system refused.
    #[error("{} cannot be opened; check the path and that you may read it", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// There is not one byte in it.
    #[error("{} is empty; check that the acquisition was copied whole, or acquire again", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A folder, a pipe, a socket: nothing with positioned reads.
    #[error("{} is neither a file nor a block device; name one image, or one folder by itself", path.display())]
    NotAFile {
        /// The thing.
        path: PathBuf,
    },
    /// The signature belongs to a container whose bytes are not the disk's bytes.
    #[error("{} is {format}, which is not read; {advice}", path.display())]
    Unread {
        /// The file.
        path: PathBuf,
        /// What it is, with its article: `a QCOW2 virtual disk`.
        format: &'static str,
        /// What to do instead.
        advice: &'static str,
    },
    /// A segment between or after the given ones is not there.
    #[error(
        "segment {} is missing after {}; put every segment in one folder, or name all of them in order",
        expected.display(), after.display()
    )]
    MissingSegment {
        /// The last segment that is there.
        after: PathBuf,
        /// The segment that should follow.
        expected: PathBuf,
    },
    /// The given file continues another one.
    #[error("{} is not the first segment; name {} instead", path.display(), first.display())]
    NotFirst {
        /// What was named.
        path: PathBuf,
        /// What to name.
        first: PathBuf,
    },
    /// A segment of another acquisition, or out of order.
    #[error("{} does not belong here: {problem}; name the segments of one acquisition in order", path.display())]
    Foreign {
        /// The segment.
        path: PathBuf,
        /// Wanted and got.
        problem: String,
    },
    /// The container is damaged where nothing else says what was there.
    #[error("{} is damaged at byte {offset}: {problem}; try another copy, or acquire again", path.display())]
    Damaged {
        /// The segment.
        path: PathBuf,
        /// Position in that file.
        offset: ByteOffset,
        /// Wanted and got.
        problem: String,
    },
}
