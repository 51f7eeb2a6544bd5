//! Reads a GUID partition table and yields its partitions in table order.
//!
//! In: an image and its first sector. Out: partitions, offsets in bytes from the start of the
//! image. Sectors of 512 and of 4096 bytes are tried. A primary table that fails a CRC is
//! replaced by the backup, and a gap recorded; where both fail, the entries of a sound header
//! are still used, recorded too. Not handled: the MBR half of a hybrid table (recorded).
//!
//! Source: UEFI Specification 2.10, section 5.3.

use pendeen_item::Gap;

use super::{Guid, Kind, Volume, gap, mbr, read as bytes_at};
use crate::bytes::{array, u32_le, u64_le};
use crate::image::Image;
use crate::unit::{ByteLen, ByteOffset};

/// Most entries that are read: the usual number is 128.
const MAX_ENTRIES: u32 = 4096;
/// Shortest and longest entry accepted, in bytes.
const ENTRY_LEN: std::ops::RangeInclusive<u32> = 128..=4096;

/// One header with the bytes of its entries.
struct Table {
    sector_len: u64,
    entries: Vec<u8>,
    entry_len: usize,
    /// Why the entries are not to be trusted, if so.
    problem: Option<String>,
}

/// The partitions of a GUID table; none where there is none.
pub(super) fn read(
    image: &dyn Image,
    first_sector: &[u8],
    gaps: &mut Vec<Gap>,
) -> Option<Vec<Volume>> {
    let protective = mbr::is_protective(first_sector);
    let mut problems = Vec::new();
    let mut doubtful = None;
    for sector_len in [512, 4096] {
        let backup_at = (image.len().0 / sector_len).saturating_sub(1) * sector_len;
        for (name, at) in [("primary", sector_len), ("backup", backup_at)] {
            match table(image, at, sector_len) {
                Ok(Some(table)) if table.problem.is_none() => {
                    // A stale backup at the end of a disk that has since got an MBR is no table.
                    if name == "backup" && !protective && problems.is_empty() {
                        continue;
                    }
                    report(problems, gaps);
                    if mbr::is_hybrid(first_sector) {
                        let reason =
                            "it lists partitions of its own beside the GUID table, which was used";
                        gaps.push(gap(
                            "",
                            "the hybrid master boot record",
                            reason.to_owned(),
                            Some(0),
                            Some(512),
                        ));
                    }
                    return Some(table.volumes(gaps));
                }
                Ok(Some(table)) => {
                    let problem = table.problem.clone().unwrap_or_default();
                    problems.push((name, at, problem));
                    doubtful = doubtful.or(Some(table));
                }
                Ok(None) => {}
                Err(problem) => problems.push((name, at, problem)),
            }
        }
    }
    if problems.is_empty() && !protective {
        return None;
    }
    if problems.is_empty() {
        let problem = "a protective MBR announces it, but neither end of the image has it";
        problems.push(("primary", 512, problem.to_owned()));
    }
    report(problems, gaps);
    doubtful.map(|table| table.volumes(gaps))
}

fn report(problems: Vec<(&str, u64, String)>, gaps: &mut Vec<Gap>) {
    for (name, at, problem) in problems {
        gaps.push(gap("", &format!("the {name} GUID partition table"), problem, Some(at), None));
    }
}

/// Reads the header at `at` and its entries. None where there is no header, an error where
/// there is one that cannot be used.
fn table(image: &dyn Image, at: u64, sector_len: u64) -> Result<Option<Table>, String> {
    let header = match bytes_at(image, at, 512) {
        Ok(header) if header.starts_with(b"EFI PART") => header,
        Ok(_) => return Ok(None),
        Err(problem) => return Err(problem),
    };
    let short = || "the header is cut short".to_owned();
    let header_len = u32_le(&header, 12).ok_or_else(short)? as usize;
    if !(92..=512).contains(&header_len) {
        return Err(format!("the header should have 92 to 512 bytes, got {header_len}"));
    }
    let mut summed = header.get(..header_len).ok_or_else(short)?.to_vec();
    let stored = u32_le(&summed, 16).ok_or_else(short)?;
    summed[16..20].fill(0);
    let computed = libdeflater::crc32(&summed);
    if stored != computed {
        return Err(format!("the header's CRC should be {stored:08x}, got {computed:08x}"));
    }
    let own = u64_le(&header, 24).ok_or_else(short)?;
    if own.checked_mul(sector_len) != Some(at) {
        return Err(format!("the header says it is in sector {own}, it was found at byte {at}"));
    }
    let first = u64_le(&header, 72).ok_or_else(short)?;
    let count = u32_le(&header, 80).ok_or_else(short)?;
    let entry_len = u32_le(&header, 84).ok_or_else(short)?;
    if count > MAX_ENTRIES || !ENTRY_LEN.contains(&entry_len) {
        return Err(format!("{count} entries of {entry_len} bytes are more than any table has"));
    }
    let stored = u32_le(&header, 88).ok_or_else(short)?;
    let wanted = count as usize * entry_len as usize;
    let start = first.checked_mul(sector_len).ok_or("the entries lie past any disk's end")?;
    let entries = bytes_at(image, start, wanted)?;
    let computed = libdeflater::crc32(&entries);
    let problem = (computed != stored).then(|| {
        format!(
            "the entries' CRC should be {stored:08x}, got {computed:08x} over {} bytes",
            entries.len()
        )
    });
    Ok(Some(Table { sector_len, entries, entry_len: entry_len as usize, problem }))
}

impl Table {
    fn volumes(&self, gaps: &mut Vec<Gap>) -> Vec<Volume> {
        (1..)
            .zip(self.entries.chunks_exact(self.entry_len))
            .filter_map(|(number, entry)| self.volume(number, entry, gaps))
            .collect()
    }

    /// One entry; none where it is unused, or where its place cannot be, which is recorded.
    fn volume(&self, number: u32, entry: &[u8], gaps: &mut Vec<Gap>) -> Option<Volume> {
        let type_id = Guid(array(entry, 0)?);
        let (first, last) = (u64_le(entry, 32)?, u64_le(entry, 40)?);
        if type_id.0 == [0; 16] {
            return None;
        }
        let label = format!("p{number}");
        let Some((offset, len)) = self.place(first, last) else {
            let reason = format!("it would begin in sector {first} and end in sector {last}");
            gaps.push(gap(&label, "the whole partition", reason, None, None));
            return None;
        };
        let units: Vec<u16> = entry
            .get(56..128)?
            .chunks_exact(2)
            .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
            .take_while(|unit| *unit != 0)
            .collect();
        Some(Volume {
            index: 0,
            label,
            offset,
            len,
            kind: Kind::Gpt {
                type_id,
                id: Guid(array(entry, 16)?),
                name: String::from_utf16_lossy(&units),
            },
        })
    }

    /// Where sectors `first` to `last` are; none where they are no stretch of any disk.
    fn place(&self, first: u64, last: u64) -> Option<(ByteOffset, ByteLen)> {
        let sectors = last.checked_sub(first)?.checked_add(1)?;
        let offset = first.checked_mul(self.sector_len)?;
        Some((ByteOffset(offset), ByteLen(sectors.checked_mul(self.sector_len)?)))
    }
}
