//! One open file of an image: read-only, by position, never mapped, so that a failing disk is
//! an error and not a signal.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, OFlags, SeekFrom};

use super::{OpenError, ReadError};
use crate::quiet;
use crate::unit::ByteOffset;

/// Shortest read for which holes are looked for, in bytes.
const WORTH_ASKING: usize = 64 << 10;

/// An open file and its length in bytes.
#[derive(Debug)]
pub(super) struct Segment {
    pub fd: OwnedFd,
    pub path: PathBuf,
    pub len: u64,
}

impl Segment {
    /// Opens a file or block device read-only.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        // Without O_NONBLOCK a named pipe would wait for a writer for ever.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let fd = quiet::open(rustix::fs::CWD, path, flags)
            .map_err(|e| OpenError::Io { path: path.to_owned(), source: e.into() })?;
        Self::from_descriptor(fd, path.to_owned())
    }

    /// Takes over a descriptor; `path` only names it in messages.
    pub fn from_descriptor(fd: OwnedFd, path: PathBuf) -> Result<Self, OpenError> {
        let io =
            |source: rustix::io::Errno| OpenError::Io { path: path.clone(), source: source.into() };
        let stat = rustix::fs::fstat(&fd).map_err(io)?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile | FileType::BlockDevice => {}
            _ => return Err(OpenError::NotAFile { path }),
        }
        // fstat says nothing of a block device's length; its end does.
        let len = rustix::fs::seek(&fd, SeekFrom::End(0)).map_err(io)?;
        if len == 0 {
            return Err(OpenError::Empty { path });
        }
        Ok(Self { fd, path, len })
    }

    /// Fills `buf` from `offset`, whole or not at all.
    pub fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), ReadError> {
        let wanted = buf.len();
        let hole = self.hole(offset, wanted);
        buf[..hole].fill(0);
        let got = hole + self.read_at(offset.saturating_add(hole as u64), &mut buf[hole..])?;
        if got == wanted {
            return Ok(());
        }
        let source = io::Error::new(
            io::ErrorKind::UnexpectedEof,
            format!("wanted {wanted} bytes, got {got}: the file ends there"),
        );
        Err(self.io(offset.saturating_add(got as u64), source))
    }

    /// How many of `wanted` bytes at `offset` lie in a hole of a sparse file: they are zeros, and
    /// asking is many times faster than reading them. None for what is too short to ask for.
    fn hole(&self, offset: u64, wanted: usize) -> usize {
        if wanted < WORTH_ASKING {
            return 0;
        }
        let data = match rustix::fs::seek(&self.fd, SeekFrom::Data(offset)) {
            Ok(data) => data,
            // A hole up to the end, unless the file has become shorter since it was opened.
            Err(rustix::io::Errno::NXIO) => match rustix::fs::seek(&self.fd, SeekFrom::End(0)) {
                Ok(end) => end,
                Err(_) => return 0,
            },
            Err(_) => return 0,
        };
        usize::try_from(data.saturating_sub(offset)).map_or(wanted, |hole| hole.min(wanted))
    }

    /// The first byte from `offset` on that is in no hole of a sparse file; the length of the
    /// file where there is none.
    pub fn next_data(&self, offset: u64) -> u64 {
        match rustix::fs::seek(&self.fd, SeekFrom::Data(offset)) {
            Ok(data) => data.max(offset),
            Err(rustix::io::Errno::NXIO) => self.len,
            Err(_) => offset,
        }
    }

    /// Fills `buf` from `offset` as far as the file goes and says how far that is.
    pub fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let mut done = 0;
        while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(done as u64);
            match rustix::io::retry_on_intr(|| rustix::io::pread(&self.fd, &mut *rest, at)) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(errno) => return Err(self.io(at, errno.into())),
            }
        }
        Ok(done)
    }

    /// Fills the buffers from `offset` with one call, which may end early, and says how far.
    pub fn read_vectored_at(
        &self,
        offset: u64,
        buffers: &mut [io::IoSliceMut<'_>],
    ) -> Result<usize, ReadError> {
        rustix::io::retry_on_intr(|| rustix::io::preadv(&self.fd, buffers, offset))
            .map_err(|errno| self.io(offset, errno.into()))
    }

    fn io(&self, offset: u64, source: io::Error) -> ReadError {
        ReadError::Io { path: self.path.clone(), offset: ByteOffset(offset), source }
    }
}
