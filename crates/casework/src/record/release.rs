//! A figures release: numbers frozen with what they count, approved by a second person,
//! published.
//!
//! States: drafted -> approved -> published. The figures are what the program counted
//! ([`Frozen`]), with definitions, inputs and what is left out, under a digest: a later change of
//! records never alters them. While it is drafted, somebody may decide that a small count is
//! published all the same; the program then counts again with that decision. A release whose
//! numbers would give a small count away is not approved.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    Act, ActContext, Detail, Facet, Head, Kind, Lines, Link, Next, REASON, Record, Signed, Signing, Urgency,
    moment,
};
use crate::figure::FIGURE_CHOICES;
use crate::figure::frozen::Frozen;
use crate::force::ForceKey;
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::Role;

states! {
    /// Where a release stands.
    Drafted = "drafted" => [Approved], "Counted, not agreed.";
    Approved = "approved" => [Drafted, Published], "A second person agrees.";
    Published = "published" => [], "Out; nothing changes it.";
}

/// Numbers frozen with what they count.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FiguresRelease {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// Its title.
    pub name: String,
    /// As at when the records were counted, UTC.
    pub as_at: Timestamp,
    /// For one force only; none for all.
    pub scope: Option<ForceKey>,
    /// Words that go with the numbers.
    pub notes: String,
    /// The numbers with their definitions, as counted.
    pub figures: serde_json::Value,
    /// SHA-256 of the figures' bytes.
    pub digest: String,
    /// Who approved it.
    pub approved: Option<Signed>,
    /// Who published it.
    pub published: Option<Signed>,
    /// Why it went back.
    pub reason: Option<String>,
}

const FIGURES: Field = Field::required("figures", "Figures", Input::System);
const DIGEST: Field = Field::required("digest", "Digest of the figures", Input::System);
const AS_AT: Field = Field::required("as_at", "As at", Input::System);

impl Record for FiguresRelease {
    // A correction could say another force than the one whose figures were counted.
    const SEALED: &'static [&'static str] = &["drafted", "approved", "published"];
    const FOUR_EYES: &'static [(&'static str, &'static str)] = &[("head.author", "approved.by")];
    const IN_OPERATION: bool = false;
    standing!();
    const KIND: Kind = Kind::FiguresRelease;
    const CREATE: &'static [Field] = &[
        Field::required("name", "Title", Input::Text),
        Field::optional("scope", "One force only", Input::Force),
        Field::optional("notes", "Words that go with the numbers", Input::LongText),
        Field::optional("moment", "As at", Input::Moment).hint("Empty: now"),
        AS_AT,
        FIGURES,
        DIGEST,
    ];
    const SIGNINGS: &'static [Signing] = &[
        Signing {
            act: "approve",
            refuses: Some("send_back"),
            waits: &["drafted"],
            only: None,
            path: "approved.by",
        },
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "count_again",
            label: "Count again",
            from: &["drafted"],
            fields: &[AS_AT, FIGURES, DIGEST],
        },
        Act {
            name: "show_small_count",
            label: "Publish a small count",
            from: &["drafted"],
            fields: &[
                Field::required("figure", "Figure", Input::Choice(FIGURE_CHOICES)),
                Field::optional("force", "Whose count", Input::Force)
                    .hint("Empty: the count over all"),
                Field::required("decided_by", "Who decided, for the force", Input::Text),
                REASON,
                AS_AT,
                FIGURES,
                DIGEST,
            ],
        },
        Act { name: "approve", label: "Approve", from: &["drafted"], fields: &[] },
        Act { name: "send_back", label: "Send back", from: &["approved"], fields: &[REASON] },
        Act { name: "publish", label: "Publish", from: &["approved"], fields: &[] },
    ];

    fn title(&self) -> String {
        self.name.clone()
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .line("Title", &self.name)
            .line("As at", moment(self.as_at))
            .line("For", self.scope.map_or("All forces", |force| force.force().name))
            .line("Words that go with the numbers", &self.notes)
            .line("Digest of the figures", &self.digest)
            .each("Left out", self.left_out())
            .each("Small counts published by decision", self.decisions())
            .each("Would give away", self.exposed())
            .each("Approved by", &self.approved)
            .each("Published by", &self.published)
            .each("Why it went back", &self.reason)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        Vec::new()
    }

    fn facets(&self) -> Vec<Facet> {
        self.scope.map(|force| Facet::new("scope", force.as_str())).into_iter().collect()
    }

    fn next(&self) -> Option<Next> {
        let what = match self.state {
            State::Drafted => "Approve these figures as a second person",
            State::Approved => "Publish these figures",
            State::Published => return None,
        };
        Some(Next {
            role: Role::FiguresOfficer,
            what: what.to_owned(),
            due: None,
            urgency: Urgency::Low,
        })
    }

    fn create(head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let fields = context.fields;
        let (as_at, figures, digest) = counted(fields)?;
        Ok(Self {
            head,
            state: State::Drafted,
            name: fields.text("name")?,
            as_at,
            scope: fields.if_given("scope", Fields::force)?,
            notes: fields.get("notes").unwrap_or_default().to_owned(),
            figures,
            digest,
            approved: None,
            published: None,
            reason: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "count_again" | "show_small_count" => {
                (self.as_at, self.figures, self.digest) = counted(context.fields)?;
            }
            "approve" => {
                if let Some(exposed) = self.exposed() {
                    let what = format!("a table that does not give away {exposed}");
                    return Err(Refusal::missing(what, Role::FiguresOfficer));
                }
                super::second_person(
                    "the approval",
                    self.head.author,
                    &self.head.author_name,
                    context.by,
                )?;
                self.approved = Some(Signed::now(context));
                self.head.approver = Some(context.by.id);
                self.state = State::Approved;
            }
            "send_back" => {
                self.reason = Some(context.fields.text("reason")?);
                (self.approved, self.head.approver) = (None, None);
                self.state = State::Drafted;
            }
            "publish" => {
                self.published = Some(Signed::now(context));
                self.state = State::Published;
            }
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        Ok(())
    }
}

impl FiguresRelease {
    /// What was counted, if it is of the form that this version reads.
    pub fn frozen(&self) -> Option<Frozen> {
        Frozen::read(&self.figures)
    }

    fn left_out(&self) -> Option<String> {
        let frozen = self.frozen()?;
        let (out, threshold) = (frozen.out(), frozen.threshold);
        Some(format!("{out} numbers, so that no count from 1 to below {threshold} is told"))
    }

    fn decisions(&self) -> Option<String> {
        let decisions = self.frozen()?.decisions;
        let words = decisions
            .iter()
            .map(|d| format!("{}, {}: {} ({})", d.figure, d.whose.name(), d.why, d.decided_by));
        Some(words.collect::<Vec<_>>().join("\n")).filter(|words| !words.is_empty())
    }

    /// The small counts that what is published would give away.
    fn exposed(&self) -> Option<String> {
        let exposed = self.frozen()?.exposed;
        (!exposed.is_empty()).then(|| exposed.join("; "))
    }
}

fn counted(fields: &Fields) -> Result<(Timestamp, serde_json::Value, String), Refusal> {
    let figures = serde_json::from_str(&fields.text("figures")?)
        .map_err(|_| Refusal::field("figures", "the counted figures are wanted as JSON"))?;
    Ok((fields.moment("as_at")?, figures, fields.digest("digest")?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{World, fields};

    fn draft(world: &mut World) -> FiguresRelease {
        world.create(&fields([
            ("name", "June"),
            ("as_at", "2026-06-01T00:00:00Z"),
            ("figures", r#"{"arrests":{"count":22}}"#),
            ("digest", "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
        ]))
    }

    #[test]
    fn figures_are_approved_by_someone_other_than_who_drafted_them() {
        let mut world = World::new();
        let release = draft(&mut world);
        let refusal = world.act(&release, "approve", &fields([])).unwrap_err();
        assert!(matches!(refusal, Refusal::SamePerson { .. }));
        world.officer(2);
        let approved = world.act(&release, "approve", &fields([])).unwrap();
        assert_eq!(approved.head.approver, Some(world.by.id));
    }

    #[test]
    fn nothing_can_be_done_to_published_figures() {
        assert!(FiguresRelease::ACTS.iter().all(|act| !act.from.contains(&"published")));
    }

    #[test]
    fn figures_that_are_not_json_are_refused() {
        let mut world = World::new();
        let release = draft(&mut world);
        let wrong = fields([("as_at", "2026-06-01"), ("figures", "22"), ("digest", "x")]);
        assert!(world.act(&release, "count_again", &wrong).is_err());
    }
}
