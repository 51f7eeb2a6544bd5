//! VDI, version 1: blocks through one table.
//!
//! Refused: other versions. A difference image names its parent by an identifier only: its
//! own blocks are read, the rest is a gap.
//!
//! Source: VirtualBox, VDICore.h; QEMU, block/vdi.c.

use super::table::Pages;
use super::{Layout, Next, Opened, Place, Stretch, broken, head};
use crate::bytes::{u32_le, u64_le};
use crate::image::segment::Segment;
use crate::image::{Format, OpenError, ReadError};

const FREE: u32 = u32::MAX;
const ZERO: u32 = u32::MAX - 1;
const DIFFERENCE: u32 = 4;

struct Vdi {
    map_at: u64,
    data_at: u64,
    block: u64,
    extra: u64,
    blocks: u64,
    difference: bool,
    pages: Pages,
}

/// Reads the header.
pub fn open(segment: Segment, _next: &mut Next<'_>) -> Result<Opened, OpenError> {
    let bytes: [u8; 512] = head(&segment, 0)?;
    let word = |at| u32_le(&bytes, at).unwrap_or(0);
    if word(68) >> 16 != 1 {
        return Err(broken(&segment, 68, format!("version {:#x}, not 1", word(68))));
    }
    let (block, len) = (u64::from(word(376)), u64_le(&bytes, 368).unwrap_or(0));
    if block == 0 || !block.is_multiple_of(512) {
        return Err(broken(&segment, 376, format!("blocks of {block} bytes")));
    }
    let blocks = u64::from(word(384));
    if blocks.saturating_mul(block) < len {
        return Err(broken(&segment, 384, format!("{blocks} blocks for {len} bytes")));
    }
    let difference = word(76) == DIFFERENCE;
    let end = bytes[84..340].iter().position(|b| *b == 0).unwrap_or(0);
    let comment = String::from_utf8_lossy(&bytes[84..84 + end]).into_owned();
    let layout = Vdi {
        map_at: word(340).into(),
        data_at: word(344).into(),
        block,
        extra: word(380).into(),
        blocks,
        difference,
        pages: Pages::default(),
    };
    let header = [("comment".to_owned(), comment)].into_iter().filter(|(_, text)| !text.is_empty());
    let uuid: String = bytes[424..440].iter().map(|b| format!("{b:02x}")).collect();
    Ok(Opened {
        format: Format::Vdi,
        header: header.collect(),
        layout: Box::new(layout),
        len,
        granule: block,
        parent: difference.then(|| format!("the disk with the identifier {uuid}")),
        files: vec![segment],
    })
}

impl Layout for Vdi {
    fn find(&self, files: &[Segment], at: u64) -> Result<Stretch, ReadError> {
        let index = at / self.block;
        let whole = |place| Stretch { start: index * self.block, len: self.block, place };
        if index >= self.blocks {
            return Ok(whole(Place::Lost("its table is too short".to_owned())));
        }
        let at_entry = self.map_at.saturating_add(index * 4);
        let place = match u32::from_le_bytes(self.pages.entry(files, 0, at_entry)?) {
            FREE if self.difference => Place::Parent,
            FREE | ZERO => Place::Zeros,
            stored => {
                let blocks = u64::from(stored).saturating_mul(self.block + self.extra);
                let at = self.data_at.saturating_add(blocks).saturating_add(self.extra);
                Place::Stored { file: 0, at }
            }
        };
        Ok(whole(place))
    }
}
