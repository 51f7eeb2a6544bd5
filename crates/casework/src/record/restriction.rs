//! What is restricted keeps what hangs on it restricted.
//!
//! In: a record that was just made or changed, and the records that its form named. Out: the
//! same record, restricted to the circle and marked as highly as what it names, because a copy
//! of a name in a warrant or a note in a case would otherwise tell what the restriction hides.
//! Refused: a record that would join two circles, and an act that would draw what is restricted
//! into a record that is not.
//!
//! A restriction is set by the field [`CIRCLE`] when a record is made, and later by the acts
//! [`RESTRICT`] and [`LIFT`], which the store carries on to everything that hangs on the record.

use jiff::Timestamp;
use uuid::Uuid;

use super::circle::{self, Circle};
use super::common::WHY;
use super::{Act, ActContext, AnyRecord, Head, Kind, Need, Record, Related, Restriction, mark};
use crate::form::{Field, Fields, Input, Refusal};

/// The field that restricts a new record to a circle of the author's.
pub const CIRCLE: Field =
    Field::optional("circle", "Restrict to a circle", Input::Record(Kind::Circle))
        .hint("Only the members of the circle will know that this record exists");

/// The field that marks a new record.
pub const MARK: Field =
    Field::optional("mark", "Handling mark", Input::Choice(mark::Mark::CHOICES))
        .hint("OFFICIAL-SENSITIVE where nothing is chosen");

/// Restricts a record, and what hangs on it, to a circle.
pub const RESTRICT: &str = "restrict";
/// Opens a restricted record, and what hangs on it, again.
pub const LIFT: &str = "lift_restriction";
/// Changes a record's handling mark.
pub const REMARK: &str = "mark";
/// The acts of this module.
pub const ACTS: [&str; 3] = [RESTRICT, LIFT, REMARK];

/// Whether records of this kind can be restricted and marked by people.
pub fn restrictable(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Circle | Kind::BreakGlass | Kind::SensitivePersonCheck | Kind::FiguresRelease
    )
}

/// What the form of a new record asks for: the kind's own fields, circle and mark.
pub(super) fn create_fields<R: Record>() -> Vec<Field> {
    let more: &[Field] = if restrictable(R::KIND) { &[CIRCLE, MARK] } else { &[] };
    R::CREATE.iter().chain(more).copied().collect()
}

/// The acts of this module, possible in these states.
pub(super) fn acts(from: &'static [&'static str]) -> [Act; 3] {
    const TO: Field = Field { required: true, ..CIRCLE };
    const AS: Field = Field { required: true, ..MARK };
    [
        Act { name: RESTRICT, label: "Restrict to a circle", from, fields: &[TO, WHY] },
        Act { name: LIFT, label: "Lift the restriction", from, fields: &[WHY] },
        Act { name: REMARK, label: "Change the handling mark", from, fields: &[AS, WHY] },
    ]
}

/// The record after one of these acts.
pub(super) fn changed<R: Record>(
    record: &R,
    act: &str,
    context: &ActContext<'_>,
) -> Result<R, Refusal> {
    let mut after = record.clone();
    let head = after.head_mut();
    match (act, circle_of(&head.restriction)) {
        (RESTRICT, None) => {
            let circle = open_circle(context.related, context.fields.record("circle")?)?;
            head.restriction = Restriction::Circle(circle);
        }
        (RESTRICT, Some(_)) => {
            return Err(Refusal::field("circle", "lift the restriction to the other circle first"));
        }
        (LIFT, Some(_)) => head.restriction = Restriction::None,
        (LIFT, None) => return Err(Refusal::missing("a restriction to a circle", None)),
        (_, _) => head.mark = context.fields.choice("mark")?,
    }
    Ok(after)
}

/// The head of a new record with what the form chose.
pub(super) fn chosen<R: Record>(mut head: Head, context: &ActContext<'_>) -> Result<Head, Refusal> {
    if !restrictable(R::KIND) {
        return Ok(head);
    }
    if let Some(circle) = context.fields.if_given("circle", Fields::record)? {
        head.restriction = Restriction::Circle(open_circle(context.related, circle)?);
    }
    if let Some(mark) = context.fields.if_given("mark", Fields::choice)? {
        head.mark = mark;
    }
    Ok(head)
}

/// Restricts and marks a new record as what it names; `asked` is the head that the form chose.
pub(super) fn inherit<R: Record>(
    record: &mut R,
    asked: &Head,
    related: &Related,
) -> Result<(), Refusal> {
    let named = named(record, related);
    let head = record.head_mut();
    let chosen = [&asked.restriction, &head.restriction].map(circle_of);
    let circles = chosen.into_iter().chain(named.iter().map(|other| circle_of(&other.restriction)));
    let joined = one(circles.flatten())?;
    if let (Some(circle), false) = (joined, matches!(head.restriction, Restriction::Role(_))) {
        head.restriction = Restriction::Circle(circle);
    }
    let marks = named.iter().map(|other| other.mark).chain([asked.mark, head.mark]);
    head.mark = mark::Mark::highest(marks).unwrap_or_default();
    Ok(())
}

/// Refuses that an act draws a restricted record into one that is restricted less.
pub(super) fn keep<R: Record>(record: &R, related: &Related) -> Result<(), Refusal> {
    let own = circle_of(&record.head().restriction);
    let drawn = one(named(record, related).iter().filter_map(|o| circle_of(&o.restriction)))?;
    match drawn {
        Some(circle) if own != Some(circle) => Err(Refusal::missing(
            "the restriction of this record to the circle of what it would name",
            None,
        )),
        _ => Ok(()),
    }
}

/// What hangs on a record whose restriction went `from` one `to` another: its next version, or
/// nothing where it was restricted otherwise.
pub fn carried(
    part: &AnyRecord,
    from: &Restriction,
    to: &Restriction,
    at: Timestamp,
) -> Option<AnyRecord> {
    let mut after = part.clone();
    let head = after.head_mut();
    if head.restriction != *from || !restrictable(part.kind()) {
        return None;
    }
    head.restriction = to.clone();
    head.version += 1;
    head.updated = at;
    Some(after)
}

/// What must be known before a restriction is lifted: whether what the record names is still
/// restricted.
pub(super) fn needs<R: Record>(record: &R) -> Vec<Need> {
    let named = record.links().into_iter().map(|link| Need::Record(link.kind, link.to));
    let operation = record.head().operation;
    named.chain(operation.map(|id| Need::Record(Kind::Operation, id.uuid()))).collect()
}

/// The heads of the records that this one names, as far as they were loaded.
fn named<R: Record>(record: &R, related: &Related) -> Vec<Head> {
    let mut ids: Vec<Uuid> = record.links().iter().map(|link| link.to).collect();
    ids.extend(record.head().operation.map(super::Id::uuid));
    related.heads().filter(|head| ids.contains(&head.id)).cloned().collect()
}

fn circle_of(restriction: &Restriction) -> Option<Uuid> {
    match restriction {
        Restriction::Circle(circle) => Some(*circle),
        Restriction::None | Restriction::Role(_) => None,
    }
}

/// The one circle among these, if there is any.
fn one(circles: impl IntoIterator<Item = Uuid>) -> Result<Option<Uuid>, Refusal> {
    let mut found = None;
    for circle in circles {
        if found.is_some_and(|other| other != circle) {
            return Err(Refusal::field(
                "circle",
                "choose the circle of what this record names: it cannot belong to two",
            ));
        }
        found = Some(circle);
    }
    Ok(found)
}

fn open_circle(related: &Related, id: Uuid) -> Result<Uuid, Refusal> {
    let circle: Circle = related.get("circle", id)?;
    if circle.state != circle::State::Open {
        return Err(Refusal::field("circle", "choose a circle that is open"));
    }
    Ok(id)
}
