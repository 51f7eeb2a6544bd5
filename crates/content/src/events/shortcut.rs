//! Shortcuts of Windows (`.lnk`), which its list of recent files is made of.
//!
//! In: the whole shortcut. Out: the file that it leads to, with its size and its last access as
//! they were when the shortcut was written. Refused: shortcuts to things that are no files.
//!
//! Source: [MS-SHLLINK], sections 2.1 to 2.3.

use pendeen_item::Event;

use super::time;
use crate::container::array;

/// Longer shortcuts are not read; real ones have a few kilobytes.
pub const SHORTCUT_BYTES: u64 = 1 << 20;

const HAS_ID_LIST: u32 = 1;
const HAS_LINK_INFO: u32 = 2;
/// Reading a flag of the location: the local path is there.
const LOCAL: u32 = 1;

/// What a shortcut says; none where it is none, or leads to no local file.
pub fn shortcut(bytes: &[u8]) -> Option<Event> {
    let word = |at| array(bytes, at).map(u32::from_le_bytes);
    if word(0)? != 0x4c || word(4)? != 0x0002_1401 {
        return None;
    }
    let flags = word(20)?;
    let mut at = 0x4c_usize;
    if flags & HAS_ID_LIST != 0 {
        let len = array(bytes, at).map(u16::from_le_bytes)?;
        at = at.checked_add(2)?.checked_add(usize::from(len))?;
    }
    if flags & HAS_LINK_INFO == 0 {
        return None;
    }
    let location = bytes.get(at..at.checked_add(usize::try_from(word(at)?).ok()?)?)?;
    let field = |at: usize| array(location, at).map(u32::from_le_bytes);
    if field(8)? & LOCAL == 0 {
        return None;
    }
    // Newer shortcuts have the path in Unicode as well.
    let wide = (field(4)? >= 0x24).then(|| field(0x1c)).flatten();
    let target = match wide.and_then(|at| wide_text(location, at)) {
        Some(text) => text,
        None => narrow_text(location, field(16)?)?,
    };
    let rest = narrow_text(location, field(24)?).unwrap_or_default();
    let accessed = array(bytes, 36).map(u64::from_le_bytes)?;
    Some(Event {
        time: time::filetime(accessed),
        source: "shortcut",
        what: "recent_file",
        target: Some(if target.ends_with(&rest) { target } else { target + &rest }),
        size_bytes: word(52).map(u64::from),
        record: "whole".to_owned(),
        ..Event::default()
    })
}

fn narrow_text(bytes: &[u8], at: u32) -> Option<String> {
    let rest = bytes.get(usize::try_from(at).ok()?..)?;
    let end = rest.iter().position(|b| *b == 0)?;
    let text = String::from_utf8_lossy(rest.get(..end)?).into_owned();
    (!text.is_empty()).then_some(text)
}

fn wide_text(bytes: &[u8], at: u32) -> Option<String> {
    let rest = bytes.get(usize::try_from(at).ok()?..)?;
    let units = rest.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
    (!units.is_empty()).then(|| String::from_utf16_lossy(&units))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shortcut to a local file.
    fn sample() -> Vec<u8> {
        let mut out = vec![0; 0x4c];
        out[..4].copy_from_slice(&0x4c_u32.to_le_bytes());
        out[4..8].copy_from_slice(&0x0002_1401_u32.to_le_bytes());
        out[20..24].copy_from_slice(&(HAS_ID_LIST | HAS_LINK_INFO).to_le_bytes());
        out[36..44].copy_from_slice(&133_594_528_890_000_000_u64.to_le_bytes());
        out[52..56].copy_from_slice(&777_u32.to_le_bytes());
        out.extend([4, 0, 1, 2, 3, 4]);
        let path = b"C:\\Users\\a\\b.jpg\0";
        let len = u32::try_from(0x1c + path.len() + 1).unwrap();
        let path_at = 0x1c_u32;
        for word in [len, 0x1c, LOCAL, 0, path_at, 0, len - 1] {
            out.extend(word.to_le_bytes());
        }
        out.extend(path);
        out.push(0);
        out
    }

    #[test]
    fn a_shortcut_tells_which_file_was_opened_and_when() {
        let event = shortcut(&sample()).unwrap();
        assert_eq!(event.target.as_deref(), Some("C:\\Users\\a\\b.jpg"));
        assert_eq!(event.size_bytes, Some(777));
        assert_eq!(event.time, Some(1_714_979_289_000_000_000));
    }

    #[test]
    fn a_shortcut_that_is_cut_off_or_changed_has_no_panic_in_it() {
        let whole = sample();
        for len in 0..whole.len() {
            assert_eq!(shortcut(&whole[..len]), None, "{len} bytes");
        }
        for at in 0..whole.len() {
            for value in [0, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[at] = value;
                let _ = shortcut(&changed);
            }
        }
    }
}
