//! From a time as somebody wrote it to a moment, with its doubt.
//!
//! In: ISO 8601 (as `xs:dateTime` and with a blank for the `T`), with an offset, `Z`, `UTC` or
//! `GMT`, or RFC 2822. Out: UTC. A time without a zone is taken as UTC and said to be so: a
//! wrong zone is the classic cause of a wrong door. Not guessed: a date without a time, the
//! order of day and month, abbreviations of zones.
//!
//! Source: ISO 8601-1:2019; RFC 2822 section 3.3; XML Schema Part 2, section 3.2.7.

use jiff::{Timestamp, civil, fmt::rfc2822, tz::TimeZone};

/// A time that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// UTC.
    pub utc: Timestamp,
    /// Whether the text carried its zone.
    pub zone_stated: bool,
}

/// Why a text is not a time that can be used.
pub const UNREADABLE: &str = "it is not a date with a time in ISO 8601";
/// What is said of a time without a zone.
pub const NO_ZONE: &str = "the time carries no zone and is taken as UTC";

/// Reads a time; none if it is not one.
pub fn read(raw: &str) -> Option<Moment> {
    let raw = raw.trim();
    let stated = |utc| Moment { utc, zone_stated: true };
    if !raw.contains(':') {
        return None;
    }
    if let Ok(utc) = raw.parse::<Timestamp>() {
        return Some(stated(utc));
    }
    let upper = raw.to_ascii_uppercase();
    let named = ["UTC", "GMT", "Z"].iter().find_map(|zone| upper.strip_suffix(zone));
    if let Some(utc) = named.and_then(|rest| local(rest.trim_end())) {
        return Some(stated(utc));
    }
    if let Ok(zoned) = rfc2822::parse(raw) {
        return Some(stated(zoned.timestamp()));
    }
    local(raw).map(|utc| Moment { utc, zone_stated: false })
}

/// The zone as a time states it: `UTC`, an offset such as `+01:00`, or `not stated`.
pub fn zone(raw: &str) -> &str {
    let raw = raw.trim();
    let upper = raw.to_ascii_uppercase();
    match read(raw) {
        Some(moment) if moment.zone_stated => {}
        _ => return "not stated",
    }
    if ["Z", "UTC", "GMT"].iter().any(|name| upper.ends_with(name)) {
        return "UTC";
    }
    let after_time = raw.find(':').unwrap_or(0);
    raw.get(after_time..)
        .and_then(|rest| rest.rfind(['+', '-', ' ']).and_then(|sign| rest.get(sign..)))
        .map_or("stated", str::trim)
}

/// A time without a zone, as if it were UTC.
fn local(text: &str) -> Option<Timestamp> {
    let time: civil::DateTime = text.parse().ok()?;
    TimeZone::UTC.to_timestamp(time).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(raw: &str) -> Option<(String, bool)> {
        read(raw).map(|m| (m.utc.to_string(), m.zone_stated))
    }

    #[test]
    fn one_moment_is_read_from_all_its_spellings() {
        for raw in [
            "2014-07-01T09:30:00Z",
            "2014-07-01T09:30:00.000Z",
            "2014-07-01T10:30:00+01:00",
            "2014-07-01T10:30:00+0100",
            "2014-07-01 09:30:00 UTC",
            " 2014-07-01 09:30 GMT ",
            "Tue, 1 Jul 2014 09:30:00 +0000",
        ] {
            assert_eq!(shown(raw), Some(("2014-07-01T09:30:00Z".to_owned(), true)), "{raw:?}");
        }
    }

    #[test]
    fn a_time_without_a_zone_says_so() {
        for raw in ["2014-07-01T09:30:00", "2014-07-01 09:30"] {
            assert_eq!(shown(raw), Some(("2014-07-01T09:30:00Z".to_owned(), false)), "{raw:?}");
        }
    }

    #[test]
    fn the_zone_is_told_as_it_was_written() {
        for (raw, wanted) in [
            ("2014-07-01T09:30:00Z", "UTC"),
            ("2014-07-01 09:30:00 gmt", "UTC"),
            ("2014-07-01T10:30:00+01:00", "+01:00"),
            ("2014-07-01T10:30:00-0500", "-0500"),
            ("Tue, 1 Jul 2014 09:30:00 +0000", "+0000"),
            ("2014-07-01 09:30", "not stated"),
            ("soon", "not stated"),
        ] {
            assert_eq!(zone(raw), wanted, "{raw:?}");
        }
    }

    #[test]
    fn what_would_need_a_guess_is_not_a_time() {
        for raw in [
            "",
            "2014-07-01",
            "01/07/2014 09:30",
            "2014-02-30T09:30:00Z",
            "2014-07-01T25:30:00Z",
            "2014-07-01 09:30 BST",
            "yesterday",
        ] {
            assert_eq!(shown(raw), None, "{raw:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(raw in "\\PC{0,40}|[0-9TZ:+. -]{0,40}") {
            let told = zone(&raw);
            prop_assert_eq!(told == "not stated", !read(&raw).is_some_and(|m| m.zone_stated));
        }
    }
}
