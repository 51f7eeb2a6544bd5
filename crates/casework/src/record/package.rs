//! An intelligence package: what is known of one subject, for one force.
//!
//! States: drafted -> assessed -> authorised -> sent -> acknowledged -> in_progress -> resulted
//! -> closed; returned (wrong force) -> sent elsewhere. In: a subject and what the force needs to
//! know. It leaves only sealed: `send` takes the digest of its bundle. Author, assessor and
//! authoriser are not one person. Where a child is at immediate risk it may go on oral
//! authority, recorded at once and ratified within the hours that settings give; the sensitive-person
//! check then runs beside it. Sending gives the record to the receiving force; national
//! intelligence keeps sight of it (`policies/`).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::case::Case;
use super::sensitive::SensitivePersonCheck;
use super::subject::{About, Subject};
use super::{
    Act, ActContext, Detail, Facet, Head, Id, Kind, Lines, Link, Need, Next, REASON, Record,
    Related, Reviewed, Signed, Signing, Urgency, link, links,
};
use crate::force::ForceKey;
use crate::form::{Field, Input, Refusal};
use crate::person::Role;

states! {
    /// Where a package stands.
    Drafted = "drafted" => [Assessed, Sent], "Written by its author.";
    Assessed = "assessed" => [Drafted, Authorised, Sent], "Its risk was assessed.";
    Authorised = "authorised" => [Drafted, Sent], "A second person lets it go.";
    Sent = "sent" => [Acknowledged, Returned], "Sealed and with a force.";
    Acknowledged = "acknowledged" => [InProgress, Returned], "The force has it.";
    InProgress = "in_progress" => [Resulted], "The force works on it.";
    Resulted = "resulted" => [Closed], "The force told the result.";
    Closed = "closed" => [], "Finished.";
    Returned = "returned" => [Sent], "Came back: the wrong force.";
}

choices! {
    /// How reliable the source is (3x5x2).
    SourceGrade {
        Reliable = "1", "1: reliable";
        Untested = "2", "2: untested";
        NotReliable = "3", "3: not reliable";
    }
}

choices! {
    /// How sure the information is (3x5x2).
    InformationGrade {
        KnownDirectly = "a", "A: known directly";
        Corroborated = "b", "B: known indirectly but corroborated";
        KnownIndirectly = "c", "C: known indirectly";
        NotKnown = "d", "D: not known";
        SuspectedFalse = "e", "E: suspected to be false";
    }
}

choices! {
    /// Who may have it (3x5x2).
    Handling {
        Permitted = "p", "P: lawful sharing permitted";
        Conditions = "c", "C: sharing with conditions";
    }
}

choices! {
    /// What came of it.
    Outcome {
        Arrest = "arrest", "Arrest or voluntary attendance";
        NoOffence = "no_offence", "No offence found";
        NotTraced = "not_traced", "Subject not traced";
        Safeguarding = "safeguarding", "Safeguarding only";
    }
}

/// One sealed version that left for a force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    /// SHA-256 of the sealed bundle.
    pub bundle: String,
    /// For which force.
    pub force: ForceKey,
    /// Sealed and sent by whom, when.
    pub sent: Signed,
    /// What an addendum adds; none for the package itself.
    pub addendum: Option<String>,
}

/// Dispatch on oral authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OralAuthority {
    /// Who gave it, by rank and name.
    pub given_by: String,
    /// Why it could not wait.
    pub reason: String,
    /// Recorded by whom, when.
    pub recorded: Signed,
    /// By when it must be ratified, as set when it was recorded; none in records made before it
    /// was kept.
    #[serde(default)]
    pub ratify_by: Option<Timestamp>,
    /// Ratified by whom, when.
    pub ratified: Option<Signed>,
}

/// What is known of one subject, for one force.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Package {
    /// What every record has; `force` is the receiving force once sent.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// What it says of its subject, as of its newest assessment.
    pub about: About,
    /// The force it is meant for.
    pub destination: ForceKey,
    /// What the force needs to know.
    pub content: String,
    /// What is asked of the force.
    pub asked: String,
    /// Source grade.
    pub source_grade: SourceGrade,
    /// Information grade.
    pub information_grade: InformationGrade,
    /// Handling code.
    pub handling: Handling,
    /// The assessor's words.
    pub assessment: Option<String>,
    /// Who assessed it.
    pub assessed: Option<Signed>,
    /// Who authorised it.
    pub authorised: Option<Signed>,
    /// Oral authority, in an emergency.
    pub oral: Option<OralAuthority>,
    /// What was sealed and sent, oldest first.
    pub sealed: Vec<Sealed>,
    /// Who acknowledged it.
    pub acknowledged: Option<Signed>,
    /// The case that works on it.
    pub case: Option<Id<Case>>,
    /// What came of it.
    pub result: Option<(Outcome, String)>,
    /// Why it went back, to its author or from a force.
    pub reason: Option<String>,
}

const BUNDLE: Field = Field::required("bundle", "Digest of the sealed bundle", Input::System);

impl Record for Package {
    const SEALED: &'static [&'static str] = &[
        "assessed",
        "authorised",
        "sent",
        "acknowledged",
        "in_progress",
        "resulted",
        "closed",
        "returned",
    ];
    const FOUR_EYES: &'static [(&'static str, &'static str)] = &[
        ("head.author", "authorised.by"),
        ("assessed.by", "authorised.by"),
        ("head.author", "oral.ratified.by"),
        ("oral.recorded.by", "oral.ratified.by"),
    ];
    standing!();
    const KIND: Kind = Kind::Package;
    const REVIEWED: Option<Reviewed> =
        Some(Reviewed { when: "closed", by: Role::DisclosureOfficer });
    const CREATE: &'static [Field] = &[
        Field::required("subject", "Subject", Input::Record(Kind::Subject)),
        Field::required("destination", "For which force", Input::Force),
        Field::required("content", "What the force needs to know", Input::LongText),
        Field::required("asked", "What is asked of the force", Input::LongText),
        Field::required("source_grade", "Source", Input::Choice(SourceGrade::CHOICES)),
        Field::required(
            "information_grade",
            "Information",
            Input::Choice(InformationGrade::CHOICES),
        ),
        Field::required("handling", "Handling", Input::Choice(Handling::CHOICES)),
    ];
    const SIGNINGS: &'static [Signing] = &[
        Signing {
            act: "authorise",
            refuses: Some("send_back"),
            waits: &["assessed"],
            only: None,
            path: "authorised.by",
        },
        Signing {
            act: "ratify",
            refuses: None,
            waits: &["sent", "acknowledged", "in_progress", "resulted", "returned"],
            only: Some("ratification_due"),
            path: "oral.ratified.by",
        },
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "assess",
            label: "Assess the risk",
            from: &["drafted"],
            fields: &[Field::required("assessment", "Assessment", Input::LongText)
                .hint("The risk band is the subject's newest")],
        },
        Act {
            name: "authorise",
            label: "Authorise for dispatch",
            from: &["assessed"],
            fields: &[],
        },
        Act {
            name: "send_back",
            label: "Send back to the author",
            from: &["assessed", "authorised"],
            fields: &[REASON],
        },
        Act { name: "send", label: "Seal and send", from: &["authorised"], fields: &[BUNDLE] },
        Act {
            name: "send_in_emergency",
            label: "Send now on oral authority",
            from: &["drafted", "assessed"],
            fields: &[
                Field::required("given_by", "Who gave the authority", Input::Text)
                    .hint("Rank and name"),
                REASON,
                BUNDLE,
            ],
        },
        Act {
            name: "ratify",
            label: "Ratify the oral authority",
            from: &["sent", "acknowledged", "in_progress", "resulted", "returned"],
            fields: &[],
        },
        Act {
            name: "add_addendum",
            label: "Send an addendum",
            from: &["sent", "acknowledged", "in_progress"],
            fields: &[Field::required("addendum", "What it adds", Input::LongText), BUNDLE],
        },
        Act { name: "acknowledge", label: "Acknowledge receipt", from: &["sent"], fields: &[] },
        Act {
            name: "start",
            label: "Start work",
            from: &["acknowledged"],
            fields: &[Field::required(
                "case",
                "The case opened from it",
                Input::Record(Kind::Case),
            )],
        },
        Act {
            name: "record_result",
            label: "Tell the result",
            from: &["in_progress"],
            fields: &[
                Field::required("result", "Result", Input::Choice(Outcome::CHOICES)),
                Field::required("note", "In words", Input::LongText),
            ],
        },
        Act { name: "close", label: "Close", from: &["resulted"], fields: &[] },
        Act {
            name: "return",
            label: "Return: not for this force",
            from: &["sent", "acknowledged"],
            fields: &[REASON],
        },
        Act {
            name: "send_elsewhere",
            label: "Seal and send to another force",
            from: &["returned"],
            fields: &[Field::required("destination", "For which force", Input::Force), BUNDLE],
        },
    ];

    fn title(&self) -> String {
        format!("{} for {}", self.about.name, self.destination.force().name)
    }

    fn details(&self) -> Vec<Detail> {
        let grade = format!(
            "{}{}{}",
            self.source_grade.key(),
            self.information_grade.key().to_uppercase(),
            self.handling.key().to_uppercase()
        );
        let oral = self.oral.as_ref();
        let addenda = self.sealed.iter().filter_map(|s| s.addendum.as_ref());
        self.about
            .lines(Lines::new())
            .line("For which force", self.destination.force().name)
            .line("What the force needs to know", &self.content)
            .line("What is asked of the force", &self.asked)
            .line("Grading (3x5x2)", grade)
            .each("Assessment", &self.assessment)
            .each("Assessed by", &self.assessed)
            .each("Authorised by", &self.authorised)
            .each("Oral authority from", oral.map(|o| format!("{}: {}", o.given_by, o.reason)))
            .each("Ratified by", oral.and_then(|o| o.ratified.as_ref()))
            .each("Sealed bundle (SHA-256)", self.sealed.iter().map(|s| &s.bundle))
            .each("Sent", self.sealed.iter().map(|s| &s.sent))
            .each("Addendum", addenda)
            .each("Acknowledged by", &self.acknowledged)
            .each("Result", self.result.as_ref().map(|(what, note)| format!("{what}. {note}")))
            .each("Why it went back", &self.reason)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        links([link("subject", self.about.subject), self.case.and_then(|id| link("case", id))])
    }

    fn facets(&self) -> Vec<Facet> {
        let mut facets = vec![
            Facet::new("destination", self.destination.as_str()),
            Facet::flag("dispatched", !self.sealed.is_empty()),
            Facet::flag("emergency", self.oral.is_some()),
            Facet::flag("ratification_due", self.ratification_due().is_some()),
            Facet::flag("immediate_risk", self.about.immediate_risk),
            Facet::flag("rso", self.about.rso),
            Facet::flag("position_of_trust", self.about.position_of_trust),
        ];
        facets.extend(self.about.band.map(|band| Facet::new("risk_band", band.key())));
        facets
    }

    fn next(&self) -> Option<Next> {
        if let Some(due) = self.ratification_due() {
            return Some(Next {
                role: Role::AuthorisingOfficer,
                what: "Ratify the oral authority for this package".to_owned(),
                due: Some(due),
                urgency: Urgency::Immediate,
            });
        }
        let (role, what) = match self.state {
            State::Drafted => (Role::IntelligenceOfficer, "Assess this package"),
            State::Assessed => (Role::AuthorisingOfficer, "Authorise this package or send it back"),
            State::Authorised => (Role::IntelligenceOfficer, "Seal and send this package"),
            State::Sent => (Role::ReceivingDesk, "Acknowledge this package"),
            State::Acknowledged => (Role::ReceivingDesk, "Open a case and start work"),
            State::InProgress => (Role::OfficerInCase, "Tell the result of this package"),
            State::Resulted => (Role::IntelligenceOfficer, "Close this package"),
            State::Returned => (Role::IntelligenceOfficer, "Send this package to the right force"),
            State::Closed => return None,
        };
        Some(Next { role, what: what.to_owned(), due: None, urgency: self.about.urgency() })
    }

    /// Of nothing: a package comes before the case that is opened from it.
    fn part_of(&self) -> Option<Link> {
        None
    }

    fn needs(&self, act: &str) -> Vec<Need> {
        let subject = self.about.subject.uuid();
        match act {
            "assess" => vec![Need::Record(Kind::Subject, subject)],
            "send" | "send_elsewhere" => vec![Need::LinkedTo {
                kind: Kind::SensitivePersonCheck,
                role: "subject",
                to: subject,
            }],
            _ => Vec::new(),
        }
    }

    fn disclosed_to(&self, act: &str) -> Option<String> {
        let leaves =
            matches!(act, "send" | "send_in_emergency" | "send_elsewhere" | "add_addendum");
        let sealed = self.sealed.last().filter(|_| leaves)?;
        Some(sealed.force.force().name.to_owned())
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (fields, related) = (context.fields, context.related);
        let subject: Subject = related.get("subject", fields.record("subject")?)?;
        head.belong_to("subject", &subject.head)?;
        Ok(Self {
            head,
            state: State::Drafted,
            about: subject.about(),
            destination: fields.force("destination")?,
            content: fields.text("content")?,
            asked: fields.text("asked")?,
            source_grade: fields.choice("source_grade")?,
            information_grade: fields.choice("information_grade")?,
            handling: fields.choice("handling")?,
            assessment: None,
            assessed: None,
            authorised: None,
            oral: None,
            sealed: Vec::new(),
            acknowledged: None,
            case: None,
            result: None,
            reason: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "assess" => self.assess(context),
            "authorise" => self.authorise(context),
            "send_back" => self.go_back(State::Drafted, context),
            "send" => self.send(self.destination, context),
            "send_in_emergency" => self.send_in_emergency(context),
            "ratify" => self.ratify(context),
            "add_addendum" => self.add_addendum(context),
            "acknowledge" => {
                self.acknowledged = Some(Signed::now(context));
                self.state = State::Acknowledged;
                Ok(())
            }
            "start" => self.start(context),
            "record_result" => {
                let note = context.fields.text("note")?;
                self.result = Some((context.fields.choice("result")?, note));
                self.state = State::Resulted;
                Ok(())
            }
            "close" => self.close(),
            "return" => self.go_back(State::Returned, context),
            "send_elsewhere" => self.send(context.fields.force("destination")?, context),
            other => Err(Refusal::UnknownAct(other.to_owned())),
        }
    }
}

type Done = Result<(), Refusal>;

impl Package {
    /// By when oral authority must be ratified, while it is not.
    pub fn ratification_due(&self) -> Option<Timestamp> {
        let oral = self.oral.as_ref().filter(|oral| oral.ratified.is_none())?;
        Some(oral.ratify_by.unwrap_or(oral.recorded.at))
    }

    /// Takes in what is newest about the subject, so that what is authorised is what is known.
    fn assess(&mut self, context: &ActContext<'_>) -> Done {
        let subject: Subject = context.related.get("subject", self.about.subject.uuid())?;
        if subject.band().is_none() {
            return Err(Refusal::missing("the subject's risk band", Role::IntelligenceOfficer));
        }
        self.about = subject.about();
        self.assessment = Some(context.fields.text("assessment")?);
        self.assessed = Some(Signed::now(context));
        self.state = State::Assessed;
        Ok(())
    }

    fn authorise(&mut self, context: &ActContext<'_>) -> Done {
        let step = "the authorisation";
        super::second_person(step, self.head.author, &self.head.author_name, context.by)?;
        self.assessed.as_ref().map_or(Ok(()), |assessed| assessed.differs(step, context.by))?;
        self.authorised = Some(Signed::now(context));
        self.head.approver = Some(context.by.id);
        self.state = State::Authorised;
        Ok(())
    }

    fn go_back(&mut self, state: State, context: &ActContext<'_>) -> Done {
        self.reason = Some(context.fields.text("reason")?);
        if state == State::Drafted {
            (self.assessed, self.authorised, self.head.approver) = (None, None, None);
        }
        self.acknowledged = None;
        self.state = state;
        Ok(())
    }

    fn send(&mut self, force: ForceKey, context: &ActContext<'_>) -> Done {
        self.cleared(context.related)?;
        self.dispatch(force, context)
    }

    /// Says the same of a check that was never asked for, is not done, or did not permit
    /// dispatch: who sends must not learn which. Oral authority stands in for it until ratified.
    fn cleared(&self, related: &Related) -> Done {
        if self.oral.as_ref().is_some_and(|oral| oral.ratified.is_none()) {
            return Ok(());
        }
        let mut checks = related
            .all::<SensitivePersonCheck>()
            .filter(|check| check.subject == self.about.subject)
            .peekable();
        if checks.peek().is_some() && checks.all(|check| check.permits_dispatch()) {
            return Ok(());
        }
        Err(Refusal::missing("the completed sensitive-person check", Role::SensitiveCheckOfficer))
    }

    fn dispatch(&mut self, force: ForceKey, context: &ActContext<'_>) -> Done {
        self.sealed.push(Sealed {
            bundle: context.fields.digest("bundle")?,
            force,
            sent: Signed::now(context),
            addendum: None,
        });
        self.destination = force;
        self.head.force = Some(force);
        self.state = State::Sent;
        Ok(())
    }

    fn send_in_emergency(&mut self, context: &ActContext<'_>) -> Done {
        if !self.about.immediate_risk {
            return Err(Refusal::missing(
                "the subject's mark that a child is at immediate risk, which oral authority requires",
                Role::IntelligenceOfficer,
            ));
        }
        let within = context.settings.package.ratify_within_hours;
        self.oral = Some(OralAuthority {
            given_by: context.fields.text("given_by")?,
            reason: context.fields.text("reason")?,
            recorded: Signed::now(context),
            ratify_by: context.at.checked_add(within.hours()).ok(),
            ratified: None,
        });
        self.dispatch(self.destination, context)
    }

    fn ratify(&mut self, context: &ActContext<'_>) -> Done {
        let step = "the ratification";
        super::second_person(step, self.head.author, &self.head.author_name, context.by)?;
        match &mut self.oral {
            Some(oral) if oral.ratified.is_none() => {
                oral.recorded.differs(step, context.by)?;
                oral.ratified = Some(Signed::now(context));
                self.head.approver = Some(context.by.id);
                Ok(())
            }
            _ => Err(Refusal::missing("an oral authority that waits for ratification", None)),
        }
    }

    fn add_addendum(&mut self, context: &ActContext<'_>) -> Done {
        self.sealed.push(Sealed {
            bundle: context.fields.digest("bundle")?,
            force: self.destination,
            sent: Signed::now(context),
            addendum: Some(context.fields.text("addendum")?),
        });
        Ok(())
    }

    fn start(&mut self, context: &ActContext<'_>) -> Done {
        let case: Case = context.related.get("case", context.fields.record("case")?)?;
        if case.package.map(Id::uuid) != Some(self.head.id) {
            return Err(Refusal::field(
                "case",
                "choose the case that was opened from this package",
            ));
        }
        self.case = Some(Id::new(case.head.id));
        self.state = State::InProgress;
        Ok(())
    }

    fn close(&mut self) -> Done {
        if self.ratification_due().is_some() {
            return Err(Refusal::missing(
                "the ratification of the oral authority",
                Role::AuthorisingOfficer,
            ));
        }
        self.state = State::Closed;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
