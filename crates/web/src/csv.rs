//! Tables as CSV: cells in quotes (RFC 4180), none of them a formula; and any list of records as
//! such a file.
//!
//! In: what a list asks for. Out: a file that is written while it is read, of what the person may
//! see and no more, up to [`MOST`] records. Its first line carries the highest handling mark of
//! what it holds, whose it is and to whom it is restricted; each record carries its own; its last
//! line tells how many there are, so that a file that was cut off shows. It is never kept here:
//! it goes to who asked, and the log says so ([`pendeen_store::export`]).

use std::collections::HashMap;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use pendeen_casework::record::Kind;
use pendeen_store::export::{Export, MOST};
use pendeen_store::query::{Query, Row, Slice};
use uuid::Uuid;

use crate::app::App;
use crate::error::WebError;
use crate::label;
use crate::shell::force_name;
use crate::text;
use crate::viewer::Viewer;

/// Operations whose names are told.
const OPERATIONS: u64 = 1_000;

/// One line of a file.
pub(crate) fn line(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    format!("{}\r\n", cells.join(","))
}

/// A cell in quotes, and no formula: a spreadsheet would run what begins so.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, cell.replace('"', "\"\""))
}

/// What stands above every record.
const HEAD: [&str; 16] = [
    "number",
    "kind",
    "what",
    "state",
    "force",
    "operation",
    "waits for",
    "what is next",
    "due",
    "urgency",
    "by name",
    "handling",
    "restricted to",
    "simulated",
    "made",
    "last change",
];

/// The names behind identifiers: operations that the person may see, and colleagues.
struct Names {
    operations: HashMap<Uuid, String>,
    people: HashMap<Uuid, String>,
}

/// Where a file stands.
enum Part {
    First(Names, Box<Export>, String),
    Rows(Names, Box<Export>, u64),
    Over,
}

/// The whole list that `query` asks for, whatever its page, as a file of this name, made of
/// letters and hyphens.
pub(crate) async fn of_list(
    app: &App,
    viewer: &Viewer,
    name: &str,
    query: &Query,
) -> Result<Response, WebError> {
    let export = app.store.export(&viewer.person, query, app.now()).await?;
    of_export(app, viewer, name, export).await
}

/// What is given out, as a file of this name.
pub(crate) async fn of_export(
    app: &App,
    viewer: &Viewer,
    name: &str,
    export: Export,
) -> Result<Response, WebError> {
    let names = names(app, viewer).await?;
    let above = label::first_line(&viewer.person, &export.label) + &line(&HEAD);
    let mark = export.label.mark.key().replace('_', "-");
    let parts = stream::unfold(Part::First(names, Box::new(export), above), |part| async {
        next(part).await.transpose().map(|told| match told {
            Ok((text, part)) => (Ok(text), part),
            Err(error) => {
                tracing::error!(%error, "a list could not be given out to its end");
                (Err(error), Part::Over)
            }
        })
    });
    let name = format!("attachment; filename=\"{name}-{mark}.csv\"");
    let name = HeaderValue::from_str(&name).map_err(|e| WebError::Internal(e.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, Body::from_stream(parts)).into_response())
}

/// The next piece of text, and what comes after it.
async fn next(part: Part) -> Result<Option<(String, Part)>, pendeen_store::StoreError> {
    match part {
        Part::First(names, export, above) => Ok(Some((above, Part::Rows(names, export, 0)))),
        Part::Rows(names, mut export, told) => match export.part().await? {
            Some(rows) => {
                let text = rows.iter().map(|row| record(row, &names)).collect();
                let told = told + u64::try_from(rows.len()).unwrap_or(u64::MAX);
                Ok(Some((text, Part::Rows(names, export, told))))
            }
            None => Ok(Some((foot(&export, told), Part::Over))),
        },
        Part::Over => Ok(None),
    }
}

fn foot(export: &Export, told: u64) -> String {
    let mut end = format!("End: {}", text::plural(told, "record"));
    if export.total > MOST {
        end += &format!(" of {}, more than one file holds", text::count(export.total));
    }
    if export.left_out > 0 {
        end += &format!("; {} changed meanwhile and left out", text::count(export.left_out as u64));
    }
    line(&[&end])
}

fn record(row: &Row, names: &Names) -> String {
    let next = row.next.as_ref();
    let named = |names: &HashMap<Uuid, String>, id: Option<Uuid>| {
        id.and_then(|id| names.get(&id).cloned()).unwrap_or_default()
    };
    line(&[
        &row.number,
        row.kind.label(),
        &row.title,
        &text::words(&row.state),
        &force_name(row.force),
        &named(&names.operations, row.operation),
        next.map_or("", |next| next.role.label()),
        next.map_or("", |next| &next.what),
        &next.and_then(|next| next.due).map(|due| due.to_string()).unwrap_or_default(),
        &next.map(|next| crate::view::Tag::urgency(next.urgency).text).unwrap_or_default(),
        &named(&names.people, row.assigned.map(|person| person.0)),
        row.mark.label(),
        &label::restriction(&row.restriction),
        if row.simulated { "yes" } else { "" },
        &row.created.to_string(),
        &row.updated.to_string(),
    ])
}

async fn names(app: &App, viewer: &Viewer) -> Result<Names, WebError> {
    let people = app.store.people().await?;
    Ok(Names {
        operations: operations(app, viewer).await?.into_iter().collect(),
        people: people.into_iter().map(|one| (one.person.id.0, one.person.name)).collect(),
    })
}

/// The operations that the person may see, by name.
pub(crate) async fn operations(
    app: &App,
    viewer: &Viewer,
) -> Result<Vec<(Uuid, String)>, WebError> {
    let query = Query {
        page: Slice { offset: 0, limit: OPERATIONS },
        order: pendeen_store::query::Sort::Title,
        ..Query::of(Kind::Operation)
    };
    let found = app.store.list(&viewer.person, &query, app.now()).await?;
    Ok(found.rows.into_iter().map(|row| (row.id, row.title)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_a_spreadsheet_would_run_is_text() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"] {
            assert_eq!(quoted(cell), format!("\"'{cell}\""));
        }
        assert_eq!(quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
        assert_eq!(line(&["a", ""]), "\"a\",\"\"\r\n");
    }
}
