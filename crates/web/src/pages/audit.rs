//! Audit: who saw or did what, when, and whether the log is whole.
//!
//! In: what is wanted, by person, record, kind of processing, action and period. Out: entries,
//! newest first; above them the verdict over the log and how old the last checkpoint outside the
//! database is. For an auditor only; the store refuses, and notes, everybody else. Giving entries
//! out stands in `audit_export`.

use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use pendeen_casework::person::{PersonId, Role};
use pendeen_store::audit::witness::{self, WINDOW};
use pendeen_store::audit::{AuditReport, Entry, EntryFilter, Processing};
use pendeen_store::owed::Owed;
use pendeen_store::query::Slice;
use serde::Deserialize;
use uuid::Uuid;

use crate::app::App;
use crate::error::{WebError, page};
use crate::request::{Asked, page_number};
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
    pub(crate) outside: Outside,
    pub(crate) people: Vec<Choice>,
    pub(crate) kinds: Vec<Choice>,
    pub(crate) filter: Filter,
    pub(crate) owed: Vec<OwedRow>,
    pub(crate) tally: String,
    pub(crate) rows: Vec<EntryRow>,
    pub(crate) pages: Pages,
}

/// Whether the log is whole.
#[derive(Debug, Clone)]
pub(crate) enum Verdict {
    /// Every leaf follows the one before: how many, and the end of the chain.
    Whole(String, String),
    /// It does not hold: where, or what is wrong.
    Broken(String),
    /// It is long: it is checked when asked.
    NotChecked,
}

/// What stands outside the database.
#[derive(Debug, Clone)]
pub(crate) struct Outside {
    /// In words.
    pub words: String,
    /// It is older than it may be.
    pub late: bool,
}

/// A reason that somebody owes.
#[derive(Debug, Clone)]
pub(crate) struct OwedRow {
    /// Who.
    pub who: String,
    /// Since when.
    pub since: String,
    /// All entries about what was opened; none for lists and searches.
    pub href: Option<String>,
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
    /// To whom, for a disclosure.
    pub recipient: Option<String>,
    /// The record that it is about, by kind and version, and all entries about it.
    pub about: Option<(String, String)>,
    /// What else is kept.
    pub values: Vec<(String, String)>,
}

/// What is wanted.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Filter {
    #[serde(default)]
    pub(crate) person: String,
    #[serde(default)]
    pub(crate) kind: String,
    /// An identifier: what a link asks for.
    #[serde(default)]
    pub(crate) record: String,
    /// What people call the record.
    #[serde(default)]
    pub(crate) number: String,
    #[serde(default)]
    pub(crate) action: String,
    /// The first day.
    #[serde(default)]
    pub(crate) from: String,
    /// The last day.
    #[serde(default)]
    pub(crate) until: String,
    /// The whole log is to be checked, however long.
    pub(crate) check: Option<String>,
    /// From 1.
    #[serde(default, deserialize_with = "page_number")]
    pub(crate) page: Option<u64>,
}

/// `GET /audit`.
pub(crate) async fn show(
    State(app): State<App>,
    viewer: Viewer,
    Asked(filter): Asked<Filter>,
) -> Result<Response, WebError> {
    let number = filter.page.unwrap_or(1).max(1);
    let slice = Slice { offset: (number - 1).saturating_mul(ENTRIES), limit: ENTRIES };
    // The store refuses, and records, whoever is no auditor.
    let (entries, total) =
        app.store.audit_entries(&viewer.person, &filter.wanted(), slice, app.now()).await?;
    let names: HashMap<PersonId, String> = people(&app).await?;
    let address = filter.address();
    let owed = app.store.reasons_owed_by_all().await?;
    page(&AuditPage {
        shell: viewer.shell("Audit"),
        verdict: verdict(&app, filter.check.is_some(), CHECKED_ALWAYS).await?,
        outside: outside(&app).await?,
        people: choices(&names, &filter.person),
        kinds: Processing::ALL
            .into_iter()
            .map(|kind| Choice::new(kind.code().to_string(), kind.label(), &filter.kind))
            .collect(),
        filter,
        owed: owed.into_iter().map(|owed| owed_row(owed, &names)).collect(),
        tally: format!("{}, newest first.", entries_in_words(total)),
        rows: entries.into_iter().map(|entry| row(entry, &names)).collect(),
        pages: Pages::new(&address, number, ENTRIES, total),
    })
}

fn owed_row(owed: Owed, names: &HashMap<PersonId, String>) -> OwedRow {
    OwedRow {
        who: names.get(&owed.whose).cloned().unwrap_or_default(),
        since: text::moment(owed.since),
        href: (!owed.matter.is_nil()).then(|| format!("/audit?record={}", owed.matter)),
    }
}

/// A number of entries, in words.
pub(crate) fn entries_in_words(total: u64) -> String {
    if total == 1 { "1 entry".to_owned() } else { format!("{} entries", text::total(total)) }
}

impl Filter {
    /// What the store is asked for; what cannot be read narrows nothing.
    pub(crate) fn wanted(&self) -> EntryFilter {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        EntryFilter {
            record: self.record.parse::<Uuid>().ok(),
            number: given(&self.number),
            action: given(&self.action),
            person: self.person.parse::<Uuid>().ok().map(PersonId),
            processing: self.kind.parse::<u8>().ok().and_then(Processing::from_code),
            from: morning(&self.from, 0),
            until: morning(&self.until, 1),
        }
    }

    fn address(&self) -> String {
        let parts = [
            ("person", &self.person),
            ("kind", &self.kind),
            ("record", &self.record),
            ("number", &self.number),
            ("action", &self.action),
            ("from", &self.from),
            ("until", &self.until),
        ];
        let parts: Vec<String> = parts
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{name}={}", encoded(value)))
            .collect();
        format!("/audit?{}", parts.join("&"))
    }
}

/// A value as an address takes it.
fn encoded(value: &str) -> String {
    askama::filters::urlencode(value).map(|encoded| encoded.to_string()).unwrap_or_default()
}

/// When a day, or the one `after` days later, begins in the United Kingdom.
fn morning(day: &str, after: i64) -> Option<Timestamp> {
    let day = day.trim().parse::<Date>().ok()?.checked_add(after.days()).ok()?;
    Some(day.in_tz("Europe/London").ok()?.timestamp())
}

/// The accounts by name.
pub(crate) async fn people(app: &App) -> Result<HashMap<PersonId, String>, WebError> {
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

/// Whether the log is whole, in itself and against what stands outside; one of more than
/// `always` leaves is walked only when that is asked for, whatever part of it the page shows.
pub(crate) async fn verdict(app: &App, asked: bool, always: u64) -> Result<Verdict, WebError> {
    if !asked && app.store.audit_count().await? > always {
        return Ok(Verdict::NotChecked);
    }
    let found = if witness::verifying(&app.checkpoints).is_ok() {
        match app.store.audit_verify_against(&app.checkpoints).await {
            Ok(found) => found,
            Err(error) => return Ok(Verdict::Broken(format!("the checkpoints: {error}"))),
        }
    } else {
        app.store.audit_verify().await?
    };
    let whole = found.whole();
    let AuditReport { count, head, first_break, problems, .. } = found;
    Ok(match first_break {
        Some(at) => Verdict::Broken(format!("entry {}: {}", text::count(at.seq), at.what)),
        None if whole => Verdict::Whole(text::count(count), hex::encode(head)),
        None => Verdict::Broken(problems.join("; ")),
    })
}

/// The last checkpoint's age, and what it does not cover yet.
async fn outside(app: &App) -> Result<Outside, WebError> {
    let newest = witness::verifying(&app.checkpoints)
        .and_then(|key| witness::newest(&app.checkpoints, &key));
    let window = WINDOW.as_secs();
    let Ok(Some(last)) = newest else {
        let words = format!(
            "No checkpoint is kept outside the database yet: who may write every table could \
             rewrite the log unseen. While pages are served, one is made within {window} seconds."
        );
        return Ok(Outside { words, late: true });
    };
    let uncovered = app.store.audit_count().await?.saturating_sub(last.size);
    let age = app.now().duration_since(last.at);
    let words = format!(
        "Last checkpoint outside the database: {}, {}, over {}; {} since then. A new entry is \
         under one within {window} seconds.",
        text::moment(last.at),
        text::ago(last.at, app.now()),
        entries_in_words(last.size),
        entries_in_words(uncovered),
    );
    Ok(Outside { words, late: uncovered > 0 && age > WINDOW })
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

/// An entry in words.
pub(crate) fn row(entry: Entry, names: &HashMap<PersonId, String>) -> EntryRow {
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
        recipient: leaf.recipient,
        about,
        values: entry
            .values
            .into_iter()
            .map(|(name, value)| (name, asked(value)))
            .filter(|(_, value)| !value.is_empty())
            .collect(),
    }
}
