//! A nominal: a person who is not under investigation but has to do with the work, such as a
//! member of the household, a witness, an appropriate adult or a child's carer.
//!
//! States: recorded. A suspect is a subject and a child at risk is a child: neither is a
//! nominal. Support offered to the person is kept here; a child's own is kept with the child.

use jiff::civil;
use serde::{Deserialize, Serialize};

use super::support::{self, Offer};
use super::ties::{self, Ties};
use super::{Act, ActContext, Detail, Facet, Finding, Head, Kind, Lines, Link, Next, Record, day};
use crate::form::{Field, Input, Refusal};

states! {
    /// Where a nominal stands.
    Recorded = "recorded" => [], "Known.";
}

choices! {
    /// What the person is in this work.
    Part {
        Household = "household", "Member of a household";
        Carer = "carer", "Parent or carer of a child";
        Witness = "witness", "Witness";
        AppropriateAdult = "appropriate_adult", "Appropriate adult";
        Informant = "informant", "Told the police";
        Professional = "professional", "Professional, such as a social worker";
        Other = "other", "Other";
    }
}

/// A person who is not under investigation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Nominal {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// What the person has to do with.
    pub ties: Ties,
    /// The name as best known.
    pub name: String,
    /// Names used before or beside it.
    pub other_names: Option<String>,
    /// Date of birth.
    pub date_of_birth: Option<civil::Date>,
    /// What the person is in this work.
    pub part: Part,
    /// How the person is reached.
    pub contact: Option<String>,
    /// What must be known before anybody speaks with the person: language, disability, fear.
    pub needs: Option<String>,
    /// What is known, oldest first.
    pub findings: Vec<Finding>,
    /// Support that was offered.
    pub support: Vec<Offer>,
}

impl Record for Nominal {
    standing!();
    const KIND: Kind = Kind::Nominal;
    const CREATE: &'static [Field] = &[
        ties::ON,
        ties::RELATION,
        Field::required("name", "Name as best known", Input::Text),
        Field::optional("other_names", "Other names", Input::Text),
        Field::optional("date_of_birth", "Date of birth", Input::Date),
        Field::required("part", "What the person is here", Input::Choice(Part::CHOICES)),
        Field::optional("contact", "How to reach the person", Input::LongText),
        Field::optional("needs", "What to know before speaking with the person", Input::LongText)
            .hint("Language, disability, safety"),
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "add_finding",
            label: "Add what is known",
            from: &["recorded"],
            fields: &[Finding::TEXT, Finding::SOURCE, Finding::DATE, Finding::BASIS],
        },
        Act {
            name: "offer_support",
            label: "Record support offered",
            from: &["recorded"],
            fields: support::FIELDS,
        },
        ties::CONNECT,
        ties::DISCONNECT,
    ];

    fn title(&self) -> String {
        match self.date_of_birth {
            Some(born) => format!("{}, born {}", self.name, day(born)),
            None => self.name.clone(),
        }
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .line("Name as best known", &self.name)
            .each("Other names", &self.other_names)
            .each("Date of birth", self.date_of_birth.map(day))
            .line("What the person is here", self.part)
            .each("How to reach the person", &self.contact)
            .each("What to know before speaking with the person", &self.needs)
            .each("Known", &self.findings)
            .each("Support offered", &self.support)
            .each("Connected", self.ties.lines())
            .done()
    }

    fn links(&self) -> Vec<Link> {
        self.ties.links()
    }

    fn part_of(&self) -> Option<Link> {
        self.links().into_iter().next()
    }

    fn facets(&self) -> Vec<Facet> {
        let mut facets = vec![
            Facet::new("part", self.part.key()),
            Facet::flag("support_offered", !self.support.is_empty()),
        ];
        facets.extend(self.other_names.as_ref().map(|names| Facet::new("other_names", &**names)));
        facets
    }

    fn next(&self) -> Option<Next> {
        None
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let fields = context.fields;
        let date_of_birth = fields.if_given("date_of_birth", crate::form::Fields::date)?;
        if date_of_birth.is_some_and(|born| born > super::uk_date(head.created)) {
            return Err(Refusal::field("date_of_birth", "enter a date that is not in the future"));
        }
        Ok(Self {
            ties: Ties::first(&mut head, context)?,
            head,
            state: State::Recorded,
            name: fields.text("name")?,
            other_names: fields.get("other_names").map(str::to_owned),
            date_of_birth,
            part: fields.choice("part")?,
            contact: fields.get("contact").map(str::to_owned),
            needs: fields.get("needs").map(str::to_owned),
            findings: Vec::new(),
            support: Vec::new(),
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "add_finding" => self.findings.push(Finding::read(context.fields)?),
            "offer_support" => self.support.push(Offer::read(context)?),
            other => self.ties.apply(other, &self.head, context)?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{World, fields};

    #[test]
    fn a_nominal_belongs_to_the_force_and_operation_of_what_it_is_met_in() {
        let mut world = World::new();
        let case = world.case();
        let on = format!("case/{}", case.head.id);
        let born = |date| {
            fields([
                ("on", &*on),
                ("name", "Ash Sample"),
                ("part", "carer"),
                ("date_of_birth", date),
            ])
        };
        let carer: Nominal = world.create(&born("1980-02-03"));
        assert_eq!((carer.head.force, carer.links()[0].to), (case.head.force, case.head.id));
        assert_eq!(carer.title(), "Ash Sample, born 3 Feb 1980");
        assert!(world.try_create::<Nominal>(&born("2030-01-01")).is_err(), "not born yet");
    }
}
