//! The directory at the end of a ZIP, in its 32-bit and 64-bit form.
//!
//! In: the archive. Out: its members as the directory has them. Bytes before the archive (a
//! program that unpacks itself) shift all positions: what the end record says is held against
//! where the directory really is. A directory that breaks off gives the members before that.
//!
//! Source: APPNOTE.TXT 6.3.10, sections 4.3.12 to 4.3.16.

use std::io::Read;

use super::super::{array, u16_le, u32_le, u64_le};
use super::{Common, Member};
use crate::remote::Source;

const END: [u8; 4] = *b"PK\x05\x06";
const END64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR: [u8; 4] = *b"PK\x06\x07";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END_LEN: usize = 22;

/// What the directory says.
pub(super) struct Directory {
    pub(super) members: Vec<Member>,
    /// Why it is not whole, and where.
    pub(super) problem: Option<(String, u64)>,
    /// Where it begins.
    pub(super) starts: u64,
    /// How many entries it has.
    pub(super) entries: u64,
}

/// Where the directory is.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    /// As the end record counts.
    offset: u64,
    len: u64,
    entries: u64,
    /// Where the first of its end records is.
    ends: u64,
}

/// Reads the directory, up to `most` members.
pub(super) fn read(source: &Source, most: u64) -> Result<Directory, String> {
    let place = find(source)?;
    // Bytes before the archive move everything by so much.
    let really = place.ends.checked_sub(place.len);
    let shift = match really.and_then(|really| really.checked_sub(place.offset)) {
        Some(shift) if place.entries == 0 || is_central(source, place.offset + shift) => shift,
        _ if is_central(source, place.offset) => 0,
        _ => {
            return Err(format!(
                "there is no directory at byte {}, where its end says",
                place.offset
            ));
        }
    };
    let starts = place.offset.saturating_add(shift);
    let mut directory =
        Directory { members: Vec::new(), problem: None, starts, entries: place.entries };
    let mut window = source.window(starts, place.ends.saturating_sub(starts));
    for number in 0..place.entries {
        let here = window.position();
        if number >= most {
            let reason =
                format!("{most} members are read at most, and there are {}", place.entries);
            directory.problem = Some((reason, here));
            break;
        }
        match entry(&mut window, number) {
            Ok(Some(mut member)) => {
                member.at = member.at.saturating_add(shift);
                directory.members.push(member);
            }
            Ok(None) => {}
            Err(reason) => {
                let of = place.entries;
                directory.problem = Some((format!("entry {number} of {of}: {reason}"), here));
                break;
            }
        }
    }
    Ok(directory)
}

fn is_central(source: &Source, at: u64) -> bool {
    let mut magic = [0; 4];
    source.read_exact_at(at, &mut magic).is_ok() && magic == CENTRAL
}

/// One entry; none for a folder.
fn entry(from: &mut impl Read, number: u64) -> Result<Option<Member>, String> {
    let mut header = [0; 46];
    let cut = |e: std::io::Error| format!("it cannot be read: {e}");
    from.read_exact(&mut header).map_err(cut)?;
    if header[..4] != CENTRAL {
        return Err("it does not begin with the mark of an entry".to_owned());
    }
    let [name, extra, comment] =
        [28, 30, 32].map(|at| usize::from(u16_le(&header, at).unwrap_or(0)));
    let mut rest = vec![0; name + extra + comment];
    from.read_exact(&mut rest).map_err(cut)?;
    let common =
        Common { fields: &header[6..28], name: &rest[..name], extra: &rest[name..name + extra] };
    let at = u32_le(&header, 42).unwrap_or(0);
    Ok(common.member(number, at.into(), at == u32::MAX))
}

/// Finds the end record, and from it the directory.
fn find(source: &Source) -> Result<Place, String> {
    let len = source.len();
    let longest = END_LEN as u64 + u64::from(u16::MAX);
    let from = len.saturating_sub(longest);
    let mut tail = Vec::new();
    let read = source.window(from, longest).read_to_end(&mut tail);
    read.map_err(|e| format!("its end cannot be read: {e}"))?;
    let at = tail
        .windows(4)
        .enumerate()
        .rev()
        .filter(|(_, window)| **window == END)
        .map(|(at, _)| at)
        .find(|at| plausible(&tail[*at..]))
        .ok_or("it has no end record: it is cut short, or not whole")?;
    let end = &tail[at..];
    let ends = from + at as u64;
    let field16 = |at| u16_le(end, at).unwrap_or(0);
    let field32 = |at| u32_le(end, at).unwrap_or(0);
    if field16(4) != 0 && field16(4) != u16::MAX {
        return Err(format!("it is part {} of an archive in several files", field16(4) + 1));
    }
    let place = Place {
        entries: field16(10).into(),
        len: field32(12).into(),
        offset: field32(16).into(),
        ends,
    };
    let left = field16(10) == u16::MAX || field32(12) == u32::MAX || field32(16) == u32::MAX;
    // An archive may have just as many members as the mark says.
    if left { Ok(find64(source, ends).unwrap_or(place)) } else { Ok(place) }
}

fn plausible(end: &[u8]) -> bool {
    let comment = u16_le(end, 20).map(usize::from);
    comment.is_some_and(|comment| END_LEN + comment <= end.len())
}

/// The 64-bit end record, whose locator stands before the 32-bit one at `ends`.
fn find64(source: &Source, ends: u64) -> Option<Place> {
    const LEN: u64 = 56;
    let mut locator = [0; 20];
    let at = ends.checked_sub(20)?;
    source.read_exact_at(at, &mut locator).ok()?;
    if array(&locator, 0) != Some(LOCATOR) {
        return None;
    }
    // Where the locator says, or just before it if bytes stand before the archive.
    [u64_le(&locator, 8)?, at.checked_sub(LEN)?].into_iter().find_map(|ends| {
        let mut end = [0; 56];
        source.read_exact_at(ends, &mut end).ok()?;
        (array(&end, 0) == Some(END64)).then_some(())?;
        Some(Place {
            entries: u64_le(&end, 32)?,
            len: u64_le(&end, 40)?,
            offset: u64_le(&end, 48)?,
            ends,
        })
    })
}
