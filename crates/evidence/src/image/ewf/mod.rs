//! Expert Witness Format, version 1: E01 and its further segments, as EnCase 1 to 7, linen,
//! FTK Imager, SMART and libewf write it.
//!
//! In: segments in order. Out: an [`Image`]. Checksums of sections, tables and chunks are
//! verified; a damaged table is replaced by its twin, a damaged chunk is an error of that
//! chunk alone. A segment that is cut short yields what its tables still locate. The stored
//! digests are handed on for the caller to compare. Refused: a missing segment, segments of
//! different acquisitions, an image whose geometry is damaged in every copy.
//!
//! Source: J. Metz, "Expert Witness Compression Format specification" (libewf).

mod account;
mod cache;
mod chunk;
mod header;
mod open;
mod section;
mod table;
mod volume;
#[cfg(feature = "fixtures")]
pub mod write;

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use super::segment::Segment;
use super::{Image, OpenError, Provenance, ReadError, check_range};
use crate::unit::{ByteLen, ByteOffset};
use cache::Cache;
use table::{Place, Run};
use volume::Geometry;

/// Most bytes of chunks that are located at once.
const BATCH: u64 = 4 << 20;

/// An open EWF image.
#[derive(Debug)]
pub(super) struct EwfImage {
    segments: Vec<Segment>,
    geometry: Geometry,
    /// By first chunk, not overlapping; between them lies what no table locates.
    runs: Vec<Run>,
    cache: Cache,
    provenance: Provenance,
}

impl EwfImage {
    /// Opens the image that `head` begins; `following` gives the segment of a number, from 2, or
    /// none where there is none.
    pub fn open(
        head: Segment,
        following: impl FnMut(u32) -> Result<Option<Segment>, OpenError>,
    ) -> Result<Self, OpenError> {
        open::open(head, following)
    }

    /// Where a chunk is, or the extent around it that no table locates.
    fn place(&self, chunk: u64) -> Result<Place, ReadError> {
        let after = self.runs.partition_point(|run| run.first <= chunk);
        let run = after.checked_sub(1).and_then(|i| self.runs.get(i));
        if let Some(run) = run.filter(|run| chunk - run.first < run.count()) {
            return run.place(chunk - run.first).ok_or_else(|| {
                self.damaged(chunk, "the table that should locate it is damaged".to_owned())
            });
        }
        let end = self.runs.get(after).map_or(self.geometry.chunks(), |run| run.first);
        let (start, _) = self.geometry.extent(chunk);
        let (past, len) = self.geometry.extent(end.saturating_sub(1));
        Err(ReadError::DamagedChunk {
            offset: ByteOffset(start),
            len: ByteLen((past + len).saturating_sub(start)),
            problem: "no table locates it: the image is incomplete or damaged".to_owned(),
        })
    }

    fn damaged(&self, chunk: u64, problem: String) -> ReadError {
        let (start, len) = self.geometry.extent(chunk);
        ReadError::DamagedChunk { offset: ByteOffset(start), len: ByteLen(len), problem }
    }

    /// Fills `out` with whole chunks from `first` on.
    fn read_whole(&self, first: u64, out: &mut [u8]) -> Result<(), ReadError> {
        let chunk_len = self.chunk_len();
        let batch = usize::try_from(BATCH.div_ceil(self.geometry.chunk_len)).unwrap_or(1);
        let mut places = Vec::with_capacity(batch.min(out.len().div_ceil(chunk_len)));
        let mut next = first;
        for part in out.chunks_mut(batch * chunk_len) {
            places.clear();
            let count = part.len().div_ceil(chunk_len) as u64;
            for chunk in next..next + count {
                places.push(self.place(chunk)?);
            }
            chunk::read(&self.segments, &places, chunk_len, part)
                .map_err(|failure| self.damaged(next + failure.index as u64, failure.problem))?;
            next += count;
        }
        Ok(())
    }

    /// One chunk, from the cache or into it.
    fn cached(&self, chunk: u64) -> Result<Arc<[u8]>, ReadError> {
        if let Some(bytes) = self.cache.get(chunk) {
            return Ok(bytes);
        }
        let (_, len) = self.geometry.extent(chunk);
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
        self.read_whole(chunk, &mut bytes)?;
        let bytes: Arc<[u8]> = bytes.into();
        self.cache.put(chunk, Arc::clone(&bytes));
        Ok(bytes)
    }

    /// At most [`volume::MAX_CHUNK_LEN`], so it fits.
    fn chunk_len(&self) -> usize {
        usize::try_from(self.geometry.chunk_len).unwrap_or(usize::MAX)
    }
}

impl Image for EwfImage {
    fn len(&self) -> ByteLen {
        ByteLen(self.geometry.media_len)
    }

    fn granule(&self) -> ByteLen {
        ByteLen(self.geometry.chunk_len)
    }

    fn read_at(&self, offset: ByteOffset, buf: &mut [u8]) -> Result<(), ReadError> {
        check_range(offset, buf.len(), self.len())?;
        let chunk_len = self.geometry.chunk_len;
        let mut at = offset.0;
        let mut rest = buf;
        while !rest.is_empty() {
            let chunk = at / chunk_len;
            let (start, len) = self.geometry.extent(chunk);
            let inside = at - start;
            let here = if inside == 0 && rest.len() as u64 >= len {
                let whole = self.whole(at, rest.len());
                self.read_whole(chunk, &mut rest[..whole])?;
                whole
            } else {
                let bytes = self.cached(chunk)?;
                let bytes = &bytes[usize::try_from(inside).unwrap_or(usize::MAX)..];
                let here = bytes.len().min(rest.len());
                rest[..here].copy_from_slice(&bytes[..here]);
                here
            };
            rest = &mut rest[here..];
            at += here as u64;
        }
        Ok(())
    }

    fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        self.segments.iter().map(|s| s.fd.as_fd()).collect()
    }
}

impl EwfImage {
    /// How many of the `wanted` bytes from the chunk boundary `at` on are whole chunks: all of
    /// them where they reach the image's end, whose last chunk may be shorter.
    fn whole(&self, at: u64, wanted: usize) -> usize {
        if at + wanted as u64 == self.geometry.media_len {
            return wanted;
        }
        wanted - wanted % self.chunk_len()
    }
}
