//! An arrest, or a voluntary attendance: a suspect meets the police.
//!
//! States: made -> bailed, released_under_investigation, charged, no_further_action; from bail
//! back to made when the suspect answers it. Bail carries conditions, a return date and a
//! clock, and who may set how long depends on rank ([`bail`]). People under investigation for
//! these offences are at high risk of suicide: contacts ask for an assessment ([`contact`]).

pub mod bail;
pub mod contact;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::case::Case;
use super::charge::Charge;
use super::numbers::Number;
use super::subject::About;
use super::support::{self, Offer};
use super::{
    Act, ActContext, CASE, Detail, Facet, Head, Id, Kind, Lines, Link, Need, Next, REASON, Record,
    Signed, Urgency, day, end_of, link, links, moment, uk_date,
};
use crate::force::Jurisdiction;
use crate::form::{Field, Input, Refusal};
use crate::person::Role;
pub use bail::BailAuthority;
use bail::{Asked, Authorised};
use contact::{Due, NOTE_IF_MADE, RISK, RISK_IF_MADE, RISK_NOTE, SUPPORT};
pub use contact::{RiskAssessment, SuicideRisk};

states! {
    /// Where an arrest stands.
    Made = "made" => [Bailed, ReleasedUnderInvestigation, Charged, NoFurtherAction],
        "In custody, or attending.";
    Bailed = "bailed" => [Made, ReleasedUnderInvestigation, Charged, NoFurtherAction],
        "On police bail with a return date.";
    ReleasedUnderInvestigation = "released_under_investigation" => [Bailed, Charged, NoFurtherAction],
        "Released without bail; the investigation goes on.";
    Charged = "charged" => [], "Charged with at least one offence.";
    NoFurtherAction = "no_further_action" => [], "Nothing more will be done, with a reason.";
}

choices! {
    /// How the suspect came.
    ArrestKind {
        Arrest = "arrest", "Arrest";
        Voluntary = "voluntary", "Voluntary attendance";
    }
}

/// Police bail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bail {
    /// What the suspect must and must not do.
    pub conditions: String,
    /// When the suspect must return.
    pub returns: Timestamp,
    /// Who set it.
    pub authority: BailAuthority,
    /// How the suspect was told, and what the suspect or the solicitor said (s.47ZD(3)-(5)).
    #[serde(default)]
    pub representations: Option<String>,
    /// Recorded by whom, when; none in records made before it was kept.
    #[serde(default)]
    pub signed: Option<Signed>,
}

choices! {
    /// What became of bail.
    BailEventKind {
        Answered = "answered", "Answered bail";
        NotAnswered = "not_answered", "Did not answer bail";
        Breach = "breach", "Broke a condition";
    }
}

/// Something that happened to bail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BailEvent {
    /// What.
    pub kind: BailEventKind,
    /// When, UTC.
    pub at: Timestamp,
    /// What was seen and done about it.
    pub note: Option<String>,
    /// Recorded by whom, when.
    pub signed: Signed,
}

/// An interview of the suspect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interview {
    /// When it began, UTC.
    pub at: Timestamp,
    /// Where, who was there, in words.
    pub note: String,
    /// Recorded by whom, when.
    pub signed: Signed,
}

/// An arrest or a voluntary attendance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Arrest {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The case.
    pub case: Id<Case>,
    /// The suspect, as known when it was made.
    pub about: About,
    /// Arrest or voluntary attendance.
    pub kind: ArrestKind,
    /// When, UTC.
    pub at: Timestamp,
    /// Where.
    pub place: String,
    /// Suspected of what.
    pub offence: String,
    /// The custody record's number in the force's own system.
    pub custody_record: Option<String>,
    /// What other systems call it.
    #[serde(default)]
    pub numbers: Vec<Number>,
    /// Bails, oldest first.
    pub bails: Vec<Bail>,
    /// How long bail may run.
    #[serde(default)]
    pub authorised: Authorised,
    /// The Director of Public Prosecutions designated the case as exceptionally complex.
    #[serde(default)]
    pub designated: bool,
    /// What became of bail, oldest first.
    #[serde(default)]
    pub bail_events: Vec<BailEvent>,
    /// Interviews, oldest first.
    #[serde(default)]
    pub interviews: Vec<Interview>,
    /// Suicide-risk assessments, oldest first.
    pub assessments: Vec<RiskAssessment>,
    /// Assessments that are still to be made.
    #[serde(default)]
    pub due: Vec<Due>,
    /// Support offered to the suspect and the family, oldest first.
    #[serde(default)]
    pub support: Vec<Offer>,
    /// Why background was corrected or nothing more is done.
    pub reason: Option<String>,
}

const CONDITIONS: Field = Field::required("conditions", "Bail conditions", Input::LongText);
const RETURNS: Field = Field::required("returns", "Return date and time", Input::Moment);
const AUTHORITY: Field =
    Field::required("authority", "Set by", Input::Choice(BailAuthority::CHOICES));
const TOLD: Field = Field::optional(
    "representations",
    "How the suspect was told, and what was said for the suspect",
    Input::LongText,
);
const DESIGNATED: Field =
    Field::optional("designated", "Designated as exceptionally complex", Input::Tick)
        .hint("By the Director of Public Prosecutions (PACE 1984 s.47ZE(2))");
const LONGER: Field =
    Field::optional("longer", "The court found that longer is needed", Input::Tick)
        .hint("PACE 1984 s.47ZF(7), s.47ZG(8)");
const WHEN: Field = Field::required("at", "When", Input::Moment);

/// Everything but an end.
const UNDECIDED: &[&str] = &["made", "bailed", "released_under_investigation"];
const ANY: &[&str] =
    &["made", "bailed", "released_under_investigation", "charged", "no_further_action"];

impl Record for Arrest {
    standing!();
    const KIND: Kind = Kind::Arrest;
    const CREATE: &'static [Field] = &[
        CASE,
        Field::optional("subject", "Suspect", Input::Record(Kind::Subject))
            .hint("Not needed where the case has one person"),
        Field::required("kind", "Arrest or attendance", Input::Choice(ArrestKind::CHOICES)),
        WHEN,
        Field::required("place", "Where", Input::Text),
        Field::required("offence", "Suspected of", Input::Text),
        Field::optional("custody_record", "Custody record number", Input::Text),
        RISK,
        RISK_NOTE,
        SUPPORT,
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "record_interview",
            label: "Record an interview",
            from: UNDECIDED,
            fields: &[
                WHEN,
                Field::required("interview", "Where, who was there", Input::LongText)
                    .hint("Interviewer, solicitor, appropriate adult, interpreter"),
                RISK_IF_MADE,
                NOTE_IF_MADE,
                SUPPORT,
            ],
        },
        Act {
            name: "bail",
            label: "Release on bail",
            from: &["made", "released_under_investigation"],
            fields: &[CONDITIONS, RETURNS, AUTHORITY, TOLD, RISK, RISK_NOTE, SUPPORT],
        },
        Act {
            name: "extend_bail",
            label: "Extend bail",
            from: &["bailed"],
            fields: &[
                CONDITIONS, RETURNS, AUTHORITY, DESIGNATED, LONGER, TOLD, RISK, RISK_NOTE, SUPPORT,
            ],
        },
        Act {
            name: "vary_bail",
            label: "Vary bail",
            from: &["bailed"],
            fields: &[CONDITIONS, RETURNS, TOLD, REASON, RISK_IF_MADE, NOTE_IF_MADE, SUPPORT],
        },
        Act {
            name: "answer_bail",
            label: "The suspect answered bail",
            from: &["bailed"],
            fields: &[
                WHEN,
                Field::optional("note", "What was done", Input::LongText),
                RISK,
                RISK_NOTE,
                SUPPORT,
            ],
        },
        Act {
            name: "fail_to_answer",
            label: "The suspect did not answer bail",
            from: &["bailed"],
            fields: &[Field::required("note", "What was done about it", Input::LongText)
                .hint("Arrest without warrant is possible: PACE 1984 s.46A")],
        },
        Act {
            name: "record_breach",
            label: "Record a breach of bail",
            from: &["bailed"],
            fields: &[
                WHEN,
                Field::required("note", "Which condition, and what was done", Input::LongText),
            ],
        },
        Act {
            name: "release",
            label: "Release under investigation",
            from: &["made", "bailed"],
            fields: &[RISK, RISK_NOTE, SUPPORT],
        },
        Act {
            name: "charge",
            label: "Record that the suspect is charged",
            from: UNDECIDED,
            fields: &[RISK, RISK_NOTE, SUPPORT],
        },
        Act {
            name: "no_further_action",
            label: "No further action",
            from: UNDECIDED,
            fields: &[REASON, RISK, RISK_NOTE, SUPPORT],
        },
        Act {
            name: "assess_suicide_risk",
            label: "Record a suicide-risk assessment",
            from: ANY,
            fields: &[RISK, RISK_NOTE, SUPPORT],
        },
        Act {
            name: "offer_support",
            label: "Record support offered",
            from: ANY,
            fields: support::FIELDS,
        },
        Act { name: Number::ACT, label: Number::LABEL, from: ANY, fields: Number::FIELDS },
        Act {
            name: "correct_background",
            label: "Correct what is known of the suspect",
            from: ANY,
            fields: &[
                Field::optional("rso", "Registered sex offender", Input::Tick),
                Field::optional("position_of_trust", "Position of trust", Input::Tick),
                REASON,
            ],
        },
    ];

    fn title(&self) -> String {
        format!("{} of {}, {}", self.kind, self.about.name, moment(self.at))
    }

    fn details(&self) -> Vec<Detail> {
        let bail = self.bails.last();
        Lines::new()
            .line("Suspect", &self.about.name)
            .flag("Registered sex offender", self.about.rso)
            .flag("Position of trust", self.about.position_of_trust)
            .line("When", moment(self.at))
            .line("Where", &self.place)
            .line("Suspected of", &self.offence)
            .each("Custody record number", &self.custody_record)
            .each("Number elsewhere", &self.numbers)
            .each(
                "Interview",
                self.interviews.iter().map(|i| format!("{}: {}", moment(i.at), i.note)),
            )
            .each("Bail conditions", bail.map(|b| &b.conditions))
            .each("Return date", bail.map(|b| moment(b.returns)))
            .each("Bail set by", bail.map(|b| b.authority))
            .each("Bail may run until", self.authorised.until().map(day))
            .each("What became of bail", &self.bail_events)
            .each("Risk of suicide", &self.assessments)
            .each("Suicide-risk assessment due", &self.due)
            .each("Support offered", &self.support)
            .each("Reason", &self.reason)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        links([link("case", self.case), link("subject", self.about.subject)])
    }

    fn facets(&self) -> Vec<Facet> {
        let mut facets = vec![
            Facet::new("kind", self.kind.key()),
            Facet::flag("rso", self.about.rso),
            Facet::flag("position_of_trust", self.about.position_of_trust),
        ];
        facets.extend(self.assessments.last().map(|a| Facet::new("suicide_risk", a.risk.key())));
        facets.extend(self.bail_events.last().map(|e| Facet::new("bail_event", e.kind.key())));
        facets
    }

    fn next(&self) -> Option<Next> {
        let (what, due) = self.pending()?;
        let high = self.assessments.last().is_some_and(|a| a.risk == SuicideRisk::High);
        let pressing = high || self.missed().is_some() || self.absconded();
        Some(Next {
            role: Role::OfficerInCase,
            what,
            due,
            urgency: if pressing { Urgency::VeryHigh } else { self.about.urgency() },
        })
    }

    fn needs(&self, act: &str) -> Vec<Need> {
        match act {
            "charge" => {
                vec![Need::LinkedTo { kind: Kind::Charge, role: "arrest", to: self.head.id }]
            }
            _ => Vec::new(),
        }
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (fields, related) = (context.fields, context.related);
        let case = Case::joined(&mut head, fields, related)?;
        let at = fields.moment("at")?;
        if at > head.created {
            return Err(Refusal::field("at", "enter a time that is not in the future"));
        }
        Ok(Self {
            about: case.person(fields, related)?,
            head,
            state: State::Made,
            case: Id::new(case.head.id),
            kind: fields.choice("kind")?,
            at,
            place: fields.text("place")?,
            offence: fields.text("offence")?,
            custody_record: fields.get("custody_record").map(str::to_owned),
            numbers: Vec::new(),
            bails: Vec::new(),
            authorised: Authorised::default(),
            designated: false,
            bail_events: Vec::new(),
            interviews: Vec::new(),
            assessments: RiskAssessment::read("arrest", context)?.into_iter().collect(),
            due: Vec::new(),
            support: Vec::new(),
            reason: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        let fields = context.fields;
        match act {
            "record_interview" => self.interview(context)?,
            "bail" | "extend_bail" => self.bail(context)?,
            "vary_bail" => self.vary(context)?,
            "answer_bail" => {
                self.bail_event(BailEventKind::Answered, fields.moment("at")?, context)?;
                self.state = State::Made;
            }
            "fail_to_answer" => self.fail_to_answer(context)?,
            "record_breach" => {
                self.bail_event(BailEventKind::Breach, fields.moment("at")?, context)?;
            }
            "release" => self.state = State::ReleasedUnderInvestigation,
            "charge" => self.charge(context)?,
            "no_further_action" => self.state = State::NoFurtherAction,
            "assess_suicide_risk" => {}
            "offer_support" => self.support.push(Offer::read(context)?),
            Number::ACT => Number::add(&mut self.numbers, fields)?,
            "correct_background" => {
                self.about.rso = fields.ticked("rso");
                self.about.position_of_trust = fields.ticked("position_of_trust");
            }
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        if let Some(made) = RiskAssessment::read(act, context)? {
            contact::answer(&mut self.due, act, context.at);
            self.assessments.push(made);
        }
        if self.state != State::Bailed {
            contact::bail_date(&mut self.due, None);
        }
        self.reason = fields.get("reason").map(str::to_owned).or(self.reason.take());
        Ok(())
    }
}

impl Arrest {
    /// The earliest assessment that was due and not made.
    fn missed(&self) -> Option<&Due> {
        self.due.iter().filter(|due| due.at <= self.head.updated).min_by_key(|due| due.at)
    }

    /// Whether the suspect did not answer the present bail.
    fn absconded(&self) -> bool {
        let last = self.bail_events.iter().rfind(|e| e.kind != BailEventKind::Breach);
        self.state == State::Bailed
            && last.is_some_and(|e| {
                let rebailed = self.bails.last().and_then(|bail| bail.signed.as_ref());
                e.kind == BailEventKind::NotAnswered
                    && rebailed.is_none_or(|signed| signed.at <= e.signed.at)
            })
    }

    /// What is to be done next, and by when.
    fn pending(&self) -> Option<(String, Option<Timestamp>)> {
        if let Some(due) = self.missed() {
            let what = format!("Record the suicide-risk assessment due at the {}", due.contact);
            return Some((what, Some(due.at)));
        }
        let returns = self.bails.last().map(|bail| bail.returns);
        let (what, due) = match self.state {
            State::Made => ("Bail, release or charge this suspect", None),
            State::Bailed if self.absconded() => {
                ("Find this suspect, who did not answer bail (PACE 1984 s.46A)", returns)
            }
            State::Bailed => {
                ("Prepare the return on bail, with its suicide-risk assessment", returns)
            }
            State::ReleasedUnderInvestigation => ("Decide on this released suspect", None),
            State::Charged | State::NoFurtherAction => return None,
        };
        Some((what.to_owned(), due))
    }

    fn interview(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let at = self.since_arrest(context.fields.moment("at")?, context)?;
        self.interviews.push(Interview {
            at,
            note: context.fields.text("interview")?,
            signed: Signed::now(context),
        });
        self.due.push(Due { contact: contact::INTERVIEW.to_owned(), at });
        Ok(())
    }

    fn bail(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let fields = context.fields;
        if self.kind == ArrestKind::Voluntary {
            return Err(Refusal::missing(
                "an arrest: a person who attends voluntarily is not on police bail",
                None,
            ));
        }
        let authority = fields.choice("authority")?;
        self.designated |= fields.ticked("designated");
        let arrested = uk_date(self.at);
        let asked = Asked {
            authority,
            on: uk_date(context.at),
            designated: self.designated,
            longer: fields.ticked("longer"),
        };
        let steps = bail::steps(Jurisdiction::of(self.head.force), arrested);
        let own = &context.settings.bail;
        self.authorised = bail::take(steps, arrested, self.so_far(), asked, own)?;
        self.set_bail(authority, context)
    }

    /// What is authorised; for bail set before that was kept, what the last one says.
    fn so_far(&self) -> Authorised {
        let last = self.authorised.last.or(self.bails.last().map(|bail| bail.authority));
        Authorised { last, ..self.authorised }
    }

    fn vary(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let authority = self.bails.last().map_or(BailAuthority::Custody, |bail| bail.authority);
        self.set_bail(authority, context)
    }

    /// Sets conditions and return date within what is authorised.
    fn set_bail(
        &mut self,
        authority: BailAuthority,
        context: &ActContext<'_>,
    ) -> Result<(), Refusal> {
        let returns = context.fields.moment("returns")?;
        if returns <= context.at {
            return Err(Refusal::field("returns", "enter a date in the future"));
        }
        if let Some(until) = self.authorised.until().filter(|until| returns > end_of(*until)) {
            return Err(Refusal::field(
                "returns",
                format!(
                    "bail may run until {} only ({}): choose an earlier date, or have it extended by a higher authority",
                    day(until),
                    self.authorised.last.unwrap_or(authority).label().to_lowercase()
                ),
            ));
        }
        self.bails.push(Bail {
            conditions: context.fields.text("conditions")?,
            returns,
            authority,
            representations: context.fields.get("representations").map(str::to_owned),
            signed: Some(Signed::now(context)),
        });
        contact::bail_date(&mut self.due, Some(returns));
        self.state = State::Bailed;
        Ok(())
    }

    fn fail_to_answer(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let returns = self.bails.last().map(|bail| bail.returns).unwrap_or_default();
        if returns > context.at {
            return Err(Refusal::missing(
                format!("the return date, which is {}", moment(returns)),
                None,
            ));
        }
        self.bail_event(BailEventKind::NotAnswered, returns, context)?;
        contact::bail_date(&mut self.due, None);
        Ok(())
    }

    fn bail_event(
        &mut self,
        kind: BailEventKind,
        at: Timestamp,
        context: &ActContext<'_>,
    ) -> Result<(), Refusal> {
        let at = self.since_arrest(at, context)?;
        let note = context.fields.get("note").map(str::to_owned);
        self.bail_events.push(BailEvent { kind, at, note, signed: Signed::now(context) });
        Ok(())
    }

    /// A moment between the arrest and now.
    fn since_arrest(&self, at: Timestamp, context: &ActContext<'_>) -> Result<Timestamp, Refusal> {
        if at > context.at {
            return Err(Refusal::field("at", "enter a time that is not in the future"));
        }
        if at < self.at {
            return Err(Refusal::field(
                "at",
                format!("enter a time after the arrest or attendance, {}", moment(self.at)),
            ));
        }
        Ok(at)
    }

    fn charge(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let here = Id::new(self.head.id);
        if !context.related.all().any(|charge: Charge| charge.arrest == here) {
            return Err(Refusal::missing("a charge recorded on this arrest", Role::OfficerInCase));
        }
        self.state = State::Charged;
        Ok(())
    }
}

impl std::fmt::Display for BailEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}", self.kind, moment(self.at))?;
        self.note.as_ref().map_or(Ok(()), |note| write!(f, ": {note}"))
    }
}

/// Whether the state of an arrest says what became of the suspect.
pub fn decided(state: State) -> bool {
    matches!(state, State::Charged | State::NoFurtherAction)
}

#[cfg(test)]
pub(super) mod tests;
