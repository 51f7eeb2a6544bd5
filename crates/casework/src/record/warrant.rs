//! A search warrant: a court's authority to enter premises.
//!
//! States: applied -> granted, refused; granted -> executed (once or several times), expired,
//! withdrawn. Execution only within its window (settings) and its limits: a specific
//! warrant names one place; all-premises warrants cover what the person occupies or controls,
//! multiple-entry warrants allow more than one visit (both PACE 1984 s.8), each further entry
//! with an inspector's written authority (s.16(3A), (3B)).

use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::case::Case;
use super::premises::Premises;
use super::{
    Act, ActContext, CASE, Detail, Facet, Head, Id, Kind, Lines, Link, Next, REASON, Record,
    Signed, Urgency, day, end_of, link, links, moment, months_after, uk_date,
};
use crate::force::Jurisdiction;
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::Role;

states! {
    /// Where a warrant stands.
    Applied = "applied" => [Granted, Refused, Withdrawn], "Before the court.";
    Granted = "granted" => [Executed, Expired, Withdrawn], "May be executed.";
    Refused = "refused" => [], "The court said no.";
    Executed = "executed" => [], "Executed at least once.";
    Expired = "expired" => [], "Its time ran out unused.";
    Withdrawn = "withdrawn" => [], "Not needed any more.";
}

choices! {
    /// Under which law.
    Statute {
        Pca1978 = "pca_1978_s4", "Protection of Children Act 1978, section 4";
        Pace1984 = "pace_1984_s8", "Police and Criminal Evidence Act 1984, section 8";
    }
}

choices! {
    /// What it covers.
    WarrantKind {
        Specific = "specific", "Specific premises";
        AllPremises = "all_premises", "All premises";
        MultipleEntry = "multiple_entry", "Multiple entry";
    }
}

/// One entry under a warrant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// Where.
    pub premises: Id<Premises>,
    /// When, UTC.
    pub at: Timestamp,
    /// The inspector's written authority, where one is needed.
    pub authority: Option<String>,
    /// Recorded by whom, when.
    pub signed: Signed,
}

/// A court's authority to enter.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Warrant {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The case.
    pub case: Id<Case>,
    /// The premises it names.
    pub premises: Id<Premises>,
    /// Under which law.
    pub statute: Statute,
    /// What it covers.
    pub kind: WarrantKind,
    /// Why the court should grant it.
    pub grounds: String,
    /// How many entries are allowed; none where the court set no limit.
    pub entries: Option<u32>,
    /// The court.
    pub court: Option<String>,
    /// When it was granted.
    pub granted_on: Option<civil::Date>,
    /// The last day on which it may be executed.
    pub expires_on: Option<civil::Date>,
    /// Entries made.
    pub executions: Vec<Execution>,
    /// Why it was refused, withdrawn or left to expire.
    pub reason: Option<String>,
}

impl Record for Warrant {
    standing!();
    const KIND: Kind = Kind::Warrant;
    const CREATE: &'static [Field] = &[
        CASE,
        Field::required("premises", "Premises named", Input::Record(Kind::Premises)),
        Field::required("statute", "Under", Input::Choice(Statute::CHOICES)),
        Field::required("kind", "Kind", Input::Choice(WarrantKind::CHOICES)),
        Field::required("grounds", "Grounds", Input::LongText),
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "grant",
            label: "Record that it was granted",
            from: &["applied"],
            fields: &[
                Field::required("court", "Court", Input::Text),
                Field::required("granted_on", "Granted on", Input::Date),
                Field::optional("expires_on", "To be executed by", Input::Date)
                    .hint("Three months from the grant unless the court said sooner"),
                Field::optional("entries", "Entries allowed", Input::Count)
                    .hint("For multiple entry; leave empty where unlimited"),
            ],
        },
        Act {
            name: "refuse",
            label: "Record that it was refused",
            from: &["applied"],
            fields: &[REASON],
        },
        Act {
            name: "execute",
            label: "Record an entry",
            from: &["granted", "executed"],
            fields: &[
                Field::required("premises", "Premises entered", Input::Record(Kind::Premises)),
                Field::required("at", "When", Input::Moment),
                Field::optional("authority", "Inspector's written authority", Input::Text)
                    .hint("For premises not named in it, and for every further entry"),
            ],
        },
        Act {
            name: "expire",
            label: "Record that it expired",
            from: &["granted"],
            fields: &[],
        },
        Act {
            name: "withdraw",
            label: "Withdraw",
            from: &["applied", "granted"],
            fields: &[REASON],
        },
    ];

    fn title(&self) -> String {
        format!("{} warrant, {}", self.kind, self.statute)
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .line("Under", self.statute)
            .line("Kind", self.kind)
            .line("Grounds", &self.grounds)
            .each("Court", &self.court)
            .each("Granted on", self.granted_on.map(day))
            .each("To be executed by", self.expires_on.map(day))
            .each("Entries allowed", self.entries)
            .each("Entered", &self.executions)
            .each("Reason", &self.reason)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        links([link("case", self.case), link("premises", self.premises)])
    }

    fn facets(&self) -> Vec<Facet> {
        vec![
            Facet::new("kind", self.kind.key()),
            Facet::new("statute", self.statute.key()),
            Facet::flag("executed", !self.executions.is_empty()),
        ]
    }

    fn next(&self) -> Option<Next> {
        let (what, due) = match self.state {
            State::Applied => ("Obtain the court's decision on this warrant", None),
            State::Granted => ("Execute this warrant", self.expires_on.map(end_of)),
            _ => return None,
        };
        Some(Next {
            role: Role::OfficerInCase,
            what: what.to_owned(),
            due,
            urgency: Urgency::Medium,
        })
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (fields, related) = (context.fields, context.related);
        let case = Case::joined(&mut head, fields, related)?;
        let premises: Premises = related.get("premises", fields.record("premises")?)?;
        let (statute, kind) = (fields.choice("statute")?, fields.choice("kind")?);
        if statute == Statute::Pca1978 && kind != WarrantKind::Specific {
            return Err(Refusal::field(
                "kind",
                "all-premises and multiple-entry warrants exist under PACE section 8 only",
            ));
        }
        Ok(Self {
            head,
            state: State::Applied,
            case: Id::new(case.head.id),
            premises: Id::new(premises.head.id),
            statute,
            kind,
            grounds: fields.text("grounds")?,
            entries: None,
            court: None,
            granted_on: None,
            expires_on: None,
            executions: Vec::new(),
            reason: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "grant" => self.grant(context)?,
            "refuse" => self.state = State::Refused,
            "execute" => self.execute(context)?,
            "expire" => self.expire(context)?,
            "withdraw" => self.state = State::Withdrawn,
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        self.reason = context.fields.get("reason").map(str::to_owned).or(self.reason.take());
        Ok(())
    }
}

impl std::fmt::Display for Execution {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", moment(self.at))?;
        if let Some(authority) = &self.authority {
            write!(f, ", on the authority of {authority}")?;
        }
        write!(f, ". Recorded by {}", self.signed)
    }
}

impl Warrant {
    /// Refuses an entry that this warrant does not cover: not granted, out of time, elsewhere.
    pub fn covers(&self, premises: Uuid, at: Timestamp) -> Result<(), Refusal> {
        let (Some(from), Some(until)) = (self.granted_on, self.expires_on) else {
            return Err(Refusal::missing("the court's grant of the warrant", Role::OfficerInCase));
        };
        if !matches!(self.state, State::Granted | State::Executed) {
            return Err(Refusal::missing("a warrant in force", Role::OfficerInCase));
        }
        let date = uk_date(at);
        if date < from || date > until {
            return Err(Refusal::field(
                "at",
                format!("the warrant may be executed from {} to {} only", day(from), day(until)),
            ));
        }
        if self.kind != WarrantKind::AllPremises && self.premises.uuid() != premises {
            return Err(Refusal::field("premises", "the warrant does not name these premises"));
        }
        Ok(())
    }

    /// Months from the grant within which it is executed (PACE 1984 s.16(3) in England and
    /// Wales); the court may set a shorter time.
    fn window(&self, context: &ActContext<'_>) -> u32 {
        let settings = &context.settings.warrant;
        match Jurisdiction::of(self.head.force) {
            Jurisdiction::EnglandAndWales => settings.england_and_wales_months.get(),
            Jurisdiction::Scotland => settings.scotland_months.get(),
            Jurisdiction::NorthernIreland => settings.northern_ireland_months.get(),
        }
    }

    fn grant(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let fields = context.fields;
        let granted_on = fields.date("granted_on")?;
        if granted_on > uk_date(context.at) {
            return Err(Refusal::field("granted_on", "enter a date that is not in the future"));
        }
        let latest = months_after(granted_on, self.window(context));
        let expires_on = fields.if_given("expires_on", Fields::date)?.unwrap_or(latest);
        if expires_on < granted_on || expires_on > latest {
            return Err(Refusal::field(
                "expires_on",
                format!("enter a date from {} to {}", day(granted_on), day(latest)),
            ));
        }
        self.entries = match self.kind {
            WarrantKind::MultipleEntry => fields.if_given("entries", Fields::count)?,
            WarrantKind::AllPremises => None,
            WarrantKind::Specific => Some(1),
        };
        self.court = Some(fields.text("court")?);
        self.granted_on = Some(granted_on);
        self.expires_on = Some(expires_on);
        self.state = State::Granted;
        Ok(())
    }

    fn execute(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let fields = context.fields;
        let premises: Premises = context.related.get("premises", fields.record("premises")?)?;
        let premises = Id::new(premises.head.id);
        let at = fields.moment("at")?;
        if at > context.at {
            return Err(Refusal::field("at", "enter a time that is not in the future"));
        }
        self.covers(premises.uuid(), at)?;
        let visited = self.executions.iter().any(|e| e.premises == premises);
        let used = self.entries.is_some_and(|limit| self.executions.len() >= limit as usize);
        if used || (visited && self.kind == WarrantKind::AllPremises) {
            return Err(Refusal::missing("an entry that the warrant still allows", None));
        }
        let authority = fields.get("authority").map(str::to_owned);
        if authority.is_none() && (visited || premises != self.premises) {
            return Err(Refusal::missing(
                "the inspector's written authority for a further entry or for premises not named",
                Role::OfficerInCase,
            ));
        }
        self.executions.push(Execution { premises, at, authority, signed: Signed::now(context) });
        self.state = State::Executed;
        Ok(())
    }

    fn expire(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        match self.expires_on {
            Some(last) if uk_date(context.at) <= last => Err(Refusal::missing(
                format!("the end of its time: it may be executed until {}", day(last)),
                None,
            )),
            _ => {
                self.state = State::Expired;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{World, at, fields};

    fn granted(world: &mut World, statute: &str, kind: &str, entries: &str) -> Warrant {
        let case = world.case().head.id.to_string();
        let premises = world.premises().head.id.to_string();
        let warrant: Warrant = world.create(&fields([
            ("case", &*case),
            ("premises", &*premises),
            ("statute", statute),
            ("kind", kind),
            ("grounds", "Images traced to this line"),
        ]));
        let grant =
            [("court", "Plymouth"), ("granted_on", "2026-05-01"), ("entries", entries)];
        world.act(&warrant, "grant", &fields(grant)).unwrap()
    }

    fn entry(premises: Uuid, at: &str, authority: &str) -> Fields {
        fields([("premises", &*premises.to_string()), ("at", at), ("authority", authority)])
    }

    #[test]
    fn a_warrant_is_executed_only_within_three_months_of_its_grant() {
        let mut world = World::new();
        let warrant = granted(&mut world, "pca_1978_s4", "specific", "");
        world.now = at("2026-12-01T09:00:00Z");
        let place = warrant.premises.uuid();
        for (when, allowed) in [
            ("2026-04-30T10:00", false),
            ("2026-05-01T00:30", true),
            ("2026-08-01T23:30", true),
            ("2026-08-02T00:30", false),
        ] {
            let answer = world.act(&warrant, "execute", &entry(place, when, ""));
            assert_eq!(answer.is_ok(), allowed, "{when}: {answer:?}");
        }
    }

    #[test]
    fn a_force_may_set_itself_a_shorter_window_than_the_law() {
        let mut world = World::new();
        world.settings.warrant.england_and_wales_months = crate::settings::Whole::new(1);
        let warrant = granted(&mut world, "pca_1978_s4", "specific", "");
        assert_eq!(warrant.expires_on, Some(civil::date(2026, 6, 1)));
    }

    #[test]
    fn a_specific_warrant_is_executed_once_and_at_the_named_premises() {
        let mut world = World::new();
        let warrant = granted(&mut world, "pca_1978_s4", "specific", "");
        let elsewhere = world.premises().head.id;
        let when = "2026-05-20T06:00";
        assert!(world.act(&warrant, "execute", &entry(elsewhere, when, "Insp B")).is_err());
        let there = entry(warrant.premises.uuid(), when, "Insp B");
        let executed = world.act(&warrant, "execute", &there).unwrap();
        let refusal = world.act(&executed, "execute", &there).unwrap_err();
        assert!(matches!(refusal, Refusal::Missing { .. }));
    }

    #[test]
    fn premises_not_named_need_an_inspectors_authority() {
        let mut world = World::new();
        let warrant = granted(&mut world, "pace_1984_s8", "all_premises", "");
        let elsewhere = world.premises().head.id;
        let when = "2026-05-20T06:00";
        assert!(world.act(&warrant, "execute", &entry(elsewhere, when, "")).is_err());
        assert!(world.act(&warrant, "execute", &entry(elsewhere, when, "Insp B")).is_ok());
    }

    #[test]
    fn a_multiple_entry_warrant_allows_the_entries_that_the_court_set() {
        let mut world = World::new();
        let mut warrant = granted(&mut world, "pace_1984_s8", "multiple_entry", "2");
        let there = entry(warrant.premises.uuid(), "2026-05-20T06:00", "Insp B");
        for _ in 0..2 {
            warrant = world.act(&warrant, "execute", &there).unwrap();
        }
        assert!(world.act(&warrant, "execute", &there).is_err());
    }

    #[test]
    fn the_protection_of_children_act_knows_specific_warrants_only() {
        let mut world = World::new();
        let case = world.case().head.id.to_string();
        let premises = world.premises().head.id.to_string();
        let refusal = world
            .try_create::<Warrant>(&fields([
                ("case", &*case),
                ("premises", &*premises),
                ("statute", "pca_1978_s4"),
                ("kind", "all_premises"),
                ("grounds", "G"),
            ]))
            .unwrap_err();
        assert!(matches!(refusal, Refusal::Field { name, .. } if name == "kind"));
    }

    #[test]
    fn a_warrant_does_not_expire_before_its_last_day_is_over() {
        let mut world = World::new();
        let warrant = granted(&mut world, "pca_1978_s4", "specific", "");
        assert!(world.act(&warrant, "expire", &fields([])).is_err());
        world.now = at("2026-08-02T09:00:00Z");
        assert!(world.act(&warrant, "expire", &fields([])).is_ok());
    }
}
