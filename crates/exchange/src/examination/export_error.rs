//! Why an export failed.

use std::io;
use std::path::PathBuf;

use pendeen_examine::ExamineError;
use pendeen_item::TableError;
use thiserror::Error;

/// An export that could not be made.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The folder holds no finished examination, or a file of it was changed.
    #[error(transparent)]
    Examination(#[from] ExamineError),
    /// A table cannot be read.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The examination has no such table.
    #[error("{path} has no {table}: this examination wrote none")]
    NoTable {
        /// The folder.
        path: PathBuf,
        /// The table's file.
        table: &'static str,
    },
    /// There is a file of that name.
    #[error("{path} is already there and is not overwritten: name another file")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The file could not be written.
    #[error("writing {path} failed: is there room, and may this account write there?")]
    Output {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// What takes the export takes no more.
    #[error("the export could not be written to where it goes")]
    Sink(#[source] io::Error),
}

impl From<serde_json::Error> for ExportError {
    /// Only the sink can fail: all that is written can be written as JSON.
    fn from(error: serde_json::Error) -> Self {
        Self::Sink(error.into())
    }
}

impl From<csv::Error> for ExportError {
    fn from(error: csv::Error) -> Self {
        match error.into_kind() {
            csv::ErrorKind::Io(source) => Self::Sink(source),
            other => Self::Sink(io::Error::other(format!("{other:?}"))),
        }
    }
}
