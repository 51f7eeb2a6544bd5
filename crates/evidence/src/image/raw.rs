//! Raw images: the acquired bytes as they are, in one file, a block device, or files that
//! continue each other.
//!
//! In: open segments in order. Out: an [`Image`] over their concatenation.

use std::os::fd::{AsFd, BorrowedFd};

use super::segment::Segment;
use super::{Format, Image, Provenance, ReadError, check_range};
use crate::unit::{ByteLen, ByteOffset};

/// A raw image. `starts[i]` is where `segments[i]` begins.
#[derive(Debug)]
pub(super) struct RawImage {
    segments: Vec<Segment>,
    starts: Vec<u64>,
    provenance: Provenance,
}

impl RawImage {
    pub fn new(segments: Vec<Segment>) -> Self {
        let mut len = 0_u64;
        let mut starts = Vec::with_capacity(segments.len());
        for segment in &segments {
            starts.push(len);
            len = len.saturating_add(segment.len);
        }
        let provenance = Provenance {
            format: Format::Raw,
            segments: segments.iter().map(|s| s.path.clone()).collect(),
            len: ByteLen(len),
            stored_md5: None,
            stored_sha1: None,
            header: Vec::new(),
            gaps: Vec::new(),
        };
        Self { segments, starts, provenance }
    }
}

impl Image for RawImage {
    fn len(&self) -> ByteLen {
        self.provenance.len
    }

    fn read_at(&self, offset: ByteOffset, buf: &mut [u8]) -> Result<(), ReadError> {
        check_range(offset, buf.len(), self.len())?;
        let first = self.starts.partition_point(|start| *start <= offset.0).saturating_sub(1);
        let mut at = offset.0;
        let mut rest = buf;
        for (segment, start) in self.segments.iter().zip(&self.starts).skip(first) {
            if rest.is_empty() {
                break;
            }
            let inside = at - start;
            let here =
                usize::try_from(segment.len - inside).map_or(rest.len(), |n| n.min(rest.len()));
            let (now, later) = rest.split_at_mut(here);
            segment.read_exact_at(inside, now)?;
            at += here as u64;
            rest = later;
        }
        Ok(())
    }

    fn next_data(&self, offset: ByteOffset) -> ByteOffset {
        let first = self.starts.partition_point(|start| *start <= offset.0).saturating_sub(1);
        for (segment, start) in self.segments.iter().zip(&self.starts).skip(first) {
            let inside = offset.0.saturating_sub(*start);
            let data = segment.next_data(inside);
            if data < segment.len {
                return ByteOffset(start.saturating_add(data));
            }
        }
        ByteOffset(self.len().0.max(offset.0))
    }

    fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        self.segments.iter().map(|s| s.fd.as_fd()).collect()
    }
}
