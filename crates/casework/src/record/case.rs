//! A case: a force's investigation, opened from a package or by the force itself.
//!
//! States: open -> closed (outcome) -> open again. It belongs to one operation or to none, and
//! everything in it with it. It does not close while a child waits for protection or a suspect
//! for a decision.

use serde::{Deserialize, Serialize};

use super::arrest::{self, Arrest};
use super::child::{self, Child};
use super::package::{self, Package};
use super::subject::{About, Subject};
use super::{
    Act, ActContext, Detail, Facet, Head, Id, Kind, Lines, Link, Need, Next, OPERATION, REASON,
    Record, Related, Signed, Urgency,
};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::Role;

states! {
    /// Where a case stands.
    Open = "open" => [Closed], "Being worked.";
    Closed = "closed" => [Open], "Finished, with an outcome.";
}

choices! {
    /// How a case ended.
    Outcome {
        Convicted = "convicted", "Conviction";
        Acquitted = "acquitted", "Acquittal";
        OutOfCourt = "out_of_court", "Out of court disposal";
        NoFurtherAction = "no_further_action", "No further action";
        Safeguarding = "safeguarding", "Safeguarding only";
        Transferred = "transferred", "Transferred to another force";
    }
}

/// A line that an officer added to the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// What it says.
    pub text: String,
    /// By whom, when.
    pub signed: Signed,
}

/// A force's investigation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Case {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// What the force calls it.
    pub name: String,
    /// Officer in the case, by rank and name.
    pub officer: String,
    /// The package it was opened from.
    pub package: Option<Id<Package>>,
    /// The people it is about, as known when they were added.
    pub people: Vec<About>,
    /// Timeline notes.
    pub notes: Vec<Note>,
    /// How it ended and why.
    pub outcome: Option<(Outcome, String)>,
}

impl Record for Case {
    standing!();
    const KIND: Kind = Kind::Case;
    const CREATE: &'static [Field] = &[
        Field::required("name", "Name of the case", Input::Text),
        Field::optional("officer", "Officer in the case", Input::Text).hint("Rank and name"),
        Field::optional("package", "Opened from package", Input::Record(Kind::Package)),
        Field::optional("subject", "Subject", Input::Record(Kind::Subject))
            .hint("Not needed where a package tells of one"),
        OPERATION,
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "add_subject",
            label: "Add a subject",
            from: &["open"],
            fields: &[Field::required("subject", "Subject", Input::Record(Kind::Subject))],
        },
        Act {
            name: "add_note",
            label: "Add a note",
            from: &["open"],
            fields: &[Field::required("text", "Note", Input::LongText)],
        },
        Act {
            name: "close",
            label: "Close the case",
            from: &["open"],
            fields: &[
                Field::required("outcome", "Outcome", Input::Choice(Outcome::CHOICES)),
                REASON,
            ],
        },
        Act { name: "reopen", label: "Open it again", from: &["closed"], fields: &[REASON] },
    ];

    fn title(&self) -> String {
        self.name.clone()
    }

    fn details(&self) -> Vec<Detail> {
        let about = self
            .people
            .iter()
            .fold(Lines::new(), |lines, person| person.lines(lines))
            .each("Note", self.notes.iter().map(|n| format!("{}\n{}", n.signed, n.text)))
            .each("Outcome", self.outcome.as_ref().map(|(how, why)| format!("{how}. {why}")));
        Lines::new()
            .line("Name of the case", &self.name)
            .line("Officer in the case", &self.officer)
            .and_guarded(about)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        let package = self.package.map(|id| Link::to("package", id));
        let people = self.people.iter().map(|person| Link::to("subject", person.subject));
        package.into_iter().chain(people).collect()
    }

    fn facets(&self) -> Vec<Facet> {
        vec![
            Facet::flag("from_package", self.package.is_some()),
            Facet::flag("immediate_risk", self.people.iter().any(|p| p.immediate_risk)),
        ]
    }

    fn next(&self) -> Option<Next> {
        (self.state == State::Open).then(|| Next {
            role: Role::OfficerInCase,
            what: "Work this case or close it".to_owned(),
            due: None,
            urgency: self.urgency(),
        })
    }

    fn needs(&self, act: &str) -> Vec<Need> {
        let linked = |kind| Need::LinkedTo { kind, role: "case", to: self.head.id };
        match act {
            "close" => vec![linked(Kind::Child), linked(Kind::Arrest)],
            _ => Vec::new(),
        }
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (fields, related) = (context.fields, context.related);
        let mut people = Vec::new();
        let package = match fields.if_given("package", Fields::record)? {
            None => None,
            Some(id) => {
                let package: Package = related.get("package", id)?;
                head.belong_to("package", &package.head)?;
                if package.state != package::State::Acknowledged {
                    return Err(Refusal::missing(
                        "the acknowledgement of the package",
                        Role::ReceivingDesk,
                    ));
                }
                people.push(package.about);
                Some(Id::new(id))
            }
        };
        if package.is_none() {
            head.join_operation(fields, related)?;
        }
        if let Some(id) = fields.if_given("subject", Fields::record)? {
            let subject: Subject = related.get("subject", id)?;
            people.push(subject.about());
        }
        Ok(Self {
            state: State::Open,
            name: fields.text("name")?,
            officer: fields.get("officer").unwrap_or(&head.author_name).to_owned(),
            package,
            people,
            notes: Vec::new(),
            outcome: None,
            head,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "add_subject" => self.add_subject(context)?,
            "add_note" => self.add_note(context.fields.text("text")?, context),
            "close" => self.close(context)?,
            "reopen" => {
                self.state = State::Open;
                self.outcome = None;
                self.add_note(context.fields.text("reason")?, context);
            }
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        Ok(())
    }
}

impl Case {
    /// Where its work stands in a queue: as the most pressing of its people.
    pub fn urgency(&self) -> Urgency {
        self.people.iter().map(About::urgency).min().unwrap_or(Urgency::Medium)
    }

    /// The case that a new record's form names: it must be open and of the author's force.
    pub fn joined(head: &mut Head, fields: &Fields, related: &Related) -> Result<Self, Refusal> {
        let case: Self = related.get("case", fields.record("case")?)?;
        head.belong_to("case", &case.head)?;
        if case.state != State::Open {
            return Err(Refusal::field("case", "choose a case that is open"));
        }
        Ok(case)
    }

    /// What is known of one of its people: the one that the form names, or the only one.
    pub fn person(&self, fields: &Fields, related: &Related) -> Result<About, Refusal> {
        match (fields.if_given("subject", Fields::record)?, &*self.people) {
            (None, [only]) => Ok(only.clone()),
            (None, _) => Err(Refusal::field("subject", "choose one of the people of the case")),
            (Some(id), people) => match people.iter().find(|p| p.subject.uuid() == id) {
                Some(person) => Ok(person.clone()),
                None => Ok(related.get::<Subject>("subject", id)?.about()),
            },
        }
    }

    fn add_subject(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let id = context.fields.record("subject")?;
        let about = context.related.get::<Subject>("subject", id)?.about();
        self.people.retain(|person| person.subject != about.subject);
        self.people.push(about);
        Ok(())
    }

    fn add_note(&mut self, text: String, context: &ActContext<'_>) {
        self.notes.push(Note { text, signed: Signed::now(context) });
    }

    fn close(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let here = Id::new(self.head.id);
        let waiting = |child: Child| child.case == here && child.state == child::State::AtRisk;
        if context.related.all().any(waiting) {
            return Err(Refusal::missing(
                "protection for a child of this case",
                Role::SafeguardingOfficer,
            ));
        }
        let undecided = |arrest: Arrest| arrest.case == here && !arrest::decided(arrest.state);
        if context.related.all().any(undecided) {
            return Err(Refusal::missing(
                "the decision on an arrest of this case",
                Role::OfficerInCase,
            ));
        }
        let fields = context.fields;
        self.outcome = Some((fields.choice("outcome")?, fields.text("reason")?));
        self.state = State::Closed;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::premises::Premises;
    use crate::record::testing::{World, fields, officer};
    use crate::record::warrant::Warrant;

    #[test]
    fn a_case_opened_from_a_package_knows_its_subject_and_force_without_seeing_the_record() {
        let mut world = World::new();
        let band = fields([("band", "high"), ("source", "KIRAT"), ("date", "2026-05-01")]);
        let subject = world.subject();
        let subject = world.act(&subject, "assess_risk", &band).unwrap();
        let package: Package = world.create(&fields([
            ("subject", &*subject.head.id.to_string()),
            ("destination", "E23000035"),
            ("content", "C"),
            ("asked", "A"),
            ("source_grade", "1"),
            ("information_grade", "a"),
            ("handling", "p"),
        ]));
        let from = fields([("name", "Case"), ("package", &*package.head.id.to_string())]);
        let sent = Package {
            state: package::State::Sent,
            head: Head { force: crate::force::ForceKey::parse("E23000035"), ..package.head.clone() },
            ..package
        };
        world.put(sent.clone());
        world.by = officer(1, Some("E23000035"));
        let refusal = world.try_create::<Case>(&from).unwrap_err();
        assert!(matches!(refusal, Refusal::Missing { who: Some(Role::ReceivingDesk), .. }));
        let package = world.act(&sent, "acknowledge", &fields([])).unwrap();
        let case: Case = world.create(&from);
        assert_eq!((case.people[0].name.as_str(), case.head.force), ("Robin Example", sent.head.force));
        let started = fields([("case", &*case.head.id.to_string())]);
        assert_eq!(world.act(&package, "start", &started).unwrap().state(), "in_progress");
    }

    #[test]
    fn nothing_new_joins_a_closed_case() {
        let mut world = World::new();
        let case = world.case();
        let closing = fields([("outcome", "no_further_action"), ("reason", "Nothing found")]);
        world.act(&case, "close", &closing).unwrap();
        let premises: Premises = world.premises();
        let refusal = world
            .try_create::<Warrant>(&fields([
                ("case", &*case.head.id.to_string()),
                ("premises", &*premises.head.id.to_string()),
                ("statute", "pca_1978_s4"),
                ("kind", "specific"),
                ("grounds", "G"),
            ]))
            .unwrap_err();
        assert!(matches!(refusal, Refusal::Field { label, .. } if label == "Case"));
    }
}
