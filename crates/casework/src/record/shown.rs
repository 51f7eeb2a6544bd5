//! What a record tells to pages, lists, figures and My work.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::person::Role;

/// A property that lists and figures select by, such as `immediate_risk = yes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facet {
    /// Stable name.
    pub name: &'static str,
    /// Value.
    pub value: String,
}

impl Facet {
    /// A facet with a text value.
    pub fn new(name: &'static str, value: impl Into<String>) -> Self {
        Self { name, value: value.into() }
    }

    /// A facet that is `yes` or `no`.
    pub fn flag(name: &'static str, set: bool) -> Self {
        Self::new(name, if set { "yes" } else { "no" })
    }
}

/// One line of a record as a page shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// The label.
    pub label: &'static str,
    /// The text; paragraphs are separated by line feeds.
    pub text: String,
    /// Shown only to those who may [`crate::permission::Action::ViewGuarded`]: a child's name.
    pub guarded: bool,
}

impl Detail {
    /// A line that is always shown.
    pub fn new(label: &'static str, text: impl fmt::Display) -> Self {
        Self { label, text: text.to_string(), guarded: false }
    }
}

/// How pressing something is; the order of My work. A child at immediate risk comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Urgency {
    /// A child is at immediate risk.
    Immediate,
    /// Risk band very high.
    VeryHigh,
    /// Risk band high.
    High,
    /// Risk band medium, and whatever has no band.
    Medium,
    /// Risk band low.
    Low,
}

/// What must be done next with a record, by whom, by when: a line of somebody's My work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// Who does it.
    pub role: Role,
    /// What, as an instruction: "Authorise or return this package".
    pub what: String,
    /// By when, if a clock runs.
    pub due: Option<Timestamp>,
    /// How pressing.
    pub urgency: Urgency,
}
