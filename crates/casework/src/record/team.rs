//! A team of a force: what it is for, who is in it, and what each can do.
//!
//! States: standing -> disbanded. Members are accounts of the same force. Skills are what a
//! member was trained and found competent for; work that asks for one can be offered to those
//! who have it. That a person is in a team gives no permission: roles do.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    Act, ActContext, Colleague, Detail, Facet, Head, Kind, Lines, Link, Next, REASON, Record,
    Signed,
};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::PersonId;

states! {
    /// Where a team stands.
    Standing = "standing" => [Disbanded], "At work.";
    Disbanded = "disbanded" => [Standing], "Not at work any more, with a reason.";
}

choices! {
    /// What a member was trained and found competent for.
    Skill {
        Phones = "phones", "Examines phones";
        Computers = "computers", "Examines computers and storage";
        Grading = "grading", "Grades images";
        VictimIdentification = "victim_identification", "Identifies victims";
        ChildInterviews = "child_interviews", "Interviews children";
        SuspectInterviews = "suspect_interviews", "Interviews suspects";
        Search = "search", "Leads searches";
        FamilyLiaison = "family_liaison", "Liaises with families";
        Disclosure = "disclosure", "Discloses material";
    }
}

impl Skill {
    const ALL: [Self; 9] = [
        Self::Phones,
        Self::Computers,
        Self::Grading,
        Self::VictimIdentification,
        Self::ChildInterviews,
        Self::SuspectInterviews,
        Self::Search,
        Self::FamilyLiaison,
        Self::Disclosure,
    ];

    /// The skills ticked in a form.
    fn ticked(fields: &Fields) -> BTreeSet<Self> {
        Self::ALL.into_iter().filter(|skill| fields.ticked(skill.key())).collect()
    }
}

/// A member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Who.
    pub person: Colleague,
    /// What they can do.
    pub skills: BTreeSet<Skill>,
    /// Recorded by whom, when.
    pub signed: Signed,
}

/// A team.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Team {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// Who is in it, in the order in which they joined.
    pub members: Vec<Member>,
    /// Why it was disbanded or set up again.
    pub reason: Option<String>,
}

const MEMBER: Field = Field::required("member", "Who", Input::Person);

impl Record for Team {
    standing!();
    const KIND: Kind = Kind::Team;
    const IN_OPERATION: bool = false;
    const CREATE: &'static [Field] = &[
        Field::required("name", "Name of the team", Input::Text),
        Field::required("purpose", "What it is for", Input::LongText),
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "set_member",
            label: "Add a member, or change their skills",
            from: &["standing"],
            fields: &[
                MEMBER,
                Field::optional("phones", Skill::Phones.label(), Input::Tick),
                Field::optional("computers", Skill::Computers.label(), Input::Tick),
                Field::optional("grading", Skill::Grading.label(), Input::Tick),
                Field::optional(
                    "victim_identification",
                    Skill::VictimIdentification.label(),
                    Input::Tick,
                ),
                Field::optional("child_interviews", Skill::ChildInterviews.label(), Input::Tick),
                Field::optional(
                    "suspect_interviews",
                    Skill::SuspectInterviews.label(),
                    Input::Tick,
                ),
                Field::optional("search", Skill::Search.label(), Input::Tick),
                Field::optional("family_liaison", Skill::FamilyLiaison.label(), Input::Tick),
                Field::optional("disclosure", Skill::Disclosure.label(), Input::Tick),
            ],
        },
        Act {
            name: "remove_member",
            label: "A member leaves",
            from: &["standing"],
            fields: &[MEMBER, REASON],
        },
        Act { name: "disband", label: "Disband", from: &["standing"], fields: &[REASON] },
        Act { name: "reopen", label: "Set up again", from: &["disbanded"], fields: &[REASON] },
    ];

    fn title(&self) -> String {
        self.name.clone()
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .line("Name of the team", &self.name)
            .line("What it is for", &self.purpose)
            .each("Member", &self.members)
            .each("Reason", &self.reason)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        Vec::new()
    }

    fn facets(&self) -> Vec<Facet> {
        let mut facets = Vec::new();
        for member in &self.members {
            let id = member.person.id.0;
            facets.push(Facet::new("member", id.to_string()));
            let skills = member.skills.iter().map(|skill| skill.key());
            facets.extend(skills.map(|skill| Facet::new("member_skill", format!("{id}:{skill}"))));
        }
        facets
    }

    fn next(&self) -> Option<Next> {
        None
    }

    fn create(head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            head,
            state: State::Standing,
            name: context.fields.text("name")?,
            purpose: context.fields.text("purpose")?,
            members: Vec::new(),
            reason: None,
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "set_member" => self.set_member(context)?,
            "remove_member" => self.remove_member(context)?,
            "disband" => self.state = State::Disbanded,
            "reopen" => self.state = State::Standing,
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        self.reason = context.fields.get("reason").map(str::to_owned).or(self.reason.take());
        Ok(())
    }
}

impl Team {
    /// What a person can do, as a member of this team.
    pub fn skills(&self, person: PersonId) -> BTreeSet<Skill> {
        let member = self.members.iter().find(|member| member.person.id == person);
        member.map(|member| member.skills.clone()).unwrap_or_default()
    }

    fn set_member(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let person = context.related.colleague(context.fields, "member", self.head.force)?;
        let member = Member {
            person: Colleague::from(person),
            skills: Skill::ticked(context.fields),
            signed: Signed::now(context),
        };
        match self.members.iter_mut().find(|known| known.person.id == person.id) {
            Some(known) => *known = member,
            None => self.members.push(member),
        }
        Ok(())
    }

    /// Works for who has left the force too, whose account is not offered any more.
    fn remove_member(&mut self, context: &ActContext<'_>) -> Result<(), Refusal> {
        let id = context.fields.person("member")?;
        let before = self.members.len();
        self.members.retain(|member| member.person.id != id);
        if self.members.len() == before {
            return Err(Refusal::field("member", "choose a member of this team"));
        }
        Ok(())
    }
}

impl std::fmt::Display for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.person)?;
        let skills: Vec<_> = self.skills.iter().map(|skill| skill.label().to_lowercase()).collect();
        if skills.is_empty() { Ok(()) } else { write!(f, ": {}", skills.join(", ")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{World, fields, officer};

    #[test]
    fn a_member_is_of_the_teams_force_and_keeps_one_line_of_skills() {
        let mut world = World::new();
        world.by = officer(1, Some("E23000035"));
        let team: Team = world.create(&fields([("name", "DFU"), ("purpose", "Examinations")]));
        let (ours, theirs) = (officer(2, Some("E23000035")), officer(3, Some("E23000036")));
        world.people = vec![ours.clone(), theirs.clone()];
        let id = ours.id.0.to_string();
        let team = world.act(&team, "set_member", &fields([("member", &*id)])).unwrap();
        let skilled = fields([("member", &*id), ("phones", "yes")]);
        let team = world.act(&team, "set_member", &skilled).unwrap();
        assert_eq!(team.skills(ours.id), [Skill::Phones].into());
        assert_eq!(team.members.len(), 1);
        assert!(team.facets().contains(&Facet::new("member_skill", format!("{id}:phones"))));
        let other = fields([("member", &*theirs.id.0.to_string())]);
        assert!(world.act(&team, "set_member", &other).is_err());
        let leaving = fields([("member", &*id), ("reason", "Promoted")]);
        world.people.clear();
        let team = world.act(&team, "remove_member", &leaving).unwrap();
        assert!(team.members.is_empty());
        assert!(world.act(&team, "remove_member", &leaving).is_err());
    }
}
