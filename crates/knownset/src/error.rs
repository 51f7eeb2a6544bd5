//! Why a list could not be loaded.

use std::path::PathBuf;

use thiserror::Error;

/// A list that could not be loaded.
#[derive(Debug, Error)]
pub enum KnownError {
    /// The file could not be read.
    #[error("the known list {path} could not be read: check the name and the permissions")]
    Io {
        /// The list's file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A line is not a record. The list is at fault.
    #[error("{path}, line {line}: {problem}")]
    BadLine {
        /// The list's file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// The file is text in another encoding, or no text.
    #[error(
        "{path} is UTF-16 text: save it as CSV in UTF-8 (in a spreadsheet: CSV UTF-8) and try again"
    )]
    Utf16 {
        /// The list's file.
        path: PathBuf,
    },
    /// The file holds no record.
    #[error("{path} holds no record: a line is a digest, the list's name, the category")]
    Empty {
        /// The list's file.
        path: PathBuf,
    },
    /// The file is an SQLite database, but not one of the NSRL, or it is damaged.
    #[error("{path} is a database that cannot be read as an NSRL reference set: {problem}")]
    Database {
        /// The list's file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// There are more records than can be numbered.
    #[error("{path} brings the known lists to more than {most} records: give fewer lists")]
    TooMany {
        /// The list's file.
        path: PathBuf,
        /// How many are possible.
        most: u32,
    },
}
