//! The demo's stories: what happens to the people of the synthetic operation, stage by stage.
//!
//! Every stage is a function over the [`Walk`], so that a story is a list of stages and stops
//! where somebody still has something to do. Names are invented; places are streets that do
//! not exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use jiff::{SignedDuration, Timestamp};
use pendeen_casework::ambient::Clock;
use pendeen_casework::force::ForceKey;
use pendeen_casework::person::Person;
use pendeen_casework::record::attribution::AttributionRequest;
use pendeen_casework::record::exhibit::Exhibit;
use pendeen_casework::record::observation::Observation;
use pendeen_casework::record::package::Package;
use pendeen_casework::record::{AnyRecord, Kind, Record};
use pendeen_examine::{Examination, Options, Silent};
use pendeen_exchange::dispatch::seal_package;
use pendeen_item::read_items;
use pendeen_store::query::Query;
use sha2::{Digest, Sha256};

use super::ExhibitFiles;
use super::people::People;
use super::walk::{Ref, Walk};
use crate::examine;
use crate::system::{SystemClock, randomness};

/// A person of the story, before anything is known of them.
pub struct Cast {
    /// Invented name.
    pub name: &'static str,
    /// Date of birth.
    pub born: &'static str,
    /// Invented address.
    pub address: &'static str,
    /// Postcode.
    pub postcode: &'static str,
    /// Short name of the force (see [`super::people::FORCES`]).
    pub force: &'static str,
    /// KIRAT band, as an officer enters it.
    pub band: &'static str,
    /// Work or volunteering that gives access to children, if any.
    pub trust: Option<&'static str>,
    /// Registered sex offender.
    pub rso: bool,
}

/// What a story has made so far.
pub struct Story<'a, 'w> {
    /// The walk it goes on.
    pub walk: &'w mut Walk<'a>,
    /// Who acts.
    pub people: &'w People,
    /// Whom it is about.
    pub cast: &'w Cast,
}

/// The event that an attribution request is about.
struct Event {
    observation: Ref,
    address: String,
    port: String,
    seen: String,
}

impl Story<'_, '_> {
    fn force_key(&self) -> Result<ForceKey> {
        let key = super::people::FORCES
            .iter()
            .find(|(short, _)| *short == self.cast.force)
            .map(|(_, key)| *key);
        key.and_then(ForceKey::parse)
            .ok_or_else(|| anyhow!("the demo has no force {}", self.cast.force))
    }

    /// A moment before or after the present one, as a form takes it.
    fn moment(&self, hours: i64) -> String {
        (self.walk.now + SignedDuration::from_hours(hours)).to_string()
    }

    fn date(&self, days: i64) -> String {
        day(self.walk.now + SignedDuration::from_hours(24 * days))
    }

    /// From referrals about one person to a package on its way to a force: answers with the
    /// premises and the package.
    pub async fn until_sent(&mut self, referrals: &[Ref], folder: &Path) -> Result<(Ref, Ref)> {
        let first = *referrals.first().ok_or_else(|| anyhow!("a story begins with a referral"))?;
        let subject = self.subject(referrals).await?;
        self.background(subject).await?;
        let request = self.request(first, subject).await?;
        let premises = self.attribute(request, subject).await?;
        self.screen(subject).await?;
        let package = self.draft(subject).await?;
        self.dispatch(package, folder).await?;
        Ok((premises, package))
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
    async fn event(&self, referral: Ref) -> Result<Event> {
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
    pub async fn request(&mut self, referral: Ref, subject: Ref) -> Result<Ref> {
        let event = self.event(referral).await?;
        let (intel, second) = (self.people.get("intel")?, self.people.get("intel2")?);
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
        let request = self.walk.make(intel, Kind::AttributionRequest, &fields).await?;
        self.walk.wait(3);
        let again = [
            ("address", &*event.address),
            ("port", &*event.port),
            ("time", &*event.seen),
            ("zone", "UTC"),
        ];
        self.walk.act(second, request, "check", &again).await?;
        Ok(request)
    }

    /// The SPoC takes the request to the independent office and to the provider; the answer
    /// names a subscriber and a place.
    pub async fn attribute(&mut self, request: Ref, subject: Ref) -> Result<Ref> {
        let (intel, spoc, office) =
            (self.people.get("intel")?, self.people.get("spoc")?, self.people.get("authoriser")?);
        self.walk.act(intel, request, "to_spoc", &[]).await?;
        self.walk.wait(20);
        self.walk.act(office, request, "authorise", &[("reference", "OCDA-2026-0117")]).await?;
        self.walk.act(spoc, request, "send", &[("provider_reference", "PEN-0117")]).await?;
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
        let (intel, officer) = (self.people.get("intel")?, self.people.get("screening")?);
        let check = self
            .walk
            .make(intel, Kind::SensitivePersonCheck, &[("subject", &subject.to_string())])
            .await?;
        self.walk.act(officer, check, "clear", &[("list", "Parliamentary list, 2026-11")]).await?;
        Ok(())
    }

    /// A package is drafted and assessed.
    pub async fn draft(&mut self, subject: Ref) -> Result<Ref> {
        let (intel, second) = (self.people.get("intel")?, self.people.get("intel2")?);
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
        let package = self.walk.make(intel, Kind::Package, &fields).await?;
        self.walk.wait(2);
        let assessment = "Risk to children decides the order: see the band and the position held.";
        self.walk.act(second, package, "assess", &[("assessment", assessment)]).await?;
        Ok(package)
    }

    /// A second person authorises; the package is sealed and sent.
    pub async fn dispatch(&mut self, package: Ref, folder: &Path) -> Result<()> {
        let (intel, senior) = (self.people.get("intel")?, self.people.get("authoriser")?);
        self.walk.act(senior, package, "authorise", &[]).await?;
        let bundle = self.seal(package, folder).await?;
        self.walk.act(intel, package, "send", &[("bundle", &bundle)]).await?;
        Ok(())
    }

    /// The sealed bundle's digest, after it was kept as a document.
    async fn seal(&self, package: Ref, folder: &Path) -> Result<String> {
        let intel = self.people.get("intel")?;
        let package: Package = typed(self.walk.see(intel, package).await?)?;
        let now = self.walk.now;
        let keys = folder.join("keys");
        let sealed =
            seal_package(&package, None, package.destination, &keys, now, &mut randomness())?;
        let digest = self.walk.store.put_document(intel, sealed, "application/age", now).await?;
        Ok(digest.to_string())
    }

    /// The force acknowledges, opens a case, and starts.
    pub async fn open_case(&mut self, package: Ref) -> Result<Ref> {
        let (desk, oic) = (
            self.people.in_force("desk", self.cast.force)?,
            self.people.in_force("oic", self.cast.force)?,
        );
        self.walk.wait(5);
        self.walk.act(desk, package, "acknowledge", &[]).await?;
        let name = format!("Case of {}", self.cast.name);
        let fields =
            [("name", &*name), ("officer", &*oic.name), ("package", &*package.to_string())];
        let case = self.walk.make(oic, Kind::Case, &fields).await?;
        self.walk.act(oic, package, "start", &[("case", &case.to_string())]).await?;
        Ok(case)
    }

    /// A warrant is granted, executed, and the search carried out; answers with the search.
    pub async fn search(&mut self, case: Ref, premises: Ref) -> Result<Ref> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        let (case, place) = (case.to_string(), premises.to_string());
        let fields = [
            ("case", &*case),
            ("premises", &*place),
            ("statute", "pca_1978_s4"),
            ("kind", "specific"),
            ("grounds", "Reported uploads from this address; devices are likely to be there."),
        ];
        let warrant = self.walk.make(oic, Kind::Warrant, &fields).await?;
        self.walk.wait(24);
        let granted = [("court", "Example Magistrates' Court"), ("granted_on", &*self.date(0))];
        self.walk.act(oic, warrant, "grant", &granted).await?;
        let plan = [
            ("case", &*case),
            ("premises", &*place),
            ("power", "warrant"),
            ("warrant", &*warrant.to_string()),
            ("planned_for", &*self.moment(12)),
            ("people", "The subject; one other adult is likely."),
            ("children", "unknown"),
            ("risks", "A dog. No weapons are known. The subject may be at risk of self-harm."),
            ("team", "Four officers, one examiner; write blockers, Faraday bags, seals."),
        ];
        let search = self.walk.make(oic, Kind::Search, &plan).await?;
        self.walk.wait(13);
        let entered = [("premises", &*place), ("at", &*self.moment(-1))];
        self.walk.act(oic, warrant, "execute", &entered).await?;
        let done = [
            ("at", &*self.moment(-1)),
            ("result", "Entry by consent of the occupier. Devices seized."),
        ];
        self.walk.act(oic, search, "carry_out", &done).await?;
        Ok(search)
    }

    /// The arrest, and release on bail with a return date `days` from now.
    pub async fn arrest(&mut self, case: Ref, days: i64) -> Result<Ref> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        let fields = [
            ("case", &*case.to_string()),
            ("kind", "arrest"),
            ("at", &*self.moment(-1)),
            ("place", self.cast.address),
            ("offence", "Making indecent photographs of children"),
            ("custody_record", "DEMO/26/0042"),
            ("suicide_risk", "medium"),
            ("risk_note", "Seen by the healthcare professional; support numbers given."),
            ("support_offered", "yes"),
        ];
        let arrest = self.walk.make(oic, Kind::Arrest, &fields).await?;
        self.walk.wait(9);
        let bail = [
            (
                "conditions",
                "No unsupervised contact with children; to live at a stated address; no internet devices.",
            ),
            ("returns", &*self.moment(24 * days)),
            ("authority", "custody"),
            ("suicide_risk", "medium"),
            ("risk_note", "Assessed again on release; family informed with consent."),
            ("support_offered", "yes"),
        ];
        self.walk.act(oic, arrest, "bail", &bail).await?;
        Ok(arrest)
    }

    /// A thing is seized and put into the store.
    pub async fn seize(
        &mut self,
        case: Ref,
        search: Ref,
        number: u32,
        device: &str,
        what: &str,
    ) -> Result<Ref> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        let initials = self.cast.force.to_uppercase();
        let reference = format!("{}/{number}", &initials[..3]);
        let seal = format!("A{:06}", 40_000 + number * 17 + u32::from(initials.as_bytes()[0]));
        let fields = [
            ("case", &*case.to_string()),
            ("search", &*search.to_string()),
            ("reference", &*reference),
            ("description", what),
            ("device", device),
            ("owner", "suspect"),
            ("found", "Back room, desk"),
            ("seized_at", &*self.moment(-1)),
            ("seal", &*seal),
        ];
        let exhibit = self.walk.make(oic, Kind::Exhibit, &fields).await?;
        self.walk
            .act(oic, exhibit, "store", &[("to", "Store 2, shelf 14"), ("seal", &seal)])
            .await?;
        Ok(exhibit)
    }

    /// The image of an exhibit is examined, really, and the result recorded.
    pub async fn examine(
        &mut self,
        exhibit: Ref,
        folder: &Path,
        files: &ExhibitFiles,
    ) -> Result<Ref> {
        let (oic, examiner) = (
            self.people.in_force("oic", self.cast.force)?,
            self.people.in_force("examiner", self.cast.force)?,
        );
        let handed = [("to", &*examiner.name), ("seal", &*self.seal_of(exhibit, oic).await?)];
        self.walk.act(oic, exhibit, "to_examiner", &handed).await?;
        let scope = [
            ("exhibit", &*exhibit.to_string()),
            ("scope", "Pictures and videos, live and deleted; documents."),
        ];
        // Nothing about this examination is simulated: the program examines a real image.
        self.walk.simulated = false;
        let examination = self.walk.make(oic, Kind::Examination, &scope).await?;
        let competence = format!("{}, competent in file-system examination", examiner.name);
        self.walk.act(examiner, examination, "queue", &[("examiner", &competence)]).await?;
        self.walk.act(examiner, examination, "start", &[]).await?;
        let name = "examinations/demo-disk";
        let (out, files, who) = (folder.join(name), files.clone(), examiner.name.clone());
        let found = tokio::task::spawn_blocking(move || really_examine(files, out, who)).await??;
        let record = std::fs::read(folder.join(name).join("examination.json"))?;
        let digest = hex::encode(Sha256::digest(record));
        let (items, gaps, known) = (
            found.counts.items.to_string(),
            found.counts.gaps.to_string(),
            found.counts.known.to_string(),
        );
        let tool = format!("{} {}", found.tool, found.version);
        let result = [
            ("folder", name),
            ("examination_digest", &*digest),
            ("items", &*items),
            ("gaps", &*gaps),
            ("known_hits", &*known),
            ("tool_version", &*tool),
        ];
        self.walk.act(examiner, examination, "finish", &result).await?;
        let sealed = [
            ("to", "Store 2, shelf 14"),
            ("seal", "B040018"),
            ("explanation", "Opened for examination, sealed again."),
        ];
        self.walk.act(examiner, exhibit, "examined", &sealed).await?;
        self.walk.simulated = true;
        Ok(examination)
    }

    /// The seal that an exhibit bears now.
    async fn seal_of(&self, exhibit: Ref, who: &Person) -> Result<String> {
        let exhibit: Exhibit = typed(self.walk.see(who, exhibit).await?)?;
        let last = exhibit.custody.last().ok_or_else(|| anyhow!("an exhibit without custody"))?;
        Ok(last.seal.clone())
    }

    /// Known pictures take the category of their list, confirmed by a second person.
    pub async fn grade(&mut self, examination: Ref, folder: &Path) -> Result<()> {
        let (first, second) = (
            self.people.in_force("examiner", self.cast.force)?,
            self.people.in_force("examiner2", self.cast.force)?,
        );
        let mut seen = BTreeSet::new();
        for item in read_items(&folder.join("examinations/demo-disk/items.parquet"))? {
            let item = item?;
            let (Some(category), Some(digest)) = (item.known_category, item.sha256) else {
                continue;
            };
            if !seen.insert(digest) {
                continue;
            }
            let fields = [
                ("examination", &*examination.to_string()),
                ("digest", &*hex::encode(digest)),
                ("media", "still"),
            ];
            let grading = self.walk.make(first, Kind::Grading, &fields).await?;
            self.walk
                .act(first, grading, "grade", &[("category", &*category.to_lowercase())])
                .await?;
            self.walk.act(second, grading, "confirm", &[]).await?;
        }
        Ok(())
    }

    /// A child is recorded as at risk.
    pub async fn child(
        &mut self,
        case: Ref,
        relation: &str,
        age: &str,
        immediate: bool,
    ) -> Result<Ref> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        let mut fields = vec![
            ("case", case.to_string()),
            ("name", "Child of the demo".to_owned()),
            ("age", age.to_owned()),
            ("relation", relation.to_owned()),
            ("concern", "Regular unsupervised contact with the suspect.".to_owned()),
            ("known_since", self.moment(-2)),
        ];
        if immediate {
            fields.push(("immediate_risk", "yes".to_owned()));
        }
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.walk.make(oic, Kind::Child, &fields).await
    }

    /// The child is protected, step by step, with Children's Services.
    pub async fn protect(&mut self, child: Ref) -> Result<()> {
        let officer = self.people.in_force("safeguarding", self.cast.force)?;
        let steps = [
            ("referral", "Referred to the local authority's duty team, reference CS-1044."),
            ("strategy_discussion", "Held the same day with health and education."),
            ("enquiry", "Section 47 enquiry opened; no contact agreed with the family."),
        ];
        for (step, note) in steps {
            self.walk.wait(3);
            let fields = [("step", step), ("at", &*self.moment(-1)), ("note", note)];
            self.walk.act(officer, child, "take_step", &fields).await?;
        }
        self.walk
            .act(
                officer,
                child,
                "lift_immediate_risk",
                &[("reason", "The suspect is out of the home.")],
            )
            .await?;
        self.walk.act(officer, child, "safeguard", &[]).await?;
        let support =
            [("support", "Family offered the Lucy Faithfull Foundation's service, accepted.")];
        self.walk.act(officer, child, "offer_support", &support).await?;
        Ok(())
    }

    /// The body that must know of a position of trust is told.
    pub async fn notify(&mut self, case: Ref) -> Result<()> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        let fields = [
            ("case", &*case.to_string()),
            ("recipient", "lado"),
            ("name", "Local authority's designated officer"),
            ("decided_by", "Detective Inspector Walnut"),
            ("power", "Common law police disclosure"),
            ("content", "Arrest of a person in a position of trust; conditions of bail."),
        ];
        let notification = self.walk.make(oic, Kind::Notification, &fields).await?;
        self.walk
            .act(oic, notification, "make", &[("means", "By telephone and secure e-mail")])
            .await?;
        Ok(())
    }

    /// The suspect is charged, and the force tells the result.
    pub async fn charge(&mut self, arrest: Ref, package: Ref) -> Result<()> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        let again = [
            ("suicide_risk", "medium"),
            ("risk_note", "Assessed at charge; contact with the family's support worker."),
            ("support_offered", "yes"),
        ];
        let charge = [
            ("arrest", &*arrest.to_string()),
            ("kind", "images"),
            (
                "offence",
                "Making indecent photographs of a child, Protection of Children Act 1978 s.1",
            ),
            ("charged_on", &*self.date(0)),
            ("court", "Example Magistrates' Court"),
            ("urn", "50DM0042626"),
        ];
        self.walk.make(oic, Kind::Charge, &charge).await?;
        self.walk.act(oic, arrest, "charge", &again).await?;
        let result = [
            ("result", "arrest"),
            ("note", "Arrested, devices examined, charged; one child safeguarded."),
        ];
        self.walk.act(oic, package, "record_result", &result).await?;
        Ok(())
    }
}

/// Runs the examination as `pendeen examine` would.
fn really_examine(files: ExhibitFiles, out: PathBuf, examiner: String) -> Result<Examination> {
    std::fs::create_dir_all(out.parent().unwrap_or(Path::new(".")))?;
    let clock = || SystemClock.now();
    let options = Options {
        sources: vec![files.image],
        known: vec![files.known],
        out,
        exhibit: "DEV/1".to_owned(),
        threads: examine::all_cores(),
        worker: examine::worker()?,
        verify: true,
        method: examine::method(Some(examiner)),
        clock: &clock,
    };
    Ok(pendeen_examine::run(&options, &Silent)?)
}

/// A record as its own type.
fn typed<R: Record + TryFrom<AnyRecord>>(record: AnyRecord) -> Result<R> {
    let number = record.head().number.clone();
    R::try_from(record).map_err(|_| anyhow!("{number} is no {}", R::KIND.label()))
}

/// The calendar day of a moment, UTC.
fn day(at: Timestamp) -> String {
    jiff::tz::TimeZone::UTC.to_datetime(at).date().to_string()
}
