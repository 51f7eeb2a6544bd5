//! An operation: the common undertaking that packages, cases and figures belong to, or do not.
//!
//! States: open -> closed -> open again. Work joins only an open operation; what has joined
//! stays counted in it.

use serde::{Deserialize, Serialize};

use super::{Act, ActContext, Detail, Head, Kind, Lines, Link, Next, REASON, Record};
use crate::form::{Field, Input, Refusal};

states! {
    /// Where an operation stands.
    Open = "open" => [Closed], "Work may join it.";
    Closed = "closed" => [Open], "Over; its records stay.";
}

/// A common undertaking of several forces.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Operation {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// Its name.
    pub name: String,
    /// What it is for, in a sentence or two.
    pub purpose: String,
    /// Why it was closed or opened again.
    pub reason: Option<String>,
}

impl Record for Operation {
    const IN_OPERATION: bool = false;
    standing!();
    const KIND: Kind = Kind::Operation;
    const CREATE: &'static [Field] = &[
        Field::required("name", "Name", Input::Text),
        Field::required("purpose", "Purpose", Input::LongText),
    ];
    const ACTS: &'static [Act] = &[
        Act { name: "close", label: "Close the operation", from: &["open"], fields: &[REASON] },
        Act { name: "reopen", label: "Open it again", from: &["closed"], fields: &[REASON] },
    ];

    fn title(&self) -> String {
        self.name.clone()
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .line("Name", &self.name)
            .line("Purpose", &self.purpose)
            .each("Reason for its state", &self.reason)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        Vec::new()
    }

    fn next(&self) -> Option<Next> {
        None
    }

    fn create(head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let fields = context.fields;
        Ok(Self {
            head: Head { force: None, ..head },
            state: State::Open,
            name: fields.text("name")?,
            purpose: fields.text("purpose")?,
            reason: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        self.state = match act {
            "close" => State::Closed,
            "reopen" => State::Open,
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        };
        self.reason = Some(context.fields.text("reason")?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::subject::Subject;
    use crate::record::testing::{World, fields};

    #[test]
    fn work_joins_an_open_operation_and_not_a_closed_one() {
        let mut world = World::new();
        let operation: Operation =
            world.create(&fields([("name", "Example"), ("purpose", "Protect children")]));
        let id = operation.head.id.to_string();
        let joining = fields([("name", "R"), ("suspect", "yes"), ("operation", &*id)]);
        let subject: Subject = world.create(&joining);
        assert_eq!(subject.head.operation.map(super::super::Id::uuid), Some(operation.head.id));
        world.act(&operation, "close", &fields([("reason", "Over")])).unwrap();
        let refusal = world.try_create::<Subject>(&joining).unwrap_err();
        assert!(matches!(refusal, Refusal::Field { label, .. } if label == "Operation"));
    }
}
