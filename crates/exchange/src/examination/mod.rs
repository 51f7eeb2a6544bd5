//! A finished examination in the forms that other programs take.
//!
//! In: the folder of an examination, whose files are checked against its record first. Out: one
//! text, as CSV ([`Format::Csv`]), VICS 2.0 ([`Format::Vics`]) or CASE/UCO ([`Format::Case`]),
//! written row by row: a table of millions of items is never whole in memory. A file appears
//! whole under its name, or not at all.
//! Refused: a folder that is not finished or was changed; a file that is already there.
//! Or a folder for people who have nothing but a browser ([`portable()`]).
//! Never in an export: evidential pixels. Files appear as names, places, times and digests.

mod case;
mod csv;
mod export_error;
mod portable;
mod vics;

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use pendeen_examine::{Examination, load};

pub use export_error::ExportError;
pub use portable::portable;

/// The forms of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One table as comma-separated values.
    Csv(Table),
    /// The pictures and films, as a case of the Project VIC data model 2.0.
    Vics,
    /// Everything, as a CASE/UCO graph in JSON-LD.
    Case,
}

/// A table of an examination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// The items.
    Items,
    /// What could not be read.
    Gaps,
    /// What happened when, where the examination has it.
    Events,
}

impl Table {
    fn file(self) -> &'static str {
        match self {
            Self::Items => "items.parquet",
            Self::Gaps => "gaps.parquet",
            Self::Events => "events.parquet",
        }
    }
}

/// What went into an export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exported {
    /// Rows, media or files that were written.
    pub written: u64,
    /// Items that the form has no place for, such as pictures that could not be read.
    pub left_out: u64,
}

/// The mark that every export bears.
const MARKING: &str = "OFFICIAL-SENSITIVE";

/// Writes an examination's export to `sink`.
pub fn export(dir: &Path, format: Format, sink: &mut dyn Write) -> Result<Exported, ExportError> {
    let examination = load(dir)?;
    let mut sink = BufWriter::with_capacity(1 << 20, sink);
    let exported = match format {
        Format::Csv(table) => csv::write(dir, &examination, table, &mut sink)?,
        Format::Vics => vics::write(dir, &examination, &mut sink)?,
        Format::Case => case::write(dir, &examination, &mut sink)?,
    };
    sink.flush().map_err(ExportError::Sink)?;
    Ok(exported)
}

/// Writes an examination's export to the file `out`, which must not exist yet.
///
/// It is written beside under another name, made durable, and given its name at the end.
pub fn export_to_file(dir: &Path, format: Format, out: &Path) -> Result<Exported, ExportError> {
    let output = |source| ExportError::Output { path: out.to_owned(), source };
    if fs::symlink_metadata(out).is_ok() {
        return Err(ExportError::Exists { path: out.to_owned() });
    }
    let folder = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut beside =
        tempfile::Builder::new().prefix(".pendeen-export-").tempfile_in(folder).map_err(output)?;
    let exported = export(dir, format, beside.as_file_mut()).map_err(|error| match error {
        ExportError::Sink(source) => output(source),
        other => other,
    })?;
    beside.as_file().sync_all().map_err(output)?;
    beside.persist_noclobber(out).map_err(|error| {
        if error.error.kind() == std::io::ErrorKind::AlreadyExists {
            ExportError::Exists { path: out.to_owned() }
        } else {
            output(error.error)
        }
    })?;
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(output)?;
    Ok(exported)
}

/// The table of an examination, if it has it.
fn table_path(
    dir: &Path,
    examination: &Examination,
    table: Table,
) -> Result<std::path::PathBuf, ExportError> {
    let name = table.file();
    if examination.files.contains_key(name) {
        Ok(dir.join(name))
    } else {
        Err(ExportError::NoTable { path: dir.to_owned(), table: name })
    }
}
