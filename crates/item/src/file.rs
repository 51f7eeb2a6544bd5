//! A Parquet file that appears whole or not at all, and whose bytes depend on its rows alone.
//!
//! In: record batches. Out: the file under its final name, with its SHA-256. Rows go to
//! `NAME.partial` beside it, which is fsynced and renamed at the end; a writer that is dropped
//! before that removes it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{
    ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use sha2::{Digest, Sha256};

use crate::TableError;

/// Rows of a row group: fixed, so that the same rows give the same bytes.
const ROW_GROUP_ROWS: usize = 64 * 1024;

/// What a finished table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Number of rows.
    pub rows: u64,
    /// Length of the file in bytes.
    pub len_bytes: u64,
    /// SHA-256 of the file.
    pub sha256: [u8; 32],
}

/// A table on its way to disk.
pub(crate) struct TableFile {
    path: PathBuf,
    partial: Option<PathBuf>,
    writer: Option<ArrowWriter<Hashed>>,
    rows: u64,
}

impl TableFile {
    /// Begins `path`, with these columns; `unique` names those whose values hardly repeat.
    pub(crate) fn create(
        path: &Path,
        schema: SchemaRef,
        unique: &[&str],
    ) -> Result<Self, TableError> {
        let partial = partial_name(path);
        let file = File::create(&partial).map_err(|source| TableError::Io {
            doing: "creating",
            path: partial.clone(),
            source,
        })?;
        let sink =
            Hashed { file: BufWriter::with_capacity(1 << 20, file), hash: Sha256::new(), len: 0 };
        let writer = ArrowWriter::try_new(sink, schema, Some(properties(unique)?))
            .map_err(|source| fault(path, source))?;
        Ok(Self { path: path.to_owned(), partial: Some(partial), writer: Some(writer), rows: 0 })
    }

    /// Adds rows.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), TableError> {
        let Some(writer) = self.writer.as_mut() else { return Ok(()) };
        writer.write(batch).map_err(|source| fault(&self.path, source))?;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Writes the rest, makes it durable and gives it its name.
    pub(crate) fn finish(mut self) -> Result<Written, TableError> {
        let path = self.path.clone();
        let io = |doing| {
            let path = path.clone();
            move |source| TableError::Io { doing, path, source }
        };
        let Some(writer) = self.writer.take() else {
            return Err(io("finishing")(io::Error::other("the table was finished before")));
        };
        let sink = writer.into_inner().map_err(|source| fault(&path, source))?;
        let file = sink.file.into_inner().map_err(|e| io("writing")(e.into_error()))?;
        file.sync_all().map_err(io("writing"))?;
        if let Some(partial) = &self.partial {
            std::fs::rename(partial, &path).map_err(io("naming"))?;
        }
        self.partial = None;
        Ok(Written { rows: self.rows, len_bytes: sink.len, sha256: sink.hash.finalize().into() })
    }
}

impl Drop for TableFile {
    fn drop(&mut self) {
        if let Some(partial) = self.partial.take() {
            drop(self.writer.take());
            // Nothing more can be done about a leftover that cannot be removed: its name says
            // that it is unfinished.
            let _ = std::fs::remove_file(partial);
        }
    }
}

fn partial_name(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

/// An error of the writer, told apart: a full disk is not a fault of the format.
pub(crate) fn fault(path: &Path, error: parquet::errors::ParquetError) -> TableError {
    match error {
        parquet::errors::ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(source) => {
                TableError::Io { doing: "writing", path: path.to_owned(), source: *source }
            }
            Err(cause) => TableError::Parquet {
                path: path.to_owned(),
                source: parquet::errors::ParquetError::External(cause),
            },
        },
        source => TableError::Parquet { path: path.to_owned(), source },
    }
}

fn properties(unique: &[&str]) -> Result<WriterProperties, TableError> {
    let level = ZstdLevel::try_new(1).map_err(|source| fault(Path::new("zstd level"), source))?;
    let mut builder = WriterProperties::builder()
        .set_created_by("pendeen item table, version 1".to_owned())
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::Page);
    for column in unique {
        builder = builder.set_column_dictionary_enabled(ColumnPath::from(*column), false);
    }
    Ok(builder.build())
}

/// A file that is digested while it is written.
struct Hashed {
    file: BufWriter<File>,
    hash: Sha256,
    len: u64,
}

impl Write for Hashed {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = self.file.write(buf)?;
        self.hash.update(&buf[..n]);
        self.len += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Opens a table and checks that it has these columns.
pub(crate) fn open(
    path: &Path,
    schema: &SchemaRef,
) -> Result<ParquetRecordBatchReaderBuilder<File>, TableError> {
    let file = File::open(path).map_err(|source| TableError::Io {
        doing: "opening",
        path: path.to_owned(),
        source,
    })?;
    let builder = contained(path, || {
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
            .map_err(|source| fault(path, source))
    })?;
    for wanted in schema.fields() {
        let found = builder.schema().field_with_name(wanted.name());
        if !found.is_ok_and(|f| f.data_type() == wanted.data_type()) {
            return Err(TableError::Columns {
                path: path.to_owned(),
                column: wanted.name().clone(),
                wanted: wanted.data_type().to_string(),
            });
        }
    }
    Ok(builder)
}

/// The next rows of a table.
pub(crate) fn next_batch(
    path: &Path,
    reader: &mut ParquetRecordBatchReader,
) -> Option<Result<RecordBatch, TableError>> {
    contained(path, || {
        let batch = reader.next().transpose();
        batch.map_err(|source| TableError::Arrow { path: path.to_owned(), source })
    })
    .transpose()
}

/// Runs a step of the Parquet reader, which panics at some contradictions in a damaged file.
fn contained<T>(
    path: &Path,
    step: impl FnOnce() -> Result<T, TableError>,
) -> Result<T, TableError> {
    std::panic::catch_unwind(AssertUnwindSafe(step))
        .unwrap_or_else(|_| Err(TableError::Damaged { path: path.to_owned() }))
}
