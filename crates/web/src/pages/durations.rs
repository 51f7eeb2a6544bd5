//! How long records take from one state to another: median and tail, force by force, as a table,
//! as a plot with that table behind it, and as CSV. Only numbers, over what the viewer may see.
//!
//! Refused in silence, as if not asked for: a kind that the viewer sees nothing of, a state that
//! the kind does not have, a date that is none.

use askama::Template;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp, civil};
use pendeen_casework::force::{FORCES, ForceKey};
use pendeen_casework::form::uk_zone;
use pendeen_casework::record::Kind;
use pendeen_store::duration::{Between, Durations, Spread};
use pendeen_store::query::Belongs;
use serde::Deserialize;

use crate::app::App;
use crate::csv::line;
use crate::error::{WebError, page};
use crate::label;
use crate::request::Asked;
use crate::shell::{Shell, force_name, sees};
use crate::text;
use crate::view::Choice;
use crate::viewer::Viewer;

/// The page.
#[derive(Debug, Template)]
#[template(path = "durations.html")]
pub(crate) struct DurationsPage {
    pub(crate) shell: Shell,
    pub(crate) kinds: Vec<Choice>,
    pub(crate) from: Vec<Choice>,
    pub(crate) to: Vec<Choice>,
    pub(crate) forces: Vec<Choice>,
    pub(crate) parts: Vec<Choice>,
    pub(crate) since: String,
    pub(crate) before: String,
    pub(crate) caption: String,
    pub(crate) rows: Vec<SpreadRow>,
    pub(crate) height: usize,
    pub(crate) csv: String,
}

/// One line of the table and of the plot.
#[derive(Debug, Clone)]
pub(crate) struct SpreadRow {
    /// The force, or all.
    pub name: String,
    /// How many got there.
    pub done: u64,
    /// How many did not yet.
    pub waiting: u64,
    /// What half of them took at most.
    pub median: String,
    /// What nine of ten took at most.
    pub p90: String,
    /// What the slowest took.
    pub longest: String,
    /// Top of its bars in the plot, in pixels.
    pub top: usize,
    /// Length of the bars of median and nine of ten, of 400 pixels.
    pub bars: (i128, i128),
}

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asking {
    kind: String,
    from: String,
    to: String,
    force: String,
    part: String,
    since: String,
    before: String,
}

/// `GET /durations`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Asked(asking): Asked<Asking>,
) -> Result<Response, WebError> {
    let between = between(&viewer, &asking)?;
    let found = app.store.durations(&viewer.person, &between, app.now()).await?;
    let seen = Kind::ALL.iter().filter(|kind| sees(&viewer.person, **kind));
    let state = |chosen: &str| -> Vec<Choice> {
        let states = between.kind.states().iter();
        states.map(|s| Choice::new(s.key, text::words(s.key), chosen)).collect()
    };
    let rows = rows(&found);
    page(&DurationsPage {
        shell: viewer.shell("How long it takes"),
        kinds: seen.map(|k| Choice::new(k.key(), k.plural(), between.kind.key())).collect(),
        from: state(&between.from),
        to: state(&between.to),
        forces: FORCES
            .iter()
            .map(|force| Choice::new(force.key.as_str(), force.name, &asking.force))
            .collect(),
        parts: [("in", "In an operation"), ("out", "In none")]
            .map(|(key, label)| Choice::new(key, label, &asking.part))
            .to_vec(),
        caption: format!(
            "{}: from {} to {}",
            between.kind.plural(),
            text::words(&between.from).to_lowercase(),
            text::words(&between.to).to_lowercase()
        ),
        height: rows.len() * ROW + 10,
        csv: address(&between, &asking),
        since: asking.since,
        before: asking.before,
        rows,
    })
}

/// `GET /durations.csv`.
pub(crate) async fn csv(
    State(app): State<App>,
    viewer: Viewer,
    Asked(asking): Asked<Asking>,
) -> Result<Response, WebError> {
    let between = between(&viewer, &asking)?;
    let found = app.store.durations(&viewer.person, &between, app.now()).await?;
    let seconds = |time: Option<SignedDuration>| {
        time.map(|time| time.as_secs().to_string()).unwrap_or_default()
    };
    let one = |name: &str, spread: &Spread| {
        line(&[
            name,
            between.kind.key(),
            &between.from,
            &between.to,
            &spread.done.to_string(),
            &spread.waiting.to_string(),
            &seconds(spread.median),
            &seconds(spread.p90),
            &seconds(spread.longest),
        ])
    };
    let label = label::of_no_record(&viewer.person, app.now());
    let mut text = label::first_line(&viewer.person, &label);
    text.push_str(&line(&[
        "force",
        "kind",
        "from",
        "to",
        "done",
        "waiting",
        "median_s",
        "p90_s",
        "longest_s",
    ]));
    text.push_str(&one("all", &found.all));
    for (force, spread) in &found.by_force {
        text.push_str(&one(&force_name(*force), spread));
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"durations.csv\""),
    ];
    Ok((headers, text).into_response())
}

/// What the address asks for, completed: the first kind that the viewer sees, its first state
/// and the one that follows.
fn between(viewer: &Viewer, asking: &Asking) -> Result<Between, WebError> {
    let mut seen = Kind::ALL.iter().copied().filter(|kind| sees(&viewer.person, *kind));
    let asked = Kind::from_key(&asking.kind).filter(|kind| sees(&viewer.person, *kind));
    let kind = asked.or_else(|| seen.next()).ok_or(WebError::NotFound)?;
    let states = kind.states();
    let state = |key: &str| states.iter().find(|state| state.key == key).map(|state| state.key);
    let first = states.first().map_or("", |state| state.key);
    let from = state(&asking.from).unwrap_or(first);
    let next = states.iter().find(|state| state.key == from).and_then(|s| s.to.first().copied());
    Ok(Between {
        kind,
        from: from.to_owned(),
        to: state(&asking.to).or(next).unwrap_or(from).to_owned(),
        force: ForceKey::parse(&asking.force),
        operation: match asking.part.as_str() {
            "in" => Some(Belongs::ToSome),
            "out" => Some(Belongs::ToNone),
            _ => None,
        },
        since: day(&asking.since),
        before: day(&asking.before),
    })
}

/// The first moment of a day, UK local time.
pub(crate) fn day(text: &str) -> Option<Timestamp> {
    let day: civil::Date = text.parse().ok()?;
    day.at(0, 0, 0, 0).to_zoned_datetime(uk_zone()).ok().map(|zoned| zoned.timestamp())
}

fn address(between: &Between, asking: &Asking) -> String {
    // Every part is a key of this program or a date: nothing to be coded.
    let force = between.force.map(ForceKey::as_str).unwrap_or_default();
    let date = |text: &str| day(text).map(|_| text.to_owned()).unwrap_or_default();
    let part = if ["in", "out"].contains(&&*asking.part) { &*asking.part } else { "" };
    format!(
        "/durations.csv?kind={}&from={}&to={}&force={force}&part={part}&since={}&before={}",
        between.kind.key(),
        between.from,
        between.to,
        date(&asking.since),
        date(&asking.before)
    )
}

/// Height of a line of the plot, in pixels.
const ROW: usize = 28;
/// Length of the longest bar, in pixels.
const WIDEST: i128 = 400;

fn rows(found: &Durations) -> Vec<SpreadRow> {
    let all = std::iter::once(("All".to_owned(), &found.all));
    let forces = found.by_force.iter().map(|(force, spread)| (force_name(*force), spread));
    let rows: Vec<_> = all.chain(forces).collect();
    let longest = rows.iter().filter_map(|(_, spread)| spread.p90).max().unwrap_or_default();
    let bar = |time: Option<SignedDuration>| {
        time.map_or(0, |time| time.as_millis() * WIDEST / longest.as_millis().max(1))
    };
    let words = |time: Option<SignedDuration>| time.map_or("none yet".to_owned(), text::length);
    rows.iter()
        .enumerate()
        .map(|(n, (name, spread))| SpreadRow {
            name: name.clone(),
            done: spread.done,
            waiting: spread.waiting,
            median: words(spread.median),
            p90: words(spread.p90),
            longest: words(spread.longest),
            top: n * ROW + 5,
            bars: (bar(spread.median), bar(spread.p90)),
        })
        .collect()
}
