//! Bytes that the parent can read by position: what it lends to a worker.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Read-only bytes by position.
pub trait Positioned {
    /// Length in bytes.
    fn size(&self) -> u64;

    /// Fills `buf` from `at`, whole or not at all. Asked only for bytes inside [`Self::size`].
    fn fill(&self, at: u64, buf: &mut [u8]) -> io::Result<()>;
}

impl Positioned for [u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn fill(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        let from = usize::try_from(at).map_err(io::Error::other)?;
        let bytes = from.checked_add(buf.len()).and_then(|end| self.get(from..end));
        buf.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl Positioned for Vec<u8> {
    fn size(&self) -> u64 {
        self.as_slice().size()
    }

    fn fill(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        self.as_slice().fill(at, buf)
    }
}

impl<P: Positioned + ?Sized> Positioned for Box<P> {
    fn size(&self) -> u64 {
        (**self).size()
    }

    fn fill(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        (**self).fill(at, buf)
    }
}

impl<P: Positioned + ?Sized> Positioned for &P {
    fn size(&self) -> u64 {
        (**self).size()
    }

    fn fill(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        (**self).fill(at, buf)
    }
}

/// A stretch of an open file.
#[derive(Debug)]
pub struct Stretch<'a> {
    /// The file.
    pub file: &'a File,
    /// Where the stretch begins, in bytes.
    pub at: u64,
    /// How long it is, in bytes.
    pub len: u64,
}

impl Positioned for Stretch<'_> {
    fn size(&self) -> u64 {
        self.len
    }

    fn fill(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        let at = self.at.checked_add(at).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.file.read_exact_at(buf, at)
    }
}
