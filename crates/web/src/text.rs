//! How times, amounts and keys are written for a person: UK local time, British English.

use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use pendeen_store::query::COUNTED;

fn uk() -> TimeZone {
    TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC)
}

/// `24 Nov 2026, 09:30`, UK local time.
pub(crate) fn moment(at: Timestamp) -> String {
    at.to_zoned_datetime(uk()).strftime("%-d %b %Y, %H:%M").to_string()
}

/// `24 Nov 2026`, the day in the United Kingdom.
pub(crate) fn day(at: Timestamp) -> String {
    at.to_zoned_datetime(uk()).strftime("%-d %b %Y").to_string()
}

/// `24 November 2026`.
pub(crate) fn date(day: civil::Date) -> String {
    day.strftime("%-d %B %Y").to_string()
}

/// Text as it stands in an address after the question mark.
pub(crate) fn coded(text: &str) -> String {
    text.bytes().map(code).collect()
}

fn code(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    }
}

/// A length of time in its largest whole unit: `3 days`, `1 hour`, `less than a minute`.
fn span(seconds: i64) -> String {
    let units = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    for (length, name) in units {
        let amount = seconds / length;
        if amount >= 1 {
            return plural(amount.unsigned_abs(), name);
        }
    }
    "less than a minute".to_owned()
}

/// A length of time in its two largest units: `3 days 4 hours`.
pub(crate) fn length(time: jiff::SignedDuration) -> String {
    let seconds = time.as_secs();
    let largest = span(seconds);
    let rest = match seconds {
        86_400.. => seconds % 86_400 / 3_600 * 3_600,
        3_600.. => seconds % 3_600 / 60 * 60,
        _ => 0,
    };
    if rest == 0 { largest } else { format!("{largest} {}", span(rest)) }
}

/// `1 day`, `2 days`.
pub(crate) fn plural(amount: u64, one: &str) -> String {
    if amount == 1 { format!("1 {one}") } else { format!("{} {one}s", count(amount)) }
}

/// `3 days ago`; what lies ahead is `in 3 days`.
pub(crate) fn ago(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - then.as_second();
    if seconds < 0 { format!("in {}", span(-seconds)) } else { format!("{} ago", span(seconds)) }
}

/// `16:00`, UK local time.
pub(crate) fn time_of_day(at: Timestamp) -> String {
    at.to_zoned_datetime(uk()).strftime("%H:%M").to_string()
}

/// By when something is to be done, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Due {
    /// `3 hours late`, `today 16:00`, `tomorrow 09:30`, `due in 3 days`.
    pub words: String,
    /// The moment itself.
    pub at: String,
    /// Whether it has passed.
    pub late: bool,
}

impl Due {
    /// How `at` stands to `now`.
    pub(crate) fn new(at: Timestamp, now: Timestamp) -> Self {
        let left = at.as_second() - now.as_second();
        let late = left < 0;
        let day = |at: Timestamp| at.to_zoned_datetime(uk()).date();
        let words = match (late, day(at), day(now)) {
            (true, ..) => format!("{} late", span(-left)),
            (false, then, today) if then == today => format!("today {}", time_of_day(at)),
            (false, then, today) if today.tomorrow().is_ok_and(|next| then == next) => {
                format!("tomorrow {}", time_of_day(at))
            }
            (false, ..) => format!("due in {}", span(left)),
        };
        Self { words, at: moment(at), late }
    }
}

/// `9,172`.
pub(crate) fn count(amount: u64) -> String {
    let digits = amount.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// How many rows a list has, as far as they are counted: `9,172`, `more than 10,000`.
pub(crate) fn total(rows: u64) -> String {
    up_to(rows, COUNTED)
}

/// The same of what is counted up to another number.
pub(crate) fn up_to(rows: u64, most: u64) -> String {
    if rows > most { format!("more than {}", count(most)) } else { count(rows) }
}

/// `512 bytes`, `1.5 KB`, `20.0 MB`: powers of 1,000, as disks are sold.
pub(crate) fn bytes(amount: u64) -> String {
    if amount < 1_000 {
        return plural(amount, "byte");
    }
    let mut tenths = amount / 100;
    for unit in ["KB", "MB", "GB", "TB"] {
        if tenths < 10_000 || unit == "TB" {
            return format!("{}.{} {unit}", count(tenths / 10), tenths % 10);
        }
        tenths /= 1_000;
    }
    unreachable!("the last unit always returns")
}

/// `not_actionable` becomes `Not actionable`.
pub(crate) fn words(key: &str) -> String {
    let spaced = key.replace('_', " ");
    let mut letters = spaced.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A stored value as a person reads it: times and dates are spelt out, the rest stays.
pub(crate) fn value(text: &str) -> String {
    if let Ok(at) = text.parse::<Timestamp>() {
        return moment(at);
    }
    if text.len() == 10
        && let Ok(day) = text.parse::<civil::Date>()
    {
        return date(day);
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn times_are_written_in_uk_local_time() {
        assert_eq!(moment(at("2026-07-01T08:30:00Z")), "1 Jul 2026, 09:30");
        assert_eq!(value("2026-12-01"), "1 December 2026");
        assert_eq!(value("2026"), "2026");
    }

    #[test]
    fn a_due_time_says_how_long_is_left_or_how_late_it_is() {
        let now = at("2026-11-24T09:00:00Z");
        assert_eq!(Due::new(at("2026-11-26T10:00:00Z"), now).words, "due in 2 days");
        assert_eq!(Due::new(at("2026-11-24T16:00:00Z"), now).words, "today 16:00");
        assert_eq!(Due::new(at("2026-11-25T09:30:00Z"), now).words, "tomorrow 09:30");
        let summer = at("2026-07-01T08:30:00Z");
        assert_eq!(Due::new(at("2026-07-01T22:30:00Z"), summer).words, "today 23:30");
        let late = Due::new(at("2026-11-24T07:59:00Z"), now);
        assert_eq!((late.words.as_str(), late.late), ("1 hour late", true));
        assert_eq!(ago(now, now), "less than a minute ago");
    }

    #[test]
    fn amounts_are_grouped_and_scaled() {
        assert_eq!(count(9_172), "9,172");
        assert_eq!(count(999), "999");
        assert_eq!(bytes(1), "1 byte");
        assert_eq!(bytes(1_550), "1.5 KB");
        assert_eq!(bytes(20_000_000), "20.0 MB");
        assert_eq!(words("not_actionable"), "Not actionable");
    }
}
