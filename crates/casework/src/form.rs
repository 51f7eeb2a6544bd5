//! The fields of an act: what a page asks for, and what a person filled in.
//!
//! One description serves the page (labels, hints, widgets), the check on the server and the
//! command line, so that a new act needs no page of its own. Out of here come typed values or
//! a [`Refusal`] that names the field.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::person::Role;

/// Why an act was not done, and what would make it possible.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum Refusal {
    /// The record is in a state from which this act does not lead anywhere.
    #[error("{act} is not possible while {record} is {state}")]
    WrongState {
        /// The act's name.
        act: String,
        /// The record's title.
        record: String,
        /// Its state.
        state: String,
    },
    /// A rule asks for something that is not there yet.
    #[error("{what} is missing{}", who.map(|r| format!("; {} can supply it", r.label())).unwrap_or_default())]
    Missing {
        /// What is missing, in words.
        what: String,
        /// Who can supply it, where one role can.
        who: Option<Role>,
    },
    /// Two steps that two persons must do were asked of one.
    #[error("{step} must be done by someone other than {other}")]
    SamePerson {
        /// The step.
        step: String,
        /// Who did the step before.
        other: String,
    },
    /// A field is empty or not of its kind.
    #[error("{label}: {problem}")]
    Field {
        /// The field's name in the form.
        name: String,
        /// Its label on the page.
        label: String,
        /// What is wrong and what is wanted.
        problem: String,
    },
    /// The law that the force works under has another institution here, which is not modelled.
    #[error("{what} is not modelled for {place}: {instead}")]
    NotModelled {
        /// What is missing, with its source.
        what: String,
        /// The legal system.
        place: String,
        /// What to do meanwhile.
        instead: String,
    },
    /// The record has no such act.
    #[error("there is no act called {0}")]
    UnknownAct(String),
}

impl Refusal {
    /// The field `name` is not as wanted.
    pub fn field(name: &str, problem: impl Into<String>) -> Self {
        Self::Field {
            name: name.to_owned(),
            label: name.replace('_', " "),
            problem: problem.into(),
        }
    }

    /// Something is missing that holders of one role can supply.
    pub fn missing(what: impl Into<String>, who: impl Into<Option<Role>>) -> Self {
        Self::Missing { what: what.into(), who: who.into() }
    }

    /// The same refusal, with the label that the form gives the field.
    #[must_use]
    pub fn labelled(self, fields: &[Field]) -> Self {
        match self {
            Self::Field { name, label, problem } => {
                let known = fields.iter().find(|f| f.name == name).map(|f| f.label.to_owned());
                Self::Field { label: known.unwrap_or(label), name, problem }
            }
            other => other,
        }
    }
}

/// How a field is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// One line.
    Text,
    /// Several lines.
    LongText,
    /// A calendar date, `2026-11-24`.
    Date,
    /// A moment, `2026-11-24T09:30`, in UK local time unless it carries an offset.
    Moment,
    /// A whole number, zero or more.
    Count,
    /// One of these (value, label).
    Choice(&'static [(&'static str, &'static str)]),
    /// A police force, by key.
    Force,
    /// Another record of this kind, by id: the page offers those that the person may see.
    Record(crate::record::Kind),
    /// Another record of one of these kinds, as `kind/id`: what an action or a document is about.
    AnyOf(&'static [crate::record::Kind]),
    /// A colleague, by account: the page offers those of the person's own force.
    Person,
    /// Yes or nothing.
    Tick,
    /// Supplied by the program, never by a person: a sealed bundle's digest, an examination's
    /// totals. Pages do not show it.
    System,
}

/// One field of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The name in the form and in stored acts: stable.
    pub name: &'static str,
    /// The label on the page.
    pub label: &'static str,
    /// A sentence that helps; may be empty.
    pub hint: &'static str,
    /// The widget.
    pub input: Input,
    /// Whether it must be filled in.
    pub required: bool,
}

impl Field {
    /// A field that must be filled in.
    pub const fn required(name: &'static str, label: &'static str, input: Input) -> Self {
        Self { name, label, hint: "", input, required: true }
    }

    /// A field that may stay empty.
    pub const fn optional(name: &'static str, label: &'static str, input: Input) -> Self {
        Self { name, label, hint: "", input, required: false }
    }

    /// The kind and id of the record that was chosen in this field, if it is one for records.
    pub fn chosen(&self, fields: &Fields) -> Option<(crate::record::Kind, uuid::Uuid)> {
        match self.input {
            Input::Record(kind) => Some((kind, fields.record(self.name).ok()?)),
            Input::AnyOf(kinds) => {
                fields.any_record(self.name).ok().filter(|(kind, _)| kinds.contains(kind))
            }
            _ => None,
        }
    }

    /// The same field with a hint.
    #[must_use]
    pub const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }
}

/// What a person filled in: field name to text. Values are trimmed; empty ones count as absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fields(BTreeMap<String, String>);

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Fields {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(iter: T) -> Self {
        Self(
            iter.into_iter()
                .map(|(k, v)| (k.into(), v.into().trim().to_owned()))
                .filter(|(_, v)| !v.is_empty())
                .collect(),
        )
    }
}

impl Fields {
    /// The text of a field, if it was filled in.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Every filled-in field, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// The text of a field that must be there.
    pub fn text(&self, name: &str) -> Result<String, Refusal> {
        self.get(name).map(str::to_owned).ok_or_else(|| wrong(name, "enter a value"))
    }

    /// A calendar date, `2026-11-24`.
    pub fn date(&self, name: &str) -> Result<civil::Date, Refusal> {
        self.text(name)?.parse().map_err(|_| wrong(name, "enter a date like 2026-11-24"))
    }

    /// A moment: with an offset as written, without one in UK local time.
    pub fn moment(&self, name: &str) -> Result<Timestamp, Refusal> {
        let text = self.text(name)?;
        if let Ok(moment) = text.parse::<Timestamp>() {
            return Ok(moment);
        }
        text.parse::<civil::DateTime>()
            .ok()
            .and_then(|local| local.to_zoned_datetime(uk_zone()).ok())
            .map(|zoned| zoned.timestamp())
            .ok_or_else(|| wrong(name, "enter a date and time like 2026-11-24T09:30"))
    }

    /// A whole number, zero or more.
    pub fn count(&self, name: &str) -> Result<u32, Refusal> {
        self.text(name)?.parse().map_err(|_| wrong(name, "enter a whole number, 0 or more"))
    }

    /// Whether a tick box was ticked.
    pub fn ticked(&self, name: &str) -> bool {
        matches!(self.get(name), Some("yes" | "on" | "true"))
    }

    /// A typed choice: any serde enum whose variants are the field's values.
    pub fn choice<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, Refusal> {
        serde_json::from_value(serde_json::Value::String(self.text(name)?))
            .map_err(|_| wrong(name, "choose one of the values offered"))
    }

    /// A police force, by key.
    pub fn force(&self, name: &str) -> Result<crate::force::ForceKey, Refusal> {
        crate::force::ForceKey::parse(&self.text(name)?)
            .ok_or_else(|| wrong(name, "choose a police force"))
    }

    /// The id of another record.
    pub fn record(&self, name: &str) -> Result<uuid::Uuid, Refusal> {
        self.text(name)?.parse().map_err(|_| wrong(name, "choose a record"))
    }

    /// The kind and id of another record, written `kind/id`.
    pub fn any_record(&self, name: &str) -> Result<(crate::record::Kind, uuid::Uuid), Refusal> {
        let text = self.text(name)?;
        let parts = text
            .split_once('/')
            .and_then(|(kind, id)| Some((crate::record::Kind::from_key(kind)?, id.parse().ok()?)));
        parts.ok_or_else(|| wrong(name, "choose a record"))
    }

    /// A local authority, by the code of the Office for National Statistics.
    pub fn agency(&self, name: &str) -> Result<crate::agency::AgencyKey, Refusal> {
        crate::agency::AgencyKey::parse(&self.text(name)?)
            .ok_or_else(|| wrong(name, "enter the code of a local authority, like E06000026"))
    }

    /// The account of a colleague.
    pub fn person(&self, name: &str) -> Result<crate::person::PersonId, Refusal> {
        let id = self.text(name)?.parse().map_err(|_| wrong(name, "choose a colleague"))?;
        Ok(crate::person::PersonId(id))
    }

    /// A time of day, `14:30`.
    pub fn time(&self, name: &str) -> Result<civil::Time, Refusal> {
        civil::Time::strptime("%H:%M", self.text(name)?)
            .map_err(|_| wrong(name, "enter a time of day like 14:30"))
    }

    /// A SHA-256 digest: 64 hexadecimal digits, given back in lower case.
    pub fn digest(&self, name: &str) -> Result<String, Refusal> {
        let text = self.text(name)?.to_lowercase();
        if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(text)
        } else {
            Err(wrong(name, "enter a SHA-256 digest: 64 hexadecimal digits"))
        }
    }

    /// A UK postcode in its usual form, `PL1 1AA`.
    pub fn postcode(&self, name: &str) -> Result<String, Refusal> {
        let compact: String = self.text(name)?.to_uppercase().split_whitespace().collect();
        let split = compact.len().saturating_sub(3);
        let (outward, inward) = compact.split_at_checked(split).unwrap_or_default();
        let digit_then_letters = inward.bytes().enumerate().all(|(i, b)| match i {
            0 => b.is_ascii_digit(),
            _ => b.is_ascii_uppercase(),
        });
        let area = (2..=4).contains(&outward.len())
            && outward.bytes().all(|b| b.is_ascii_alphanumeric())
            && outward.starts_with(|c: char| c.is_ascii_uppercase());
        if area && digit_then_letters {
            Ok(format!("{outward} {inward}"))
        } else {
            Err(wrong(name, "enter a postcode like PL1 1AA"))
        }
    }

    /// The value of a field that may be empty, read by one of the methods above.
    pub fn if_given<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Self, &str) -> Result<T, Refusal>,
    ) -> Result<Option<T>, Refusal> {
        self.get(name).is_some().then(|| read(self, name)).transpose()
    }

    /// Refuses empty required fields and values that their widget cannot hold, so that the page
    /// can mark the field.
    pub fn check(&self, fields: &[Field]) -> Result<(), Refusal> {
        match fields.iter().find(|f| f.required && self.get(f.name).is_none()) {
            Some(field) => Err(Refusal::Field {
                name: field.name.to_owned(),
                label: field.label.to_owned(),
                problem: "enter a value".to_owned(),
            }),
            None => Ok(()),
        }
    }
}

/// UK local time: what people write where they name no zone.
///
/// The zone rules are compiled in, so that a machine without them cannot turn a summer time
/// into a wrong one.
pub fn uk_zone() -> TimeZone {
    TimeZone::get("Europe/London").expect("the time zone rules are compiled in")
}

fn wrong(name: &str, problem: &str) -> Refusal {
    Refusal::field(name, problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_time_is_uk_time_in_summer_and_winter() {
        let fields: Fields =
            [("s", "2026-07-01T09:30"), ("w", "2026-12-01T09:30"), ("z", "2026-07-01T09:30+02:00")]
                .into_iter()
                .collect();
        assert_eq!(fields.moment("s").unwrap().to_string(), "2026-07-01T08:30:00Z");
        assert_eq!(fields.moment("w").unwrap().to_string(), "2026-12-01T09:30:00Z");
        assert_eq!(fields.moment("z").unwrap().to_string(), "2026-07-01T07:30:00Z");
    }

    #[test]
    fn an_empty_required_field_is_named() {
        let fields: Fields = [("a", "  ")].into_iter().collect();
        let spec = [Field::required("a", "Reason", Input::Text)];
        assert!(
            matches!(fields.check(&spec), Err(Refusal::Field { label, .. }) if label == "Reason")
        );
    }
}
