//! An entry's bytes, wherever they are.
//!
//! In: an [`Entry`] and the image (or folder) that it was found in. Out: its bytes in order.
//! Runs are read here, through the image reader; only what has no plain runs is asked of a
//! worker. Bytes that cannot be read end the content with an error that says where and how
//! much; nothing is filled in.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::OFlags;
use thiserror::Error;

use crate::entry::{Content, Entry, Run};
use crate::image::{Image, ReadError};
use crate::quiet;
use crate::unit::{ByteLen, ByteOffset};
use crate::volume::Volume;
use crate::worker::protocol::Address;
use crate::worker::{Opened, Session, WorkerCommand, WorkerError, sandbox};

/// Bytes that a sink gets at once, at most.
pub const PIECE: usize = 1 << 20;

/// Why a content is not whole.
#[derive(Debug, Error)]
pub enum ContentError {
    /// A stretch of the image cannot be read.
    #[error("{len} bytes at byte {at} of the image cannot be read")]
    Damaged {
        /// Where it begins.
        at: ByteOffset,
        /// How long it is.
        len: ByteLen,
        /// The cause.
        source: ReadError,
    },
    /// The metadata does not locate a stretch of the content.
    #[error("the place of {len} bytes from byte {from} of the content is not known")]
    Lost {
        /// Where it begins in the content.
        from: ByteOffset,
        /// How long it is.
        len: ByteLen,
    },
    /// The worker could not produce it.
    #[error("the worker could not produce the content")]
    Worker(#[from] WorkerError),
    /// The metadata names no content, for this reason.
    #[error("{0}")]
    Unknown(String),
    /// A file of a folder cannot be read.
    #[error("reading {} failed", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file of a folder is not what its metadata said.
    #[error("{} has not the {size} bytes that its metadata gave: it was changed", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// Its size then.
        size: ByteLen,
    },
}

impl ContentError {
    /// Where in the image bytes are missing, if that is known.
    pub fn offset(&self) -> Option<ByteOffset> {
        match self {
            Self::Damaged { at, .. } => Some(*at),
            _ => None,
        }
    }

    /// How many bytes are missing, if that is known.
    pub fn missing(&self) -> Option<ByteLen> {
        match self {
            Self::Damaged { len, .. } | Self::Lost { len, .. } => Some(*len),
            _ => None,
        }
    }
}

/// Reads contents of one image; keeps its worker between reads.
pub struct Reader {
    image: Arc<dyn Image>,
    volumes: Vec<Volume>,
    command: WorkerCommand,
    worker: Option<Session>,
    open: Option<u32>,
}

impl Reader {
    /// A reader of an image and the volumes that its entries came from. The worker is started
    /// when it is first needed, and again after it failed.
    pub fn new(image: Arc<dyn Image>, volumes: Vec<Volume>, command: WorkerCommand) -> Self {
        Self { image, volumes, command, worker: None, open: None }
    }

    /// Gives an entry's content to `sink`, in order, in pieces of up to [`PIECE`] bytes.
    pub fn read(&mut self, entry: &Entry, sink: &mut dyn FnMut(&[u8])) -> Result<(), ContentError> {
        match &entry.content {
            Content::Runs(runs) => stream(&*self.image, runs, sink),
            Content::Worker { volume } => self.ask(*volume, entry, sink),
            Content::File(path) => stream_file(path, entry.size, sink),
            Content::Embedded => {
                Err(ContentError::Unknown("it lies inside another content".into()))
            }
            Content::Unknown(reason) => Err(ContentError::Unknown(reason.to_string())),
        }
    }

    /// What the worker says of its sandbox; starts one if none is running.
    pub fn sandbox(&mut self) -> Result<sandbox::Report, WorkerError> {
        Ok(self.session()?.sandbox())
    }

    fn ask(
        &mut self,
        volume: u32,
        entry: &Entry,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), ContentError> {
        let result = self.try_ask(volume, entry, sink);
        // A refusal leaves the worker as it was; anything else may have left it anywhere.
        if !matches!(result, Ok(()) | Err(ContentError::Worker(WorkerError::Refused(_)))) {
            self.worker = None;
            self.open = None;
        }
        result
    }

    fn try_ask(
        &mut self,
        volume: u32,
        entry: &Entry,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<(), ContentError> {
        let address: pendeen_tsk::Address = entry.fs_address().parse().map_err(|_| {
            ContentError::Unknown(format!("{:?} is no metadata address", entry.fs_address()))
        })?;
        if self.open != Some(volume) {
            self.open_volume(volume)?;
        }
        self.session()?.read(Address::from(address), entry.size, sink)?;
        Ok(())
    }

    fn open_volume(&mut self, index: u32) -> Result<(), ContentError> {
        self.open = None;
        let volume = self.volumes.iter().find(|volume| volume.index == index).cloned();
        let volume = volume.ok_or_else(|| {
            ContentError::Unknown(format!("the entry lies in volume {index}, which is not here"))
        })?;
        match self.session()?.open(&volume)? {
            Opened::Yes(_) => {
                self.open = Some(index);
                Ok(())
            }
            Opened::No { reason, .. } => Err(WorkerError::Refused(reason).into()),
        }
    }

    fn session(&mut self) -> Result<&mut Session, WorkerError> {
        if self.worker.is_none() {
            self.open = None;
            self.worker = Some(Session::start(&self.command, &*self.image)?);
        }
        match &mut self.worker {
            Some(session) => Ok(session),
            None => Err(WorkerError::Refused("no worker".into())),
        }
    }
}

/// Appends the bytes of `runs` to `buffer`: for small contents, many into one buffer. After an
/// error the buffer is as long as it was.
pub fn read_into(
    image: &dyn Image,
    runs: &[Run],
    buffer: &mut Vec<u8>,
) -> Result<(), ContentError> {
    let start = buffer.len();
    let result = append(image, runs, buffer, start);
    if result.is_err() {
        buffer.truncate(start);
    }
    result
}

fn append(
    image: &dyn Image,
    runs: &[Run],
    buffer: &mut Vec<u8>,
    start: usize,
) -> Result<(), ContentError> {
    for run in runs {
        let from = buffer.len();
        let (Run::Data { len, .. } | Run::Hole { len } | Run::Lost { len }) = *run;
        if matches!(run, Run::Lost { .. }) {
            return Err(ContentError::Lost { from: ByteOffset((from - start) as u64), len });
        }
        // Longer than the image without being a hole: `walk` never says so.
        let end = usize::try_from(len.0).ok().and_then(|len| from.checked_add(len));
        let end = end.ok_or_else(|| ContentError::Unknown(format!("a run of {len} bytes")))?;
        if let Run::Data { at, .. } = *run
            && len.0 > image.len().0
        {
            let source = ReadError::OutOfRange { offset: at, end: u64::MAX, len: image.len() };
            return Err(ContentError::Damaged { at, len, source });
        }
        buffer.resize(end, 0);
        if let Run::Data { at, .. } = *run {
            image.read_at(at, &mut buffer[from..]).map_err(|e| damaged(e, at, len))?;
        }
    }
    Ok(())
}

/// Gives the bytes of `runs` to `sink`, in order, in pieces of up to [`PIECE`] bytes that end
/// where pieces of the image end.
pub fn stream(
    image: &dyn Image,
    runs: &[Run],
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(), ContentError> {
    let longest = runs.iter().map(run_len).max().unwrap_or(0);
    let mut buffer = vec![0; usize::try_from(longest).unwrap_or(PIECE).min(PIECE)];
    let mut done = 0_u64;
    for run in runs {
        match *run {
            Run::Data { at, len } => stream_data(image, at, len, &mut buffer, sink)?,
            Run::Hole { len } => stream_hole(len, &mut buffer, sink),
            Run::Lost { len } => {
                return Err(ContentError::Lost { from: ByteOffset(done), len });
            }
        }
        done = done.saturating_add(run_len(run));
    }
    Ok(())
}

fn run_len(run: &Run) -> u64 {
    let (Run::Data { len, .. } | Run::Hole { len } | Run::Lost { len }) = run;
    len.0
}

fn stream_data(
    image: &dyn Image,
    at: ByteOffset,
    len: ByteLen,
    buffer: &mut [u8],
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(), ContentError> {
    let mut done = 0;
    while done < len.0 {
        let from = ByteOffset(at.0.saturating_add(done));
        let to_boundary = PIECE as u64 - from.0 % PIECE as u64;
        let wanted = to_boundary.min(len.0 - done);
        let piece = usize::try_from(wanted).unwrap_or(PIECE).min(buffer.len());
        image
            .read_at(from, &mut buffer[..piece])
            .map_err(|e| damaged(e, from, ByteLen(piece as u64)))?;
        sink(&buffer[..piece]);
        done += piece as u64;
    }
    Ok(())
}

fn stream_hole(len: ByteLen, buffer: &mut [u8], sink: &mut dyn FnMut(&[u8])) {
    buffer.fill(0);
    let mut left = len.0;
    while left > 0 {
        let piece = usize::try_from(left).unwrap_or(PIECE).min(buffer.len());
        sink(&buffer[..piece]);
        left -= piece as u64;
    }
}

/// A failed read with its place: the reader may name it more closely than what was wanted.
fn damaged(source: ReadError, at: ByteOffset, len: ByteLen) -> ContentError {
    let (at, len) = match &source {
        ReadError::DamagedChunk { offset, len, .. } => (*offset, *len),
        _ => (at, len),
    };
    ContentError::Damaged { at, len, source }
}

pub(crate) fn stream_file(
    path: &Path,
    size: ByteLen,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(), ContentError> {
    let failed = |source| ContentError::File { path: path.to_owned(), source };
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = quiet::open(rustix::fs::CWD, path, flags);
    let mut file = File::from(opened.map_err(|errno| failed(errno.into()))?);
    let mut buffer = vec![0; usize::try_from(size.0).unwrap_or(PIECE).clamp(1, PIECE)];
    let mut got = 0_u64;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                got = got.saturating_add(n as u64);
                if got > size.0 {
                    break;
                }
                sink(&buffer[..n]);
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(failed(e)),
        }
    }
    if got == size.0 { Ok(()) } else { Err(ContentError::Changed { path: path.to_owned(), size }) }
}

#[cfg(test)]
mod tests {
    use std::os::fd::BorrowedFd;

    use super::*;
    use crate::image::{Format, Provenance};

    /// An image of counting bytes of which one chunk is damaged.
    struct Faulty {
        provenance: Provenance,
    }

    const BAD: u64 = 3 << 20;
    const CHUNK: u64 = 32 << 10;

    impl Faulty {
        fn new() -> Self {
            let provenance = Provenance {
                format: Format::Raw,
                segments: Vec::new(),
                len: ByteLen(8 << 20),
                stored_md5: None,
                stored_sha1: None,
                header: Vec::new(),
                gaps: Vec::new(),
            };
            Self { provenance }
        }
    }

    impl Image for Faulty {
        fn len(&self) -> ByteLen {
            self.provenance.len
        }

        fn read_at(&self, offset: ByteOffset, buf: &mut [u8]) -> Result<(), ReadError> {
            let end = offset.0 + buf.len() as u64;
            if end > self.len().0 {
                return Err(ReadError::OutOfRange { offset, end, len: self.len() });
            }
            if offset.0 < BAD + CHUNK && end > BAD {
                return Err(ReadError::DamagedChunk {
                    offset: ByteOffset(BAD),
                    len: ByteLen(CHUNK),
                    problem: "checksum".into(),
                });
            }
            for (n, byte) in (offset.0..).zip(buf) {
                *byte = (n / 512 % 251) as u8;
            }
            Ok(())
        }

        fn provenance(&self) -> &Provenance {
            &self.provenance
        }

        fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
            Vec::new()
        }
    }

    fn data(at: u64, len: u64) -> Run {
        Run::Data { at: ByteOffset(at), len: ByteLen(len) }
    }

    #[test]
    fn both_ways_of_reading_give_the_same_bytes() {
        let image = Faulty::new();
        let runs = [data(5 << 20, 1_500_000), Run::Hole { len: ByteLen(70_000) }, data(700, 9)];
        let (mut whole, mut pieces) = (b"before".to_vec(), b"before".to_vec());
        read_into(&image, &runs, &mut whole).unwrap();
        stream(&image, &runs, &mut |piece| pieces.extend_from_slice(piece)).unwrap();
        assert_eq!(whole.len(), 6 + 1_570_009);
        assert!(whole == pieces);
    }

    #[test]
    fn a_damaged_chunk_is_told_with_its_place_and_nothing_is_filled_in() {
        let image = Faulty::new();
        let runs = [data(0, 4096), data(BAD - 100, 200)];
        let mut buffer = b"kept".to_vec();
        let error = read_into(&image, &runs, &mut buffer).unwrap_err();
        assert_eq!(
            (error.offset(), error.missing()),
            (Some(ByteOffset(BAD)), Some(ByteLen(CHUNK)))
        );
        assert_eq!(buffer, b"kept");
        let mut got = 0;
        let error = stream(&image, &runs, &mut |piece| got += piece.len()).unwrap_err();
        assert_eq!(error.offset(), Some(ByteOffset(BAD)));
        assert_eq!(got, 4096 + 100, "what lies before the damaged chunk is handed on");
    }

    #[test]
    fn lost_bytes_and_runs_past_the_image_are_errors() {
        let image = Faulty::new();
        let runs = [data(0, 10), Run::Lost { len: ByteLen(5) }];
        let error = read_into(&image, &runs, &mut Vec::new()).unwrap_err();
        assert!(matches!(error, ContentError::Lost { from: ByteOffset(10), .. }));
        let past = [data((8 << 20) - 5, 10)];
        assert!(read_into(&image, &past, &mut Vec::new()).is_err());
        assert!(stream(&image, &past, &mut |_| ()).is_err());
        let huge = [data(0, u64::MAX)];
        assert!(read_into(&image, &huge, &mut Vec::new()).is_err());
    }
}
