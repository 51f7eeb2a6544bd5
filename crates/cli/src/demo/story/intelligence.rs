//! From a report to a package on its way: subject, background, attribution, screening, dispatch.

use std::path::Path;

use anyhow::{Result, anyhow};
use jiff::{SignedDuration, Unit};
use pendeen_casework::record::attribution::AttributionRequest;
use pendeen_casework::record::observation::Observation;
use pendeen_casework::record::package::Package;
use pendeen_casework::record::{AnyRecord, Kind};
use pendeen_exchange::dispatch::seal_package;
use pendeen_store::query::Query;

use super::{Event, Story, typed};
use crate::demo::sensitive;
use crate::demo::walk::Ref;
use crate::system::randomness;

impl Story<'_, '_> {
    /// A report comes in, with the one upload that it tells of.
    pub async fn report(&mut self, number: usize) -> Result<(Ref, Event)> {
        let intel = self.people.get("intel")?;
        let seen = (self.walk.now - SignedDuration::from_hours(24 * 9)).round(Unit::Second)?;
        let reference = format!("{}", 90_000_000 + number);
        let report = [
            ("source", "Example Share, through a clearing house"),
            ("reference", &*reference),
            ("summary", "One file uploaded that matches a list of known pictures."),
            ("incident", &*seen.to_string()),
        ];
        let referral = self.walk.make(intel, Kind::Referral, &report).await?;
        let host = number % 254 + 1;
        let block = ["192.0.2", "198.51.100", "203.0.113"][number / 254 % 3];
        let address = format!("{block}.{host}");
        let port = (20_000 + number * 7 % 40_000).to_string();
        let event = [
            ("referral", &*referral.to_string()),
            ("address", &*address),
            ("port", &*port),
            ("seen", &*seen.to_string()),
            ("zone", "UTC"),
            ("service", "Example Share"),
            ("event", "Upload"),
        ];
        let observation = self.walk.make(intel, Kind::Observation, &event).await?;
        let seen = jiff::tz::TimeZone::UTC.to_datetime(seen).to_string();
        Ok((referral, Event { observation, address, port, seen }))
    }

    /// Referrals are read, accepted and linked to a new subject.
    pub async fn subject(&mut self, referrals: &[Ref]) -> Result<Ref> {
        let intel = self.people.get("intel")?;
        for referral in referrals {
            self.walk.act(intel, *referral, "triage", &[]).await?;
        }
        let fields = [
            ("name", self.cast.name),
            ("date_of_birth", self.cast.born),
            ("address", self.cast.address),
            ("suspect", "yes"),
        ];
        let subject = self.walk.make(intel, Kind::Subject, &fields).await?;
        for referral in referrals {
            self.walk.act(intel, *referral, "link", &[("subject", &subject.to_string())]).await?;
        }
        Ok(subject)
    }

    /// The background is looked up and the risk band entered.
    pub async fn background(&mut self, subject: Ref) -> Result<()> {
        let intel = self.people.get("intel")?;
        let date = self.date(0);
        let mut findings = vec![(
            "rso",
            if self.cast.rso { "yes" } else { "no" },
            "Checked against the register.",
            "ViSOR check",
            "fact",
        )];
        match self.cast.trust {
            Some(work) => {
                findings.push((
                    "position_of_trust",
                    "yes",
                    work,
                    "Open register of the association",
                    "fact",
                ));
                findings.push((
                    "access_to_children",
                    "yes",
                    work,
                    "Officer's assessment",
                    "opinion",
                ));
            }
            None => findings.push((
                "position_of_trust",
                "no",
                "No such work is known.",
                "Employer on record",
                "fact",
            )),
        }
        for (topic, answer, text, source, basis) in findings {
            let fields = [
                ("topic", topic),
                ("answer", answer),
                ("text", text),
                ("source", source),
                ("date", &*date),
                ("basis", basis),
            ];
            self.walk.act(intel, subject, "record_background", &fields).await?;
        }
        let band = [
            ("band", self.cast.band),
            ("source", "KIRAT, entered by Officer Birch"),
            ("date", &*date),
        ];
        self.walk.act(intel, subject, "assess_risk", &band).await?;
        Ok(())
    }

    /// One observation of a referral, as the request for its subscriber will name it.
    pub async fn event(&mut self, referral: Ref) -> Result<Event> {
        let intel = self.people.get("intel")?;
        let query = Query {
            linked: Some(("referral".to_owned(), referral.id)),
            ..Query::of(Kind::Observation)
        };
        let rows = self.walk.store.list(intel, &query, self.walk.now).await?.rows;
        let row =
            rows.last().ok_or_else(|| anyhow!("the referral {referral} has no observation"))?;
        let observation = Ref { kind: Kind::Observation, id: row.id };
        let AnyRecord::Observation(found) = self.walk.see(intel, observation).await? else {
            anyhow::bail!("{observation} is no observation");
        };
        let Observation { address, port, seen, .. } = found;
        Ok(Event {
            observation,
            address,
            port: port.map_or_else(String::new, |p| p.to_string()),
            seen: jiff::tz::TimeZone::UTC.to_datetime(seen).to_string(),
        })
    }

    /// The request for a subscriber is drafted and checked by a second person who enters the
    /// event again.
    pub async fn request(&mut self, event: &Event, subject: Ref) -> Result<Ref> {
        let request = self.draft_request(event, subject).await?;
        self.check_request(event, request).await?;
        Ok(request)
    }

    /// The request is drafted.
    pub async fn draft_request(&mut self, event: &Event, subject: Ref) -> Result<Ref> {
        let intel = self.people.get("intel")?;
        let fields = [
            ("observation", &*event.observation.to_string()),
            ("subject", &*subject.to_string()),
            ("address", &*event.address),
            ("port", &*event.port),
            ("time", &*event.seen),
            ("zone", "UTC"),
            ("provider", "Example Broadband"),
            (
                "justification",
                "The account can be attributed in no less intrusive way. One address at one time is asked for; \
                 others in the household may be affected and their data will be set apart.",
            ),
        ];
        self.walk.make(intel, Kind::AttributionRequest, &fields).await
    }

    /// A second person enters the event again.
    pub async fn check_request(&mut self, event: &Event, request: Ref) -> Result<()> {
        let second = self.people.get("intel2")?;
        self.walk.wait(3);
        let again = [
            ("address", &*event.address),
            ("port", &*event.port),
            ("time", &*event.seen),
            ("zone", "UTC"),
        ];
        self.walk.act(second, request, "check", &again).await?;
        Ok(())
    }

    /// A checked request goes past so many desks: the SPoC takes it, the office authorises it,
    /// the provider has it.
    pub async fn request_as_far_as(&mut self, request: Ref, desks: usize) -> Result<()> {
        let (intel, spoc, office) =
            (self.people.get("intel")?, self.people.get("spoc")?, self.people.get("authoriser")?);
        if desks > 0 {
            self.walk.act(intel, request, "to_spoc", &[]).await?;
        }
        if desks > 1 {
            self.walk.wait(20);
            self.walk.act(office, request, "authorise", &[("reference", "OCDA-2026-0117")]).await?;
        }
        if desks > 2 {
            let sent = [("provider_reference", "PEN-0117")];
            self.walk.act(spoc, request, "send", &sent).await?;
        }
        Ok(())
    }

    /// The SPoC takes the request to the independent office and to the provider; the answer
    /// names a subscriber and a place.
    pub async fn attribute(&mut self, request: Ref, subject: Ref) -> Result<Ref> {
        self.request_as_far_as(request, 3).await?;
        let (intel, spoc) = (self.people.get("intel")?, self.people.get("spoc")?);
        self.walk.wait(48);
        let force = self.force_key()?;
        let place = [
            ("address", self.cast.address),
            ("postcode", self.cast.postcode),
            ("kind", "house"),
            ("force", force.as_str()),
        ];
        let premises = self.walk.make(intel, Kind::Premises, &place).await?;
        let answer = [
            ("subscriber", self.cast.name),
            ("service_address", self.cast.address),
            ("postcode", self.cast.postcode),
            ("premises", &*premises.to_string()),
        ];
        self.walk.act(spoc, request, "answer", &answer).await?;
        let answered: AttributionRequest = typed(self.walk.see(intel, request).await?)?;
        if let Some(id) = answered.observation {
            let observation = Ref { kind: Kind::Observation, id: id.uuid() };
            let attach = [("attribution", &*request.to_string())];
            self.walk.act(intel, observation, "attribute", &attach).await?;
        }
        self.walk
            .act(intel, subject, "add_premises", &[("premises", &premises.to_string())])
            .await?;
        Ok(premises)
    }

    /// The sensitive-person check, whose result only its officer sees.
    pub async fn screen(&mut self, subject: Ref) -> Result<()> {
        let officer = self.people.get("screening")?;
        let check = self.ask_for_screening(subject).await?;
        let list = [("list", sensitive::LIST)];
        if sensitive::holds(self.cast.name) {
            let found = [list[0], ("note", "Same name and year of birth; to be decided.")];
            self.walk.act(officer, check, "match", &found).await?;
        } else {
            self.walk.act(officer, check, "clear", &list).await?;
        }
        Ok(())
    }

    /// The check is asked for.
    pub async fn ask_for_screening(&mut self, subject: Ref) -> Result<Ref> {
        let intel = self.people.get("intel")?;
        let about = [("subject", &*subject.to_string())];
        self.walk.make(intel, Kind::SensitivePersonCheck, &about).await
    }

    /// A package is drafted and assessed.
    pub async fn draft(&mut self, subject: Ref) -> Result<Ref> {
        let package = self.draft_package(subject).await?;
        self.assess(package).await?;
        Ok(package)
    }

    /// A package is drafted.
    pub async fn draft_package(&mut self, subject: Ref) -> Result<Ref> {
        let intel = self.people.get("intel")?;
        let content = format!(
            "{} is the subscriber of the address from which the reported uploads came. {}",
            self.cast.name,
            self.cast.trust.unwrap_or("No work with children is known."),
        );
        let fields = [
            ("subject", &*subject.to_string()),
            ("destination", self.force_key()?.as_str()),
            ("content", &*content),
            (
                "asked",
                "Visit, search under warrant, seize devices, and establish which children are at risk.",
            ),
            ("source_grade", "1"),
            ("information_grade", "b"),
            ("handling", "c"),
        ];
        self.walk.make(intel, Kind::Package, &fields).await
    }

    /// A second person assesses the risk.
    pub async fn assess(&mut self, package: Ref) -> Result<()> {
        let second = self.people.get("intel2")?;
        self.walk.wait(2);
        let assessment = "Risk to children decides the order: see the band and the position held.";
        self.walk.act(second, package, "assess", &[("assessment", assessment)]).await?;
        Ok(())
    }

    /// A third person authorises.
    pub async fn authorise(&mut self, package: Ref) -> Result<()> {
        let senior = self.people.get("authoriser")?;
        self.walk.act(senior, package, "authorise", &[]).await?;
        Ok(())
    }

    /// A second person authorises; the package is sealed and sent.
    pub async fn dispatch(&mut self, package: Ref, folder: &Path) -> Result<()> {
        let intel = self.people.get("intel")?;
        self.authorise(package).await?;
        let bundle = self.seal(package, folder).await?;
        self.walk.act(intel, package, "send", &[("bundle", &bundle)]).await?;
        Ok(())
    }

    /// The force told the result: the package is finished.
    pub async fn close_package(&mut self, package: Ref) -> Result<()> {
        let intel = self.people.get("intel")?;
        self.walk.wait(30);
        self.walk.act(intel, package, "close", &[]).await?;
        Ok(())
    }

    /// A child is at immediate risk: the package goes on oral authority, which waits to be
    /// ratified, while the check of sensitive persons still runs.
    pub async fn send_in_emergency(&mut self, subject: Ref, folder: &Path) -> Result<()> {
        let intel = self.people.get("intel")?;
        let finding = [
            ("text", "Lives with two children under ten; the account was used this morning."),
            ("source", "Provider's answer and the school's records"),
            ("date", &*self.date(0)),
            ("basis", "fact"),
        ];
        self.walk.act(intel, subject, "raise_immediate_risk", &finding).await?;
        self.ask_for_screening(subject).await?;
        let package = self.draft_package(subject).await?;
        let bundle = self.seal(package, folder).await?;
        let authority = [
            ("given_by", "Superintendent Alder, by telephone"),
            ("reason", "Children are in the home and alone with the subject this evening."),
            ("bundle", &*bundle),
        ];
        self.walk.act(intel, package, "send_in_emergency", &authority).await?;
        Ok(())
    }

    /// The sealed bundle's digest, after it was kept as a document.
    async fn seal(&mut self, package: Ref, folder: &Path) -> Result<String> {
        let intel = self.people.get("intel")?;
        let package: Package = typed(self.walk.see(intel, package).await?)?;
        let now = self.walk.now;
        let keys = folder.join("keys");
        let sealed =
            seal_package(&package, None, package.destination, &keys, now, &mut randomness())?;
        self.walk.put_document(intel, sealed, "application/age").await
    }
}
