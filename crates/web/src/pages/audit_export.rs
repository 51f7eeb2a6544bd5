//! Entries of the log given out, for a subject-access or professional-standards request.
//!
//! In: what is wanted, as on the audit page, to whom it goes and why. Out: a CSV file or a page
//! to print, with the checkpoint it was taken at and the digest of the CSV; released after the
//! leaf that says so, with the recipient and that digest, is committed. Refused: whoever is no
//! auditor, nobody to give it to, no reason.

use askama::Template;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use pendeen_casework::person::Role;
use pendeen_store::audit::witness;
use pendeen_store::audit::{Entry, Recipient};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::audit::{EntryRow, Filter, entries_in_words, people, row};
use crate::app::App;
use crate::csv::line;
use crate::error::{WebError, page};
use crate::label;
use crate::request::SentAs;
use crate::shell::Shell;
use crate::text;
use crate::viewer::Viewer;

/// The page to print.
#[derive(Debug, Template)]
#[template(path = "audit_export.html")]
pub(crate) struct ExportPage {
    pub(crate) shell: Shell,
    pub(crate) recipient: String,
    pub(crate) reason: String,
    pub(crate) taken: String,
    pub(crate) checkpoint: String,
    pub(crate) digest: String,
    pub(crate) tally: String,
    pub(crate) rows: Vec<EntryRow>,
    pub(crate) label: String,
}

/// What is to be given out.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    #[serde(flatten)]
    filter: Filter,
    #[serde(default)]
    recipient: String,
    #[serde(default)]
    reason: String,
    /// `csv`, or else a page.
    #[serde(default)]
    form: String,
}

/// `POST /audit/export`.
pub(crate) async fn export(
    State(app): State<App>,
    viewer: Viewer,
    request: Request,
) -> Result<Response, WebError> {
    // Decided before the form is read: what is wrong with it is told to an auditor alone.
    if !viewer.person.is(Role::Auditor) {
        app.store.denied(&viewer.person, "audit", None, app.now()).await?;
        return Err(WebError::NotFound);
    }
    let SentAs(wanted) = SentAs::<Wanted>::from_request(request, &app).await?;
    let (recipient, reason) = (wanted.recipient.trim(), wanted.reason.trim());
    if recipient.is_empty() || reason.is_empty() {
        let problem = "say to whom the entries go and which request they answer";
        return Err(WebError::Unreadable(problem.to_owned()));
    }
    let names = people(&app).await?;
    let told = |entries: &[Entry]| -> Vec<EntryRow> {
        entries.iter().cloned().map(|entry| row(entry, &names)).collect()
    };
    let to = Recipient { name: recipient, reason };
    let label = label::of_no_record(&viewer.person, app.now());
    // It goes to somebody else, unlike other files.
    let taken = text::moment(label.at);
    let whose = format!("Given to {recipient} by {}, {taken}", viewer.person.name);
    let above = label::first_line_of(&whose, &label);
    let digest = |entries: &[Entry]| digest(&csv(&above, &told(entries)));
    let entries = app
        .store
        .audit_export(&viewer.person, &wanted.filter.wanted(), &to, digest, app.now())
        .await?;
    let rows = told(&entries);
    let csv = csv(&above, &rows);
    if wanted.form == "csv" {
        return file(csv);
    }
    page(&ExportPage {
        shell: viewer.shell("Entries of the audit log"),
        recipient: recipient.to_owned(),
        reason: reason.to_owned(),
        taken: text::moment(app.now()),
        checkpoint: checkpoint(&app),
        digest: self::digest(&csv),
        tally: entries_in_words(u64::try_from(rows.len()).unwrap_or(u64::MAX)),
        rows,
        label: label::sentence(&whose, &label),
    })
}

/// The newest checkpoint, as its signed note.
fn checkpoint(app: &App) -> String {
    match witness::newest_note(&app.checkpoints) {
        Ok(Some((_, note))) => note,
        _ => "none: no checkpoint is kept outside the database".to_owned(),
    }
}

fn digest(csv: &str) -> String {
    hex::encode(Sha256::digest(csv))
}

fn file(csv: String) -> Result<Response, WebError> {
    let name = format!("attachment; filename=\"audit-{}.csv\"", digest(&csv));
    let name = HeaderValue::from_str(&name).map_err(|e| WebError::Internal(e.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, csv).into_response())
}

fn csv(above: &str, rows: &[EntryRow]) -> String {
    let head = ["entry", "when", "who", "processing", "what", "recipient", "about", "values"];
    let mut csv = above.to_owned() + &line(&head);
    for row in rows {
        let values: Vec<String> =
            row.values.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        csv.push_str(&line(&[
            &row.seq.to_string(),
            &row.at,
            &row.who,
            row.kind,
            &row.action,
            row.recipient.as_deref().unwrap_or_default(),
            row.about.as_ref().map_or("", |(words, _)| words),
            &values.join("\n"),
        ]));
    }
    csv
}
