//! An image in memory.

use std::os::fd::BorrowedFd;
use std::sync::Arc;

use pendeen_evidence::image::{Format, Image, Provenance, ReadError};
use pendeen_evidence::unit::{ByteLen, ByteOffset};

/// Bytes as the image of a disk; `bad` cannot be read.
pub struct Memory {
    bytes: Vec<u8>,
    bad: std::ops::Range<u64>,
    provenance: Provenance,
}

pub fn image(bytes: Vec<u8>) -> Arc<dyn Image> {
    damaged(bytes, 0..0)
}

pub fn damaged(bytes: Vec<u8>, bad: std::ops::Range<u64>) -> Arc<dyn Image> {
    let provenance = Provenance {
        format: Format::Raw,
        segments: Vec::new(),
        len: ByteLen(bytes.len() as u64),
        stored_md5: None,
        stored_sha1: None,
        header: Vec::new(),
        gaps: Vec::new(),
    };
    Arc::new(Memory { bytes, bad, provenance })
}

impl Image for Memory {
    fn len(&self) -> ByteLen {
        self.provenance.len
    }

    fn read_at(&self, offset: ByteOffset, buf: &mut [u8]) -> Result<(), ReadError> {
        let end = offset.0.saturating_add(buf.len() as u64);
        let out = || ReadError::OutOfRange { offset, end, len: self.len() };
        if offset.0 < self.bad.end && end > self.bad.start {
            return Err(out());
        }
        let start = usize::try_from(offset.0).map_err(|_| out())?;
        let found = self.bytes.get(start..start.saturating_add(buf.len())).ok_or_else(out)?;
        buf.copy_from_slice(found);
        Ok(())
    }

    fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        Vec::new()
    }
}
