//! From a report to the records of the case database: a referral, and an observation for each
//! address at a time.
//!
//! Out: the fields of the acts that make those records, so that their rules stand in one
//! place. What cannot become a record of its own (an address without a time, an identifier
//! that is none) is said in the referral's summary.

use pendeen_casework::form::Fields;
use pendeen_casework::record::Id;
use pendeen_casework::record::referral::{Referral, Selector, SelectorKind};

use crate::report::{Doubt, Observation, PartyRole, Report};
use crate::selector::{ip_value, unroutable};
use crate::summary::{Summary, cut};
use crate::time;

/// What a service or event is called that the report does not name.
const NOT_STATED: &str = "not stated";

/// How many doubts a summary tells one by one, and how much of each value, in characters.
const DOUBTS_TOLD: usize = 12;
const DOUBT_CHARS: usize = 80;

impl Report {
    /// The fields of a new referral.
    pub fn referral_fields(&self) -> Fields {
        let mut fields = vec![
            ("source", self.source.clone()),
            ("reference", self.reference.clone()),
            ("summary", self.summary_with_reservations()),
            ("selectors", json(&self.selectors)),
            ("document", self.document.to_string()),
        ];
        fields.extend(self.incident.map(|at| ("incident", at.to_string())));
        if self.urgent {
            fields.push(("urgent", "yes".to_owned()));
        }
        fields.into_iter().collect()
    }

    /// The fields of a new observation for each address that a provider can be asked about:
    /// one with a time, and not a private or special one.
    pub fn observation_fields(&self, referral: Id<Referral>) -> Vec<Fields> {
        let asked = self.observations.iter().filter(|o| unroutable(o.ip).is_none());
        asked.filter_map(|observation| self.one_observation(observation, referral)).collect()
    }

    fn one_observation(&self, observation: &Observation, referral: Id<Referral>) -> Option<Fields> {
        let seen = observation.time?;
        let event = observation.event.as_deref().unwrap_or(NOT_STATED);
        let event = match observation.role {
            PartyRole::Victim => format!("{event} (child)"),
            PartyRole::Recipient => format!("{event} (recipient)"),
            _ => event.to_owned(),
        };
        let zone = observation.time_raw.as_deref().map_or(NOT_STATED, time::zone);
        let mut fields = vec![
            ("referral", referral.to_string()),
            ("address", observation.ip.to_string()),
            ("seen", seen.to_string()),
            ("zone", zone.to_owned()),
            ("service", self.service(observation.role).to_owned()),
            ("event", event),
            ("selectors", json(&self.beside(observation))),
        ];
        fields.extend(observation.port.map(|port| ("port", port.to_string())));
        Some(fields.into_iter().collect())
    }

    /// The service on which a party is known.
    fn service(&self, role: PartyRole) -> &str {
        let role = if role.leads() { PartyRole::Reported } else { role };
        self.parties
            .iter()
            .filter(|party| party.role == role)
            .flat_map(|party| &party.facts)
            .find(|(name, _)| name.eq_ignore_ascii_case("espService"))
            .map_or(NOT_STATED, |(_, service)| service)
    }

    /// The address itself, and the accounts of the same party.
    fn beside(&self, observation: &Observation) -> Vec<Selector> {
        let account =
            |s: &&Selector| matches!(s.kind, SelectorKind::ScreenName | SelectorKind::Email);
        let value = ip_value(observation.ip, observation.port);
        let address = std::iter::once(Selector { kind: SelectorKind::Ip, value });
        if observation.role.leads() {
            address.chain(self.selectors.iter().filter(account).cloned()).collect()
        } else {
            let own = self.other_selectors.iter().filter(|o| o.role == observation.role);
            address.chain(own.map(|o| &o.selector).filter(account).cloned()).collect()
        }
    }

    /// The summary, followed by a sentence for each kind of doubt.
    pub fn summary_with_reservations(&self) -> String {
        // A row of a table may have no words at all, and a referral wants some.
        let words = if self.summary.is_empty() {
            Summary::default().text(self)
        } else {
            self.summary.clone()
        };
        let mut sentences = vec![words];
        if !self.reference_stated {
            sentences.push(
                "The report carries no reference; this one is made from its digest.".to_owned(),
            );
        }
        let without_zone =
            self.observations.iter().filter(|o| o.time.is_some() && !o.zone_stated).count();
        if without_zone > 0 {
            sentences.push(format!(
                "Times without a zone are taken as UTC ({without_zone} of {} observations): confirm the zone before asking a provider.",
                self.observations.len()
            ));
        }
        let without_time = self.observations.iter().filter(|o| o.time.is_none()).count();
        if without_time > 0 {
            sentences.push(format!(
                "Addresses without a time, of which no provider can be asked: {without_time}."
            ));
        }
        if !self.other_selectors.is_empty() {
            let count = self.other_selectors.len();
            sentences.push(format!(
                "Identifiers of children or recipients, kept apart from those of the person reported: {count}."
            ));
        }
        if !self.media.is_empty() {
            sentences.push(format!("Digests of files in the original: {}.", self.media.len()));
        }
        for Doubt { path, value, why } in self.doubts.iter().take(DOUBTS_TOLD) {
            sentences.push(format!("{path}: {:?}: {why}.", cut(value, DOUBT_CHARS)));
        }
        if self.doubts.len() > DOUBTS_TOLD {
            let more = self.doubts.len() - DOUBTS_TOLD;
            sentences.push(format!("{more} more values in the original could not be used."));
        }
        sentences.join("\n")
    }
}

fn json(selectors: &[Selector]) -> String {
    serde_json::to_string(selectors).expect("kinds and texts are always JSON")
}
