//! Bytes kept for a while: contents of containers that are containers themselves, and what only
//! a worker can produce.
//!
//! In: bytes. Out: a stretch of a temporary file in the folder for the results, which has no name
//! and is gone with the process. Each thread appends to a file of its own.

use std::fs::File;
use std::io;
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
    /// That stretch has the file to itself.
    alone: bool,
}

impl<'a> Spool<'a> {
    pub(super) fn new(folder: &'a Folder) -> Self {
        Self { folder, file: None, end: 0, start: 0, alone: false }
    }

    /// Begins a stretch; one that was not finished is forgotten. A stretch `alone` has a file to
    /// itself.
    pub(super) fn begin(&mut self, alone: bool) {
        // What cannot be cut off would shine through holes: a file that refuses is left alone.
        let cut = self.file.as_ref().is_none_or(|file| file.set_len(self.start).is_ok());
        if alone || !cut {
            self.file = None;
            self.start = 0;
        }
        self.end = self.start;
        self.alone = alone;
    }

    /// Appends to the stretch. Zeros become holes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(Arc::new(self.folder.file()?)),
        };
        if bytes.iter().any(|byte| *byte != 0) {
            std::os::unix::fs::FileExt::write_all_at(&**file, bytes, self.end)?;
        }
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// The finished stretch.
    pub(super) fn finish(&mut self) -> io::Result<Spooled> {
        // So that an empty stretch has a file, too.
        self.write(&[])?;
        let file = self.file.clone().ok_or(io::ErrorKind::NotFound)?;
        let spooled = Spooled { file, at: self.start, len: self.end - self.start };
        // Zeros at its end are part of it.
        spooled.file.set_len(self.end)?;
        self.start = self.end;
        if self.alone {
            self.file = None;
            self.start = 0;
        }
        Ok(spooled)
    }
}

/// The reason for a gap where bytes could not be kept.
pub(super) fn not_kept(error: &io::Error) -> String {
    format!("its bytes could not be kept beside the results: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kept: &Spooled) -> Vec<u8> {
        let mut bytes = vec![9; usize::try_from(kept.len).unwrap()];
        kept.fill(0, &mut bytes).unwrap();
        bytes
    }

    #[test]
    fn stretches_keep_their_bytes_with_holes_and_after_one_that_was_given_up() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::new(dir.path().to_owned());
        let mut spool = Spool::new(&folder);
        spool.begin(false);
        spool.write(b"one").unwrap();
        let one = spool.finish().unwrap();
        spool.begin(false);
        spool.write(&[7; 9000]).unwrap();
        spool.begin(false);
        spool.write(&[0; 8000]).unwrap();
        spool.write(b"two").unwrap();
        spool.write(&[0; 5]).unwrap();
        let two = spool.finish().unwrap();
        spool.begin(true);
        spool.write(&[0; 4]).unwrap();
        let alone = spool.finish().unwrap();
        spool.begin(false);
        spool.write(b"three").unwrap();
        let three = spool.finish().unwrap();
        assert_eq!((three.at, read(&three)), (0, b"three".to_vec()));
        assert_eq!(read(&one), b"one");
        assert_eq!(read(&two), [&[0; 8000][..], b"two", &[0; 5]].concat());
        assert_eq!((alone.at, read(&alone)), (0, vec![0; 4]));
        assert_eq!(alone.file.metadata().unwrap().len(), 4);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "the files have no names");
    }
}
