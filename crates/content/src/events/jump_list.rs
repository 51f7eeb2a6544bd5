//! Jump lists of Windows (`....automaticDestinations-ms`): the files that a program opened last.
//!
//! In: the whole list, a compound file. Out: each path with the time at which it was opened last,
//! from the stream `DestList`. Refused: lists of pinned things alone (`customDestinations-ms`),
//! which have no times; versions after 4, whose entries are not known.
//!
//! Source: "Windows Jump List format", libyal documentation, section 3.

use pendeen_item::Event;

use super::{Events, time};
use crate::container::array;
use crate::document::stream_of;

/// Longer lists are not read; real ones have some hundred kilobytes.
pub const JUMP_LIST_BYTES: u64 = 64 << 20;
const HEADER: usize = 32;

/// Every file that a jump list names.
pub fn jump_list(bytes: &[u8]) -> Events {
    let list = match stream_of(bytes, "DestList") {
        Ok(Some(list)) => list,
        // A program that has opened nothing has no such stream.
        Ok(None) => return Events::default(),
        Err(problem) => return Events::lost(problem),
    };
    let version = array(&list, 0).map_or(0, u32::from_le_bytes);
    // Where an entry has the length of its path, and what follows the path, in bytes.
    let (path_len, tail) = match version {
        1 => (112, 0),
        2..=4 => (128, 4),
        _ => return Events::lost(format!("its version, {version}, is not known")),
    };
    let mut out = Events::default();
    let mut at = HEADER;
    while let Some((event, len)) = list.get(at..).and_then(|entry| destination(entry, path_len)) {
        let record = format!("DestList {at}");
        at = at.saturating_add(len).saturating_add(tail);
        if !out.add(Event { record, ..event }) {
            break;
        }
    }
    out
}

/// An entry, and its length in bytes without what follows the path.
fn destination(entry: &[u8], path_len: usize) -> Option<(Event, usize)> {
    let units = usize::from(array(entry, path_len).map(u16::from_le_bytes)?);
    let start = path_len + 2;
    let end = start.checked_add(units * 2)?;
    let path = entry.get(start..end)?.chunks_exact(2);
    let path: Vec<u16> = path.map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let event = Event {
        time: array(entry, 100).map(u64::from_le_bytes).and_then(time::filetime),
        source: "jump_list",
        what: "recent_file",
        target: Some(String::from_utf16_lossy(&path)),
        ..Event::default()
    };
    Some((event, end))
}
