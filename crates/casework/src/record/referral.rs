//! A referral: a report from outside, kept byte for byte, triaged by a person.
//!
//! States: received -> triaged -> linked, not_actionable, duplicate. Nothing received is
//! dropped: a referral that leads nowhere keeps its reason.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::subject::Subject;
use super::{Act, ActContext, Detail, Facet, Head, Id, Kind, Link, Next, Record, Related, Urgency};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::Role;

states! {
    /// Where a referral stands.
    Received = "received" => [Triaged, NotActionable, Duplicate], "Taken in, read by nobody yet.";
    Triaged = "triaged" => [Linked, NotActionable, Duplicate], "Read and worth work.";
    Linked = "linked" => [], "Belongs to a subject.";
    NotActionable = "not_actionable" => [], "Leads nowhere, with a reason.";
    Duplicate = "duplicate" => [], "The same report as another.";
}

/// A report from outside.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Referral {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// Who reported: `NCMEC`, `IWF`, another agency, the public.
    pub source: String,
    /// The reporter's own reference.
    pub reference: String,
    /// What it says, in a sentence or two.
    pub summary: String,
    /// When the reported thing happened, UTC, if stated.
    pub incident: Option<Timestamp>,
    /// The reporter asks for priority, or a child is named at risk.
    pub urgent: bool,
    /// Identifiers in it.
    pub selectors: Vec<Selector>,
    /// SHA-256 of the original document, kept byte for byte in the document store.
    pub document: Option<String>,
    /// The subject it was linked to.
    pub subject: Option<Id<Subject>>,
    /// The referral it repeats.
    pub duplicate_of: Option<Id<Referral>>,
    /// Why it is not actionable.
    pub reason: Option<String>,
}

/// An identifier of a person or device on a network.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Selector {
    /// What it identifies by.
    pub kind: SelectorKind,
    /// The value in canonical form.
    pub value: String,
}

/// Kinds of selector, as `pendeen intake --json` names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelectorKind {
    /// E-mail address, lower case.
    Email,
    /// IPv4 or IPv6 address, with `:port` where the report gives one.
    Ip,
    /// Name on a service.
    ScreenName,
    /// Telephone number.
    Phone,
    /// Device identifier.
    DeviceId,
    /// Address of a page or profile.
    Url,
}

impl SelectorKind {
    /// The stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Ip => "ip",
            Self::ScreenName => "screen_name",
            Self::Phone => "phone",
            Self::DeviceId => "device_id",
            Self::Url => "url",
        }
    }
}

impl Record for Referral {
    const KIND: Kind = Kind::Referral;
    standing!();
    const CREATE: &'static [Field] = &[
        Field::required("source", "Who reported", Input::Text).hint("NCMEC, IWF, another agency, the public"),
        Field::required("reference", "Their reference", Input::Text),
        Field::required("summary", "What was reported", Input::LongText),
        Field::optional("incident", "When it happened", Input::Moment),
        Field::optional("urgent", "A child may be at immediate risk", Input::Tick),
    ];
    const ACTS: &'static [Act] = &[
        Act { name: "triage", label: "Accept for work", from: &["received"], fields: &[] },
        Act {
            name: "link",
            label: "Link to a subject",
            from: &["triaged"],
            fields: &[Field::required("subject", "Subject", Input::Record(Kind::Subject))],
        },
        Act {
            name: "not_actionable",
            label: "Close as not actionable",
            from: &["received", "triaged"],
            fields: &[Field::required("reason", "Why", Input::LongText)],
        },
        Act {
            name: "duplicate",
            label: "Close as a duplicate",
            from: &["received", "triaged"],
            fields: &[Field::required("of", "The referral it repeats", Input::Record(Kind::Referral))],
        },
    ];

    fn title(&self) -> String {
        format!("{} {}", self.source, self.reference)
    }

    fn details(&self) -> Vec<Detail> {
        let mut details = vec![
            Detail::new("Who reported", &self.source),
            Detail::new("Their reference", &self.reference),
            Detail::new("What was reported", &self.summary),
        ];
        details.extend(self.incident.map(|t| Detail::new("When it happened", t)));
        details.push(Detail::new("Immediate risk reported", if self.urgent { "Yes" } else { "No" }));
        details.extend(self.selectors.iter().map(|s| Detail::new("Identifier", format!("{}: {}", s.kind.key(), s.value))));
        details.extend(self.document.as_ref().map(|d| Detail::new("Original document (SHA-256)", d)));
        details.extend(self.reason.as_ref().map(|r| Detail::new("Why not actionable", r)));
        details
    }

    fn links(&self) -> Vec<Link> {
        let subject = self.subject.map(|id| Link::to("subject", id));
        let original = self.duplicate_of.map(|id| Link::to("duplicate_of", id));
        subject.into_iter().chain(original).collect()
    }

    fn facets(&self) -> Vec<Facet> {
        let selectors = self.selectors.iter().map(|s| Facet::new(s.kind.key(), &*s.value));
        std::iter::once(Facet::flag("urgent", self.urgent)).chain(selectors).collect()
    }

    fn next(&self) -> Option<Next> {
        let what = match self.state {
            State::Received => "Read and triage this referral",
            State::Triaged => "Link this referral to a subject",
            State::Linked | State::NotActionable | State::Duplicate => return None,
        };
        let urgency = if self.urgent { Urgency::Immediate } else { Urgency::Medium };
        Some(Next { role: Role::IntelligenceOfficer, what: what.to_owned(), due: None, urgency })
    }

    fn create(head: Head, fields: &Fields, _related: &Related) -> Result<Self, Refusal> {
        Ok(Self {
            head,
            state: State::Received,
            source: fields.text("source")?,
            reference: fields.text("reference")?,
            summary: fields.text("summary")?,
            incident: fields.get("incident").map(|_| fields.moment("incident")).transpose()?,
            urgent: fields.ticked("urgent"),
            selectors: Vec::new(),
            document: None,
            subject: None,
            duplicate_of: None,
            reason: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        let fields = context.fields;
        match act {
            "triage" => self.state = State::Triaged,
            "link" => {
                self.subject = Some(Id::new(fields.record("subject")?));
                self.state = State::Linked;
            }
            "not_actionable" => {
                self.reason = Some(fields.text("reason")?);
                self.state = State::NotActionable;
            }
            "duplicate" => {
                self.duplicate_of = Some(Id::new(fields.record("of")?));
                self.state = State::Duplicate;
            }
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        Ok(())
    }
}
