//! My work: what must I do next, why first, by when.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use pendeen_casework::record::{Kind, Urgency};
use pendeen_store::query::{Row, Slice};
use serde::Deserialize;

use super::record::notice;
use crate::app::App;
use crate::error::{WebError, page};
use crate::request::Asked;
use crate::shell::{Shell, force_name};
use crate::text::Due;
use crate::view::{Count, Pages, Tag, record_address};
use crate::viewer::Viewer;

/// Lines to a page.
const LINES: u64 = 25;
/// The same, as a length.
const SHOWN: usize = 25;
/// Lines that are counted at the top of the first page; the most pressing are among them.
const COUNTED: u64 = 500;

/// The page.
#[derive(Debug, Template)]
#[template(path = "work.html")]
pub(crate) struct Work {
    pub(crate) shell: Shell,
    pub(crate) counts: Vec<Count>,
    pub(crate) rows: Vec<WorkRow>,
    pub(crate) pages: Pages,
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
    let limit = if number == 1 { COUNTED } else { LINES };
    let slice = Slice { offset: (number - 1).saturating_mul(LINES), limit };
    let found = app.store.my_work(&viewer.person, slice, now).await?;
    let mut shell = viewer.shell("My work");
    let done = asked.kind.as_deref().and_then(Kind::from_key).zip(asked.done);
    shell.notice = done.and_then(|(kind, act)| notice(kind, &act));
    page(&Work {
        shell,
        counts: if number == 1 { counts(&found.rows, found.total, now) } else { Vec::new() },
        rows: found.rows.iter().take(SHOWN).filter_map(|row| line(row, now)).collect(),
        pages: Pages::new("/", number, LINES, found.total),
    })
}

fn counts(rows: &[Row], total: u64, now: Timestamp) -> Vec<Count> {
    let having = |test: &dyn Fn(&pendeen_casework::record::Next) -> bool| {
        rows.iter().filter_map(|row| row.next.as_ref()).filter(|next| test(next)).count() as u64
    };
    let in_a_day = now.as_second() + 86_400;
    vec![
        Count::new(total, "for you to do"),
        Count::alarm(having(&|n| n.urgency == Urgency::Immediate), "child at immediate risk"),
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
