//! What the record files share: how states and choices are declared, who signed what, and
//! what somebody found out.
//!
//! [`states!`](macro@states) declares a kind's states with the steps between them, so that the
//! declaration can be read as a diagram and walked by a test. [`choices!`](macro@choices)
//! declares a closed list of values once for the type, the form and the page.

use jiff::{Timestamp, civil};
use serde::{Deserialize, Serialize};

use super::ActContext;
use crate::form::Refusal;
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
        write!(f, "{}, {}", self.name, day(self.at))
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
            self.date
        )
    }
}

/// A moment as pages show it: `24 Nov 2026, 09:30`, in UK local time.
pub fn day(at: Timestamp) -> String {
    at.to_zoned_datetime(crate::form::uk_zone()).strftime("%-d %b %Y, %H:%M").to_string()
}
