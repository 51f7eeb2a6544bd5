//! A notification: telling a body outside the case that a person may be a danger at work.
//!
//! States: owed -> made -> acknowledged; not_needed by decision. Who decides and under which power is recorded before
//! anything is told: the local authority's designated officer, the employer, the regulator, the
//! Disclosure and Barring Service, or, for police, professional standards. Where the form names no
//! time, each has one from the settings. What they did with it is recorded when they say.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::case::Case;
use super::subject::About;
use super::{
    Act, ActContext, CASE, Detail, Facet, Head, Id, Kind, Lines, Link, Next, REASON, Record,
    Signed, end_of, link, links, moment, uk_date,
};
use crate::calendar::add_working_days;
use crate::force::{ForceKey, Jurisdiction};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::Role;

states! {
    /// Where a notification stands.
    Owed = "owed" => [Made, NotNeeded], "Decided, not told.";
    Made = "made" => [Acknowledged], "Told.";
    Acknowledged = "acknowledged" => [], "They confirmed it.";
    NotNeeded = "not_needed" => [Owed], "Nobody is told after all, by decision.";
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
    /// When they were asked again, and what was said.
    #[serde(default)]
    pub chased: Vec<(String, Signed)>,
    /// What they did with it.
    #[serde(default)]
    pub outcome: Option<(String, Signed)>,
    /// Why it is not needed, or is again, and who decided so.
    #[serde(default)]
    pub decisions: Vec<(String, Signed)>,
}

impl Recipient {
    /// By when this body is told, where nobody says otherwise.
    fn due(self, force: Option<ForceKey>, context: &ActContext<'_>) -> Option<Timestamp> {
        if self == Self::Lado { Some(lado_due(force, context)) } else {
            let within = context.settings.notification.others_within_hours.hours();
            context.at.checked_add(within).ok()
        }
    }
}

/// By when the local authority's designated officer is told: the end of so many working days.
pub fn lado_due(force: Option<ForceKey>, context: &ActContext<'_>) -> Timestamp {
    let days = context.settings.notification.lado_within_working_days.get();
    end_of(add_working_days(Jurisdiction::of(force), uk_date(context.at), days))
}

const DECIDED_BY: Field =
    Field::required("decided_by", "Who decided", Input::Text).hint("Rank and name");

impl Record for Notification {
    standing!();
    const KIND: Kind = Kind::Notification;
    const CREATE: &'static [Field] = &[
        CASE,
        Field::optional("subject", "About", Input::Record(Kind::Subject))
            .hint("Not needed where the case has one person"),
        Field::required("recipient", "Who is told", Input::Choice(Recipient::CHOICES)),
        Field::required("name", "Name of the body", Input::Text),
        DECIDED_BY,
        Field::required("power", "Under which power", Input::Text).hint(
            "Such as Children Act 2004 section 11, the common law police disclosure, or the Safeguarding Vulnerable Groups Act 2006",
        ),
        Field::required("content", "What is told, and why", Input::LongText),
        Field::optional("due", "By when", Input::Moment)
            .hint("Leave empty for the time that your force set"),
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
        Act {
            name: "chase",
            label: "Record that they were asked again",
            from: &["made"],
            fields: &[Field::required("note", "How, and what they said", Input::LongText)],
        },
        Act {
            name: "record_outcome",
            label: "Record what they did with it",
            from: &["acknowledged"],
            fields: &[Field::required("outcome", "What they did", Input::LongText)],
        },
        Act {
            name: "decide_not_to",
            label: "It is not needed after all",
            from: &["owed"],
            fields: &[DECIDED_BY, REASON],
        },
        Act {
            name: "reopen",
            label: "It is needed again",
            from: &["not_needed"],
            fields: &[DECIDED_BY, REASON],
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
            .each("Asked again", self.chased.iter().map(noted))
            .each("Their reference", &self.reference)
            .each("What they did", self.outcome.as_ref().map(noted))
            .each("Decision", self.decisions.iter().map(noted))
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
            State::Acknowledged | State::NotNeeded => return None,
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
        let recipient: Recipient = fields.choice("recipient")?;
        let due = fields.if_given("due", Fields::moment)?.or(recipient.due(head.force, context));
        Ok(Self {
            about: case.person(fields, related)?,
            head,
            state: State::Owed,
            case: Id::new(case.head.id),
            recipient,
            name: fields.text("name")?,
            decided_by: fields.text("decided_by")?,
            power: fields.text("power")?,
            content: fields.text("content")?,
            due,
            made: None,
            means: None,
            reference: None,
            chased: Vec::new(),
            outcome: None,
            decisions: Vec::new(),
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
            "chase" => self.chased.push((context.fields.text("note")?, Signed::now(context))),
            "record_outcome" => {
                self.outcome = Some((context.fields.text("outcome")?, Signed::now(context)));
            }
            "decide_not_to" => self.decide(State::NotNeeded, context)?,
            "reopen" => self.decide(State::Owed, context)?,
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        Ok(())
    }
}

impl Notification {
    /// A notification that is needed again is owed from now on.
    fn decide(&mut self, state: State, context: &ActContext<'_>) -> Result<(), Refusal> {
        let (who, why) = (context.fields.text("decided_by")?, context.fields.text("reason")?);
        let what = if state == State::Owed { "Needed" } else { "Not needed" };
        let decision = format!("{what}, decided by {who}: {why}");
        self.decisions.push((decision, Signed::now(context)));
        if state == State::Owed {
            self.due = self.recipient.due(self.head.force, context);
        }
        self.state = state;
        Ok(())
    }
}

/// A note with who made it.
fn noted((text, signed): &(String, Signed)) -> String {
    format!("{text}\n{signed}")
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
    fn owed(world: &mut World, recipient: &str) -> Notification {
        let case = world.case().head.id.to_string();
        world.create(&fields([
            ("case", &*case),
            ("recipient", recipient),
            ("name", "Plymouth"),
            ("decided_by", "Det Insp E"),
            ("power", "Working Together to Safeguard Children"),
            ("content", "Works at a nursery"),
        ]))
    }

    #[test]
    fn the_designated_officer_is_told_within_the_time_that_is_set() {
        let mut world = World::new();
        let lado = owed(&mut world, "lado").due.unwrap();
        assert_eq!(lado.to_string(), "2026-06-02T22:59:59Z", "the end of Tuesday");
        assert!(owed(&mut world, "employer").due.unwrap() > lado);
    }

    #[test]
    fn a_notification_that_is_not_made_has_a_decision_and_can_be_owed_again() {
        let mut world = World::new();
        let first = owed(&mut world, "lado");
        let decision = fields([("decided_by", "DCI F"), ("reason", "Left the post last year")]);
        let dropped = world.act(&first, "decide_not_to", &decision).unwrap();
        assert_eq!(dropped.next(), None);
        assert!(dropped.details().iter().any(|line| line.text.contains("DCI F")));
        world.now = "2026-06-05T09:00:00Z".parse().unwrap();
        let again = world.act(&dropped, "reopen", &decision).unwrap();
        assert!(again.next().unwrap().due.unwrap() > world.now, "its time runs from now");
    }
}
