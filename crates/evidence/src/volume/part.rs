//! A stretch of an image as an image of its own, to look for tables in it.

use std::os::fd::BorrowedFd;

use crate::image::{Image, Provenance, ReadError, check_range};
use crate::unit::{ByteLen, ByteOffset};

/// `len` bytes of an image from `from` on, which lie in it.
pub(super) struct Part<'a> {
    pub(super) image: &'a dyn Image,
    pub(super) from: ByteOffset,
    pub(super) len: ByteLen,
}

impl Image for Part<'_> {
    fn len(&self) -> ByteLen {
        self.len
    }

    fn read_at(&self, offset: ByteOffset, buf: &mut [u8]) -> Result<(), ReadError> {
        check_range(offset, buf.len(), self.len)?;
        self.image.read_at(ByteOffset(self.from.0.saturating_add(offset.0)), buf)
    }

    fn provenance(&self) -> &Provenance {
        self.image.provenance()
    }

    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        Vec::new()
    }
}
