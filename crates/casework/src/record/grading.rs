//! A grading: what a person finds one picture or video to be.
//!
//! States: ungraded -> graded (A, B, C, other) -> confirmed by a second person. UK categories
//! since 1 April 2014. Two fields are kept apart: `unknown` is a fact of matching (no list has
//! it), `first_generation` a person's finding (made by or for this suspect). Here are digests
//! and words only, never pixels.

use serde::{Deserialize, Serialize};

use super::case::Case;
use super::examination::Examination;
use super::exhibit::Exhibit;
use super::team::Skill;
use super::{
    Act, ActContext, Detail, Facet, Head, Id, Kind, Lines, Link, Next, REASON, Record, Signed, Signing,
    Urgency, link, links,
};
use crate::form::{Field, Input, Refusal};
use crate::person::Role;

states! {
    /// Where a grading stands.
    Ungraded = "ungraded" => [Graded], "Nobody has graded it.";
    Graded = "graded" => [Confirmed], "One person graded it.";
    Confirmed = "confirmed" => [Graded], "A second person agrees.";
}

choices! {
    /// UK categories of indecent images of children, A the most severe.
    Category {
        A = "a", "Category A";
        B = "b", "Category B";
        C = "c", "Category C";
        Other = "other", "Not indecent, or not a child";
    }
}

impl Category {
    /// Whether possession is unlawful.
    pub fn is_unlawful(self) -> bool {
        self != Self::Other
    }
}

choices! {
    /// Still or moving.
    Media {
        Still = "still", "Still";
        Moving = "moving", "Moving";
    }
}

/// What a person finds one picture or video to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Grading {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The examination that found it.
    pub examination: Id<Examination>,
    /// The exhibit it was found on.
    pub exhibit: Id<Exhibit>,
    /// The case.
    pub case: Id<Case>,
    /// SHA-256 of the content.
    pub digest: String,
    /// Still or moving.
    pub media: Media,
    /// No known list has it.
    pub unknown: bool,
    /// The category.
    pub category: Option<Category>,
    /// Made by or for this suspect, as a person finds.
    pub first_generation: bool,
    /// Who graded it.
    pub graded: Option<Signed>,
    /// Who confirmed it.
    pub confirmed: Option<Signed>,
    /// Why it was taken up again.
    pub reason: Option<String>,
}

impl Record for Grading {
    const SEALED: &'static [&'static str] = &["graded", "confirmed"];
    const FOUR_EYES: &'static [(&'static str, &'static str)] = &[("graded.by", "confirmed.by")];
    standing!();
    const KIND: Kind = Kind::Grading;
    const CREATE: &'static [Field] = &[
        Field::required("examination", "Examination", Input::Record(Kind::Examination)),
        Field::required("digest", "SHA-256 of the content", Input::Text),
        Field::required("media", "Still or moving", Input::Choice(Media::CHOICES)),
        Field::optional("unknown", "No known list has it", Input::Tick),
    ];
    const SIGNINGS: &'static [Signing] = &[
        Signing {
            act: "confirm",
            refuses: Some("take_up_again"),
            waits: &["graded"],
            only: None,
            path: "confirmed.by",
        },
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "grade",
            label: "Grade",
            from: &["ungraded", "graded"],
            fields: &[
                Field::required("category", "Category", Input::Choice(Category::CHOICES)),
                Field::optional("first_generation", "Made by or for this suspect", Input::Tick),
            ],
        },
        Act { name: "confirm", label: "Confirm", from: &["graded"], fields: &[] },
        Act {
            name: "take_up_again",
            label: "Take up again",
            from: &["confirmed"],
            fields: &[REASON],
        },
    ];

    fn title(&self) -> String {
        format!("{} {}", self.media, self.digest.get(..12).unwrap_or_default())
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .line("SHA-256 of the content", &self.digest)
            .line("Still or moving", self.media)
            .flag("Unknown: no list has it", self.unknown)
            .each("Category", self.category)
            .flag("First-generation: a person's finding", self.first_generation)
            .each("Graded by", &self.graded)
            .each("Confirmed by", &self.confirmed)
            .each("Why taken up again", &self.reason)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        links([
            link("examination", self.examination),
            link("exhibit", self.exhibit),
            link("case", self.case),
        ])
    }

    fn facets(&self) -> Vec<Facet> {
        let mut facets = vec![
            Facet::new("digest", &*self.digest),
            Facet::new("media", self.media.key()),
            Facet::flag("unknown", self.unknown),
            Facet::flag("first_generation", self.first_generation),
        ];
        facets.extend(self.category.map(|category| Facet::new("category", category.key())));
        facets
    }

    fn next(&self) -> Option<Next> {
        let what = match self.state {
            State::Ungraded => "Grade this picture or video",
            State::Graded => "Confirm this grading as a second person",
            State::Confirmed => return None,
        };
        let urgency = if self.first_generation { Urgency::VeryHigh } else { Urgency::Medium };
        Some(Next { role: Role::Examiner, what: what.to_owned(), due: None, urgency })
    }

    fn skill(&self) -> Option<Skill> {
        (self.state != State::Confirmed).then_some(Skill::Grading)
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (fields, related) = (context.fields, context.related);
        let examination: Examination = related.get("examination", fields.record("examination")?)?;
        head.belong_to("examination", &examination.head)?;
        if !examination.is_finished() {
            return Err(Refusal::missing("the examination's result", Role::Examiner));
        }
        Ok(Self {
            head,
            state: State::Ungraded,
            examination: Id::new(examination.head.id),
            exhibit: examination.exhibit,
            case: examination.case,
            digest: fields.digest("digest")?,
            media: fields.choice("media")?,
            unknown: fields.ticked("unknown"),
            category: None,
            first_generation: false,
            graded: None,
            confirmed: None,
            reason: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "grade" => self.grade(context),
            "confirm" => self.confirm(context),
            "take_up_again" => {
                self.reason = Some(context.fields.text("reason")?);
                (self.confirmed, self.head.approver) = (None, None);
                self.state = State::Graded;
                Ok(())
            }
            other => Err(Refusal::UnknownAct(other.to_owned())),
        }
    }
}

impl Grading {
    fn grade(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        self.category = Some(context.fields.choice("category")?);
        self.first_generation = context.fields.ticked("first_generation");
        self.graded = Some(Signed::now(context));
        self.state = State::Graded;
        Ok(())
    }

    fn confirm(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        self.graded
            .as_ref()
            .map_or(Ok(()), |graded| graded.differs("the confirmation", context.by))?;
        self.confirmed = Some(Signed::now(context));
        self.state = State::Confirmed;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::examination::tests::{DIGEST, finished};
    use crate::record::testing::{World, fields};

    fn grading(world: &mut World) -> Grading {
        let case = world.case().head.id.to_string();
        let exhibit: Exhibit = world.create(&fields([
            ("case", &*case),
            ("reference", "ABC/3"),
            ("description", "Drive"),
            ("device", "hard_drive"),
            ("owner", "suspect"),
            ("found", "Desk"),
            ("seized_at", "2026-06-01T07:00:00Z"),
            ("seal", "S1"),
        ]));
        let place = fields([("to", "Store"), ("seal", "S1")]);
        let exhibit = world.act(&exhibit, "store", &place).unwrap();
        let exhibit = world.act(&exhibit, "to_examiner", &place).unwrap();
        let examination = finished(world, &exhibit, "1").head.id.to_string();
        world.create(&fields([
            ("examination", &*examination),
            ("digest", DIGEST),
            ("media", "still"),
            ("unknown", "yes"),
        ]))
    }

    #[test]
    fn who_graded_does_not_confirm() {
        let mut world = World::new();
        let grading = grading(&mut world);
        let graded = world.act(&grading, "grade", &fields([("category", "c")])).unwrap();
        let refusal = world.act(&graded, "confirm", &fields([])).unwrap_err();
        assert!(matches!(refusal, Refusal::SamePerson { .. }));
        world.officer(2);
        assert_eq!(world.act(&graded, "confirm", &fields([])).unwrap().state(), "confirmed");
    }

    #[test]
    fn unknown_and_first_generation_are_two_fields() {
        let mut world = World::new();
        let grading = grading(&mut world);
        let graded = world.act(&grading, "grade", &fields([("category", "other")])).unwrap();
        assert!(graded.unknown && !graded.first_generation);
    }

    #[test]
    fn a_category_that_does_not_exist_is_refused() {
        let mut world = World::new();
        let grading = grading(&mut world);
        let refusal = world.act(&grading, "grade", &fields([("category", "d")])).unwrap_err();
        assert!(matches!(refusal, Refusal::Field { label, .. } if label == "Category"));
    }
}
