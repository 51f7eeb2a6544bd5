//! From a document's bytes to its characters.
//!
//! In: bytes in UTF-8, UTF-16 (by byte order mark, or by the zero bytes around the first
//! `<`), US-ASCII or ISO 8859-1 (where an XML declaration says so).
//! Out: [`Decoded`] text, which still knows the line and byte of each of its characters.
//! Refused: other encodings, bytes that their encoding does not allow, control characters,
//! and formats that are plainly something else.
//!
//! Source: XML 1.0, appendix F (detection); RFC 2781 (UTF-16).

use crate::reject::{Cause, Place, Rejected};

/// How the characters were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16,
    Latin1,
}

/// A document's characters and where each of them stood.
#[derive(Debug)]
pub(crate) struct Decoded {
    text: String,
    encoding: Encoding,
    /// Length of the byte order mark, in bytes.
    mark: usize,
}

impl Decoded {
    /// All of the text, without a byte order mark.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The text from its first character that is not white space.
    pub(crate) fn trimmed(&self) -> &str {
        self.text.trim_start()
    }

    /// Where the character at `offset` (in bytes of the text) stands in the document.
    pub(crate) fn place(&self, offset: usize) -> Place {
        self.place_after((0, Place { line: 1, byte: self.mark }), offset)
    }

    /// The same, counted from an earlier offset whose place is known: for many places in a row.
    pub(crate) fn place_after(&self, known: (usize, Place), offset: usize) -> Place {
        let (from, start) = known;
        let mut to = offset.min(self.text.len());
        while !self.text.is_char_boundary(to) {
            to -= 1;
        }
        let between = self.text.get(from..to).unwrap_or_default();
        let bytes = match self.encoding {
            Encoding::Utf8 => between.len(),
            Encoding::Utf16 => 2 * between.encode_utf16().count(),
            Encoding::Latin1 => between.chars().count(),
        };
        Place { line: start.line + between.matches('\n').count(), byte: start.byte + bytes }
    }
}

/// Turns a document's bytes into characters.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, Rejected> {
    if bytes.is_empty() {
        return Err(Cause::Empty.into());
    }
    if let Some(what) = other_format(bytes) {
        return Err(Cause::OtherFormat { what }.into());
    }
    let Detected { encoding, mark, big_endian } = detect(bytes)?;
    let text = match encoding {
        Encoding::Utf8 => utf8(bytes, mark)?,
        Encoding::Utf16 => utf16(bytes, mark, big_endian)?,
        Encoding::Latin1 => bytes.iter().map(|&b| char::from(b)).collect(),
    };
    let decoded = Decoded { text, encoding, mark };
    if decoded.trimmed().is_empty() {
        return Err(Cause::Empty.into());
    }
    let control = |c: char| c < ' ' && !matches!(c, '\t' | '\n' | '\r');
    if let Some((offset, c)) = decoded.text.char_indices().find(|&(_, c)| control(c)) {
        return Err(Rejected::at(decoded.place(offset), Cause::Control { code: u32::from(c) }));
    }
    Ok(decoded)
}

/// Names a format that is recognised by its first bytes and holds no report that is read.
fn other_format(bytes: &[u8]) -> Option<&'static str> {
    const FIRST_BYTES: [(&[u8], &str); 9] = [
        (b"%PDF-", "a PDF"),
        (b"PK\x03\x04", "a ZIP archive, spreadsheet or word-processor file"),
        (b"\xd0\xcf\x11\xe0", "an old spreadsheet or word-processor file"),
        (b"\x1f\x8b", "a gzip archive"),
        (b"\x89PNG", "a picture"),
        (b"\xff\xd8\xff", "a picture"),
        (b"GIF8", "a picture"),
        (b"{", "JSON"),
        (b"[", "JSON"),
    ];
    FIRST_BYTES.iter().find(|(first, _)| bytes.starts_with(first)).map(|&(_, what)| what)
}

struct Detected {
    encoding: Encoding,
    mark: usize,
    big_endian: bool,
}

/// The encoding, and the length of its byte order mark in bytes.
fn detect(bytes: &[u8]) -> Result<Detected, Rejected> {
    let found = |encoding, mark, big_endian| Ok(Detected { encoding, mark, big_endian });
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => {
            Err(Cause::Encoding { name: "UTF-32".to_owned() }.into())
        }
        [0xef, 0xbb, 0xbf, ..] => found(Encoding::Utf8, 3, false),
        [0xff, 0xfe, ..] => found(Encoding::Utf16, 2, false),
        [0xfe, 0xff, ..] => found(Encoding::Utf16, 2, true),
        [b'<', 0, ..] => found(Encoding::Utf16, 0, false),
        [0, b'<', ..] => found(Encoding::Utf16, 0, true),
        _ => found(declared(bytes)?, 0, false),
    }
}

/// The encoding that an XML declaration names. A declaration that is readable as ASCII and
/// says UTF-16 is a common mistake of the program that wrote it: the bytes are UTF-8.
fn declared(bytes: &[u8]) -> Result<Encoding, Rejected> {
    let start = &bytes[..bytes.len().min(256)];
    let name = start
        .starts_with(b"<?xml")
        .then(|| start.split(|&b| b == b'>').next().unwrap_or_default())
        .and_then(|declaration| std::str::from_utf8(declaration).ok())
        .and_then(|declaration| declaration.split_once("encoding"))
        .and_then(|(_, rest)| rest.split(['"', '\'']).nth(1));
    match name.map(str::to_ascii_lowercase).as_deref() {
        None
        | Some("utf-8" | "utf8" | "us-ascii" | "ascii" | "utf-16" | "utf-16le" | "utf-16be") => {
            Ok(Encoding::Utf8)
        }
        Some("iso-8859-1" | "latin1" | "latin-1") => Ok(Encoding::Latin1),
        Some(other) => Err(Cause::Encoding { name: other.to_owned() }.into()),
    }
}

fn utf8(bytes: &[u8], mark: usize) -> Result<String, Rejected> {
    let content = &bytes[mark..];
    std::str::from_utf8(content).map(str::to_owned).map_err(|error| {
        let valid = &content[..error.valid_up_to()];
        let line = valid.split(|&b| b == b'\n').count();
        let place = Place { line, byte: mark + valid.len() };
        Rejected::at(place, Cause::NotText { encoding: "UTF-8" })
    })
}

fn utf16(bytes: &[u8], mark: usize, big_endian: bool) -> Result<String, Rejected> {
    let content = &bytes[mark..];
    let unit = |pair: &[u8; 2]| {
        if big_endian { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) }
    };
    let (pairs, rest) = content.as_chunks::<2>();
    let mut text = String::with_capacity(content.len());
    let mut byte = mark;
    let wrong = |text: &str, byte| {
        let place = Place { line: 1 + text.matches('\n').count(), byte };
        Rejected::at(place, Cause::NotText { encoding: "UTF-16" })
    };
    for decoded in char::decode_utf16(pairs.iter().map(unit)) {
        let c = decoded.map_err(|_| wrong(&text, byte))?;
        text.push(c);
        byte += 2 * c.len_utf16();
    }
    if rest.is_empty() { Ok(text) } else { Err(wrong(&text, byte)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16_bytes(text: &str, big_endian: bool) -> Vec<u8> {
        text.encode_utf16()
            .flat_map(|u| if big_endian { u.to_be_bytes() } else { u.to_le_bytes() })
            .collect()
    }

    #[test]
    fn the_same_text_is_read_from_every_encoding() {
        let text = "<a>\u{e9}</a>";
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>";
        let marked = |mark: &[u8], rest: Vec<u8>| [mark, &rest].concat();
        for bytes in [
            text.as_bytes().to_vec(),
            marked(&[0xef, 0xbb, 0xbf], text.as_bytes().to_vec()),
            marked(&[0xff, 0xfe], utf16_bytes(text, false)),
            marked(&[0xfe, 0xff], utf16_bytes(text, true)),
            utf16_bytes(text, false),
            utf16_bytes(text, true),
            latin.to_vec(),
        ] {
            let decoded = decode(&bytes).unwrap();
            assert!(decoded.as_str().ends_with(text), "{bytes:?} gave {decoded:?}");
        }
    }

    #[test]
    fn a_place_is_told_in_bytes_of_the_original() {
        let text = "<a>\n\u{1f600}x";
        let offset = text.find('x').unwrap();
        let utf8 = decode(text.as_bytes()).unwrap();
        assert_eq!(utf8.place(offset), Place { line: 2, byte: 8 });
        let utf16 = decode(&[&[0xff, 0xfe][..], &utf16_bytes(text, false)].concat()).unwrap();
        assert_eq!(utf16.place(offset), Place { line: 2, byte: 14 });
    }

    #[test]
    fn what_is_not_text_is_refused_where_it_stands() {
        let place = |bytes: &[u8]| decode(bytes).unwrap_err().place;
        assert_eq!(place(b"<a>\n\xff</a>"), Some(Place { line: 2, byte: 4 }));
        assert_eq!(place(b"<a>\n\0</a>"), Some(Place { line: 2, byte: 4 }));
        assert_eq!(place(b"\xff\xfe<\0\0\xd8"), Some(Place { line: 1, byte: 4 }));
        assert_eq!(place(b"\xff\xfe<\0a"), Some(Place { line: 1, byte: 4 }));
    }

    #[test]
    fn other_formats_are_named() {
        for (bytes, word) in [
            (&b""[..], "empty"),
            (b" \r\n ", "empty"),
            (b"%PDF-1.7", "PDF"),
            (b"PK\x03\x04", "spreadsheet"),
            (b"{\"a\": 1}", "JSON"),
            (b"<?xml version=\"1.0\" encoding=\"EBCDIC\"?><a/>", "ebcdic"),
            (b"\xff\xfe\0\0<\0\0\0", "UTF-32"),
        ] {
            let rejected = decode(bytes).unwrap_err();
            assert!(rejected.reason().contains(word), "{rejected}");
        }
    }
}
