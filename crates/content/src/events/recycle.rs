//! The recycle bin of Windows: the record file `$I...` beside each removed file `$R...`.
//!
//! In: the whole record file. Out: where the file lay, its size, and when it was removed.
//! Refused: versions other than 1 (Windows Vista to 8.1) and 2 (Windows 10 on), and names that
//! are cut off.
//!
//! Source: "Windows Recycle.Bin file formats", libyal documentation.

use pendeen_item::Event;

use super::time;
use crate::container::array;

/// A record file has so many bytes at most: a header, and a path of 32,767 units.
pub const RECYCLED_BYTES: u64 = 28 + 2 * 32_767;

/// What a record file says; none where it is none.
pub fn recycled(bytes: &[u8]) -> Option<Event> {
    let number = |at| array(bytes, at).map(u64::from_le_bytes);
    let units = match number(0)? {
        1 => bytes.get(24..24 + 520)?,
        2 => {
            let len = usize::try_from(array(bytes, 24).map(u32::from_le_bytes)?).ok()?;
            bytes.get(28..28_usize.checked_add(len.checked_mul(2)?)?)?
        }
        _ => return None,
    };
    let units: Vec<u16> = units
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .take_while(|unit| *unit != 0)
        .collect();
    let target = String::from_utf16_lossy(&units);
    if target.is_empty() || target.chars().any(char::is_control) {
        return None;
    }
    Some(Event {
        time: Some(time::filetime(number(16)?)?),
        source: "recycle_bin",
        what: "removed",
        target: Some(target),
        size_bytes: Some(number(8)?),
        record: "whole".to_owned(),
        ..Event::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record file of this version.
    fn record(version: u64, path: &str) -> Vec<u8> {
        let mut out = version.to_le_bytes().to_vec();
        out.extend(1234_u64.to_le_bytes());
        out.extend(133_594_528_890_000_000_u64.to_le_bytes());
        if version == 2 {
            out.extend(u32::try_from(path.len() + 1).unwrap().to_le_bytes());
        }
        out.extend(path.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
        if version == 1 {
            out.resize(544, 0);
        }
        out
    }

    #[test]
    fn both_versions_tell_what_was_removed_and_when() {
        for version in [1, 2] {
            let event = recycled(&record(version, r"C:\Users\a\b.jpg")).unwrap();
            assert_eq!(event.target.as_deref(), Some(r"C:\Users\a\b.jpg"));
            assert_eq!(event.size_bytes, Some(1234));
            assert_eq!(event.time, Some(1_714_979_289_000_000_000));
        }
    }

    #[test]
    fn a_file_that_is_cut_off_or_something_else_is_no_record() {
        let whole = record(2, r"C:\a");
        for len in 0..whole.len() {
            assert_eq!(recycled(&whole[..len]), None, "{len} bytes");
        }
        assert_eq!(recycled(&record(3, r"C:\a")), None);
        assert_eq!(recycled(&record(2, "\u{1}")), None);
    }
}
