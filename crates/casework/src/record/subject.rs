//! A subject: a person of interest, what is known of them and how sure, fact apart from opinion.
//!
//! States: open -> closed. Categories are those of DPA 2018 s.38; several at once are possible.
//! What is known of background (RSO, position of trust, previous contact, access to children)
//! comes with source and date; the newest finding on a topic holds. The risk band is entered by
//! an officer with its source: nothing here works one out.

use std::collections::BTreeSet;

use jiff::civil;
use serde::{Deserialize, Serialize};

use super::premises::Premises;
use super::referral::{Selector, SelectorKind};
use super::{
    Act, ActContext, Basis, Detail, Facet, Finding, Head, Id, Kind, Lines, Link, Next, OPERATION,
    REASON, Record, Reviewed, Urgency, day,
};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::Role;

states! {
    /// Where a subject stands.
    Open = "open" => [Closed], "Of interest.";
    Closed = "closed" => [Open], "Of no interest any more, with a reason.";
}

choices! {
    /// Categories of person (DPA 2018 s.38).
    Category {
        Suspect = "suspect", "Suspect";
        Convicted = "convicted", "Convicted";
        Victim = "victim", "Victim";
        Witness = "witness", "Witness";
    }
}

choices! {
    /// What a background finding is about.
    Topic {
        Rso = "rso", "Registered sex offender";
        PositionOfTrust = "position_of_trust", "Position of trust";
        PreviousContact = "previous_contact", "Previous police contact";
        AccessToChildren = "access_to_children", "Access to children";
    }
}

choices! {
    /// What a finding says.
    Answer {
        Yes = "yes", "Yes";
        No = "no", "No";
    }
}

choices! {
    /// Risk that a person poses to children, highest first.
    RiskBand {
        VeryHigh = "very_high", "Very high";
        High = "high", "High";
        Medium = "medium", "Medium";
        Low = "low", "Low";
    }
}

impl RiskBand {
    /// Where the band puts work in a queue.
    pub fn urgency(self) -> Urgency {
        match self {
            Self::VeryHigh => Urgency::VeryHigh,
            Self::High => Urgency::High,
            Self::Medium => Urgency::Medium,
            Self::Low => Urgency::Low,
        }
    }
}

/// A finding on one topic of a person's background.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Background {
    /// The topic.
    pub topic: Topic,
    /// What it says.
    pub answer: Answer,
    /// A position of trust in the sense of the Sexual Offences Act 2003 ss.16-24.
    pub statutory: bool,
    /// The words, their source and date.
    pub finding: Finding,
}

/// A risk band as an officer entered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Risk {
    /// The band.
    pub band: RiskBand,
    /// Where it comes from, such as the questionnaire that the force uses.
    pub source: String,
    /// As of when.
    pub date: civil::Date,
}

/// A person of interest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Subject {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The name as best known.
    pub name: String,
    /// Date of birth.
    pub date_of_birth: Option<civil::Date>,
    /// Where the person lives, as text.
    pub address: Option<String>,
    /// Categories, at least one.
    pub categories: BTreeSet<Category>,
    /// Identifiers, each with its source.
    pub selectors: Vec<(Selector, String)>,
    /// What is known of background, oldest first.
    pub background: Vec<Background>,
    /// Risk bands, oldest first.
    pub risks: Vec<Risk>,
    /// Why a child is thought to be at immediate risk from this person, if one is.
    pub immediate_risk: Option<Finding>,
    /// Premises that the person is connected with.
    pub premises: Vec<Id<Premises>>,
    /// Why it was closed or opened again.
    pub reason: Option<String>,
}

/// What a package tells of its subject, as it stood at one time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The subject.
    pub subject: Id<Subject>,
    /// The name.
    pub name: String,
    /// Date of birth.
    pub date_of_birth: Option<civil::Date>,
    /// Where the person lives.
    pub address: Option<String>,
    /// Registered sex offender.
    pub rso: bool,
    /// In a position of trust.
    pub position_of_trust: bool,
    /// Has access to children.
    pub access_to_children: bool,
    /// A child is at immediate risk from this person.
    pub immediate_risk: bool,
    /// The newest risk band.
    pub band: Option<RiskBand>,
}

impl About {
    /// Where work on this person stands in a queue.
    pub fn urgency(&self) -> Urgency {
        match self.band {
            _ if self.immediate_risk => Urgency::Immediate,
            Some(band) => band.urgency(),
            None => Urgency::Medium,
        }
    }

    /// The lines that a page shows of it.
    pub fn lines(&self, lines: Lines) -> Lines {
        lines
            .line("Subject", &self.name)
            .each("Date of birth", self.date_of_birth.map(day))
            .each("Lives at", &self.address)
            .flag("Registered sex offender", self.rso)
            .flag("Position of trust", self.position_of_trust)
            .flag("Access to children", self.access_to_children)
            .flag("A child is at immediate risk", self.immediate_risk)
            .each("Risk band", self.band)
    }
}

impl Subject {
    /// Whether the newest finding on a topic says yes.
    pub fn has(&self, topic: Topic) -> bool {
        self.background.iter().rfind(|b| b.topic == topic).is_some_and(|b| b.answer == Answer::Yes)
    }

    /// The newest risk band.
    pub fn band(&self) -> Option<RiskBand> {
        self.risks.last().map(|risk| risk.band)
    }

    /// What a package tells of it.
    pub fn about(&self) -> About {
        About {
            subject: Id::new(self.head.id),
            name: self.name.clone(),
            date_of_birth: self.date_of_birth,
            address: self.address.clone(),
            rso: self.has(Topic::Rso),
            position_of_trust: self.has(Topic::PositionOfTrust),
            access_to_children: self.has(Topic::AccessToChildren),
            immediate_risk: self.immediate_risk.is_some(),
            band: self.band(),
        }
    }
}

impl Record for Subject {
    standing!();
    const KIND: Kind = Kind::Subject;
    const REVIEWED: Option<Reviewed> =
        Some(Reviewed { when: "closed", by: Role::IntelligenceOfficer });
    const CREATE: &'static [Field] = &[
        Field::required("name", "Name as best known", Input::Text),
        Field::optional("date_of_birth", "Date of birth", Input::Date),
        Field::optional("address", "Lives at", Input::Text),
        Field::optional("suspect", "Suspect", Input::Tick),
        Field::optional("convicted", "Convicted", Input::Tick),
        Field::optional("victim", "Victim", Input::Tick),
        Field::optional("witness", "Witness", Input::Tick),
        OPERATION,
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "categorise",
            label: "Set the categories",
            from: &["open"],
            fields: &[
                Field::optional("suspect", "Suspect", Input::Tick),
                Field::optional("convicted", "Convicted", Input::Tick),
                Field::optional("victim", "Victim", Input::Tick),
                Field::optional("witness", "Witness", Input::Tick),
                REASON,
            ],
        },
        Act {
            name: "record_background",
            label: "Record background",
            from: &["open"],
            fields: &[
                Field::required("topic", "About", Input::Choice(Topic::CHOICES)),
                Field::required("answer", "Yes or no", Input::Choice(Answer::CHOICES)),
                Field::optional(
                    "statutory",
                    "Within the Sexual Offences Act 2003, sections 16 to 24",
                    Input::Tick,
                ),
                Finding::TEXT,
                Finding::SOURCE,
                Finding::DATE,
                Finding::BASIS,
            ],
        },
        Act {
            name: "assess_risk",
            label: "Enter the risk band",
            from: &["open"],
            fields: &[
                Field::required("band", "Risk band", Input::Choice(RiskBand::CHOICES)),
                Field::required("source", "Source", Input::Text).hint("KIRAT, by whom"),
                Finding::DATE,
            ],
        },
        Act {
            name: "raise_immediate_risk",
            label: "A child is at immediate risk",
            from: &["open"],
            fields: &[Finding::TEXT, Finding::SOURCE, Finding::DATE, Finding::BASIS],
        },
        Act {
            name: "lift_immediate_risk",
            label: "No child is at immediate risk any more",
            from: &["open"],
            fields: &[REASON],
        },
        Act {
            name: "add_selector",
            label: "Add an identifier",
            from: &["open"],
            fields: &[
                Field::required("kind", "Kind", Input::Choice(SelectorKind::CHOICES)),
                Field::required("value", "Identifier", Input::Text),
                Finding::SOURCE,
            ],
        },
        Act {
            name: "add_premises",
            label: "Add premises",
            from: &["open"],
            fields: &[Field::required("premises", "Premises", Input::Record(Kind::Premises))],
        },
        Act { name: "close", label: "Close", from: &["open"], fields: &[REASON] },
        Act { name: "reopen", label: "Open again", from: &["closed"], fields: &[REASON] },
    ];

    fn title(&self) -> String {
        match self.date_of_birth {
            Some(born) => format!("{}, born {}", self.name, day(born)),
            None => self.name.clone(),
        }
    }

    fn details(&self) -> Vec<Detail> {
        let selectors = self.selectors.iter().map(|(s, source)| format!("{s} ({source})"));
        let risk = self.risks.last();
        let (facts, opinions): (Vec<_>, Vec<_>) =
            self.background.iter().partition(|b| b.finding.basis == Basis::Fact);
        Lines::new()
            .line("Name as best known", &self.name)
            .each("Date of birth", self.date_of_birth.map(day))
            .each("Lives at", &self.address)
            .each("Category", &self.categories)
            .each(
                "Risk band",
                risk.map(|r| format!("{} ({}, {})", r.band, r.source, day(r.date))),
            )
            .each("A child is at immediate risk", &self.immediate_risk)
            .each("Fact", facts)
            .each("Opinion", opinions)
            .each("Identifier", selectors)
            .each("Reason", &self.reason)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        self.premises.iter().map(|id| Link::to("premises", *id)).collect()
    }

    fn facets(&self) -> Vec<Facet> {
        let topics = [
            ("rso", Topic::Rso),
            ("position_of_trust", Topic::PositionOfTrust),
            ("previous_contact", Topic::PreviousContact),
            ("access_to_children", Topic::AccessToChildren),
        ];
        let mut facets: Vec<_> =
            topics.into_iter().map(|(name, topic)| Facet::flag(name, self.has(topic))).collect();
        facets.push(Facet::flag("immediate_risk", self.immediate_risk.is_some()));
        facets.extend(self.band().map(|band| Facet::new("risk_band", band.key())));
        facets.extend(self.categories.iter().map(|c| Facet::new("category", c.key())));
        facets.extend(self.selectors.iter().map(|(s, _)| Facet::new(s.kind.key(), &*s.value)));
        facets
    }

    fn next(&self) -> Option<Next> {
        let wanted = self.state == State::Open && self.risks.is_empty();
        wanted.then(|| Next {
            role: Role::IntelligenceOfficer,
            what: "Enter the risk band of this subject".to_owned(),
            due: None,
            urgency: self.about().urgency(),
        })
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (fields, related) = (context.fields, context.related);
        head.join_operation(fields, related)?;
        Ok(Self {
            head,
            state: State::Open,
            name: fields.text("name")?,
            date_of_birth: fields.if_given("date_of_birth", Fields::date)?,
            address: fields.get("address").map(str::to_owned),
            categories: categories(fields)?,
            selectors: Vec::new(),
            background: Vec::new(),
            risks: Vec::new(),
            immediate_risk: None,
            premises: Vec::new(),
            reason: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        let fields = context.fields;
        match act {
            "categorise" => self.categories = categories(fields)?,
            "record_background" => self.background.push(Background::read(fields)?),
            "assess_risk" => self.risks.push(Risk {
                band: fields.choice("band")?,
                source: fields.text("source")?,
                date: fields.date("date")?,
            }),
            "raise_immediate_risk" => self.immediate_risk = Some(Finding::read(fields)?),
            "lift_immediate_risk" => self.immediate_risk = None,
            "add_selector" => self.selectors.push((
                Selector { kind: fields.choice("kind")?, value: fields.text("value")? },
                fields.text("source")?,
            )),
            "add_premises" => self.add_premises(context)?,
            "close" => self.state = State::Closed,
            "reopen" => self.state = State::Open,
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        if let Some(reason) = fields.get("reason") {
            self.reason = Some(reason.to_owned());
        }
        Ok(())
    }
}

impl Subject {
    fn add_premises(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let id = context.fields.record("premises")?;
        let premises: Premises = context.related.get("premises", id)?;
        let id = Id::new(premises.head.id);
        if !self.premises.contains(&id) {
            self.premises.push(id);
        }
        Ok(())
    }
}

impl Background {
    fn read(fields: &Fields) -> Result<Self, Refusal> {
        let background = Self {
            topic: fields.choice("topic")?,
            answer: fields.choice("answer")?,
            statutory: fields.ticked("statutory"),
            finding: Finding::read(fields)?,
        };
        if background.topic == Topic::Rso && background.finding.basis == Basis::Opinion {
            return Err(Refusal::field(
                "basis",
                "registration is a fact: give the register as the source",
            ));
        }
        if background.statutory && background.topic != Topic::PositionOfTrust {
            return Err(Refusal::field("statutory", "applies to positions of trust only"));
        }
        Ok(background)
    }
}

impl std::fmt::Display for Background {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}. {}", self.topic, self.answer, self.finding)
    }
}

fn categories(fields: &Fields) -> Result<BTreeSet<Category>, Refusal> {
    let all = [Category::Suspect, Category::Convicted, Category::Victim, Category::Witness];
    let ticked: BTreeSet<_> = all.into_iter().filter(|c| fields.ticked(c.key())).collect();
    if ticked.is_empty() {
        return Err(Refusal::field("suspect", "tick at least one category"));
    }
    Ok(ticked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{World, fields};

    fn background(topic: &str, answer: &str, basis: &str) -> Fields {
        fields([
            ("topic", topic),
            ("answer", answer),
            ("text", "As registered"),
            ("source", "Register entry 1"),
            ("date", "2026-05-01"),
            ("basis", basis),
        ])
    }

    #[test]
    fn a_person_may_be_suspect_and_victim_at_once_but_not_nothing() {
        let mut world = World::new();
        let both = fields([("name", "R"), ("suspect", "yes"), ("victim", "yes")]);
        assert_eq!(world.create::<Subject>(&both).categories.len(), 2);
        assert!(world.try_create::<Subject>(&fields([("name", "R")])).is_err());
    }

    #[test]
    fn the_newest_finding_on_a_topic_holds_and_the_older_stays_readable() {
        let mut world = World::new();
        let subject = world.subject();
        let act = "record_background";
        let subject = world.act(&subject, act, &background("rso", "yes", "fact")).unwrap();
        assert!(subject.has(Topic::Rso));
        let subject = world.act(&subject, act, &background("rso", "no", "fact")).unwrap();
        assert!(!subject.has(Topic::Rso));
        assert_eq!(subject.background.len(), 2);
    }

    #[test]
    fn registration_as_a_sex_offender_is_never_an_opinion() {
        let mut world = World::new();
        let subject = world.subject();
        let refusal = world
            .act(&subject, "record_background", &background("rso", "yes", "opinion"))
            .unwrap_err();
        assert!(matches!(refusal, Refusal::Field { name, .. } if name == "basis"));
    }

    #[test]
    fn facts_and_opinions_are_shown_apart() {
        let mut world = World::new();
        let subject = world.subject();
        let act = "record_background";
        let opinion = background("access_to_children", "yes", "opinion");
        let subject = world.act(&subject, act, &opinion).unwrap();
        let labels: Vec<_> = subject.details().iter().map(|d| d.label).collect();
        assert!(labels.contains(&"Opinion") && !labels.contains(&"Fact"), "{labels:?}");
    }

    #[test]
    fn immediate_risk_comes_before_every_band() {
        let mut world = World::new();
        let subject = world.subject();
        let low = fields([("band", "low"), ("source", "KIRAT"), ("date", "2026-05-01")]);
        let subject = world.act(&subject, "assess_risk", &low).unwrap();
        assert_eq!(subject.about().urgency(), Urgency::Low);
        let risk = fields([
            ("text", "Lives with two children"),
            ("source", "School"),
            ("date", "2026-05-02"),
            ("basis", "fact"),
        ]);
        let subject = world.act(&subject, "raise_immediate_risk", &risk).unwrap();
        assert_eq!(subject.about().urgency(), Urgency::Immediate);
    }
}
