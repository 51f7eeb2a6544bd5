//! When the contents were last changed, as bars: a picture that needs no script.
//!
//! In: the items, one after the other. Out: an SVG of items by month, or by year where they go
//! over more than ten years; how many of them a known list has is drawn in the same bar. Times
//! are what the file systems say, which nobody need believe: those before 1980, those after the
//! examination and items without a time are counted in words, so that one wrong clock does not
//! press the rest into a corner.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pendeen_item::Item;

use super::text::Number;

/// The earliest year that is drawn: file systems of personal computers begin then.
const EARLIEST: i16 = 1980;
/// Up to so many months, a bar is a month; beyond, a year.
const MONTHS: usize = 120;
/// Measures of the drawing, in pixels.
const WIDTH: u64 = 960;
const HEIGHT: u64 = 160;

/// Items and known items of one bar.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Bar {
    items: u64,
    known: u64,
}

/// The counts behind the drawing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timeline {
    months: BTreeMap<(i16, i8), Bar>,
    without: u64,
    early: u64,
}

impl Timeline {
    /// Counts an item.
    pub(crate) fn add(&mut self, item: &Item) {
        let modified = item.modified.and_then(|ns| Timestamp::from_nanosecond(ns.into()).ok());
        let Some(modified) = modified else {
            self.without += 1;
            return;
        };
        let date = TimeZone::UTC.to_datetime(modified).date();
        if date.year() < EARLIEST {
            self.early += 1;
            return;
        }
        let bar = self.months.entry((date.year(), date.month())).or_default();
        bar.items += 1;
        bar.known += u64::from(item.known_list.is_some());
    }

    /// Draws the counts up to the examination's own time.
    pub(super) fn write(&self, out: &mut String, examined: Timestamp) -> fmt::Result {
        out.write_str("<h2>When contents were last changed</h2>\n")?;
        let now = TimeZone::UTC.to_datetime(examined).date();
        let now = (now.year(), now.month());
        let late: u64 =
            self.months.range(now..).filter(|(m, _)| **m > now).map(|b| b.1.items).sum();
        let bars = self.bars(now);
        if bars.is_empty() {
            out.write_str("<p>No item has a time of its last change that could be drawn.</p>\n")?;
        } else {
            write_bars(out, &bars)?;
        }
        writeln!(
            out,
            "<p>Times are what the file systems say. Not drawn: {} items without a time, {} dated \
             before {EARLIEST}, {} dated after the month of this examination.</p>",
            Number(self.without),
            Number(self.early),
            Number(late)
        )
    }

    /// Every bar from the first to the last that has items, with its label.
    fn bars(&self, now: (i16, i8)) -> Vec<(String, Bar)> {
        let mut drawn = self.months.range(..=now);
        let (Some((first, _)), last) = (drawn.next(), drawn.next_back()) else { return Vec::new() };
        let last = last.map_or(*first, |(month, _)| *month);
        let number = |(year, month): (i16, i8)| i32::from(year) * 12 + i32::from(month) - 1;
        let months = usize::try_from(number(last) - number(*first)).unwrap_or(0) + 1;
        let mut bars: Vec<(String, Bar)> = Vec::new();
        for at in number(*first)..=number(last) {
            let (year, month) = (at.div_euclid(12), at.rem_euclid(12) + 1);
            let key = (i16::try_from(year).unwrap_or(0), i8::try_from(month).unwrap_or(1));
            let bar = self.months.get(&key).copied().unwrap_or_default();
            let label =
                if months <= MONTHS { format!("{year}-{month:02}") } else { year.to_string() };
            match bars.last_mut() {
                Some((of, sum)) if *of == label => {
                    sum.items += bar.items;
                    sum.known += bar.known;
                }
                _ => bars.push((label, bar)),
            }
        }
        bars
    }
}

fn write_bars(out: &mut String, bars: &[(String, Bar)]) -> fmt::Result {
    let most = bars.iter().map(|(_, bar)| bar.items).max().unwrap_or(1).max(1);
    let step = (WIDTH / bars.len().max(1) as u64).max(1);
    // What is there is seen, however little it is.
    let height = |n: u64| {
        let height = u128::from(n) * u128::from(HEIGHT) / u128::from(most);
        u64::try_from(height).unwrap_or(HEIGHT).max(u64::from(n > 0))
    };
    let width = step * bars.len() as u64;
    writeln!(
        out,
        "<figure><svg viewBox=\"0 0 {width} {}\" role=\"img\" aria-label=\"Items by the time of \
         their last change\" class=\"timeline\">",
        HEIGHT + 24
    )?;
    for (at, (label, bar)) in (0_u64..).zip(bars) {
        if bar.items == 0 {
            continue;
        }
        let x = at * step;
        write!(
            out,
            "<g><title>{label}: {} items, {} on known lists</title>",
            Number(bar.items),
            Number(bar.known)
        )?;
        let gap = u64::from(step > 3);
        for (n, colour) in [(bar.items, "#1d70b8"), (bar.known, "#d4351c")] {
            let h = height(n);
            if h > 0 {
                let y = HEIGHT - h;
                let w = step - gap;
                write!(
                    out,
                    "<rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" fill=\"{colour}\"/>"
                )?;
            }
        }
        out.write_str("</g>\n")?;
    }
    let (first, last) = (bars.first(), bars.last());
    let label =
        |end: Option<&(String, Bar)>| end.map(|(label, _)| label.clone()).unwrap_or_default();
    writeln!(
        out,
        "<text x=\"0\" y=\"{y}\">{}</text><text x=\"{width}\" y=\"{y}\" text-anchor=\"end\">{}\
         </text></svg>\n<figcaption>Items by the time of their last change, at most {} in a bar; \
         in red those on known lists.</figcaption></figure>",
        label(first),
        label(last),
        Number(most),
        y = HEIGHT + 20
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(times: &[&str]) -> Timeline {
        let mut timeline = Timeline::default();
        for time in times {
            let time: Timestamp = time.parse().unwrap();
            let date = TimeZone::UTC.to_datetime(time).date();
            timeline.months.entry((date.year(), date.month())).or_default().items += 1;
        }
        timeline
    }

    #[test]
    fn a_few_years_are_drawn_by_month_and_many_by_year() {
        let few = timeline(&["2013-12-31T23:59:59Z", "2014-02-01T00:00:00Z"]);
        let labels: Vec<String> = few.bars((2026, 11)).into_iter().map(|(l, _)| l).collect();
        assert_eq!(labels, ["2013-12", "2014-01", "2014-02"]);
        let many =
            timeline(&["1999-05-01T00:00:00Z", "2014-02-01T00:00:00Z", "2014-08-01T00:00:00Z"]);
        let bars = many.bars((2026, 11));
        assert_eq!(bars.len(), 16);
        assert_eq!(bars[15], ("2014".to_owned(), Bar { items: 2, known: 0 }));
    }

    #[test]
    fn times_after_the_examination_are_told_and_not_drawn() {
        let timeline = timeline(&["2014-02-01T00:00:00Z", "2098-01-01T00:00:00Z"]);
        let mut out = String::new();
        timeline.write(&mut out, "2026-11-02T12:00:00Z".parse().unwrap()).unwrap();
        assert!(out.contains("1 dated after") && out.contains("2014-02: 1 items"), "{out}");
        assert!(!out.contains("2098"));
        let mut none = String::new();
        Timeline::default().write(&mut none, Timestamp::UNIX_EPOCH).unwrap();
        assert!(none.contains("No item has a time"));
    }
}
