//! An examination: the forensic work on an exhibit, from its authority to its result.
//!
//! States: authorised -> queued -> running -> finished, finished_with_gaps, failed -> queued
//! again. In: scope, whose device it is, and the notice that the owner is owed where it is a
//! victim's or witness's (PCSC Act 2022 s.37). Out: where the tables lie, their digest, counts
//! and the tool's version, filled in by the program that ran it. What could not be read is a
//! gap: a run with gaps never counts as finished without saying so.

use serde::{Deserialize, Serialize};

use super::case::Case;
use super::exhibit::{self, Exhibit, Owner};
use super::{
    Act, ActContext, Detail, Facet, Head, Id, Kind, Lines, Link, Need, Next, REASON, Record,
    Signed, Urgency, link, links,
};
use crate::form::{Field, Input, Refusal};
use crate::person::Role;

states! {
    /// Where an examination stands.
    Authorised = "authorised" => [Queued], "It may be done.";
    Queued = "queued" => [Running], "Waiting for a machine.";
    Running = "running" => [Finished, FinishedWithGaps, Failed], "Being done.";
    Finished = "finished" => [], "Everything was read.";
    FinishedWithGaps = "finished_with_gaps" => [], "Some things could not be read; each is recorded.";
    Failed = "failed" => [Queued], "It gave no result.";
}

/// What a run found, as the program that ran it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Where the tables lie, relative to the data folder.
    pub folder: String,
    /// SHA-256 of the examination's tables.
    pub examination_digest: String,
    /// Items found.
    pub items: u32,
    /// Things that could not be read.
    pub gaps: u32,
    /// Items that match a known list.
    pub known_hits: u32,
    /// Tool and version.
    pub tool_version: String,
}

/// The forensic work on an exhibit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Examination {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The exhibit.
    pub exhibit: Id<Exhibit>,
    /// The exhibit's reference, `ABC/1`.
    pub reference: String,
    /// The case.
    pub case: Id<Case>,
    /// What is to be looked for, and what not.
    pub scope: String,
    /// Whose device it is.
    pub owner: Owner,
    /// The written notice and agreement, for a victim's or witness's device.
    pub notice: Option<String>,
    /// Who examines, and by which competence.
    pub examiner: Option<String>,
    /// Who started the run.
    pub started: Option<Signed>,
    /// What it found.
    pub outcome: Option<Outcome>,
    /// Why it failed.
    pub reason: Option<String>,
}

impl Record for Examination {
    const SEALED: &'static [&'static str] =
        &["running", "finished", "finished_with_gaps", "failed"];
    standing!();
    const KIND: Kind = Kind::Examination;
    const CREATE: &'static [Field] = &[
        Field::required("exhibit", "Exhibit", Input::Record(Kind::Exhibit)),
        Field::required("scope", "Scope", Input::LongText).hint("What is looked for, what not"),
        Field::optional("notice", "Written notice and agreement", Input::LongText)
            .hint("Required for the device of a victim or witness"),
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "queue",
            label: "Put into the queue",
            from: &["authorised", "failed"],
            fields: &[Field::required("examiner", "Examiner and competence", Input::Text)],
        },
        Act { name: "start", label: "Start", from: &["queued"], fields: &[] },
        Act {
            name: "finish",
            label: "Record the result",
            from: &["running"],
            fields: &[
                Field::required("folder", "Folder of the tables", Input::System),
                Field::required("examination_digest", "Digest of the tables", Input::System),
                Field::required("items", "Items", Input::System),
                Field::required("gaps", "Gaps", Input::System),
                Field::required("known_hits", "Known hits", Input::System),
                Field::required("tool_version", "Tool and version", Input::System),
            ],
        },
        Act { name: "fail", label: "Record that it failed", from: &["running"], fields: &[REASON] },
    ];

    fn title(&self) -> String {
        format!("Examination of {}", self.reference)
    }

    fn details(&self) -> Vec<Detail> {
        let outcome = self.outcome.as_ref();
        Lines::new()
            .line("Exhibit", &self.reference)
            .line("Whose device", self.owner)
            .line("Scope", &self.scope)
            .each("Written notice and agreement", &self.notice)
            .each("Examiner and competence", &self.examiner)
            .each("Started by", &self.started)
            .each("Items", outcome.map(|o| o.items))
            .each("Gaps", outcome.map(|o| o.gaps))
            .each("Known hits", outcome.map(|o| o.known_hits))
            .each("Tool and version", outcome.map(|o| &o.tool_version))
            .each("Digest of the tables", outcome.map(|o| &o.examination_digest))
            .each("Why it failed", &self.reason)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        links([link("exhibit", self.exhibit), link("case", self.case)])
    }

    fn facets(&self) -> Vec<Facet> {
        let tables =
            self.outcome.iter().map(|o| Facet::new("examination_digest", &*o.examination_digest));
        [
            Facet::new("reference", &*self.reference),
            Facet::flag("known_hits", self.known_hits() > 0),
            Facet::flag("gaps", self.outcome.as_ref().is_some_and(|o| o.gaps > 0)),
        ]
        .into_iter()
        .chain(tables)
        .collect()
    }

    fn next(&self) -> Option<Next> {
        let what = match self.state {
            State::Authorised => "Put this examination into the queue",
            State::Queued => "Start this examination",
            State::Running => "See this examination through",
            State::Failed => "Find out why this examination failed",
            State::Finished | State::FinishedWithGaps => return None,
        };
        Some(Next {
            role: Role::Examiner,
            what: what.to_owned(),
            due: None,
            urgency: Urgency::Medium,
        })
    }

    fn needs(&self, act: &str) -> Vec<Need> {
        match act {
            "start" => vec![Need::Record(Kind::Exhibit, self.exhibit.uuid())],
            _ => Vec::new(),
        }
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (fields, related) = (context.fields, context.related);
        let exhibit: Exhibit = related.get("exhibit", fields.record("exhibit")?)?;
        head.belong_to("exhibit", &exhibit.head)?;
        let notice = fields.get("notice").map(str::to_owned);
        if matches!(exhibit.owner, Owner::Victim | Owner::Witness) && notice.is_none() {
            return Err(Refusal::missing(
                "the written notice to the owner and the agreement (PCSC Act 2022, section 37)",
                Role::OfficerInCase,
            ));
        }
        Ok(Self {
            head,
            state: State::Authorised,
            exhibit: Id::new(exhibit.head.id),
            reference: exhibit.reference,
            case: exhibit.case,
            scope: fields.text("scope")?,
            owner: exhibit.owner,
            notice,
            examiner: None,
            started: None,
            outcome: None,
            reason: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "queue" => {
                self.examiner = Some(context.fields.text("examiner")?);
                self.state = State::Queued;
                Ok(())
            }
            "start" => self.start(context),
            "finish" => self.finish(context),
            "fail" => {
                self.reason = Some(context.fields.text("reason")?);
                self.state = State::Failed;
                Ok(())
            }
            other => Err(Refusal::UnknownAct(other.to_owned())),
        }
    }
}

impl Examination {
    /// Whether it gave a result, with or without gaps.
    pub fn is_finished(&self) -> bool {
        matches!(self.state, State::Finished | State::FinishedWithGaps)
    }

    /// Items that match a known list; 0 before the result.
    pub fn known_hits(&self) -> u32 {
        self.outcome.as_ref().map_or(0, |outcome| outcome.known_hits)
    }

    fn start(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let exhibit: Exhibit = context.related.get("exhibit", self.exhibit.uuid())?;
        if exhibit.state != exhibit::State::WithExaminer {
            return Err(Refusal::missing(
                "the exhibit in the hands of an examiner",
                Role::OfficerInCase,
            ));
        }
        self.started = Some(Signed::now(context));
        self.state = State::Running;
        Ok(())
    }

    fn finish(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let fields = context.fields;
        let outcome = Outcome {
            folder: fields.text("folder")?,
            examination_digest: fields.digest("examination_digest")?,
            items: fields.count("items")?,
            gaps: fields.count("gaps")?,
            known_hits: fields.count("known_hits")?,
            tool_version: fields.text("tool_version")?,
        };
        if outcome.known_hits > outcome.items {
            return Err(Refusal::field("known_hits", "no more hits than items are possible"));
        }
        self.state = if outcome.gaps > 0 { State::FinishedWithGaps } else { State::Finished };
        self.reason = None;
        self.outcome = Some(outcome);
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::form::Fields;
    use crate::record::testing::{World, fields};

    pub const DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

    fn result(gaps: &str, hits: &str) -> Fields {
        fields([
            ("folder", "examinations/1"),
            ("examination_digest", DIGEST),
            ("items", "10"),
            ("gaps", gaps),
            ("known_hits", hits),
            ("tool_version", "pendeen 0.1.0"),
        ])
    }

    fn running(world: &mut World, exhibit: &Exhibit) -> Examination {
        let exhibit = exhibit.head.id.to_string();
        let examination: Examination =
            world.create(&fields([("exhibit", &*exhibit), ("scope", "Pictures and videos")]));
        let examination =
            world.act(&examination, "queue", &fields([("examiner", "E, imaging")])).unwrap();
        world.act(&examination, "start", &fields([])).unwrap()
    }

    pub fn finished(world: &mut World, exhibit: &Exhibit, hits: &str) -> Examination {
        let running = running(world, exhibit);
        world.act(&running, "finish", &result("0", hits)).unwrap()
    }

    fn with_examiner(world: &mut World, owner: &str) -> Exhibit {
        let case = world.case().head.id.to_string();
        let exhibit: Exhibit = world.create(&fields([
            ("case", &*case),
            ("reference", "ABC/2"),
            ("description", "Phone"),
            ("device", "phone"),
            ("owner", owner),
            ("found", "Handed over"),
            ("seized_at", "2026-06-01T07:00:00Z"),
            ("seal", "S1"),
        ]));
        let place = fields([("to", "Store"), ("seal", "S1")]);
        let exhibit = world.act(&exhibit, "store", &place).unwrap();
        world.act(&exhibit, "to_examiner", &place).unwrap()
    }

    #[test]
    fn a_run_with_gaps_says_so_in_its_state() {
        let mut world = World::new();
        let exhibit = with_examiner(&mut world, "suspect");
        let running = running(&mut world, &exhibit);
        let clean = world.act(&running, "finish", &result("0", "1")).unwrap();
        assert_eq!(clean.state(), "finished");
        let gaps = world.act(&running, "finish", &result("2", "1")).unwrap();
        assert_eq!(gaps.state(), "finished_with_gaps");
    }

    #[test]
    fn a_victims_device_is_examined_only_after_notice_and_agreement() {
        let mut world = World::new();
        let exhibit = with_examiner(&mut world, "victim").head.id.to_string();
        let refusal = world
            .try_create::<Examination>(&fields([("exhibit", &*exhibit), ("scope", "One chat")]))
            .unwrap_err();
        assert!(matches!(refusal, Refusal::Missing { .. }));
        world.create::<Examination>(&fields([
            ("exhibit", &*exhibit),
            ("scope", "One chat"),
            ("notice", "Given and agreed on 1 June"),
        ]));
    }

    #[test]
    fn an_exhibit_in_the_store_is_not_examined() {
        let mut world = World::new();
        let exhibit = with_examiner(&mut world, "suspect");
        let back =
            world.act(&exhibit, "store", &fields([("to", "Store"), ("seal", "S1")])).unwrap();
        let examination: Examination =
            world.create(&fields([("exhibit", &*back.head.id.to_string()), ("scope", "Pictures")]));
        let queued = world.act(&examination, "queue", &fields([("examiner", "E")])).unwrap();
        assert!(matches!(world.act(&queued, "start", &fields([])), Err(Refusal::Missing { .. })));
    }

    #[test]
    fn more_hits_than_items_are_refused() {
        let mut world = World::new();
        let exhibit = with_examiner(&mut world, "suspect");
        let running = running(&mut world, &exhibit);
        assert!(world.act(&running, "finish", &result("0", "11")).is_err());
    }
}
