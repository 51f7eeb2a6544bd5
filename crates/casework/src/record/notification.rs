//! Notification.

use serde::{Deserialize, Serialize};

use super::{Act, ActContext, Detail, Head, Kind, Link, Next, Record, Related};
use crate::form::{Field, Fields, Input, Refusal};

states! {
    /// Where it stands.
    Owed = "owed" => [], "The first state.";
}

/// Notification.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notification {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// What it is called.
    pub name: String,
}

impl Record for Notification {
    const KIND: Kind = Kind::Notification;
    const CREATE: &'static [Field] = &[Field::required("name", "Name", Input::Text)];
    const ACTS: &'static [Act] = &[];
    standing!();

    fn title(&self) -> String {
        self.name.clone()
    }

    fn details(&self) -> Vec<Detail> {
        vec![Detail::new("Name", &self.name)]
    }

    fn links(&self) -> Vec<Link> {
        Vec::new()
    }

    fn next(&self) -> Option<Next> {
        None
    }

    fn create(head: Head, fields: &Fields, _related: &Related) -> Result<Self, Refusal> {
        Ok(Self { head, state: State::Owed, name: fields.text("name")? })
    }

    fn apply(&mut self, act: &str, _context: &ActContext<'_>) -> Result<(), Refusal> {
        Err(Refusal::UnknownAct(act.to_owned()))
    }
}
