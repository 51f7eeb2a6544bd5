//! The addresses of the API: what each is for, which scope it takes, what it asks and answers.

use pendeen_casework::figure::FIGURES;
use pendeen_casework::form::Field;
use pendeen_casework::record::{Act, Kind};
use pendeen_store::account::token::Scope;
use pendeen_store::audit::Processing;
use serde_json::{Map, Value, json};

use super::schema::{reference, rows_of};
use crate::api::ask::{KEY, KEY_LENGTH, LAST_PAGE, MOST_ROWS, REASON, REASON_LENGTH, ROWS};
use crate::api::problem::MEDIA_TYPE;
use crate::api::{field, figures, read, write};

/// A record by its id or its number.
const ID: &str = "^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[A-Z]{3}-[0-9A-Z]{5}-[0-9A-Z]{5})$";
/// A figures release by its number.
const RELEASE: &str = "^FIG-[0-9A-Z]{5}-[0-9A-Z]{5}$";

/// Every address with its operations.
pub(super) fn paths() -> Value {
    let mut paths = Map::new();
    let mut add = |path: String, operations: Value| paths.insert(path, operations);
    add("/openapi.json".to_owned(), json!({ "get": itself() }));
    add("/me".to_owned(), json!({ "get": get("me", "Whose token it is", None, "Me") }));
    let mut work =
        get("work", "What its person has to do, most pressing first", Scope::Read, "Rows");
    work["parameters"] = json!(paging());
    add("/work".to_owned(), json!({ "get": work }));
    add("/search".to_owned(), json!({ "get": search() }));
    for kind in Kind::ALL {
        for (path, operations) in of_kind(*kind) {
            add(path, operations);
        }
    }
    for (path, operations) in of_records().into_iter().chain(of_figures()).chain([of_the_log()]) {
        add(path, operations);
    }
    Value::Object(paths)
}

/// An operation that reads.
fn get(id: &str, summary: &str, scope: impl Into<Option<Scope>>, schema: &str) -> Value {
    let mut operation = json!({
        "operationId": id,
        "summary": summary,
        "responses": answers("200", reference(schema)),
    });
    if let Some(scope) = scope.into() {
        operation["security"] = json!([{ "token": [scope.key()] }]);
    }
    operation
}

/// The answer that goes well, and all others.
fn answers(status: &str, schema: Value) -> Value {
    let well = json!({
        "description": "As asked",
        "content": { "application/json": { "schema": schema } },
    });
    json!({ status: well, "4XX": { "$ref": "#/components/responses/Problem" } })
}

fn itself() -> Value {
    json!({
        "operationId": "openapi",
        "summary": "This document",
        "security": [],
        "responses": answers("200", json!({ "type": "object" })),
    })
}

fn search() -> Value {
    let summary = "Records by words in their number, title or properties, best first";
    let mut search = get("search", summary, Scope::Read, "Rows");
    let word = json!({ "type": "string", "pattern": r"\S" });
    let kind = query("kind", "Among records of this kind", reference("Kind"), false);
    let words = query("q", "The words; spelling need not be exact", word, true);
    let rest = paging().into_iter().chain([parameter("reason")]);
    search["parameters"] = [words, kind].into_iter().chain(rest).collect();
    search
}

/// The addresses of one kind: its list, making one, one of them, and its acts.
fn of_kind(kind: Kind) -> Vec<(String, Value)> {
    let (key, label) = (kind.key(), kind.label());
    let path = format!("/records/{key}");
    let mut list = get(&format!("list_{key}"), kind.plural(), Scope::Read, "Rows");
    list["parameters"] = filters(kind);
    list["responses"] = answers("200", rows_of(kind));
    let mut view = get(&format!("view_{key}"), label, Scope::Read, &schema_name(kind));
    view["parameters"] = json!([parameter("id"), parameter("reason")]);
    let mut create = form(&format!("create_{key}"), &format!("Make: {label}"), "201", kind);
    create["parameters"] = json!([parameter("key")]);
    create["requestBody"] = body(kind.create_fields(), None);
    create["responses"]["200"] = json!({ "$ref": "#/components/responses/Again" });
    create["responses"]["201"]["links"] = links(kind);
    let mut paths = vec![
        (path.clone(), json!({ "get": list, "post": create })),
        (format!("{path}/{{id}}"), json!({ "get": view })),
    ];
    for act in kind.acts() {
        let id = format!("{key}_{}", act.name);
        let mut operation = form(&id, act.label, "200", kind);
        operation["description"] = possible(act).into();
        operation["parameters"] = json!([parameter("id"), parameter("reason")]);
        operation["requestBody"] = body(act.fields, Some("The version that the act is about"));
        paths.push((format!("{path}/{{id}}/acts/{}", act.name), json!({ "post": operation })));
    }
    for (_, operations) in &mut paths {
        for operation in operations.as_object_mut().into_iter().flat_map(Map::values_mut) {
            operation["tags"] = json!([kind.plural()]);
        }
    }
    paths
}

/// An operation that makes or does something.
fn form(id: &str, summary: &str, status: &str, kind: Kind) -> Value {
    let mut operation = get(id, summary, Scope::Write, "Done");
    let done = json!({
        "allOf": [reference("Done"), { "properties": { "kind": { "const": kind.key() } } }]
    });
    operation["responses"] = answers(status, done);
    operation
}

fn possible(act: &Act) -> String {
    format!("Possible while the record is: {}.", act.from.join(", "))
}

/// The name of the schema of one kind's records.
pub(super) fn schema_name(kind: Kind) -> String {
    format!("{kind:?}Record")
}

/// What a form's body holds.
fn body(spec: &[Field], version: Option<&str>) -> Value {
    let mut properties = json!({ "fields": field::schema(spec) });
    let mut required = vec!["fields"];
    if let Some(about) = version {
        properties["version"] = json!({
            "type": "integer", "minimum": 1, "maximum": u32::MAX, "description": about,
        });
        required.push("version");
    }
    if write::takes_file(spec) {
        properties["file"] = reference("File");
        required.push("file");
    }
    let schema = json!({
        "type": "object", "additionalProperties": false,
        "properties": properties, "required": required,
    });
    json!({ "required": true, "content": { "application/json": { "schema": schema } } })
}

/// Where to go from a record that was made, if its maker may look at it.
fn links(kind: Kind) -> Value {
    let mut links = Map::new();
    let mut lead = |name: &str, operation: String, also: Value| {
        let mut parameters = also;
        parameters["id"] = "$response.body#/id".into();
        links
            .insert(name.to_owned(), json!({ "operationId": operation, "parameters": parameters }));
    };
    if kind != Kind::SensitivePersonCheck {
        lead("view", format!("view_{}", kind.key()), json!({}));
        lead("history", "history".to_owned(), json!({ "kind": kind.key() }));
        lead("relations", "relations".to_owned(), json!({ "kind": kind.key() }));
    }
    for act in kind.acts() {
        lead(act.name, format!("{}_{}", kind.key(), act.name), json!({}));
    }
    Value::Object(links)
}

/// What can be asked about a record of any kind.
fn of_records() -> Vec<(String, Value)> {
    let path = "/records/{kind}/{id}";
    let about = json!([parameter("kind"), parameter("id"), parameter("reason")]);
    let each = [
        ("history", "Every version: who changed what from what to what, and why", "History"),
        ("relations", "What it belongs to and what belongs to it", "Relations"),
        ("form", "What it was made with, to correct it", "Form"),
    ];
    let mut paths: Vec<(String, Value)> = each
        .into_iter()
        .map(|(name, summary, schema)| {
            let mut operation = get(name, summary, Scope::Read, schema);
            operation["parameters"] = about.clone();
            operation["tags"] = json!(["Records of any kind"]);
            (format!("{path}/{name}"), json!({ "get": operation }))
        })
        .collect();
    let mut document = get("document", "A document that it names", Scope::Read, "Form");
    let digest = json!({
        "name": "digest", "in": "path", "required": true, "description": "Its SHA-256",
        "schema": { "type": "string", "pattern": "^[0-9a-f]{64}$" },
    });
    document["parameters"] =
        json!([parameter("kind"), parameter("id"), digest, parameter("reason")]);
    document["responses"]["200"] = json!({
        "description": "Its bytes, to be saved",
        "content": { "application/octet-stream": {} },
    });
    document["tags"] = json!(["Records of any kind"]);
    paths.push((format!("{path}/documents/{{digest}}"), json!({ "get": document })));
    paths
}

/// The audit log, for an auditor.
fn of_the_log() -> (String, Value) {
    let id = || json!({ "type": "string", "format": "uuid" });
    let text = || json!({ "type": "string" });
    let moment = || json!({ "type": "string", "format": "date-time" });
    let kinds: Vec<String> = Processing::ALL
        .into_iter()
        .map(|kind| format!("{} {}", kind.code(), kind.label()))
        .collect();
    let mut list = get(
        "audit",
        "Entries of the audit log, newest first, for an auditor",
        Scope::Audit,
        "Entries",
    );
    list["parameters"] = [
        query("person", "By this person", id(), false),
        query("record", "About this record", id(), false),
        query("number", "About the record with this number", text(), false),
        query("action", "Of this action", text(), false),
        query(
            "processing",
            &kinds.join(", "),
            json!({ "type": "integer", "minimum": 1, "maximum": 7 }),
            false,
        ),
        query("from", "Not before", moment(), false),
        query("until", "Before", moment(), false),
    ]
    .into_iter()
    .chain(paging())
    .collect();
    list["tags"] = json!(["Audit log"]);
    ("/audit".to_owned(), json!({ "get": list }))
}

fn of_figures() -> Vec<(String, Value)> {
    let keys: Vec<&str> = figures::PARTS.iter().map(|(key, _)| *key).collect();
    let moment = "A time, or a day, which means its end in the United Kingdom; now where left out";
    let which = || {
        vec![
            query("as_at", moment, json!({ "type": "string", "format": "date-time" }), false),
            query("force", "Of this force only", reference("ForceKey"), false),
            query("part", "Inside the operation or outside", json!({ "enum": keys }), false),
        ]
    };
    let mut list = get("figures", "Figures, counted from the records", Scope::Figures, "Figures");
    list["parameters"] = json!(which());
    let mut behind = get("figure_records", "The records behind a figure", Scope::Figures, "Rows");
    behind["security"] = json!([{ "token": [Scope::Figures.key(), Scope::Read.key()] }]);
    let figures: Vec<&str> = FIGURES.iter().map(|figure| figure.key).collect();
    let figure = json!({
        "name": "figure", "in": "path", "required": true, "schema": { "enum": figures },
    });
    let rest = paging().into_iter().chain([parameter("reason")]);
    behind["parameters"] = [figure].into_iter().chain(which()).chain(rest).collect();
    let mut releases = get("releases", "Releases of figures", Scope::Figures, "Rows");
    releases["parameters"] = json!(paging());
    let mut release = get("release", "What a release froze", Scope::Figures, "Release");
    release["parameters"] = json!([{
        "name": "number", "in": "path", "required": true,
        "schema": { "type": "string", "pattern": RELEASE },
    }]);
    let mut paths = vec![
        ("/figures".to_owned(), json!({ "get": list })),
        ("/figures/{figure}/records".to_owned(), json!({ "get": behind })),
        ("/releases".to_owned(), json!({ "get": releases })),
        ("/releases/{number}".to_owned(), json!({ "get": release })),
    ];
    for (_, operations) in &mut paths {
        operations["get"]["tags"] = json!(["Figures"]);
    }
    paths
}

/// How a list is narrowed and ordered.
fn filters(kind: Kind) -> Value {
    let states: Vec<&str> = kind.states().iter().map(|state| state.key).collect();
    let parts: Vec<&str> = read::PARTS.iter().map(|(key, _)| *key).collect();
    let orders: Vec<&str> = read::ORDERS.iter().map(|(key, _)| *key).collect();
    [
        query("state", "In this state", json!({ "enum": states }), false),
        query("force", "Of this force", reference("ForceKey"), false),
        query("part", "Inside the operation or outside", json!({ "enum": parts }), false),
        query("order", "Last changed first where left out", json!({ "enum": orders }), false),
    ]
    .into_iter()
    .chain(paging())
    .chain([parameter("reason")])
    .collect()
}

fn paging() -> [Value; 2] {
    [parameter("page"), parameter("size")]
}

fn query(name: &str, about: &str, schema: Value, required: bool) -> Value {
    json!({
        "name": name, "in": "query", "description": about, "schema": schema,
        "required": required,
    })
}

fn parameter(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

/// Parameters that many operations have.
pub(super) fn parameters() -> Value {
    let whole = |least: u64, most: u64, default: u64| json!({ "type": "integer", "minimum": least, "maximum": most, "default": default });
    let text = |name: &str, about: &str, pattern: &str, longest: usize| {
        json!({
            "name": name, "in": "header", "description": about,
            "schema": { "type": "string", "pattern": pattern, "maxLength": longest },
        })
    };
    let why = "Why this is consulted: kept in the audit log, and wanted where people are asked \
        why they look, unless the record itself says why";
    let again =
        "Sent again with the same key and the same body, the request makes no second record";
    json!({
        "kind": {
            "name": "kind", "in": "path", "required": true, "schema": reference("Kind"),
        },
        "id": {
            "name": "id", "in": "path", "required": true,
            "description": "The record's id or its number",
            "schema": { "type": "string", "pattern": ID },
        },
        "page": query("page", "Which page, from 1", whole(1, LAST_PAGE, 1), false),
        "size": query("size", "Rows to a page", whole(1, MOST_ROWS, ROWS), false),
        "reason": text(REASON, why, "^[ -~]*$", REASON_LENGTH),
        "key": text(KEY, again, "^[!-~]+$", KEY_LENGTH),
    })
}

/// Answers that many operations have.
pub(super) fn responses() -> Value {
    json!({
        "Problem": {
            "description": "Not done: 400 cannot be read, 401 no token in force, 403 a token for \
                something else, 404 not there or not for this person, 405 another method, 409 \
                changed by somebody else since, 410 erased, 413 too long, 415 not JSON, 422 \
                refused, with the fields, 428 a reason is wanted",
            "content": { MEDIA_TYPE: { "schema": reference("Problem") } },
        },
        "Again": {
            "description": "Made by the same request before",
            "content": { "application/json": { "schema": reference("Done") } },
        },
    })
}
