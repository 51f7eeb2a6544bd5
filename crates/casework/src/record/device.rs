//! A device that is known of and not, or not yet, in the hands of the police.
//!
//! States: recorded. What is seized is an exhibit with its custody; this record says what was
//! known before, and a connection with the exhibit says that it is the same thing. Numbers are
//! kept as digits alone, so that they are found however they are written. An IMEI has 15 digits,
//! of which the last checks the others (3GPP TS 23.003, section 6.2.1).

use serde::{Deserialize, Serialize};

use super::exhibit;
use super::ties::{self, Ties};
use super::{Act, ActContext, Detail, Facet, Finding, Head, Kind, Lines, Link, Next, Record};
use crate::form::{Field, Fields, Input, Refusal};

states! {
    /// Where a device stands.
    Recorded = "recorded" => [], "Known of.";
}

/// A device.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Device {
    /// What every record has.
    pub head: Head,
    /// Where it stands.
    pub state: State,
    /// What it has to do with; an exhibit, where it was seized.
    pub ties: Ties,
    /// What sort of thing.
    pub kind: exhibit::Device,
    /// Make and model.
    pub make: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// International mobile equipment identity: 15 digits.
    pub imei: Option<String>,
    /// Telephone number: digits, perhaps after a plus.
    pub number: Option<String>,
    /// What is known, oldest first.
    pub findings: Vec<Finding>,
}

impl Record for Device {
    standing!();
    const KIND: Kind = Kind::Device;
    const CREATE: &'static [Field] = &[
        ties::ON,
        ties::RELATION,
        Field::required("kind", "Kind", Input::Choice(exhibit::Device::CHOICES)),
        Field::optional("make", "Make and model", Input::Text),
        Field::optional("serial", "Serial number", Input::Text),
        Field::optional("imei", "IMEI", Input::Text).hint("15 digits"),
        Field::optional("number", "Telephone number", Input::Text),
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
        let parts = [self.make.as_ref(), self.number.as_ref(), self.imei.as_ref()];
        let told = parts.into_iter().flatten().fold(String::new(), |all, part| all + ", " + part);
        format!("{}{told}", self.kind)
    }

    fn details(&self) -> Vec<Detail> {
        Lines::new()
            .line("Kind", self.kind)
            .each("Make and model", &self.make)
            .each("Serial number", &self.serial)
            .each("IMEI", &self.imei)
            .each("Telephone number", &self.number)
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
        let mut facets = vec![Facet::new("device", self.kind.key())];
        facets.extend(self.serial.iter().map(|serial| Facet::new("serial", serial.to_uppercase())));
        facets.extend(self.imei.iter().map(|imei| Facet::new("imei", &**imei)));
        facets.extend(self.number.iter().map(|number| Facet::new("phone", &**number)));
        facets
    }

    fn next(&self) -> Option<Next> {
        None
    }

    fn create(mut head: Head, context: &ActContext<'_>) -> Result<Self, Refusal> {
        let fields = context.fields;
        Ok(Self {
            ties: Ties::first(&mut head, context)?,
            head,
            state: State::Recorded,
            kind: fields.choice("kind")?,
            make: fields.get("make").map(str::to_owned),
            serial: fields.get("serial").map(str::to_owned),
            imei: fields.if_given("imei", imei)?,
            number: fields.if_given("number", number)?,
            findings: Vec::new(),
        })
    }

    fn apply(&mut self, act: &str, context: &ActContext<'_>) -> Result<(), Refusal> {
        match act {
            "add_finding" => self.findings.push(Finding::read(context.fields)?),
            other => self.ties.apply(other, &self.head, context)?,
        }
        Ok(())
    }
}

/// Whether a character may stand between the digits of a number.
fn between(c: char) -> bool {
    matches!(c, ' ' | '-' | '(' | ')' | '/' | '.')
}

fn number(fields: &Fields, name: &str) -> Result<String, Refusal> {
    let number: String = fields.text(name)?.chars().filter(|c| !between(*c)).collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    if (3..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(number);
    }
    Err(Refusal::field(name, "enter 3 to 15 digits, perhaps after a plus"))
}

/// The last digit makes the sum divisible by ten when every second digit counts twice, digit by
/// digit (Luhn, ISO/IEC 7812-1 annex B).
fn imei(fields: &Fields, name: &str) -> Result<String, Refusal> {
    let wrong = Refusal::field(name, "enter the 15 digits as the device shows them (dial *#06#)");
    let imei: String = fields.text(name)?.chars().filter(|c| !between(*c)).collect();
    if imei.len() != 15 || !imei.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong);
    }
    let digits = imei.bytes().map(|b| u32::from(b - b'0')).enumerate();
    let sum: u32 = digits
        .map(|(i, digit)| match i % 2 {
            0 => digit,
            _ => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    if sum.is_multiple_of(10) { Ok(imei) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{World, fields};

    #[test]
    fn numbers_are_kept_as_digits_and_an_imei_that_does_not_check_is_refused() {
        let mut world = World::new();
        let on = format!("case/{}", world.case().head.id);
        let phone = |imei, number| {
            fields([("on", &*on), ("kind", "phone"), ("imei", imei), ("number", number)])
        };
        let device: Device = world.create(&phone("49-015420-323751-8", "+44 (1752) 496-000"));
        assert!(device.facets().contains(&Facet::new("imei", "490154203237518")));
        assert!(device.facets().contains(&Facet::new("phone", "+441752496000")));
        for wrong in ["490154203237517", "49015420323751", "49015420323751A"] {
            assert!(world.try_create::<Device>(&phone(wrong, "")).is_err(), "{wrong}");
        }
        for wrong in ["12", "+", "01752x49600", "1234567890123456"] {
            assert!(world.try_create::<Device>(&phone("", wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_device_that_was_seized_is_connected_with_its_exhibit() {
        let mut world = World::new();
        let case = world.case().head.id.to_string();
        let exhibit: exhibit::Exhibit = world.create(&fields([
            ("case", &*case),
            ("reference", "ABC/1"),
            ("description", "Phone"),
            ("device", "phone"),
            ("owner", "suspect"),
            ("found", "Desk"),
            ("seized_at", "2026-06-01T08:00:00Z"),
            ("seal", "S1"),
        ]));
        let on = format!("case/{case}");
        let device: Device = world.create(&fields([("on", &*on), ("kind", "phone")]));
        let same = format!("exhibit/{}", exhibit.head.id);
        let same = fields([("on", &*same), ("relation", "The same thing")]);
        let device = world.act(&device, "connect", &same).unwrap();
        assert!(device.links().iter().any(|l| l.role == "exhibit" && l.to == exhibit.head.id));
    }
}
