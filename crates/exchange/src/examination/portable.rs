//! A portable case: a folder that opens with a browser and a spreadsheet, and nothing else.
//!
//! In: a finished examination. Out: a folder with its report and the report's pages, each table
//! as CSV, the record, and `SHA256SUMS` over all of them, which `sha256sum -c` checks. No
//! evidential pixels, and nothing of what was set apart as possibly privileged.
//! It is made beside under another name and named at the end.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use pendeen_examine::{Examination, load};
use sha2::{Digest as _, Sha256};

use super::{ExportError, Exported, Table, csv};

/// Writes the folder `out`, which must not exist yet.
pub fn portable(dir: &Path, out: &Path) -> Result<Exported, ExportError> {
    let examination = load(dir)?;
    let output = |source| ExportError::Output { path: out.to_owned(), source };
    if fs::symlink_metadata(out).is_ok() {
        return Err(ExportError::Exists { path: out.to_owned() });
    }
    let parent = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let beside =
        tempfile::Builder::new().prefix(".pendeen-portable-").tempdir_in(parent).map_err(output)?;
    let mut folder = Folder { path: beside.path().to_owned(), sums: String::new() };
    let exported = fill(dir, &examination, &mut folder)?;
    folder.finish().map_err(output)?;
    fs::rename(beside.path(), out).map_err(output)?;
    // It has its name now, so there is nothing left to be removed.
    let _ = beside.keep();
    File::open(parent).and_then(|parent| parent.sync_all()).map_err(output)?;
    Ok(exported)
}

fn fill(
    dir: &Path,
    examination: &Examination,
    folder: &mut Folder,
) -> Result<Exported, ExportError> {
    let mut exported = Exported::default();
    for (table, name) in
        [(Table::Items, "items.csv"), (Table::Gaps, "gaps.csv"), (Table::Events, "events.csv")]
    {
        if !examination.files.contains_key(table.file()) {
            continue;
        }
        let path = folder.path.join(name);
        let mut file = folder.begin(name)?;
        let rows = csv::write(dir, examination, table, &mut file)?.written;
        folder.end(name, file).map_err(|source| ExportError::Output { path, source })?;
        if table == Table::Items {
            exported.written = rows;
        }
    }
    let pages = examination
        .files
        .keys()
        .filter(|name| Path::new(name).extension().is_some_and(|end| end == "html"));
    for name in pages.map(String::as_str).chain(["examination.json"]) {
        let path = folder.path.join(name);
        let copied = File::open(dir.join(name)).and_then(|mut from| {
            let mut to = folder.file(name)?;
            io::copy(&mut from, &mut to)?;
            folder.end(name, to)
        });
        copied.map_err(|source| ExportError::Output { path, source })?;
    }
    Ok(exported)
}

/// The folder on its way.
struct Folder {
    path: PathBuf,
    /// A line for each file, as `sha256sum` writes them.
    sums: String,
}

impl Folder {
    fn begin(&self, name: &str) -> Result<Summed, ExportError> {
        let output = |source| ExportError::Output { path: self.path.join(name), source };
        self.file(name).map_err(output)
    }

    fn file(&self, name: &str) -> io::Result<Summed> {
        let path = self.path.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let file = io::BufWriter::with_capacity(1 << 16, File::create(path)?);
        Ok(Summed { file, hash: Sha256::new() })
    }

    fn end(&mut self, name: &str, summed: Summed) -> io::Result<()> {
        let file = summed.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        let sum = hex::encode(summed.hash.finalize());
        self.sums.push_str(&format!("{sum}  {name}\n"));
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        let mut file = File::create(self.path.join("SHA256SUMS"))?;
        file.write_all(self.sums.as_bytes())?;
        file.sync_all()?;
        File::open(&self.path)?.sync_all()
    }
}

/// A file that is digested while it is written.
struct Summed {
    file: io::BufWriter<File>,
    hash: Sha256,
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.hash.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
