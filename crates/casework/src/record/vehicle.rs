//! A vehicle that has to do with the work: whose it is, what it looks like, where it was seen.
//!
//! States: recorded. The registration is kept as letters and digits alone, so that it is found
//! however it is written; pages show a current British one with its space. A vehicle of which
//! only the look is known has none.

use serde::{Deserialize, Serialize};

use super::ties::{self, Ties};
use super::{Act, ActContext, Detail, Facet, Finding, Head, Kind, Lines, Link, Next, Record};
use crate::form::{Field, Fields, Input, Refusal};

states! {
    /// Where a vehicle stands.
    Recorded = "recorded" => [], "Known.";
}

/// A vehicle.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Vehicle {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// What it has to do with.
    pub ties: Ties,
    /// Registration: capital letters and digits, no spaces.
    pub plate: Option<String>,
    /// Make and model.
    pub make: Option<String>,
    /// Colour.
    pub colour: Option<String>,
    /// What is known, oldest first.
    pub findings: Vec<Finding>,
}

impl Record for Vehicle {
    standing!();
    const KIND: Kind = Kind::Vehicle;
    const CREATE: &'static [Field] = &[
        ties::ON,
        ties::RELATION,
        Field::optional("registration", "Registration", Input::Text).hint("Such as AB12 CDE"),
        Field::optional("make", "Make and model", Input::Text),
        Field::optional("colour", "Colour", Input::Text),
    ];
    const ACTS: &'static [Act] = &[
        Act {
            name: "add_finding",
            label: "Add what is known",
            from: &["recorded"],
            fields: &[Finding::TEXT, Finding::SOURCE, Finding::DATE, Finding::BASIS],
        },
        ties::CONNECT,
        ties::DISCONNECT,
    ];

    fn title(&self) -> String {
        let plate = self.plate.as_deref().map(spaced);
        let looks = [self.colour.clone(), self.make.clone()].into_iter().flatten();
        let looks = looks.collect::<Vec<_>>().join(" ");
        match plate {
            Some(plate) if looks.is_empty() => plate,
            Some(plate) => format!("{plate}, {looks}"),
            None => looks,
        }
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .each("Registration", self.plate.as_deref().map(spaced))
            .each("Make and model", &self.make)
            .each("Colour", &self.colour)
            .each("Known", &self.findings)
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
        self.plate.iter().map(|plate| Facet::new("plate", &**plate)).collect()
    }

    fn next(&self) -> Option<Next> {
        None
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let fields = context.fields;
        let vehicle = Self {
            ties: Ties::first(&mut head, context)?,
            head,
            state: State::Recorded,
            plate: fields.if_given("registration", plate)?,
            make: fields.get("make").map(str::to_owned),
            colour: fields.get("colour").map(str::to_owned),
            findings: Vec::new(),
        };
        if vehicle.title().is_empty() {
            return Err(Refusal::field("registration", "enter it, or the make or colour"));
        }
        Ok(vehicle)
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "add_finding" => self.findings.push(Finding::read(context.fields)?),
            other => self.ties.apply(other, &self.head, context)?,
        }
        Ok(())
    }
}

/// A registration as letters and digits alone: two to ten of them.
fn plate(fields: &Fields, name: &str) -> Result<String, Refusal> {
    let wrong = || Refusal::field(name, "enter letters and digits, such as AB12 CDE");
    let text = fields.text(name)?.to_uppercase();
    let plate: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let strange = text.chars().any(|c| !c.is_ascii_alphanumeric() && !matches!(c, ' ' | '-'));
    if strange || !(2..=10).contains(&plate.len()) { Err(wrong()) } else { Ok(plate) }
}

/// A registration as people write it: those of the present British form (two letters, two
/// digits, three letters) with a space.
fn spaced(plate: &str) -> String {
    let bytes = plate.as_bytes();
    let of = |range: std::ops::Range<usize>, is: fn(&u8) -> bool| {
        bytes.get(range).is_some_and(|part| part.iter().all(is))
    };
    let letter = u8::is_ascii_alphabetic;
    let british =
        bytes.len() == 7 && of(0..2, letter) && of(2..4, u8::is_ascii_digit) && of(4..7, letter);
    match plate.split_at_checked(4) {
        Some((area, rest)) if british => format!("{area} {rest}"),
        _ => plate.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{World, fields};

    #[test]
    fn a_registration_is_found_however_it_was_written() {
        let mut world = World::new();
        let on = format!("case/{}", world.case().head.id);
        for written in ["AB12 CDE", "ab12cde", "ab12-cde"] {
            let car: Vehicle = world.create(&fields([
                ("on", &*on),
                ("registration", written),
                ("make", "Van"),
                ("colour", "Blue"),
            ]));
            assert_eq!(car.facets(), [Facet::new("plate", "AB12CDE")]);
            assert_eq!(car.title(), "AB12 CDE, Blue Van");
        }
    }

    #[test]
    fn a_vehicle_of_which_nothing_is_known_and_a_strange_registration_are_refused() {
        let mut world = World::new();
        let on = format!("case/{}", world.case().head.id);
        for wrong in ["", "A", "AB12<CDE", "ABCDEFGHIJK", "Ä1 1"] {
            let form = fields([("on", &*on), ("registration", wrong)]);
            assert!(world.try_create::<Vehicle>(&form).is_err(), "{wrong}");
        }
        let seen = fields([("on", &*on), ("colour", "White")]);
        assert_eq!(world.create::<Vehicle>(&seen).title(), "White");
    }
}
