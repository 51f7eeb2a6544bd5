//! Times as programs count them, in nanoseconds since 1970-01-01T00:00:00Z.
//!
//! In: a number. Out: none for zero and negative numbers, which programs write for no time, and
//! for what lies outside the years 1677 to 2262, which the table cannot hold.

/// Seconds from 1601-01-01 to 1970-01-01.
const SINCE_1601: i64 = 11_644_473_600;
/// Seconds from 1970-01-01 to 2001-01-01.
const SINCE_2001: i64 = 978_307_200;

/// From seconds since 1970.
pub(super) fn unix_s(n: Option<i64>) -> Option<i64> {
    n.filter(|n| *n > 0)?.checked_mul(1_000_000_000)
}

/// From milliseconds since 1970.
pub(super) fn unix_ms(n: Option<i64>) -> Option<i64> {
    n.filter(|n| *n > 0)?.checked_mul(1_000_000)
}

/// From microseconds since 1970.
pub(super) fn unix_us(n: Option<i64>) -> Option<i64> {
    n.filter(|n| *n > 0)?.checked_mul(1000)
}

/// From microseconds since 1601, as Chromium counts.
pub(super) fn webkit_us(n: Option<i64>) -> Option<i64> {
    let n = n.filter(|n| *n > 0)?;
    n.checked_sub(SINCE_1601 * 1_000_000)?.checked_mul(1000)
}

/// From 100 nanoseconds since 1601, as Windows counts.
pub(super) fn filetime(n: u64) -> Option<i64> {
    let n = i64::try_from(n).ok().filter(|n| *n > 0)?;
    n.checked_sub(SINCE_1601 * 10_000_000)?.checked_mul(100)
}

/// From seconds since 2001, with their fraction, as Apple's programs count; newer ones write
/// nanoseconds, which no number of seconds reaches.
pub(super) fn apple(n: Option<f64>) -> Option<i64> {
    let n = n.filter(|n| n.is_finite() && *n > 0.0)?;
    let seconds = if n > 1e11 { n / 1e9 } else { n };
    #[expect(clippy::cast_possible_truncation, reason = "in range")]
    let micros = (seconds < 9e9).then(|| (seconds * 1e6).round() as i64)?;
    micros.checked_add(SINCE_2001 * 1_000_000)?.checked_mul(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_of_counting_gives_the_same_moment() {
        let moment = Some(1_714_979_289_000_000_000);
        assert_eq!(unix_s(Some(1_714_979_289)), moment);
        assert_eq!(unix_ms(Some(1_714_979_289_000)), moment);
        assert_eq!(unix_us(Some(1_714_979_289_000_000)), moment);
        assert_eq!(webkit_us(Some(13_359_452_889_000_000)), moment);
        assert_eq!(filetime(133_594_528_890_000_000), moment);
        assert_eq!(apple(Some(736_672_089.0)), moment);
        assert_eq!(apple(Some(736_672_089_000_000_000.0)), moment);
    }

    #[test]
    fn what_is_no_time_is_none() {
        for n in [None, Some(0), Some(-1), Some(i64::MAX)] {
            assert_eq!((unix_s(n), unix_ms(n), unix_us(n)), (None, None, None), "{n:?}");
        }
        assert_eq!(webkit_us(Some(i64::MIN)), None);
        assert_eq!(filetime(u64::MAX), None);
        for n in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
            assert_eq!(apple(Some(n)), None, "{n}");
        }
    }
}
