//! A record as lists and its own page show it.

use std::collections::HashMap;

use jiff::Timestamp;
use pendeen_casework::form::{Field, Fields, Input};
use pendeen_casework::record::mark::Mark;
use pendeen_casework::record::{AnyRecord, Detail, Head, Kind, Next, Restriction, Urgency};
use uuid::Uuid;

use super::{Anchor, Tag};
use crate::shell::force_name;
use crate::text::{self, Due};

/// The address of a record's page.
pub(crate) fn record_address(kind: Kind, id: Uuid) -> String {
    format!("/records/{}/{id}", kind.key())
}

/// One record in a list.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// Its page.
    pub href: String,
    /// How a form names it, at the version that the person saw.
    pub pick: String,
    /// Its number.
    pub number: String,
    /// What names it.
    pub title: String,
    /// Its state.
    pub state: Tag,
    /// Whose work it is.
    pub force: String,
    /// When its present version was made.
    pub updated: String,
    /// Made by the demonstration.
    pub simulated: bool,
    /// How it is to be handled, where not as the page says.
    pub mark: Option<&'static str>,
}

impl From<&pendeen_store::query::Row> for Row {
    fn from(row: &pendeen_store::query::Row) -> Self {
        Self {
            href: record_address(row.kind, row.id),
            pick: format!("{}:{}", row.id, row.version),
            number: row.number.clone(),
            title: row.title.clone(),
            state: Tag::state(&row.state),
            force: force_name(row.force),
            updated: text::moment(row.updated),
            simulated: row.simulated,
            mark: (row.mark != Mark::default()).then(|| row.mark.label()),
        }
    }
}

/// A labelled text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// The label.
    pub label: String,
    /// The text, split at line feeds.
    pub paragraphs: Vec<String>,
    /// Whether the text is a digest or key, shown in fixed width.
    pub digest: bool,
    /// Where the documents lie that the digests name.
    pub documents: Option<String>,
}

impl Line {
    /// A line; times and dates in `text` are spelt out.
    pub(crate) fn new(label: impl Into<String>, text: &str) -> Self {
        let digest = text.len() >= 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let paragraphs = text.lines().map(text::value).collect();
        Self { label: label.into(), paragraphs, digest, documents: None }
    }
}

/// A record's details as lines; neighbours with one label become one line.
fn lines(page: &str, details: &[Detail]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for detail in details {
        let line = Line::new(detail.label, &detail.text);
        match lines.last_mut() {
            Some(last) if last.label == line.label && last.digest == line.digest => {
                last.paragraphs.extend(line.paragraphs);
            }
            _ => lines.push(line),
        }
    }
    for line in &mut lines {
        if line.digest && names_documents(&line.label) {
            line.documents = Some(format!("{page}/documents"));
        }
    }
    lines
}

/// Whether digests under this label are those of documents in the document store.
pub(crate) fn names_documents(label: &str) -> bool {
    ["document", "bundle"].iter().any(|word| label.contains(word))
}

/// What was filled in for an act, with the labels of its fields. `names` tells what records
/// are called; one that the person may not see stays unnamed.
pub(crate) fn filled(fields: &Fields, spec: &[Field], names: &HashMap<Uuid, String>) -> Vec<Line> {
    let known = spec.iter().filter_map(|field| {
        let value = fields.get(field.name)?;
        Some(match field.input {
            Input::Tick => Line::new(field.label, "Yes"),
            Input::Choice(options) => {
                let label = options.iter().find(|(key, _)| *key == value).map_or(value, |(_, l)| l);
                Line::new(field.label, label)
            }
            Input::Force => {
                let force = pendeen_casework::force::ForceKey::parse(value);
                Line::new(field.label, force.map_or(value, |key| key.force().name))
            }
            Input::Moment => match fields.moment(field.name) {
                Ok(at) => Line::new(field.label, &text::moment(at)),
                Err(_) => Line::new(field.label, value),
            },
            Input::Record(kind) => {
                let name = value.parse().ok().and_then(|id: Uuid| names.get(&id));
                Line::new(field.label, name.map_or(kind.label(), String::as_str))
            }
            Input::AnyOf(_) => {
                let chosen = field.chosen(fields);
                let name = chosen.and_then(|(_, id)| names.get(&id));
                let kind = chosen.map_or("Record", |(kind, _)| kind.label());
                Line::new(field.label, name.map_or(kind, String::as_str))
            }
            Input::Person => Line::new(field.label, "A colleague, as the details say"),
            // A record that the program found: whether there is one may be what nobody must know.
            Input::System if value.parse::<Uuid>().is_ok() => return None,
            Input::System if value.starts_with(['{', '[']) => {
                Line::new(field.label, "Supplied by the program")
            }
            _ => Line::new(field.label, value),
        })
    });
    known.collect()
}

/// What must happen next, in words.
#[derive(Debug, Clone)]
pub(crate) struct NextView {
    /// The instruction.
    pub what: String,
    /// Whose it is.
    pub who: &'static str,
    /// By when.
    pub due: Option<Due>,
    /// How pressing.
    pub urgency: Tag,
    /// Late, or a child at immediate risk.
    pub alarm: bool,
}

/// `next` as seen at `now`.
pub(crate) fn next_view(next: &Next, now: Timestamp) -> NextView {
    let due = next.due.map(|at| Due::new(at, now));
    NextView {
        what: next.what.clone(),
        who: next.role.label(),
        alarm: next.urgency == Urgency::Immediate || due.as_ref().is_some_and(|due| due.late),
        due,
        urgency: Tag::urgency(next.urgency),
    }
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// What was done.
    pub title: String,
    /// Who did it.
    pub by: String,
    /// When, for a person.
    pub at: String,
    /// When, for a machine.
    pub machine: String,
    /// What was filled in.
    pub fields: Vec<Line>,
}

/// Records of one kind that belong to the one shown.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    /// What they are.
    pub heading: String,
    /// They.
    pub rows: Vec<Row>,
}

/// Everything that a record's page shows, whatever its kind.
#[derive(Debug, Clone)]
pub(crate) struct RecordView {
    /// The way here.
    pub crumbs: Vec<Anchor>,
    /// What kind it is.
    pub kind: &'static str,
    /// Its number.
    pub number: String,
    /// What names it.
    pub title: String,
    /// Its state.
    pub state: Tag,
    /// Who may know of it, if restricted.
    pub restricted: Option<String>,
    /// Whose, by whom, since when.
    pub byline: String,
    /// Made by the demonstration.
    pub simulated: bool,
    /// What must happen next.
    pub next: Option<NextView>,
    /// What is known.
    pub details: Vec<Line>,
    /// What this person can do to it now.
    pub acts: Vec<Anchor>,
    /// What this person can do to keep it right: correct it, move it, look what was changed.
    pub keeping: Vec<Anchor>,
    /// What this person can add to it.
    pub adds: Vec<Anchor>,
    /// What belongs to it.
    pub related: Vec<Group>,
    /// What happened to it, newest first.
    pub history: Vec<Event>,
}

impl RecordView {
    /// The view of a record with the details that the person may see, as yet without acts,
    /// relations and history.
    pub(crate) fn new(record: &AnyRecord, details: &[Detail], now: Timestamp) -> Self {
        let (kind, head) = (record.kind(), record.head());
        let list = Anchor::new(kind.plural(), format!("/records/{}", kind.key()));
        Self {
            crumbs: vec![Anchor::new("My work", "/"), list],
            kind: kind.label(),
            number: head.number.clone(),
            title: record.title(),
            state: Tag::state(record.state()),
            restricted: restricted(head),
            byline: byline(head),
            simulated: head.simulated,
            next: record.next().as_ref().map(|next| next_view(next, now)),
            details: lines(&record_address(kind, head.id), details),
            acts: Vec::new(),
            keeping: Vec::new(),
            adds: Vec::new(),
            related: Vec::new(),
            history: Vec::new(),
        }
    }
}

fn restricted(head: &Head) -> Option<String> {
    match head.restriction {
        Restriction::None => None,
        Restriction::Role(role) => Some(format!("Restricted: {} only", role.label())),
        Restriction::Circle(_) => Some("Restricted: one circle only".to_owned()),
    }
}

/// Whose, by whom, since when, and how it is to be handled.
fn byline(head: &Head) -> String {
    let operation =
        if head.operation.is_some() { "in the operation" } else { "outside an operation" };
    format!(
        "{}. {}, {operation}. Made by {} on {}; version {}, last changed {}.",
        head.mark,
        force_name(head.force),
        head.author_name,
        text::moment(head.created),
        head.version,
        text::moment(head.updated),
    )
}
