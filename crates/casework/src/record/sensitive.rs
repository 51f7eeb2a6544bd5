//! A sensitive-person check: a subject screened against a list kept outside the case.
//!
//! States: pending -> clear, match. The record is restricted from the moment it is made: only
//! the check officer learns the result. It runs beside the package's preparation and is due
//! before dispatch; what others may know is only whether dispatch may go on. After a match, the
//! check officer records who decided that dispatch goes on under restricted handling.

use jiff::civil;
use serde::{Deserialize, Serialize};

use super::subject::Subject;
use super::{
    Act, ActContext, Detail, Head, Id, Kind, Lines, Link, Next, Record, Restriction, Signed,
    Urgency, day, link, links,
};
use crate::form::{Field, Input, Refusal};
use crate::person::Role;

states! {
    /// Where a check stands.
    Pending = "pending" => [Clear, Match], "Not done.";
    Clear = "clear" => [], "The subject is not on the list.";
    Match = "match" => [], "The subject is on the list.";
}

/// One screening of one subject.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SensitivePersonCheck {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The subject.
    pub subject: Id<Subject>,
    /// The subject's name when the check was asked for.
    pub name: String,
    /// The subject's date of birth then.
    pub date_of_birth: Option<civil::Date>,
    /// Where the check stands in the queue.
    pub urgency: Urgency,
    /// Which list, in which version, was used.
    pub list: Option<String>,
    /// What the check officer noted.
    pub note: Option<String>,
    /// Who did it.
    pub done: Option<Signed>,
    /// Who decided, after a match, that dispatch goes on under restricted handling.
    pub dispatch_decided_by: Option<String>,
}

const LIST: Field = Field::required("list", "List and its version", Input::Text);

impl Record for SensitivePersonCheck {
    const SEALED: &'static [&'static str] = &["clear", "match"];
    const FOUR_EYES: &'static [(&'static str, &'static str)] = &[("head.author", "done.by")];
    standing!();
    const KIND: Kind = Kind::SensitivePersonCheck;
    const CREATE: &'static [Field] =
        &[Field::required("subject", "Subject", Input::Record(Kind::Subject))];
    const ACTS: &'static [Act] = &[
        Act { name: "clear", label: "Not on the list", from: &["pending"], fields: &[LIST] },
        Act {
            name: "match",
            label: "On the list",
            from: &["pending"],
            fields: &[LIST, Field::required("note", "Note", Input::LongText)],
        },
        Act {
            name: "permit_dispatch",
            label: "Record the decision that dispatch goes on",
            from: &["match"],
            fields: &[
                Field::required("decided_by", "Who decided", Input::Text),
                Field::required("note", "Handling", Input::LongText),
            ],
        },
    ];

    fn title(&self) -> String {
        format!("Check of {}", self.name)
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .line("Subject", &self.name)
            .each("Date of birth", self.date_of_birth.map(day))
            .each("List and its version", &self.list)
            .each("Done by", &self.done)
            .each("Note", &self.note)
            .each("Dispatch decided by", &self.dispatch_decided_by)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        links([link("subject", self.subject)])
    }

    fn next(&self) -> Option<Next> {
        let what = match self.state {
            State::Pending => "Check this subject against the list",
            State::Match if self.dispatch_decided_by.is_none() => {
                "Obtain the decision about dispatch"
            }
            State::Match | State::Clear => return None,
        };
        Some(Next {
            role: Role::SensitiveCheckOfficer,
            what: what.to_owned(),
            due: None,
            urgency: self.urgency,
        })
    }

    fn create(head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (fields, related) = (context.fields, context.related);
        let subject: Subject = related.get("subject", fields.record("subject")?)?;
        let restriction = Restriction::Role(Role::SensitiveCheckOfficer);
        Ok(Self {
            head: Head { restriction, force: None, operation: subject.head.operation, ..head },
            state: State::Pending,
            subject: Id::new(subject.head.id),
            urgency: subject.about().urgency(),
            name: subject.name,
            date_of_birth: subject.date_of_birth,
            list: None,
            note: None,
            done: None,
            dispatch_decided_by: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "clear" => self.conclude(State::Clear, context),
            "match" => self.conclude(State::Match, context),
            "permit_dispatch" => {
                self.dispatch_decided_by = Some(context.fields.text("decided_by")?);
                self.note = Some(context.fields.text("note")?);
                Ok(())
            }
            other => Err(Refusal::UnknownAct(other.to_owned())),
        }
    }
}

impl SensitivePersonCheck {
    /// Whether the package may go as far as this check is concerned.
    pub fn permits_dispatch(&self) -> bool {
        self.state == State::Clear || self.dispatch_decided_by.is_some()
    }

    fn conclude(&mut self, state: State, context: &ActContext<'_>) -> Result<(), Refusal> {
        super::second_person("the check", self.head.author, &self.head.author_name, context.by)?;
        self.list = Some(context.fields.text("list")?);
        self.note = context.fields.get("note").map(str::to_owned);
        self.done = Some(Signed::now(context));
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{World, fields};

    #[test]
    fn a_check_is_restricted_from_the_moment_it_is_made() {
        let mut world = World::new();
        let subject = world.subject().head.id.to_string();
        let check: SensitivePersonCheck = world.create(&fields([("subject", &*subject)]));
        assert_eq!(check.head.restriction, Restriction::Role(Role::SensitiveCheckOfficer));
    }

    #[test]
    fn who_asks_for_a_check_does_not_conclude_it() {
        let mut world = World::new();
        let subject = world.subject().head.id.to_string();
        let check: SensitivePersonCheck = world.create(&fields([("subject", &*subject)]));
        let refusal = world.act(&check, "clear", &fields([("list", "1")])).unwrap_err();
        assert!(matches!(refusal, Refusal::SamePerson { .. }));
    }

    #[test]
    fn after_a_match_dispatch_waits_for_a_recorded_decision() {
        let mut world = World::new();
        let subject = world.subject().head.id.to_string();
        let check: SensitivePersonCheck = world.create(&fields([("subject", &*subject)]));
        world.officer(2);
        let check =
            world.act(&check, "match", &fields([("list", "1"), ("note", "Same name")])).unwrap();
        assert!(!check.permits_dispatch());
        let decision = fields([("decided_by", "Director"), ("note", "Two named officers only")]);
        assert!(world.act(&check, "permit_dispatch", &decision).unwrap().permits_dispatch());
    }
}
