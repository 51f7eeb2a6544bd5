//! An action: something that somebody is to do, raised on any record of the work.
//!
//! States: open -> done, cancelled; open again. Its owner is a role, or a person by name who
//! holds that role: then it stands in that person's My work and in no colleague's. Who owns it
//! need not be one who may know everything about the record it was raised on, so the text says
//! no more than its owner may read.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Act, ActContext, Colleague, Detail, Facet, Head, Kind, Lines, Link, Next, REASON, Record,
    Signed, Urgency, day, end_of, uk_date,
};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::{PersonId, Role};

states! {
    /// Where an action stands.
    Open = "open" => [Done, Cancelled], "To be done.";
    Done = "done" => [Open], "Done, with its result.";
    Cancelled = "cancelled" => [Open], "Not needed any more, with a reason.";
}

choices! {
    /// How pressing it is.
    Priority {
        VeryHigh = "very_high", "Very high";
        High = "high", "High";
        Medium = "medium", "Medium";
        Low = "low", "Low";
    }
}

impl Priority {
    fn urgency(self) -> Urgency {
        match self {
            Self::VeryHigh => Urgency::VeryHigh,
            Self::High => Urgency::High,
            Self::Medium => Urgency::Medium,
            Self::Low => Urgency::Low,
        }
    }
}

/// The records on which an action can be raised.
const ON: &[Kind] = &[
    Kind::Referral,
    Kind::Subject,
    Kind::Package,
    Kind::Case,
    Kind::Premises,
    Kind::Warrant,
    Kind::Search,
    Kind::Arrest,
    Kind::Charge,
    Kind::Exhibit,
    Kind::Examination,
    Kind::Child,
    Kind::Notification,
    Kind::Nominal,
    Kind::Vehicle,
    Kind::Device,
    Kind::Event,
];

/// Roles that work on records and can be asked to do something.
const OWNERS: &[(&str, &str)] = &[
    offered(Role::OfficerInCase),
    offered(Role::SafeguardingOfficer),
    offered(Role::Examiner),
    offered(Role::IntelligenceOfficer),
    offered(Role::AuthorisingOfficer),
    offered(Role::ReceivingDesk),
    offered(Role::VictimIdentification),
    offered(Role::DisclosureOfficer),
];

const fn offered(role: Role) -> (&'static str, &'static str) {
    (role.key(), role.label())
}

const ROLE: Field = Field::required("role", "Whose task it is", Input::Choice(OWNERS));
const OWNER: Field = Field::optional("owner", "By name", Input::Person)
    .hint("Leave empty for anybody with that role");
const DUE: Field = Field::optional("due", "Due on", Input::Date);

/// Something to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Action {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The kind of record on which it was raised.
    pub on_kind: Kind,
    /// The record on which it was raised.
    pub on: Uuid,
    /// What is to be done.
    pub what: String,
    /// Why.
    pub why: Option<String>,
    /// Whose task it is.
    pub role: Role,
    /// By name, where it is one person's.
    pub owner: Option<Colleague>,
    /// By the end of this day, UTC.
    pub due: Option<Timestamp>,
    /// How pressing it is.
    pub priority: Priority,
    /// What came of it, or why it was cancelled, handed over, put off or opened again.
    pub notes: Vec<(String, Signed)>,
}

impl Record for Action {
    standing!();
    const KIND: Kind = Kind::Action;
    const CREATE: &'static [Field] = &[
        Field::required("on", "About", Input::AnyOf(ON)),
        Field::required("what", "What is to be done", Input::Text)
            .hint("Do not name a child: who does it may not be one who must know"),
        Field::optional("why", "Why", Input::LongText),
        ROLE,
        OWNER,
        DUE,
        Field::optional("priority", "Priority", Input::Choice(Priority::CHOICES))
            .hint("Medium where you choose none"),
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "complete",
            label: "It is done",
            from: &["open"],
            fields: &[Field::required("result", "What came of it", Input::LongText)],
        },
        Act {
            name: "reassign",
            label: "Hand to somebody else",
            from: &["open"],
            fields: &[ROLE, OWNER, REASON],
        },
        Act {
            name: "put_off",
            label: "Change the day it is due",
            from: &["open"],
            fields: &[Field::required("due", "Due on", Input::Date), REASON],
        },
        Act {
            name: "cancel",
            label: "It is not needed any more",
            from: &["open"],
            fields: &[REASON],
        },
        Act {
            name: "reopen",
            label: "Open it again",
            from: &["done", "cancelled"],
            fields: &[REASON],
        },
    ];

    fn title(&self) -> String {
        self.what.clone()
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .line("What is to be done", &self.what)
            .each("Why", &self.why)
            .line("Whose task it is", self.role.label())
            .each("By name", &self.owner)
            .each("Due on", self.due.map(|due| day(uk_date(due))))
            .line("Priority", self.priority)
            .each("Note", self.notes.iter().map(|(note, signed)| format!("{note}\n{signed}")))
            .done()
    }

    fn links(&self) -> Vec<Link> {
        vec![Link { role: "on", kind: self.on_kind, to: self.on }]
    }

    fn part_of(&self) -> Option<Link> {
        self.links().into_iter().next()
    }

    fn facets(&self) -> Vec<Facet> {
        vec![
            Facet::new("role", self.role.key()),
            Facet::new("priority", self.priority.key()),
            Facet::new("raised_on", self.on_kind.key()),
        ]
    }

    fn next(&self) -> Option<Next> {
        (self.state == State::Open).then(|| Next {
            role: self.role,
            what: "Do this, or hand it to somebody else".to_owned(),
            due: self.due,
            urgency: self.priority.urgency(),
        })
    }

    fn assigned(&self) -> Option<PersonId> {
        self.owner.as_ref().map(|owner| owner.id)
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let fields = context.fields;
        let on = context.related.any(fields, "on")?;
        head.belong_to("on", on.head())?;
        let due = fields.if_given("due", Fields::date)?;
        if due.is_some_and(|due| due < uk_date(context.at)) {
            return Err(Refusal::field("due", "enter today or a day to come"));
        }
        let mut action = Self {
            head,
            state: State::Open,
            on_kind: on.kind(),
            on: on.head().id,
            what: fields.text("what")?,
            why: fields.get("why").map(str::to_owned),
            role: fields.choice("role")?,
            owner: None,
            due: due.map(end_of),
            priority: fields.if_given("priority", Fields::choice)?.unwrap_or(Priority::Medium),
            notes: Vec::new(),
        };
        action.own(context)?;
        Ok(action)
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        let fields = context.fields;
        match act {
            "complete" => self.state = State::Done,
            "cancel" => self.state = State::Cancelled,
            "reopen" => self.state = State::Open,
            "put_off" => self.due = Some(end_of(fields.date("due")?)),
            "reassign" => self.own(context)?,
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        let note = fields.get("result").or(fields.get("reason")).unwrap_or_default();
        self.notes.push((note.to_owned(), Signed::now(context)));
        Ok(())
    }
}

impl Action {
    /// Takes role and owner from the form; an owner holds the role.
    fn own(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        self.role = context.fields.choice("role")?;
        self.owner = Colleague::named(context, "owner", self.head.force, self.role)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{World, fields, officer};

    fn raised(world: &mut World, owner: &str) -> Result<Action, Refusal> {
        let on = format!("case/{}", world.case().head.id);
        world.try_create(&fields([
            ("on", &*on),
            ("what", "Obtain the school's records"),
            ("role", "officer_in_case"),
            ("owner", owner),
            ("due", "2026-06-03"),
        ]))
    }

    #[test]
    fn an_action_with_a_named_owner_waits_for_that_person_until_it_is_handed_over() {
        let mut world = World::new();
        let mut colleague = officer(5, Some("E23000035"));
        colleague.roles = [Role::OfficerInCase].into();
        world.people = vec![colleague.clone()];
        let id = colleague.id.0.to_string();
        let action = raised(&mut world, &id).unwrap();
        assert_eq!(action.assigned(), Some(colleague.id));
        assert_eq!(action.next().unwrap().due.unwrap().to_string(), "2026-06-03T22:59:59Z");
        let anybody = fields([("role", "examiner"), ("reason", "On leave")]);
        let action = world.act(&action, "reassign", &anybody).unwrap();
        assert_eq!((action.assigned(), action.next().unwrap().role), (None, Role::Examiner));
        let done = fields([("result", "Obtained")]);
        assert_eq!(world.act(&action, "complete", &done).unwrap().next(), None);
    }

    #[test]
    fn an_owner_of_another_force_or_without_the_role_is_refused() {
        let mut world = World::new();
        let (mut stranger, idle) = (officer(6, Some("E23000036")), officer(7, Some("E23000035")));
        stranger.roles = [Role::OfficerInCase].into();
        world.people = vec![stranger.clone(), idle.clone()];
        for person in [stranger, idle] {
            let refusal = raised(&mut world, &person.id.0.to_string()).unwrap_err();
            assert!(matches!(refusal, Refusal::Field { name, .. } if name == "owner"));
        }
    }

    #[test]
    fn an_action_is_never_due_on_a_day_that_is_over() {
        let mut world = World::new();
        let action = raised(&mut world, "").unwrap();
        world.now = "2026-06-04T09:00:00Z".parse().unwrap();
        assert!(raised(&mut world, "").is_err());
        assert!(action.next().unwrap().due.unwrap() < world.now, "the one raised before is late");
    }
}
