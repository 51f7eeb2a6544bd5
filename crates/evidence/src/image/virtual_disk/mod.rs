//! Virtual disks: files in which a table says where each stretch of the device lies.
//!
//! A module per container turns its tables into a [`Layout`]; [`VirtualDisk`] does the rest:
//! holes are zeros, packed stretches are unpacked and remembered, and what a disk does not
//! hold itself comes from its parent. A parent is looked for beside the disk, by the last part
//! of the name that the disk gives, and nowhere else: a path in evidence is not to be trusted.
//! Where it is missing the disk opens nevertheless, and every stretch that only the parent has
//! is an error that names it: a gap, not zeros.

pub(super) mod qcow2;
mod table;
pub(super) mod vdi;
pub(super) mod vhd;
pub(super) mod vhdx;
pub(super) mod vmdk;

use std::collections::VecDeque;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use libdeflater::Decompressor;

use super::segment::Segment;
use super::{Format, Image, OpenError, Provenance, ReadError, check_range};
use crate::unit::{ByteLen, ByteOffset};

/// Where a stretch of the device's bytes is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere: zeros.
    Zeros,
    /// As it is, in this file from this byte on.
    Stored { file: usize, at: u64 },
    /// Packed, in at most so many bytes of this file.
    Packed { file: usize, at: u64, len: usize, how: Packing },
    /// In the parent, at the same place.
    Parent,
    /// Named by a table that cannot be right.
    Lost(String),
}

/// How a stretch is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// Deflate without a frame (RFC 1951).
    Deflate,
    /// Deflate in a zlib frame (RFC 1950).
    Zlib,
    /// Zstandard (RFC 8878).
    Zstd,
}

/// One stretch of the device. `start + len` is past the position that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    pub start: u64,
    pub len: u64,
    pub place: Place,
}

/// A container's tables, as an answer to one question.
pub(super) trait Layout: Send + Sync {
    /// The stretch that holds this byte, which lies inside the device.
    fn find(&self, files: &[Segment], at: u64) -> Result<Stretch, ReadError>;
}

/// What a container's reader found out.
pub(super) struct Opened {
    pub format: Format,
    pub files: Vec<Segment>,
    pub layout: Box<dyn Layout>,
    pub len: u64,
    /// Length of the pieces that its tables speak of, in bytes.
    pub granule: u64,
    pub header: Vec<(String, String)>,
    /// The parent's name as the disk gives it, where it has one.
    pub parent: Option<String>,
}

/// Asks for the next file that an image needs: by the name that the image gives, where it
/// gives one. None where there is none.
pub(super) type Next<'a> = dyn FnMut(&str) -> Result<Option<Segment>, OpenError> + 'a;

/// Packed stretches remembered: neighbours are often asked for in parts.
const REMEMBERED: usize = 16;
/// How many parents may stand behind each other.
const GENERATIONS: usize = 16;
/// The longest stretch that may be packed, in bytes: what has to be held in memory.
const LONGEST_PACKED: u64 = 64 << 20;

/// An open virtual disk.
pub(super) struct VirtualDisk {
    files: Vec<Segment>,
    layout: Box<dyn Layout>,
    parent: Option<Box<VirtualDisk>>,
    wants_parent: Option<String>,
    granule: u64,
    provenance: Provenance,
    unpacked: Mutex<VecDeque<(u64, Arc<Vec<u8>>)>>,
}

impl VirtualDisk {
    /// Opens a disk and its parents. `next` finds further files; `read` opens a container's
    /// head, for a parent may be of another kind than its child.
    pub fn open(
        head: Segment,
        next: &mut Next<'_>,
        read: &dyn Fn(Segment, &mut Next<'_>) -> Result<Opened, OpenError>,
    ) -> Result<Self, OpenError> {
        Self::generation(head, next, read, 0)
    }

    fn generation(
        head: Segment,
        next: &mut Next<'_>,
        read: &dyn Fn(Segment, &mut Next<'_>) -> Result<Opened, OpenError>,
        generation: usize,
    ) -> Result<Self, OpenError> {
        let path = head.path.clone();
        let opened = read(head, next)?;
        let mut header = opened.header;
        let mut parent = None;
        if let Some(name) = &opened.parent {
            header.push(("parent".to_owned(), name.clone()));
            if generation >= GENERATIONS {
                return Err(OpenError::Foreign {
                    path,
                    problem: format!("more than {GENERATIONS} disks stand behind it"),
                });
            }
            if let Some(segment) = next(name)? {
                parent = Some(Box::new(Self::generation(segment, next, read, generation + 1)?));
            } else {
                header.push(("parent found".to_owned(), "no".to_owned()));
            }
        }
        let mut segments: Vec<PathBuf> = opened.files.iter().map(|f| f.path.clone()).collect();
        segments.extend(parent.iter().flat_map(|p| p.provenance.segments.iter().cloned()));
        let provenance = Provenance {
            format: opened.format,
            segments,
            len: ByteLen(opened.len),
            stored_md5: None,
            stored_sha1: None,
            header,
            gaps: Vec::new(),
        };
        Ok(Self {
            files: opened.files,
            layout: opened.layout,
            parent,
            wants_parent: opened.parent,
            granule: opened.granule.max(512),
            provenance,
            unpacked: Mutex::default(),
        })
    }

    /// The bytes of one stretch from `at` on, as far as `buf` and the stretch go.
    fn part(&self, at: u64, buf: &mut [u8]) -> Result<usize, ReadError> {
        let stretch = self.layout.find(&self.files, at)?;
        let inside = at.saturating_sub(stretch.start);
        let left = stretch.len.saturating_sub(inside);
        let len = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        if len == 0 {
            return Err(damaged(at, 1, "its table has no end there".to_owned()));
        }
        let buf = &mut buf[..len];
        match stretch.place {
            Place::Zeros => buf.fill(0),
            Place::Stored { file, at: start } => {
                let file = self.file(file, at)?;
                file.read_exact_at(start.saturating_add(inside), buf)?;
            }
            Place::Packed { file, at: start, len: packed, how } => {
                let bytes = self.unpack(&stretch_of(&stretch), file, start, packed, how)?;
                let inside = usize::try_from(inside).unwrap_or(usize::MAX);
                let found = bytes.get(inside..).and_then(|rest| rest.get(..len));
                buf.copy_from_slice(found.ok_or_else(|| {
                    damaged(stretch.start, stretch.len, "it unpacks to too few bytes".to_owned())
                })?);
            }
            Place::Parent => self.read_parent(at, buf)?,
            Place::Lost(problem) => return Err(damaged(stretch.start, stretch.len, problem)),
        }
        Ok(len)
    }

    fn read_parent(&self, at: u64, buf: &mut [u8]) -> Result<(), ReadError> {
        let Some(parent) = &self.parent else {
            let name = self.wants_parent.as_deref().unwrap_or("its parent");
            let problem = format!("only the parent disk has it, {name:?}, which was not found");
            return Err(damaged(at, buf.len() as u64, problem));
        };
        // A disk may be longer than its parent: there is nothing behind the parent's end.
        let there = parent.len().0.saturating_sub(at);
        let there = usize::try_from(there).map_or(buf.len(), |n| n.min(buf.len()));
        let (held, beyond) = buf.split_at_mut(there);
        beyond.fill(0);
        if held.is_empty() { Ok(()) } else { parent.read_at(ByteOffset(at), held) }
    }

    fn unpack(
        &self,
        stretch: &(u64, u64),
        file: usize,
        at: u64,
        packed: usize,
        how: Packing,
    ) -> Result<Arc<Vec<u8>>, ReadError> {
        let (start, len) = *stretch;
        let remembered = || self.unpacked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bytes)) = remembered().iter().find(|(known, _)| *known == start) {
            return Ok(Arc::clone(bytes));
        }
        if len > LONGEST_PACKED {
            return Err(damaged(start, len, "it is packed and too long to unpack".to_owned()));
        }
        let source = self.file(file, start)?;
        let mut from = vec![0; packed];
        let got = source.read_at(at, &mut from)?;
        from.truncate(got);
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
        unpack(&from, &mut bytes, how).map_err(|problem| damaged(start, len, problem))?;
        let bytes = Arc::new(bytes);
        let mut remembered = remembered();
        if remembered.len() >= REMEMBERED {
            remembered.pop_front();
        }
        remembered.push_back((start, Arc::clone(&bytes)));
        Ok(bytes)
    }

    fn file(&self, number: usize, at: u64) -> Result<&Segment, ReadError> {
        self.files
            .get(number)
            .ok_or_else(|| damaged(at, 1, format!("it lies in file {number}, which is not there")))
    }
}

fn stretch_of(stretch: &Stretch) -> (u64, u64) {
    (stretch.start, stretch.len)
}

fn unpack(from: &[u8], to: &mut [u8], how: Packing) -> Result<(), String> {
    use std::io::Read;
    match how {
        Packing::Deflate | Packing::Zlib => {
            let mut inflater = Decompressor::new();
            let got = match how {
                Packing::Zlib => inflater.zlib_decompress(from, to),
                _ => inflater.deflate_decompress(from, to),
            };
            let got = got.map_err(|error| format!("it does not inflate: {error}"))?;
            to[got..].fill(0);
        }
        Packing::Zstd => {
            let mut decoder = ruzstd::decoding::StreamingDecoder::new(from)
                .map_err(|error| format!("it is no Zstandard frame: {error}"))?;
            decoder.read_exact(to).map_err(|error| format!("it does not unpack: {error}"))?;
        }
    }
    Ok(())
}

/// A raw image as the parent of a virtual disk.
pub(super) fn raw(segment: Segment) -> Opened {
    struct Plain(u64);
    impl Layout for Plain {
        fn find(&self, _files: &[Segment], _at: u64) -> Result<Stretch, ReadError> {
            Ok(Stretch { start: 0, len: self.0, place: Place::Stored { file: 0, at: 0 } })
        }
    }
    let len = segment.len;
    Opened {
        format: Format::Raw,
        files: vec![segment],
        layout: Box::new(Plain(len)),
        len,
        granule: 4096,
        header: Vec::new(),
        parent: None,
    }
}

/// A stretch that cannot be read.
pub(super) fn damaged(at: u64, len: u64, problem: String) -> ReadError {
    ReadError::DamagedChunk { offset: ByteOffset(at), len: ByteLen(len), problem }
}

/// A container whose head is not what its form says.
pub(super) fn broken(segment: &Segment, at: u64, problem: impl Into<String>) -> OpenError {
    OpenError::Damaged {
        path: segment.path.clone(),
        offset: ByteOffset(at),
        problem: problem.into(),
    }
}

/// The bytes of a container's head, whole or an error that says so.
pub(super) fn head<const N: usize>(segment: &Segment, at: u64) -> Result<[u8; N], OpenError> {
    let mut bytes = [0; N];
    segment
        .read_exact_at(at, &mut bytes)
        .map_err(|error| broken(segment, at, error.to_string()))?;
    Ok(bytes)
}

/// A file named by the evidence, beside the file that names it: the last part of the name,
/// whichever way its author writes paths.
pub(super) fn beside(path: &Path, name: &str) -> Option<PathBuf> {
    let last = name.rsplit(['/', '\\']).next().filter(|last| !last.is_empty() && *last != "..")?;
    let found = path.with_file_name(last);
    (found.is_file() && found != path).then_some(found)
}

impl Image for VirtualDisk {
    fn len(&self) -> ByteLen {
        self.provenance.len
    }

    fn granule(&self) -> ByteLen {
        ByteLen(self.granule)
    }

    fn read_at(&self, offset: ByteOffset, buf: &mut [u8]) -> Result<(), ReadError> {
        check_range(offset, buf.len(), self.len())?;
        let mut done = 0;
        while done < buf.len() {
            done += self.part(offset.0 + done as u64, &mut buf[done..])?;
        }
        Ok(())
    }

    fn next_data(&self, offset: ByteOffset) -> ByteOffset {
        let mut at = offset.0;
        while at < self.len().0 {
            match self.layout.find(&self.files, at) {
                Ok(Stretch { start, len, place: Place::Zeros })
                    if start.saturating_add(len) > at =>
                {
                    at = start.saturating_add(len);
                }
                _ => break,
            }
        }
        ByteOffset(at.min(self.len().0.max(offset.0)))
    }

    fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        let own = self.files.iter().map(|file| file.fd.as_fd());
        own.chain(self.parent.iter().flat_map(|parent| parent.descriptors())).collect()
    }
}
