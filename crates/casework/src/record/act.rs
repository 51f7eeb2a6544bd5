//! Acts: how a record is made and moved, and what is checked whatever its kind.
//!
//! In: a record, an act's name, filled-in fields and the records that they name. Out: the
//! next version, or a [`Refusal`] that says what is missing. The acts that every kind knows are
//! in [`super::common`].

use jiff::Timestamp;

use super::{Head, Record, Related, common, restriction, retention_review};
use crate::form::{Field, Fields, Refusal};
use crate::jurisdiction::modelled;
use crate::person::{Person, PersonId};
use crate::settings::Settings;

/// An act that a kind of record knows.
#[derive(Debug, Clone, Copy)]
pub struct Act {
    /// Stable name: in stored history, addresses and policies.
    pub name: &'static str,
    /// What the button says.
    pub label: &'static str,
    /// The states in which it is possible.
    pub from: &'static [&'static str],
    /// What it asks for.
    pub fields: &'static [Field],
}

/// Everything that making a record or an act is done with.
#[derive(Debug, Clone, Copy)]
pub struct ActContext<'a> {
    /// What was filled in.
    pub fields: &'a Fields,
    /// The records that fields and needs name.
    pub related: &'a Related,
    /// Who acts.
    pub by: &'a Person,
    /// When, UTC.
    pub at: Timestamp,
    /// What the force or the operation set for itself.
    pub settings: &'a Settings,
}

/// Makes a record from a filled-in form, after checking the required fields.
pub fn create<R: Record>(head: Head, context: &ActContext<'_>) -> Result<R, Refusal> {
    context.fields.check(R::CREATE)?;
    let asked = restriction::chosen::<R>(head, context)?;
    let made = R::create(asked.clone(), context).and_then(|mut record| {
        modelled(record.head().force, R::KIND, "create")?;
        restriction::inherit(&mut record, &asked, context.related)?;
        Ok(record)
    });
    made.map_err(|refusal| refusal.labelled(R::KIND.create_fields()))
}

/// The next version of a record after an act; the record itself is not changed.
pub fn perform<R: Record>(record: &R, act: &str, context: &ActContext<'_>) -> Result<R, Refusal> {
    let spec = R::KIND
        .acts()
        .iter()
        .find(|a| a.name == act)
        .ok_or_else(|| Refusal::UnknownAct(act.to_owned()))?;
    if !spec.from.contains(&record.state()) {
        return Err(Refusal::WrongState {
            act: spec.label.to_owned(),
            record: record.title(),
            state: record.state().replace('_', " "),
        });
    }
    modelled(record.head().force, R::KIND, act)?;
    context.fields.check(spec.fields)?;
    let done = if let Some(done) = common::apply(record, act, context) {
        done
    } else {
        let mut after = record.clone();
        after.apply(act, context).map(|()| after)
    };
    let mut after = done.map_err(|refusal| refusal.labelled(spec.fields))?;
    restriction::keep(&after, context.related)?;
    set_review(record, &mut after, context);
    after.head_mut().version += 1;
    after.head_mut().updated = context.at;
    Ok(after)
}

/// Sets the date of the first review of what the act finished, and none for what it opened again.
fn set_review<R: Record>(before: &R, after: &mut R, context: &ActContext<'_>) {
    let finished = |record: &R| R::REVIEWED.is_some_and(|reviewed| record.state() == reviewed.when);
    match (finished(before), finished(after)) {
        (false, true) => {
            let due = retention_review::first(context.at, context.settings);
            after.head_mut().review_due = Some(due);
        }
        (true, false) => after.head_mut().review_due = None,
        _ => {}
    }
}

/// Refuses that one person takes both of two steps.
pub fn second_person(
    step: &str,
    first: PersonId,
    first_name: &str,
    second: &Person,
) -> Result<(), Refusal> {
    if first == second.id {
        return Err(Refusal::SamePerson { step: step.to_owned(), other: first_name.to_owned() });
    }
    Ok(())
}
