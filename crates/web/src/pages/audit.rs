//! Audit: who saw or did what, when, and whether the log is whole.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use pendeen_casework::person::{PersonId, Role};
use pendeen_store::audit::{AuditReport, Entry, EntryFilter, Processing};
use pendeen_store::query::Slice;
use serde::Deserialize;
use uuid::Uuid;

use crate::app::App;
use crate::error::{WebError, page};
use crate::request::Asked;
use crate::shell::Shell;
use crate::text;
use crate::view::{Choice, Pages};
use crate::viewer::Viewer;

/// Entries to a page.
const ENTRIES: u64 = 50;
/// A log of up to this many leaves is checked whenever the page is opened.
const CHECKED_ALWAYS: u64 = 50_000;

/// The page.
#[derive(Debug, Template)]
#[template(path = "audit.html")]
pub(crate) struct AuditPage {
    pub(crate) shell: Shell,
    pub(crate) verdict: Verdict,
    pub(crate) people: Vec<Choice>,
    pub(crate) kinds: Vec<Choice>,
    pub(crate) tally: String,
    pub(crate) rows: Vec<EntryRow>,
    pub(crate) pages: Pages,
}

/// Whether the log is whole.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    /// Every leaf follows the one before: how many, and the end of the chain.
    Whole(String, String),
    /// It breaks here.
    Broken(String),
    /// It is long: it is checked when asked.
    NotChecked,
}

/// One entry.
#[derive(Debug, Clone)]
pub(crate) struct EntryRow {
    /// Its number.
    pub seq: u64,
    /// When.
    pub at: String,
    /// Who.
    pub who: String,
    /// What sort of processing.
    pub kind: &'static str,
    /// What was done.
    pub action: String,
    /// The record that it is about, by kind and version, and all entries about it.
    pub about: Option<(String, String)>,
    /// What else is kept.
    pub values: Vec<(String, String)>,
}

/// What is wanted.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Filter {
    #[serde(default)]
    person: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    record: String,
    check: Option<String>,
    page: Option<u64>,
}

/// `GET /audit`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Asked(filter): Asked<Filter>,
) -> Result<Response, WebError> {
    let number = filter.page.unwrap_or(1).max(1);
    let slice = Slice { offset: (number - 1).saturating_mul(ENTRIES), limit: ENTRIES };
    let wanted = wanted(&filter);
    // The store refuses, and records, whoever is no auditor.
    let (entries, total) =
        app.store.audit_entries(&viewer.person, &wanted, slice, app.now()).await?;
    let names: HashMap<PersonId, String> = people(&app).await?;
    let address = format!(
        "/audit?person={}&kind={}&record={}",
        wanted.person.map(|id| id.0.to_string()).unwrap_or_default(),
        wanted.processing.map(|kind| kind.code().to_string()).unwrap_or_default(),
        wanted.record.map(|id| id.to_string()).unwrap_or_default(),
    );
    page(&AuditPage {
        shell: viewer.shell("Audit"),
        verdict: verdict(&app, filter.check.is_some(), CHECKED_ALWAYS).await?,
        people: choices(&names, &filter.person),
        kinds: Processing::ALL
            .into_iter()
            .map(|kind| Choice::new(kind.code().to_string(), kind.label(), &filter.kind))
            .collect(),
        tally: format!("{}, newest first.", entries_in_words(total)),
        rows: entries.into_iter().map(|entry| row(entry, &names)).collect(),
        pages: Pages::new(&address, number, ENTRIES, total),
    })
}

fn entries_in_words(total: u64) -> String {
    if total == 1 { "1 entry".to_owned() } else { format!("{} entries", text::count(total)) }
}

fn wanted(filter: &Filter) -> EntryFilter {
    EntryFilter {
        record: filter.record.parse::<Uuid>().ok(),
        person: filter.person.parse::<Uuid>().ok().map(PersonId),
        processing: filter.kind.parse::<u8>().ok().and_then(Processing::from_code),
        ..EntryFilter::default()
    }
}

async fn people(app: &App) -> Result<HashMap<PersonId, String>, WebError> {
    let accounts = app.store.people().await?;
    let named = accounts.into_iter().map(|account| {
        let roles: Vec<&str> = account.person.roles.iter().copied().map(Role::label).collect();
        (account.person.id, format!("{}, {}", account.person.name, roles.join(", ")))
    });
    Ok(named.collect())
}

fn choices(names: &HashMap<PersonId, String>, present: &str) -> Vec<Choice> {
    let mut choices: Vec<Choice> =
        names.iter().map(|(id, name)| Choice::new(id.0.to_string(), &**name, present)).collect();
    choices.sort_by(|a, b| a.label.cmp(&b.label));
    choices
}

/// Whether the log is whole; one of more than `always` leaves is walked only when that is asked for, whatever part of
/// it the page shows.
pub(crate) async fn verdict(app: &App, asked: bool, always: u64) -> Result<Verdict, WebError> {
    if !asked && app.store.audit_count().await? > always {
        return Ok(Verdict::NotChecked);
    }
    let AuditReport { count, head, first_break } = app.store.audit_verify().await?;
    Ok(match first_break {
        None => Verdict::Whole(text::count(count), hex::encode(head)),
        Some(at) => Verdict::Broken(format!("entry {}: {}", text::count(at.seq), at.what)),
    })
}

/// What a list was asked for, without the parts that asked for nothing; other values stay.
fn asked(value: String) -> String {
    let Ok(serde_json::Value::Object(parts)) = serde_json::from_str(&value) else { return value };
    let said = parts.into_iter().filter_map(|(name, part)| match part {
        serde_json::Value::String(text) if !text.is_empty() => Some(format!("{name} {text}")),
        serde_json::Value::Array(all) if !all.is_empty() => {
            let all: Vec<String> = all
                .iter()
                .map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
                .collect();
            Some(format!("{name} {}", all.join(", ")))
        }
        _ => None,
    });
    said.collect::<Vec<_>>().join("; ")
}

fn row(entry: Entry, names: &HashMap<PersonId, String>) -> EntryRow {
    let leaf = entry.leaf;
    let who = match leaf.who {
        Some(PersonId::COMMAND_LINE) => "Command line".to_owned(),
        Some(id) => names.get(&id).cloned().unwrap_or_else(|| "An account that is gone".to_owned()),
        None => "Nobody signed in".to_owned(),
    };
    let about = leaf.kind.zip(leaf.record).map(|(kind, id)| {
        let version =
            if leaf.version > 0 { format!(", version {}", leaf.version) } else { String::new() };
        (format!("{}{version}", kind.label()), format!("/audit?record={id}"))
    });
    EntryRow {
        seq: entry.seq,
        at: text::moment(leaf.at),
        who,
        kind: leaf.processing.label(),
        action: text::words(&leaf.action),
        about,
        values: entry.values.into_iter().map(|(name, value)| (name, asked(value))).collect(),
    }
}
