//! A disk in memory, and what must hold of its volumes.

use std::os::fd::BorrowedFd;

use pendeen_evidence::image::{Format, Image, Provenance, ReadError};
use pendeen_evidence::unit::{ByteLen, ByteOffset};
use pendeen_evidence::{recognise, volume};

struct Disk {
    bytes: Vec<u8>,
    provenance: Provenance,
}

impl Image for Disk {
    fn len(&self) -> ByteLen {
        self.provenance.len
    }

    fn read_at(&self, offset: ByteOffset, buf: &mut [u8]) -> Result<(), ReadError> {
        let end = offset.0.saturating_add(buf.len() as u64);
        let start = usize::try_from(offset.0).unwrap_or(usize::MAX);
        match self.bytes.get(start..start.saturating_add(buf.len())) {
            Some(bytes) => buf.copy_from_slice(bytes),
            None => return Err(ReadError::OutOfRange { offset, end, len: self.len() }),
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

/// Finds the volumes of `bytes` and checks that they lie inside.
pub fn check(bytes: Vec<u8>) {
    if bytes.is_empty() {
        return;
    }
    let len = ByteLen(bytes.len() as u64);
    let provenance = Provenance {
        format: Format::Raw,
        segments: Vec::new(),
        len,
        stored_md5: None,
        stored_sha1: None,
        header: Vec::new(),
        gaps: Vec::new(),
    };
    let disk = Disk { bytes, provenance };
    let volumes = volume::open_all(&disk, &mut Vec::new());
    assert!(!volumes.is_empty());
    for volume in volumes {
        assert!(volume.len.0 > 0);
        for piece in volume.pieces().all() {
            assert!(piece.at.0 + piece.len.0 <= len.0);
        }
        let _ = recognise::volume(&disk, &volume);
        let _ = recognise::shadow_copies(&disk, &volume);
    }
}
