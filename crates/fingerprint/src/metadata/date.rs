//! Dates as cameras write them, in one form: `2024-05-06T07:08:09.12+01:00`.
//!
//! In: a date of EXIF (`2024:05:06 07:08:09`), XMP or QuickTime (`2024-05-06T07:08:09+0100`),
//! or seconds since an epoch. Out: ISO 8601, with a zone only where one was written.
//! Refused: dates that are none (`0000:00:00 00:00:00`, blanks).
//!
//! Source: Exif 3.0, section 4.6.5 (DateTime, OffsetTime, SubSecTime); ISO 8601-1.

/// The date in one form; none where it is no date.
pub(super) fn normal(date: &str) -> Option<String> {
    let date = date.trim();
    let digits = |from: usize, to: usize| -> Option<u32> {
        let part = date.get(from..to)?;
        part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
    };
    let at = |n: usize, wanted: &[u8]| date.as_bytes().get(n).is_some_and(|b| wanted.contains(b));
    let (year, month, day) = (digits(0, 4)?, digits(5, 7)?, digits(8, 10)?);
    let whole = at(4, b":-/") && at(7, b":-/") && year > 0;
    if !whole || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let mut out = format!("{year:04}-{month:02}-{day:02}");
    if date.len() == 10 {
        return Some(out);
    }
    let (hour, minute) = (digits(11, 13)?, digits(14, 16)?);
    if !at(10, b" T") || !at(13, b":") || hour > 23 || minute > 59 {
        return None;
    }
    let (second, mut rest) = match date.get(16..17) {
        Some(":") => (digits(17, 19)?, date.get(19..)?),
        _ => (0, date.get(16..)?),
    };
    if second > 60 {
        return None;
    }
    out.push_str(&format!("T{hour:02}:{minute:02}:{second:02}"));
    if let Some(behind) = rest.strip_prefix('.') {
        let len = behind.bytes().take_while(u8::is_ascii_digit).count();
        out.push_str(&fraction(&behind[..len]));
        rest = &behind[len..];
    }
    out.push_str(&zone(rest).unwrap_or_default());
    Some(out)
}

/// An EXIF date with its fraction and zone, each of which may be missing or blank.
pub(super) fn exif(date: &str, subsecond: Option<&str>, offset: Option<&str>) -> Option<String> {
    let mut out = normal(date.get(..19).unwrap_or(date))?;
    if out.len() > 10 {
        let digits = subsecond.map(str::trim).filter(|s| s.bytes().all(|b| b.is_ascii_digit()));
        out.push_str(&digits.map(fraction).unwrap_or_default());
        out.push_str(&offset.and_then(zone).unwrap_or_default());
    }
    Some(out)
}

/// Seconds since 1970-01-01T00:00:00Z as a date in UTC; none outside the years 1970 to 9999.
pub(super) fn unix(seconds: i64) -> Option<String> {
    const DAY: i64 = 86_400;
    if !(0..253_402_300_800).contains(&seconds) {
        return None;
    }
    let (year, month, day) = civil(seconds / DAY);
    let second = seconds % DAY;
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

/// Year, month and day of a day since 1970-01-01, in the proleptic Gregorian calendar.
fn civil(day: i64) -> (i64, i64, i64) {
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let (mut year, mut left) = (1970, day);
    loop {
        let len = if leap(year) { 366 } else { 365 };
        if left < len {
            break;
        }
        left -= len;
        year += 1;
    }
    let lens = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for len in lens {
        if left < len {
            break;
        }
        left -= len;
        month += 1;
    }
    (year, month, left + 1)
}

fn fraction(digits: &str) -> String {
    let digits = digits.get(..9).unwrap_or(digits).trim_end_matches('0');
    if digits.is_empty() { String::new() } else { format!(".{digits}") }
}

/// `Z`, `+01:00` or `+0100` as `Z` or `+01:00`.
fn zone(text: &str) -> Option<String> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("z") {
        return Some("Z".to_owned());
    }
    let sign = text.chars().next().filter(|c| matches!(c, '+' | '-'))?;
    let digits: String = text[1..].chars().filter(|c| *c != ':').collect();
    let four = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit());
    let (hour, minute) = (digits.get(..2)?, digits.get(2..)?);
    let real = four && hour.parse::<u32>().ok()? <= 14 && minute.parse::<u32>().ok()? <= 59;
    real.then(|| format!("{sign}{hour}:{minute}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_every_kind_come_out_in_one_form() {
        for (given, wanted) in [
            ("2024:05:06 07:08:09", "2024-05-06T07:08:09"),
            ("2024-05-06T07:08:09+0100", "2024-05-06T07:08:09+01:00"),
            ("2024-05-06T07:08:09.1200Z", "2024-05-06T07:08:09.12Z"),
            ("2024-05-06T07:08", "2024-05-06T07:08:00"),
            ("2024-05-06", "2024-05-06"),
        ] {
            assert_eq!(normal(given).as_deref(), Some(wanted), "{given}");
        }
        for none in ["", "0000:00:00 00:00:00", "    :  :     :  :  ", "2024:13:01 00:00:00", "é"]
        {
            assert_eq!(normal(none), None, "{none}");
        }
    }

    #[test]
    fn a_zone_is_given_only_where_one_was_written() {
        let date = "2024:05:06 07:08:09";
        let full = exif(date, Some("123 "), Some("-05:30"));
        assert_eq!(full.as_deref(), Some("2024-05-06T07:08:09.123-05:30"));
        assert_eq!(exif(date, None, Some("   :  ")).as_deref(), Some("2024-05-06T07:08:09"));
        assert_eq!(exif(date, Some("x"), Some("+99:00")).as_deref(), Some("2024-05-06T07:08:09"));
    }

    #[test]
    fn seconds_since_1970_become_dates_in_utc() {
        assert_eq!(unix(0).as_deref(), Some("1970-01-01T00:00:00Z"));
        assert_eq!(unix(951_782_400).as_deref(), Some("2000-02-29T00:00:00Z"));
        assert_eq!(unix(1_714_979_289).as_deref(), Some("2024-05-06T07:08:09Z"));
        assert_eq!(unix(-1), None);
        assert_eq!(unix(i64::MAX), None);
    }
}
