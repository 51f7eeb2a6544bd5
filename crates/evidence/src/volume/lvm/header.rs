//! Reads what LVM2 writes at the start of a physical volume: its label, and the metadata areas
//! that hold the text of its volume group.
//!
//! In: an image and a volume of it. Out: the physical volume's id and its metadata areas, and the
//! newest text that an area names, checked by its checksum. Refused, with the reason: a label or a
//! header whose checksum fails, a text longer than [`MOST_TEXT`].
//!
//! Source: LVM2, `lib/format_text/layout.h`, `lib/label/label.h`.

use super::super::Pieces;
use crate::bytes::{array, u32_le, u64_le};
use crate::image::Image;
use crate::unit::ByteOffset;

/// The label is in one of the first four sectors.
const SECTORS: u64 = 4;
const SECTOR: usize = 512;
/// Length of a metadata area's header, in bytes.
const HEADER_LEN: u64 = 512;
const HEADER_MAGIC: &[u8] = b"\x20LVM2\x20x[5A%r0N*>";
/// Longest text that is read: the areas have 1 MiB by default.
const MOST_TEXT: u64 = 16 << 20;
/// Most metadata areas of one physical volume: LVM2 makes two at most.
const MOST_AREAS: usize = 4;
/// What LVM2 begins its checksums with.
const CRC_START: u32 = 0xf597_a6cf;
/// The area's copy is not kept up to date.
const IGNORED: u32 = 1;

/// What a physical volume says.
#[derive(Debug)]
pub(super) struct Physical {
    /// 32 letters, as the text names it but without hyphens.
    pub id: String,
    /// Its metadata areas, in order: none where it keeps none.
    pub areas: Vec<Area>,
}

/// Where a metadata area is on its physical volume, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    at: u64,
    len: u64,
}

/// The physical volume that `volume` is; none where it is none.
pub(super) fn read(image: &dyn Image, volume: &Pieces) -> Option<Result<Physical, String>> {
    let head = bytes(image, volume, 0, SECTORS * SECTOR as u64).ok()?;
    let is_label =
        |sector: &&[u8]| sector.starts_with(b"LABELONE") && sector[24..].starts_with(b"LVM2 001");
    let sector = head.chunks_exact(SECTOR).find(is_label)?;
    Some(physical(sector))
}

fn physical(sector: &[u8]) -> Result<Physical, String> {
    let short = || "the label is cut short".to_owned();
    let stored = u32_le(sector, 16).ok_or_else(short)?;
    let computed = crc(&sector[20..]);
    if stored != computed {
        return Err(format!("the label's checksum should be {stored:08x}, got {computed:08x}"));
    }
    let at = u32_le(sector, 20).ok_or_else(short)? as usize;
    let id: [u8; 32] = array(sector, at).ok_or_else(short)?;
    if !id.iter().all(u8::is_ascii) {
        return Err("the physical volume's id should be letters".to_owned());
    }
    // Behind the id and the device's size: places of data, a zero, places of metadata, a zero.
    let mut next = at + 40;
    let mut list = || -> Result<Vec<(u64, u64)>, String> {
        let mut places = Vec::new();
        loop {
            let place = (u64_le(sector, next), u64_le(sector, next + 8));
            let (Some(offset), Some(len)) = place else { return Err(short()) };
            next += 16;
            if offset == 0 {
                return Ok(places);
            }
            places.push((offset, len));
        }
    };
    list()?;
    let areas = list()?.into_iter().take(MOST_AREAS).map(|(at, len)| Area { at, len });
    Ok(Physical { id: String::from_utf8_lossy(&id).into_owned(), areas: areas.collect() })
}

/// The newest text of a metadata area; none where the area has none yet, or is left alone by
/// LVM2.
pub(super) fn text(
    image: &dyn Image,
    volume: &Pieces,
    area: Area,
) -> Result<Option<Vec<u8>>, String> {
    let Area { at, len } = area;
    let short = || "the metadata area's header is cut short".to_owned();
    let header = bytes(image, volume, at, HEADER_LEN)?;
    let stored = u32_le(&header, 0).ok_or_else(short)?;
    let computed = crc(header.get(4..).unwrap_or_default());
    if stored != computed || !header[4..].starts_with(HEADER_MAGIC) {
        return Err(format!(
            "the header of the metadata area at byte {at} of the physical volume should have the \
             checksum {stored:08x}, got {computed:08x}"
        ));
    }
    let field = |place| u64_le(&header, place).ok_or_else(short);
    let (offset, size) = (field(40)?, field(48)?);
    let (stored, flags) =
        (u32_le(&header, 56).ok_or_else(short)?, u32_le(&header, 60).ok_or_else(short)?);
    if offset == 0 || flags & IGNORED != 0 {
        return Ok(None);
    }
    if size > MOST_TEXT || size > len || !(HEADER_LEN..len).contains(&offset) {
        return Err(format!(
            "the text of {size} bytes at byte {offset} does not fit in a metadata area of {len}"
        ));
    }
    // The area is a ring behind its header.
    let first = size.min(len - offset);
    let mut text = bytes(image, volume, at.saturating_add(offset), first)?;
    text.extend(bytes(image, volume, at.saturating_add(HEADER_LEN), size - first)?);
    let computed = crc(&text);
    if stored != computed {
        return Err(format!(
            "the checksum of the volume group's text should be {stored:08x}, got {computed:08x}"
        ));
    }
    Ok(Some(text))
}

/// `len` bytes at `at` of the volume, which are at most [`MOST_TEXT`].
fn bytes(image: &dyn Image, volume: &Pieces, at: u64, len: u64) -> Result<Vec<u8>, String> {
    if !volume.contain(ByteOffset(at), crate::unit::ByteLen(len)) {
        return Err(format!("{len} bytes at byte {at} lie outside the physical volume"));
    }
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
    volume.read_at(image, ByteOffset(at), &mut bytes).map_err(|e| e.to_string())?;
    Ok(bytes)
}

/// CRC-32 with LVM2's start and without inversions.
pub(super) fn crc(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    bytes
        .iter()
        .fold(CRC_START, |crc, byte| (crc >> 8) ^ TABLE[usize::from(crc.to_le_bytes()[0] ^ byte)])
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = (byte, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[byte as usize] = crc;
        byte += 1;
    }
    table
}
