//! Premises: one place with an address, its force, and what is known of it.
//!
//! One record for one place, whoever searches it: figures count distinct premises.
//! States: recorded.

use serde::{Deserialize, Serialize};

use super::{
    Act, ActContext, Detail, Facet, Finding, Head, Kind, Lines, Link, Next, Record,
};
use crate::form::{Field, Fields, Input, Refusal};

states! {
    /// Where premises stand.
    Recorded = "recorded" => [], "Known.";
}

choices! {
    /// What sort of place.
    PremisesKind {
        House = "house", "House";
        Flat = "flat", "Flat";
        SharedHouse = "shared_house", "Shared house";
        Business = "business", "Business";
        School = "school", "School or nursery";
        Other = "other", "Other";
    }
}

/// One place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Premises {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// The address without its postcode.
    pub address: String,
    /// The postcode, `PL1 1AA`.
    pub postcode: String,
    /// What sort of place.
    pub kind: PremisesKind,
    /// What is known of it: people, dogs, doors.
    pub findings: Vec<Finding>,
}

impl Record for Premises {
    standing!();
    const KIND: Kind = Kind::Premises;
    const CREATE: &'static [Field] = &[
        Field::required("address", "Address", Input::Text),
        Field::required("postcode", "Postcode", Input::Text),
        Field::required("kind", "Kind", Input::Choice(PremisesKind::CHOICES)),
        Field::optional("force", "Police force of the place", Input::Force),
    ];
    const ACTS: &'static [Act] = &[Act {
        name: "add_finding",
        label: "Add what is known of it",
        from: &["recorded"],
        fields: &[Finding::TEXT, Finding::SOURCE, Finding::DATE, Finding::BASIS],
    }];

    fn title(&self) -> String {
        format!("{}, {}", self.address, self.postcode)
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .line("Address", &self.address)
            .line("Postcode", &self.postcode)
            .line("Kind", self.kind)
            .each("Known", &self.findings)
            .done()
    }

    fn links(&self) -> Vec<Link> {
        Vec::new()
    }

    fn facets(&self) -> Vec<Facet> {
        vec![Facet::new("kind", self.kind.key()), Facet::new("postcode", &*self.postcode)]
    }

    fn next(&self) -> Option<Next> {
        None
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let fields = context.fields;
        if let Some(force) = fields.if_given("force", Fields::force)? {
            head.force = Some(force);
        }
        Ok(Self {
            head,
            state: State::Recorded,
            address: fields.text("address")?,
            postcode: fields.postcode("postcode")?,
            kind: fields.choice("kind")?,
            findings: Vec::new(),
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "add_finding" => self.findings.push(Finding::read(context.fields)?),
            other => return Err(Refusal::UnknownAct(other.to_owned())),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{World, fields};

    #[test]
    fn a_postcode_is_kept_in_its_usual_form_and_a_wrong_one_is_refused() {
        let mut world = World::new();
        let place =
            |postcode| fields([("address", "1 A"), ("postcode", postcode), ("kind", "flat")]);
        let premises: Premises = world.create(&place("pl11aa"));
        assert_eq!(premises.postcode, "PL1 1AA");
        for wrong in ["", "1AA", "PL1 1A", "ZZZZZ 1AA", "PL1 11A", "é1 1AA"] {
            assert!(world.try_create::<Premises>(&place(wrong)).is_err(), "{wrong}");
        }
    }
}
