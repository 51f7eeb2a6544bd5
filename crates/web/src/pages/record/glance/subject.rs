//! A subject's background in two columns: what is fact, what is opinion.

use pendeen_casework::record::Basis;
use pendeen_casework::record::subject::Subject;

/// The two columns.
#[derive(Debug, Clone)]
pub(crate) struct Sides {
    /// What is known.
    pub facts: Vec<String>,
    /// What somebody thinks.
    pub opinions: Vec<String>,
    /// Why a child is thought to be at immediate risk, if one is.
    pub immediate: Option<String>,
}

/// The background of this subject.
pub(super) fn sides(subject: &Subject) -> Sides {
    let of = |basis: Basis| {
        let ours = subject.background.iter().filter(move |b| b.finding.basis == basis);
        ours.map(ToString::to_string).collect()
    };
    Sides {
        facts: of(Basis::Fact),
        opinions: of(Basis::Opinion),
        immediate: subject.immediate_risk.as_ref().map(ToString::to_string),
    }
}
