//! The acts that every kind of record knows: correcting what was recorded, and moving a record
//! into an operation or out of it.
//!
//! They are defined here once and follow from what a kind says of itself: its creation form
//! ([`Record::CREATE`]), where it is sealed ([`Record::SEALED`]), whether it is work of an
//! operation at all ([`Record::IN_OPERATION`]) and what it is a part of ([`Record::part_of`]).
//! Each asks for a reason. Who may make records of a kind in a place, and sees the record, may
//! do these acts to it ([`asks`]).

use uuid::Uuid;

use super::{Act, ActContext, Id, Kind, Link, Need, Record, correction, operation, restriction};
use crate::form::{Field, Fields, Input, Refusal};

/// Corrects what the record was made with; the creation form as it should have been filled in.
pub const CORRECT: &str = "correct";
/// Makes the record belong to an operation, or to another one.
pub const MOVE: &str = "move_to_operation";
/// Makes the record belong to no operation.
pub const TAKE_OUT: &str = "take_out_of_operation";

/// Why a common act is done; a name that no creation form has.
pub const WHY: Field = Field::required("why", "Why", Input::LongText);

/// The operation that a record is moved to.
const TARGET: Field = Field::required("operation", "Operation", Input::Record(Kind::Operation));

/// What the policies are asked about these acts: all of it must be permitted.
pub fn asks(act: &str) -> Option<&'static [&'static str]> {
    let common = matches!(act, CORRECT | MOVE | TAKE_OUT) || restriction::ACTS.contains(&act);
    common.then_some(&["view", "create"])
}

/// Whether a person may correct this field of a creation form: not what the program supplied,
/// and not the operation, which has acts of its own.
pub fn correctable(field: &Field) -> bool {
    field.input != Input::System && field.name != TARGET.name
}

/// The acts of a kind: its own, then the common ones that it knows.
pub(super) fn acts<R: Record>() -> Vec<Act> {
    let mut acts = R::ACTS.to_vec();
    let open = states::<R>(|state| !R::SEALED.contains(&state));
    let mut fields: Vec<Field> = R::CREATE.iter().filter(|f| correctable(f)).copied().collect();
    if !fields.is_empty() && !open.is_empty() {
        fields.push(WHY);
        let (fields, label) = (Vec::leak(fields), "Correct what was recorded");
        acts.push(Act { name: CORRECT, label, from: Vec::leak(open), fields });
    }
    if R::IN_OPERATION {
        let from = Vec::leak(states::<R>(|_| true));
        let label = "Move to an operation";
        acts.push(Act { name: MOVE, label, from, fields: &[TARGET, WHY] });
        let label = "Take out of the operation";
        acts.push(Act { name: TAKE_OUT, label, from, fields: &[WHY] });
    }
    if restriction::restrictable(R::KIND) {
        acts.extend(restriction::acts(Vec::leak(states::<R>(|_| true))));
    }
    acts
}

fn states<R: Record>(wanted: impl Fn(&str) -> bool) -> Vec<&'static str> {
    R::STATES.iter().map(|state| state.key).filter(|key| wanted(key)).collect()
}

/// What the rules of an act must know: of a move, the record that this one is a part of.
pub(super) fn needs<R: Record>(record: &R, act: &str) -> Vec<Need> {
    match act {
        MOVE | TAKE_OUT => {
            record.part_of().map(|whole| Need::Record(whole.kind, whole.to)).into_iter().collect()
        }
        CORRECT => Vec::new(),
        restriction::RESTRICT | restriction::LIFT => restriction::needs(record),
        own => record.needs(own),
    }
}

/// Does a common act; nothing where the act is one of the kind's own.
pub(super) fn apply<R: Record>(
    record: &R,
    act: &str,
    context: &ActContext<'_>,
) -> Option<Result<R, Refusal>> {
    match act {
        CORRECT => Some(correction::correct(record, context)),
        MOVE => Some(moved_to(record, context)),
        TAKE_OUT => Some(taken_out(record, context)),
        act if restriction::ACTS.contains(&act) => Some(restriction::changed(record, act, context)),
        _ => None,
    }
}

fn moved_to<R: Record>(record: &R, context: &ActContext<'_>) -> Result<R, Refusal> {
    let id = context.fields.record(TARGET.name)?;
    let target: operation::Operation = context.related.get(TARGET.name, id)?;
    if target.state != operation::State::Open {
        return Err(Refusal::field(TARGET.name, "choose an operation that is open"));
    }
    placed(record, Some(Id::new(id)), context)
}

fn taken_out<R: Record>(record: &R, context: &ActContext<'_>) -> Result<R, Refusal> {
    placed(record, None, context)
}

/// The record in its new place; a part goes only where its whole already is.
fn placed<R: Record>(
    record: &R,
    place: Option<Id<operation::Operation>>,
    context: &ActContext<'_>,
) -> Result<R, Refusal> {
    if record.head().operation == place {
        return Err(match place {
            Some(_) => Refusal::field(TARGET.name, "choose another operation: it is in this one"),
            None => Refusal::missing("an operation to take it out of", None),
        });
    }
    if let Some(whole) = record.part_of()
        && let Some(whole) = context.related.find(whole.kind, whole.to)
        && whole.head().operation != place
    {
        let (kind, number) = (whole.kind().label().to_lowercase(), &whole.head().number);
        let what = format!("the move of the {kind} {number}, of which this is a part");
        return Err(Refusal::missing(what, None));
    }
    let mut after = record.clone();
    after.head_mut().operation = place;
    Ok(after)
}

/// Whether `part` moves along when the record that `whole` leads to is moved.
pub fn moves_along(part: Option<Link>, whole: Uuid) -> bool {
    part.is_some_and(|link| link.to == whole)
}

/// The creation form as it should have been, completed with what the program supplied. Without
/// the operation: the record keeps the one that it belongs to by now.
pub(super) fn form_anew(create: &[Field], made_with: &Fields, filled: &Fields) -> Fields {
    let source = |field: &Field| if correctable(field) { filled } else { made_with };
    let asked = create.iter().filter(|field| field.name != TARGET.name);
    asked.filter_map(|field| Some((field.name, source(field).get(field.name)?))).collect()
}
