//! An attribution request: who used an address at a time, asked of a provider under IPA 2016
//! Part 3.
//!
//! States: drafted -> checked -> with_spoc -> authorised, refused -> sent -> answered, expired;
//! error_reported. A wrong zone is the classic cause of a wrong door: the checker is another
//! person and enters address, port, time and zone again without seeing the draft's. An
//! independent office authorises (s.60A); in urgent cases a senior officer does (s.61A), which
//! the office reviews later. A carrier's shared address without its port is refused.

mod event;

use serde::{Deserialize, Serialize};

use super::observation::Observation;
use super::premises::Premises;
use super::subject::Subject;
use super::{
    Act, ActContext, Detail, Facet, Head, Id, Kind, Lines, Link, Next, OPERATION, REASON, Record,
    Signed, Signing, Urgency, link, links,
};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::Role;
pub use event::{Event, address, port};
use event::{is_local, is_shared};

states! {
    /// Where a request stands.
    Drafted = "drafted" => [Checked], "Written, not checked.";
    Checked = "checked" => [Drafted, WithSpoc, ErrorReported], "A second person entered the same event.";
    WithSpoc = "with_spoc" => [Authorised, Refused, ErrorReported],
        "The single point of contact has it (s.76).";
    Authorised = "authorised" => [Sent, Expired, ErrorReported], "It may go to the provider.";
    Refused = "refused" => [], "The authorising office said no.";
    Sent = "sent" => [Answered, Expired, ErrorReported], "With the provider.";
    Answered = "answered" => [ErrorReported], "The provider named the subscriber.";
    Expired = "expired" => [], "The authorisation or the provider's data ran out.";
    ErrorReported = "error_reported" => [], "A reportable error was made and reported.";
}

/// How it was authorised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authorisation {
    /// By whom, when.
    pub signed: Signed,
    /// Their reference.
    pub reference: String,
    /// By a senior officer because it was urgent; the office reviews it.
    pub urgent: bool,
    /// The office's later review of an urgent one.
    pub reviewed: Option<Signed>,
}

/// What the provider answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Who pays for the line.
    pub subscriber: String,
    /// Where the line ends.
    pub address: String,
    /// Its postcode, `PL1 1AA`.
    pub postcode: String,
    /// The premises as a record, where there is one already.
    pub premises: Option<Id<Premises>>,
}

/// A request to a provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AttributionRequest {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The observation it is about.
    pub observation: Option<Id<Observation>>,
    /// The subject it may concern.
    pub subject: Option<Id<Subject>>,
    /// The event asked about.
    pub event: Event,
    /// The address is one that a carrier shares among many subscribers.
    pub carrier_nat: bool,
    /// Who is asked.
    pub provider: String,
    /// Why it is necessary and proportionate, and whom else it touches.
    pub justification: String,
    /// A child may be at immediate risk.
    pub urgent: bool,
    /// Who checked the draft.
    pub checked: Option<Signed>,
    /// How it was authorised; also set by a refusal.
    pub authorised: Option<Authorisation>,
    /// The provider's reference.
    pub provider_reference: Option<String>,
    /// The answer.
    pub answer: Option<Answer>,
    /// Why it was refused, amended, expired or in error.
    pub reason: Option<String>,
}

const ADDRESS: Field = Field::required("address", "IP address", Input::Text);
const PORT: Field = Field::optional("port", "Source port", Input::Count)
    .hint("Must be given where a carrier shares the address");
const TIME: Field = Field::required("time", "Time as written in the report", Input::Text)
    .hint("2026-11-24T09:30:15");
const ZONE: Field = Field::required("zone", "Zone of that time", Input::Text)
    .hint("UTC, Europe/London, or an offset such as +02:00");
const REFERENCE: Field = Field::required("reference", "Reference", Input::Text);

impl Record for AttributionRequest {
    const SEALED: &'static [&'static str] = &[
        "checked",
        "with_spoc",
        "authorised",
        "refused",
        "sent",
        "answered",
        "expired",
        "error_reported",
    ];
    const FOUR_EYES: &'static [(&'static str, &'static str)] = &[
        ("head.author", "checked.by"),
        ("head.author", "authorised.signed.by"),
        ("checked.by", "authorised.signed.by"),
        ("authorised.signed.by", "authorised.reviewed.by"),
    ];
    standing!();
    const KIND: Kind = Kind::AttributionRequest;
    const CREATE: &'static [Field] = &[
        Field::optional("observation", "Observation", Input::Record(Kind::Observation)),
        Field::optional("subject", "Subject", Input::Record(Kind::Subject)),
        ADDRESS,
        PORT,
        TIME,
        ZONE,
        Field::optional("carrier_nat", "The carrier shares this address", Input::Tick),
        Field::required("provider", "Provider", Input::Text),
        Field::required(
            "justification",
            "Necessity, proportionality, collateral intrusion",
            Input::LongText,
        ),
        Field::optional("urgent", "A child may be at immediate risk", Input::Tick),
        OPERATION,
    ];
    const SIGNINGS: &'static [Signing] = &[
        Signing {
            act: "check",
            refuses: None,
            waits: &["drafted"],
            only: None,
            path: "checked.by",
        },
        Signing {
            act: "authorise",
            refuses: Some("refuse"),
            waits: &["with_spoc"],
            only: None,
            path: "authorised.signed.by",
        },
        Signing {
            act: "review",
            refuses: None,
            waits: &["authorised", "sent", "answered", "expired", "error_reported"],
            only: Some("review_due"),
            path: "authorised.reviewed.by",
        },
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "check",
            label: "Check by entering the event again",
            from: &["drafted"],
            fields: &[ADDRESS, PORT, TIME, ZONE],
        },
        Act {
            name: "amend",
            label: "Correct the event",
            from: &["drafted", "checked"],
            fields: &[ADDRESS, PORT, TIME, ZONE, REASON],
        },
        Act {
            name: "to_spoc",
            label: "Pass to the single point of contact",
            from: &["checked"],
            fields: &[],
        },
        Act {
            name: "authorise",
            label: "Authorise (independent office)",
            from: &["with_spoc"],
            fields: &[REFERENCE],
        },
        Act {
            name: "authorise_urgently",
            label: "Authorise urgently (senior officer)",
            from: &["with_spoc"],
            fields: &[REFERENCE, REASON],
        },
        Act {
            name: "review",
            label: "Review the urgent authorisation",
            // What was authorised urgently is reviewed, whatever became of it since.
            from: &["authorised", "sent", "answered", "expired", "error_reported"],
            fields: &[],
        },
        Act { name: "refuse", label: "Refuse", from: &["with_spoc"], fields: &[REASON] },
        Act {
            name: "send",
            label: "Send to the provider",
            from: &["authorised"],
            fields: &[Field::required(
                "provider_reference",
                "Reference given to the provider",
                Input::Text,
            )],
        },
        Act {
            name: "answer",
            label: "Record the answer",
            from: &["sent"],
            fields: &[
                Field::required("subscriber", "Subscriber", Input::Text),
                Field::required("service_address", "Address of the line", Input::Text),
                Field::required("postcode", "Postcode", Input::Text),
                Field::optional("premises", "Premises", Input::Record(Kind::Premises)),
            ],
        },
        Act {
            name: "expire",
            label: "Record that it expired",
            from: &["authorised", "sent"],
            fields: &[REASON],
        },
        Act {
            name: "report_error",
            label: "Report an error",
            from: &["checked", "with_spoc", "authorised", "sent", "answered"],
            fields: &[REASON],
        },
    ];

    fn title(&self) -> String {
        format!("{} at {} {}", self.event.address, self.event.local, self.event.zone)
    }

    fn details(&self) -> Vec<Detail> {
        let authorised = self.authorised.as_ref();
        let answer = self.answer.as_ref();
        Lines::new()
            .line("IP address", self.event.address)
            .each("Source port", self.event.port)
            .line("Time as written", self.event.local)
            .line("Zone", &self.event.zone)
            .line("The same moment in UTC", self.event.at)
            .flag("The carrier shares this address", self.carrier_nat)
            .line("Provider", &self.provider)
            .line("Necessity, proportionality, collateral intrusion", &self.justification)
            .flag("Urgent", self.urgent)
            .each("Checked by", &self.checked)
            .each("Decided by", authorised.map(|a| &a.signed))
            .each("Reference", authorised.map(|a| &a.reference))
            .each("Urgent path reviewed by", authorised.and_then(|a| a.reviewed.as_ref()))
            .each("Provider's reference", &self.provider_reference)
            .each("Subscriber", answer.map(|a| &a.subscriber))
            .each("Address of the line", answer.map(|a| format!("{}, {}", a.address, a.postcode)))
            .each("Reason", &self.reason)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        let premises = self.answer.as_ref().and_then(|a| a.premises);
        links([
            self.observation.and_then(|id| link("observation", id)),
            self.subject.and_then(|id| link("subject", id)),
            premises.and_then(|id| link("premises", id)),
        ])
    }

    fn facets(&self) -> Vec<Facet> {
        vec![
            Facet::new("ip", self.event.address.to_string()),
            Facet::flag("urgent", self.urgent),
            Facet::flag("review_due", self.review_due()),
        ]
    }

    fn next(&self) -> Option<Next> {
        let (role, what) = match self.state {
            State::Drafted => {
                (Role::IntelligenceOfficer, "Check this request: enter the event again")
            }
            State::Checked => (Role::IntelligenceOfficer, "Pass this request to the SPoC"),
            State::WithSpoc => (Role::AuthorisingOfficer, "Authorise or refuse this request"),
            _ if self.review_due() => {
                (Role::AuthorisingOfficer, "Review this urgent authorisation")
            }
            State::Authorised => (Role::Spoc, "Send this request to the provider"),
            State::Sent => (Role::Spoc, "Record the provider's answer"),
            State::Refused | State::Answered | State::Expired | State::ErrorReported => {
                return None;
            }
        };
        let urgency = if self.urgent { Urgency::Immediate } else { Urgency::Medium };
        Some(Next { role, what: what.to_owned(), due: None, urgency })
    }

    fn disclosed_to(&self, act: &str) -> Option<String> {
        (act == "send").then(|| self.provider.clone())
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (fields, related) = (context.fields, context.related);
        head.join_operation(fields, related)?;
        let observation = match fields.if_given("observation", Fields::record)? {
            None => None,
            Some(id) => {
                let observation: Observation = related.get("observation", id)?;
                head.belong_to("observation", &observation.head)?;
                Some(Id::new(id))
            }
        };
        let request = Self {
            head,
            state: State::Drafted,
            observation,
            subject: fields.if_given("subject", Fields::record)?.map(Id::new),
            event: Event::read(fields)?,
            carrier_nat: fields.ticked("carrier_nat"),
            provider: fields.text("provider")?,
            justification: fields.text("justification")?,
            urgent: fields.ticked("urgent"),
            checked: None,
            authorised: None,
            provider_reference: None,
            answer: None,
            reason: None,
        };
        request.attributable()?;
        Ok(request)
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        let reason = context.fields.get("reason").map(str::to_owned);
        match act {
            "check" => self.check(context)?,
            "amend" => self.amend(context)?,
            "to_spoc" => self.state = State::WithSpoc,
            "authorise" => self.authorise(context, false)?,
            "authorise_urgently" => self.authorise(context, true)?,
            "review" => self.review(context)?,
            "refuse" => self.state = State::Refused,
            "send" => {
                self.provider_reference = Some(context.fields.text("provider_reference")?);
                self.state = State::Sent;
            }
            "answer" => self.answer(context)?,
            "expire" => self.state = State::Expired,
            "report_error" => self.state = State::ErrorReported,
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        self.reason = reason.or(self.reason.take());
        Ok(())
    }
}

impl AttributionRequest {
    /// An urgent authorisation waits for the office's review.
    pub fn review_due(&self) -> bool {
        self.authorised.as_ref().is_some_and(|a| a.urgent && a.reviewed.is_none())
    }

    /// Refuses what no provider can answer.
    fn attributable(&self) -> Result<(), Refusal> {
        if (self.carrier_nat || is_shared(self.event.address)) && self.event.port.is_none() {
            return Err(Refusal::field(
                "port",
                "give the source port: the carrier shares this address among many subscribers",
            ));
        }
        if is_local(self.event.address) {
            return Err(Refusal::field(
                "address",
                "give an address of the public internet: this one exists in many networks",
            ));
        }
        Ok(())
    }

    fn check(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        super::second_person("the check", self.head.author, &self.head.author_name, context.by)?;
        let differing = self.event.differing(&Event::read(context.fields)?);
        if let Some(first) = differing.first() {
            return Err(Refusal::field(
                first,
                format!(
                    "differs from the draft ({}): compare both with the report, then correct the draft or your entry",
                    differing.join(", ")
                ),
            ));
        }
        self.checked = Some(Signed::now(context));
        self.state = State::Checked;
        Ok(())
    }

    /// A corrected event must be checked again. Who corrects becomes the author of the event,
    /// so the check falls to somebody else.
    fn amend(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        if self.head.author != context.by.id {
            return Err(Refusal::missing(
                format!("a correction by the author, {}", self.head.author_name),
                None,
            ));
        }
        self.event = Event::read(context.fields)?;
        self.attributable()?;
        self.checked = None;
        self.state = State::Drafted;
        Ok(())
    }

    fn authorise(&mut self, context: &ActContext<'_>, urgent: bool) -> Result<(), Refusal> {
        let step = "the authorisation";
        super::second_person(step, self.head.author, &self.head.author_name, context.by)?;
        self.checked.as_ref().map_or(Ok(()), |checked| checked.differs(step, context.by))?;
        if urgent && !self.urgent {
            return Err(Refusal::missing(
                "the mark that a child may be at immediate risk, which the urgent path requires",
                Role::IntelligenceOfficer,
            ));
        }
        self.head.approver = Some(context.by.id);
        self.authorised = Some(Authorisation {
            signed: Signed::now(context),
            reference: context.fields.text("reference")?,
            urgent,
            reviewed: None,
        });
        self.state = State::Authorised;
        Ok(())
    }

    fn review(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let due = self.review_due();
        match &mut self.authorised {
            Some(authorisation) if due => {
                authorisation.signed.differs("the review", context.by)?;
                authorisation.reviewed = Some(Signed::now(context));
                Ok(())
            }
            _ => Err(Refusal::missing("an urgent authorisation without a review", None)),
        }
    }

    fn answer(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let fields = context.fields;
        let premises = match fields.if_given("premises", Fields::record)? {
            None => None,
            Some(id) => Some(Id::new(context.related.get::<Premises>("premises", id)?.head.id)),
        };
        self.answer = Some(Answer {
            subscriber: fields.text("subscriber")?,
            address: fields.text("service_address")?,
            postcode: fields.postcode("postcode")?,
            premises,
        });
        self.state = State::Answered;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{World, fields};

    fn event() -> [(&'static str, &'static str); 4] {
        [
            ("address", "203.0.113.7"),
            ("port", "40123"),
            ("time", "2026-03-01T10:15:00"),
            ("zone", "UTC"),
        ]
    }

    fn draft(world: &mut World, changes: &[(&str, &str)]) -> Result<AttributionRequest, Refusal> {
        let rest = [("provider", "Example Telecom"), ("justification", "Needed")];
        let all = event().into_iter().chain(rest).chain(changes.iter().copied());
        world.try_create(&all.collect())
    }

    fn with_spoc(world: &mut World, changes: &[(&str, &str)]) -> AttributionRequest {
        let request = draft(world, changes).unwrap();
        world.officer(2);
        let request = world.act(&request, "check", &fields(event())).unwrap();
        world.act(&request, "to_spoc", &fields([])).unwrap()
    }

    #[test]
    fn the_checker_is_someone_other_than_the_author() {
        let mut world = World::new();
        let request = draft(&mut world, &[]).unwrap();
        let refusal = world.act(&request, "check", &fields(event())).unwrap_err();
        assert!(matches!(refusal, Refusal::SamePerson { .. }));
    }

    #[test]
    fn a_checker_who_enters_another_zone_is_told_which_field_differs_but_not_its_value() {
        let mut world = World::new();
        let request = draft(&mut world, &[]).unwrap();
        world.officer(2);
        let mut again = event();
        again[3].1 = "Europe/London";
        let refusal = world.act(&request, "check", &fields(again)).unwrap_err();
        let Refusal::Field { name, problem, .. } = refusal else { panic!("{refusal:?}") };
        assert_eq!(name, "zone");
        assert!(problem.contains("zone") && !problem.contains("UTC"), "{problem}");
    }

    #[test]
    fn neither_author_nor_checker_authorises() {
        let mut world = World::new();
        let request = with_spoc(&mut world, &[]);
        for n in [1, 2] {
            world.officer(n);
            let refusal =
                world.act(&request, "authorise", &fields([("reference", "OCDA 1")])).unwrap_err();
            assert!(matches!(refusal, Refusal::SamePerson { .. }), "officer {n}");
        }
        world.officer(3);
        let request = world.act(&request, "authorise", &fields([("reference", "OCDA 1")])).unwrap();
        assert_eq!(request.head.approver, Some(world.by.id));
    }

    #[test]
    fn an_urgent_authorisation_is_reviewed_by_someone_else_and_only_where_marked_urgent() {
        let mut world = World::new();
        let signing = fields([("reference", "Supt 1"), ("reason", "A child named")]);
        let calm = with_spoc(&mut world, &[]);
        world.officer(3);
        assert!(matches!(
            world.act(&calm, "authorise_urgently", &signing),
            Err(Refusal::Missing { .. })
        ));
        world.officer(1);
        let urgent = with_spoc(&mut world, &[("urgent", "yes")]);
        world.officer(3);
        let urgent = world.act(&urgent, "authorise_urgently", &signing).unwrap();
        assert!(urgent.facets().contains(&Facet::flag("review_due", true)));
        assert!(world.act(&urgent, "review", &fields([])).is_err());
        world.officer(4);
        let urgent = world.act(&urgent, "review", &fields([])).unwrap();
        assert!(!urgent.review_due());
        assert!(world.act(&urgent, "review", &fields([])).is_err());
    }

    #[test]
    fn a_shared_address_without_its_port_is_refused_with_the_reason() {
        let mut world = World::new();
        let shared: Fields = event()
            .into_iter()
            .filter(|(name, _)| *name != "port")
            .chain([("provider", "X"), ("justification", "Y"), ("carrier_nat", "yes")])
            .collect();
        let refusal = world.try_create::<AttributionRequest>(&shared).unwrap_err();
        assert!(matches!(refusal, Refusal::Field { name, .. } if name == "port"));
    }

    #[test]
    fn a_private_address_cannot_be_attributed() {
        let mut world = World::new();
        for private in ["192.168.1.4", "10.0.0.1", "fe80::1", "::ffff:192.168.0.1"] {
            let refusal = draft(&mut world, &[("address", private)]).unwrap_err();
            assert!(matches!(refusal, Refusal::Field { name, .. } if name == "address"));
        }
    }

    #[test]
    fn a_time_that_happened_twice_in_its_zone_is_refused() {
        let mut world = World::new();
        let changes = [("time", "2026-10-25T01:30:00"), ("zone", "Europe/London")];
        let refusal = draft(&mut world, &changes).unwrap_err();
        assert!(matches!(refusal, Refusal::Field { name, .. } if name == "time"));
    }

    #[test]
    fn a_correction_needs_a_fresh_check() {
        let mut world = World::new();
        let request = draft(&mut world, &[]).unwrap();
        world.officer(2);
        let request = world.act(&request, "check", &fields(event())).unwrap();
        let corrected: Fields = event().into_iter().chain([("reason", "Misread")]).collect();
        assert!(world.act(&request, "amend", &corrected).is_err(), "only the author corrects");
        world.officer(1);
        let request = world.act(&request, "amend", &corrected).unwrap();
        assert_eq!((request.state(), request.checked), ("drafted", None));
    }
}
