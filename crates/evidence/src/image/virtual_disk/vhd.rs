//! VHD: fixed, dynamic and differencing disks of Virtual PC and Hyper-V.
//!
//! The footer at the end says which; where it is damaged, the copy at the beginning counts. A
//! sector that its block's bitmap does not mark was never written: zeros, or the parent's.
//!
//! Source: Microsoft, Virtual Hard Disk Image Format Specification, version 1.0.

use super::table::Pages;
use super::{Layout, Next, Opened, Place, Stretch, broken, head};
use crate::image::segment::Segment;
use crate::image::{Format, OpenError, ReadError};

const COOKIE: &[u8] = b"conectix";
const SECTOR: u64 = 512;
const FREE: u32 = u32::MAX;

struct Dynamic {
    bat_at: u64,
    entries: u64,
    block: u64,
    differencing: bool,
    pages: Pages,
}

struct Fixed;

/// Whether the file ends like a fixed disk: its beginning says nothing.
pub fn is_fixed(segment: &Segment) -> bool {
    let mut footer = [0; 512];
    let Some(at) = segment.len.checked_sub(512).filter(|at| *at > 0) else { return false };
    segment.read_exact_at(at, &mut footer).is_ok() && whole(&footer) && be32(&footer, 60) == 2
}

/// Reads the footer, and the header of a dynamic disk.
pub fn open(segment: Segment, _next: &mut Next<'_>) -> Result<Opened, OpenError> {
    let footer = footer(&segment)?;
    let len = be64(&footer, 48);
    let header = vec![("creator".to_owned(), text(&footer[28..32]))];
    let opened = |segment, layout, granule, parent| {
        let files = vec![segment];
        Opened { format: Format::Vhd, files, layout, len, granule, header, parent }
    };
    match be32(&footer, 60) {
        2 => {
            if segment.len.saturating_sub(SECTOR) < len {
                return Err(broken(&segment, 48, format!("{len} bytes in a shorter file")));
            }
            Ok(opened(segment, Box::new(Fixed) as Box<dyn Layout>, 4096, None))
        }
        kind @ (3 | 4) => {
            let at = be64(&footer, 16);
            let dynamic: [u8; 1024] = head(&segment, at)?;
            let block = u64::from(be32(&dynamic, 32));
            if !dynamic.starts_with(b"cxsparse") || !block.is_power_of_two() || block < SECTOR {
                return Err(broken(&segment, at, "no header of a dynamic disk"));
            }
            let differencing = kind == 4;
            let parent = differencing.then(|| utf16(&dynamic[64..576]));
            let layout = Dynamic {
                bat_at: be64(&dynamic, 16),
                entries: be32(&dynamic, 28).into(),
                block,
                differencing,
                pages: Pages::default(),
            };
            Ok(opened(segment, Box::new(layout), block, parent))
        }
        kind => Err(broken(&segment, 60, format!("a disk of type {kind}"))),
    }
}

/// The footer, or its copy at the beginning.
fn footer(segment: &Segment) -> Result<[u8; 512], OpenError> {
    for at in [segment.len.saturating_sub(512), 0] {
        let bytes: [u8; 512] = head(segment, at)?;
        if whole(&bytes) {
            return Ok(bytes);
        }
    }
    Err(broken(segment, segment.len.saturating_sub(512), "no footer with a right checksum"))
}

fn whole(footer: &[u8; 512]) -> bool {
    let sum = footer
        .iter()
        .enumerate()
        .filter(|(at, _)| !(64..68).contains(at))
        .fold(0_u32, |sum, (_, byte)| sum.wrapping_add(u32::from(*byte)));
    footer.starts_with(COOKIE) && be32(footer, 64) == !sum
}

impl Layout for Fixed {
    fn find(&self, files: &[Segment], _at: u64) -> Result<Stretch, ReadError> {
        let len = files.first().map_or(0, |file| file.len.saturating_sub(SECTOR));
        Ok(Stretch { start: 0, len, place: Place::Stored { file: 0, at: 0 } })
    }
}

impl Layout for Dynamic {
    fn find(&self, files: &[Segment], at: u64) -> Result<Stretch, ReadError> {
        let index = at / self.block;
        let start = index * self.block;
        let whole = |place| Stretch { start, len: self.block, place };
        let absent = || if self.differencing { Place::Parent } else { Place::Zeros };
        if index >= self.entries {
            return Ok(whole(Place::Lost("its table is too short".to_owned())));
        }
        let at_entry = self.bat_at.saturating_add(index * 4);
        let entry = u32::from_be_bytes(self.pages.entry(files, 0, at_entry)?);
        if entry == FREE {
            return Ok(whole(absent()));
        }
        let bitmap_at = u64::from(entry) * SECTOR;
        let bitmap_len = (self.block / SECTOR).div_ceil(8).next_multiple_of(SECTOR);
        let (first, count, marked) = self.alike(files, bitmap_at, (at - start) / SECTOR)?;
        let stored = bitmap_at + bitmap_len + first * SECTOR;
        let place = if marked { Place::Stored { file: 0, at: stored } } else { absent() };
        Ok(Stretch { start: start + first * SECTOR, len: count * SECTOR, place })
    }
}

impl Dynamic {
    /// The sectors from the one asked for (or the seven before it) on that are marked alike:
    /// the first of them, how many, and whether they were written.
    fn alike(
        &self,
        files: &[Segment],
        bitmap: u64,
        sector: u64,
    ) -> Result<(u64, u64, bool), ReadError> {
        let marks = |byte| self.pages.entry::<1>(files, 0, bitmap + byte).map(|[marks]| marks);
        let first = sector / 8;
        let found = marks(first)?;
        if !matches!(found, 0 | 0xff) {
            return Ok((sector, 1, found >> (7 - sector % 8) & 1 == 1));
        }
        let end = (self.block / SECTOR).div_ceil(8);
        let mut last = first + 1;
        while last < end && marks(last)? == found {
            last += 1;
        }
        Ok((first * 8, (last - first) * 8, found == 0xff))
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches(['\0', ' ']).to_owned()
}

/// The parent's name: UTF-16, most significant byte first, ended by zero.
fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    String::from_utf16_lossy(&units)
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn be64(bytes: &[u8], at: usize) -> u64 {
    u64::from(be32(bytes, at)) << 32 | u64::from(be32(bytes, at + 4))
}
