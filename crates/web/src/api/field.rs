//! Fields of forms as JSON: how each is sent, and the schema that says so.
//!
//! In: the field's description in casework and a JSON value. Out: the text that a form would
//! have sent, so that the rules see no difference; and the JSON Schema of such values. A number
//! is sent as a number and a tick as `true`, everything else as a string. Refused, all fields at
//! once: names that the form does not have, what the program supplies by itself, values of the
//! wrong kind. What is well-formed is then judged by the same rules as a form.

use pendeen_casework::form::{Field, Fields, Input};
use pendeen_casework::record::Kind;
use serde_json::{Map, Value, json};

use super::problem::Wrong;
use crate::supply;

/// What stands for a field whose text has nothing but spaces.
const EMPTY: &str = "give a value, or leave the field out";

/// Whether a program may fill in the field. The folder of an examination's results is checked
/// and completed like a person's choice of it.
pub(super) fn sent(field: &Field) -> bool {
    field.input != Input::System || field.name == supply::FOLDER
}

/// What was sent, as a form would have sent it.
pub(super) fn read(spec: &[Field], values: &Map<String, Value>) -> Result<Fields, Vec<Wrong>> {
    let mut wrong = Vec::new();
    let mut pairs = Vec::new();
    for (name, value) in values {
        let known = spec.iter().find(|field| field.name == name && sent(field));
        let text = known.ok_or("the form has no such field").and_then(|f| text(f, value));
        match text {
            Ok(text) => pairs.push((name.clone(), text.unwrap_or_default())),
            Err(problem) => wrong.push(Wrong::new(name, problem)),
        }
    }
    let fields: Fields = pairs.into_iter().collect();
    let filled = spec.iter().filter(|field| fields.get(field.name).is_some());
    wrong.extend(filled.filter_map(|field| malformed(field, &fields)));
    if wrong.is_empty() { Ok(fields) } else { Err(wrong) }
}

/// The value as text; none where it says nothing.
fn text(field: &Field, value: &Value) -> Result<Option<String>, &'static str> {
    match (field.input, value) {
        (Input::Tick, Value::Bool(ticked)) => Ok(ticked.then(|| "yes".to_owned())),
        (Input::Tick, _) => Err("send true or false"),
        (Input::Count, Value::Number(number)) => Ok(Some(whole(number))),
        (Input::Count, _) => Err("send a whole number, 0 or more"),
        (_, Value::String(text)) if text.trim().is_empty() => Err(EMPTY),
        (_, Value::String(text)) => Ok(Some(text.clone())),
        _ => Err("send a string"),
    }
}

/// A number as a person writes it: `1.0` is 1.
pub(super) fn whole(number: &serde_json::Number) -> String {
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && !number.is_u64());
    float.map_or_else(|| number.to_string(), |float| format!("{float:.0}"))
}

/// What is wrong with the form of a value.
fn malformed(field: &Field, fields: &Fields) -> Option<Wrong> {
    let name = field.name;
    let problem = match field.input {
        Input::Date => fields.date(name).err().map(|_| "send a date like 2026-11-24"),
        Input::Moment => fields.moment(name).err().map(|_| "send a time like 2026-11-24T09:30:00Z"),
        Input::Count => fields.count(name).err().map(|_| "send a whole number, 0 or more"),
        Input::Force => fields.force(name).err().map(|_| "send the key of a police force"),
        Input::Person => fields.person(name).err().map(|_| "send the identifier of an account"),
        Input::Record(_) => fields.record(name).err().map(|_| "send the identifier of a record"),
        Input::AnyOf(_) => field.chosen(fields).is_none().then_some("send kind/identifier"),
        Input::Choice(offered) => {
            let value = fields.get(name).unwrap_or_default();
            let known = offered.iter().any(|(key, _)| *key == value);
            (!known).then_some("send one of the values offered")
        }
        Input::Text | Input::LongText | Input::Tick | Input::System => None,
    };
    problem.map(|problem| Wrong::new(name, problem))
}

/// The schema of a form: an object with the fields that a program fills in.
pub(super) fn schema(spec: &[Field]) -> Value {
    let asked = || spec.iter().filter(|field| sent(field));
    let properties: Map<String, Value> =
        asked().map(|field| (field.name.to_owned(), one(field))).collect();
    let required: Vec<&str> =
        asked().filter(|field| field.required).map(|field| field.name).collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "required": required,
    })
}

/// The schema of one field's values.
fn one(field: &Field) -> Value {
    let mut schema = match field.input {
        Input::Text | Input::LongText | Input::System => {
            json!({ "type": "string", "pattern": r"\S" })
        }
        Input::Date => json!({ "type": "string", "format": "date" }),
        Input::Moment => json!({ "type": "string", "format": "date-time" }),
        Input::Count => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
        Input::Choice(offered) => {
            let keys: Vec<&str> = offered.iter().map(|(key, _)| *key).collect();
            json!({ "type": "string", "enum": keys })
        }
        Input::Force => json!({ "$ref": "#/components/schemas/ForceKey" }),
        Input::Record(_) | Input::Person => json!({ "type": "string", "format": "uuid" }),
        Input::AnyOf(kinds) => json!({ "type": "string", "pattern": any_of(kinds) }),
        Input::Tick if field.required => json!({ "type": "boolean", "const": true }),
        Input::Tick => json!({ "type": "boolean" }),
    };
    schema["title"] = field.label.into();
    if let Some(about) = about(field) {
        schema["description"] = about.into();
    }
    schema
}

/// `kind/identifier`, of one of these kinds.
fn any_of(kinds: &[Kind]) -> String {
    let keys: Vec<&str> = kinds.iter().map(|kind| kind.key()).collect();
    let digits = "[0-9a-f]";
    format!(
        "^({})/{digits}{{8}}-{digits}{{4}}-{digits}{{4}}-{digits}{{4}}-{digits}{{12}}$",
        keys.join("|")
    )
}

/// The hint, and what the schema alone cannot say.
fn about(field: &Field) -> Option<String> {
    let more = match field.input {
        Input::Record(kind) => Some(format!("The id of a record of kind {}.", kind.key())),
        Input::Person => Some("The id of a colleague's account.".to_owned()),
        Input::System => {
            Some("The name of the folder that holds the examination's results.".to_owned())
        }
        _ => None,
    };
    let hint = (!field.hint.is_empty()).then(|| format!("{}.", field.hint.trim_end_matches('.')));
    let parts: Vec<String> = hint.into_iter().chain(more).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: [Field; 6] = [
        Field::required("reason", "Reason", Input::LongText),
        Field::optional("count", "How many", Input::Count),
        Field::optional("told", "Told", Input::Tick),
        Field::optional("force", "Force", Input::Force),
        Field::optional("about", "About", Input::AnyOf(&[Kind::Case])),
        Field::required("digest", "Digest", Input::System),
    ];

    fn read_in(value: Value) -> Result<Fields, Vec<String>> {
        let Value::Object(values) = value else { panic!("an object") };
        let names = |wrong: Vec<Wrong>| wrong.into_iter().map(|wrong| wrong.field).collect();
        read(&SPEC, &values).map_err(names)
    }

    #[test]
    fn numbers_and_ticks_become_what_a_form_sends() {
        let read = read_in(json!({"reason": "x", "count": 7.0, "told": true})).unwrap();
        let sent: Vec<_> = read.iter().collect();
        assert_eq!(sent, [("count", "7"), ("reason", "x"), ("told", "yes")]);
        assert!(!read_in(json!({"told": false})).unwrap().ticked("told"));
    }

    #[test]
    fn every_field_that_is_not_as_described_is_named_at_once() {
        let wrong = read_in(json!({
            "reason": " ", "count": -1, "told": "yes", "force": "nowhere", "about": "child/x",
            "digest": "00", "unknown": 1,
        }));
        let named = wrong.unwrap_err();
        for field in ["reason", "count", "told", "force", "about", "digest", "unknown"] {
            assert!(named.iter().any(|name| name == field), "{field} of {named:?}");
        }
        assert!(read_in(json!({"count": 1.5})).is_err());
        assert!(read_in(json!({"count": 4_294_967_296_u64})).is_err());
    }

    #[test]
    fn the_schema_asks_for_no_more_than_a_program_may_send() {
        let schema = schema(&SPEC);
        assert_eq!(schema["required"], json!(["reason"]));
        assert!(schema["properties"].get("digest").is_none());
        assert_eq!(schema["properties"]["count"]["maximum"], json!(u32::MAX));
    }
}
