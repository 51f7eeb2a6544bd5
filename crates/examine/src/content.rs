//! Reads one entry's bytes: from the blocks of an image, or from a file of a folder.
//!
//! In: an [`Entry`] whose content has a place. Out: its bytes, in order, piece by piece.
//! Refused: nothing in silence. Bytes that cannot be read are [`Trouble`], with their place.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use pendeen_evidence::content::ContentError;
use pendeen_evidence::entry::Run;
use pendeen_evidence::image::{Image, ReadError};
use pendeen_evidence::unit::{ByteLen, ByteOffset};
use rustix::fs::OFlags;

/// Why bytes of a content could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// In words.
    pub(crate) reason: String,
    /// Position in the source in bytes, where one is known.
    pub(crate) offset: Option<u64>,
    /// How many bytes are missing, where it is known.
    pub(crate) len: Option<u64>,
}

impl Trouble {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), offset: None, len: None }
    }
}

/// Length of a piece in bytes.
const PIECE: usize = 1 << 20;

/// Reads an image; where the container has large chunks, keeps the surroundings of the last
/// read, so that neighbouring small contents do not inflate the same chunk again and again.
pub(crate) struct Window<'a> {
    image: &'a dyn Image,
    start: u64,
    bytes: Vec<u8>,
    granule: u64,
}

impl<'a> Window<'a> {
    /// A window on `image` that has seen nothing yet.
    pub(crate) fn new(image: &'a dyn Image) -> Self {
        Self { image, start: 0, bytes: Vec::new(), granule: image.granule().0.max(1) }
    }

    /// Fills `buf` from `at`. `ahead` is how far, from `at`, more will be wanted soon.
    pub(crate) fn read(&mut self, at: u64, buf: &mut [u8], ahead: u64) -> Result<(), ReadError> {
        const LARGE_CHUNKS: u64 = 8192;
        if self.granule < LARGE_CHUNKS || buf.len() >= PIECE {
            return self.image.read_at(ByteOffset(at), buf);
        }
        if !self.holds(at, buf.len()) {
            self.load(at, (buf.len() as u64).max(ahead));
        }
        match self.held(at, buf.len()) {
            Some(bytes) => {
                buf.copy_from_slice(bytes);
                Ok(())
            }
            None => self.image.read_at(ByteOffset(at), buf),
        }
    }

    fn holds(&self, at: u64, len: usize) -> bool {
        self.held(at, len).is_some()
    }

    fn held(&self, at: u64, len: usize) -> Option<&[u8]> {
        let from = usize::try_from(at.checked_sub(self.start)?).ok()?;
        self.bytes.get(from..from.checked_add(len)?)
    }

    /// Loads the chunks around `at`; holds nothing afterwards if they cannot be read.
    fn load(&mut self, at: u64, wanted: u64) {
        self.start = at - at % self.granule;
        let end = at.saturating_add(wanted.min(2 * PIECE as u64));
        let end = end.div_ceil(self.granule).saturating_mul(self.granule).min(self.image.len().0);
        let len = usize::try_from(end.saturating_sub(self.start)).unwrap_or(0);
        self.bytes.resize(len, 0);
        if self.image.read_at(ByteOffset(self.start), &mut self.bytes).is_err() {
            self.bytes.clear();
        }
    }
}

/// Reads a content that lies in `runs` whole into `buf`, which is as long as they are together.
pub(crate) fn read_runs(
    window: &mut Window<'_>,
    runs: &[Run],
    buf: &mut [u8],
    ahead_to: u64,
) -> Result<(), Trouble> {
    let mut rest = buf;
    for run in runs {
        let (Run::Data { len, .. } | Run::Hole { len } | Run::Lost { len }) = *run;
        let here = usize::try_from(len.0).unwrap_or(usize::MAX).min(rest.len());
        let (part, behind) = rest.split_at_mut(here);
        match *run {
            Run::Data { at, .. } => {
                let ahead = ahead_to.saturating_sub(at.0);
                window.read(at.0, part, ahead).map_err(|e| trouble(e, at, len))?;
            }
            Run::Hole { .. } => part.fill(0),
            Run::Lost { .. } => return Err(Trouble::new("its place is not known")),
        }
        rest = behind;
    }
    Ok(())
}

/// Gives a folder's file to `sink`, piece by piece; it must have the size that its metadata had.
pub(crate) fn stream_file(
    path: &Path,
    size: u64,
    mut sink: impl FnMut(&[u8]),
) -> Result<(), Trouble> {
    let io = |e: std::io::Error| Trouble::new(format!("the operating system refused: {e}"));
    let mut file = open(path).map_err(io)?;
    let mut buffer = vec![0; usize::try_from(size).unwrap_or(PIECE).clamp(1, PIECE)];
    let mut got = 0_u64;
    loop {
        let n = match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Trouble { offset: Some(got), ..io(e) }),
        };
        got = got.saturating_add(n as u64);
        if got > size {
            break;
        }
        sink(&buffer[..n]);
    }
    if got == size {
        return Ok(());
    }
    let more = if got > size { "more" } else { "fewer" };
    Err(Trouble::new(format!(
        "the file changed while it was examined: its metadata gave {size} bytes, and there are \
         {more}"
    )))
}

/// Opens a regular file for reading, without following a link or waiting for anything, and
/// without leaving a mark in its access time where this account may ask for that.
pub(crate) fn open(path: &Path) -> std::io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let with = |flags: OFlags| {
        let flags = i32::try_from(flags.bits()).map_err(std::io::Error::other)?;
        File::options().read(true).custom_flags(flags).open(path)
    };
    let file = match with(flags | OFlags::NOATIME) {
        Err(e) if e.kind() == std::io::ErrorKind::PermissionDenied => with(flags)?,
        opened => opened?,
    };
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(std::io::Error::other("it is no longer a regular file"))
    }
}

impl From<ContentError> for Trouble {
    fn from(error: ContentError) -> Self {
        Self {
            reason: described(&error),
            offset: error.offset().map(|at| at.0),
            len: error.missing().map(|len| len.0),
        }
    }
}

/// A failed read of an image, with its place.
fn trouble(source: ReadError, at: ByteOffset, len: ByteLen) -> Trouble {
    let (at, len) = match &source {
        ReadError::DamagedChunk { offset, len, .. } => (*offset, *len),
        _ => (at, len),
    };
    ContentError::Damaged { at, len, source }.into()
}

/// The error with its causes.
pub(crate) fn described(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
