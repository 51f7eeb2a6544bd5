//! "The same person": somebody's statement that two records are about one human being.
//!
//! States: asserted -> confirmed, rejected, undone; confirmed -> undone. Nothing is merged: both
//! records stay themselves, the statement has an author, a reason and evidence, and it can be
//! undone and asserted again with a reason each time. Whoever confirms or rejects it is not its
//! author. Of two records there is one statement, whichever is named first, so that what was
//! decided is never asked again: a second one is refused and names the first.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Act, ActContext, Detail, Facet, Head, Kind, Lines, Link, Need, Next, REASON, Record, Signed, Signing,
    Urgency,
};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::Role;

states! {
    /// Where a statement stands.
    Asserted = "asserted" => [Confirmed, Rejected, Undone],
        "Somebody says that the two are one person.";
    Confirmed = "confirmed" => [Undone], "A second person has looked at the evidence and agrees.";
    Rejected = "rejected" => [Asserted], "A second person has looked at the evidence and does not.";
    Undone = "undone" => [Asserted], "Taken back, with a reason.";
}

/// What can be said to be the same person.
const PEOPLE: &[Kind] = &[Kind::Subject, Kind::Nominal];
const ONE: Field = Field::required("one", "This person", Input::AnyOf(PEOPLE));
const OTHER: Field = Field::required("other", "is the same as", Input::AnyOf(PEOPLE));
const EVIDENCE: Field = Field::required("evidence", "Evidence", Input::LongText)
    .hint("What both records have that only one person can have, and what speaks against it");

/// The role of the link to the first record, and to the second.
const ROLES: [&str; 2] = ["one", "other"];

/// One of the two records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Its kind.
    pub kind: Kind,
    /// It.
    pub id: Uuid,
    /// Its number, which tells nothing of it to those who may not see it.
    pub number: String,
}

/// The statement.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SamePerson {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The two records, in the order in which they were named.
    pub ends: [End; 2],
    /// Why it is thought so.
    pub reason: String,
    /// What it rests on.
    pub evidence: String,
    /// Who asserted it, last.
    pub asserted: Signed,
    /// Who agreed or did not.
    pub decided: Option<Signed>,
    /// Why it was rejected, undone or asserted again.
    pub since: Option<String>,
}

impl SamePerson {
    /// The other record, as seen from one of the two.
    pub fn other_than(&self, id: Uuid) -> Option<&End> {
        match &self.ends {
            [one, other] if one.id == id => Some(other),
            [one, other] if other.id == id => Some(one),
            _ => None,
        }
    }

    /// Whether it holds: asserted or confirmed.
    pub fn holds(&self) -> bool {
        matches!(self.state, State::Asserted | State::Confirmed)
    }
}

fn ends(fields: &Fields) -> Result<[(Kind, Uuid); 2], Refusal> {
    Ok([fields.any_record(ONE.name)?, fields.any_record(OTHER.name)?])
}

impl Record for SamePerson {
    const KIND: Kind = Kind::SamePerson;
    const CREATE: &'static [Field] = &[ONE, OTHER, REASON, EVIDENCE];
    const SIGNINGS: &'static [Signing] = &[
        Signing {
            act: "confirm",
            refuses: Some("reject"),
            waits: &["asserted"],
            only: None,
            path: "decided.by",
        },
    ];
    const ACTS: &'static [Act] = &[
        Act { name: "confirm", label: "Confirm", from: &["asserted"], fields: &[] },
        Act { name: "reject", label: "Reject", from: &["asserted"], fields: &[REASON] },
        Act { name: "undo", label: "Undo", from: &["asserted", "confirmed"], fields: &[REASON] },
        Act {
            name: "assert_again",
            label: "Assert again",
            from: &["rejected", "undone"],
            fields: &[REASON, EVIDENCE],
        },
    ];
    const SEALED: &'static [&'static str] = &["confirmed", "rejected", "undone"];
    const FOUR_EYES: &'static [(&'static str, &'static str)] = &[("asserted.by", "decided.by")];
    standing!();

    fn title(&self) -> String {
        format!("{} and {}: the same person", self.ends[0].number, self.ends[1].number)
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .line("One record", &self.ends[0].number)
            .line("The other record", &self.ends[1].number)
            .line("Why", &self.reason)
            .line("Evidence", &self.evidence)
            .line("Asserted", &self.asserted)
            .each("Decided", &self.decided)
            .each("Last decision", &self.since)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        let link = |(role, end): (&'static str, &End)| Link { role, kind: end.kind, to: end.id };
        ROLES.into_iter().zip(&self.ends).map(link).collect()
    }

    fn part_of(&self) -> Option<Link> {
        None
    }

    fn facets(&self) -> Vec<Facet> {
        vec![Facet::flag("holds", self.holds())]
    }

    fn next(&self) -> Option<Next> {
        (self.state == State::Asserted).then(|| Next {
            role: Role::IntelligenceOfficer,
            what: "Confirm or reject that the two are the same person".to_owned(),
            due: None,
            urgency: Urgency::Medium,
        })
    }

    fn create_needs(fields: &Fields) -> Vec<Need> {
        let Ok(ends) = ends(fields) else { return Vec::new() };
        let leading_to =
            |(_, to)| ROLES.map(|role| Need::LinkedTo { kind: Kind::SamePerson, role, to });
        ends.into_iter().flat_map(leading_to).collect()
    }

    fn joins(&self, act: &str) -> bool {
        matches!(act, "create" | "confirm" | "undo" | "assert_again")
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let named = ends(context.fields)?;
        if named[0].1 == named[1].1 {
            return Err(Refusal::field(OTHER.name, "choose another record than the first"));
        }
        let both = |known: &Self| named.iter().all(|(_, id)| known.other_than(*id).is_some());
        let known = context.related.all::<Self>();
        if let Some(decided) =
            known.into_iter().find(|known| known.head.id != head.id && both(known))
        {
            let problem = format!("was decided on before: see {}", decided.head.number);
            return Err(Refusal::field(OTHER.name, problem));
        }
        let one = context.related.any(context.fields, ONE.name)?;
        let other = context.related.any(context.fields, OTHER.name)?;
        head.belong_to(ONE.name, one.head())?;
        if other.head().restriction != head.restriction {
            // Whoever sees one of the two would learn of the other.
            return Err(Refusal::field(OTHER.name, "choose a record that the same people may see"));
        }
        let end = |record: &super::AnyRecord| End {
            kind: record.kind(),
            id: record.head().id,
            number: record.head().number.clone(),
        };
        Ok(Self {
            state: State::Asserted,
            ends: [end(one), end(other)],
            reason: context.fields.text("reason")?,
            evidence: context.fields.text("evidence")?,
            asserted: Signed { by: head.author, name: head.author_name.clone(), at: head.created },
            decided: None,
            since: None,
            head,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "confirm" => self.decide(State::Confirmed, "the confirmation", context)?,
            "reject" => self.decide(State::Rejected, "the rejection", context)?,
            "undo" => self.state = State::Undone,
            "assert_again" => {
                self.evidence = context.fields.text("evidence")?;
                (self.asserted, self.decided) = (Signed::now(context), None);
                self.state = State::Asserted;
            }
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        self.since = context.fields.get("reason").map(str::to_owned).or(self.since.take());
        Ok(())
    }
}

impl SamePerson {
    fn decide(
        &mut self,
        state: State,
        step: &str,
        context: &ActContext<'_>,
    ) -> Result<(), Refusal> {
        self.asserted.differs(step, context.by)?;
        self.decided = Some(Signed::now(context));
        self.state = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::subject::Subject;
    use crate::record::testing::{World, fields};

    fn named(one: &Subject, other: &Subject) -> Fields {
        let of = |subject: &Subject| format!("subject/{}", subject.head.id);
        fields([
            ("one", &*of(one)),
            ("other", &*of(other)),
            ("reason", "The same telephone"),
            ("evidence", "Both gave it to different services"),
        ])
    }

    fn world() -> (World, Subject, Subject, SamePerson) {
        let mut world = World::new();
        let (one, other) = (world.subject(), world.subject());
        let asserted = world.create::<SamePerson>(&named(&one, &other));
        (world, one, other, asserted)
    }

    #[test]
    fn a_statement_is_decided_by_someone_other_than_its_author() {
        let (mut world, _, _, asserted) = world();
        let own = world.act(&asserted, "confirm", &fields([]));
        assert!(matches!(own, Err(Refusal::SamePerson { .. })), "{own:?}");
        world.officer(2);
        let confirmed = world.act(&asserted, "confirm", &fields([])).unwrap();
        assert!(confirmed.holds());
        let undone = world.act(&confirmed, "undo", &fields([("reason", "Two people")])).unwrap();
        assert!(!undone.holds());
        assert_eq!(undone.since.as_deref(), Some("Two people"));
    }

    #[test]
    fn what_was_decided_is_not_asked_again_whichever_is_named_first() {
        let (mut world, one, other, asserted) = world();
        world.officer(2);
        world.act(&asserted, "reject", &fields([("reason", "Different births")])).unwrap();
        for again in [named(&one, &other), named(&other, &one)] {
            let refusal = world.try_create::<SamePerson>(&again).unwrap_err();
            assert!(refusal.to_string().contains(&asserted.head.number), "{refusal}");
        }
        let third = world.subject();
        assert!(world.try_create::<SamePerson>(&named(&one, &third)).is_ok());
    }

    #[test]
    fn an_undone_statement_can_be_asserted_again_by_somebody_and_decided_by_another() {
        let (mut world, _, _, asserted) = world();
        let undone = world.act(&asserted, "undo", &fields([("reason", "A mistake")])).unwrap();
        world.officer(2);
        let new = fields([("reason", "A second telephone"), ("evidence", "Bill")]);
        let again = world.act(&undone, "assert_again", &new).unwrap();
        assert!(world.act(&again, "confirm", &fields([])).is_err(), "who asserted it again");
        world.officer(1);
        assert!(world.act(&again, "confirm", &fields([])).unwrap().holds());
    }

    #[test]
    fn nobody_is_the_same_person_as_themselves_by_a_statement() {
        let (mut world, one, ..) = world();
        assert!(world.try_create::<SamePerson>(&named(&one, &one)).is_err());
    }
}
