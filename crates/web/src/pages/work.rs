//! My work: what must I do next, why first, by when.
//!
//! In three parts: a child at immediate risk, what is the viewer's by name or belongs to a case
//! that is, and what waits for whoever holds one of the viewer's roles.
//!
//! Many things that ask for the same are folded: the most pressing are lines of their own, the
//! rest is one line that leads to their list. A child at immediate risk is never folded away.

use std::collections::{BTreeSet, HashMap};

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use pendeen_casework::record::{Kind, Urgency};
use pendeen_store::query::{Row, Slice};
use serde::Deserialize;
use uuid::Uuid;

use super::record::notice;
use super::saved;
use crate::app::App;
use crate::error::{WebError, page};
use crate::request::{Asked, page_number};
use crate::shell::{Shell, force_name, sees_any};
use crate::text::{self, Due};
use crate::view::{Count, Pages, Tag, record_address};
use crate::viewer::Viewer;

/// Lines to a page.
const LINES: usize = 25;
/// Lines that ask for the same, before the rest of them is folded.
const ALIKE: usize = 10;
/// The most pressing things, which are counted and listed; of those past them, the number is
/// told.
const LISTED: u64 = 500;

/// The page.
#[derive(Debug, Template)]
#[template(path = "work.html")]
pub(crate) struct Work {
    pub(crate) shell: Shell,
    pub(crate) counts: Vec<Count>,
    pub(crate) sections: Vec<Section>,
    pub(crate) pages: Pages,
    /// The lists that the person narrowed and named.
    pub(crate) saved: Vec<saved::SavedView>,
    /// How many less pressing things are not listed, if any.
    pub(crate) unlisted: Option<String>,
}

/// A part of the list.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    /// What is in it.
    pub heading: &'static str,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// Headings of the parts, in their order.
const IMMEDIATE: &str = "A child at immediate risk";
const MINE: &str = "Yours by name, and in your cases";
const ROLES: &str = "For anybody in your role";

/// A line of the list.
#[derive(Debug, Clone)]
pub(crate) enum Line {
    /// One thing to do.
    One(WorkRow),
    /// Several more that ask for the same.
    More(MoreRow),
}

/// More things that ask for the same as the lines above.
#[derive(Debug, Clone)]
pub(crate) struct MoreRow {
    /// Their list.
    pub href: String,
    /// What they ask for.
    pub what: String,
    /// How many.
    pub count: usize,
    /// How many of them are late.
    pub late: usize,
}

impl MoreRow {
    fn none(kind: Kind, state: &str, what: &str) -> Self {
        let href = format!("/records/{}?state={state}", kind.key());
        Self { href, what: what.to_owned(), count: 0, late: 0 }
    }
}

/// One thing to do.
#[derive(Debug, Clone)]
pub(crate) struct WorkRow {
    /// How pressing it is.
    pub urgency: Tag,
    /// The record's page.
    pub href: String,
    /// What to do.
    pub what: String,
    /// By when.
    pub due: Option<Due>,
    /// The record's number.
    pub number: String,
    /// What names the record.
    pub title: String,
    /// Made by the demonstration.
    pub simulated: bool,
    /// Whose work it is.
    pub force: String,
}

/// Which page of the list.
#[derive(Debug, Deserialize)]
pub(crate) struct Part {
    #[serde(default, deserialize_with = "page_number")]
    page: Option<u64>,
    kind: Option<String>,
    done: Option<String>,
}

/// `GET /`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Asked(asked): Asked<Part>,
) -> Result<Response, WebError> {
    let now = app.now();
    let number = asked.page.unwrap_or(1).max(1);
    let slice = Slice { offset: 0, limit: LISTED };
    let found = app.store.my_work(&viewer.person, slice, now).await?;
    let marks = found.rows.iter().map(|row| row.mark);
    let mut shell = viewer.shell("My work").marked(marks);
    let done = asked.kind.as_deref().and_then(Kind::from_key).zip(asked.done);
    shell.notice = done.and_then(|(kind, act)| notice(kind, &act));
    app.notices.looked(&app.store, &viewer.person, now).await?;
    let lines = folded(&found.rows, &found.mine, now);
    let before = usize::try_from(number - 1).unwrap_or(usize::MAX).saturating_mul(LINES);
    let unlisted = found.total.saturating_sub(LISTED);
    page(&Work {
        shell,
        counts: if number == 1 { counts(&found.rows, found.total, now) } else { Vec::new() },
        pages: Pages::new("/", number, LINES as u64, lines.len() as u64),
        sections: sections(lines.into_iter().skip(before).take(LINES)),
        saved: saved::of_list(&app, &viewer, None).await?,
        unlisted: (unlisted > 0).then(|| text::count(unlisted)),
    })
}

/// `GET /my-work/csv`.
pub(crate) async fn csv(State(app): State<App>, viewer: Viewer) -> Result<Response, WebError> {
    if !sees_any(&viewer.person) {
        return Err(WebError::NotFound);
    }
    let export = app.store.export_my_work(&viewer.person, app.now()).await?;
    crate::csv::of_export(&app, &viewer, "my-work", export).await
}

/// The lines, most pressing first; the line for more of the same stands where the first of them
/// would.
fn folded(rows: &[Row], mine: &BTreeSet<Uuid>, now: Timestamp) -> Vec<(&'static str, Line)> {
    let mut lines = Vec::new();
    let mut shown: HashMap<_, usize> = HashMap::new();
    let mut places = HashMap::new();
    for row in rows {
        let (Some(next), Some(one)) = (&row.next, line(row, now)) else { continue };
        let part = part(row, next.urgency, mine);
        let alike = (part, row.kind, row.state.as_str(), next.what.as_str());
        let shown = shown.entry(alike).or_default();
        if *shown < ALIKE || next.urgency == Urgency::Immediate {
            *shown += 1;
            lines.push((part, Line::One(one)));
            continue;
        }
        let place = *places.entry(alike).or_insert(lines.len());
        if place == lines.len() {
            lines.push((part, Line::More(MoreRow::none(row.kind, &row.state, &next.what))));
        }
        if let Some((_, Line::More(more))) = lines.get_mut(place) {
            more.count += 1;
            more.late += usize::from(next.due.is_some_and(|due| due < now));
        }
    }
    lines
}

fn part(row: &Row, urgency: Urgency, mine: &BTreeSet<Uuid>) -> &'static str {
    match urgency {
        Urgency::Immediate => IMMEDIATE,
        _ if mine.contains(&row.id) => MINE,
        _ => ROLES,
    }
}

/// Lines under their headings.
fn sections(lines: impl Iterator<Item = (&'static str, Line)>) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for (heading, line) in lines {
        match sections.last_mut().filter(|last| last.heading == heading) {
            Some(last) => last.lines.push(line),
            None => sections.push(Section { heading, lines: vec![line] }),
        }
    }
    sections
}

fn counts(rows: &[Row], total: u64, now: Timestamp) -> Vec<Count> {
    let having = |test: &dyn Fn(&pendeen_casework::record::Next) -> bool| {
        rows.iter().filter_map(|row| row.next.as_ref()).filter(|next| test(next)).count() as u64
    };
    let in_a_day = now.as_second() + 86_400;
    vec![
        Count::new(total, "for you to do"),
        Count::alarm(
            having(&|n| n.urgency == Urgency::Immediate),
            "about a child at immediate risk",
        ),
        Count::alarm(having(&|n| n.due.is_some_and(|due| due < now)), "late"),
        Count::new(
            having(&|n| n.due.is_some_and(|due| due >= now && due.as_second() < in_a_day)),
            "due within 24 hours",
        ),
    ]
}

fn line(row: &Row, now: Timestamp) -> Option<WorkRow> {
    let next = row.next.as_ref()?;
    Some(WorkRow {
        urgency: Tag::urgency(next.urgency),
        href: record_address(row.kind, row.id),
        what: next.what.clone(),
        due: next.due.map(|at| Due::new(at, now)),
        number: row.number.clone(),
        title: row.title.clone(),
        simulated: row.simulated,
        force: force_name(row.force),
    })
}
