//! A child at risk, and the steps that protect it.
//!
//! States: at_risk -> safeguarded -> stepped_down; no_further_action; back to at_risk. Steps
//! (police protection, bail conditions, referral to Children's Services, strategy discussion,
//! enquiry, support, conference) come in any order; a person declares the child safeguarded
//! once at least one is taken. Two clocks run: since the child was first known, and since it
//! was referred. The name is a guarded line: the title never carries it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::case::Case;
use super::support::{self, Offer};
use super::{
    Act, ActContext, CASE, Detail, Facet, Head, Id, Kind, Lines, Link, Next, REASON, Record,
    Signed, Urgency, link, links, moment,
};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::Role;

states! {
    /// Where a child stands.
    AtRisk = "at_risk" => [Safeguarded, NoFurtherAction], "Not protected yet.";
    Safeguarded = "safeguarded" => [AtRisk, SteppedDown], "Protected by at least one step.";
    SteppedDown = "stepped_down" => [AtRisk], "Protection is not needed any more.";
    NoFurtherAction = "no_further_action" => [AtRisk], "Found not to be at risk, with a reason.";
}

choices! {
    /// What protects a child; in any order.
    Step {
        PoliceProtection = "police_protection", "Police protection (Children Act 1989 s.46)";
        BailConditions = "bail_conditions", "Bail conditions";
        Referral = "referral", "Referral to Children's Services";
        StrategyDiscussion = "strategy_discussion", "Strategy discussion";
        Enquiry = "enquiry", "Enquiry (Children Act 1989 s.47)";
        Support = "support", "Support (Children Act 1989 s.17)";
        ConferencePlan = "conference_plan", "Child protection conference and plan";
    }
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    /// Which.
    pub step: Step,
    /// When, UTC.
    pub at: Timestamp,
    /// Who was told or who agreed, and their reference.
    pub note: String,
    /// Recorded by whom, when.
    pub signed: Signed,
}

/// A child.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Child {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The case.
    pub case: Id<Case>,
    /// The child's name; none while it is not known who the child is.
    pub name: Option<String>,
    /// About how old, in years.
    pub age: Option<u32>,
    /// What the suspect is to the child.
    pub relation: String,
    /// Why the child is thought to be at risk.
    pub concern: String,
    /// When the police first knew, UTC.
    pub known_since: Timestamp,
    /// When Children's Services were first told, UTC.
    pub referred: Option<Timestamp>,
    /// By when they are to be told, as set when the clock started; none in records made before
    /// it was kept.
    #[serde(default)]
    pub refer_by: Option<Timestamp>,
    /// At immediate risk now.
    pub immediate_risk: bool,
    /// At immediate risk at some time: what published figures count.
    pub was_at_immediate_risk: bool,
    /// Steps taken, in the order recorded.
    pub steps: Vec<Taken>,
    /// Since when the child has been said to be at risk, this time.
    pub at_risk_since: Timestamp,
    /// Who declared the child safeguarded, and when.
    pub safeguarded: Option<Signed>,
    /// Support that was offered to the child and the family.
    pub support: Vec<Offer>,
    /// Why it stands where it stands.
    pub reason: Option<String>,
}

const NAME: Field = Field::optional("name", "Name of the child", Input::Text)
    .hint("Leave empty while it is not known who the child is");
const AGE: Field = Field::optional("age", "Age in years, about", Input::Count);

const AGENCY: Field = Field::optional("agency", "Local authority told", Input::Text)
    .hint("For a referral: the authority's code, such as E06000026; its Children's Services then see this child here");

impl Record for Child {
    standing!();
    const KIND: Kind = Kind::Child;
    const CREATE: &'static [Field] = &[
        CASE,
        NAME,
        AGE,
        Field::required("relation", "What the suspect is to the child", Input::Text),
        Field::required("concern", "Why the child is at risk", Input::LongText),
        Field::required("known_since", "First known to the police", Input::Moment),
        Field::optional("immediate_risk", "At immediate risk", Input::Tick),
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "take_step",
            label: "Record a protective step",
            from: &["at_risk", "safeguarded"],
            fields: &[
                Field::required("step", "Step", Input::Choice(Step::CHOICES)),
                Field::required("at", "When", Input::Moment),
                Field::required("note", "With whom, their reference", Input::LongText),
                AGENCY,
            ],
        },
        Act {
            name: "safeguard",
            label: "Declare the child safeguarded",
            from: &["at_risk"],
            fields: &[],
        },
        Act {
            name: "raise_immediate_risk",
            label: "The child is at immediate risk",
            from: &["at_risk", "safeguarded"],
            fields: &[REASON],
        },
        Act {
            name: "lift_immediate_risk",
            label: "The child is not at immediate risk any more",
            from: &["at_risk", "safeguarded"],
            fields: &[REASON],
        },
        Act {
            name: "identify",
            label: "Record who the child is",
            from: &["at_risk", "safeguarded"],
            fields: &[Field::required("name", "Name of the child", Input::Text), AGE],
        },
        Act {
            name: "offer_support",
            label: "Record support offered",
            from: &["at_risk", "safeguarded", "stepped_down"],
            fields: support::FIELDS,
        },
        Act { name: "step_down", label: "Step down", from: &["safeguarded"], fields: &[REASON] },
        Act {
            name: "no_further_action",
            label: "No further action",
            from: &["at_risk"],
            fields: &[REASON],
        },
        Act {
            name: "reopen",
            label: "At risk again",
            from: &["safeguarded", "stepped_down", "no_further_action"],
            fields: &[REASON],
        },
    ];

    fn title(&self) -> String {
        let who = self.age.map_or("Child".to_owned(), |age| format!("Child, about {age}"));
        format!("{who}, known since {}", moment(self.known_since))
    }

    fn details(&self) -> Vec<Detail> {
        let name = self.name.as_deref().unwrap_or("Not identified yet");
        Lines::new()
            .guarded("Name of the child", name)
            .each("Age in years, about", self.age)
            .line("What the suspect is to the child", &self.relation)
            .line("Why the child is at risk", &self.concern)
            .flag("At immediate risk", self.immediate_risk)
            .line("First known to the police", moment(self.known_since))
            .each("Children's Services told", self.referred.map(moment))
            .each("Step", self.steps.iter().map(Taken::line))
            .each("Safeguarded, declared by", &self.safeguarded)
            .each("Support offered", &self.support)
            .each("Reason", &self.reason)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        links([link("case", self.case)])
    }

    fn facets(&self) -> Vec<Facet> {
        let safeguarded = matches!(self.state, State::Safeguarded | State::SteppedDown);
        let mut facets = vec![
            Facet::flag("immediate_risk", self.immediate_risk),
            Facet::flag("was_at_immediate_risk", self.was_at_immediate_risk),
            Facet::flag("safeguarded", safeguarded),
            Facet::flag("identified", self.name.is_some()),
            Facet::flag("referred", self.referred.is_some()),
            Facet::flag("support_offered", !self.support.is_empty()),
        ];
        facets.extend(self.steps.iter().map(|taken| Facet::new("step", taken.step.key())));
        facets
    }

    fn next(&self) -> Option<Next> {
        let urgency = if self.immediate_risk { Urgency::Immediate } else { Urgency::High };
        let (what, due) = match self.state {
            State::AtRisk if self.referred.is_none() => {
                ("Refer this child to Children's Services", self.refer_by)
            }
            State::AtRisk => ("Declare this child safeguarded, or take the next step", None),
            State::Safeguarded if self.support.is_empty() => {
                return Some(Next {
                    role: Role::SafeguardingOfficer,
                    what: "Offer support to this child and the family".to_owned(),
                    due: None,
                    urgency: Urgency::Medium,
                });
            }
            State::Safeguarded | State::SteppedDown | State::NoFurtherAction => return None,
        };
        Some(Next { role: Role::SafeguardingOfficer, what: what.to_owned(), due, urgency })
    }

    fn disclosed_to(&self, act: &str) -> Option<String> {
        let step = self.steps.last().filter(|_| act == "take_step")?;
        (step.step == Step::Referral).then(|| "Children's Services".to_owned())
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (fields, related) = (context.fields, context.related);
        let case = Case::joined(&mut head, fields, related)?;
        let known_since = fields.moment("known_since")?;
        if known_since > head.created {
            return Err(Refusal::field("known_since", "enter a time that is not in the future"));
        }
        let immediate_risk = fields.ticked("immediate_risk");
        Ok(Self {
            at_risk_since: head.created,
            head,
            state: State::AtRisk,
            case: Id::new(case.head.id),
            name: fields.get("name").map(str::to_owned),
            age: fields.if_given("age", Fields::count)?,
            relation: fields.text("relation")?,
            concern: fields.text("concern")?,
            known_since,
            referred: None,
            refer_by: known_since.checked_add(refer_within(immediate_risk, context)).ok(),
            immediate_risk,
            was_at_immediate_risk: immediate_risk,
            steps: Vec::new(),
            safeguarded: None,
            support: Vec::new(),
            reason: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        let fields = context.fields;
        match act {
            "take_step" => self.take_step(context)?,
            "safeguard" => self.safeguard(context)?,
            "raise_immediate_risk" => {
                self.immediate_risk = true;
                self.was_at_immediate_risk = true;
                let sooner = context.at.checked_add(refer_within(true, context)).ok();
                self.refer_by = [self.refer_by, sooner].into_iter().flatten().min();
            }
            "lift_immediate_risk" => self.immediate_risk = false,
            "identify" => {
                self.name = Some(fields.text("name")?);
                self.age = fields.if_given("age", Fields::count)?.or(self.age);
            }
            "offer_support" => self.support.push(Offer::read(context)?),
            "step_down" => self.end(State::SteppedDown)?,
            "no_further_action" => self.end(State::NoFurtherAction)?,
            "reopen" => {
                self.safeguarded = None;
                self.at_risk_since = context.at;
                self.state = State::AtRisk;
            }
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        self.reason = fields.get("reason").map(str::to_owned).or(self.reason.take());
        Ok(())
    }
}

/// How long there is to tell Children's Services.
fn refer_within(immediate_risk: bool, context: &ActContext<'_>) -> SignedDuration {
    let child = &context.settings.child;
    if immediate_risk {
        child.refer_within_hours_immediate.hours()
    } else {
        child.refer_within_hours.hours()
    }
}

impl Child {
    fn take_step(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let taken = Taken {
            step: context.fields.choice("step")?,
            at: context.fields.moment("at")?,
            note: context.fields.text("note")?,
            signed: Signed::now(context),
        };
        if taken.at > context.at {
            return Err(Refusal::field("at", "enter a time that is not in the future"));
        }
        if taken.step == Step::Referral {
            self.referred = Some(self.referred.map_or(taken.at, |first| first.min(taken.at)));
            let told = context.fields.if_given("agency", Fields::agency)?;
            self.head.agency = told.or(self.head.agency.take());
        }
        self.steps.push(taken);
        Ok(())
    }

    /// The steps that count are those taken since the child was last said to be at risk.
    fn safeguard(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        if !self.steps.iter().any(|taken| taken.signed.at >= self.at_risk_since) {
            return Err(Refusal::missing(
                "a protective step for this child",
                Role::SafeguardingOfficer,
            ));
        }
        self.safeguarded = Some(Signed::now(context));
        self.state = State::Safeguarded;
        Ok(())
    }

    /// Nobody is left alone while at immediate risk.
    fn end(&mut self, state: State) -> Result<(), Refusal> {
        if self.immediate_risk {
            return Err(Refusal::missing(
                "the decision that the child is not at immediate risk any more",
                Role::SafeguardingOfficer,
            ));
        }
        self.state = state;
        Ok(())
    }
}

impl Taken {
    fn line(&self) -> String {
        format!("{}, {}: {}", self.step, moment(self.at), self.note)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Related;
    use crate::record::testing::{World, fields};

    fn child(world: &mut World, immediate: &str) -> Child {
        let case = world.case().head.id.to_string();
        world.create(&fields([
            ("case", &*case),
            ("name", "Sam Example"),
            ("relation", "Lodger"),
            ("concern", "Lives in the same house"),
            ("known_since", "2026-06-01T08:00:00Z"),
            ("immediate_risk", immediate),
        ]))
    }

    fn step(step: &str) -> Fields {
        fields([("step", step), ("at", "2026-06-01T08:30:00Z"), ("note", "Duty team, ref 1")])
    }

    #[test]
    fn a_child_is_not_safeguarded_by_declaration_alone() {
        let mut world = World::new();
        let child = child(&mut world, "yes");
        assert!(matches!(
            world.act(&child, "safeguard", &fields([])),
            Err(Refusal::Missing { who: Some(Role::SafeguardingOfficer), .. })
        ));
        let child = world.act(&child, "take_step", &step("police_protection")).unwrap();
        let child = world.act(&child, "safeguard", &fields([])).unwrap();
        assert!(child.facets().contains(&Facet::flag("safeguarded", true)));
    }

    #[test]
    fn steps_are_taken_in_any_order_and_a_referral_starts_the_second_clock() {
        let mut world = World::new();
        let child = child(&mut world, "");
        let child = world.act(&child, "take_step", &step("enquiry")).unwrap();
        assert_eq!(child.referred, None);
        let child = world.act(&child, "take_step", &step("referral")).unwrap();
        assert!(child.referred.is_some());
    }

    #[test]
    fn a_child_at_immediate_risk_comes_first_and_must_be_referred_within_the_hour() {
        let mut world = World::new();
        let next = child(&mut world, "yes").next().unwrap();
        assert_eq!(next.urgency, Urgency::Immediate);
        assert_eq!(next.due.unwrap().to_string(), "2026-06-01T09:00:00Z");
    }

    #[test]
    fn a_child_at_immediate_risk_is_not_closed() {
        let mut world = World::new();
        let child = child(&mut world, "yes");
        let reason = fields([("reason", "Moved away")]);
        assert!(world.act(&child, "no_further_action", &reason).is_err());
        let child = world.act(&child, "lift_immediate_risk", &reason).unwrap();
        assert!(child.was_at_immediate_risk, "the figure keeps it");
        world.act(&child, "no_further_action", &reason).unwrap();
    }

    #[test]
    fn the_childs_name_is_a_guarded_line_and_nowhere_else() {
        let mut world = World::new();
        let child = child(&mut world, "");
        assert!(!child.title().contains("Sam"));
        for detail in child.details() {
            assert_eq!(detail.text.contains("Sam"), detail.guarded, "{}", detail.label);
        }
        assert!(child.facets().iter().all(|facet| !facet.value.contains("Sam")));
    }

    #[test]
    fn a_case_with_a_child_at_risk_does_not_close() {
        let mut world = World::new();
        let child = child(&mut world, "");
        let related = Related::new(vec![child.clone().into()]);
        let case = world.case();
        let case = Case { head: Head { id: child.case.uuid(), ..case.head.clone() }, ..case };
        let closing = fields([("outcome", "no_further_action"), ("reason", "Nothing found")]);
        let context = world.context(&closing, &related);
        let refusal = crate::record::perform(&case, "close", &context).unwrap_err();
        assert!(matches!(refusal, Refusal::Missing { who: Some(Role::SafeguardingOfficer), .. }));
    }
}
