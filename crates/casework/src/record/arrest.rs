//! An arrest, or a voluntary attendance: a suspect meets the police.
//!
//! States: made -> bailed, released_under_investigation, charged, no_further_action. People
//! under investigation for these offences are at high risk of suicide: every contact (arrest,
//! bail, release, charge) asks for an assessment. Bail carries conditions, a return date and a
//! clock, and who may set how long depends on rank (PACE 1984 ss.47ZA-ZM; [`BAIL_LIMITS`]).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::case::Case;
use super::charge::Charge;
use super::subject::About;
use super::{
    Act, ActContext, CASE, Detail, Facet, Head, Id, Kind, Lines, Link, Need, Next, REASON, Record,
    Signed, Urgency, end_of, link, links, moment, months_after, uk_date,
};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::Role;

states! {
    /// Where an arrest stands.
    Made = "made" => [Bailed, ReleasedUnderInvestigation, Charged, NoFurtherAction],
        "In custody, or attending.";
    Bailed = "bailed" => [ReleasedUnderInvestigation, Charged, NoFurtherAction],
        "On police bail with a return date.";
    ReleasedUnderInvestigation = "released_under_investigation" => [Bailed, Charged, NoFurtherAction],
        "Released without bail; the investigation goes on.";
    Charged = "charged" => [], "Charged with at least one offence.";
    NoFurtherAction = "no_further_action" => [], "Nothing more will be done, with a reason.";
}

choices! {
    /// How the suspect came.
    ArrestKind {
        Arrest = "arrest", "Arrest";
        Voluntary = "voluntary", "Voluntary attendance";
    }
}

choices! {
    /// Who sets or extends bail.
    BailAuthority {
        Custody = "custody", "Custody officer";
        Inspector = "inspector", "Inspector";
        Superintendent = "superintendent", "Superintendent";
        Court = "court", "Magistrates' court";
    }
}

/// Up to how many months after the arrest each authority may set bail; a court's limit is its
/// own. Defaults for England and Wales (PACE 1984 ss.47ZB-47ZG as amended in 2022).
pub const BAIL_LIMITS: &[(BailAuthority, u32)] = &[
    (BailAuthority::Custody, 3),
    (BailAuthority::Inspector, 6),
    (BailAuthority::Superintendent, 9),
];

choices! {
    /// How high the risk of suicide is thought to be.
    SuicideRisk {
        High = "high", "High";
        Medium = "medium", "Medium";
        Low = "low", "Low";
    }
}

/// One assessment of the risk of suicide.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskAssessment {
    /// At which contact: the act's name, or `arrest`.
    pub contact: String,
    /// How high.
    pub risk: SuicideRisk,
    /// What was seen and done.
    pub note: String,
    /// Support or prevention services were offered.
    pub support_offered: bool,
    /// By whom, when; none for the one made with the arrest's record.
    pub signed: Option<Signed>,
}

/// Police bail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bail {
    /// What the suspect must and must not do.
    pub conditions: String,
    /// When the suspect must return.
    pub returns: Timestamp,
    /// Who set it.
    pub authority: BailAuthority,
}

/// An arrest or a voluntary attendance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Arrest {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The case.
    pub case: Id<Case>,
    /// The suspect, as known when it was made.
    pub about: About,
    /// Arrest or voluntary attendance.
    pub kind: ArrestKind,
    /// When, UTC.
    pub at: Timestamp,
    /// Where.
    pub place: String,
    /// Suspected of what.
    pub offence: String,
    /// The custody record's number in the force's own system.
    pub custody_record: Option<String>,
    /// Bails, oldest first.
    pub bails: Vec<Bail>,
    /// Suicide-risk assessments, oldest first.
    pub assessments: Vec<RiskAssessment>,
    /// Why background was corrected or nothing more is done.
    pub reason: Option<String>,
}

const RISK: Field = Field::required(
    "suicide_risk",
    "Risk of suicide at this contact",
    Input::Choice(SuicideRisk::CHOICES),
);
const RISK_NOTE: Field =
    Field::required("risk_note", "What was seen and done about it", Input::LongText);
const SUPPORT: Field =
    Field::optional("support_offered", "Support and prevention services offered", Input::Tick);
const CONDITIONS: Field = Field::required("conditions", "Bail conditions", Input::LongText);
const RETURNS: Field = Field::required("returns", "Return date and time", Input::Moment);
const AUTHORITY: Field =
    Field::required("authority", "Set by", Input::Choice(BailAuthority::CHOICES));

impl Record for Arrest {
    standing!();
    const KIND: Kind = Kind::Arrest;
    const CREATE: &'static [Field] = &[
        CASE,
        Field::optional("subject", "Suspect", Input::Record(Kind::Subject))
            .hint("Not needed where the case has one person"),
        Field::required("kind", "Arrest or attendance", Input::Choice(ArrestKind::CHOICES)),
        Field::required("at", "When", Input::Moment),
        Field::required("place", "Where", Input::Text),
        Field::required("offence", "Suspected of", Input::Text),
        Field::optional("custody_record", "Custody record number", Input::Text),
        RISK,
        RISK_NOTE,
        SUPPORT,
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "bail",
            label: "Release on bail",
            from: &["made", "released_under_investigation"],
            fields: &[CONDITIONS, RETURNS, AUTHORITY, RISK, RISK_NOTE, SUPPORT],
        },
        Act {
            name: "extend_bail",
            label: "Extend or vary bail",
            from: &["bailed"],
            fields: &[CONDITIONS, RETURNS, AUTHORITY, RISK, RISK_NOTE, SUPPORT],
        },
        Act {
            name: "release",
            label: "Release under investigation",
            from: &["made", "bailed"],
            fields: &[RISK, RISK_NOTE, SUPPORT],
        },
        Act {
            name: "charge",
            label: "Record that the suspect is charged",
            from: &["made", "bailed", "released_under_investigation"],
            fields: &[RISK, RISK_NOTE, SUPPORT],
        },
        Act {
            name: "no_further_action",
            label: "No further action",
            from: &["made", "bailed", "released_under_investigation"],
            fields: &[REASON, RISK, RISK_NOTE, SUPPORT],
        },
        Act {
            name: "assess_suicide_risk",
            label: "Record a suicide-risk assessment",
            from: &[
                "made",
                "bailed",
                "released_under_investigation",
                "charged",
                "no_further_action",
            ],
            fields: &[RISK, RISK_NOTE, SUPPORT],
        },
        Act {
            name: "correct_background",
            label: "Correct what is known of the suspect",
            from: &[
                "made",
                "bailed",
                "released_under_investigation",
                "charged",
                "no_further_action",
            ],
            fields: &[
                Field::optional("rso", "Registered sex offender", Input::Tick),
                Field::optional("position_of_trust", "Position of trust", Input::Tick),
                REASON,
            ],
        },
    ];

    fn title(&self) -> String {
        format!("{} of {}, {}", self.kind, self.about.name, moment(self.at))
    }

    fn details(&self) -> Vec<Detail> {
        let bail = self.bails.last();
        Lines::new()
            .line("Suspect", &self.about.name)
            .flag("Registered sex offender", self.about.rso)
            .flag("Position of trust", self.about.position_of_trust)
            .line("When", moment(self.at))
            .line("Where", &self.place)
            .line("Suspected of", &self.offence)
            .each("Custody record number", &self.custody_record)
            .each("Bail conditions", bail.map(|b| &b.conditions))
            .each("Return date", bail.map(|b| moment(b.returns)))
            .each("Bail set by", bail.map(|b| b.authority))
            .each("Risk of suicide", &self.assessments)
            .each("Reason", &self.reason)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        links([link("case", self.case), link("subject", self.about.subject)])
    }

    fn facets(&self) -> Vec<Facet> {
        let mut facets = vec![
            Facet::new("kind", self.kind.key()),
            Facet::flag("rso", self.about.rso),
            Facet::flag("position_of_trust", self.about.position_of_trust),
        ];
        facets.extend(self.assessments.last().map(|a| Facet::new("suicide_risk", a.risk.key())));
        facets
    }

    fn next(&self) -> Option<Next> {
        let (what, due) = match self.state {
            State::Made => ("Bail, release or charge this suspect", None),
            State::Bailed => {
                ("Prepare the return on bail", self.bails.last().map(|bail| bail.returns))
            }
            State::ReleasedUnderInvestigation => ("Decide on this released suspect", None),
            State::Charged | State::NoFurtherAction => return None,
        };
        let high = self.assessments.last().is_some_and(|a| a.risk == SuicideRisk::High);
        Some(Next {
            role: Role::OfficerInCase,
            what: what.to_owned(),
            due,
            urgency: if high { Urgency::VeryHigh } else { self.about.urgency() },
        })
    }

    fn needs(&self, act: &str) -> Vec<Need> {
        match act {
            "charge" => {
                vec![Need::LinkedTo { kind: Kind::Charge, role: "arrest", to: self.head.id }]
            }
            _ => Vec::new(),
        }
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (fields, related) = (context.fields, context.related);
        let case = Case::joined(&mut head, fields, related)?;
        let at = fields.moment("at")?;
        if at > head.created {
            return Err(Refusal::field("at", "enter a time that is not in the future"));
        }
        Ok(Self {
            about: case.person(fields, related)?,
            head,
            state: State::Made,
            case: Id::new(case.head.id),
            kind: fields.choice("kind")?,
            at,
            place: fields.text("place")?,
            offence: fields.text("offence")?,
            custody_record: fields.get("custody_record").map(str::to_owned),
            bails: Vec::new(),
            assessments: vec![RiskAssessment::read("arrest", fields, None)?],
            reason: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "bail" | "extend_bail" => self.bail(context)?,
            "release" => self.state = State::ReleasedUnderInvestigation,
            "charge" => self.charge(context)?,
            "no_further_action" => self.state = State::NoFurtherAction,
            "assess_suicide_risk" => {}
            "correct_background" => {
                self.about.rso = context.fields.ticked("rso");
                self.about.position_of_trust = context.fields.ticked("position_of_trust");
            }
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        if act != "correct_background" {
            let signed = Some(Signed::now(context));
            self.assessments.push(RiskAssessment::read(act, context.fields, signed)?);
        }
        self.reason = context.fields.get("reason").map(str::to_owned).or(self.reason.take());
        Ok(())
    }
}

impl Arrest {
    fn bail(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let fields = context.fields;
        if self.kind == ArrestKind::Voluntary {
            return Err(Refusal::missing(
                "an arrest: a person who attends voluntarily is not on police bail",
                None,
            ));
        }
        let bail = Bail {
            conditions: fields.text("conditions")?,
            returns: fields.moment("returns")?,
            authority: fields.choice("authority")?,
        };
        if bail.returns <= context.at {
            return Err(Refusal::field("returns", "enter a date in the future"));
        }
        let limit = BAIL_LIMITS.iter().find(|(authority, _)| *authority == bail.authority);
        if let Some((authority, months)) = limit
            && bail.returns > end_of(months_after(uk_date(self.at), *months))
        {
            return Err(Refusal::field(
                "returns",
                format!(
                    "{} may set bail up to {months} months after the arrest: choose an earlier date or a higher authority",
                    authority.label()
                ),
            ));
        }
        self.bails.push(bail);
        self.state = State::Bailed;
        Ok(())
    }

    fn charge(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let here = Id::new(self.head.id);
        if !context.related.all().any(|charge: Charge| charge.arrest == here) {
            return Err(Refusal::missing("a charge recorded on this arrest", Role::OfficerInCase));
        }
        self.state = State::Charged;
        Ok(())
    }
}

/// Whether the state of an arrest says what became of the suspect.
pub fn decided(state: State) -> bool {
    matches!(state, State::Charged | State::NoFurtherAction)
}

impl RiskAssessment {
    fn read(contact: &str, fields: &Fields, signed: Option<Signed>) -> Result<Self, Refusal> {
        Ok(Self {
            contact: contact.to_owned(),
            risk: fields.choice("suicide_risk")?,
            note: fields.text("risk_note")?,
            support_offered: fields.ticked("support_offered"),
            signed,
        })
    }
}

impl std::fmt::Display for RiskAssessment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let contact = self.contact.replace('_', " ");
        write!(f, "{} ({contact}): {}", self.risk, self.note)?;
        if self.support_offered { write!(f, ". Support offered") } else { Ok(()) }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::record::testing::{World, at, fields};

    const RISK: [(&str, &str); 2] = [("suicide_risk", "high"), ("risk_note", "Supervised")];

    pub fn arrest(world: &mut World, kind: &str) -> Arrest {
        let case = world.case().head.id.to_string();
        let all = [
            ("case", &*case),
            ("kind", kind),
            ("at", "2026-06-01T07:00:00Z"),
            ("place", "Plymouth"),
            ("offence", "Making indecent images"),
        ];
        world.create(&all.into_iter().chain(RISK).collect())
    }

    fn bail(returns: &str, authority: &str) -> Fields {
        [("conditions", "No contact with children"), ("returns", returns), ("authority", authority)]
            .into_iter()
            .chain(RISK)
            .collect()
    }

    #[test]
    fn an_arrest_belongs_to_its_cases_force_and_knows_its_only_suspect() {
        let mut world = World::new();
        let arrest = arrest(&mut world, "arrest");
        assert_eq!(arrest.head.force.unwrap().as_str(), "E23000035");
        assert_eq!(arrest.about.name, "Robin Example");
    }

    #[test]
    fn every_contact_asks_for_a_suicide_risk_assessment() {
        let mut world = World::new();
        let arrest = arrest(&mut world, "arrest");
        for act in Arrest::ACTS.iter().filter(|a| a.name != "correct_background") {
            assert!(act.fields.iter().any(|f| f.name == "suicide_risk" && f.required));
        }
        let released = world.act(&arrest, "release", &RISK.into_iter().collect()).unwrap();
        assert_eq!(released.assessments.len(), 2);
        assert!(world.act(&arrest, "release", &fields([])).is_err());
    }

    #[test]
    fn a_person_who_attends_voluntarily_is_not_bailed() {
        let mut world = World::new();
        let arrest = arrest(&mut world, "voluntary");
        let refusal =
            world.act(&arrest, "bail", &bail("2026-07-01T10:00", "custody")).unwrap_err();
        assert!(matches!(refusal, Refusal::Missing { .. }));
    }

    #[test]
    fn bail_runs_as_long_as_the_rank_allows() {
        let mut world = World::new();
        let arrest = arrest(&mut world, "arrest");
        for (returns, authority, allowed) in [
            ("2026-09-01T10:00", "custody", true),
            ("2026-09-02T10:00", "custody", false),
            ("2026-12-01T10:00", "inspector", true),
            ("2027-03-02T10:00", "superintendent", false),
            ("2028-03-02T10:00", "court", true),
            ("2026-05-31T10:00", "custody", false),
        ] {
            let answer = world.act(&arrest, "bail", &bail(returns, authority));
            assert_eq!(answer.is_ok(), allowed, "{returns} {authority}: {answer:?}");
        }
    }

    #[test]
    fn bail_puts_its_return_date_on_my_work() {
        let mut world = World::new();
        let arrest = arrest(&mut world, "arrest");
        let bailed =
            world.act(&arrest, "bail", &bail("2026-07-01T10:00", "custody")).unwrap();
        assert_eq!(bailed.next().unwrap().due, Some(at("2026-07-01T09:00:00Z")));
    }

    #[test]
    fn nobody_counts_as_charged_without_a_recorded_charge() {
        let mut world = World::new();
        let arrest = arrest(&mut world, "arrest");
        let refusal =
            world.act(&arrest, "charge", &RISK.into_iter().collect()).unwrap_err();
        assert!(matches!(refusal, Refusal::Missing { .. }));
    }

    #[test]
    fn an_arrest_in_a_case_of_another_force_is_refused_as_if_the_case_did_not_exist() {
        let mut world = World::new();
        let case = world.case().head.id.to_string();
        world.by = crate::record::testing::officer(7, Some("E23000036"));
        let all = [
            ("case", &*case),
            ("kind", "arrest"),
            ("at", "2026-06-01T07:00:00Z"),
            ("place", "P"),
            ("offence", "O"),
        ];
        let all: Fields = all.into_iter().chain(RISK).collect();
        let hidden = world.try_create::<Arrest>(&all).unwrap_err();
        let absent: Fields = all
            .iter()
            .filter(|(name, _)| *name != "case")
            .chain([("case", "00000000-0000-0000-0000-00000000dead")])
            .collect();
        let Refusal::Field { problem, .. } = hidden else { panic!("{hidden:?}") };
        let Refusal::Field { problem: absent, .. } =
            world.try_create::<Arrest>(&absent).unwrap_err()
        else {
            panic!()
        };
        assert_eq!(problem, absent);
    }
}
