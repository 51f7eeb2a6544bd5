//! What an EWF image says of its acquisition: the `header` (ASCII) and `header2` (UTF-16)
//! sections, both zlib-compressed tables of tab-separated names and values.
//!
//! Source: J. Metz, "Expert Witness Compression Format specification", sections 3.3 and 3.4.

use libdeflater::{DecompressionError, Decompressor};

/// Longest header accepted, inflated, in bytes.
const MAX_LEN: usize = 4 << 20;

/// Inflates a header or an `xhash` document.
fn inflate(data: &[u8]) -> Option<Vec<u8>> {
    let mut inflater = Decompressor::new();
    let mut len = 64 << 10;
    while len <= MAX_LEN {
        let mut out = vec![0; len];
        match inflater.zlib_decompress(data, &mut out) {
            Ok(n) => {
                out.truncate(n);
                return Some(out);
            }
            Err(DecompressionError::InsufficientSpace) => len *= 8,
            Err(_) => return None,
        }
    }
    None
}

/// The text of a header section: UTF-16 where it has a byte order mark.
fn text(data: &[u8]) -> Option<String> {
    let raw = inflate(data)?;
    let units = |read: fn([u8; 2]) -> u16| -> Vec<u16> {
        raw[2..].chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect()
    };
    Some(match raw.get(..2) {
        Some([0xff, 0xfe]) => String::from_utf16_lossy(&units(u16::from_le_bytes)),
        Some([0xfe, 0xff]) => String::from_utf16_lossy(&units(u16::from_be_bytes)),
        _ => String::from_utf8_lossy(&raw).into_owned(),
    })
}

/// The values of a `header` or `header2` section, named, in their order; none where it cannot
/// be inflated or has no `main` table.
pub(super) fn values(data: &[u8]) -> Option<Vec<(String, String)>> {
    let text = text(data)?;
    let mut lines = text.lines().map(|line| line.trim_end_matches('\r'));
    lines.find(|line| *line == "main")?;
    let (keys, values) = (lines.next()?, lines.next()?);
    Some(
        keys.split('\t')
            .zip(values.split('\t'))
            .filter(|(_, value)| !value.is_empty())
            .filter_map(|(key, value)| Some((name(key)?.to_owned(), readable(key, value))))
            .collect(),
    )
}

/// What a key stands for; none for the hash of the (unenforced) password.
fn name(key: &str) -> Option<&str> {
    Some(match key {
        "a" => "description",
        "c" => "case number",
        "n" => "evidence number",
        "e" => "examiner",
        "t" => "notes",
        "av" => "acquisition software",
        "ov" => "operating system",
        "m" => "acquisition date",
        "u" => "system date",
        "md" => "model",
        "sn" => "serial number",
        "l" => "label",
        "r" => "compression",
        "p" | "pid" => return None,
        other => other,
    })
}

/// Dates as `2021-07-22 15:33:18`: `header2` counts seconds (UTC), `header` lists the parts in
/// the acquiring computer's own zone, which it does not name.
fn readable(key: &str, value: &str) -> String {
    if !matches!(key, "m" | "u") {
        return value.to_owned();
    }
    if let Ok(seconds) = value.parse::<u32>() {
        return format!("{} UTC", civil(seconds));
    }
    let parts: Vec<u32> = value.split_whitespace().filter_map(|part| part.parse().ok()).collect();
    match parts[..] {
        [year, month, day, hour, minute, second] => {
            format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
        }
        _ => value.to_owned(),
    }
}

/// Seconds since 1970 as a date and time (H. Hinnant, "chrono-compatible low-level date
/// algorithms", `civil_from_days`).
pub(super) fn civil(seconds: u32) -> String {
    let (days, rest) = (seconds / 86_400 + 719_468, seconds % 86_400);
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u32::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// The SHA-1 of an `xhash` document (libewf's EWF-X), if it has one.
pub(super) fn xhash_sha1(data: &[u8]) -> Option<[u8; 20]> {
    let document = inflate(data)?;
    let document = std::str::from_utf8(&document).ok()?;
    let (_, rest) = document.split_once("<sha1>")?;
    let (digits, _) = rest.split_once("</sha1>")?;
    let mut digest = [0; 20];
    if digits.len() != 40 || !digits.is_ascii() {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_become_dates_across_leap_years() {
        assert_eq!(civil(0), "1970-01-01 00:00:00");
        assert_eq!(civil(951_782_399), "2000-02-28 23:59:59");
        assert_eq!(civil(951_782_400), "2000-02-29 00:00:00");
        assert_eq!(civil(1_626_967_998), "2021-07-22 15:33:18");
    }

    #[test]
    fn a_header_that_does_not_inflate_has_no_values() {
        assert_eq!(values(b"not zlib"), None);
        assert_eq!(values(&[]), None);
    }
}
