//! A notification: telling a body outside the case that a person may be a danger at work.
//!
//! States: owed -> made -> acknowledged. Who decides and under which power is recorded before
//! anything is told: the local authority's designated officer, the employer, the regulator, the
//! Disclosure and Barring Service, or, for police, professional standards.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::case::Case;
use super::subject::About;
use super::{
    Act, ActContext, CASE, Detail, Facet, Head, Id, Kind, Lines, Link, Next, Record,
    Signed, link, links, moment,
};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::Role;

states! {
    /// Where a notification stands.
    Owed = "owed" => [Made], "Decided, not told.";
    Made = "made" => [Acknowledged], "Told.";
    Acknowledged = "acknowledged" => [], "They confirmed it.";
}

choices! {
    /// Who is told.
    Recipient {
        Lado = "lado", "Local authority's designated officer";
        Employer = "employer", "Employer";
        Regulator = "regulator", "Professional regulator";
        Dbs = "dbs", "Disclosure and Barring Service";
        ProfessionalStandards = "professional_standards", "Professional standards";
    }
}

/// Telling a body outside the case.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Notification {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The case.
    pub case: Id<Case>,
    /// The person it is about.
    pub about: About,
    /// Who is told.
    pub recipient: Recipient,
    /// The body's name.
    pub name: String,
    /// Who decided, by rank and name.
    pub decided_by: String,
    /// Under which power.
    pub power: String,
    /// What is told, and why.
    pub content: String,
    /// By when, UTC.
    pub due: Option<Timestamp>,
    /// Told by whom, when.
    pub made: Option<Signed>,
    /// How it was told.
    pub means: Option<String>,
    /// Their reference.
    pub reference: Option<String>,
}

impl Record for Notification {
    standing!();
    const KIND: Kind = Kind::Notification;
    const CREATE: &'static [Field] = &[
        CASE,
        Field::optional("subject", "About", Input::Record(Kind::Subject))
            .hint("Not needed where the case has one person"),
        Field::required("recipient", "Who is told", Input::Choice(Recipient::CHOICES)),
        Field::required("name", "Name of the body", Input::Text),
        Field::required("decided_by", "Who decided", Input::Text).hint("Rank and name"),
        Field::required("power", "Under which power", Input::Text),
        Field::required("content", "What is told, and why", Input::LongText),
        Field::optional("due", "By when", Input::Moment),
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "make",
            label: "Record that they were told",
            from: &["owed"],
            fields: &[Field::required("means", "How, to whom", Input::Text)],
        },
        Act {
            name: "acknowledge",
            label: "Record that they confirmed it",
            from: &["made"],
            fields: &[Field::required("reference", "Their reference", Input::Text)],
        },
    ];

    fn title(&self) -> String {
        format!("{}: {}", self.recipient, self.name)
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .line("About", &self.about.name)
            .line("Who is told", self.recipient)
            .line("Name of the body", &self.name)
            .line("Who decided", &self.decided_by)
            .line("Under which power", &self.power)
            .line("What is told, and why", &self.content)
            .each("By when", self.due.map(moment))
            .each("Told by", &self.made)
            .each("How, to whom", &self.means)
            .each("Their reference", &self.reference)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        links([link("case", self.case), link("subject", self.about.subject)])
    }

    fn facets(&self) -> Vec<Facet> {
        vec![Facet::new("recipient", self.recipient.key())]
    }

    fn next(&self) -> Option<Next> {
        let what = match self.state {
            State::Owed => "Make this notification",
            State::Made => "Obtain the acknowledgement of this notification",
            State::Acknowledged => return None,
        };
        Some(Next {
            role: Role::OfficerInCase,
            what: what.to_owned(),
            due: self.due.filter(|_| self.state == State::Owed),
            urgency: self.about.urgency(),
        })
    }

    fn disclosed_to(&self, act: &str) -> Option<String> {
        (act == "make").then(|| self.name.clone())
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (fields, related) = (context.fields, context.related);
        let case = Case::joined(&mut head, fields, related)?;
        Ok(Self {
            about: case.person(fields, related)?,
            head,
            state: State::Owed,
            case: Id::new(case.head.id),
            recipient: fields.choice("recipient")?,
            name: fields.text("name")?,
            decided_by: fields.text("decided_by")?,
            power: fields.text("power")?,
            content: fields.text("content")?,
            due: fields.if_given("due", Fields::moment)?,
            made: None,
            means: None,
            reference: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "make" => {
                self.means = Some(context.fields.text("means")?);
                self.made = Some(Signed::now(context));
                self.state = State::Made;
            }
            "acknowledge" => {
                self.reference = Some(context.fields.text("reference")?);
                self.state = State::Acknowledged;
            }
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{World, fields};

    #[test]
    fn a_notification_names_who_decided_and_the_power_before_anything_is_told() {
        let mut world = World::new();
        let case = world.case().head.id.to_string();
        let all = [
            ("case", &*case),
            ("recipient", "lado"),
            ("name", "Plymouth"),
            ("decided_by", "Det Insp E"),
            ("power", "Working Together to Safeguard Children"),
            ("content", "Works at a nursery"),
        ];
        for without in ["decided_by", "power"] {
            let some: Fields = all.into_iter().filter(|(name, _)| *name != without).collect();
            assert!(world.try_create::<Notification>(&some).is_err(), "{without}");
        }
        let owed: Notification = world.create(&fields(all));
        let made = world.act(&owed, "make", &fields([("means", "Secure e-mail")])).unwrap();
        assert_eq!(made.next().unwrap().role, Role::OfficerInCase);
        assert!(world.act(&made, "make", &fields([("means", "Again")])).is_err());
    }
}
