//! Names that are left in the slack of an NTFS folder's index.
//!
//! A folder keeps its names in a tree: a root (`$INDEX_ROOT`) and records of mostly 4096 bytes
//! (`$INDEX_ALLOCATION`). When a name goes, those behind it move up and the last one's bytes stay
//! where they were, past the part in use, long after the file's own metadata is another's. libtsk
//! reads them too, but no name with a time after 2020, and none whose head was overwritten.
//!
//! In: a folder that is open and the names that libtsk told of it. Out: the [`Slack`] names that
//! none of those explains, each once, in the order of the index, with the size and times that
//! the entry keeps. A name is believed where its entry names this folder as its parent, and its
//! lengths, name space and times are possible.
//!
//! Source: Carrier, *File System Forensic Analysis* (2005), chapters 11 and 13 (tables 11.8,
//! 13.7, 13.12 to 13.17).

use std::collections::HashSet;
use std::ops::ControlFlow;

use crate::event::{Limits, Times};
use crate::ffi::{Directory, FileSystem, TskError};
use crate::name::Address;
use crate::told::Told;

const INDEX_ROOT: u32 = 0x90;
const INDEX_ALLOCATION: u32 = 0xa0;
const INDEX_NAME: &[u8] = b"$I30";
/// Bytes of the root before its head, and of a record.
const ROOT_HEAD: usize = 16;
const RECORD_HEAD: usize = 24;
/// A root is kept in an MFT entry, which is no longer than this.
const MOST_ROOT: usize = 64 << 10;
/// Records of other lengths are not made.
const RECORD_LENGTHS: std::ops::RangeInclusive<usize> = 512..=64 << 10;
/// The last two bytes of each such stretch are kept elsewhere in the record.
const STRIDE: usize = 512;
/// Bytes of an index entry before the file's name attribute, and of that before the name.
const ENTRY_HEAD: usize = 16;
const NAME_AT: usize = 66;
/// Entries begin at multiples of this.
const ALIGNMENT: usize = 8;
const LOW_48: u64 = (1 << 48) - 1;
const FOLDER: u32 = 0x1000_0000;
const DOS: u8 = 2;
const LAST_NAME_SPACE: u8 = 3;
/// Units of 100 ns from 1601 to 1970, and to 2200.
const UNIX_EPOCH: u64 = 116_444_736_000_000_000;
const YEAR_2200: u64 = 189_027_648_000_000_000;
/// Longer files are not made.
const MOST_SIZE: u64 = 1 << 60;

/// An MFT entry and its sequence number.
type Reference = (u64, u16);

/// What the slack of one folder's index holds.
#[derive(Debug, Default)]
pub(crate) struct Slack {
    /// Names that nothing else tells.
    pub(crate) names: Vec<SlackName>,
    /// What kept it from being read to its end.
    pub(crate) trouble: Option<String>,
    /// Whether there are more.
    pub(crate) is_full: bool,
}

/// A name that is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SlackName {
    pub(crate) bytes: Vec<u8>,
    /// MFT entry and sequence number, where the head of the index entry is left too.
    pub(crate) file: Option<Reference>,
    pub(crate) is_folder: bool,
    /// Bytes of content.
    pub(crate) size: u64,
    pub(crate) times: Times,
    /// The attribute that it lies in.
    pub(crate) address: Address,
    name_space: u8,
}

impl SlackName {
    /// Why it has no content.
    pub(crate) fn reason(&self) -> String {
        let left = "only its name is left, in the slack of its folder's index";
        match self.file {
            Some((entry, sequence)) => {
                format!("{left}; it led to MFT entry {entry}, sequence number {sequence}")
            }
            None => left.to_owned(),
        }
    }
}

/// The names in the slack of the index of `folder`, which `dir` is, at most `most`.
pub(crate) fn slack(
    fs: &FileSystem,
    dir: &mut Directory<'_>,
    folder: u64,
    told: &Told,
    limits: &Limits,
    most: u64,
) -> Slack {
    let mut slack = Slack::default();
    let is_index = |kind| matches!(kind, INDEX_ROOT | INDEX_ALLOCATION);
    let mut attributes = match dir.own_attributes(limits.runs, is_index) {
        Ok(attributes) => attributes,
        Err(TskError(reason)) => return Slack { trouble: Some(reason), ..slack },
    };
    attributes.retain(|attribute| attribute.name == INDEX_NAME);
    attributes.sort_by_key(|attribute| attribute.kind);
    let mut found = Found::new(folder, told, most);
    let mut record_len = None;
    for attribute in attributes {
        if attribute.kind == INDEX_ALLOCATION && record_len.is_none() {
            slack.trouble = Some("the index does not tell how long its records are".to_owned());
            break;
        }
        found.address.attribute = Some((attribute.kind, attribute.id));
        let mut buffer = Vec::new();
        let read = fs.cat(found.address, &mut |piece| {
            buffer.extend_from_slice(piece);
            match record_len {
                Some(len) if attribute.kind == INDEX_ALLOCATION => {
                    let whole = buffer.len() / len * len;
                    for record in buffer[..whole].chunks_exact_mut(len) {
                        record_slack(record, &mut found);
                    }
                    buffer.drain(..whole);
                }
                _ if buffer.len() > MOST_ROOT => return ControlFlow::Break(()),
                _ => {}
            }
            if found.is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        if let Err(TskError(reason)) = read {
            slack.trouble = Some(reason);
        }
        if attribute.kind == INDEX_ROOT {
            record_len = root_slack(&buffer, &mut found);
        }
    }
    slack.is_full = found.is_full;
    slack.names = found.each_once();
    slack
}

/// How many names lie in the slack of bytes taken for a root and for a record.
pub(crate) fn names_in(bytes: &mut [u8], folder: u64) -> usize {
    let told = Told::default();
    let mut found = Found::new(folder, &told, u64::MAX);
    root_slack(bytes, &mut found);
    record_slack(bytes, &mut found);
    found.each_once().len()
}

/// Looks through a root. Gives the length of the records.
fn root_slack(root: &[u8], found: &mut Found<'_>) -> Option<usize> {
    let len = usize::try_from(u32_at(root, 8)?).ok()?;
    if let Some(used) = used_end(root, ROOT_HEAD) {
        search(root, used, found);
    }
    (len.is_power_of_two() && RECORD_LENGTHS.contains(&len)).then_some(len)
}

/// Looks through a record.
fn record_slack(record: &mut [u8], found: &mut Found<'_>) {
    if record.starts_with(b"INDX")
        && restore(record).is_some()
        && let Some(used) = used_end(record, RECORD_HEAD)
    {
        search(record, used, found);
    }
}

/// Puts back the bytes that are kept elsewhere; none where they are not those of this record.
fn restore(record: &mut [u8]) -> Option<()> {
    let at = usize::from(u16_at(record, 4)?);
    let count = usize::from(u16_at(record, 6)?);
    let kept: Vec<[u8; 2]> = record.get(at..at + 2 * count)?.as_chunks::<2>().0.to_vec();
    let (mark, kept) = kept.split_first()?;
    if kept.len() * STRIDE != record.len() {
        return None;
    }
    for (stretch, bytes) in record.as_chunks_mut::<STRIDE>().0.iter_mut().zip(kept) {
        if stretch[STRIDE - 2..] != mark[..] {
            return None;
        }
        stretch[STRIDE - 2..].copy_from_slice(bytes);
    }
    Some(())
}

/// Where the part in use ends, by the head at `head`, from which it counts.
fn used_end(bytes: &[u8], head: usize) -> Option<usize> {
    let used = usize::try_from(u32_at(bytes, head + 4)?).ok()?;
    head.checked_add(used).filter(|end| *end >= head + ENTRY_HEAD && *end <= bytes.len())
}

/// Takes the names behind `used`. An entry whose head became the index's own end mark, which is
/// just as long, still has its name.
fn search(bytes: &[u8], used: usize, found: &mut Found<'_>) {
    let mut at = used.next_multiple_of(ALIGNMENT);
    while at + NAME_AT < bytes.len() {
        match name(bytes, at, used, found.folder) {
            Some((name, len)) => {
                found.add(name);
                at = (at + len).next_multiple_of(ALIGNMENT);
            }
            None => at += ALIGNMENT,
        }
    }
}

/// The name attribute that begins at a byte, and its length.
fn name(bytes: &[u8], at: usize, used: usize, folder: u64) -> Option<(SlackName, usize)> {
    let attribute = &bytes[at..];
    if u64_at(attribute, 0)? & LOW_48 != folder {
        return None;
    }
    let mut times = [0; 4];
    for (time, at) in times.iter_mut().zip([8, 16, 24, 32]) {
        let stored = u64_at(attribute, at)?;
        if !(UNIX_EPOCH..YEAR_2200).contains(&stored) {
            return None;
        }
        *time = i64::try_from((stored - UNIX_EPOCH).checked_mul(100)?).ok()?;
    }
    let (size, flags) = (u64_at(attribute, 48)?, u32_at(attribute, 56)?);
    let (units, name_space) = (usize::from(attribute[64]), attribute[65]);
    let len = NAME_AT + 2 * units;
    let text = attribute.get(NAME_AT..len)?.as_chunks::<2>().0;
    let text: Vec<u16> = text.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    let impossible = |unit: &u16| *unit == 0 || *unit == u16::from(b'/');
    if units == 0 || name_space > LAST_NAME_SPACE || size > MOST_SIZE || text.iter().any(impossible)
    {
        return None;
    }
    let [created, modified, changed, accessed] = times.map(|time| (time != 0).then_some(time));
    let name = SlackName {
        bytes: String::from_utf16_lossy(&text).into_bytes(),
        file: file(bytes, at, used, len),
        is_folder: flags & FOLDER != 0,
        size,
        times: Times { created, modified, accessed, changed },
        address: Address::default(),
        name_space,
    };
    Some((name, len))
}

/// What the head before a name attribute of `len` bytes says, if it is left and still its own.
fn file(bytes: &[u8], at: usize, used: usize, len: usize) -> Option<Reference> {
    let head = bytes.get(at.checked_sub(ENTRY_HEAD).filter(|head| *head >= used)?..at)?;
    let (entry_len, key_len) = (u16_at(head, 8)?, u16_at(head, 10)?);
    let reference = u64_at(head, 0)?;
    let own = usize::from(key_len) == len && usize::from(entry_len) >= ENTRY_HEAD + len;
    own.then_some((reference & LOW_48, u16::try_from(reference >> 48).unwrap_or(0)))
}

/// Names of one folder, each once.
struct Found<'a> {
    folder: u64,
    /// The attribute that is looked through.
    address: Address,
    told: &'a Told,
    most: u64,
    names: Vec<SlackName>,
    seen: HashSet<(Vec<u8>, Option<Reference>)>,
    is_full: bool,
}

impl<'a> Found<'a> {
    fn new(folder: u64, told: &'a Told, most: u64) -> Self {
        Self {
            folder,
            address: Address { meta: folder, attribute: None },
            told,
            most,
            names: Vec::new(),
            seen: HashSet::new(),
            is_full: false,
        }
    }

    /// Keeps a name, unless the listing explains it: a name is the same file's where both lead
    /// to one MFT entry, or it is not known where it led; a file's short name goes with its long
    /// one.
    fn add(&mut self, name: SlackName) {
        let entry = name.file.map(|(entry, _)| entry);
        let is_short = name.name_space == DOS;
        if self.told.has_name(&name.bytes, entry)
            || (is_short && entry.is_some_and(|entry| self.told.has_address(entry)))
        {
            return;
        }
        if !self.seen.insert((name.bytes.clone(), name.file)) {
            return;
        }
        if self.names.len() as u64 >= self.most {
            self.is_full = true;
            return;
        }
        self.names.push(SlackName { address: self.address, ..name });
    }

    /// Those that no other of them explains.
    fn each_once(self) -> Vec<SlackName> {
        let whole: HashSet<&[u8]> =
            self.names.iter().filter(|n| n.file.is_some()).map(|n| n.bytes.as_slice()).collect();
        let long: HashSet<Reference> =
            self.names.iter().filter(|n| n.name_space != DOS).filter_map(|n| n.file).collect();
        let is_new = |name: &&SlackName| match name.file {
            None => !whole.contains(name.bytes.as_slice()),
            Some(file) => name.name_space != DOS || !long.contains(&file),
        };
        self.names.iter().filter(is_new).cloned().collect()
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at.checked_add(8)?)?.try_into().ok().map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests;
