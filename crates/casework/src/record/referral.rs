//! A referral: a report from outside, kept byte for byte, triaged by a person.
//!
//! States: received -> triaged -> linked, not_actionable, duplicate. A document that intake
//! could not read begins as unread and waits for a person. Nothing received is dropped: a
//! referral that leads nowhere keeps its reason.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::subject::Subject;
use super::{
    Act, ActContext, Detail, Facet, Head, Id, Kind, Lines, Link, Next, OPERATION, REASON, Record,
    Urgency, link, links, moment,
};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::Role;

states! {
    /// Where a referral stands.
    Received = "received" => [Triaged, NotActionable, Duplicate], "Taken in, read by nobody yet.";
    Unread = "unread" => [Triaged, NotActionable, Duplicate], "Kept byte for byte, but no format that intake reads.";
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
    /// Why intake could not read the document: where, what was wrong, what to do.
    #[serde(default)]
    pub unread: Option<String>,
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

choices! {
    /// Kinds of selector, as `pendeen intake --json` names them.
    ///
    /// Values are canonical: an e-mail address in lower case, an IP address with `:port` where
    /// the report gives one.
    SelectorKind {
        Email = "email", "E-mail address";
        Ip = "ip", "IP address";
        ScreenName = "screen_name", "Screen name";
        Phone = "phone", "Telephone number";
        DeviceId = "device_id", "Device identifier";
        Url = "url", "Address of a page or profile";
    }
}

impl Selector {
    /// Reads a field that intake fills in: a JSON array of selectors, or nothing.
    pub fn read_all(fields: &Fields, name: &str) -> Result<Vec<Self>, Refusal> {
        let json = fields.get(name).unwrap_or("[]");
        serde_json::from_str(json)
            .map_err(|_| Refusal::field(name, "a JSON array of kinds and values is wanted"))
    }
}

impl std::fmt::Display for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind, self.value)
    }
}

/// Who reported and under which reference: two reports with one key are one report, even if
/// their documents differ in a byte.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReportKey(String);

impl ReportKey {
    /// The key of a source and its reference; neither letter case nor white space counts.
    pub fn new(source: &str, reference: &str) -> Self {
        let plain =
            |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        Self(format!("{}\n{}", plain(source), plain(reference)))
    }

    /// The key as text, as the facet `report` has it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Record for Referral {
    standing!();
    const KIND: Kind = Kind::Referral;
    const CREATE: &'static [Field] = &[
        Field::required("source", "Who reported", Input::Text)
            .hint("NCMEC, IWF, another agency, the public"),
        Field::required("reference", "Their reference", Input::Text),
        Field::required("summary", "What was reported", Input::LongText),
        Field::optional("incident", "When it happened", Input::Moment),
        Field::optional("urgent", "A child may be at immediate risk", Input::Tick),
        OPERATION,
        Field::optional("selectors", "Identifiers", Input::System),
        Field::optional("document", "Original document (SHA-256)", Input::System),
        Field::optional("unread", "Why it could not be read", Input::System),
    ];
    const ACTS: &'static [Act] = &[
        Act { name: "triage", label: "Accept for work", from: &["received", "unread"], fields: &[] },
        Act {
            name: "link",
            label: "Link to a subject",
            from: &["triaged"],
            fields: &[Field::required("subject", "Subject", Input::Record(Kind::Subject))],
        },
        Act {
            name: "not_actionable",
            label: "Close as not actionable",
            from: &["received", "unread", "triaged"],
            fields: &[REASON],
        },
        Act {
            name: "duplicate",
            label: "Close as a duplicate",
            from: &["received", "unread", "triaged"],
            fields: &[Field::required(
                "of",
                "The referral it repeats",
                Input::Record(Kind::Referral),
            )],
        },
    ];

    fn title(&self) -> String {
        format!("{} {}", self.source, self.reference)
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .line("Who reported", &self.source)
            .line("Their reference", &self.reference)
            .line("What was reported", &self.summary)
            .each("When it happened", self.incident.map(moment))
            .flag("Immediate risk reported", self.urgent)
            .each("Identifier", &self.selectors)
            .each("Original document (SHA-256)", &self.document)
            .each("Why it could not be read", &self.unread)
            .each("Why not actionable", &self.reason)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        links([
            self.subject.and_then(|id| link("subject", id)),
            self.duplicate_of.and_then(|id| link("duplicate_of", id)),
        ])
    }

    fn facets(&self) -> Vec<Facet> {
        let selectors = self.selectors.iter().map(|s| Facet::new(s.kind.key(), &*s.value));
        let document = self.document.iter().map(|digest| Facet::new("document", digest));
        std::iter::once(Facet::flag("urgent", self.urgent))
            .chain(selectors)
            .chain([Facet::new("report", ReportKey::new(&self.source, &self.reference).as_str())])
            .chain(document)
            .collect()
    }

    fn next(&self) -> Option<Next> {
        let what = match self.state {
            State::Received => "Read and triage this referral",
            State::Unread => "Read this document by hand: the program could not",
            State::Triaged => "Link this referral to a subject",
            State::Linked | State::NotActionable | State::Duplicate => return None,
        };
        let urgency = if self.urgent { Urgency::Immediate } else { Urgency::Medium };
        Some(Next { role: Role::IntelligenceOfficer, what: what.to_owned(), due: None, urgency })
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (fields, related) = (context.fields, context.related);
        head.join_operation(fields, related)?;
        let unread = fields.get("unread").map(str::to_owned);
        Ok(Self {
            head,
            state: if unread.is_some() { State::Unread } else { State::Received },
            source: fields.text("source")?,
            reference: fields.text("reference")?,
            summary: fields.text("summary")?,
            incident: fields.if_given("incident", Fields::moment)?,
            urgent: fields.ticked("urgent"),
            selectors: Selector::read_all(fields, "selectors")?,
            document: fields.if_given("document", Fields::digest)?,
            unread,
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
                let subject: Subject = context.related.get("subject", fields.record("subject")?)?;
                self.subject = Some(Id::new(subject.head.id));
                self.state = State::Linked;
            }
            "not_actionable" => {
                self.reason = Some(fields.text("reason")?);
                self.state = State::NotActionable;
            }
            "duplicate" => {
                self.duplicate_of = Some(self.original(context)?);
                self.state = State::Duplicate;
            }
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        Ok(())
    }
}

impl Referral {
    /// The referral that this one repeats: another one, and not itself a duplicate.
    fn original(&self, context: &ActContext<'_>) -> Result<Id<Self>, Refusal> {
        let original: Self = context.related.get("of", context.fields.record("of")?)?;
        if original.head.id == self.head.id {
            return Err(Refusal::field("of", "choose another referral than this one"));
        }
        if original.state == State::Duplicate {
            return Err(Refusal::field("of", "choose the first report: this one repeats another"));
        }
        Ok(Id::new(original.head.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{World, fields};

    fn referral(world: &mut World) -> Referral {
        world.create(&fields([
            ("source", "NCMEC"),
            ("reference", "1234"),
            ("summary", "An upload"),
            ("selectors", r#"[{"kind":"email","value":"a@example.org"}]"#),
        ]))
    }

    #[test]
    fn a_referral_is_triaged_and_then_linked_to_a_subject() {
        let mut world = World::new();
        let subject = world.subject();
        let referral = referral(&mut world);
        let referral = world.act(&referral, "triage", &fields([])).unwrap();
        let linked = world
            .act(&referral, "link", &fields([("subject", &*subject.head.id.to_string())]))
            .unwrap();
        assert_eq!(linked.state(), "linked");
        assert_eq!(linked.links()[0].to, subject.head.id);
        assert_eq!(linked.facets()[1], Facet::new("email", "a@example.org"));
    }

    #[test]
    fn a_referral_cannot_repeat_itself_or_a_duplicate() {
        let mut world = World::new();
        let (first, second, third) =
            (referral(&mut world), referral(&mut world), referral(&mut world));
        let of = |r: &Referral| fields([("of", &*r.head.id.to_string())]);
        assert!(matches!(
            world.act(&first, "duplicate", &of(&first)),
            Err(Refusal::Field { label, .. }) if label == "The referral it repeats"
        ));
        world.act(&second, "duplicate", &of(&first)).unwrap();
        assert!(world.act(&third, "duplicate", &of(&second)).is_err());
    }

    #[test]
    fn a_referral_is_closed_as_not_actionable_only_with_a_reason() {
        let mut world = World::new();
        let referral = referral(&mut world);
        assert!(matches!(
            world.act(&referral, "not_actionable", &fields([])),
            Err(Refusal::Field { name, .. }) if name == "reason"
        ));
    }
}
