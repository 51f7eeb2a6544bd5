//! Bank holidays and working days of the three legal systems.
//!
//! In: a jurisdiction and a date or a year. Out: the bank holidays of the year with their names,
//! and dates so many working days away (Monday to Friday, without bank holidays).
//!
//! Regular holidays are worked out: fixed days, Mondays of a month, Easter, and a substitute
//! (the next free weekday) where one falls on a weekend. What a proclamation moved or added
//! stands in [`MOVED`] and [`ADDED`]. Both are known for [`KNOWN`]; for other years the regular
//! days are given, which is what is expected until something is proclaimed.
//!
//! Sources: Banking and Financial Dealings Act 1971 Sch.1 and the proclamations under it;
//! gov.uk/bank-holidays; St Andrew's Day Bank Holiday (Scotland) Act 2007. Easter: the
//! anonymous Gregorian algorithm (Meeus, Astronomical Algorithms, chapter 8).

use std::ops::RangeInclusive;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};

use crate::force::Jurisdiction;
use Jurisdiction::{EnglandAndWales, NorthernIreland, Scotland};

/// The years for which moved and added days are known.
pub const KNOWN: RangeInclusive<i16> = 2014..=2028;

const ALL: &[Jurisdiction] = &[EnglandAndWales, Scotland, NorthernIreland];

/// Holidays held on another day in one year: the regular day, and the day it was held.
pub const MOVED: &[(Date, Date)] = &[
    // Early May bank holiday: 75 years since VE Day.
    (date(2020, 5, 4), date(2020, 5, 8)),
    // Spring bank holiday: Platinum Jubilee.
    (date(2022, 5, 30), date(2022, 6, 2)),
];

/// Holidays of one year only.
pub const ADDED: &[(Date, &str, &[Jurisdiction])] = &[
    (date(2022, 6, 3), "Platinum Jubilee bank holiday", ALL),
    (date(2022, 9, 19), "State Funeral of Queen Elizabeth II", ALL),
    (date(2023, 5, 8), "Coronation of King Charles III", ALL),
    (date(2026, 6, 15), "World Cup bank holiday", &[Scotland]),
];

/// How the day of a regular holiday is found.
#[derive(Debug, Clone, Copy)]
enum Rule {
    /// A day of the year: month and day.
    On(i8, i8),
    /// The first Monday of a month.
    FirstMonday(i8),
    /// The last Monday of a month.
    LastMonday(i8),
    /// So many days after Easter Sunday.
    Easter(i64),
}

use Rule::{Easter, FirstMonday, LastMonday, On};

/// The regular holidays, in the order in which substitutes are given out.
const REGULAR: &[(Rule, &str, &[Jurisdiction])] = &[
    (On(1, 1), "New Year's Day", ALL),
    (On(1, 2), "2nd January", &[Scotland]),
    (On(3, 17), "St Patrick's Day", &[NorthernIreland]),
    (Easter(-2), "Good Friday", ALL),
    (Easter(1), "Easter Monday", &[EnglandAndWales, NorthernIreland]),
    (FirstMonday(5), "Early May bank holiday", ALL),
    (LastMonday(5), "Spring bank holiday", ALL),
    (On(7, 12), "Battle of the Boyne (Orangemen's Day)", &[NorthernIreland]),
    (FirstMonday(8), "Summer bank holiday", &[Scotland]),
    (LastMonday(8), "Summer bank holiday", &[EnglandAndWales, NorthernIreland]),
    (On(11, 30), "St Andrew's Day", &[Scotland]),
    (On(12, 25), "Christmas Day", ALL),
    (On(12, 26), "Boxing Day", ALL),
];

/// The days on which a jurisdiction rests in a year beside weekends, earliest first.
#[must_use]
pub fn bank_holidays(of: Jurisdiction, year: i16) -> Vec<(Date, &'static str)> {
    let mut days: Vec<(Date, &str)> = ADDED
        .iter()
        .filter(|(day, _, whose)| day.year() == year && whose.contains(&of))
        .map(|(day, name, _)| (*day, *name))
        .collect();
    for (rule, name, whose) in REGULAR {
        if !whose.contains(&of) {
            continue;
        }
        let regular = rule.day(year);
        let held = MOVED.iter().find(|(from, _)| *from == regular).map_or(regular, |(_, to)| *to);
        let mut day = held;
        while weekend(day) || days.iter().any(|(taken, _)| *taken == day) {
            day = day.saturating_add(1.day());
        }
        days.push((day, name));
    }
    days.sort_unstable();
    days
}

/// Whether the day is a Monday to Friday and no bank holiday.
#[must_use]
pub fn is_working_day(of: Jurisdiction, day: Date) -> bool {
    !weekend(day) && bank_holidays(of, day.year()).iter().all(|(holiday, _)| *holiday != day)
}

/// The working day that comes so many after a day; that day itself does not count. With 0, the
/// day itself where it is a working day, else the next.
#[must_use]
pub fn add_working_days(of: Jurisdiction, from: Date, days: u32) -> Date {
    let mut day = from;
    while days == 0 && day < Date::MAX && !is_working_day(of, day) {
        day = day.saturating_add(1.day());
    }
    let mut left = days;
    while left > 0 && day < Date::MAX {
        day = day.saturating_add(1.day());
        left -= u32::from(is_working_day(of, day));
    }
    day
}

fn weekend(day: Date) -> bool {
    matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
}

impl Rule {
    fn day(self, year: i16) -> Date {
        match self {
            On(month, day) => date(year, month, day),
            FirstMonday(month) => monday(date(year, month, 1)),
            LastMonday(month) => {
                let last = date(year, month, 1).last_of_month();
                monday(last.saturating_sub(6.days()))
            }
            Easter(after) => easter(year).saturating_add(after.days()),
        }
    }
}

/// The first Monday on or after a day.
fn monday(day: Date) -> Date {
    let past = i64::from(day.weekday().to_monday_zero_offset());
    day.saturating_add(((7 - past) % 7).days())
}

/// Easter Sunday of the Gregorian calendar.
fn easter(year: i16) -> Date {
    let y = i32::from(year);
    let (a, b, c) = (y % 19, y / 100, y % 100);
    let (d, e) = (b / 4, b % 4);
    let g = (8 * b + 13) / 25;
    let h = (19 * a + b - d - g + 15) % 30;
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k) % 7;
    let m = (a + 11 * h + 19 * l) / 433;
    let month = (h + l - 7 * m + 90) / 25;
    let day = (h + l - 7 * m + 33 * month + 19) % 32;
    let small = |value: i32| i8::try_from(value).unwrap_or(1);
    date(year, small(month), small(day))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn days(of: Jurisdiction, year: i16) -> Vec<String> {
        bank_holidays(of, year).iter().map(|(day, _)| day.strftime("%m-%d").to_string()).collect()
    }

    #[test]
    fn england_and_wales_rests_on_the_days_that_were_published() {
        for (year, published) in [
            (2014, "01-01 04-18 04-21 05-05 05-26 08-25 12-25 12-26"),
            (2016, "01-01 03-25 03-28 05-02 05-30 08-29 12-26 12-27"),
            (2020, "01-01 04-10 04-13 05-08 05-25 08-31 12-25 12-28"),
            (2021, "01-01 04-02 04-05 05-03 05-31 08-30 12-27 12-28"),
            (2022, "01-03 04-15 04-18 05-02 06-02 06-03 08-29 09-19 12-26 12-27"),
            (2023, "01-02 04-07 04-10 05-01 05-08 05-29 08-28 12-25 12-26"),
            (2026, "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"),
            (2028, "01-03 04-14 04-17 05-01 05-29 08-28 12-25 12-26"),
        ] {
            assert_eq!(days(EnglandAndWales, year).join(" "), published, "{year}");
        }
    }

    #[test]
    fn scotland_and_northern_ireland_rest_on_days_of_their_own() {
        for (of, year, published) in [
            (Scotland, 2022, "01-03 01-04 04-15 05-02 06-02 06-03 08-01 09-19 11-30 12-26 12-27"),
            (Scotland, 2023, "01-02 01-03 04-07 05-01 05-08 05-29 08-07 11-30 12-25 12-26"),
            (Scotland, 2024, "01-01 01-02 03-29 05-06 05-27 08-05 12-02 12-25 12-26"),
            (Scotland, 2026, "01-01 01-02 04-03 05-04 05-25 06-15 08-03 11-30 12-25 12-28"),
            (NorthernIreland, 2024, "01-01 03-18 03-29 04-01 05-06 05-27 07-12 08-26 12-25 12-26"),
            (NorthernIreland, 2025, "01-01 03-17 04-18 04-21 05-05 05-26 07-14 08-25 12-25 12-26"),
        ] {
            assert_eq!(days(of, year).join(" "), published, "{of:?} {year}");
        }
    }

    #[test]
    fn a_working_day_after_the_thursday_before_easter_is_the_tuesday_after_and_not_in_scotland() {
        let thursday = date(2026, 4, 2);
        assert_eq!(add_working_days(EnglandAndWales, thursday, 1), date(2026, 4, 7));
        assert_eq!(add_working_days(Scotland, thursday, 1), date(2026, 4, 6));
        assert_eq!(add_working_days(EnglandAndWales, date(2026, 4, 3), 0), date(2026, 4, 7));
    }

    fn jurisdiction() -> impl Strategy<Value = Jurisdiction> {
        proptest::sample::select(ALL)
    }

    proptest! {
        #[test]
        fn every_bank_holiday_is_a_weekday_and_no_two_share_a_day(
            of in jurisdiction(), year in 2000_i16..2100,
        ) {
            let all = bank_holidays(of, year);
            prop_assert!(all.iter().all(|(day, _)| !weekend(*day)), "{all:?}");
            prop_assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0), "{all:?}");
            prop_assert!(all.len() >= 8, "{all:?}");
        }

        #[test]
        fn between_a_day_and_so_many_working_days_after_lie_so_many_working_days(
            of in jurisdiction(), start in 0_i64..5000, wanted in 1_u32..60,
        ) {
            let from = date(2014, 1, 1).saturating_add(start.days());
            let to = add_working_days(of, from, wanted);
            let between = from
                .series(1.day())
                .skip(1)
                .take_while(|day| *day <= to)
                .filter(|day| is_working_day(of, *day))
                .count();
            prop_assert!(is_working_day(of, to));
            prop_assert_eq!(between, wanted as usize);
        }

        #[test]
        fn working_days_add_up(
            of in jurisdiction(), start in 0_i64..5000, a in 1_u32..30, b in 1_u32..30,
        ) {
            let from = date(2014, 1, 1).saturating_add(start.days());
            let twice = add_working_days(of, add_working_days(of, from, a), b);
            prop_assert_eq!(add_working_days(of, from, a + b), twice);
        }
    }
}
