//! A child's two clocks: since the police first knew, and since Children's Services were told.

use jiff::Timestamp;
use pendeen_casework::record::child::{Child, State};

use crate::text;

/// One clock.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    /// What it measures.
    pub label: &'static str,
    /// How long.
    pub words: String,
    /// Since when, or why it does not run.
    pub since: String,
    /// It asks for attention.
    pub alarm: bool,
}

/// The clocks of this child at `now`.
pub(crate) fn clocks(child: &Child, now: Timestamp) -> Vec<Clock> {
    let waiting = child.state == State::AtRisk;
    let referred = match child.referred {
        Some(at) => Clock {
            label: "Children's Services told",
            words: text::ago(at, now),
            since: text::moment(at),
            alarm: false,
        },
        None => Clock {
            label: "Children's Services",
            words: "not told".to_owned(),
            since: "No referral is recorded".to_owned(),
            alarm: waiting,
        },
    };
    let known = Clock {
        label: "First known to the police",
        words: text::ago(child.known_since, now),
        since: text::moment(child.known_since),
        alarm: waiting && child.immediate_risk,
    };
    vec![known, referred]
}
