//! Ties: what a person, a thing or an event has to do with other records.
//!
//! In: a record that the form names, and in words what the two are to each other ("keeper",
//! "mother of"). Out: links, and a line for each tie. The first tie gives a new record its
//! force, its operation and its restriction. Refused: a record of another force, one that other
//! people may know of (a tie to it would tell them), and to take the last tie away.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Act, ActContext, Head, Kind, Link, REASON, Signed};
use crate::form::{Field, Input, Refusal};

/// What can be tied: where people, things and events are met.
const TIED: &[Kind] = &[
    Kind::Case,
    Kind::Subject,
    Kind::Premises,
    Kind::Search,
    Kind::Arrest,
    Kind::Child,
    Kind::Exhibit,
    Kind::Nominal,
    Kind::Vehicle,
    Kind::Device,
    Kind::Event,
];

/// What a new record belongs to.
pub const ON: Field = Field::required("on", "Belongs to", Input::AnyOf(TIED));
/// What the two are to each other.
pub const RELATION: Field = Field::optional("relation", "What it has to do with that", Input::Text)
    .hint("Such as keeper, lives there, mother of");
/// Ties the record to one more.
pub const CONNECT: Act = Act {
    name: "connect",
    label: "Connect with another record",
    from: &["recorded"],
    fields: &[Field::required("on", "With which record", Input::AnyOf(TIED)), RELATION],
};
/// Takes a tie away.
pub const DISCONNECT: Act = Act {
    name: "disconnect",
    label: "Take a connection away",
    from: &["recorded"],
    fields: &[Field::required("on", "With which record", Input::AnyOf(TIED)), REASON],
};

/// One tie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Tie {
    kind: Kind,
    id: Uuid,
    relation: Option<String>,
    signed: Signed,
}

/// All ties of one record; at least one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ties(Vec<Tie>);

impl Ties {
    /// The first tie of a new record, whose head becomes part of the other's work.
    pub fn first(head: &mut Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let on = context.related.any(context.fields, "on")?;
        head.belong_to("on", on.head())?;
        Ok(Self(vec![Tie::read(context)?]))
    }

    /// Does [`CONNECT`] or [`DISCONNECT`].
    pub fn apply(
        &mut self,
        act: &str,
        head: &Head,
        context: &ActContext<'_>,
    ) -> Result<(), Refusal> {
        let on = context.related.any(context.fields, "on")?.head();
        let others = self.0.iter().filter(|tie| tie.id != on.id).cloned();
        match act {
            "connect" => {
                let ours = on.force == head.force && on.restriction == head.restriction;
                if !ours || on.id == head.id {
                    return Err(Refusal::field("on", "choose another record of the same work"));
                }
                self.0 = others.chain([Tie::read(context)?]).collect();
            }
            "disconnect" => {
                let left: Vec<_> = others.collect();
                if left.is_empty() {
                    return Err(Refusal::field("on", "connect it with another record first"));
                }
                if left.len() == self.0.len() {
                    return Err(Refusal::field("on", "choose a record that it is connected with"));
                }
                self.0 = left;
            }
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        Ok(())
    }

    /// A link for each tie, called after the kind of the other record.
    pub fn links(&self) -> Vec<Link> {
        let link = |tie: &Tie| Link { role: tie.kind.key(), kind: tie.kind, to: tie.id };
        self.0.iter().map(link).collect()
    }

    /// What the ties are, in words; those without words are links only.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let worded = self.0.iter().filter_map(|tie| Some((tie.kind, tie.relation.as_ref()?)));
        worded.map(|(kind, relation)| format!("{}: {relation}", kind.label()))
    }
}

impl Tie {
    fn read(context: &ActContext<'_>) -> Result<Self, Refusal> {
        let (kind, id) = context.fields.any_record("on")?;
        let relation = context.fields.get("relation").map(str::to_owned);
        Ok(Self { kind, id, relation, signed: Signed::now(context) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{World, fields};
    use super::super::vehicle::Vehicle;
    use super::super::{Head, Kind, Record, Restriction};
    use crate::person::Role;

    #[test]
    fn a_tie_is_taken_away_again_but_never_the_last_one() {
        let mut world = World::new();
        let case = format!("case/{}", world.case().head.id);
        let premises = world.premises();
        let there = format!("premises/{}", premises.head.id);
        let car: Vehicle = world.create(&fields([("on", &*case), ("registration", "ab12cde")]));
        let tied = fields([("on", &*there), ("relation", "Parked there")]);
        let car = world.act(&car, "connect", &tied).unwrap();
        assert_eq!(car.links().len(), 2);
        let away = fields([("on", &*there), ("reason", "Another car")]);
        let car = world.act(&car, "disconnect", &away).unwrap();
        assert_eq!((car.links().len(), car.links()[0].kind), (1, Kind::Case));
        let last = fields([("on", &*case), ("reason", "Unknown")]);
        assert!(world.act(&car, "disconnect", &last).is_err());
    }

    #[test]
    fn nothing_is_tied_to_a_record_that_fewer_people_may_know_of() {
        let mut world = World::new();
        let case = format!("case/{}", world.case().head.id);
        let car: Vehicle = world.create(&fields([("on", &*case), ("registration", "ab12cde")]));
        let premises = world.premises();
        let there = fields([("on", &*format!("premises/{}", premises.head.id))]);
        let restriction = Restriction::Role(Role::Examiner);
        let head = Head { restriction, ..premises.head.clone() };
        world.put(super::super::premises::Premises { head, ..premises });
        assert!(world.act(&car, "connect", &there).is_err());
    }
}
