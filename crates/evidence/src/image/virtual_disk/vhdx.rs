//! VHDX: fixed, dynamic and differencing disks of Hyper-V.
//!
//! The newer of two headers that are whole counts. A disk that was not closed has changes of
//! its tables in a log: they are played back in memory, the file stays as it is. Blocks that
//! were trimmed read as zeros.
//!
//! Source: Microsoft, [MS-VHDX], version 8.

use std::collections::BTreeMap;

use super::table::Pages;
use super::{Layout, Next, Opened, Place, Stretch, broken, damaged, head};
use crate::bytes::{array, u16_le, u32_le, u64_le};
use crate::image::segment::Segment;
use crate::image::{Format, OpenError, ReadError};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
/// Identifiers as they lie in the file.
const BAT: [u8; 16] = guid(0x2dc2_7766, 0xf623, 0x4200, *b"\x9d\x64\x11\x5e\x9b\xfd\x4a\x08");
const METADATA: [u8; 16] = guid(0x8b7c_a206, 0x4790, 0x4b9a, *b"\xb8\xfe\x57\x5f\x05\x0f\x88\x6e");
const PARAMETERS: [u8; 16] =
    guid(0xcaa1_6737, 0xfa36, 0x4d43, *b"\xb3\xb6\x33\xf0\xaa\x44\xe7\x6b");
const DISK_SIZE: [u8; 16] = guid(0x2fa5_4224, 0xcd1b, 0x4876, *b"\xb2\x11\x5d\xbe\xd8\x3b\xf4\xb8");
const SECTOR_SIZE: [u8; 16] =
    guid(0x8141_bf1d, 0xa96f, 0x4709, *b"\xba\x47\xf2\x33\xa8\xfa\xab\x5f");
const PARENT: [u8; 16] = guid(0xa8d3_5f2d, 0xb30b, 0x454d, *b"\xab\xf7\xd3\xd8\x48\x34\xab\x0c");

/// Pages of the file that the log changes, at most: 64 MiB.
const LOGGED: usize = 16 << 10;
const LOG_PAGE: u64 = 4 * KIB;

const fn guid(a: u32, b: u16, c: u16, rest: [u8; 8]) -> [u8; 16] {
    let (a, b, c) = (a.to_le_bytes(), b.to_le_bytes(), c.to_le_bytes());
    let r = rest;
    [a[0], a[1], a[2], a[3], b[0], b[1], c[0], c[1], r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7]]
}

/// What the log puts over the file, by page.
type Overlay = BTreeMap<u64, Vec<u8>>;

struct Vhdx {
    bat_at: u64,
    entries: u64,
    block: u64,
    /// Blocks between two entries of sector bitmaps.
    ratio: u64,
    sector: u64,
    has_parent: bool,
    overlay: Overlay,
    pages: Pages,
}

/// Reads headers, log, regions and metadata.
pub fn open(segment: Segment, _next: &mut Next<'_>) -> Result<Opened, OpenError> {
    let current = current_header(&segment)?;
    let overlay = match array::<16>(&current, 48) {
        Some(log) if log != [0; 16] => replayed(&segment, &current, log)?,
        _ => Overlay::new(),
    };
    let read = |at: u64, len: usize| {
        let mut bytes = vec![0; len];
        segment.read_exact_at(at, &mut bytes).map_err(|e| broken(&segment, at, e.to_string()))?;
        lay_over(&overlay, at, &mut bytes);
        Ok::<_, OpenError>(bytes)
    };
    let regions = regions(&segment, &read)?;
    let region = |id, what: &str| {
        let found = regions.iter().find(|(known, ..)| *known == id);
        found.map(|(_, at, len)| (*at, *len)).ok_or_else(|| broken(&segment, 192 * KIB, what))
    };
    let (bat_at, bat_len) = region(BAT, "no region for its table")?;
    let (metadata_at, _) = region(METADATA, "no region for its metadata")?;
    let items = read(metadata_at, 64 << 10)?;
    let item = |id| metadata(&items, id).map(|(at, len)| (metadata_at + at, len));
    let number = |id, what: &str, wide: usize| {
        let (at, _) = item(id).ok_or_else(|| broken(&segment, metadata_at, what))?;
        let mut bytes = read(at, wide)?;
        bytes.resize(8, 0);
        Ok::<_, OpenError>(u64_le(&bytes, 0).unwrap_or(0))
    };
    let parameters = number(PARAMETERS, "no block size", 8)?;
    let (block, flags) = (parameters & 0xffff_ffff, parameters >> 32);
    let len = number(DISK_SIZE, "no disk size", 8)?;
    let sector = number(SECTOR_SIZE, "no sector size", 4)?;
    if !block.is_power_of_two() || !(MIB..=256 * MIB).contains(&block) {
        return Err(broken(&segment, metadata_at, format!("blocks of {block} bytes")));
    }
    if !matches!(sector, 512 | 4096) {
        return Err(broken(&segment, metadata_at, format!("sectors of {sector} bytes")));
    }
    let has_parent = flags & 2 != 0;
    let parent = match item(PARENT).filter(|_| has_parent) {
        Some((at, len)) => parent_name(&read(at, usize::try_from(len.min(64 << 10)).unwrap_or(0))?),
        None => None,
    };
    let layout = Vhdx {
        bat_at,
        entries: bat_len / 8,
        block,
        ratio: (1 << 23) * sector / block,
        sector,
        has_parent,
        overlay,
        pages: Pages::default(),
    };
    Ok(Opened {
        format: Format::Vhdx,
        header: vec![(
            "log".to_owned(),
            if layout.overlay.is_empty() { "empty" } else { "played back" }.to_owned(),
        )],
        layout: Box::new(layout),
        len,
        granule: block,
        parent: has_parent.then(|| parent.unwrap_or_else(|| "a disk without a name".to_owned())),
        files: vec![segment],
    })
}

/// The newer of the two headers whose checksums are right.
fn current_header(segment: &Segment) -> Result<Vec<u8>, OpenError> {
    let mut newest: Option<Vec<u8>> = None;
    for at in [64 * KIB, 128 * KIB] {
        let bytes: [u8; 4096] = head(segment, at)?;
        if bytes.starts_with(b"head") && checked(&bytes) {
            let sequence = |bytes: &[u8]| u64_le(bytes, 8).unwrap_or(0);
            if newest.as_deref().is_none_or(|known| sequence(known) < sequence(&bytes)) {
                newest = Some(bytes.to_vec());
            }
        }
    }
    newest.ok_or_else(|| broken(segment, 64 * KIB, "neither header has a right checksum"))
}

/// Identifiers, positions and lengths of the regions; the second table where the first is damaged.
fn regions(
    segment: &Segment,
    read: &dyn Fn(u64, usize) -> Result<Vec<u8>, OpenError>,
) -> Result<Vec<([u8; 16], u64, u64)>, OpenError> {
    for at in [192 * KIB, 256 * KIB] {
        let bytes = read(at, 64 << 10)?;
        if !bytes.starts_with(b"regi") || !checked(&bytes) {
            continue;
        }
        let count = u32_le(&bytes, 8).unwrap_or(0).min(2047) as usize;
        return Ok((0..count)
            .filter_map(|n| {
                let entry = 16 + n * 32;
                let len = u32_le(&bytes, entry + 24)?.into();
                Some((array(&bytes, entry)?, u64_le(&bytes, entry + 16)?, len))
            })
            .collect());
    }
    Err(broken(segment, 192 * KIB, "neither table of regions has a right checksum"))
}

/// Where a piece of metadata lies in its region, and how long it is.
fn metadata(items: &[u8], id: [u8; 16]) -> Option<(u64, u64)> {
    let count = usize::from(u16_le(items, 10)?.min(2047));
    (0..count)
        .map(|n| 32 + n * 32)
        .find(|at| array(items, *at) == Some(id))
        .and_then(|at| Some((u32_le(items, at + 16)?.into(), u32_le(items, at + 20)?.into())))
}

/// The parent's name among the keys and values of a locator: the relative path first.
fn parent_name(locator: &[u8]) -> Option<String> {
    let count = usize::from(u16_le(locator, 18)?);
    let text = |at: usize, len: usize| {
        let units = locator.get(at..at + len)?.chunks_exact(2);
        let units: Vec<u16> = units.map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
        Some(String::from_utf16_lossy(&units))
    };
    let pairs: Vec<(String, String)> = (0..count.min(64))
        .filter_map(|n| {
            let at = 20 + n * 12;
            let (key, value) = (u32_le(locator, at)? as usize, u32_le(locator, at + 4)? as usize);
            let key = text(key, u16_le(locator, at + 8)?.into())?;
            Some((key, text(value, u16_le(locator, at + 10)?.into())?))
        })
        .collect();
    ["relative_path", "absolute_win32_path", "volume_path"]
        .into_iter()
        .find_map(|wanted| pairs.iter().find(|(key, _)| key == wanted).map(|(_, v)| v.clone()))
}

/// Plays the log back: the longest sequence of whole entries that belongs to this log.
fn replayed(segment: &Segment, header: &[u8], log: [u8; 16]) -> Result<Overlay, OpenError> {
    let len = u64::from(u32_le(header, 68).unwrap_or(0)).min(64 * MIB);
    let at = u64_le(header, 72).unwrap_or(0);
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
    segment.read_exact_at(at, &mut bytes).map_err(|e| broken(segment, at, e.to_string()))?;
    let unusable = || broken(segment, at, "its log has no whole sequence of entries");
    // The end of the newest sequence: the entry with the highest number; its tail says where
    // the sequence begins.
    let pages = len / LOG_PAGE;
    let found = (0..pages).filter_map(|page| entry(&bytes, page * LOG_PAGE, log));
    let newest = found.max_by_key(|entry| entry.sequence).ok_or_else(unusable)?;
    let mut overlay = Overlay::new();
    let (mut place, mut expected) = (newest.tail, None);
    loop {
        let entry = entry(&bytes, place, log).ok_or_else(unusable)?;
        if expected.is_some_and(|expected| expected != entry.sequence) {
            return Err(unusable());
        }
        entry.apply(&mut overlay).ok_or_else(unusable)?;
        if entry.sequence == newest.sequence {
            return Ok(overlay);
        }
        expected = Some(entry.sequence + 1);
        place = (place + entry.bytes.len() as u64) % len;
    }
}

/// One entry of the log, its bytes in a row even where the log wraps round.
struct Entry {
    bytes: Vec<u8>,
    sequence: u64,
    tail: u64,
}

fn entry(log: &[u8], at: u64, id: [u8; 16]) -> Option<Entry> {
    let at = usize::try_from(at).ok()?;
    let rest = log.get(at..)?;
    let len = u32_le(rest, 8)? as usize;
    let right = rest.starts_with(b"loge")
        && array(rest, 32) == Some(id)
        && len.is_multiple_of(4096)
        && (4096..=log.len()).contains(&len);
    if !right {
        return None;
    }
    let bytes: Vec<u8> = rest.iter().chain(&log[..at]).take(len).copied().collect();
    checked(&bytes).then_some(())?;
    Some(Entry { sequence: u64_le(&bytes, 16)?, tail: u32_le(&bytes, 12)?.into(), bytes })
}

impl Entry {
    /// Puts what the entry says over the file.
    fn apply(&self, overlay: &mut Overlay) -> Option<()> {
        let count = u32_le(&self.bytes, 24)? as usize;
        let mut data = (64 + count * 32).next_multiple_of(4096);
        for n in 0..count {
            let descriptor = self.bytes.get(64 + n * 32..64 + (n + 1) * 32)?;
            let file_at = u64_le(descriptor, 16)?;
            match descriptor.get(..4)? {
                b"desc" => {
                    let sector = self.bytes.get(data..data + 4096)?;
                    data += 4096;
                    // The first eight and last four bytes of a page lie in its descriptor.
                    let mut page = descriptor.get(8..16)?.to_vec();
                    page.extend(sector.get(8..4092)?);
                    page.extend(descriptor.get(4..8)?);
                    overlay.insert(file_at, page);
                }
                b"zero" => {
                    let len = u64_le(descriptor, 8)?;
                    for page in 0..(len / LOG_PAGE).min(LOGGED as u64) {
                        overlay.insert(file_at + page * LOG_PAGE, vec![0; 4096]);
                    }
                }
                _ => return None,
            }
            (overlay.len() <= LOGGED).then_some(())?;
        }
        Some(())
    }
}

/// Puts the logged pages over bytes that were read from `at` on.
fn lay_over(overlay: &Overlay, at: u64, bytes: &mut [u8]) {
    let end = at.saturating_add(bytes.len() as u64);
    for (page_at, page) in overlay.range(at.saturating_sub(LOG_PAGE - 1)..end) {
        for (position, byte) in (*page_at..).zip(page) {
            if let Some(inside) = position.checked_sub(at)
                && let Some(to) = usize::try_from(inside).ok().and_then(|i| bytes.get_mut(i))
            {
                *to = *byte;
            }
        }
    }
}

/// CRC-32C over the structure, its own field at byte 4 taken as zero.
fn checked(bytes: &[u8]) -> bool {
    let Some(stored) = u32_le(bytes, 4) else { return false };
    let zeroed = bytes.iter().enumerate();
    let crc = zeroed.fold(!0_u32, |crc, (at, byte)| {
        let byte = if (4..8).contains(&at) { 0 } else { *byte };
        CRC32C[usize::from(crc.to_le_bytes()[0] ^ byte)] ^ (crc >> 8)
    });
    !crc == stored
}

/// The table of the Castagnoli polynomial, reflected.
const CRC32C: [u32; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    let mut first = 0_u32;
    while n < 256 {
        let mut crc = first;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        table[n] = crc;
        n += 1;
        first += 1;
    }
    table
};

impl Layout for Vhdx {
    fn find(&self, files: &[Segment], at: u64) -> Result<Stretch, ReadError> {
        let index = at / self.block;
        let start = index * self.block;
        let whole = |place| Stretch { start, len: self.block, place };
        let absent = || if self.has_parent { Place::Parent } else { Place::Zeros };
        let entry = self.entry(files, index + index / self.ratio)?;
        let stored = entry >> 20 << 20;
        Ok(match entry & 7 {
            0 => whole(absent()),
            1..=3 => whole(Place::Zeros),
            6 => whole(Place::Stored { file: 0, at: stored }),
            7 if self.has_parent => return self.partly(files, at, stored),
            state => whole(Place::Lost(format!("its table says state {state}"))),
        })
    }
}

impl Vhdx {
    fn entry(&self, files: &[Segment], index: u64) -> Result<u64, ReadError> {
        if index >= self.entries {
            return Err(damaged(index * self.block, self.block, "its table is too short".into()));
        }
        let at = self.bat_at + index * 8;
        let mut bytes: [u8; 8] = self.pages.entry(files, 0, at)?;
        lay_over(&self.overlay, at, &mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    /// A block that the disk shares with its parent, sector by sector.
    fn partly(&self, files: &[Segment], at: u64, stored: u64) -> Result<Stretch, ReadError> {
        let index = at / self.block;
        let chunk = index / self.ratio;
        let bitmap = self.entry(files, (chunk + 1) * self.ratio + chunk)?;
        if bitmap & 7 != 6 {
            let place = Place::Lost("the bitmap of its sectors is not there".to_owned());
            return Ok(Stretch { start: index * self.block, len: self.block, place });
        }
        let sector = at / self.sector;
        let in_chunk = sector % (self.ratio * self.block / self.sector);
        let byte = (bitmap >> 20 << 20) + in_chunk / 8;
        let mut marks: [u8; 1] = self.pages.entry(files, 0, byte)?;
        lay_over(&self.overlay, byte, &mut marks);
        let start = sector * self.sector;
        let place = if marks[0] >> (in_chunk % 8) & 1 == 1 {
            Place::Stored { file: 0, at: stored + (start - index * self.block) }
        } else {
            Place::Parent
        };
        Ok(Stretch { start, len: self.sector, place })
    }
}
