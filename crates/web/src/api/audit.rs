//! The audit log for programs of an auditor: entries, newest first, narrowed as on the page.
//!
//! Reading them is an entry itself. Refused, and noted: whoever is no auditor, as if there were
//! no such address.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use pendeen_casework::person::{PersonId, Role};
use pendeen_store::audit::{Entry, EntryFilter, Processing};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Audits;
use super::ask::{Asked, one_of, slice};
use super::problem::Problem;
use crate::app::App;
use crate::bearer::Bearer;
use crate::label;
use crate::pages::audit::people;

/// Which entries.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    person: Option<String>,
    record: Option<String>,
    number: Option<String>,
    action: Option<String>,
    processing: Option<String>,
    from: Option<String>,
    until: Option<String>,
    page: Option<u64>,
    size: Option<u64>,
}

impl Filter {
    fn wanted(&self) -> Result<EntryFilter, Problem> {
        let id = |name, sent: &Option<String>| {
            one_of(name, sent.as_deref(), "an id", |text| text.parse::<Uuid>().ok())
        };
        let moment = |name, sent: &Option<String>| {
            let wanted = "a time, such as 2026-11-25T09:30:00Z";
            one_of(name, sent.as_deref(), wanted, |text| text.parse::<Timestamp>().ok())
        };
        let processing = one_of("processing", self.processing.as_deref(), "1 to 7", |text| {
            text.parse().ok().and_then(Processing::from_code)
        })?;
        Ok(EntryFilter {
            record: id("record", &self.record)?,
            number: self.number.clone(),
            action: self.action.clone(),
            person: id("person", &self.person)?.map(PersonId),
            processing,
            from: moment("from", &self.from)?,
            until: moment("until", &self.until)?,
        })
    }
}

/// `GET /audit`.
pub(super) async fn list(
    State(app): State<App>,
    bearer: Bearer<Audits>,
    Asked(filter): Asked<Filter>,
) -> Result<Json<Value>, Problem> {
    let who = &bearer.person;
    if !who.is(Role::Auditor) {
        app.store.denied(who, "audit", None, app.now()).await?;
        return Err(Problem::missing());
    }
    let wanted = filter.wanted()?;
    let (number, slice) = slice(filter.page, filter.size)?;
    let (entries, total) = app.store.audit_entries(who, &wanted, slice, app.now()).await?;
    let names = people(&app).await?;
    Ok(Json(json!({
        "entries": entries.iter().map(|entry| told(entry, &names)).collect::<Vec<_>>(),
        "total": total,
        "page": number,
        "size": slice.limit,
        "more": slice.offset.saturating_add(slice.limit) < total,
        "label": label::json(who, &label::of_no_record(who, app.now())),
    })))
}

fn told(entry: &Entry, names: &HashMap<PersonId, String>) -> Value {
    let leaf = &entry.leaf;
    let who = match leaf.who {
        Some(PersonId::COMMAND_LINE) => "Command line",
        Some(id) => names.get(&id).map_or("An account that is gone", String::as_str),
        None => "Nobody signed in",
    };
    let values = entry.values.iter().map(|(name, value)| json!({ "name": name, "value": value }));
    json!({
        "entry": entry.seq,
        "at": leaf.at,
        "person": leaf.who.map(|id| id.0.to_string()),
        "who": who,
        "processing": leaf.processing.code(),
        "action": leaf.action,
        "recipient": leaf.recipient,
        "kind": leaf.kind.map(pendeen_casework::record::Kind::key),
        "record": leaf.record.map(|id| id.to_string()),
        "version": leaf.version,
        "values": values.collect::<Vec<_>>(),
    })
}
