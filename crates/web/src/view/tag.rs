//! Tags: a state or an urgency as a coloured word. The word says it all; the colour helps.

use pendeen_casework::record::Urgency;

use crate::text;

/// A coloured word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag {
    /// The word.
    pub text: String,
    /// The colour's name in GOV.UK Frontend.
    pub colour: &'static str,
}

impl Tag {
    /// A tag.
    pub(crate) fn new(text: impl Into<String>, colour: &'static str) -> Self {
        Self { text: text.into(), colour }
    }

    /// A record's state. Colours go by what the word asks of a reader: red alarms, yellow
    /// waits for somebody, blue is under way, green is done, grey is over.
    pub(crate) fn state(key: &str) -> Self {
        let colour = match key {
            "at_risk" | "match" | "failed" | "error_reported" | "emergency" => "red",
            "received"
            | "drafted"
            | "pending"
            | "applied"
            | "owed"
            | "planned"
            | "ungraded"
            | "assessed"
            | "checked"
            | "seized"
            | "returned_wrong_force" => "yellow",
            "authorised" | "granted" | "acknowledged" | "answered" | "safeguarded"
            | "confirmed" | "clear" | "examined" | "finished" | "published" | "approved"
            | "graded" | "carried_out" | "executed" | "linked" | "resulted" | "ratified" => "green",
            "closed" | "not_actionable" | "duplicate" | "refused" | "expired" | "withdrawn"
            | "no_further_action" | "returned" | "destroyed" | "wiped" | "forfeited"
            | "retained" | "stepped_down" => "grey",
            "finished_with_gaps" => "orange",
            _ => "blue",
        };
        Self::new(text::words(key), colour)
    }

    /// How pressing something is.
    pub(crate) fn urgency(urgency: Urgency) -> Self {
        match urgency {
            Urgency::Immediate => Self::new("Child at immediate risk", "red"),
            Urgency::VeryHigh => Self::new("Very high", "orange"),
            Urgency::High => Self::new("High", "yellow"),
            Urgency::Medium => Self::new("Medium", "blue"),
            Urgency::Low => Self::new("Low", "grey"),
        }
    }
}
