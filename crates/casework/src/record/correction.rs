//! Corrections are versions: the record as it would be now, had the form been filled in right.
//!
//! In: a record, the form that it was made with, and that form as it should have been. The
//! record is made twice by its own rules, from the one form and from the other; what differs
//! between the two is carried into the record as it now is, and everything that acts have done
//! since stays. Every rule of creation is thereby checked again.
//! Refused: a correction that changes nothing, one of a value that an act has changed since
//! (the act is done again instead), one that would change who may know of the record, and one
//! of what a second person has approved.

use serde_json::{Map, Value};

use super::{ActContext, Record, common};
use crate::form::{Fields, Refusal};

/// The corrected record; see the module.
pub(super) fn correct<R: Record>(record: &R, context: &ActContext<'_>) -> Result<R, Refusal> {
    if record.head().approver.is_some() {
        return Err(Refusal::missing(
            "a version that nobody has approved: what a second person approved stands",
            None,
        ));
    }
    let head = record.head();
    let signed_by_author = R::FOUR_EYES.iter().any(|(first, _)| *first == "head.author");
    if signed_by_author && head.author != context.by.id {
        // Whoever corrects could otherwise approve their own words.
        let what = format!("a correction by the author, {}", head.author_name);
        return Err(Refusal::missing(what, None));
    }
    let made_with = context.related.made_with().ok_or_else(|| {
        Refusal::missing(
            "the form that this was made with: it was taken in by the program, and its original \
             document stands",
            None,
        )
    })?;
    let wrong = common::form_anew(R::CREATE, made_with, made_with);
    let right = common::form_anew(R::CREATE, made_with, context.fields);
    if wrong == right {
        return Err(Refusal::missing("a field that is different from what was recorded", None));
    }
    let before = made::<R>(record, &wrong, context)?;
    let after = made::<R>(record, &right, context)?;
    let unwritable = |_| Refusal::missing("a record that this version can write", None);
    let now = serde_json::to_value(record).map_err(unwritable)?;
    let Ok(corrected) = carried(&before, &after, &now) else {
        return Err(Refusal::missing(
            "the act that changed this value since it was recorded: do that act again",
            None,
        ));
    };
    let corrected: R = serde_json::from_value(corrected).map_err(unwritable)?;
    let (old, new) = (record.head(), corrected.head());
    if corrected.state() != record.state() || old.restriction != new.restriction {
        return Err(Refusal::missing(
            "a correction that leaves the record's state and restriction as they are",
            None,
        ));
    }
    Ok(corrected)
}

/// The record as its rules of creation make it from this form, as JSON. Rules see the moment of
/// making, not today's.
fn made<R: Record>(
    record: &R,
    fields: &Fields,
    context: &ActContext<'_>,
) -> Result<Value, Refusal> {
    let at = record.head().created;
    let context = ActContext { fields, at, ..*context };
    let made: R = super::create(record.head().clone(), &context)?;
    serde_json::to_value(&made)
        .map_err(|_| Refusal::missing("a record that this version can write", None))
}

/// A value that was corrected and also changed by an act.
struct Conflict;

/// What `now` becomes when the step from `before` to `after` is carried into it.
fn carried(before: &Value, after: &Value, now: &Value) -> Result<Value, Conflict> {
    if before == after || now == after {
        return Ok(now.clone());
    }
    if now == before {
        return Ok(after.clone());
    }
    match (before, after, now) {
        (Value::Object(before), Value::Object(after), Value::Object(now)) => {
            members(before, after, now).map(Value::Object)
        }
        (Value::Array(before), Value::Array(after), Value::Array(now)) => {
            elements(before, after, now).map(Value::Array)
        }
        _ => Err(Conflict),
    }
}

fn members(
    before: &Map<String, Value>,
    after: &Map<String, Value>,
    now: &Map<String, Value>,
) -> Result<Map<String, Value>, Conflict> {
    let of = |map: &Map<String, Value>, key: &str| map.get(key).cloned().unwrap_or(Value::Null);
    let mut result = now.clone();
    let keys = before.keys().chain(after.keys());
    for key in keys {
        let (old, new) = (of(before, key), of(after, key));
        if old != new {
            result.insert(key.clone(), carried(&old, &new, &of(now, key))?);
        }
    }
    Ok(result)
}

/// Lists grow by acts: what creation put in stands first.
fn elements(before: &[Value], after: &[Value], now: &[Value]) -> Result<Vec<Value>, Conflict> {
    if before.len() == after.len() && now.len() >= before.len() {
        let (first, rest) = now.split_at(before.len());
        let changed = before.iter().zip(after).zip(first).map(|((b, a), n)| carried(b, a, n));
        return Ok(changed
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .chain(rest.to_vec())
            .collect());
    }
    match now.strip_prefix(before) {
        Some(rest) => Ok([after, rest].concat()),
        None => Err(Conflict),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn result(before: Value, after: Value, now: Value) -> Option<Value> {
        carried(&before, &after, &now).ok()
    }

    #[test]
    fn a_correction_changes_its_own_values_and_leaves_what_acts_have_done() {
        let (before, after) = (json!({"name": "A", "n": 1}), json!({"name": "B", "n": 1}));
        let now = json!({"name": "A", "n": 7, "notes": ["x"]});
        assert_eq!(result(before, after, now), Some(json!({"name": "B", "n": 7, "notes": ["x"]})));
    }

    #[test]
    fn a_value_that_an_act_has_changed_since_is_a_conflict() {
        assert_eq!(result(json!({"n": 1}), json!({"n": 2}), json!({"n": 3})), None);
        assert_eq!(
            result(json!({"n": 1}), json!({"n": 2}), json!({"n": 2})),
            Some(json!({"n": 2}))
        );
    }

    #[test]
    fn the_first_of_a_list_is_corrected_and_what_was_added_stays() {
        let (before, after) = (json!([{"seal": "S1"}]), json!([{"seal": "S2"}]));
        let now = json!([{"seal": "S1"}, {"seal": "S9"}]);
        assert_eq!(result(before, after, now), Some(json!([{"seal": "S2"}, {"seal": "S9"}])));
        assert_eq!(result(json!([]), json!([1]), json!([5])), Some(json!([1, 5])));
        assert_eq!(result(json!([1]), json!([1, 2]), json!([4])), None);
    }
}
