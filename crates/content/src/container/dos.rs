//! Times as archives keep them, as nanoseconds since 1970 UTC; and the code page of old names.
//!
//! Source: APPNOTE.TXT 6.3.10 (ZIP), sections 4.4.6 and appendix D; \[MS-DTYP\] 2.3.3 (FILETIME).

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

const NANO: i64 = 1_000_000_000;

/// A DOS date and time. It is local time of an unknown zone, taken for UTC.
pub(super) fn dos(date: u16, time: u16) -> Option<i64> {
    let part =
        |value: u16, shift: u16, bits: u16| i8::try_from(value >> shift & ((1 << bits) - 1)).ok();
    let year = i16::try_from(1980 + (date >> 9)).ok()?;
    let at = DateTime::new(
        year,
        part(date, 5, 4)?,
        part(date, 0, 5)?,
        part(time, 11, 5)?,
        part(time, 5, 6)?,
        part(time, 0, 5)?.checked_mul(2)?.min(59),
        0,
    );
    let at = TimeZone::UTC.to_timestamp(at.ok()?).ok()?;
    i64::try_from(at.as_nanosecond()).ok()
}

/// Seconds since 1970 UTC.
pub(super) fn unix(seconds: i64) -> Option<i64> {
    seconds.checked_mul(NANO)
}

/// Hundreds of nanoseconds since 1601 UTC; none for 0, which stands for no time.
pub(super) fn filetime(ticks: u64) -> Option<i64> {
    const FROM_1601: i64 = 116_444_736_000_000_000;
    let ticks = i64::try_from(ticks).ok().filter(|ticks| *ticks != 0)?;
    ticks.checked_sub(FROM_1601)?.checked_mul(100)
}

/// The upper half of code page 437.
const UPPER: [char; 128] = [
    'Ç', 'ü', 'é', 'â', 'ä', 'à', 'å', 'ç', 'ê', 'ë', 'è', 'ï', 'î', 'ì', 'Ä', 'Å', 'É', 'æ', 'Æ',
    'ô', 'ö', 'ò', 'û', 'ù', 'ÿ', 'Ö', 'Ü', '¢', '£', '¥', '₧', 'ƒ', 'á', 'í', 'ó', 'ú', 'ñ', 'Ñ',
    'ª', 'º', '¿', '⌐', '¬', '½', '¼', '¡', '«', '»', '░', '▒', '▓', '│', '┤', '╡', '╢', '╖', '╕',
    '╣', '║', '╗', '╝', '╜', '╛', '┐', '└', '┴', '┬', '├', '─', '┼', '╞', '╟', '╚', '╔', '╩', '╦',
    '╠', '═', '╬', '╧', '╨', '╤', '╥', '╙', '╘', '╒', '╓', '╫', '╪', '┘', '┌', '█', '▄', '▌', '▐',
    '▀', 'α', 'ß', 'Γ', 'π', 'Σ', 'σ', 'µ', 'τ', 'Φ', 'Θ', 'Ω', 'δ', '∞', 'φ', 'ε', '∩', '≡', '±',
    '≥', '≤', '⌠', '⌡', '÷', '≈', '°', '∙', '·', '√', 'ⁿ', '²', '■', '\u{a0}',
];

/// A name in code page 437.
pub(super) fn cp437(name: &[u8]) -> String {
    name.iter()
        .map(|byte| match byte.checked_sub(128) {
            Some(upper) => UPPER[usize::from(upper)],
            None => char::from(*byte),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_all_three_kinds_come_to_the_same_moment() {
        // 2026-11-25 08:40:12.
        let moment = 1_795_596_012;
        assert_eq!(unix(moment), Some(moment * NANO));
        assert_eq!(dos(0x5d79, 0x4506), unix(moment));
        assert_eq!(filetime(134_400_696_120_000_000), unix(moment));
        assert_eq!(dos(0, 0), None, "there is no month 0");
        assert_eq!(filetime(0), None);
    }

    #[test]
    fn an_old_name_is_told_in_its_code_page() {
        assert_eq!(cp437(b"\x9abung \xe1.jpg"), "Übung ß.jpg");
    }
}
