//! Reads an Apple partition map and yields its partitions in the map's order.
//!
//! In: an image and its first sector. Out: partitions, offsets in bytes from the start of the
//! image, numbered by their place in the map. Left out, for they hold no files: the map itself,
//! drivers, and what is free. The map says how long it is in its first entry; an entry that is
//! damaged costs itself, and a longer map than any disk has is cut, both recorded.
//!
//! Source: Apple, "Inside Macintosh: Devices", chapter 3, "SCSI Manager".

use pendeen_item::Gap;

use super::{Kind, Volume, gap, read as bytes_at};
use crate::bytes::{text, u32_be};
use crate::image::Image;
use crate::unit::{ByteLen, ByteOffset};

/// Most entries that are read: discs have some ten.
const MAX_ENTRIES: u32 = 1024;
/// What an entry begins with.
const ENTRY: &[u8] = b"PM";
/// What the first block of a disk begins with.
const DRIVERS: &[u8] = b"ER";

/// The partitions of an Apple map; none where there is none.
pub(super) fn read(
    image: &dyn Image,
    first_sector: &[u8],
    gaps: &mut Vec<Gap>,
) -> Option<Vec<Volume>> {
    let block_len = block_len(image, first_sector)?;
    let first = entry(image, block_len, 1).ok()??;
    let said = u32_be(&first, 4)?;
    if said > MAX_ENTRIES {
        let reason = format!("it says that it has {said} entries; {MAX_ENTRIES} are read at most");
        gaps.push(gap("", "the Apple partition map", reason, Some(block_len), None));
    }
    let mut volumes = Vec::new();
    for number in 1..=said.min(MAX_ENTRIES) {
        let at = u64::from(number) * block_len;
        match entry(image, block_len, number) {
            Ok(Some(raw)) => volumes.extend(volume(&raw, number, block_len)),
            Ok(None) => {
                let reason = format!(
                    "entry {number} of {said} should begin with \"PM\"; the rest was not read"
                );
                gaps.push(gap("", "the Apple partition map", reason, Some(at), None));
                break;
            }
            Err(problem) => {
                gaps.push(gap("", "the Apple partition map", problem, Some(at), Some(512)));
            }
        }
    }
    Some(volumes)
}

/// The distance of the map's entries in bytes: the least at which one begins. The driver block
/// says one too, but on discs it is that of the disc, while the map counts in 512. None where no
/// map begins.
fn block_len(image: &dyn Image, first_sector: &[u8]) -> Option<u64> {
    if !first_sector.starts_with(DRIVERS) {
        return None;
    }
    [512, 1024, 2048, 4096].into_iter().find(|len| {
        let first = entry(image, *len, 1);
        matches!(first, Ok(Some(raw)) if u32_be(&raw, 4).is_some_and(|count| count > 0))
    })
}

/// The entry in a block; none where the block holds none.
fn entry(image: &dyn Image, block_len: u64, number: u32) -> Result<Option<Vec<u8>>, String> {
    let block = bytes_at(image, u64::from(number) * block_len, 512)?;
    Ok((block.len() == 512 && block.starts_with(ENTRY)).then_some(block))
}

/// A partition that may hold files.
fn volume(raw: &[u8], number: u32, block_len: u64) -> Option<Volume> {
    let (start, count) = (u64::from(u32_be(raw, 8)?), u64::from(u32_be(raw, 12)?));
    let system = text(raw, 48, 32);
    let is_driver = ["Apple_Driver", "Apple_FWDriver", "Apple_Patches"];
    let is_none =
        ["Apple_partition_map", "Apple_Free", "Apple_Void", "Apple_Scratch", "Apple_Extra"];
    let without_files = is_driver.iter().any(|prefix| system.starts_with(prefix))
        || is_none.iter().any(|name| system.eq_ignore_ascii_case(name));
    (count > 0 && !without_files).then(|| Volume {
        index: 0,
        label: format!("p{number}"),
        // Both fit: 32 bits times at most 4096.
        offset: ByteOffset(start * block_len),
        len: ByteLen(count * block_len),
        kind: Kind::Apm { name: text(raw, 16, 32), system },
    })
}
