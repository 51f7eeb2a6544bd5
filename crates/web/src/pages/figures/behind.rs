//! The records behind a number: a list, and the same as CSV, of those that the viewer may see.
//!
//! Nothing here says how many there are that the viewer may not see; both are in the audit log.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use pendeen_casework::export::Label;
use pendeen_casework::figure::{Figure, Part, Scope};
use pendeen_casework::force::ForceKey;
use pendeen_store::query::Slice;
use serde::Deserialize;

use super::{asked_moment, only_for_readers};
use crate::app::App;
use crate::csv::line;
use crate::error::{WebError, page};
use crate::label;
use crate::request::{Asked, page_number};
use crate::shell::{Shell, force_name};
use crate::text;
use crate::view::{Pages, Row};
use crate::viewer::Viewer;

/// Rows to a page.
const ROWS: u64 = 50;
/// Rows to a CSV file at most, which says so where it ends there.
const MOST: u64 = 100_000;

/// The page.
#[derive(Debug, Template)]
#[template(path = "figures_behind.html")]
pub(crate) struct BehindPage {
    pub(crate) shell: Shell,
    pub(crate) sentence: &'static str,
    pub(crate) scope: String,
    pub(crate) tally: String,
    pub(crate) csv: String,
    pub(crate) rows: Vec<Row>,
    pub(crate) pages: Pages,
}

/// Which number.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filter {
    #[serde(default)]
    force: String,
    #[serde(default)]
    part: String,
    #[serde(default)]
    as_at: String,
    #[serde(default, deserialize_with = "page_number")]
    page: Option<u64>,
}

/// A number, understood.
struct Number {
    figure: &'static Figure,
    scope: Scope,
    at: Option<Timestamp>,
    asked: String,
    words: String,
}

/// `GET /figures/behind/{figure}`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Path(key): Path<String>,
    Asked(filter): Asked<Filter>,
) -> Result<Response, WebError> {
    let number = number(&app, &viewer, &key, &filter).await?;
    let at_page = filter.page.unwrap_or(1).max(1);
    let slice = Slice { offset: (at_page - 1).saturating_mul(ROWS), limit: ROWS };
    let which = (number.figure, &number.scope, number.at);
    let found = app.store.behind(&viewer.person, which, slice, viewer.reason(), app.now()).await?;
    let address = format!("{}?{}", viewer.path, number.asked);
    page(&BehindPage {
        shell: viewer.shell(number.figure.title).marked(found.rows.iter().map(|row| row.mark)),
        sentence: number.figure.sentence,
        scope: number.words,
        tally: match found.total {
            1 => "1 record that you may see.".to_owned(),
            some => format!("{} records that you may see.", text::total(some)),
        },
        csv: format!("/figures/behind/{key}/csv?{}", number.asked),
        rows: found.rows.iter().map(Row::from).collect(),
        pages: Pages::new(&address, at_page, ROWS, found.total),
    })
}

/// `GET /figures/behind/{figure}/csv`.
pub(crate) async fn csv(
    State(app): State<App>,
    viewer: Viewer,
    Path(key): Path<String>,
    Asked(filter): Asked<Filter>,
) -> Result<Response, WebError> {
    let number = number(&app, &viewer, &key, &filter).await?;
    let which = (number.figure, &number.scope, number.at);
    let slice = Slice { offset: 0, limit: MOST };
    let found = app.store.behind(&viewer.person, which, slice, viewer.reason(), app.now()).await?;
    let held = found.rows.iter().map(|row| (row.mark, &row.restriction));
    let label = Label::of(&viewer.person, app.now(), held);
    let mut csv = label::first_line(&viewer.person, &label);
    csv.push_str(&line(&["number", "kind", "what", "state", "force", "made", "last change"]));
    for row in &found.rows {
        csv.push_str(&line(&[
            &row.number,
            row.kind.label(),
            &row.title,
            &text::words(&row.state),
            &force_name(row.force),
            &row.created.to_string(),
            &row.updated.to_string(),
        ]));
    }
    if found.total > MOST {
        csv.push_str(&line(&[&format!("The first {} records", text::count(MOST))]));
    }
    file(&format!("{key}.csv"), "text/csv; charset=utf-8", csv)
}

/// A file to save. `name` is made of letters, digits, dots and hyphens.
pub(super) fn file(
    name: &str,
    media_type: &'static str,
    content: String,
) -> Result<Response, WebError> {
    let name = format!("attachment; filename=\"{name}\"");
    let name = HeaderValue::from_str(&name).map_err(|e| WebError::Internal(e.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, content).into_response())
}

async fn number(
    app: &App,
    viewer: &Viewer,
    key: &str,
    filter: &Filter,
) -> Result<Number, WebError> {
    let bound = only_for_readers(app, &viewer.person).await?;
    let figure = Figure::from_key(key).ok_or(WebError::NotFound)?;
    let force = bound.or_else(|| ForceKey::parse(&filter.force));
    let (part, key, words) = match filter.part.as_str() {
        "inside" => (Part::InsideAny, "inside", "in the operation"),
        "outside" => (Part::Outside, "outside", "outside the operation"),
        _ => (Part::All, "", "in the operation and outside"),
    };
    let at = asked_moment(&filter.as_at)?;
    let as_at = at.map(|at| at.to_string()).unwrap_or_default();
    Ok(Number {
        figure,
        scope: Scope { force, part },
        at,
        asked: format!("force={}&part={key}&as_at={as_at}", force.map_or("", ForceKey::as_str)),
        words: format!(
            "{}, {words}, as at {}",
            force.map_or("All forces", |force| force.force().name),
            text::moment(at.unwrap_or_else(|| app.now()))
        ),
    })
}
