//! What a walk takes and yields: limits, files with their times, problems, and a summary.

use crate::content::Content;
use crate::name::{Address, MetaFacts, Stamp};

/// How much is walked at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Names, of files and of folders.
    pub names: u64,
    /// Levels of folders.
    pub depth: u32,
    /// Bytes of a path.
    pub path_bytes: usize,
    /// Runs of one stream.
    pub runs: usize,
    /// Blocks whose allocation is asked, over all deleted files.
    pub block_checks: u64,
    /// Names from the slack of folder indexes.
    pub slack_names: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            names: 50_000_000,
            depth: 512,
            path_bytes: 32 * 1024,
            runs: 100_000,
            block_checks: 200_000_000,
            slack_names: 250_000,
        }
    }
}

/// A stream of content with its names and times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// From the root, `/` first, with `:stream` for an alternate stream; as stored, decoded
    /// from UTF-16 where the file system uses that.
    pub path: Vec<u8>,
    /// Where the last component begins in `path`.
    pub name_at: usize,
    /// Where `icat` finds it.
    pub address: Address,
    /// Live, or deleted and how sure its content is.
    pub recovery: Option<Recovery>,
    /// Size in bytes.
    pub size: u64,
    /// Its four times.
    pub times: Times,
    /// Whether one of them is a local time of an unknown zone, given as if it were UTC.
    pub zone_unknown: bool,
    /// Where its content is.
    pub content: Content,
}

/// Where a folder of a FAT file system begins: when it is deleted, only this tells that its first
/// cluster was not free for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folder {
    /// Its first byte, from the start of the volume.
    pub at: u64,
    /// Its four times.
    pub times: Times,
}

/// How sure the content of a deleted file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// Its blocks are named by surviving metadata, and none is in use.
    Intact,
    /// At least one of its blocks, or its metadata, is in use again or no longer to be found.
    Reallocated,
    /// Its blocks were worked out: FAT keeps only the first cluster of a deleted file.
    Inferred,
}

/// Nanoseconds since 1970-01-01T00:00:00Z; none where none is kept or it does not fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The folder or file.
    pub path: Vec<u8>,
    /// What was wanted.
    pub wanted: &'static str,
    /// Why it could not be had.
    pub reason: String,
}

/// What a walk yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A stream of content.
    File(File),
    /// A folder of a FAT file system.
    Folder(Folder),
    /// Something that could not be read.
    Problem(Problem),
}

/// A limit that ended a walk early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cap {
    /// [`Limits::names`].
    Names,
    /// The receiver wanted no more.
    Receiver,
}

/// What a walk saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Names, `.` and `..` left out.
    pub names: u64,
    /// Streams that were listed.
    pub files: u64,
    /// Folders that were read.
    pub directories: u64,
    /// Names without content of their own: folders, devices, index files, what libtsk made up.
    pub without_content: u64,
    /// Problems that were told.
    pub problems: u64,
    /// Why not everything was walked.
    pub cap: Option<Cap>,
}

impl Times {
    /// The times of a file's metadata.
    pub(crate) fn of(meta: &MetaFacts) -> Self {
        Self {
            created: nanoseconds(meta.created),
            modified: nanoseconds(meta.modified),
            accessed: nanoseconds(meta.accessed),
            changed: nanoseconds(meta.changed),
        }
    }
}

fn nanoseconds(stamp: Stamp) -> Option<i64> {
    let below_second =
        if stamp.nanoseconds < 1_000_000_000 { i64::from(stamp.nanoseconds) } else { 0 };
    if stamp.seconds == 0 && below_second == 0 {
        return None;
    }
    stamp.seconds.checked_mul(1_000_000_000)?.checked_add(below_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_zero_and_one_that_does_not_fit_are_none() {
        let at = |seconds, nanoseconds| super::nanoseconds(Stamp { seconds, nanoseconds });
        assert_eq!(at(0, 0), None);
        assert_eq!(at(i64::MAX, 0), None);
        assert_eq!(at(1, 5), Some(1_000_000_005));
        assert_eq!(at(1, u32::MAX), Some(1_000_000_000));
    }
}
