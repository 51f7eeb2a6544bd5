//! Numbers by which other systems know a record: custody, crime, URN, PNC.
//!
//! In: a system and its number. Refused: a number that the record has already, and one that is
//! not of the system's shape where that is fixed: a PNC number (`2014/123456X`: year, serial,
//! check letter) and a URN (force, unit, serial and year: eleven letters and digits, of which
//! the first two and the last seven are digits).

use serde::{Deserialize, Serialize};

use crate::form::{Field, Fields, Input, Refusal};

choices! {
    /// Whose number it is.
    System {
        Custody = "custody", "Custody record";
        Crime = "crime", "Crime number";
        Urn = "urn", "Unique reference number (URN)";
        Pnc = "pnc", "PNC number";
        Court = "court", "Court case number";
        Other = "other", "Other system";
    }
}

/// What another system calls this record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number {
    /// Whose number.
    pub system: System,
    /// The number.
    pub number: String,
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.system, self.number)
    }
}

impl Number {
    /// The act's name.
    pub const ACT: &'static str = "add_number";
    /// What its button says.
    pub const LABEL: &'static str = "Add a number of another system";
    /// What it asks for.
    pub const FIELDS: &'static [Field] = &[
        Field::required("system", "System", Input::Choice(System::CHOICES)),
        Field::required("number", "Number there", Input::Text),
    ];

    /// Adds the number that the form gives.
    pub fn add(numbers: &mut Vec<Self>, fields: &Fields) -> Result<(), Refusal> {
        let new = Self {
            system: fields.choice("system")?,
            number: fields.text("number")?.to_uppercase(),
        };
        new.check()?;
        if numbers.contains(&new) {
            return Err(Refusal::field("number", "this number is recorded already"));
        }
        numbers.push(new);
        Ok(())
    }

    fn check(&self) -> Result<(), Refusal> {
        let wanted = match self.system {
            System::Pnc if !pnc(&self.number) => "enter a PNC number like 2014/123456X",
            System::Urn if !urn(&self.number) => "enter a URN like 50AB0042626",
            _ => return Ok(()),
        };
        Err(Refusal::field("number", wanted))
    }
}

fn pnc(text: &str) -> bool {
    let Some((year, serial)) = text.split_once('/') else { return false };
    let Some((digits, letter)) = serial.split_at_checked(serial.len().saturating_sub(1)) else {
        return false;
    };
    matches!(year.len(), 2 | 4)
        && (1..=7).contains(&digits.len())
        && year.bytes().chain(digits.bytes()).all(|b| b.is_ascii_digit())
        && letter.bytes().all(|b| b.is_ascii_uppercase())
}

fn urn(text: &str) -> bool {
    text.len() == 11
        && text.bytes().enumerate().all(|(i, b)| match i {
            2 | 3 => b.is_ascii_alphanumeric(),
            _ => b.is_ascii_digit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::fields;

    fn add(numbers: &mut Vec<Number>, system: &str, number: &str) -> Result<(), Refusal> {
        Number::add(numbers, &fields([("system", system), ("number", number)]))
    }

    #[test]
    fn numbers_of_a_fixed_shape_are_checked_and_others_are_kept_as_they_are() {
        for (system, number, good) in [
            ("pnc", "2014/123456X", true),
            ("pnc", "14/1x", true),
            ("pnc", "2014-123456X", false),
            ("pnc", "2014/123456", false),
            ("pnc", "2014/é", false),
            ("urn", "50DM0042626", true),
            ("urn", "50DM004262", false),
            ("crime", "CR/000042/26", true),
            ("custody", "42", true),
        ] {
            assert_eq!(add(&mut Vec::new(), system, number).is_ok(), good, "{system} {number}");
        }
    }

    #[test]
    fn the_same_number_is_not_recorded_twice() {
        let mut numbers = Vec::new();
        add(&mut numbers, "crime", "cr/1").unwrap();
        assert!(add(&mut numbers, "crime", "CR/1").is_err());
        assert!(add(&mut numbers, "custody", "CR/1").is_ok());
        assert_eq!(numbers.len(), 2);
    }
}
