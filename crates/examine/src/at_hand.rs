//! Reads parts of a content again while it is at hand: for metadata, and the test for noise.
//!
//! In: a content that was digested. Out: what it says of itself, in its [`Outcome`]. A content
//! that was read whole into memory is looked at there; of a long one the blocks that are
//! wanted are read again, which the kernel or the image still has at hand. What has no
//! signature costs nothing, unless it is long and may be a container. Refused: more reading
//! than [`BLOCKS`] blocks, however a file's structure is crossed.

use std::cell::RefCell;
use std::fs::File;
use std::os::unix::fs::FileExt;

use pendeen_content::Positioned;
use pendeen_evidence::entry::Content;
use pendeen_evidence::image::Image;
use pendeen_fingerprint::metadata::{self, Bytes};
use pendeen_item::{Degrees, Media};

use crate::content::open;
use crate::digesting::Outcome;
use crate::nested::Runs;

/// Length of the blocks that are read, in bytes.
const BLOCK: u64 = 64 * 1024;
/// How many blocks are read of one content, at most.
const BLOCKS: usize = 256;

impl Outcome {
    /// Looks at the content for what it says of itself.
    pub(crate) fn look_at(&mut self, content: &dyn Bytes) {
        let media_type = self.media_type();
        let known = media_type.filter(|media_type| metadata::has_metadata(media_type));
        self.metadata = known.and_then(|kind| metadata::metadata(content, kind)).map(Box::new);
        self.embeds = media_type == Some("image/jpeg") && metadata::embeds(content);
        self.encrypted = metadata::encrypted(content, media_type);
    }

    /// The item's columns.
    pub(crate) fn media(&self) -> Media {
        let Some(found) = self.metadata.as_deref() else { return Media::default() };
        let found = found.clone();
        Media {
            width_px: found.width_px,
            height_px: found.height_px,
            duration_ms: found.duration_ms,
            exif_make: found.make,
            exif_model: found.model,
            exif_serial: found.serial,
            exif_taken: found.taken,
            exif_latitude: found.latitude_e7.map(Degrees::from_e7),
            exif_longitude: found.longitude_e7.map(Degrees::from_e7),
        }
    }
}

/// A content that lies in an image or a folder, read a block at a time.
pub(crate) struct AtHand<'a> {
    content: Box<dyn Positioned + 'a>,
    last: RefCell<Block>,
}

/// The block read last.
#[derive(Default)]
struct Block {
    number: u64,
    bytes: Vec<u8>,
    loaded: usize,
}

impl<'a> AtHand<'a> {
    /// A content with a place; none where only a worker can read it, or it cannot be opened.
    pub(crate) fn of(content: &'a Content, image: Option<&'a dyn Image>, len: u64) -> Option<Self> {
        let content: Box<dyn Positioned> = match (content, image) {
            (Content::Runs(runs), Some(image)) => Box::new(Runs::new(image, runs)),
            (Content::File(path), _) => Box::new(OfFile { file: open(path).ok()?, len }),
            _ => return None,
        };
        Some(Self { content, last: RefCell::default() })
    }
}

/// A file of a folder, by position.
pub(crate) struct OfFile {
    pub(crate) file: File,
    pub(crate) len: u64,
}

impl Positioned for OfFile {
    fn size(&self) -> u64 {
        self.len
    }

    fn fill(&self, at: u64, buf: &mut [u8]) -> std::io::Result<()> {
        self.file.read_exact_at(buf, at)
    }
}

impl Bytes for AtHand<'_> {
    fn len(&self) -> u64 {
        self.content.size()
    }

    fn read(&self, mut at: u64, mut buf: &mut [u8]) -> Option<()> {
        if at.checked_add(buf.len() as u64)? > self.len() {
            return None;
        }
        let mut last = self.last.borrow_mut();
        while !buf.is_empty() {
            let number = at / BLOCK;
            if last.number != number || last.bytes.is_empty() {
                last.loaded += 1;
                if last.loaded > BLOCKS {
                    return None;
                }
                let start = number * BLOCK;
                let mut bytes = std::mem::take(&mut last.bytes);
                bytes.resize(usize::try_from(BLOCK.min(self.len() - start)).ok()?, 0);
                self.content.fill(start, &mut bytes).ok()?;
                last.bytes = bytes;
                last.number = number;
            }
            let from = usize::try_from(at % BLOCK).ok()?;
            let part = last.bytes.get(from..)?;
            let n = part.len().min(buf.len());
            buf[..n].copy_from_slice(&part[..n]);
            at += n as u64;
            buf = &mut buf[n..];
        }
        Some(())
    }
}

/// A content of which only the beginning was kept.
pub(crate) struct Beginning<'a> {
    pub(crate) head: &'a [u8],
    pub(crate) len: u64,
}

impl Bytes for Beginning<'_> {
    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, at: u64, buf: &mut [u8]) -> Option<()> {
        self.head.read(at, buf)
    }
}
