//! Calendar: what is due when, among all that the viewer may see.
//!
//! In: a month and what to show of it. Out: the month as a table of weeks, or as a list, and as
//! an iCalendar file ([`ics`]). Bail dates, warrants that expire, suicide-risk assessments,
//! referrals of children, hearings, actions: whatever has a time by which something must happen.
//! One question answers it. Times are UK local time. Refused in silence, as if not asked for: a
//! month that is none, a kind that the viewer sees nothing of.

pub(crate) mod ics;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::{self, Date, Weekday};
use jiff::{Timestamp, ToSpan};
use pendeen_casework::form::uk_zone;
use pendeen_casework::person::Person;
use pendeen_casework::record::{Kind, Urgency};
use pendeen_store::query::{Query, Row, Slice, Sort};
use serde::Deserialize;

use crate::app::App;
use crate::error::{WebError, page};
use crate::request::Asked;
use crate::shell::{Shell, force_name, sees};
use crate::text;
use crate::view::{Choice, Tag, record_address};
use crate::viewer::Viewer;

/// Things that one month shows at most; of those past them, the number is told.
const MOST: u64 = 500;
/// Things that one day of the table shows; the list has all.
const A_DAY: usize = 4;

/// The page.
#[derive(Debug, Template)]
#[template(path = "calendar.html")]
pub(crate) struct CalendarPage {
    pub(crate) shell: Shell,
    pub(crate) caption: String,
    pub(crate) month: String,
    pub(crate) previous: String,
    pub(crate) next: String,
    pub(crate) other: String,
    pub(crate) ics: String,
    pub(crate) as_list: bool,
    pub(crate) kinds: Vec<Choice>,
    pub(crate) weeks: Vec<Vec<Day>>,
    pub(crate) total: String,
    /// How many past the last one shown, if any.
    pub(crate) unlisted: Option<String>,
}

/// One day.
#[derive(Debug, Clone)]
pub(crate) struct Day {
    /// Its number in the month.
    pub number: i8,
    /// Its date in words.
    pub words: String,
    /// It belongs to the month shown.
    pub inside: bool,
    /// It is today.
    pub today: bool,
    /// What is due that day.
    pub entries: Vec<Entry>,
    /// How many of them the table does not show.
    pub more: usize,
    /// The day in the list.
    pub href: String,
}

/// One thing that is due.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The record's page.
    pub href: String,
    /// At what time of the day.
    pub time: String,
    /// What is to be done.
    pub what: String,
    /// What kind of record.
    pub kind: &'static str,
    /// The record's number.
    pub number: String,
    /// What names it.
    pub title: String,
    /// Whose work it is.
    pub force: String,
    /// It has passed.
    pub late: bool,
    /// A child is at immediate risk.
    pub immediate: Option<Tag>,
    /// The table shows it.
    pub shown: bool,
}

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asking {
    month: String,
    kind: String,
    view: String,
}

/// Whether there is anything that the person could see due.
pub(crate) fn opens(person: &Person) -> bool {
    Kind::ALL.iter().any(|kind| sees(person, *kind))
}

/// `GET /calendar`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Asked(asking): Asked<Asking>,
) -> Result<Response, WebError> {
    let now = app.now();
    if !opens(&viewer.person) {
        app.store.denied(&viewer.person, "calendar", None, now).await?;
        return Err(WebError::NotFound);
    }
    let first = month(&asking.month, now);
    let kind = seen_kind(&viewer, &asking.kind);
    let page_of = Slice { offset: 0, limit: MOST };
    let query = wanted(&viewer, first, kind, page_of)?;
    let found = app.store.list(&viewer.person, &query, now).await?;
    let as_list = asking.view == "list";
    let to = |month: Date, view: &str| address("/calendar", month, kind, view);
    let view = if as_list { "list" } else { "" };
    let kinds = Kind::ALL.iter().filter(|kind| sees(&viewer.person, **kind));
    page(&CalendarPage {
        shell: viewer.shell("Calendar").marked(found.rows.iter().map(|row| row.mark)),
        caption: first.strftime("%B %Y").to_string(),
        month: first.strftime("%Y-%m").to_string(),
        previous: to(moved(first, -1), view),
        next: to(moved(first, 1), view),
        other: to(first, if as_list { "" } else { "list" }),
        ics: address("/calendar.ics", first, kind, ""),
        as_list,
        kinds: kinds
            .map(|k| Choice::new(k.key(), k.plural(), kind.map_or("", Kind::key)))
            .collect(),
        weeks: weeks(first, &found.rows, now, &to(first, "list")),
        total: text::total(found.total),
        unlisted: (found.total > MOST).then(|| text::total(found.total - MOST)),
    })
}

/// The first day of the month asked for; of the present one where it is none.
fn month(asked: &str, now: Timestamp) -> Date {
    let asked: Option<Date> = format!("{asked}-01").parse().ok();
    let sane = asked.filter(|day| (1900..=2200).contains(&day.year()));
    sane.unwrap_or_else(|| day_of(now).first_of_month())
}

fn moved(first: Date, months: i32) -> Date {
    first.checked_add(months.months()).unwrap_or(first)
}

fn day_of(at: Timestamp) -> Date {
    at.to_zoned_datetime(uk_zone()).date()
}

fn seen_kind(viewer: &Viewer, key: &str) -> Option<Kind> {
    Kind::from_key(key).filter(|kind| sees(&viewer.person, *kind))
}

fn address(path: &str, month: Date, kind: Option<Kind>, view: &str) -> String {
    let kind = kind.map_or("", Kind::key);
    format!("{path}?month={}&kind={kind}&view={view}", month.strftime("%Y-%m"))
}

/// What is due in the month, first things first.
fn wanted(
    viewer: &Viewer,
    first: Date,
    kind: Option<Kind>,
    page: Slice,
) -> Result<Query, WebError> {
    let begins = |day: Date| {
        let midnight = day.at(0, 0, 0, 0).to_zoned_datetime(uk_zone());
        midnight.map(|at| at.timestamp()).map_err(|e| WebError::Internal(e.to_string()))
    };
    let due = Some((begins(first)?, begins(moved(first, 1))?));
    let why = viewer.reason().map(str::to_owned);
    let kinds = kind.into_iter().collect();
    Ok(Query { kinds, due, order: Sort::Due, page, why, ..Query::default() })
}

/// The weeks from Monday to Sunday that hold the month.
fn weeks(first: Date, rows: &[Row], now: Timestamp, list: &str) -> Vec<Vec<Day>> {
    let back = i32::from(first.weekday().since(Weekday::Monday));
    let start = first.checked_sub(back.days()).unwrap_or(first);
    let end = first.last_of_month();
    let mut weeks = Vec::new();
    let mut day = start;
    while day <= end {
        let mut week = Vec::new();
        for _ in 0..7 {
            week.push(one_day(day, first, rows, now, list));
            day = day.tomorrow().unwrap_or(civil::Date::MAX);
        }
        weeks.push(week);
    }
    weeks
}

fn one_day(day: Date, first: Date, rows: &[Row], now: Timestamp, list: &str) -> Day {
    let inside = day.first_of_month() == first;
    let entries: Vec<Entry> = rows
        .iter()
        .filter_map(|row| Some((row, row.next.as_ref()?.due?)))
        .filter(|(_, due)| inside && day_of(*due) == day)
        .enumerate()
        .filter_map(|(place, (row, due))| entry(row, due, now, place < A_DAY))
        .collect();
    Day {
        number: day.day(),
        words: day.strftime("%A %-d %B").to_string(),
        inside,
        today: day == day_of(now),
        more: entries.len().saturating_sub(A_DAY),
        entries,
        href: format!("{list}#day-{}", day.day()),
    }
}

fn entry(row: &Row, due: Timestamp, now: Timestamp, shown: bool) -> Option<Entry> {
    let next = row.next.as_ref()?;
    Some(Entry {
        href: record_address(row.kind, row.id),
        time: text::time_of_day(due),
        what: next.what.clone(),
        kind: row.kind.label(),
        number: row.number.clone(),
        title: row.title.clone(),
        force: force_name(row.force),
        late: due < now,
        immediate: (next.urgency == Urgency::Immediate).then(|| Tag::urgency(next.urgency)),
        shown,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_whole_weeks_from_monday_and_a_nonsense_month_is_the_present_one() {
        let now: Timestamp = "2026-11-24T09:30:00Z".parse().unwrap();
        let first = month("2026-11", now);
        let weeks = weeks(first, &[], now, "/calendar");
        assert_eq!(weeks.len(), 6, "November 2026 begins on a Sunday");
        assert!(weeks.iter().all(|week| week.len() == 7));
        assert_eq!((weeks[0][0].number, weeks[0][0].inside), (26, false));
        assert_eq!((weeks[0][6].number, weeks[0][6].inside), (1, true));
        assert_eq!(weeks.iter().flatten().filter(|day| day.today).count(), 1);
        for nonsense in ["", "soon", "2026-13", "9999-12", "2026-11-24"] {
            assert_eq!(month(nonsense, now), first, "{nonsense}");
        }
        assert_eq!(moved(first, 1), civil::date(2026, 12, 1));
    }
}
