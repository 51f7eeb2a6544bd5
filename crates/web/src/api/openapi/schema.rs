//! What goes in and comes out, as JSON Schema.

use pendeen_casework::force::FORCES;
use pendeen_casework::person::Role;
use pendeen_casework::record::Kind;
use pendeen_casework::record::mark::Mark;
use pendeen_store::account::token::Scope;
use pendeen_store::query::COUNTED;
use serde_json::{Map, Value, json};

use super::operation::schema_name;

/// A reference to a schema of the document.
pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Every schema by name.
pub(super) fn all() -> Value {
    let mut schemas = Map::new();
    let named = [
        ("Kind", one_of(Kind::ALL.iter().map(|kind| kind.key()))),
        ("ForceKey", force_key()),
        ("Role", one_of(Role::ALL.iter().map(|role| role.key()))),
        ("Mark", one_of(Mark::ALL.iter().map(|mark| mark.key()))),
        ("Problem", problem()),
        ("Me", me()),
        ("Next", next()),
        ("Row", row()),
        ("Rows", rows(reference("Row"))),
        ("Record", record()),
        ("History", history()),
        ("Relations", relations()),
        ("Form", form()),
        ("File", file()),
        ("Done", done()),
        ("Figures", figures()),
        ("Release", release()),
        ("Label", label()),
        ("Entries", entries()),
    ];
    schemas.extend(named.map(|(name, schema)| (name.to_owned(), schema)));
    for kind in Kind::ALL {
        let schema = json!({ "allOf": [reference("Record"), in_kind(*kind)] });
        schemas.insert(schema_name(*kind), schema);
    }
    Value::Object(schemas)
}

/// A page of records of one kind.
pub(super) fn rows_of(kind: Kind) -> Value {
    let of_kind = json!({ "properties": { "records": { "items": in_kind(kind) } } });
    json!({ "allOf": [reference("Rows"), of_kind] })
}

/// What is said of the records of one kind alone.
fn in_kind(kind: Kind) -> Value {
    let states = one_of(kind.states().iter().map(|state| state.key));
    json!({ "properties": { "kind": { "const": kind.key() }, "state": states } })
}

fn one_of<'a>(keys: impl Iterator<Item = &'a str>) -> Value {
    json!({ "type": "string", "enum": keys.collect::<Vec<_>>() })
}

fn force_key() -> Value {
    let mut schema = one_of(FORCES.iter().map(|force| force.key.as_str()));
    let names: Vec<String> =
        FORCES.iter().map(|force| format!("{} {}", force.key.as_str(), force.name)).collect();
    schema["description"] = names.join("; ").into();
    schema
}

/// An object with exactly these members.
fn exactly(properties: Value) -> Value {
    let required: Vec<&String> = properties.as_object().into_iter().flat_map(Map::keys).collect();
    json!({
        "type": "object", "required": required, "additionalProperties": false,
        "properties": properties,
    })
}

/// The same schema, or null.
fn or_null(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn moment() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn problem() -> Value {
    let errors = list(exactly(json!({ "field": text(), "problem": text() })));
    let changes = list(exactly(json!({
        "label": text(), "before": text(), "now": text(), "by": text(), "yours": text(),
    })));
    json!({
        "type": "object",
        "description": "A problem as RFC 9457 has it",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": { "type": "string", "format": "uri", "description": "Names the sort of problem" },
            "title": text(),
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string", "description": "What is wrong and what is wanted" },
            "error": { "type": "string", "description": "Of a token: as RFC 6750 has it" },
            "errors": { "description": "Fields and parameters that are not as wanted", "allOf": [errors] },
            "who": { "description": "The role that can supply what is missing", "allOf": [reference("Role")] },
            "current_version": { "type": "integer", "description": "Of a record that was changed since" },
            "changes": { "description": "What others changed since, beside what was sent", "allOf": [changes] },
            "number": text(),
            "erased_at": moment(),
            "erased_by": text(),
        },
    })
}

fn me() -> Value {
    exactly(json!({
        "person": text(),
        "roles": list(reference("Role")),
        "force": or_null(reference("ForceKey")),
        "token": { "type": "string", "format": "uuid" },
        "scopes": list(one_of(Scope::ALL.iter().map(|scope| scope.key()))),
    }))
}

fn next() -> Value {
    exactly(json!({
        "what": text(),
        "who": reference("Role"),
        "due": or_null(moment()),
        "urgency": one_of(["immediate", "very_high", "high", "medium", "low"].into_iter()),
    }))
}

/// What rows and records say alike.
fn standing() -> Value {
    json!({
        "kind": reference("Kind"),
        "id": { "type": "string", "format": "uuid" },
        "number": text(),
        "version": { "type": "integer", "minimum": 1 },
        "state": text(),
        "title": text(),
        "force": or_null(reference("ForceKey")),
        "in_operation": { "type": "boolean" },
        "restricted": {
            "description": "The role that alone may know of it, or circle; null where it is not restricted",
            "type": ["string", "null"],
        },
        "mark": reference("Mark"),
        "simulated": { "type": "boolean", "description": "Made by the demonstration" },
        "next": or_null(reference("Next")),
        "created": moment(),
        "updated": moment(),
    })
}

fn row() -> Value {
    exactly(standing())
}

fn rows(of: Value) -> Value {
    exactly(json!({
        "records": list(of),
        "total": { "type": "integer", "minimum": 0, "maximum": COUNTED + 1,
            "description": "How many records there are; the maximum says that there are more" },
        "page": count(),
        "size": count(),
        "more": { "type": "boolean", "description": "Whether there is a page after this one" },
        "mark": { "description": "The highest mark of the records", "allOf": [reference("Mark")] },
        "label": reference("Label"),
    }))
}

fn record() -> Value {
    let mut properties = standing();
    let detail =
        exactly(json!({ "label": text(), "text": text(), "guarded": { "type": "boolean" } }));
    properties["author"] = text();
    properties["details"] = list(detail);
    properties["documents"] = list(json!({ "type": "string", "description": "SHA-256" }));
    properties["acts"] = json!({
        "description": "What its person can do to it now",
        "type": "array", "items": text(),
    });
    exactly(properties)
}

fn history() -> Value {
    let lines = || list(text());
    let change = exactly(json!({ "label": text(), "from": lines(), "to": lines() }));
    let version = exactly(json!({
        "version": { "type": "integer", "minimum": 1 },
        "act": text(),
        "by": text(),
        "at": moment(),
        "why": { "type": ["string", "null"] },
        "changes": list(change),
    }));
    exactly(json!({ "versions": list(version) }))
}

fn relations() -> Value {
    let ends = || list(exactly(json!({ "role": text(), "record": reference("Row") })));
    exactly(json!({ "outgoing": ends(), "incoming": ends() }))
}

fn form() -> Value {
    exactly(json!({ "fields": { "type": "object", "additionalProperties": text() } }))
}

fn file() -> Value {
    let mut file = exactly(json!({
        "name": { "type": "string", "description": "What it is called" },
        "content": {
            "type": "string", "contentEncoding": "base64", "description": "Its bytes",
            "pattern": "^([A-Za-z0-9+/]{4})*$", "minLength": 4,
        },
    }));
    file["required"] = json!(["content"]);
    file
}

fn done() -> Value {
    exactly(json!({
        "kind": reference("Kind"),
        "id": { "type": "string", "format": "uuid" },
        "number": text(),
        "version": { "type": "integer", "minimum": 1 },
        "record": {
            "description": "As it now is; null where the token does not read or its person may not see it",
            "anyOf": [reference("Record"), { "type": "null" }],
        },
    }))
}

fn figures() -> Value {
    let figure = exactly(json!({
        "key": text(), "title": text(), "sentence": text(), "count": count(),
    }));
    exactly(json!({
        "as_at": moment(),
        "force": or_null(reference("ForceKey")),
        "part": one_of(crate::api::figures::PARTS.iter().map(|(key, _)| *key)),
        "figures": list(figure),
        "label": reference("Label"),
    }))
}

fn signed() -> Value {
    or_null(exactly(json!({ "by": text(), "at": moment() })))
}

/// What stands on everything that leaves.
fn label() -> Value {
    exactly(json!({
        "mark": { "description": "The highest mark of what is in it", "allOf": [reference("Mark")] },
        "restricted_to": { "description": "To whom what is in it is restricted", "type": "array", "items": text() },
        "given_to": text(),
        "at": moment(),
    }))
}

/// Entries of the audit log.
fn entries() -> Value {
    let value = exactly(json!({ "name": text(), "value": text() }));
    let entry = exactly(json!({
        "entry": count(), "at": moment(), "person": or_null(text()), "who": text(),
        "processing": { "type": "integer", "minimum": 0 }, "action": text(),
        "recipient": or_null(text()), "kind": or_null(reference("Kind")),
        "record": or_null(text()), "version": count(), "values": list(value),
    }));
    exactly(json!({
        "entries": list(entry), "total": count(), "page": count(), "size": count(),
        "more": { "type": "boolean" }, "label": reference("Label"),
    }))
}

fn release() -> Value {
    let amount = || json!({ "type": ["integer", "null"] });
    let row = exactly(json!({
        "whose": text(), "name": text(), "in_operation": amount(),
        "outside_operation": amount(), "together": amount(),
    }));
    let figure = json!({
        "type": "object",
        "required": ["key", "title", "sentence", "query", "rows"],
        "properties": {
            "key": text(), "title": text(), "sentence": text(), "rows": list(row),
            "query": { "description": "What was counted, as it was defined then" },
        },
    });
    exactly(json!({
        "release": text(), "title": text(), "state": text(), "as_at": moment(),
        "force": or_null(reference("ForceKey")), "threshold": count(), "left_out": text(),
        "figures_digest_sha256": text(), "figures": list(figure), "label": reference("Label"),
        "approved": signed(), "published": signed(),
    }))
}
