//! Text, and the formats that are text.

use super::contains;

/// Text, and the formats that are text, told by how they begin.
pub(super) fn media_type(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        let big = head[0] == 0xfe;
        return utf16_is_text(head.get(2..).unwrap_or_default(), big).then_some("text/plain");
    }
    let body = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if body.is_empty() || !is_text(body) {
        return None;
    }
    let start = body.trim_ascii_start();
    let lower = start.get(..256).unwrap_or(start).to_ascii_lowercase();
    let begins = |prefixes: &[&[u8]]| prefixes.iter().any(|p| lower.starts_with(p));
    if begins(&[b"<!doctype html", b"<html", b"<head", b"<body"]) {
        Some("text/html")
    } else if begins(&[b"<svg"]) || (begins(&[b"<?xml"]) && contains(&lower, b"<svg")) {
        Some("image/svg+xml")
    } else if begins(&[b"<?xml"]) {
        Some(if contains(&lower, b"<html") { "application/xhtml+xml" } else { "text/xml" })
    } else if body.starts_with(b"From ") && mail_header(after_line(body)) {
        Some("application/mbox")
    } else if mail_header(body) {
        Some("message/rfc822")
    } else if begins(&[b"begin:vcard"]) {
        Some("text/vcard")
    } else if begins(&[b"begin:vcalendar"]) {
        Some("text/calendar")
    } else if begins(&[b"#!"]) {
        Some("text/x-shellscript")
    } else {
        Some("text/plain")
    }
}

/// What follows the first line.
fn after_line(body: &[u8]) -> &[u8] {
    body.iter().position(|b| *b == b'\n').and_then(|at| body.get(at + 1..)).unwrap_or_default()
}

/// Whether the text begins with mail header lines: each `Name: ...` or folded, and at least
/// two of those that mail has.
fn mail_header(body: &[u8]) -> bool {
    const NAMES: &[&[u8]] = &[
        b"received",
        b"from",
        b"to",
        b"subject",
        b"date",
        b"message-id",
        b"return-path",
        b"mime-version",
        b"delivered-to",
        b"x-mozilla-status",
    ];
    let mut known = 0;
    for line in body.split(|b| *b == b'\n').take(40) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            break;
        }
        if matches!(line[0], b' ' | b'\t') {
            continue;
        }
        let Some(colon) = line.iter().position(|b| *b == b':') else { break };
        let name = &line[..colon];
        if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
            break;
        }
        known += u32::from(NAMES.contains(&name.to_ascii_lowercase().as_slice()));
    }
    known >= 2
}

/// Whether bytes are text: no control characters but those of text, and either UTF-8 (cut off
/// at the end of the head at most) or an 8-bit encoding that is mostly ASCII.
fn is_text(bytes: &[u8]) -> bool {
    let control = |b: &u8| matches!(b, 0..=8 | 14..=26 | 28..=31 | 127);
    if bytes.iter().any(control) {
        return false;
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(e) if e.error_len().is_none() => true,
        Err(_) => {
            let high = bytes.iter().filter(|b| !b.is_ascii()).count();
            let c1 = bytes.iter().filter(|b| matches!(b, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d)).count();
            bytes.len() >= 16 && c1 == 0 && high * 5 < bytes.len()
        }
    }
}

/// Whether UTF-16 code units are text: none of the first ones a control character.
fn utf16_is_text(bytes: &[u8], big: bool) -> bool {
    let unit = |p: &[u8]| {
        if big { u16::from_be_bytes([p[0], p[1]]) } else { u16::from_le_bytes([p[0], p[1]]) }
    };
    let units = || bytes.chunks_exact(2).map(unit);
    bytes.len() >= 2 && !units().any(|u| u < 9 || (14..=26).contains(&u) || u == 0xffff)
}
