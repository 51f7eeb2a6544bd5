//! What the record files share: how states and choices are declared, who signed what, and
//! what somebody found out.
//!
//! [`states!`](macro@states) declares a kind's states with the steps between them, so that the
//! declaration can be read as a diagram and walked by a test. [`choices!`](macro@choices)
//! declares a closed list of values once for the type, the form and the page.

use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};

use super::{ActContext, Detail, Head, Kind, Link, Record, Related, operation};
use crate::form::{Field, Fields, Input, Refusal};
use crate::person::{Person, PersonId};

/// One state of a kind of record and the states that an act can lead to from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateSpec {
    /// The stable name, as stored.
    pub key: &'static str,
    /// What it means, in a sentence.
    pub meaning: &'static str,
    /// Where acts lead from here; staying is always possible.
    pub to: &'static [&'static str],
}

/// Declares `State`: a variant, its stable name and where it leads, as
/// `Drafted = "drafted" => [Checked, Expired], "What it means.";`.
macro_rules! states {
    ($(#[$doc:meta])* $($State:ident = $key:literal => [$($To:ident),*], $meaning:literal;)+) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum State {
            $(#[doc = $meaning] #[serde(rename = $key)] $State,)+
        }

        impl State {
            /// Every state with its steps; a new record is in the first.
            pub const SPECS: &'static [$crate::record::StateSpec] = &[
                $($crate::record::StateSpec { key: $key, meaning: $meaning, to: &[$(State::$To.key()),*] },)+
            ];

            /// The stable name, as stored.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$State => $key,)+ }
            }
        }
    };
}

/// Declares a closed list of values: `Name { Variant = "key", "Label"; }`.
macro_rules! choices {
    ($(#[$doc:meta])* $Name:ident { $($Variant:ident = $key:literal, $label:literal;)+ }) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
        )]
        pub enum $Name {
            $(#[doc = $label] #[serde(rename = $key)] $Variant,)+
        }

        #[allow(dead_code, reason = "not every list is asked for by key")]
        impl $Name {
            /// Values and labels, as a form offers them.
            pub const CHOICES: &'static [(&'static str, &'static str)] = &[$(($key, $label),)+];

            /// The stable name, as stored.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$Variant => $key,)+ }
            }

            /// What a person calls it.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$Variant => $label,)+ }
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.label())
            }
        }
    };
}

/// The three answers that are the same for every record: head, changeable head, state.
macro_rules! standing {
    () => {
        const STATES: &'static [$crate::record::StateSpec] = State::SPECS;

        fn head(&self) -> &Head {
            &self.head
        }

        fn head_mut(&mut self) -> &mut Head {
            &mut self.head
        }

        fn state(&self) -> &'static str {
            self.state.key()
        }
    };
}

/// Who took a step, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed {
    /// The account.
    pub by: PersonId,
    /// The name at that time.
    pub name: String,
    /// When, UTC.
    pub at: Timestamp,
}

impl Signed {
    /// The person who acts now.
    pub fn now(context: &ActContext<'_>) -> Self {
        Self { by: context.by.id, name: context.by.name.clone(), at: context.at }
    }

    /// Refuses that the signer of this step also takes `step`.
    pub fn differs(&self, step: &str, second: &Person) -> Result<(), Refusal> {
        super::second_person(step, self.by, &self.name, second)
    }
}

impl std::fmt::Display for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, {}", self.name, moment(self.at))
    }
}

/// A colleague by account, with the name at the time of choosing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Colleague {
    /// The account.
    pub id: PersonId,
    /// Rank and name.
    pub name: String,
}

impl Colleague {
    /// The colleague that an optional field names: of this force, and holding this role.
    pub fn named(
        context: &ActContext<'_>,
        field: &str,
        force: Option<crate::force::ForceKey>,
        role: crate::person::Role,
    ) -> Result<Option<Self>, Refusal> {
        if context.fields.get(field).is_none() {
            return Ok(None);
        }
        let person = context.related.colleague(context.fields, field, force)?;
        if !person.is(role) {
            let wanted = format!("choose a colleague who is {}", role.label());
            return Err(Refusal::field(field, wanted));
        }
        Ok(Some(Self::from(person)))
    }
}

impl From<&Person> for Colleague {
    fn from(person: &Person) -> Self {
        Self { id: person.id, name: person.name.clone() }
    }
}

impl std::fmt::Display for Colleague {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

choices! {
    /// Fact and opinion about a person are kept apart (DPA 2018 s.38).
    Basis {
        Fact = "fact", "Fact";
        Opinion = "opinion", "Opinion";
    }
}

/// Something found out about a person, with where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What was found.
    pub text: String,
    /// Who or what says so.
    pub source: String,
    /// As of when.
    pub date: civil::Date,
    /// Fact or opinion.
    pub basis: Basis,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} ({}: {}, {})",
            self.text,
            self.basis.label().to_lowercase(),
            self.source,
            day(self.date)
        )
    }
}

impl Finding {
    /// What a form asks for where something found out is recorded.
    pub const TEXT: Field = Field::required("text", "What is known", Input::LongText);
    /// Who says so.
    pub const SOURCE: Field = Field::required("source", "Source", Input::Text);
    /// As of when.
    pub const DATE: Field = Field::required("date", "As of", Input::Date);
    /// Fact or opinion.
    pub const BASIS: Field =
        Field::required("basis", "Fact or opinion", Input::Choice(Basis::CHOICES));

    /// Reads the four fields above.
    pub fn read(fields: &Fields) -> Result<Self, Refusal> {
        Ok(Self {
            text: fields.text("text")?,
            source: fields.text("source")?,
            date: fields.date("date")?,
            basis: fields.choice("basis")?,
        })
    }
}

/// Why an act is done, where the record must say so.
pub const REASON: Field = Field::required("reason", "Why", Input::LongText);

/// The operation that new work belongs to, if any.
pub const OPERATION: Field =
    Field::optional("operation", "Operation", Input::Record(Kind::Operation))
        .hint("Leave empty for work outside any operation");

/// The case that a record belongs to.
pub const CASE: Field = Field::required("case", "Case", Input::Record(Kind::Case));

impl Head {
    /// Puts a new record into the operation that the form names; it must be open.
    pub fn join_operation(&mut self, fields: &Fields, related: &Related) -> Result<(), Refusal> {
        if let Some(id) = fields.if_given("operation", Fields::record)? {
            let operation: operation::Operation = related.get("operation", id)?;
            if operation.state != operation::State::Open {
                return Err(Refusal::field("operation", "choose an operation that is open"));
            }
            self.operation = Some(super::Id::new(id));
        }
        Ok(())
    }

    /// Makes a new record part of its parent's work: same force, operation and restriction.
    ///
    /// An author of another force is answered as if the parent did not exist.
    pub fn belong_to(&mut self, field: &str, parent: &Self) -> Result<(), Refusal> {
        if self.force.is_some() && self.force != parent.force {
            return Err(Refusal::field(field, super::NOT_SEEN));
        }
        self.force = parent.force;
        self.operation = parent.operation;
        self.restriction = parent.restriction.clone();
        Ok(())
    }
}

/// Builds the lines that a page shows of a record.
#[derive(Debug, Default)]
#[must_use]
pub struct Lines(Vec<Detail>);

impl Lines {
    /// No lines yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A line that is always shown.
    pub fn line(mut self, label: &'static str, text: impl std::fmt::Display) -> Self {
        self.0.push(Detail::new(label, text));
        self
    }

    /// Yes or No.
    pub fn flag(self, label: &'static str, set: bool) -> Self {
        self.line(label, if set { "Yes" } else { "No" })
    }

    /// A line for what may not be there; also one line for each of several.
    pub fn each<T: std::fmt::Display>(
        mut self,
        label: &'static str,
        texts: impl IntoIterator<Item = T>,
    ) -> Self {
        self.0.extend(texts.into_iter().map(|text| Detail::new(label, text)));
        self
    }

    /// A line that only those see who must know ([`crate::permission::Action::ViewGuarded`]).
    pub fn guarded(mut self, label: &'static str, text: impl std::fmt::Display) -> Self {
        self.0.push(Detail { guarded: true, ..Detail::new(label, text) });
        self
    }

    /// More lines that only those see who must know.
    pub fn and_guarded(mut self, others: Self) -> Self {
        self.0.extend(others.0.into_iter().map(|line| Detail { guarded: true, ..line }));
        self
    }

    /// The lines.
    pub fn done(self) -> Vec<Detail> {
        self.0
    }
}

/// Links from optional and mandatory relations, in the order given.
pub fn links<const N: usize>(all: [Option<Link>; N]) -> Vec<Link> {
    all.into_iter().flatten().collect()
}

/// A link that is always there.
pub fn link<R: Record>(role: &'static str, id: super::Id<R>) -> Option<Link> {
    Some(Link::to(role, id))
}

/// A moment as pages show it: `24 Nov 2026, 09:30`, in UK local time.
pub fn moment(at: Timestamp) -> String {
    at.to_zoned_datetime(crate::form::uk_zone()).strftime("%-d %b %Y, %H:%M").to_string()
}

/// A date as pages show it: `24 Nov 2026`.
pub fn day(date: civil::Date) -> String {
    date.strftime("%-d %b %Y").to_string()
}

/// The calendar day of a moment, UK local time: bail and warrant windows count in days.
pub fn uk_date(at: Timestamp) -> civil::Date {
    at.to_zoned_datetime(crate::form::uk_zone()).date()
}

/// The last moment of a day, UK local time: when a window of days closes.
pub fn end_of(date: civil::Date) -> Timestamp {
    date.at(23, 59, 59, 0)
        .to_zoned_datetime(crate::form::uk_zone())
        .map_or(Timestamp::MAX, |zoned| zoned.timestamp())
}

/// A date some months later; the last day of the month where the day does not exist.
pub fn months_after(date: civil::Date, months: u32) -> civil::Date {
    date.saturating_add(jiff::Span::new().months(i64::from(months.min(1200))))
}
