//! A case: a force's investigation, opened from a package or by the force itself.
//!
//! States: open -> closed (outcome) -> open again. It belongs to one operation or to none, and
//! everything in it with it. It does not close while a child waits for protection or a suspect
//! for a decision.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::arrest::{self, Arrest};
use super::child::{self, Child};
use super::notification::{self, Notification};
use super::package::{self, Package};
use super::subject::{About, Subject};
use super::{
    Act, ActContext, Colleague, Detail, Facet, Head, Id, Kind, Lines, Link, Need, Next, OPERATION,
    REASON, Record, Related, Reviewed, Signed, Urgency,
};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::{PersonId, Role};

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

choices! {
    /// What was decided on a suspect's position of trust.
    Told {
        Somebody = "somebody", "The notifications that are needed are recorded";
        Nobody = "nobody", "Nobody is to be told";
    }
}

/// A person's decision on who is told of a suspect's position of trust.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustDecision {
    /// The suspect.
    pub subject: Id<Subject>,
    /// What was decided.
    pub told: Told,
    /// Why.
    pub reason: String,
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
    /// The officer in the case as an account, once one took it or was given it.
    #[serde(default)]
    pub oic: Option<Colleague>,
    /// Who is told of a suspect's position of trust, as decided.
    #[serde(default)]
    pub trust: Vec<TrustDecision>,
    /// By when that is to be decided, where a suspect is in one.
    #[serde(default)]
    pub trust_due: Option<Timestamp>,
    /// Timeline notes.
    pub notes: Vec<Note>,
    /// How it ended and why.
    pub outcome: Option<(Outcome, String)>,
}

impl Record for Case {
    standing!();
    const KIND: Kind = Kind::Case;
    const REVIEWED: Option<Reviewed> =
        Some(Reviewed { when: "closed", by: Role::DisclosureOfficer });
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
        Act { name: "take", label: "Take this case", from: &["open"], fields: &[] },
        Act {
            name: "hand_over",
            label: "Hand the case to an officer",
            from: &["open"],
            fields: &[Field::required("to", "Officer in the case", Input::Person), REASON],
        },
        Act {
            name: "decide_on_trust",
            label: "Decide who is told of a position of trust",
            from: &["open"],
            fields: &[
                Field::optional("subject", "About", Input::Record(Kind::Subject))
                    .hint("Not needed where the case has one person"),
                Field::required("told", "Decision", Input::Choice(Told::CHOICES)),
                REASON,
            ],
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
            .each("Position of trust", self.trust.iter().map(TrustDecision::line))
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
            Facet::flag("trust_decision_due", self.trust_undecided()),
            Facet::flag("immediate_risk", self.people.iter().any(|p| p.immediate_risk)),
        ]
    }

    fn next(&self) -> Option<Next> {
        let (what, due) = if self.trust_undecided() {
            ("Decide who must be told of a suspect's position of trust", self.trust_due)
        } else {
            ("Work this case or close it", None)
        };
        (self.state == State::Open).then(|| Next {
            role: Role::OfficerInCase,
            what: what.to_owned(),
            due,
            urgency: self.urgency(),
        })
    }

    fn assigned(&self) -> Option<PersonId> {
        self.oic.as_ref().map(|officer| officer.id)
    }

    fn needs(&self, act: &str) -> Vec<Need> {
        let linked = |kind| Need::LinkedTo { kind, role: "case", to: self.head.id };
        match act {
            "close" => {
                vec![linked(Kind::Child), linked(Kind::Arrest), linked(Kind::Notification)]
            }
            "decide_on_trust" => vec![linked(Kind::Notification)],
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
        let own = fields.get("officer").is_none() && context.by.is(Role::OfficerInCase);
        let mut case = Self {
            state: State::Open,
            oic: own.then(|| Colleague::from(context.by)),
            trust: Vec::new(),
            trust_due: None,
            name: fields.text("name")?,
            officer: fields.get("officer").unwrap_or(&head.author_name).to_owned(),
            package,
            people,
            notes: Vec::new(),
            outcome: None,
            head,
        };
        case.start_trust_clock(context);
        Ok(case)
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "add_subject" => self.add_subject(context)?,
            "take" => self.take(context)?,
            "hand_over" => self.hand_over(context)?,
            "decide_on_trust" => self.decide_on_trust(context)?,
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
        self.start_trust_clock(context);
        Ok(())
    }

    /// Nobody takes a case from a colleague: it is handed over.
    fn take(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        if let Some(officer) = &self.oic {
            return Err(Refusal::missing(
                format!("the handing over of this case, which is with {officer}"),
                Role::OfficerInCase,
            ));
        }
        self.oic = Some(Colleague::from(context.by));
        self.officer.clone_from(&context.by.name);
        Ok(())
    }

    fn hand_over(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        self.oic = Colleague::named(context, "to", self.head.force, Role::OfficerInCase)?;
        if let Some(officer) = &self.oic {
            self.officer.clone_from(&officer.name);
            let reason = context.fields.text("reason")?;
            self.add_note(format!("Handed to {}: {reason}", self.officer), context);
        }
        Ok(())
    }

    /// Whether a person in a position of trust is in it about whom nobody decided who is told.
    fn trust_undecided(&self) -> bool {
        let decided = |about: &About| self.trust.iter().any(|t| t.subject == about.subject);
        self.people.iter().any(|about| about.position_of_trust && !decided(about))
    }

    fn start_trust_clock(&mut self, context: &ActContext<'_>) {
        if self.trust_undecided() {
            let due = notification::lado_due(self.head.force, context);
            self.trust_due = self.trust_due.or(Some(due));
        } else {
            self.trust_due = None;
        }
    }

    fn decide_on_trust(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let about = self.person(context.fields, context.related)?;
        let told: Told = context.fields.choice("told")?;
        let here = Id::new(self.head.id);
        let about_them = |n: Notification| n.case == here && n.about.subject == about.subject;
        if told == Told::Somebody && !context.related.all().any(about_them) {
            return Err(Refusal::missing("a notification about this person", Role::OfficerInCase));
        }
        self.trust.push(TrustDecision {
            subject: about.subject,
            told,
            reason: context.fields.text("reason")?,
            signed: Signed::now(context),
        });
        self.start_trust_clock(context);
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
        let owed = |n: Notification| n.case == here && n.state == notification::State::Owed;
        if context.related.all().any(owed) {
            return Err(Refusal::missing(
                "a notification of this case that is owed, or the decision that it is not needed",
                Role::OfficerInCase,
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

impl TrustDecision {
    fn line(&self) -> String {
        format!("{}. {}\n{}", self.told, self.reason, self.signed)
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
            head: Head {
                force: crate::force::ForceKey::parse("E23000035"),
                ..package.head.clone()
            },
            ..package
        };
        world.put(sent.clone());
        world.by = officer(1, Some("E23000035"));
        let refusal = world.try_create::<Case>(&from).unwrap_err();
        assert!(matches!(refusal, Refusal::Missing { who: Some(Role::ReceivingDesk), .. }));
        let package = world.act(&sent, "acknowledge", &fields([])).unwrap();
        let case: Case = world.create(&from);
        assert_eq!(
            (case.people[0].name.as_str(), case.head.force),
            ("Robin Example", sent.head.force)
        );
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
    /// A case whose suspect works with children.
    fn case_of_trust(world: &mut World) -> Case {
        world.by = officer(1, Some("E23000035"));
        let subject = world.subject();
        let found = fields([
            ("topic", "position_of_trust"),
            ("answer", "yes"),
            ("text", "Teaches at a school"),
            ("source", "School"),
            ("date", "2026-05-01"),
            ("basis", "fact"),
        ]);
        let subject = world.act(&subject, "record_background", &found).unwrap();
        let subject = subject.head.id.to_string();
        world.create(&fields([("name", "Example"), ("subject", &*subject)]))
    }

    #[test]
    fn a_position_of_trust_asks_for_a_decision_which_names_a_notification_or_nobody() {
        let mut world = World::new();
        let case = case_of_trust(&mut world);
        let next = case.next().unwrap();
        assert!(next.what.contains("position of trust"));
        assert_eq!(next.due.unwrap().to_string(), "2026-06-02T22:59:59Z");
        let told = fields([("told", "somebody"), ("reason", "Works with children")]);
        assert!(world.act(&case, "decide_on_trust", &told).is_err(), "none is recorded");
        let id = case.head.id.to_string();
        let owed: Notification = world.create(&fields([
            ("case", &*id),
            ("recipient", "lado"),
            ("name", "Plymouth"),
            ("decided_by", "Det Insp E"),
            ("power", "Working Together to Safeguard Children"),
            ("content", "Teaches"),
        ]));
        let case = world.act(&case, "decide_on_trust", &told).unwrap();
        assert_eq!(case.next().unwrap().due, None);
        let closing = fields([("outcome", "no_further_action"), ("reason", "Nothing found")]);
        assert!(world.act(&case, "close", &closing).is_err(), "one is still owed");
        world.act(&owed, "make", &fields([("means", "Secure e-mail")])).unwrap();
        world.act(&case, "close", &closing).unwrap();
    }

    #[test]
    fn nobody_takes_a_case_from_a_colleague_but_it_is_handed_over_with_a_reason() {
        let mut world = World::new();
        let case = world.case();
        assert_eq!(case.assigned(), None);
        let case = world.act(&case, "take", &fields([])).unwrap();
        assert_eq!(case.assigned(), Some(world.by.id));
        let mut colleague = officer(2, Some("E23000035"));
        let to = colleague.id.0.to_string();
        world.people = vec![colleague.clone()];
        let over = fields([("to", &*to), ("reason", "On leave")]);
        assert!(world.act(&case, "hand_over", &over).is_err(), "is no officer in the case");
        colleague.roles = [Role::OfficerInCase].into();
        world.people = vec![colleague.clone()];
        world.by = colleague.clone();
        assert!(world.act(&case, "take", &fields([])).is_err());
        let case = world.act(&case, "hand_over", &over).unwrap();
        assert_eq!((case.assigned(), &case.officer), (Some(colleague.id), &colleague.name));
        assert!(case.notes[0].text.contains("On leave"));
    }
}
