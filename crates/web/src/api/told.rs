//! Records as JSON: what their pages show to this person, in the words of their pages.
//!
//! In: what the store has handed out. Out: values whose shape `openapi` describes; a test holds
//! the two against each other through every answer of a run of schemathesis. Guarded lines are
//! there only for those who may see them, and nothing tells that there were any. A record says
//! whether it belongs to an operation and whether a circle knows of it, not which.

use jiff::Timestamp;
use pendeen_casework::export::Label;
use pendeen_casework::form::{Fields, Input};
use pendeen_casework::permission::{Action, decide};
use pendeen_casework::person::Person;
use pendeen_casework::record::{AnyRecord, Detail, Kind, Next, Restriction};
use pendeen_store::changes::VersionChanges;
use pendeen_store::document::DocumentDigest;
use pendeen_store::query::{Page, Row, Slice};
use pendeen_store::read::{RelatedRow, RelatedRows};
use serde_json::{Value, json};

use crate::label;
use crate::view::record::names_documents;

/// One part of a list; its mark is the highest of what it shows.
pub(super) fn page(
    (who, at): (&Person, Timestamp),
    found: &Page,
    (number, slice): (u64, Slice),
) -> Value {
    let held = found.rows.iter().map(|row| (row.mark, &row.restriction));
    let label = Label::of(who, at, held);
    json!({
        "records": found.rows.iter().map(row).collect::<Vec<_>>(),
        "total": found.total,
        "page": number,
        "size": slice.limit,
        "more": slice.offset.saturating_add(slice.limit) < found.total,
        "mark": label.mark.key(),
        "label": label::json(who, &label),
    })
}

/// A record in a list.
pub(super) fn row(row: &Row) -> Value {
    json!({
        "kind": row.kind.key(),
        "id": row.id,
        "number": row.number,
        "version": row.version,
        "state": row.state,
        "title": row.title,
        "force": row.force.map(pendeen_casework::force::ForceKey::as_str),
        "in_operation": row.operation.is_some(),
        "restricted": restricted(&row.restriction),
        "mark": row.mark.key(),
        "simulated": row.simulated,
        "next": row.next.as_ref().map(next),
        "created": row.created,
        "updated": row.updated,
    })
}

/// A record with its details, as far as `who` may see them, and what they can do to it now.
pub(super) fn record(who: &Person, record: &AnyRecord) -> Value {
    let (kind, head) = (record.kind(), record.head());
    let guarded = decide(who, Action::ViewGuarded, record).is_ok();
    let mut details = record.details();
    details.retain(|detail| guarded || !detail.guarded);
    json!({
        "kind": kind.key(),
        "id": head.id,
        "number": head.number,
        "version": head.version,
        "state": record.state(),
        "title": record.title(),
        "force": head.force.map(pendeen_casework::force::ForceKey::as_str),
        "in_operation": head.operation.is_some(),
        "restricted": restricted(&head.restriction),
        "mark": head.mark.key(),
        "simulated": head.simulated,
        "next": record.next().as_ref().map(next),
        "created": head.created,
        "updated": head.updated,
        "author": head.author_name,
        "details": details.iter().map(detail).collect::<Vec<_>>(),
        "documents": documents(record, &details),
        "acts": acts(who, record),
    })
}

fn detail(detail: &Detail) -> Value {
    json!({ "label": detail.label, "text": detail.text, "guarded": detail.guarded })
}

/// The digests of the documents that the record names: those in its details, and of a kept
/// document those of its versions, the newest first.
fn documents<'a>(record: &'a AnyRecord, details: &'a [Detail]) -> Vec<&'a str> {
    if let AnyRecord::Paper(paper) = record {
        return paper.versions.iter().rev().map(|version| version.document.as_str()).collect();
    }
    let named = details.iter().filter(|detail| names_documents(detail.label));
    named.map(|d| d.text.as_str()).filter(|text| DocumentDigest::parse(text).is_some()).collect()
}

/// The acts that the state and the rules allow this person now.
fn acts(who: &Person, record: &AnyRecord) -> Vec<&'static str> {
    let possible = record.kind().acts().iter().filter(|act| act.from.contains(&record.state()));
    let allowed = possible.filter(|act| decide(who, Action::Act(act.name), record).is_ok());
    allowed.map(|act| act.name).collect()
}

fn next(next: &Next) -> Value {
    json!({
        "what": next.what,
        "who": next.role.key(),
        "due": next.due,
        "urgency": next.urgency,
    })
}

fn restricted(restriction: &Restriction) -> Option<&'static str> {
    match restriction {
        Restriction::None => None,
        Restriction::Role(role) => Some(role.key()),
        Restriction::Circle(_) => Some("circle"),
    }
}

/// The versions of a record with what each says otherwise than the one before.
pub(super) fn history(versions: &[VersionChanges]) -> Value {
    let told = |told: &VersionChanges| {
        let version = &told.version;
        let changes = told
            .changes
            .iter()
            .map(|change| json!({ "label": change.label, "from": change.from, "to": change.to }));
        json!({
            "version": version.version,
            "act": version.act,
            "by": version.by_name,
            "at": version.at,
            "why": told.why,
            "changes": changes.collect::<Vec<_>>(),
        })
    };
    json!({ "versions": versions.iter().map(told).collect::<Vec<_>>() })
}

/// What a record belongs to and what belongs to it.
pub(super) fn relations(related: &RelatedRows) -> Value {
    let end = |related: &RelatedRow| json!({ "role": related.role, "record": row(&related.row) });
    json!({
        "outgoing": related.outgoing.iter().map(end).collect::<Vec<_>>(),
        "incoming": related.incoming.iter().map(end).collect::<Vec<_>>(),
    })
}

/// What a record was made with, as far as people gave it: what the program supplied is no part of
/// a correction, and of an access in an emergency it would tell whether the number led anywhere.
pub(super) fn form(kind: Kind, fields: &Fields) -> Value {
    let supplied = |name: &str| {
        kind.create_fields().iter().any(|f| f.name == name && f.input == Input::System)
    };
    let given = fields.iter().filter(|(name, _)| !supplied(name));
    json!({ "fields": given.collect::<std::collections::BTreeMap<_, _>>() })
}
