//! Live entries of a FAT folder that libtsk takes for none and passes over in silence.
//!
//! In: a folder that is open. Out: a [`Missed`] for each live entry before the end mark that
//! libtsk has no name of, with its name and why it was passed over: its size is larger than the
//! volume, or something else in it cannot be. And the names of entries behind such ones: libtsk
//! gives a long name to the next entry that it tells, without looking whose it is.
//!
//! Source: Microsoft, *FAT32 File System Specification* 1.03, sections on directory structure.

use std::collections::{HashMap, HashSet};

use crate::content::{self, Content, Run};
use crate::ffi::{Directory, FileSystem, Info, ReadAt, TskError};
use crate::kind::Kind;

/// Bytes of a directory entry, also of exFAT's.
pub(crate) const ENTRY: usize = 32;
/// libtsk's number of the first place where an entry may lie; one for each 32 bytes follows.
pub(crate) const FIRST_ADDRESS: u64 = 3;
const END: u8 = 0x00;
const DELETED: u8 = 0xe5;
const ATTRIBUTES: usize = 11;
/// Which parts of a short name are shown in small letters.
const CASE: usize = 12;
const LOWER_BASE: u8 = 0x08;
const LOWER_EXTENSION: u8 = 0x10;
const LABEL: u8 = 0x08;
const FOLDER: u8 = 0x10;
/// The attributes of an entry that holds a part of a long name, of those below [`LONG_MASK`].
const LONG: u8 = 0x0f;
const LONG_MASK: u8 = 0x3f;
/// Marks the part that is stored first, the last of the name.
const FIRST_PART: u8 = 0x40;
/// A long name has no more entries than this.
const MOST_PARTS: usize = 20;
/// Units of UTF-16 in each.
const UNITS: usize = 13;
/// A folder has at most 65,536 entries; damaged ones are looked through a good way further.
const MOST_BYTES: u64 = 16 << 20;
/// Entries of one folder that are told one by one.
const MOST_MISSED: usize = 100;

/// Something of a folder that was not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missed {
    /// Its name; none where the folder as such is meant.
    pub(crate) name: Option<Vec<u8>>,
    /// What was wanted.
    pub(crate) wanted: &'static str,
    /// Why it could not be had.
    pub(crate) reason: String,
}

/// Where the first directory entry may lie, in bytes: behind the tables. None where the first
/// boot sector does not tell; libtsk may have taken a copy of it then.
pub(crate) fn first_entry(reader: &dyn ReadAt, info: &Info) -> Option<u64> {
    let mut boot = [0; 512];
    if !info.kind.is_fat() || reader.read_at(0, &mut boot).is_err() || boot[510..] != [0x55, 0xaa] {
        return None;
    }
    let u16_at = |at: usize| u64::from(u16::from_le_bytes([boot[at], boot[at + 1]]));
    let u32_at = |at: usize| u16_at(at) | u16_at(at + 2) << 16;
    let (sector, sectors) = if info.kind == Kind::ExFat {
        (1_u64.checked_shl(u32::from(boot[108]))?, u32_at(88))
    } else {
        let table = if u16_at(22) == 0 { u32_at(36) } else { u16_at(22) };
        (u16_at(11), u16_at(14) + u64::from(boot[16]) * table)
    };
    (sector == u64::from(info.block_size)).then_some(sectors * sector)
}

/// What libtsk does not tell of a folder, or not right.
#[derive(Debug, Default)]
pub(crate) struct PassedOver {
    /// The live entries that it passes over.
    pub(crate) missed: Vec<Missed>,
    /// Names by metadata address, of entries to which it gives another entry's long name.
    pub(crate) own_names: HashMap<u64, Vec<u8>>,
}

/// Compares the folder `dir` with the names that libtsk has of it.
pub(crate) fn passed_over(
    fs: &FileSystem,
    dir: &mut Directory<'_>,
    most_runs: usize,
) -> PassedOver {
    let not_compared =
        |reason| PassedOver { missed: vec![not_compared(reason)], ..PassedOver::default() };
    let Some(first) = fs.entry_at(FIRST_ADDRESS) else {
        return not_compared("the first boot sector is damaged".to_owned());
    };
    let pieces = match pieces(fs, dir, most_runs) {
        Ok(pieces) => pieces,
        Err(reason) => return not_compared(reason),
    };
    let told: HashSet<u64> = (0..dir.len()).map(|index| dir.address(index)).collect();
    let mut search = Search::new(fs.reader().len(), &told);
    let mut left = MOST_BYTES;
    for (at, len) in pieces {
        let wanted = len.min(left);
        left -= wanted;
        let mut bytes = vec![0; usize::try_from(wanted).unwrap_or(0)];
        let Some(from) = at.checked_sub(first) else { continue };
        if fs.reader().read_at(at, &mut bytes).is_err() {
            // libtsk has told of it already.
            search.parts.clear();
            continue;
        }
        if search.look(&bytes, FIRST_ADDRESS + from / ENTRY as u64) {
            break;
        }
        if wanted < len {
            search
                .found
                .missed
                .push(self::not_compared(format!("it has more than {MOST_BYTES} bytes")));
            break;
        }
    }
    search.end()
}

/// How many entries of a folder's bytes are told of, beside those `told`.
pub(crate) fn passed_over_in(bytes: &[u8], told: &HashSet<u64>) -> usize {
    let mut search = Search::new(u64::from(u32::MAX), told);
    search.look(bytes, FIRST_ADDRESS);
    search.end().missed.len()
}

/// Where the folder's bytes lie.
fn pieces(
    fs: &FileSystem,
    dir: &mut Directory<'_>,
    most_runs: usize,
) -> Result<Vec<(u64, u64)>, String> {
    let attributes = dir.own_attributes(most_runs, |_| true);
    let attributes = attributes.map_err(|TskError(reason)| reason)?;
    let Some(first) = attributes.first() else { return Ok(Vec::new()) };
    match content::locate(first, fs.info(), fs.reader().len(), true) {
        Content::Runs(runs) => Ok(runs
            .into_iter()
            .filter_map(|run| match run {
                Run::Data { at, len } => Some((at, len)),
                Run::Hole { .. } | Run::Lost { .. } => None,
            })
            .collect()),
        Content::Library => Ok(Vec::new()),
        Content::Unknown(reason) => Err(reason),
    }
}

fn not_compared(reason: String) -> Missed {
    Missed { name: None, wanted: "whether all entries of a folder are listed", reason }
}

/// Entries one after the other.
struct Search<'a> {
    volume_len: u64,
    /// The metadata addresses that libtsk has.
    told: &'a HashSet<u64>,
    /// The parts of a live long name, the last one first, with the sum of the short name.
    parts: Vec<(u8, [u16; UNITS])>,
    /// Whether a part of a deleted long name came just before.
    after_deleted_part: bool,
    /// Whether libtsk holds a long name, which it gives to the next entry that it tells.
    pending: bool,
    found: PassedOver,
    more: u64,
}

impl<'a> Search<'a> {
    fn new(volume_len: u64, told: &'a HashSet<u64>) -> Self {
        Self {
            volume_len,
            told,
            parts: Vec::new(),
            after_deleted_part: false,
            pending: false,
            found: PassedOver::default(),
            more: 0,
        }
    }

    /// Looks through a stretch of a folder whose first entry has this address. Whether the end
    /// mark was reached.
    fn look(&mut self, bytes: &[u8], address: u64) -> bool {
        for (entry, address) in bytes.as_chunks::<ENTRY>().0.iter().zip(address..) {
            let is_deleted = entry[0] == DELETED;
            if entry[0] == END {
                return true;
            }
            if entry[ATTRIBUTES] & LONG_MASK == LONG {
                self.part(entry, is_deleted);
                continue;
            }
            let parts = std::mem::take(&mut self.parts);
            let after_deleted_part = std::mem::take(&mut self.after_deleted_part);
            let is_entry = entry[ATTRIBUTES] & LABEL == 0 && entry[0] != b'.';
            if !is_entry {
                continue;
            }
            if self.told.contains(&address) {
                let own_long_name = if is_deleted {
                    after_deleted_part
                } else {
                    long_name(entry, &parts).is_some()
                };
                if std::mem::take(&mut self.pending) && !own_long_name {
                    self.found.own_names.insert(address, short_name(entry));
                }
            } else if !is_deleted {
                self.miss(entry, &parts);
            }
        }
        false
    }

    fn part(&mut self, entry: &[u8; ENTRY], is_deleted: bool) {
        self.pending = true;
        self.after_deleted_part = is_deleted;
        if is_deleted || entry[0] & FIRST_PART != 0 || self.parts.len() >= MOST_PARTS {
            self.parts.clear();
        }
        if is_deleted {
            return;
        }
        let mut units = [0; UNITS];
        let pairs = [&entry[1..11], &entry[14..26], &entry[28..32]].concat();
        for (unit, pair) in units.iter_mut().zip(pairs.as_chunks::<2>().0) {
            *unit = u16::from_le_bytes(*pair);
        }
        self.parts.push((entry[13], units));
    }

    fn miss(&mut self, entry: &[u8; ENTRY], parts: &[(u8, [u16; UNITS])]) {
        if self.found.missed.len() >= MOST_MISSED {
            self.more += 1;
            return;
        }
        let size = u32::from_le_bytes([entry[28], entry[29], entry[30], entry[31]]);
        let reason = if u64::from(size) > self.volume_len {
            format!(
                "it claims {size} bytes of a volume that has {}: what it was is not known",
                self.volume_len
            )
        } else {
            format!("its directory entry is damaged; it claims {size} bytes")
        };
        let is_folder = entry[ATTRIBUTES] & FOLDER != 0;
        self.found.missed.push(Missed {
            name: Some(long_name(entry, parts).unwrap_or_else(|| short_name(entry))),
            wanted: if is_folder { "a folder" } else { "a file" },
            reason,
        });
    }

    fn end(mut self) -> PassedOver {
        if self.more > 0 {
            let reason = format!("{} more of its directory entries are damaged", self.more);
            let wanted = "all the names of a folder";
            self.found.missed.push(Missed { name: None, wanted, reason });
        }
        self.found
    }
}

/// The long name before an entry, if it is that entry's.
fn long_name(entry: &[u8; ENTRY], parts: &[(u8, [u16; UNITS])]) -> Option<Vec<u8>> {
    let sum = entry[..11].iter().fold(0_u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte));
    if parts.is_empty() || parts.iter().any(|(of, _)| *of != sum) {
        return None;
    }
    let units = parts.iter().rev().flat_map(|(_, units)| units).copied();
    let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    let name = String::from_utf16_lossy(&units).replace('/', "^");
    (!name.is_empty()).then(|| name.into_bytes())
}

/// Eight characters and three, as libtsk shows them: without spaces, `_` for the first letter of
/// a deleted one, `^` for what is no ASCII or would part a path.
fn short_name(entry: &[u8; ENTRY]) -> Vec<u8> {
    let shown = |bytes: &[u8], lower: bool| -> Vec<u8> {
        let kept = bytes.iter().filter(|byte| !matches!(**byte, 0 | b' ' | 0xff));
        kept.map(|byte| match byte {
            b'/' => b'^',
            byte if !byte.is_ascii_graphic() => b'^',
            byte if lower => byte.to_ascii_lowercase(),
            byte => *byte,
        })
        .collect()
    };
    let mut base = shown(&entry[..8], entry[CASE] & LOWER_BASE != 0);
    if entry[0] == DELETED && !base.is_empty() {
        base[0] = b'_';
    }
    let extension = shown(&entry[8..11], entry[CASE] & LOWER_EXTENSION != 0);
    if extension.is_empty() { base } else { [&base[..], b".", &extension].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VOLUME: u64 = 1 << 20;

    fn entry(name: &[u8; 11], attributes: u8, size: u32) -> [u8; ENTRY] {
        let mut entry = [0; ENTRY];
        entry[..11].copy_from_slice(name);
        entry[ATTRIBUTES] = attributes;
        entry[28..].copy_from_slice(&size.to_le_bytes());
        entry
    }

    fn part(of: &[u8; 11], text: &str) -> [u8; ENTRY] {
        let mut units = [0_u8; 26];
        for (at, unit) in units.chunks_mut(2).zip(text.encode_utf16()) {
            at.copy_from_slice(&unit.to_le_bytes());
        }
        let mut entry = [0; ENTRY];
        entry[0] = 0x41;
        entry[1..11].copy_from_slice(&units[..10]);
        entry[ATTRIBUTES] = LONG;
        entry[13] = of.iter().fold(0_u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte));
        entry[14..26].copy_from_slice(&units[10..22]);
        entry[28..].copy_from_slice(&units[22..]);
        entry
    }

    fn look(entries: &[[u8; ENTRY]], told: &[u64]) -> PassedOver {
        let told = told.iter().copied().collect();
        let mut search = Search::new(VOLUME, &told);
        search.look(&entries.concat(), 0);
        search.end()
    }

    fn missed(entries: &[[u8; ENTRY]], told: &[u64]) -> Vec<(String, String)> {
        let shown = |missed: Missed| {
            (String::from_utf8(missed.name.unwrap_or_default()).unwrap(), missed.reason)
        };
        look(entries, told).missed.into_iter().map(shown).collect()
    }

    #[test]
    fn only_live_entries_that_were_not_told_and_are_files_or_folders_are_missed() {
        let mut deleted = entry(b"DELETED TXT", 0x20, 1);
        deleted[0] = DELETED;
        let entries = [
            entry(b"LABEL      ", LABEL, 0),
            entry(b".          ", FOLDER, 0),
            entry(b"TOLD    TXT", 0x20, 1),
            deleted,
            entry(b"MISSED  TXT", 0x20, u32::MAX),
            [0; ENTRY],
            entry(b"BEHIND  TXT", 0x20, u32::MAX),
        ];
        let found = missed(&entries, &[2]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "MISSED.TXT");
        assert!(found[0].1.contains("claims 4294967295 bytes of a volume that has 1048576"));
    }

    #[test]
    fn a_long_name_counts_where_it_belongs_to_the_short_one() {
        let short = b"HOLID~1 JPG";
        let entries = [
            part(short, "Holiday.jpg"),
            entry(short, 0x20, 9),
            part(b"ANOTHER JPG", "Wrong.jpg"),
            entry(short, 0x20, 9),
        ];
        let names: Vec<_> = missed(&entries, &[]).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["Holiday.jpg", "HOLID~1.JPG"]);
    }

    #[test]
    fn a_long_name_of_an_entry_passed_over_is_not_given_to_the_next() {
        let short = b"HOLID~1 JPG";
        let mut small = entry(b"BESIDE  TXT", 0x20, 9);
        small[CASE] = LOWER_BASE | LOWER_EXTENSION;
        let mut gone = entry(b"XONE    TXT", 0x20, 9);
        let mut gone_part = part(short, "Holiday.jpg");
        (gone[0], gone_part[0]) = (DELETED, DELETED);
        let entries = [
            part(short, "Holiday.jpg"),
            entry(short, 0x20, u32::MAX),
            small,
            entry(b"NEXT    TXT", 0x20, 9),
            part(short, "Holiday.jpg"),
            entry(short, 0x20, 9),
            part(b"ANOTHER JPG", "Wrong.jpg"),
            gone,
            gone_part,
            gone,
        ];
        let mut names: Vec<_> = look(&entries, &[2, 3, 5, 7, 9]).own_names.into_iter().collect();
        names.sort_unstable();
        assert_eq!(names, [(2, b"beside.txt".to_vec()), (7, b"_ONE.TXT".to_vec())]);
    }

    #[test]
    fn a_folder_of_nothing_but_damage_is_told_in_a_bounded_number_of_words() {
        let entries = vec![entry(b"A\x01/\xff    B  ", 0xe7, 77); 500];
        let found = missed(&entries, &[]);
        assert_eq!(found.len(), MOST_MISSED + 1);
        assert_eq!(found[0].0, "A^^.B");
        assert!(found.last().unwrap().1.starts_with("400 more"));
    }
}
