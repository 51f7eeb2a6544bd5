//! A search of premises: the plan that the team reads at the door, and the result.
//!
//! States: planned -> carried_out (result), called_off. No search without a recorded authority:
//! a granted warrant in its window for these premises, or another power with who authorised it.
//! The result says whether the occupier was told, which children were there, and what was taken
//! away to be sifted (Criminal Justice and Police Act 2001 ss.50-52). Where the suspect was
//! there, an assessment of the risk of suicide is due.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::arrest::RiskAssessment;
use super::arrest::contact::{Due, NOTE_IF_MADE, RISK, RISK_IF_MADE, RISK_NOTE, SUPPORT, answer};
use super::case::Case;
use super::premises::Premises;
use super::warrant::{self, Warrant};
use super::{
    Act, ActContext, CASE, Detail, Facet, Head, Id, Kind, Lines, Link, Need, Next, REASON, Record,
    Related, Signed, Urgency, link, links, moment,
};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::Role;

states! {
    /// Where a search stands.
    Planned = "planned" => [CarriedOut, CalledOff], "Being prepared.";
    CarriedOut = "carried_out" => [], "Done, with its result.";
    CalledOff = "called_off" => [], "Not done, with a reason.";
}

choices! {
    /// By which power.
    Power {
        Warrant = "warrant", "Warrant";
        PaceS17 = "pace_s17", "PACE 1984, section 17 (entry to arrest or to save life)";
        PaceS18 = "pace_s18", "PACE 1984, section 18 (after arrest)";
        PaceS32 = "pace_s32", "PACE 1984, section 32 (at arrest)";
        Consent = "consent", "Written consent";
        Other = "other", "Another power, in words";
    }
}

choices! {
    /// Whether children are expected behind the door.
    ChildrenPresent {
        Yes = "yes", "Yes";
        No = "no", "No";
        Unknown = "unknown", "Not known";
    }
}

choices! {
    /// Whether the occupier was told (PACE 1984 s.16(5)-(7), Code B 6.7-6.8).
    Occupier {
        Told = "told", "Present, identified to, given the notice and a copy";
        Another = "another", "Another person in charge was given them";
        Left = "left", "Nobody there: notice and copy left in a prominent place";
    }
}

choices! {
    /// What was taken away to be sifted elsewhere.
    Sift {
        Premises = "cjpa_s50", "From premises (Criminal Justice and Police Act 2001 s.50)";
        Person = "cjpa_s51", "From a person (Criminal Justice and Police Act 2001 s.51)";
    }
}

/// A search of premises.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Search {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The case.
    pub case: Id<Case>,
    /// Where.
    pub premises: Id<Premises>,
    /// The address as the team reads it.
    pub address: String,
    /// By which power.
    pub power: Power,
    /// The warrant.
    pub warrant: Option<Id<Warrant>>,
    /// For another power: who authorised it, on what ground.
    pub authority: Option<String>,
    /// For when it is planned, UTC.
    pub planned_for: Timestamp,
    /// Who is behind the door.
    pub people: String,
    /// Whether children are.
    pub children: ChildrenPresent,
    /// Risks at the door.
    pub risks: String,
    /// The team, and what it brings.
    pub team: String,
    /// Dogs and other animals.
    #[serde(default)]
    pub dogs: Option<String>,
    /// Weapons that are known of.
    #[serde(default)]
    pub weapons: Option<String>,
    /// What to bring for devices: write blockers, Faraday bags, seals.
    #[serde(default)]
    pub equipment: Option<String>,
    /// When it was done, UTC.
    pub carried_out: Option<Timestamp>,
    /// Who recorded that.
    pub recorded: Option<Signed>,
    /// What was found and done.
    pub result: Option<String>,
    /// Whether the occupier was told.
    #[serde(default)]
    pub occupier: Option<Occupier>,
    /// How many children were there.
    #[serde(default)]
    pub children_found: Option<u32>,
    /// Who they are and who looks after them.
    #[serde(default)]
    pub children_note: Option<String>,
    /// What was taken away to be sifted.
    #[serde(default)]
    pub sift: Option<Sift>,
    /// The suspect was there.
    #[serde(default)]
    pub suspect_present: bool,
    /// Assessments of the suspect's risk of suicide at this search.
    #[serde(default)]
    pub assessments: Vec<RiskAssessment>,
    /// The assessment that is still to be made.
    #[serde(default)]
    pub due: Vec<Due>,
    /// Why it was called off.
    pub reason: Option<String>,
}

const PLANNED_FOR: Field = Field::required("planned_for", "Planned for", Input::Moment);
const PEOPLE: Field = Field::required("people", "Who is behind the door", Input::LongText);
const CHILDREN: Field =
    Field::required("children", "Children expected", Input::Choice(ChildrenPresent::CHOICES));
const RISKS: Field = Field::required("risks", "Risks at the door", Input::LongText);
const TEAM: Field = Field::required("team", "Team, and what to bring", Input::LongText);
const DOGS: Field = Field::optional("dogs", "Dogs and other animals", Input::Text);
const WEAPONS: Field = Field::optional("weapons", "Weapons known of", Input::Text);
const EQUIPMENT: Field = Field::optional("equipment", "Equipment for devices", Input::LongText)
    .hint("Write blockers, Faraday bags, chargers, seals");
const WARRANT: Field = Field::optional("warrant", "Warrant", Input::Record(Kind::Warrant));
const POWER: Field = Field::required("power", "Power", Input::Choice(Power::CHOICES));
const AUTHORITY: Field =
    Field::optional("authority", "Who authorised it, on what ground", Input::LongText)
        .hint("For a power other than a warrant");

impl Record for Search {
    standing!();
    const KIND: Kind = Kind::Search;
    const CREATE: &'static [Field] = &[
        CASE,
        Field::required("premises", "Premises", Input::Record(Kind::Premises)),
        POWER,
        WARRANT,
        AUTHORITY,
        PLANNED_FOR,
        PEOPLE,
        CHILDREN,
        RISKS,
        DOGS,
        WEAPONS,
        TEAM,
        EQUIPMENT,
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "revise",
            label: "Revise the plan",
            from: &["planned"],
            fields: &[
                POWER,
                WARRANT,
                AUTHORITY,
                PLANNED_FOR,
                PEOPLE,
                CHILDREN,
                RISKS,
                DOGS,
                WEAPONS,
                TEAM,
                EQUIPMENT,
            ],
        },
        Act {
            name: "carry_out",
            label: "Record that it was carried out",
            from: &["planned"],
            fields: &[
                Field::required("at", "When", Input::Moment),
                Field::required("result", "What was found and done", Input::LongText),
                Field::optional("occupier", "Occupier", Input::Choice(Occupier::CHOICES)),
                Field::optional("children_found", "Children there", Input::Count),
                Field::optional(
                    "children_note",
                    "Which children, who looks after them",
                    Input::LongText,
                ),
                Field::optional("sift", "Taken away to be sifted", Input::Choice(Sift::CHOICES))
                    .hint("Written notice is owed: Criminal Justice and Police Act 2001 s.52"),
                Field::optional("suspect_present", "The suspect was there", Input::Tick),
                RISK_IF_MADE,
                NOTE_IF_MADE,
                SUPPORT,
            ],
        },
        Act {
            name: "assess_suicide_risk",
            label: "Record a suicide-risk assessment",
            from: &["carried_out"],
            fields: &[RISK, RISK_NOTE, SUPPORT],
        },
        Act { name: "call_off", label: "Call off", from: &["planned"], fields: &[REASON] },
    ];

    fn title(&self) -> String {
        format!("Search of {}", self.address)
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .line("Premises", &self.address)
            .line("Power", self.power)
            .each("Authorised", &self.authority)
            .line("Planned for", moment(self.planned_for))
            .line("Who is behind the door", &self.people)
            .line("Children expected", self.children)
            .line("Risks at the door", &self.risks)
            .each("Dogs and other animals", &self.dogs)
            .each("Weapons known of", &self.weapons)
            .line("Team, and what to bring", &self.team)
            .each("Equipment for devices", &self.equipment)
            .each("Carried out", self.carried_out.map(moment))
            .each("Recorded by", &self.recorded)
            .each("What was found and done", &self.result)
            .each("Occupier", self.occupier)
            .each("Children there", self.children_found)
            .each("Which children, who looks after them", &self.children_note)
            .each("Taken away to be sifted", self.sift)
            .each("Risk of suicide", &self.assessments)
            .each("Suicide-risk assessment due", &self.due)
            .each("Why it was called off", &self.reason)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        links([
            link("case", self.case),
            link("premises", self.premises),
            self.warrant.and_then(|id| link("warrant", id)),
        ])
    }

    fn facets(&self) -> Vec<Facet> {
        let mut facets = vec![
            Facet::new("power", self.power.key()),
            Facet::new("children", self.children.key()),
        ];
        facets.extend(self.children_found.map(|n| Facet::flag("children_found", n > 0)));
        facets.extend(self.assessments.last().map(|a| Facet::new("suicide_risk", a.risk.key())));
        facets
    }

    fn next(&self) -> Option<Next> {
        if let Some(due) = self.due.first() {
            return Some(Next {
                role: Role::OfficerInCase,
                what: "Record the suicide-risk assessment due at the search".to_owned(),
                due: Some(due.at),
                urgency: Urgency::VeryHigh,
            });
        }
        (self.state == State::Planned).then(|| Next {
            role: Role::OfficerInCase,
            what: "Carry out this search".to_owned(),
            due: Some(self.planned_for),
            urgency: match self.children {
                ChildrenPresent::Yes => Urgency::VeryHigh,
                ChildrenPresent::No | ChildrenPresent::Unknown => Urgency::Medium,
            },
        })
    }

    fn needs(&self, act: &str) -> Vec<Need> {
        let warrant = self.warrant.filter(|_| act == "carry_out");
        warrant.map(|id| Need::Record(Kind::Warrant, id.uuid())).into_iter().collect()
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (fields, related) = (context.fields, context.related);
        let case = Case::joined(&mut head, fields, related)?;
        let premises: Premises = related.get("premises", fields.record("premises")?)?;
        let case = Id::new(case.head.id);
        let (power, warrant, authority) = authority(fields, related, case, premises.head.id)?;
        Ok(Self {
            head,
            state: State::Planned,
            case,
            address: premises.title(),
            premises: Id::new(premises.head.id),
            power,
            warrant,
            authority,
            planned_for: fields.moment("planned_for")?,
            people: fields.text("people")?,
            children: fields.choice("children")?,
            risks: fields.text("risks")?,
            team: fields.text("team")?,
            dogs: given(fields, "dogs"),
            weapons: given(fields, "weapons"),
            equipment: given(fields, "equipment"),
            carried_out: None,
            recorded: None,
            result: None,
            occupier: None,
            children_found: None,
            children_note: None,
            sift: None,
            suspect_present: false,
            assessments: Vec::new(),
            due: Vec::new(),
            reason: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "revise" => self.revise(context),
            "carry_out" => self.carry_out(context),
            "assess_suicide_risk" => self.assess(act, context),
            "call_off" => {
                self.reason = Some(context.fields.text("reason")?);
                self.state = State::CalledOff;
                Ok(())
            }
            other => Err(Refusal::UnknownAct(other.to_owned())),
        }
    }
}

impl Search {
    fn revise(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let fields = context.fields;
        (self.power, self.warrant, self.authority) =
            authority(fields, context.related, self.case, self.premises.uuid())?;
        self.planned_for = fields.moment("planned_for")?;
        self.people = fields.text("people")?;
        self.children = fields.choice("children")?;
        self.risks = fields.text("risks")?;
        self.team = fields.text("team")?;
        self.dogs = given(fields, "dogs");
        self.weapons = given(fields, "weapons");
        self.equipment = given(fields, "equipment");
        Ok(())
    }

    fn carry_out(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let at = context.fields.moment("at")?;
        if at > context.at {
            return Err(Refusal::field("at", "enter a time that is not in the future"));
        }
        if self.power == Power::Warrant {
            let id = self.warrant.map(Id::uuid).unwrap_or_default();
            let warrant: Warrant = context.related.get("warrant", id)?;
            warrant.covers(self.premises.uuid(), at)?;
        }
        self.carried_out = Some(at);
        self.recorded = Some(Signed::now(context));
        let fields = context.fields;
        self.result = Some(fields.text("result")?);
        self.occupier = fields.if_given("occupier", Fields::choice)?;
        self.children_found = fields.if_given("children_found", Fields::count)?;
        self.children_note = given(fields, "children_note");
        self.sift = fields.if_given("sift", Fields::choice)?;
        self.suspect_present = fields.ticked("suspect_present");
        if self.suspect_present {
            self.due.push(Due { contact: "search".to_owned(), at });
        }
        self.state = State::CarriedOut;
        self.assess("search", context)
    }

    fn assess(&mut self, contact: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        if let Some(made) = RiskAssessment::read(contact, context)? {
            answer(&mut self.due, contact, context.at);
            self.assessments.push(made);
        }
        Ok(())
    }
}

fn given(fields: &Fields, name: &str) -> Option<String> {
    fields.get(name).map(str::to_owned)
}

type Authority = (Power, Option<Id<Warrant>>, Option<String>);

/// What the search relies on: a warrant of the same case that names these premises, or another
/// power with its words. The warrant may still be before the court while the search is planned.
fn authority(
    fields: &Fields,
    related: &Related,
    case: Id<Case>,
    premises: Uuid,
) -> Result<Authority, Refusal> {
    let power = fields.choice("power")?;
    if power != Power::Warrant {
        let words = fields.get("authority").map(str::to_owned);
        let missing = || Refusal::missing("who authorised the search, and on what ground", None);
        return Ok((power, None, Some(words.ok_or_else(missing)?)));
    }
    let id = fields.record("warrant").map_err(|_| Refusal::field("warrant", "choose a warrant"))?;
    let warrant: Warrant = related.get("warrant", id)?;
    if warrant.case != case {
        return Err(Refusal::field("warrant", "choose a warrant of this case"));
    }
    let named = warrant.premises.uuid() == premises;
    if !named && warrant.kind != warrant::WarrantKind::AllPremises {
        return Err(Refusal::field("warrant", "choose a warrant for these premises"));
    }
    Ok((power, Some(Id::new(id)), None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::arrest::SuicideRisk;
    use crate::record::testing::{World, fields};

    fn plan<'a>(pairs: &[(&'a str, &'a str)]) -> Fields {
        [
            ("planned_for", "2026-06-02T06:00"),
            ("people", "One adult"),
            ("children", "unknown"),
            ("risks", "None known"),
            ("team", "Four officers, one examiner"),
        ]
        .into_iter()
        .chain(pairs.iter().copied())
        .collect()
    }

    fn with_warrant(world: &mut World) -> (Warrant, Search) {
        let case = world.case().head.id.to_string();
        let premises = world.premises().head.id.to_string();
        let warrant: Warrant = world.create(&fields([
            ("case", &*case),
            ("premises", &*premises),
            ("statute", "pca_1978_s4"),
            ("kind", "specific"),
            ("grounds", "G"),
        ]));
        let id = warrant.head.id.to_string();
        let search = world.create(&plan(&[
            ("case", &*case),
            ("premises", &*premises),
            ("power", "warrant"),
            ("warrant", &*id),
        ]));
        (warrant, search)
    }

    fn done() -> Fields {
        fields([("at", "2026-06-01T06:00"), ("result", "Two devices seized")])
    }

    #[test]
    fn a_search_waits_for_the_courts_grant() {
        let mut world = World::new();
        let (warrant, search) = with_warrant(&mut world);
        let refusal = world.act(&search, "carry_out", &done()).unwrap_err();
        assert!(matches!(refusal, Refusal::Missing { .. }), "{refusal:?}");
        let grant = fields([("court", "Plymouth"), ("granted_on", "2026-05-20")]);
        world.act(&warrant, "grant", &grant).unwrap();
        assert_eq!(world.act(&search, "carry_out", &done()).unwrap().state(), "carried_out");
    }

    #[test]
    fn a_search_under_an_expired_window_is_refused() {
        let mut world = World::new();
        let (warrant, search) = with_warrant(&mut world);
        let grant = fields([("court", "Plymouth"), ("granted_on", "2026-02-01")]);
        world.act(&warrant, "grant", &grant).unwrap();
        let refusal = world.act(&search, "carry_out", &done()).unwrap_err();
        assert!(matches!(refusal, Refusal::Field { name, .. } if name == "at"));
    }

    fn granted(world: &mut World) -> Search {
        let (warrant, search) = with_warrant(world);
        let grant = fields([("court", "Plymouth"), ("granted_on", "2026-05-20")]);
        world.act(&warrant, "grant", &grant).unwrap();
        search
    }

    #[test]
    fn a_search_with_the_suspect_there_leaves_an_assessment_due_until_it_is_made() {
        let mut world = World::new();
        let search = granted(&mut world);
        let there = done().iter().chain([("suspect_present", "yes")]).collect();
        let search = world.act(&search, "carry_out", &there).unwrap();
        let next = search.next().unwrap();
        assert_eq!((next.due, next.urgency), (search.carried_out, Urgency::VeryHigh));
        let seen = fields([("suicide_risk", "high"), ("risk_note", "Stayed with by a friend")]);
        let search = world.act(&search, "assess_suicide_risk", &seen).unwrap();
        assert_eq!(search.next(), None);
        assert_eq!(search.assessments[0].risk, SuicideRisk::High);
    }

    #[test]
    fn the_result_says_which_children_were_there_and_that_the_occupier_was_told() {
        let mut world = World::new();
        let search = granted(&mut world);
        let result = [
            ("occupier", "left"),
            ("children_found", "2"),
            ("children_note", "Two under five; with their grandmother"),
            ("sift", "cjpa_s50"),
        ];
        let all = done().iter().chain(result).collect();
        let search = world.act(&search, "carry_out", &all).unwrap();
        assert!(search.facets().contains(&Facet::flag("children_found", true)));
        for told in ["notice and copy left", "Two under five", "2001 s.50"] {
            assert!(search.details().iter().any(|d| d.text.contains(told)), "{told}");
        }
        let wrong = done().iter().chain([("children_found", "some")]).collect();
        let another = granted(&mut world);
        assert!(world.act(&another, "carry_out", &wrong).is_err());
    }

    #[test]
    fn another_power_needs_the_words_of_who_authorised_it() {
        let mut world = World::new();
        let case = world.case().head.id.to_string();
        let premises = world.premises().head.id.to_string();
        let under = |extra| {
            plan(&[("case", &*case), ("premises", &*premises), ("power", "pace_s18"), extra])
        };
        let refusal = world.try_create::<Search>(&under(("authority", ""))).unwrap_err();
        assert!(matches!(refusal, Refusal::Missing { .. }));
        let search: Search = world.create(&under(("authority", "Insp C, evidence at home")));
        assert!(world.act(&search, "carry_out", &done()).is_ok());
    }

    #[test]
    fn a_warrant_of_another_case_or_place_is_refused() {
        let mut world = World::new();
        let (warrant, _) = with_warrant(&mut world);
        let (other_case, other_place) = (world.case().head.id, world.premises().head.id);
        for (case, premises) in
            [(other_case, warrant.premises.uuid()), (warrant.case.uuid(), other_place)]
        {
            let refusal = world
                .try_create::<Search>(&plan(&[
                    ("case", &*case.to_string()),
                    ("premises", &*premises.to_string()),
                    ("power", "warrant"),
                    ("warrant", &*warrant.head.id.to_string()),
                ]))
                .unwrap_err();
            assert!(matches!(refusal, Refusal::Field { name, .. } if name == "warrant"));
        }
    }
}
