//! The extra fields of a ZIP member: longer sizes, better times, owners, names in Unicode.
//!
//! In: the extra bytes of a central header. Out: [`Extra`]. Fields that are cut short or of an
//! unknown kind are passed over: they only add to what the header says.
//!
//! Source: APPNOTE.TXT 6.3.10, sections 4.5.3, 4.5.5, 4.6.9; Info-ZIP's proginfo/extrafld.txt.

use pendeen_evidence::entry::Times;

use super::{dos, u16_le, u32_le, u64_le};

/// What the extra fields say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extra {
    /// Size, packed size and header position, for those of them that the header leaves to this.
    pub(super) size: Option<u64>,
    pub(super) packed: Option<u64>,
    pub(super) at: Option<u64>,
    /// Times in UTC.
    pub(super) times: Option<Times>,
    /// User and group.
    pub(super) owner: Option<(u64, u64)>,
    /// The name in UTF-8, if it belongs to the name in the header.
    pub(super) name: Option<String>,
}

/// Which of the three the header leaves to the ZIP64 field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    pub(super) size: bool,
    pub(super) packed: bool,
    pub(super) at: bool,
}

pub(super) fn read(mut bytes: &[u8], name: &[u8], left: Left) -> Extra {
    let mut extra = Extra::default();
    while let (Some(id), Some(len)) = (u16_le(bytes, 0), u16_le(bytes, 2)) {
        let end = 4 + usize::from(len);
        let Some(field) = bytes.get(4..end) else { break };
        match id {
            0x0001 => zip64(&mut extra, field, left),
            0x000a => extra.times = ntfs(field).or(extra.times),
            0x5455 => extra.times = extra.times.or_else(|| timestamp(field)),
            0x5855 => extra.times = extra.times.or_else(|| old_unix(field)),
            0x7875 => extra.owner = owner(field),
            0x7075 => extra.name = unicode(field, name),
            _ => {}
        }
        bytes = &bytes[end..];
    }
    extra
}

fn zip64(extra: &mut Extra, field: &[u8], left: Left) {
    let mut at = 0;
    let mut next = |wanted: bool| {
        let value = u64_le(field, at).filter(|_| wanted);
        at += if wanted { 8 } else { 0 };
        value
    };
    extra.size = next(left.size);
    extra.packed = next(left.packed);
    extra.at = next(left.at);
}

fn ntfs(field: &[u8]) -> Option<Times> {
    let mut rest = field.get(4..)?;
    while let (Some(tag), Some(len)) = (u16_le(rest, 0), u16_le(rest, 2)) {
        if tag == 1 && len >= 24 {
            let time = |at| u64_le(rest, at).and_then(dos::filetime);
            return Some(Times {
                modified: time(4),
                accessed: time(12),
                created: time(20),
                changed: None,
            });
        }
        rest = rest.get(4 + usize::from(len)..)?;
    }
    None
}

/// A 32-bit time of Unix.
fn seconds(field: &[u8], at: usize) -> Option<i64> {
    u32_le(field, at).and_then(|value| dos::unix(i64::from(value.cast_signed())))
}

fn timestamp(field: &[u8]) -> Option<Times> {
    let flags = *field.first()?;
    let modified = (flags & 1 != 0).then(|| seconds(field, 1)).flatten()?;
    Some(Times { modified: Some(modified), ..Times::default() })
}

fn old_unix(field: &[u8]) -> Option<Times> {
    Some(Times {
        accessed: seconds(field, 0),
        modified: Some(seconds(field, 4)?),
        ..Times::default()
    })
}

fn owner(field: &[u8]) -> Option<(u64, u64)> {
    let number = |at: usize| {
        let len = usize::from(*field.get(at)?);
        let bytes = field.get(at + 1..at + 1 + len).filter(|bytes| bytes.len() <= 8)?;
        let value = bytes.iter().rev().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
        Some((value, at + 1 + len))
    };
    let (user, next) = number(1)?;
    Some((user, number(next)?.0))
}

fn unicode(field: &[u8], name: &[u8]) -> Option<String> {
    let belongs = *field.first()? == 1 && u32_le(field, 1)? == crc32fast::hash(name);
    belongs.then(|| String::from_utf8(field.get(5..)?.to_vec()).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Left = Left { size: false, packed: false, at: false };

    #[test]
    fn each_field_says_its_own() {
        let name = "\u{e9}.jpg".as_bytes();
        let mut unicode = b"\x75\x70\x0b\x00\x01".to_vec();
        unicode.extend_from_slice(&crc32fast::hash(b"\x82.jpg").to_le_bytes());
        unicode.extend_from_slice(name);
        let fields = [
            &b"UT\x05\x00\x01\x10\x00\x00\x00"[..],
            b"ux\x0b\x00\x01\x04\xe8\x03\x00\x00\x04\x64\x00\x00\x00",
            &unicode,
            b"\x01\x00\x08\x00\x00\x00\x00\x00\x01\x00\x00\x00",
        ];
        let extra = read(&fields.concat(), b"\x82.jpg", Left { packed: true, ..NOTHING });
        assert_eq!(extra.packed, Some(1 << 32));
        assert_eq!((extra.size, extra.at), (None, None));
        assert_eq!(extra.times.unwrap().modified, Some(16_000_000_000));
        assert_eq!(extra.owner, Some((1000, 100)));
        assert_eq!(extra.name.as_deref(), Some("\u{e9}.jpg"));
        let other = read(&fields.concat(), b"renamed.jpg", NOTHING);
        assert_eq!(other.name, None, "the field belongs to a name that is gone");
    }

    #[test]
    fn fields_that_are_cut_short_are_passed_over() {
        for field in
            [&b"ux\xff\xff\x01"[..], b"ux\x02\x00\x01\x08", b"UT\x01\x00\x01", b"\n\0\x04\0abcd"]
        {
            assert_eq!(read(field, b"a", NOTHING), Extra::default());
        }
    }
}
