//! What can go wrong with a table's file.

use std::path::PathBuf;

use thiserror::Error;

/// A table that could not be written or read.
#[derive(Debug, Error)]
pub enum TableError {
    /// The file system refused: no such file, no permission, disk full.
    #[error("{doing} {path} failed")]
    Io {
        /// `writing`, `reading`, ...
        doing: &'static str,
        /// The table's file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is not Parquet, is damaged, or could not be encoded.
    #[error("{path} could not be read or written as Parquet")]
    Parquet {
        /// The table's file.
        path: PathBuf,
        /// The cause.
        source: parquet::errors::ParquetError,
    },
    /// The file contradicts itself. It was changed after it was written.
    #[error("{path} is damaged: examine the source again")]
    Damaged {
        /// The table's file.
        path: PathBuf,
    },
    /// A row could not be put into, or taken out of, its columns.
    #[error("a row of {path} does not fit its columns")]
    Arrow {
        /// The table's file.
        path: PathBuf,
        /// The cause.
        source: arrow::error::ArrowError,
    },
    /// The columns are not those of this version.
    #[error(
        "{path} has no column `{column}` of type {wanted}; it was not written by this version: \
         examine the source again"
    )]
    Columns {
        /// The table's file.
        path: PathBuf,
        /// The column that is missing or of another type.
        column: String,
        /// The type it should have.
        wanted: String,
    },
    /// A cell holds a value outside its vocabulary.
    #[error("row {row} of {path} has {value:?} in column `{column}`, which is not a valid value")]
    Value {
        /// The table's file.
        path: PathBuf,
        /// Row in the part read, from 0.
        row: usize,
        /// The column.
        column: &'static str,
        /// What stands there.
        value: String,
    },
}
