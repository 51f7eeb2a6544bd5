//! An image some of whose volumes were opened: their bytes are plain, at the places where they
//! are encrypted.
//!
//! In: an image and the volumes opened in it, with their keys. Out: an [`Image`] of the same
//! length. A position means what it means in the base image, so that what is found in an opened
//! volume has its place on the acquired device. Refused: volumes that overlap or leave the image.

use std::fmt;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

use pendeen_unlock::{Decryptor, Unlocked};
use serde::{Deserialize, Serialize};

use super::{Image, Provenance, ReadError, check_range};
use crate::unit::{ByteLen, ByteOffset};

/// An opened volume, with its key. It goes to workers over their private sockets, and nowhere
/// else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenedVolume {
    /// Where the encrypted volume begins in the image.
    pub offset: ByteOffset,
    /// Its key, and where its plain bytes lie.
    pub unlocked: Unlocked,
}

impl OpenedVolume {
    /// Where the plain bytes begin in the image, and where they end.
    fn range(&self) -> Option<(u64, u64)> {
        let from = self.offset.0.checked_add(self.unlocked.at())?;
        Some((from, from.checked_add(self.unlocked.len())?))
    }
}

impl fmt::Debug for OpenedVolume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} from byte {}", self.unlocked, self.offset)
    }
}

/// The image with these volumes plain; none where they overlap, or are not in it.
pub fn with_opened(base: Arc<dyn Image>, opened: Vec<OpenedVolume>) -> Option<Arc<dyn Image>> {
    if opened.is_empty() {
        return Some(base);
    }
    let mut volumes = Vec::with_capacity(opened.len());
    for one in &opened {
        let (from, end) = one.range().filter(|(_, end)| *end <= base.len().0)?;
        volumes.push(Plain { from, end, decryptor: Decryptor::new(one.unlocked.clone())? });
    }
    volumes.sort_by_key(|volume| volume.from);
    let apart = volumes.windows(2).all(|pair| pair[0].end <= pair[1].from);
    // An image in which something is open already is opened once only.
    if !apart || !base.opened().is_empty() {
        return None;
    }
    Some(Arc::new(UnlockedImage { base, volumes, opened }))
}

/// A stretch of the image that is read through a cipher.
struct Plain {
    from: u64,
    end: u64,
    decryptor: Decryptor,
}

struct UnlockedImage {
    base: Arc<dyn Image>,
    /// In order, none overlapping the next.
    volumes: Vec<Plain>,
    opened: Vec<OpenedVolume>,
}

impl UnlockedImage {
    /// The first opened volume that ends behind `at`.
    fn next_volume(&self, at: u64) -> Option<&Plain> {
        self.volumes.get(self.volumes.partition_point(|volume| volume.end <= at))
    }
}

impl Image for UnlockedImage {
    fn len(&self) -> ByteLen {
        self.base.len()
    }

    fn granule(&self) -> ByteLen {
        self.base.granule()
    }

    fn read_at(&self, offset: ByteOffset, buf: &mut [u8]) -> Result<(), ReadError> {
        check_range(offset, buf.len(), self.len())?;
        let (mut at, mut rest) = (offset.0, buf);
        while !rest.is_empty() {
            let volume = self.next_volume(at);
            let inside = volume.filter(|volume| volume.from <= at);
            let until = match (inside, volume) {
                (Some(volume), _) => volume.end,
                (None, Some(next)) => next.from,
                (None, None) => u64::MAX,
            };
            let here = usize::try_from(until - at).map_or(rest.len(), |n| n.min(rest.len()));
            let (now, later) = rest.split_at_mut(here);
            match inside {
                Some(Plain { from, decryptor, .. }) => {
                    let read = |place: u64, buf: &mut [u8]| {
                        self.base.read_at(ByteOffset(from.saturating_add(place)), buf)
                    };
                    decryptor.read(&read, at - from, now)?;
                }
                None => self.base.read_at(ByteOffset(at), now)?,
            }
            at += here as u64;
            rest = later;
        }
        Ok(())
    }

    fn next_data(&self, offset: ByteOffset) -> ByteOffset {
        let data = self.base.next_data(offset);
        // Zeros that are decrypted are none: a hole in an opened volume may be anything.
        match self.next_volume(offset.0) {
            Some(volume) if volume.from < data.0 => ByteOffset(volume.from.max(offset.0)),
            _ => data,
        }
    }

    fn provenance(&self) -> &Provenance {
        self.base.provenance()
    }

    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        self.base.descriptors()
    }

    fn opened(&self) -> &[OpenedVolume] {
        &self.opened
    }
}
