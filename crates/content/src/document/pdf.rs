//! PDF: pictures that are whole files inside it (JPEG, JPEG 2000), and attached files.
//!
//! In: a PDF. Out: a part for each such stream, named after its object. The file is gone through
//! from beginning to end instead of through its tables, so that a damaged one, or one with older
//! versions of its objects, gives everything that it holds. Streams never lie in object streams.
//! Refused: encrypted documents; pictures that are bare pixels; filters but Flate, ASCII 85 and
//! ASCII hexadecimal.
//!
//! Source: ISO 32000-2, sections 7.3.8, 7.4, 7.11.4 and 8.9.

use std::borrow::Cow;
use std::io::Read;

use super::{MOST_BYTES, Part, Tell, find};

/// The longest dictionary that is looked at, in bytes.
const DICTIONARY: usize = 64 * 1024;
/// Filters of one stream at most.
const FILTERS: usize = 8;

pub(super) fn parts(bytes: &[u8], tell: &mut Tell<'_>) -> Result<(), String> {
    if encrypted(bytes) {
        return Err("it is encrypted".to_owned());
    }
    let (mut from, mut object) = (0, None);
    // The keywords "obj" and "stream", whichever comes next; each byte is passed once.
    while let Some(at) = next_keyword(bytes, from) {
        if bytes[at] == b'o' {
            object = Some(at);
            from = at + 3;
            continue;
        }
        from = at + 6;
        let Some(object) = object.take().filter(|object| at - object <= DICTIONARY) else {
            continue;
        };
        let dictionary = &bytes[object + 3..at];
        if !dictionary.trim_ascii_end().ends_with(b">>") {
            continue;
        }
        let (start, end) = extent(bytes, at + 6, dictionary);
        from = end;
        if let Some((extension, data)) = bytes.get(start..end).and_then(|d| file(dictionary, d)) {
            let name = format!("object-{}.{extension}", number(bytes, object));
            if !tell(Part { name, bytes: data }) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Whether the document's trailer, or a stream that stands for it, names an encryption.
fn encrypted(bytes: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) = find(bytes, b"/Encrypt", from) {
        from = at + 8;
        let rest = bytes.get(from..).unwrap_or_default();
        let rest = rest.get(..32).unwrap_or(rest).trim_ascii_start();
        // A reference, or the dictionary itself: other names begin with the same letters.
        if rest.first().is_some_and(u8::is_ascii_digit) || rest.starts_with(b"<<") {
            return true;
        }
    }
    false
}

fn next_keyword(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|b| matches!(b, b'o' | b's'))?;
        let rest = &bytes[at..];
        let before = at.checked_sub(1).map_or(b' ', |before| bytes[before]);
        if !before.is_ascii_alphabetic()
            && (rest.starts_with(b"obj") || rest.starts_with(b"stream"))
        {
            return Some(at);
        }
        at += 1;
    }
}

/// Where a stream's data begins and ends, behind the keyword: by its length, if it leads to the
/// stream's end, else by the next keyword that ends one.
fn extent(bytes: &[u8], keyword_end: usize, dictionary: &[u8]) -> (usize, usize) {
    let start = match bytes.get(keyword_end..) {
        Some([b'\r', b'\n', ..]) => keyword_end + 2,
        Some([b'\n' | b'\r', ..]) => keyword_end + 1,
        _ => keyword_end,
    };
    let len = value(dictionary, b"/Length").and_then(|value| {
        let digits = value.iter().take_while(|b| b.is_ascii_digit()).count();
        std::str::from_utf8(&value[..digits]).ok()?.parse::<usize>().ok()
    });
    let by_length = len.and_then(|len| start.checked_add(len)).filter(|end| {
        let rest = bytes.get(*end..).unwrap_or_default();
        rest.get(..16).unwrap_or(rest).trim_ascii_start().starts_with(b"endstream")
    });
    let end = by_length.unwrap_or_else(|| {
        let end = find(bytes, b"endstream", start).unwrap_or(bytes.len());
        match bytes.get(start..end) {
            Some([.., b'\r', b'\n']) => end - 2,
            Some([.., b'\n' | b'\r']) => end - 1,
            _ => end,
        }
    });
    (start, end)
}

/// What follows a key of a dictionary.
fn value<'d>(dictionary: &'d [u8], key: &[u8]) -> Option<&'d [u8]> {
    let mut from = 0;
    loop {
        from = find(dictionary, key, from)? + key.len();
        let rest = dictionary.get(from..)?;
        // "/Length1" is another key than "/Length".
        if !rest.first().is_some_and(u8::is_ascii_alphanumeric) {
            return Some(rest.trim_ascii_start());
        }
    }
}

/// The names of the filters, in the order in which they are undone.
fn filters(dictionary: &[u8]) -> Vec<&[u8]> {
    let Some(value) = value(dictionary, b"/Filter") else { return Vec::new() };
    let list = match value.strip_prefix(b"[") {
        Some(rest) => rest.split(|b| *b == b']').next().unwrap_or_default(),
        None => {
            let end = value.iter().skip(1).position(|b| !b.is_ascii_alphanumeric());
            value.get(..end.map_or(value.len(), |end| end + 1)).unwrap_or_default()
        }
    };
    let names = list.split(|b| *b == b'/').skip(1);
    names.map(<[u8]>::trim_ascii).take(FILTERS).collect()
}

/// The file that a stream is, if it is one: its extension and its bytes.
fn file<'d>(dictionary: &[u8], data: &'d [u8]) -> Option<(&'static str, Cow<'d, [u8]>)> {
    let image = value(dictionary, b"/Subtype").is_some_and(|v| v.starts_with(b"/Image"));
    let attached = value(dictionary, b"/Type").is_some_and(|v| v.starts_with(b"/EmbeddedFile"));
    if !image && !attached {
        return None;
    }
    let mut data = Cow::Borrowed(data);
    for filter in filters(dictionary) {
        data = match filter {
            b"DCTDecode" | b"DCT" if image => return Some(("jpg", data)),
            b"JPXDecode" if image => return Some(("jp2", data)),
            b"FlateDecode" | b"Fl" => Cow::Owned(inflate(&data)),
            b"ASCIIHexDecode" | b"AHx" => Cow::Owned(hexadecimal(&data)),
            b"ASCII85Decode" | b"A85" => Cow::Owned(base85(&data)?),
            _ => return None,
        };
    }
    attached.then_some(("file", data))
}

/// What a zlib stream holds, as far as it goes.
fn inflate(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    // Damage ends the stream; what came before it is kept.
    let _ = flate2::read::ZlibDecoder::new(data).take(MOST_BYTES).read_to_end(&mut out);
    out
}

fn hexadecimal(data: &[u8]) -> Vec<u8> {
    let end = data.iter().position(|b| *b == b'>').unwrap_or(data.len());
    let digits = data[..end].iter().filter_map(|b| char::from(*b).to_digit(16));
    let digits: Vec<u32> = digits.collect();
    digits
        .chunks(2)
        .map(|pair| (pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).to_le_bytes()[0])
        .collect()
}

/// ASCII 85; none where a group is more than four bytes can hold.
fn base85(data: &[u8]) -> Option<Vec<u8>> {
    let end = data.iter().position(|b| *b == b'~').unwrap_or(data.len());
    let mut out = Vec::with_capacity(end / 5 * 4);
    let mut group = Vec::with_capacity(5);
    for byte in data[..end].iter().filter(|b| !b.is_ascii_whitespace()) {
        match byte {
            b'z' if group.is_empty() => out.extend([0; 4]),
            b'!'..=b'u' => group.push(u32::from(byte - b'!')),
            _ => return None,
        }
        if group.len() == 5 {
            out.extend(four(&group)?);
            group.clear();
        }
    }
    if group.len() > 1 {
        let kept = group.len() - 1;
        group.resize(5, 84);
        out.extend(four(&group)?.into_iter().take(kept));
    }
    Some(out)
}

fn four(group: &[u32]) -> Option<[u8; 4]> {
    let value = group.iter().try_fold(0_u32, |n, digit| n.checked_mul(85)?.checked_add(*digit))?;
    Some(value.to_be_bytes())
}

/// The number of the object whose keyword stands at `at`: `12 0 obj`.
fn number(bytes: &[u8], at: usize) -> String {
    let before = bytes.get(at.saturating_sub(32)..at).unwrap_or_default();
    let mut words = before.rsplit(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let digits = words.nth(1).filter(|word| word.iter().all(u8::is_ascii_digit));
    digits.map_or_else(|| "unnumbered".to_owned(), |d| String::from_utf8_lossy(d).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms_of_bytes_are_undone() {
        assert_eq!(hexadecimal(b"48 65 6c6C6f7>"), b"Hellop");
        assert_eq!(base85(b"87cURDZ~>").unwrap(), b"Hello");
        assert_eq!(base85(b"z~>").unwrap(), [0; 4]);
        assert_eq!(base85(b"uuuuu"), None);
    }

    #[test]
    fn filters_are_found_alone_and_in_lists() {
        assert_eq!(filters(b"<</Filter/DCTDecode/Length 3>>"), [b"DCTDecode"]);
        assert_eq!(filters(b"<</Filter [ /A85 /DCT ]>>"), [&b"A85"[..], b"DCT"]);
        assert_eq!(filters(b"<</FilterX /A>>"), [b""; 0]);
    }
}
