//! Images: one file or many that hold the bytes of a disk.
//!
//! In: paths, or descriptors that another process opened. Out: an [`Image`], positioned reads
//! over the bytes of the acquired device. The signature decides what a file is, never its
//! name; names only find the segments that follow. Files are opened read-only and read by
//! position. Refused, with advice: containers whose bytes are not the disk's and that have no
//! reader here (Ex01, L01, archives).

mod error;
pub mod ewf;
mod raw;
mod segment;
mod sibling;
mod signature;
mod stream;
mod unlocked;
mod virtual_disk;

use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pendeen_item::Gap;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::unit::{ByteLen, ByteOffset};
pub use error::OpenError;
use segment::Segment;
use signature::{Signature, Virtual};
pub use stream::{Block, stream};
pub use unlocked::{OpenedVolume, with_opened};
use virtual_disk::{Opened, VirtualDisk};

/// Which container holds the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// The bytes as they are, in one file or split.
    Raw,
    /// Expert Witness Format: E01, in one file or split.
    Ewf,
    /// QEMU's copy-on-write disk, version 2 or 3.
    Qcow2,
    /// VMware's disk: sparse, flat, split or stream-optimised.
    Vmdk,
    /// Virtual PC's disk: fixed, dynamic or differencing.
    Vhd,
    /// Hyper-V's disk.
    Vhdx,
    /// VirtualBox's disk.
    Vdi,
}

impl Format {
    /// What a person calls it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Raw => "raw disk image",
            Self::Ewf => "EWF (E01) disk image",
            Self::Qcow2 => "QCOW2 virtual disk",
            Self::Vmdk => "VMDK virtual disk",
            Self::Vhd => "VHD virtual disk",
            Self::Vhdx => "VHDX virtual disk",
            Self::Vdi => "VDI virtual disk",
        }
    }
}

/// What an image says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// The container.
    pub format: Format,
    /// Its files, in order.
    pub segments: Vec<PathBuf>,
    /// Length of the acquired device in bytes.
    pub len: ByteLen,
    /// MD5 that the container stores of the acquired bytes, if any.
    pub stored_md5: Option<[u8; 16]>,
    /// SHA-1 likewise.
    pub stored_sha1: Option<[u8; 20]>,
    /// What else the container's header says: (name, value), such as case number, examiner,
    /// acquisition date, in the container's order.
    pub header: Vec<(String, String)>,
    /// What the acquisition could not read, and what of the container itself is damaged: for
    /// the caller to record. Chunks that turn out damaged on reading are not in here.
    pub gaps: Vec<Gap>,
}

/// A read that could not be answered. The evidence is at fault, or the disk that holds it.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The device has no such bytes.
    #[error("bytes {offset} to {end} are outside the image, which has {len} bytes")]
    OutOfRange {
        /// First byte wanted.
        offset: ByteOffset,
        /// One past the last byte wanted.
        end: u64,
        /// Length of the image.
        len: ByteLen,
    },
    /// A chunk of the container is damaged.
    #[error("the chunk of {len} bytes at byte {offset} is damaged: {problem}")]
    DamagedChunk {
        /// Where the chunk's bytes begin in the acquired device.
        offset: ByteOffset,
        /// How many bytes it holds.
        len: ByteLen,
        /// What is wrong: wanted, got.
        problem: String,
    },
    /// The operating system could not read the file.
    #[error("reading {path} at byte {offset} failed")]
    Io {
        /// The segment.
        path: PathBuf,
        /// Position in that file.
        offset: ByteOffset,
        /// The cause.
        source: std::io::Error,
    },
}

/// Read-only bytes of an acquired device.
pub trait Image: Send + Sync {
    /// Length in bytes.
    fn len(&self) -> ByteLen;

    /// Whether there are no bytes at all.
    fn is_empty(&self) -> bool {
        self.len().0 == 0
    }

    /// The length of the pieces that can only be read whole, and fail whole: a chunk, a page.
    /// Reads aligned to it cost least. Never zero.
    fn granule(&self) -> ByteLen {
        ByteLen(4096)
    }

    /// Fills `buf` from `offset`, whole or not at all. Callers may read concurrently.
    fn read_at(&self, offset: ByteOffset, buf: &mut [u8]) -> Result<(), ReadError>;

    /// The first byte from `offset` on that may be other than zero: what lies before is a hole,
    /// as far as that is known without reading. At most the length of the image.
    fn next_data(&self, offset: ByteOffset) -> ByteOffset {
        offset
    }

    /// What the image says of itself.
    fn provenance(&self) -> &Provenance;

    /// The open read-only files behind the image, in segment order, to hand to a worker.
    fn descriptors(&self) -> Vec<BorrowedFd<'_>>;

    /// The encrypted volumes in it whose bytes are given plain, for a worker to do the same.
    fn opened(&self) -> &[OpenedVolume] {
        &[]
    }
}

/// Opens an image: one path, whose further segments are found beside it, or every segment in
/// order.
pub fn open(paths: &[PathBuf]) -> Result<Arc<dyn Image>, OpenError> {
    let (first, rest) = paths.split_first().ok_or(OpenError::Nothing)?;
    let head = Segment::open(first)?;
    match signature::of(&head)? {
        Signature::Ewf => {
            let image = ewf::EwfImage::open(head, |number| {
                let path = match rest.get(number as usize - 2) {
                    Some(named) => named.clone(),
                    None if rest.is_empty() => match sibling::ewf(first, number) {
                        Some(path) => path,
                        None => return Ok(None),
                    },
                    None => return Ok(None),
                };
                if rest.is_empty() && !path.exists() {
                    return Ok(None);
                }
                Segment::open(&path).map(Some)
            })?;
            refuse_leftover(&image, paths)?;
            Ok(Arc::new(image))
        }
        Signature::Virtual(_) => {
            let mut named = rest.iter();
            let mut next = |name: &str| {
                let path = match named.next() {
                    Some(path) => Some(path.clone()),
                    None if rest.is_empty() => virtual_disk::beside(first, name),
                    None => None,
                };
                path.map(|path| Segment::open(&path)).transpose()
            };
            let image = VirtualDisk::open(head, &mut next, &virtual_head)?;
            refuse_leftover(&image, paths)?;
            Ok(Arc::new(image))
        }
        Signature::Unread { format, advice } => {
            Err(OpenError::Unread { path: first.clone(), format, advice })
        }
        Signature::None => {
            let mut segments = vec![head];
            for path in raw_rest(first, rest)? {
                segments.push(Segment::open(&path)?);
            }
            Ok(Arc::new(raw::RawImage::new(segments)))
        }
    }
}

/// Opens the very image that another process has open, from its descriptors in segment order.
/// `names` stand for the files in messages and provenance.
pub fn from_descriptors(
    descriptors: Vec<OwnedFd>,
    names: &[PathBuf],
) -> Result<Arc<dyn Image>, OpenError> {
    let mut segments = Vec::with_capacity(descriptors.len());
    for (index, fd) in descriptors.into_iter().enumerate() {
        let name =
            names.get(index).cloned().unwrap_or_else(|| format!("segment {}", index + 1).into());
        segments.push(Segment::from_descriptor(fd, name)?);
    }
    let head = segments.first().ok_or(OpenError::Nothing)?;
    match signature::of(head)? {
        Signature::Ewf => {
            let mut rest = segments.into_iter();
            let head = rest.next().ok_or(OpenError::Nothing)?;
            Ok(Arc::new(ewf::EwfImage::open(head, |_| Ok(rest.next()))?))
        }
        Signature::Virtual(_) => {
            let mut rest = segments.into_iter();
            let head = rest.next().ok_or(OpenError::Nothing)?;
            Ok(Arc::new(VirtualDisk::open(head, &mut |_| Ok(rest.next()), &virtual_head)?))
        }
        Signature::Unread { format, advice } => {
            Err(OpenError::Unread { path: head.path.clone(), format, advice })
        }
        Signature::None => Ok(Arc::new(raw::RawImage::new(segments))),
    }
}

/// Reads the head of a virtual disk, of whichever kind it is: a parent may be a raw image.
fn virtual_head(segment: Segment, next: &mut virtual_disk::Next<'_>) -> Result<Opened, OpenError> {
    match signature::of(&segment)? {
        Signature::Virtual(Virtual::Qcow2) => virtual_disk::qcow2::open(segment, next),
        Signature::Virtual(Virtual::Vmdk) => virtual_disk::vmdk::open(segment, next),
        Signature::Virtual(Virtual::Vhd) => virtual_disk::vhd::open(segment, next),
        Signature::Virtual(Virtual::Vhdx) => virtual_disk::vhdx::open(segment, next),
        Signature::Virtual(Virtual::Vdi) => virtual_disk::vdi::open(segment, next),
        Signature::None => Ok(virtual_disk::raw(segment)),
        Signature::Ewf => Err(OpenError::Foreign {
            path: segment.path,
            problem: "an E01 image cannot be the parent of a virtual disk".to_owned(),
        }),
        Signature::Unread { format, advice } => {
            Err(OpenError::Unread { path: segment.path, format, advice })
        }
    }
}

/// Refuses named files that lie behind the end of an image.
fn refuse_leftover(image: &dyn Image, paths: &[PathBuf]) -> Result<(), OpenError> {
    match paths.get(image.provenance().segments.len()) {
        None => Ok(()),
        Some(path) => Err(OpenError::Foreign {
            path: path.clone(),
            problem: "the segment before it is the last of its image".to_owned(),
        }),
    }
}

/// The segments after the first of a raw image.
fn raw_rest(first: &Path, rest: &[PathBuf]) -> Result<Vec<PathBuf>, OpenError> {
    if !rest.is_empty() {
        return Ok(rest.to_vec());
    }
    match sibling::raw(first) {
        sibling::Raw::Alone => Ok(Vec::new()),
        sibling::Raw::Split(mut files) => Ok(files.split_off(1)),
        sibling::Raw::Missing { after, expected } => {
            Err(OpenError::MissingSegment { after, expected })
        }
        sibling::Raw::NotFirst { first: named } => {
            Err(OpenError::NotFirst { path: first.to_owned(), first: named })
        }
    }
}

/// Refuses a read that leaves the image.
pub(crate) fn check_range(
    offset: ByteOffset,
    wanted: usize,
    len: ByteLen,
) -> Result<(), ReadError> {
    let end = offset.0.saturating_add(wanted as u64);
    if end > len.0 {
        return Err(ReadError::OutOfRange { offset, end, len });
    }
    Ok(())
}
