//! ZIP: the directory at the end first, then the members in the order in which they lie.
//!
//! In: the archive. Out: a child for each file of the directory, numbered as the directory has
//! them. Where there is no directory that can be read, members are found by their local headers,
//! and that is told. Encrypted members are told as such. Refused: members whose bytes are also
//! another's (a known way to make a small archive claim without end), methods other than
//! stored, deflated, bzip2, xz and Zstandard, and archives in several files.
//!
//! Source: APPNOTE.TXT 6.3.10.

mod directory;
mod scan;

use std::io::{BufReader, Read};

use pendeen_evidence::entry::Times;

use super::checked::Checked;
use super::extra::{self, Extra, Left};
use super::ufdr::{self, Places};
use super::{dos, u16_le, u32_le};
use crate::protocol::{Bytes, Child, Layout, Zone};
use crate::remote::{Source, Window};
use crate::sink::{Children, Stop};

/// Memory for the dictionary of an xz stream at most, in KiB.
const XZ_MEMORY: u32 = 2 << 20;
const LOCAL: [u8; 4] = *b"PK\x03\x04";
/// Bytes of a local header before its name.
const LOCAL_LEN: u64 = 30;

/// A file of the archive.
struct Member {
    child: Child,
    method: u16,
    encrypted: bool,
    crc: Option<u32>,
    /// Bytes that it takes in the archive.
    packed: u64,
    /// Where its local header is.
    at: u64,
}

pub(super) fn open(source: &Source, children: &mut Children) -> Result<(), Stop> {
    match directory::read(source, children.room()) {
        Ok(directory) => {
            let directory::Directory { mut members, problem, starts, entries } = directory;
            let places = places(source, &members);
            children.layout(if matches!(places, Ok(Some(_))) {
                Layout::Ufdr
            } else {
                Layout::Zip
            })?;
            if let Err(reason) = &places {
                children.problem("what the report says of the files", reason.clone(), None)?;
            }
            let places = places.ok().flatten().unwrap_or_default();
            members.sort_by_key(|member| (member.at, member.child.number));
            let (mut taken, mut more) = (0, entries);
            for mut member in members {
                let further = placed(&mut member.child, &places, &mut more);
                tell(source, member, starts, &mut taken, children)?;
                for child in further {
                    children.child(child, &mut std::io::empty())?;
                }
            }
            match problem {
                Some((reason, at)) => {
                    children.problem("the rest of the archive's directory", reason, Some(at))
                }
                None => Ok(()),
            }
        }
        Err(reason) => scan::members(source, &reason, children),
    }
}

/// Where a phone's files were, if the archive has a report of that.
fn places(source: &Source, members: &[Member]) -> Result<Option<Places>, String> {
    let is_report = |member: &&Member| member.child.name.0 == b"report.xml";
    let Some(report) = members.iter().find(is_report).filter(|report| !report.encrypted) else {
        return Ok(None);
    };
    if !members.iter().any(|member| member.child.name.0.starts_with(b"files/")) {
        return Ok(None);
    }
    let packed = source.window(data_of(source, report.at)?, report.packed);
    let bytes = Checked::new(decoder(report.method, packed)?, report.child.size, report.crc);
    ufdr::read(BufReader::with_capacity(128 << 10, bytes)).map(Some)
}

/// Gives a member the place that it had on the phone. Where it had several, the others are
/// children of their own, numbered from `more` on.
fn placed(child: &mut Child, places: &Places, more: &mut u64) -> Vec<Child> {
    let name = String::from_utf8_lossy(&child.name.0);
    let Some(places) = places.get(name.as_ref()) else { return Vec::new() };
    let at = |child: &Child, place: &ufdr::Place| Child {
        text: Some(place.path.clone()),
        times: place.times,
        zone: place.zone,
        deleted: place.deleted,
        ..child.clone()
    };
    let mut further = Vec::new();
    for place in places.iter().skip(1) {
        further.push(Child { number: *more, same_as: Some(child.number), ..at(child, place) });
        *more += 1;
    }
    if let Some(place) = places.first() {
        *child = at(child, place);
    }
    further
}

/// Tells a member of the directory, which begins at `starts`. `taken` is where the bytes of the
/// members before it end.
fn tell(
    source: &Source,
    member: Member,
    starts: u64,
    taken: &mut u64,
    children: &mut Children,
) -> Result<(), Stop> {
    if member.encrypted {
        *taken = (*taken).max(member.at.saturating_add(LOCAL_LEN).saturating_add(member.packed));
        return children.lost(member.child, "it is encrypted");
    }
    let data = match data_of(source, member.at) {
        Ok(data) => data,
        Err(reason) => return children.lost(member.child, reason),
    };
    let end = data.saturating_add(member.packed);
    if member.at < *taken {
        let reason = format!("its bytes, from byte {}, are another member's, too", member.at);
        return children.lost(member.child, reason);
    }
    *taken = end;
    if end > starts {
        let reason = format!(
            "its {} bytes from byte {data} go past the archive's directory at byte {starts}",
            member.packed
        );
        return children.lost(member.child, reason);
    }
    if !children.wants(member.child.number) {
        return children.child(member.child, &mut std::io::empty());
    }
    if children.is_full() {
        return children
            .lost(member.child, "the limit on what is read out of one container is reached");
    }
    let packed = source.window(data, member.packed);
    let (size, crc) = (member.child.size, member.crc);
    match decoder(member.method, packed) {
        Ok(bytes) => children.child(member.child, &mut Checked::new(bytes, size, crc)),
        Err(reason) => children.lost(member.child, reason),
    }
}

/// Where the bytes of the member whose local header is at `at` begin.
fn data_of(source: &Source, at: u64) -> Result<u64, String> {
    let mut header = [0; 30];
    source
        .read_exact_at(at, &mut header)
        .map_err(|e| format!("its local header at byte {at} cannot be read: {e}"))?;
    if header[..4] != LOCAL {
        return Err(format!("there is no local header at byte {at}, where its directory says"));
    }
    let lens = [26, 28].map(|at| u64::from(u16_le(&header, at).unwrap_or(0)));
    Ok(at.saturating_add(LOCAL_LEN).saturating_add(lens[0]).saturating_add(lens[1]))
}

/// What unpacks a method's bytes.
fn decoder(method: u16, packed: Window) -> Result<Box<dyn Read>, String> {
    match method {
        0 => Ok(Box::new(packed)),
        8 => Ok(Box::new(flate2::bufread::DeflateDecoder::new(packed))),
        12 => Ok(Box::new(bzip2::bufread::BzDecoder::new(packed))),
        95 => Ok(Box::new(lzma_rust2::XzReader::new_mem_limit(packed, false, XZ_MEMORY))),
        93 => match zstd::stream::read::Decoder::with_buffer(packed) {
            Ok(decoder) => Ok(Box::new(decoder)),
            Err(error) => Err(error.to_string()),
        },
        other => {
            let name = match other {
                1 => "shrunk",
                2..=5 => "reduced",
                6 => "imploded",
                9 => "packed with Deflate64",
                14 => "packed with LZMA",
                98 => "packed with PPMd",
                _ => "packed by a method of its own",
            };
            Err(format!("it is {name} (method {other}), for which there is no reader"))
        }
    }
}

/// What is the same in local and central headers, from the version needed on; with the name and
/// the extra fields.
struct Common<'a> {
    /// From "version needed to extract" to "uncompressed size".
    fields: &'a [u8],
    name: &'a [u8],
    extra: &'a [u8],
}

impl Common<'_> {
    /// The member with this number, whose local header is at `at` unless the extra fields know
    /// better; none for a folder.
    fn member(&self, number: u64, at: u64, at_left: bool) -> Option<Member> {
        let field16 = |at| u16_le(self.fields, at).unwrap_or(0);
        let field32 = |at| u32_le(self.fields, at).unwrap_or(0);
        let (flags, method) = (field16(2), field16(4));
        let (packed, size) = (field32(14), field32(18));
        let left = Left { size: size == u32::MAX, packed: packed == u32::MAX, at: at_left };
        let extra = extra::read(self.extra, self.name, left);
        let size = extra.size.unwrap_or(size.into());
        let packed = extra.packed.unwrap_or(packed.into());
        if self.name.ends_with(b"/") && size == 0 {
            return None;
        }
        let encrypted = flags & 1 != 0 || method == 99;
        let (times, zone) = times(&extra, field16(8), field16(6));
        let child = Child {
            number,
            name: Bytes(self.name.to_vec()),
            text: name(self.name, &extra, flags),
            size: Some(size),
            times,
            zone,
            owner: extra.owner,
            encrypted,
            ..Child::default()
        };
        let crc = Some(field32(10));
        Some(Member { child, method, encrypted, crc, packed, at: extra.at.unwrap_or(at) })
    }
}

fn times(extra: &Extra, date: u16, time: u16) -> (Times, Zone) {
    match extra.times {
        Some(times) => (times, Zone::Utc),
        None => (Times { modified: dos::dos(date, time), ..Times::default() }, Zone::Unknown),
    }
}

/// The name as text, where it is not UTF-8 as it stands.
fn name(raw: &[u8], extra: &Extra, flags: u16) -> Option<String> {
    const UTF8: u16 = 1 << 11;
    if let Some(name) = &extra.name {
        return Some(name.clone());
    }
    // Many programs write UTF-8 and do not say so.
    (flags & UTF8 == 0 && std::str::from_utf8(raw).is_err()).then(|| dos::cp437(raw))
}
