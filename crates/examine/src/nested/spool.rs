//! Bytes kept for a while: contents of containers that are containers themselves, and what only
//! a worker can produce.
//!
//! In: bytes. Out: a stretch of a temporary file in the folder for the results, which has no name
//! and is gone with the process. Each thread appends to a file of its own.

use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use pendeen_content::Positioned;

/// Where temporary files are made.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// A file without a name.
    pub(super) fn file(&self) -> io::Result<File> {
        tempfile::tempfile_in(&self.0)
    }
}

/// A stretch of a temporary file.
#[derive(Debug, Clone)]
pub(crate) struct Spooled {
    pub(super) file: Arc<File>,
    pub(super) at: u64,
    pub(super) len: u64,
}

impl Positioned for Spooled {
    fn size(&self) -> u64 {
        self.len
    }

    fn fill(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        let at = self.at.checked_add(at).ok_or(io::ErrorKind::UnexpectedEof)?;
        std::os::unix::fs::FileExt::read_exact_at(&*self.file, buf, at)
    }
}

/// One thread's temporary file.
pub(super) struct Spool<'a> {
    folder: &'a Folder,
    file: Option<Arc<File>>,
    end: u64,
    /// Where the stretch that is being written begins.
    start: u64,
}

impl<'a> Spool<'a> {
    pub(super) fn new(folder: &'a Folder) -> Self {
        Self { folder, file: None, end: 0, start: 0 }
    }

    /// Begins a stretch; one that was not finished is overwritten. A stretch `alone` has a file
    /// to itself.
    pub(super) fn begin(&mut self, alone: bool) {
        if alone {
            self.file = None;
            self.end = 0;
        } else {
            self.end = self.start;
        }
        self.start = self.end;
    }

    /// Appends to the stretch.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(Arc::new(self.folder.file()?)),
        };
        std::os::unix::fs::FileExt::write_all_at(&**file, bytes, self.end)?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// The finished stretch.
    pub(super) fn finish(&mut self) -> io::Result<Spooled> {
        // So that an empty stretch has a file, too.
        self.write(&[])?;
        let file = self.file.clone().ok_or(io::ErrorKind::NotFound)?;
        let spooled = Spooled { file, at: self.start, len: self.end - self.start };
        (&*spooled.file).flush()?;
        self.start = self.end;
        Ok(spooled)
    }
}

/// The reason for a gap where bytes could not be kept.
pub(super) fn not_kept(error: &io::Error) -> String {
    format!("its bytes could not be kept beside the results: {error}")
}
