//! Why an examination could not be done. What could not be read in one that was done is a gap.

use std::io;
use std::path::PathBuf;

use pendeen_evidence::source::SourceError;
use pendeen_item::TableError;
use pendeen_knownset::KnownError;
use thiserror::Error;

/// An examination that failed as a whole, or results that cannot be read.
#[derive(Debug, Error)]
pub enum ExamineError {
    /// No source was named.
    #[error("no source was named: give a disk image or a folder")]
    NoSource,
    /// A source could not be opened.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A known list could not be loaded.
    #[error(transparent)]
    Known(#[from] KnownError),
    /// The folder for the results holds something else.
    #[error("{path} is not empty: name a folder that does not exist yet, or an empty one")]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// The folder for the results holds a finished examination.
    #[error("{path} holds a finished examination, which is never overwritten: name another folder")]
    AlreadyExamined {
        /// The folder.
        path: PathBuf,
    },
    /// The path for the results is not a folder's.
    #[error("{path} is not a folder: name a folder that does not exist yet, or an empty one")]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// The results would go into the evidence.
    #[error(
        "{out} lies inside the source {folder}, which is never written to: name a folder elsewhere"
    )]
    InsideSource {
        /// The folder for the results.
        out: PathBuf,
        /// The source.
        folder: PathBuf,
    },
    /// The results would take the place of evidence, or be mixed with it.
    #[error(
        "{path}, which the results need, is or holds the source {evidence}, which is never written to: name a folder elsewhere"
    )]
    HoldsSource {
        /// The folder for the results, or the one that they are made in.
        path: PathBuf,
        /// The source.
        evidence: PathBuf,
    },
    /// Another run is writing there.
    #[error(
        "another examination is writing to {path} at this moment: wait for it, or name another folder"
    )]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// Results could not be written.
    #[error("writing {path} failed{}", advice(source))]
    Output {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The results are whole and have their name, but a power cut may take the name back.
    #[error(
        "the examination in {path} is complete, but its folder's name could not be made durable: check the disk, and that the folder is there after a restart"
    )]
    NotDurable {
        /// The folder with the results.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A table could not be written or read.
    #[error(transparent)]
    Table(TableError),
    /// There is no finished examination in the folder.
    #[error(
        "{path} holds no finished examination: run `pendeen examine SOURCE --out {path}` first"
    )]
    NotFinished {
        /// The folder.
        path: PathBuf,
    },
    /// The examination's own record cannot be understood.
    #[error("{path} is not a record of an examination that this version can read")]
    BadRecord {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: serde_json::Error,
    },
    /// A file of the examination was changed after it was written.
    #[error(
        "{path} is not the file that the examination wrote: wanted SHA-256 {wanted}, got {got}; examine the source again"
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// The digest recorded.
        wanted: String,
        /// The digest of what is there.
        got: String,
    },
    /// The run was asked to stop.
    #[error(
        "stopped; what was read is kept beside {out}: the same command with --resume goes on from there"
    )]
    Interrupted {
        /// The folder that the results would have had.
        out: PathBuf,
    },
    /// What an interrupted run left belongs to another listing.
    #[error(
        "{path} is of other evidence, or of another version of this program: run without --resume to begin anew"
    )]
    NotTheSame {
        /// The folder with what was read.
        path: PathBuf,
    },
    /// The list of words that mark what may be privileged cannot be used.
    #[error("{path} cannot be used as a list of words: {reason}")]
    Privileged {
        /// The list's file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A file of secrets cannot be used.
    #[error("{path} cannot be used to open encrypted volumes: {reason}")]
    Unlock {
        /// The file.
        path: PathBuf,
        /// Why: never with what is in it.
        reason: String,
    },
    /// An interrupted run had other encrypted volumes open.
    #[error(
        "the interrupted run had {before} open, this one has {now}: give the same secrets with --unlock, or run without --resume to begin anew"
    )]
    NotUnlockedAlike {
        /// The volumes that were open.
        before: String,
        /// The volumes that are open.
        now: String,
    },
    /// There is no such item.
    #[error("the examination has no item {id}")]
    NoSuchItem {
        /// The item's id or forensic path.
        id: String,
    },
    /// An item's content could not be read.
    #[error("the content of {forensic_path} could not be read: {reason}")]
    Content {
        /// The item.
        forensic_path: String,
        /// Why.
        reason: String,
    },
    /// The operating system refused what the examination needs.
    #[error("{doing} failed")]
    System {
        /// What was wanted.
        doing: &'static str,
        /// The cause.
        source: io::Error,
    },
}

impl From<TableError> for ExamineError {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Io { doing: "creating" | "writing", path, source } => {
                Self::Output { path, source }
            }
            other => Self::Table(other),
        }
    }
}

/// What to do about a write that failed.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ": the disk is full; make room, or name a folder on another disk with --out"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            ": this account may not write there; name another folder with --out"
        }
        _ => "",
    }
}
