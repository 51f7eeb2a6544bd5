//! Figures over time: as at the end of each of the last months and now, and release by release;
//! of all forces or of one. Each chart is drawn here, and the table behind it has the same numbers.
//!
//! The months are counted from the records as they stood then; releases show what they froze,
//! without what they leave out.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::{Timestamp, ToSpan};
use pendeen_casework::figure::table::{Side, Whose};
use pendeen_casework::figure::{Figure, Part, Scope};
use pendeen_casework::force::{FORCES, ForceKey};
use pendeen_casework::record::{AnyRecord, Kind};
use pendeen_store::query::{Query, Slice};
use serde::Deserialize;

use super::{MAIN, only_for_readers};
use crate::app::App;
use crate::error::{WebError, page};
use crate::request::Asked;
use crate::shell::Shell;
use crate::text;
use crate::view::Choice;
use crate::viewer::Viewer;

/// Ends of months that are counted, besides now.
const MONTHS: i64 = 5;
/// Releases that are shown at most, the newest.
const RELEASES: u64 = 6;

/// The width of a column with the room around it, and of its bar.
const STEP: u64 = 60;
const BAR: u64 = 36;
/// Where the highest bar begins and where all stand.
const TOP: u64 = 20;
const FLOOR: u64 = 90;

/// The page.
#[derive(Debug, Template)]
#[template(path = "figures_over_time.html")]
pub(crate) struct OverTimePage {
    pub(crate) shell: Shell,
    pub(crate) scope: &'static str,
    pub(crate) forces: Vec<Choice>,
    pub(crate) months: Vec<Chart>,
    pub(crate) releases: Vec<Chart>,
}

/// One figure drawn.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    /// What it is called.
    pub title: &'static str,
    /// How wide the drawing is.
    pub width: u64,
    /// Its columns, the earliest first.
    pub columns: Vec<Column>,
}

/// One column.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// Where the bar begins, from the left and from above.
    pub x: u64,
    /// From above.
    pub y: u64,
    /// How wide it is.
    pub width: u64,
    /// How high it is.
    pub height: u64,
    /// The middle of the column.
    pub middle: u64,
    /// Where the number stands.
    pub above: u64,
    /// The number, or `c` where it is left out.
    pub amount: String,
    /// Under the bar.
    pub short: String,
    /// In the table.
    pub when: String,
}

/// A moment or release: under its bar, and in the table.
type When = (String, String);

impl Chart {
    fn new(title: &'static str, amounts: impl IntoIterator<Item = (When, Option<u64>)>) -> Self {
        let amounts: Vec<_> = amounts.into_iter().collect();
        let highest = amounts.iter().filter_map(|(_, amount)| *amount).max().unwrap_or(0).max(1);
        let column = |(place, ((short, when), amount)): (u64, (When, Option<u64>))| {
            let height = amount.unwrap_or(0).saturating_mul(FLOOR - TOP) / highest;
            Column {
                x: place * STEP + (STEP - BAR) / 2,
                y: FLOOR - height,
                width: BAR,
                height,
                middle: place * STEP + STEP / 2,
                above: FLOOR - height - 5,
                amount: amount.map_or_else(|| "c".to_owned(), text::count),
                short,
                when,
            }
        };
        let width = STEP * u64::try_from(amounts.len()).unwrap_or(1);
        Self { title, width, columns: (0..).zip(amounts).map(column).collect() }
    }
}

/// Whose figures.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filter {
    #[serde(default)]
    force: String,
}

/// `GET /figures/over-time`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Asked(filter): Asked<Filter>,
) -> Result<Response, WebError> {
    let bound = only_for_readers(&app, &viewer.person).await?;
    let force = bound.or_else(|| ForceKey::parse(&filter.force));
    let chosen = force.map_or("", ForceKey::as_str);
    let forces = FORCES.iter().filter(|_| bound.is_none());
    page(&OverTimePage {
        shell: viewer.shell("Figures over time"),
        scope: force.map_or("All forces", |force| force.force().name),
        forces: forces.map(|f| Choice::new(f.key.as_str(), f.name, chosen)).collect(),
        months: months(&app, force).await?,
        releases: releases(&app, &viewer, force).await?,
    })
}

/// The ends of the last months with their names, and now.
fn moments(now: Timestamp) -> Vec<(Option<Timestamp>, When)> {
    let here = now.in_tz("Europe/London").map(|now| now.date().first_of_month());
    let mut moments: Vec<_> = (0..MONTHS)
        .rev()
        .filter_map(|back| {
            let next = here.as_ref().ok()?.checked_sub(back.months()).ok()?;
            let of = next.yesterday().ok()?;
            let end = next.in_tz("Europe/London").ok()?.timestamp();
            let when = (of.strftime("%b %Y").to_string(), of.strftime("End of %B %Y").to_string());
            Some((Some(end), when))
        })
        .collect();
    moments.push((None, ("Now".to_owned(), text::moment(now))));
    moments
}

async fn months(app: &App, force: Option<ForceKey>) -> Result<Vec<Chart>, WebError> {
    let scope = Scope { force, part: Part::InsideAny };
    let mut counted = Vec::new();
    for (at, when) in moments(app.now()) {
        counted.push((when, app.store.figures_as_at(&scope, at).await?));
    }
    let chart = |figure: &'static Figure| {
        let amounts = counted.iter().map(|(when, counts)| {
            let count = counts.iter().find(|(known, _)| known.key == figure.key);
            (when.clone(), Some(count.map_or(0, |(_, count)| *count)))
        });
        Chart::new(figure.title, amounts)
    };
    Ok(MAIN.iter().filter_map(|key| Figure::from_key(key)).map(chart).collect())
}

/// What the last published releases of this scope froze, as far as the viewer may see them.
async fn releases(
    app: &App,
    viewer: &Viewer,
    force: Option<ForceKey>,
) -> Result<Vec<Chart>, WebError> {
    let query = Query {
        states: vec!["published".to_owned()],
        page: Slice { offset: 0, limit: RELEASES },
        ..Query::of(Kind::FiguresRelease)
    };
    let rows = app.store.list(&viewer.person, &query, app.now()).await?.rows;
    let mut frozen = Vec::new();
    for row in rows {
        let who = &viewer.person;
        let found = app.store.find_by_number(who, &row.number, viewer.reason(), app.now()).await?;
        let Some(AnyRecord::FiguresRelease(release)) = found else { continue };
        if let Some(numbers) = release.frozen().filter(|frozen| frozen.force == force) {
            frozen.push((numbers, release.name, row.number));
        }
    }
    frozen.sort_by_key(|(numbers, ..)| numbers.as_at);
    if frozen.is_empty() {
        return Ok(Vec::new());
    }
    let whose = force.map_or(Whose::All, Whose::Force);
    let chart = |figure: &'static Figure| {
        let amounts = frozen.iter().map(|(numbers, name, number)| {
            let day = text::day(numbers.as_at);
            let when = (day, format!("{name} ({number}), as at {}", text::moment(numbers.as_at)));
            (when, numbers.row(figure.key, whose).shown(Side::Inside))
        });
        Chart::new(figure.title, amounts)
    };
    Ok(MAIN.iter().filter_map(|key| Figure::from_key(key)).map(chart).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_column_fills_the_chart_and_what_is_left_out_has_none() {
        let when = || (String::new(), String::new());
        let chart = Chart::new("Arrests", [(when(), Some(4)), (when(), None), (when(), Some(8))]);
        let drawn: Vec<_> = chart.columns.iter().map(|c| (c.height, c.y, &*c.amount)).collect();
        assert_eq!(drawn, [(35, 55, "4"), (0, 90, "c"), (70, 20, "8")]);
        assert_eq!(chart.width, 180);
        assert_eq!(Chart::new("None", [(when(), Some(0))]).columns[0].height, 0);
    }

    #[test]
    fn months_end_where_the_next_begins_in_the_united_kingdom() {
        let told = moments("2026-11-24T09:30:00Z".parse().unwrap());
        let ends: Vec<_> =
            told.iter().map(|(at, when)| (at.map(|at| at.to_string()), &*when.0)).collect();
        assert_eq!(ends[3], (Some("2026-09-30T23:00:00Z".to_owned()), "Sep 2026"));
        assert_eq!(ends[4], (Some("2026-11-01T00:00:00Z".to_owned()), "Oct 2026"));
        assert_eq!((ends.len(), &ends[5]), (6, &(None, "Now")));
    }
}
