//! An observation: one event on a network with an address, a time, a service and identifiers.
//!
//! In: what a report says, with the zone of its time as stated.
//! States: recorded -> attributed (by an answered request), not_pursued (with a reason).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::attribution::{self, AttributionRequest};
use super::referral::{Referral, Selector};
use super::{
    Act, ActContext, Detail, Facet, Head, Id, Kind, Lines, Link, Next, REASON, Record,
    Urgency, link, links, moment,
};
use crate::form::{Field, Input, Refusal};
use crate::person::Role;

states! {
    /// Where an observation stands.
    Recorded = "recorded" => [Attributed, NotPursued], "Nobody is known behind it yet.";
    Attributed = "attributed" => [], "A provider named the subscriber.";
    NotPursued = "not_pursued" => [], "Left alone, with a reason.";
}

/// One event on a network.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Observation {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The report that told of it.
    pub referral: Id<Referral>,
    /// IPv4 or IPv6 address, canonical.
    pub address: String,
    /// Source port, where the report gives one.
    pub port: Option<u16>,
    /// When it happened, UTC.
    pub seen: Timestamp,
    /// The zone as the report states it; `not stated` is a doubt to be kept.
    pub zone: String,
    /// The service it happened on.
    pub service: String,
    /// What happened: login, upload, ...
    pub event: String,
    /// Identifiers that belong to it.
    pub selectors: Vec<Selector>,
    /// The request that attributed it.
    pub attribution: Option<Id<AttributionRequest>>,
    /// Why it is not pursued.
    pub reason: Option<String>,
}

impl Record for Observation {
    standing!();
    const KIND: Kind = Kind::Observation;
    const CREATE: &'static [Field] = &[
        Field::required("referral", "Referral", Input::Record(Kind::Referral)),
        Field::required("address", "IP address", Input::Text),
        Field::optional("port", "Source port", Input::Count),
        Field::required("seen", "When it happened", Input::Moment),
        Field::required("zone", "Time zone as stated", Input::Text)
            .hint("UTC, BST, an offset, or: not stated"),
        Field::required("service", "Service", Input::Text),
        Field::required("event", "What happened", Input::Text).hint("Login, upload, registration"),
        Field::optional("selectors", "Identifiers", Input::System),
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "attribute",
            label: "Attach the attribution",
            from: &["recorded"],
            fields: &[Field::required(
                "attribution",
                "Answered attribution request",
                Input::Record(Kind::AttributionRequest),
            )],
        },
        Act {
            name: "not_pursue",
            label: "Leave it alone",
            from: &["recorded"],
            fields: &[REASON],
        },
    ];

    fn title(&self) -> String {
        format!("{} on {}, {}", self.event, self.service, moment(self.seen))
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .line("IP address", &self.address)
            .each("Source port", self.port)
            .line("When it happened", moment(self.seen))
            .line("Time zone as stated", &self.zone)
            .line("Service", &self.service)
            .line("What happened", &self.event)
            .each("Identifier", &self.selectors)
            .each("Why it is not pursued", &self.reason)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        links([
            link("referral", self.referral),
            self.attribution.and_then(|id| link("attribution", id)),
        ])
    }

    fn facets(&self) -> Vec<Facet> {
        let selectors = self.selectors.iter().map(|s| Facet::new(s.kind.key(), &*s.value));
        std::iter::once(Facet::new("ip", &*self.address)).chain(selectors).collect()
    }

    fn next(&self) -> Option<Next> {
        (self.state == State::Recorded).then(|| Next {
            role: Role::IntelligenceOfficer,
            what: "Ask the provider who used this address, or leave it alone".to_owned(),
            due: None,
            urgency: Urgency::Medium,
        })
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (fields, related) = (context.fields, context.related);
        let referral: Referral = related.get("referral", fields.record("referral")?)?;
        head.belong_to("referral", &referral.head)?;
        Ok(Self {
            head,
            state: State::Recorded,
            referral: Id::new(referral.head.id),
            address: attribution::address(fields, "address")?.to_string(),
            port: fields.if_given("port", attribution::port)?,
            seen: fields.moment("seen")?,
            zone: fields.text("zone")?,
            service: fields.text("service")?,
            event: fields.text("event")?,
            selectors: Selector::read_all(fields, "selectors")?,
            attribution: None,
            reason: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "attribute" => self.attribute(context),
            "not_pursue" => {
                self.reason = Some(context.fields.text("reason")?);
                self.state = State::NotPursued;
                Ok(())
            }
            other => Err(Refusal::UnknownAct(other.to_owned())),
        }
    }
}

impl Observation {
    fn attribute(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let id = context.fields.record("attribution")?;
        let request: AttributionRequest = context.related.get("attribution", id)?;
        if request.state != attribution::State::Answered {
            return Err(Refusal::missing("the provider's answer", Role::Spoc));
        }
        if request.observation.map(Id::uuid) != Some(self.head.id) {
            return Err(Refusal::field("attribution", "choose a request about this observation"));
        }
        self.attribution = Some(Id::new(id));
        self.state = State::Attributed;
        Ok(())
    }
}
