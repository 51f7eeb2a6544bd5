//! What a force does with a package: case, warrant, search, arrest, notification, charge.

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use pendeen_casework::force::Jurisdiction;
use pendeen_casework::record::Kind;

use super::{Story, day};
use crate::demo::walk::Ref;

impl Story<'_, '_> {
    /// The force says that it has the package.
    pub async fn acknowledge(&mut self, package: Ref) -> Result<()> {
        let desk = self.people.in_force("desk", self.cast.force)?;
        self.walk.wait(5);
        self.walk.act(desk, package, "acknowledge", &[]).await?;
        Ok(())
    }

    /// The force returns the package: it is another's.
    pub async fn give_back(&mut self, package: Ref) -> Result<()> {
        let desk = self.people.in_force("desk", self.cast.force)?;
        self.walk.wait(4);
        let why = [("reason", "The subject moved to another force's area last month.")];
        self.walk.act(desk, package, "return", &why).await?;
        Ok(())
    }

    /// The force acknowledges, opens a case, and starts.
    pub async fn open_case(&mut self, package: Ref) -> Result<Ref> {
        self.acknowledge(package).await?;
        let oic = self.people.in_force("oic", self.cast.force)?;
        let name = format!("Case of {}", self.cast.name);
        let fields =
            [("name", &*name), ("officer", &*oic.name), ("package", &*package.to_string())];
        let case = self.walk.make(oic, Kind::Case, &fields).await?;
        self.walk.act(oic, package, "start", &[("case", &case.to_string())]).await?;
        Ok(case)
    }

    /// Whether the force works under the law of England and Wales, whose warrants and bail are
    /// the ones that are modelled.
    pub fn under_pace(&self) -> Result<bool> {
        Ok(self.force_key()?.force().jurisdiction == Jurisdiction::EnglandAndWales)
    }

    async fn apply_for_warrant(&mut self, case: &str, place: &str) -> Result<Ref> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        let fields = [
            ("case", case),
            ("premises", place),
            ("statute", "pca_1978_s4"),
            ("kind", "specific"),
            ("grounds", "Reported uploads from this address; devices are likely to be there."),
        ];
        let warrant = self.walk.make(oic, Kind::Warrant, &fields).await?;
        self.walk.wait(24);
        Ok(warrant)
    }

    /// A task on a case, for whoever does that work in the force, due so many days after.
    pub async fn task(&mut self, case: Ref, what: &str, days: i64) -> Result<()> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        let fields = [
            ("on", &*format!("case/{case}")),
            ("what", what),
            ("role", "officer_in_case"),
            ("due", &*self.date(days)),
            ("priority", "high"),
        ];
        self.walk.make(oic, Kind::Action, &fields).await?;
        Ok(())
    }

    /// A document of a case, with a second version.
    pub async fn paper(&mut self, case: Ref) -> Result<()> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        let mut paper = None;
        for (version, note) in [("first", "As drafted."), ("second", "With the team's remarks.")] {
            let text = format!("Plan for the visit, {version} version.\nA synthetic document.\n");
            let size = text.len().to_string();
            let document = self.walk.put_document(oic, text.into_bytes(), "text/plain").await?;
            let file = [
                ("note", note),
                ("document", &*document),
                ("media_type", "text/plain"),
                ("size", &*size),
                ("file_name", "plan.txt"),
            ];
            if let Some(paper) = paper {
                self.walk.act(oic, paper, "add_version", &file).await?;
            } else {
                let on = format!("case/{case}");
                let about = [("on", &*on), ("title", "Plan for the visit"), ("sort", "plan")];
                let fields = [&about[..], &file].concat();
                paper = Some(self.walk.make(oic, Kind::Paper, &fields).await?);
            }
        }
        Ok(())
    }

    /// A warrant is granted that runs out so many days after `now`, and not executed yet.
    pub async fn warrant_until(
        &mut self,
        case: Ref,
        premises: Ref,
        now: Timestamp,
        days: i64,
    ) -> Result<()> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        let warrant = self.apply_for_warrant(&case.to_string(), &premises.to_string()).await?;
        let ends = day(now + SignedDuration::from_hours(24 * days));
        let granted = [
            ("court", "Example Magistrates' Court"),
            ("granted_on", &*self.date(0)),
            ("expires_on", &*ends),
        ];
        self.walk.act(oic, warrant, "grant", &granted).await?;
        Ok(())
    }

    /// Another place of the suspect's.
    pub async fn place(&mut self, address: &str, postcode: &str) -> Result<Ref> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        let force = self.force_key()?;
        let place = [
            ("address", address),
            ("postcode", postcode),
            ("kind", "flat"),
            ("force", force.as_str()),
        ];
        self.walk.make(oic, Kind::Premises, &place).await
    }

    /// A case that the force opened by itself: a search, an arrest, bail.
    pub async fn own_case(&mut self, name: &str, days: i64) -> Result<()> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        let premises = self.place(self.cast.address, self.cast.postcode).await?;
        let suspect =
            [("name", self.cast.name), ("date_of_birth", self.cast.born), ("suspect", "yes")];
        let subject = self.walk.make(oic, Kind::Subject, &suspect).await?;
        let about = [("name", name), ("officer", &*oic.name), ("subject", &*subject.to_string())];
        let case = self.walk.make(oic, Kind::Case, &about).await?;
        self.search(case, premises).await?;
        self.arrest(case, days).await?;
        Ok(())
    }

    /// A suspect on bail is released under investigation.
    pub async fn release(&mut self, arrest: Ref) -> Result<()> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        self.walk.wait(24);
        if !self.under_pace()? {
            return Ok(());
        }
        let risk = [
            ("suicide_risk", "low"),
            ("risk_note", "Assessed again on release from bail; support numbers given."),
            ("support_offered", "yes"),
        ];
        self.walk.act(oic, arrest, "release", &risk).await?;
        Ok(())
    }

    /// The force tells the sender of the package what came of it.
    pub async fn tell_result(&mut self, package: Ref) -> Result<()> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        let result =
            [("result", "arrest"), ("note", "Arrested and on bail; devices seized and examined.")];
        self.walk.act(oic, package, "record_result", &result).await?;
        Ok(())
    }

    /// A warrant is granted, executed, and the search carried out; answers with the search.
    pub async fn search(&mut self, case: Ref, premises: Ref) -> Result<Ref> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        let (case, place) = (case.to_string(), premises.to_string());
        let warrant = if self.under_pace()? {
            let warrant = self.apply_for_warrant(&case, &place).await?;
            let granted = [("court", "Example Magistrates' Court"), ("granted_on", &*self.date(0))];
            self.walk.act(oic, warrant, "grant", &granted).await?;
            Some(warrant)
        } else {
            self.walk.wait(24);
            None
        };
        let id = warrant.map(|warrant| warrant.to_string()).unwrap_or_default();
        let power = match warrant {
            Some(_) => [("power", "warrant"), ("warrant", &*id)],
            None => [("power", "other"), ("authority", "A court's warrant under local law.")],
        };
        let plan = [
            power[0],
            power[1],
            ("case", &*case),
            ("premises", &*place),
            ("planned_for", &*self.moment(12)),
            ("people", "The subject; one other adult is likely."),
            ("children", "unknown"),
            ("risks", "A dog. No weapons are known. The subject may be at risk of self-harm."),
            ("team", "Four officers, one examiner; write blockers, Faraday bags, seals."),
        ];
        let search = self.walk.make(oic, Kind::Search, &plan).await?;
        self.walk.wait(13);
        let entered = [("premises", &*place), ("at", &*self.moment(-1))];
        if let Some(warrant) = warrant {
            self.walk.act(oic, warrant, "execute", &entered).await?;
        }
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
        if !self.under_pace()? {
            return Ok(arrest);
        }
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

    /// The body that must know of a position of trust is told.
    pub async fn notify(&mut self, case: Ref) -> Result<()> {
        let notification = self.owe_notification(case).await?;
        self.make_notification(notification).await
    }

    /// Somebody decides that the body must be told.
    pub async fn owe_notification(&mut self, case: Ref) -> Result<Ref> {
        let oic = self.people.in_force("oic", self.cast.force)?;
        let fields = [
            ("case", &*case.to_string()),
            ("recipient", "lado"),
            ("name", "Local authority's designated officer"),
            ("decided_by", "Detective Inspector Walnut"),
            ("power", "Common law police disclosure"),
            ("content", "Arrest of a person in a position of trust; conditions of bail."),
        ];
        self.walk.make(oic, Kind::Notification, &fields).await
    }

    /// The body is told.
    pub async fn make_notification(&mut self, notification: Ref) -> Result<()> {
        let oic = self.people.in_force("oic", self.cast.force)?;
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
