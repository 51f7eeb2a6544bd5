//! Mail: the files attached to a message, and messages inside it.
//!
//! In: one mail. Out: a part for each leaf that is a file: one with a name, or of a type that is
//! not text. A message inside the message is a part as it is, to be opened in turn. Names that
//! lead through folders keep their last component only.
//! Refused: bodies without a name, which are the message and no attachment; more than
//! [`LEAVES`] parts; parts nested deeper than [`LEVELS`].
//!
//! Source: RFC 5322, section 2.2; RFC 2045; RFC 2046, section 5.1; RFC 2047; RFC 2231.

use super::{Part, Tell};

/// Parts of one mail at most.
const LEAVES: u64 = 10_000;
/// Levels of parts at most.
const LEVELS: usize = 16;
/// Bytes of a header field at most that are looked at.
const FIELD: usize = 16 * 1024;

/// Tells the files of a mail; their names begin with `prefix`.
pub(super) fn parts(mail: &[u8], prefix: &str, tell: &mut Tell<'_>) -> Result<(), String> {
    let mut walk = Walk { prefix, tell, leaves: 0, problem: None, stopped: false };
    walk.entity(mail, 0, true);
    walk.problem.map_or(Ok(()), Err)
}

struct Walk<'w, 't> {
    prefix: &'w str,
    tell: &'w mut Tell<'t>,
    leaves: u64,
    problem: Option<String>,
    stopped: bool,
}

impl Walk<'_, '_> {
    fn entity(&mut self, bytes: &[u8], level: usize, whole: bool) {
        if self.stopped {
            return;
        }
        let (header, body) = split_header(bytes);
        let content_type = field(header, "content-type").unwrap_or_default();
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if kind.starts_with("multipart/") {
            if level >= LEVELS {
                self.problem = Some(format!("its parts are read {LEVELS} levels deep"));
                return;
            }
            if let Some(boundary) = parameter(&content_type, "boundary") {
                for part in between(body, boundary.as_bytes()) {
                    self.entity(part, level + 1, false);
                }
            }
            return;
        }
        let disposition = field(header, "content-disposition").unwrap_or_default();
        let name = parameter(&disposition, "filename").or_else(|| parameter(&content_type, "name"));
        let text = kind.is_empty() || kind.starts_with("text/");
        // A mail that is one text is no attachment, whatever it is called.
        if name.is_none() && (text || whole) {
            return;
        }
        if self.leaves >= LEAVES {
            self.problem = Some(format!("{LEAVES} of its parts are read"));
            self.stopped = true;
            return;
        }
        let name = name.map(|name| last_component(&name)).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| {
            let extension = if kind == "message/rfc822" { "eml" } else { "part" };
            format!("{}.{extension}", self.leaves)
        });
        self.leaves += 1;
        let encoding = field(header, "content-transfer-encoding").unwrap_or_default();
        let bytes = match encoding.trim().to_ascii_lowercase().as_str() {
            "base64" => base64(body).into(),
            "quoted-printable" => quoted_printable(body).into(),
            _ => body.into(),
        };
        self.stopped = !(self.tell)(Part { name: format!("{}{name}", self.prefix), bytes });
    }
}

/// The header, and the body behind the first empty line.
fn split_header(bytes: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let end = at + line.len();
        if matches!(line, b"\n" | b"\r\n") {
            return (&bytes[..at], &bytes[end..]);
        }
        at = end;
    }
    (bytes, &[])
}

/// A field of a header, unfolded.
fn field(header: &[u8], name: &str) -> Option<String> {
    let mut lines = header.split(|b| *b == b'\n').peekable();
    while let Some(line) = lines.next() {
        let Some(colon) = line.iter().position(|b| *b == b':') else { continue };
        if !line[..colon].trim_ascii().eq_ignore_ascii_case(name.as_bytes()) {
            continue;
        }
        let mut value = line[colon + 1..].to_vec();
        while let Some(folded) = lines.next_if(|line| matches!(line.first(), Some(b' ' | b'\t'))) {
            value.extend_from_slice(folded);
        }
        value.truncate(FIELD);
        value.retain(|b| *b != b'\r');
        return Some(String::from_utf8_lossy(&value).into_owned());
    }
    None
}

/// A parameter of a field: quoted or not, encoded or not, whole or in numbered pieces.
fn parameter(field: &str, name: &str) -> Option<String> {
    let all = parameters(field);
    let of = |wanted: &str| {
        all.iter().find(|(key, _)| key.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
    };
    if let Some(value) = of(&format!("{name}*")) {
        return Some(extended(value));
    }
    if let Some(value) = of(name) {
        return Some(encoded_words(value));
    }
    let mut pieces = String::new();
    for n in 0..100 {
        if let Some(piece) = of(&format!("{name}*{n}*")) {
            pieces.push_str(piece);
        } else if let Some(piece) = of(&format!("{name}*{n}")) {
            pieces.push_str(piece);
        } else {
            break;
        }
    }
    (!pieces.is_empty()).then(|| extended(&pieces))
}

fn parameters(field: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut rest = field.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((key, behind)) = rest.split_once('=') {
        let behind = behind.trim_start();
        let (value, after) = match behind.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => {
                let end = behind.find(';').unwrap_or(behind.len());
                (behind[..end].trim_end(), &behind[end..])
            }
        };
        all.push((key.trim().trim_matches(';').trim().to_owned(), value.to_owned()));
        rest = after.split_once(';').map_or("", |(_, rest)| rest);
    }
    all
}

/// `UTF-8'en'a%20b` as text.
fn extended(value: &str) -> String {
    let value = value.splitn(3, '\'').nth(2).unwrap_or(value);
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        match (first, hex_pair(behind)) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// `=?utf-8?B?...?=` as text, for names in UTF-8 or Latin 1.
fn encoded_words(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, behind)) = rest.split_once("=?") {
        let mut fields = behind.splitn(4, '?');
        let (charset, encoding, text, end) =
            (fields.next(), fields.next(), fields.next(), fields.next());
        let (Some(charset), Some(encoding), Some(text), Some(end)) = (charset, encoding, text, end)
        else {
            break;
        };
        let bytes = if encoding.eq_ignore_ascii_case("b") {
            base64(text.as_bytes())
        } else {
            quoted_printable(text.replace('_', " ").as_bytes())
        };
        // Only blanks between two words belong to the encoding.
        out.push_str(if before.trim().is_empty() && !out.is_empty() { "" } else { before });
        if charset.to_ascii_lowercase().starts_with("utf-8") {
            out.push_str(&String::from_utf8_lossy(&bytes));
        } else {
            out.extend(bytes.iter().map(|b| char::from(*b)));
        }
        rest = end.strip_prefix('=').unwrap_or(end);
    }
    out.push_str(rest);
    out
}

fn last_component(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or(name);
    last.chars().filter(|c| !c.is_control()).take(255).collect()
}

/// The parts between the lines that a boundary makes.
fn between<'b>(body: &'b [u8], boundary: &[u8]) -> Vec<&'b [u8]> {
    let mut parts = Vec::new();
    let (mut at, mut start) = (0, None);
    for line in body.split_inclusive(|b| *b == b'\n') {
        let here = at;
        at += line.len();
        let Some(rest) = line.strip_prefix(b"--").and_then(|l| l.strip_prefix(boundary)) else {
            continue;
        };
        let rest = rest.trim_ascii_end();
        if !rest.is_empty() && rest != b"--" {
            continue;
        }
        if let Some(start) = start {
            parts.push(without_line_end(&body[start..here]));
        }
        start = (rest != b"--").then_some(at);
        if start.is_none() || parts.len() as u64 > LEAVES {
            return parts;
        }
    }
    // A mail that is cut off ends inside a part.
    parts.extend(start.and_then(|start| body.get(start..)));
    parts
}

/// The end of line before a boundary belongs to the boundary.
fn without_line_end(part: &[u8]) -> &[u8] {
    let part = part.strip_suffix(b"\n").unwrap_or(part);
    part.strip_suffix(b"\r").unwrap_or(part)
}

/// Base64, without what is none of its letters.
pub(crate) fn base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held) = (0_u32, 0);
    for c in text {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => continue,
        };
        bits = (bits << 6 | u32::from(value)) & 0xffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held).to_le_bytes()[0]);
        }
    }
    out
}

fn quoted_printable(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        if *first != b'=' {
            out.push(*first);
        } else if let Some(byte) = hex_pair(behind) {
            out.push(byte);
            rest = &behind[2..];
        } else if let Some(next) = behind.strip_prefix(b"\r\n").or(behind.strip_prefix(b"\n")) {
            rest = next;
        } else {
            out.push(b'=');
        }
    }
    out
}

fn hex_pair(bytes: &[u8]) -> Option<u8> {
    let digit = |at: usize| char::from(*bytes.get(at)?).to_digit(16);
    Some((digit(0)? << 4 | digit(1)?).to_le_bytes()[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_every_way_that_mail_writes_them() {
        for (field, wanted) in [
            ("attachment; filename=a.jpg", "a.jpg"),
            ("attachment; filename=\"a b; c.jpg\"; size=3", "a b; c.jpg"),
            ("attachment; filename*=UTF-8''%c3%a9.jpg", "é.jpg"),
            ("attachment; filename=\"=?utf-8?B?w6kuanBn?=\"", "é.jpg"),
            ("attachment; filename=\"=?iso-8859-1?Q?=E9_1.jpg?=\"", "é 1.jpg"),
            ("attachment; filename*0=\"long \"; filename*1=\"name.jpg\"", "long name.jpg"),
        ] {
            assert_eq!(parameter(field, "filename").as_deref(), Some(wanted), "{field}");
        }
        assert_eq!(parameter("attachment; x=1", "filename"), None);
        assert_eq!(last_component("..\\..\\etc/passwd"), "passwd");
    }

    #[test]
    fn texts_of_bytes_are_decoded_as_far_as_they_go() {
        assert_eq!(base64(b"aGVs\r\nbG8="), b"hello");
        assert_eq!(base64(b"aGVsbG"), b"hell");
        assert_eq!(quoted_printable(b"a=3Db=\r\nc=zz="), b"a=bc=zz=");
    }
}
