//! A circle of need to know: people, by name, who alone may know of what is restricted to it.
//!
//! States: open -> closed. Cases, packages, operations and what hangs on them can be restricted
//! to an open circle; a closed one takes nothing new, while its members keep sight of what it
//! has. A circle restricts itself: only its members know that it exists, and who else belongs
//! to it is seen by its keeper alone, so that people who share a restricted case do not learn
//! of each other from the system.
//!
//! Being a member opens nothing that role and force do not open.

use serde::{Deserialize, Serialize};

use super::{
    Act, ActContext, Detail, Facet, Head, Kind, Lines, Link, Next, REASON, Record, Restriction,
    Signed,
};
use crate::form::{Field, Input, Refusal};
use crate::person::PersonId;

states! {
    /// Where a circle stands.
    Open = "open" => [Closed], "Records can be restricted to it.";
    Closed = "closed" => [], "It takes nothing new; its members keep sight of what it has.";
}

/// The facet that holds a member's account: how the store finds a person's circles.
pub const MEMBER: &str = "member";

/// One who belongs to a circle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The account.
    pub person: PersonId,
    /// The name at that time.
    pub name: String,
    /// Let in by whom, when.
    pub signed: Signed,
}

/// A circle.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Circle {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// What its members call it: a name that tells nothing.
    pub name: String,
    /// Why it is needed.
    pub reason: String,
    /// Who belongs to it now.
    pub members: Vec<Member>,
}

const COLLEAGUE: Field = Field::required("person", "Colleague", Input::Person);

impl Record for Circle {
    standing!();
    const KIND: Kind = Kind::Circle;
    const SEALED: &'static [&'static str] = &["open", "closed"];
    const IN_OPERATION: bool = false;
    const CREATE: &'static [Field] = &[
        Field::required("name", "Name of the circle", Input::Text)
            .hint("A word that tells nothing about the case"),
        REASON,
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "add_member",
            label: "Let a colleague in",
            from: &["open", "closed"],
            fields: &[COLLEAGUE, REASON],
        },
        Act {
            name: "remove_member",
            label: "Take a colleague out",
            from: &["open", "closed"],
            fields: &[COLLEAGUE, REASON],
        },
        Act { name: "close", label: "Close the circle", from: &["open"], fields: &[REASON] },
    ];

    fn title(&self) -> String {
        self.name.clone()
    }

    fn details(&self) -> Vec<Detail> {
        let members = self.members.iter().map(|m| format!("{} ({})", m.name, m.signed));
        Lines::new()
            .line("Name of the circle", &self.name)
            .and_guarded(Lines::new().line("Why", &self.reason).each("Member", members))
            .done()
    }

    fn links(&self) -> Vec<Link> {
        Vec::new()
    }

    fn facets(&self) -> Vec<Facet> {
        self.members.iter().map(|m| Facet::new(MEMBER, m.person.0.to_string())).collect()
    }

    fn next(&self) -> Option<Next> {
        None
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        head.restriction = Restriction::Circle(head.id);
        let signed = Signed::now(context);
        let member = Member { person: head.author, name: head.author_name.clone(), signed };
        Ok(Self {
            head,
            state: State::Open,
            name: context.fields.text("name")?,
            reason: context.fields.text("reason")?,
            members: vec![member],
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "add_member" => self.add(context)?,
            "remove_member" => self.remove(context)?,
            "close" => self.state = State::Closed,
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        self.reason = context.fields.text("reason")?;
        Ok(())
    }
}

impl Circle {
    fn add(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let colleague = context.related.colleague(context.fields, "person", self.head.force)?;
        if self.members.iter().any(|member| member.person == colleague.id) {
            return Err(Refusal::field("person", "this colleague belongs to the circle already"));
        }
        self.members.push(Member {
            person: colleague.id,
            name: colleague.name.clone(),
            signed: Signed::now(context),
        });
        Ok(())
    }

    /// Its keeper stays: a circle without one could never be changed again.
    fn remove(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let person = context.fields.person("person")?;
        if person == self.head.author {
            return Err(Refusal::field("person", "who made the circle stays in it"));
        }
        let before = self.members.len();
        self.members.retain(|member| member.person != person);
        if self.members.len() == before {
            return Err(Refusal::field("person", "choose a member of the circle"));
        }
        Ok(())
    }
}
