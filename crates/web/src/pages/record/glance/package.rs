//! A package's way: drafted, assessed, authorised by another person, sealed and sent,
//! acknowledged, worked.

use pendeen_casework::record::package::{Package, State};

use crate::text;

/// One step of the way.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// What it is.
    pub name: &'static str,
    /// Who did it and when, or who can.
    pub who: String,
    /// `done`, `now` or `todo`.
    pub standing: &'static str,
}

/// The steps of this package.
pub(super) fn steps(package: &Package) -> Vec<Step> {
    let head = &package.head;
    let sent = package.sealed.last().map(|sealed| &sealed.sent);
    let authorised = match (&package.authorised, &package.oral) {
        (None, Some(oral)) => Some(match &oral.ratified {
            Some(ratified) => {
                format!("Oral authority of {}, ratified by {ratified}", oral.given_by)
            }
            None => format!("Oral authority of {}, not ratified yet", oral.given_by),
        }),
        (signed, _) => signed.as_ref().map(ToString::to_string),
    };
    let work = match (&package.result, package.state) {
        (Some((outcome, _)), _) => Some(outcome.to_string()),
        (None, State::InProgress) => Some("A case is open".to_owned()),
        _ => None,
    };
    let drafted = format!("{}, {}", head.author_name, text::moment(head.created));
    let done = [
        ("Drafted", Some(drafted), ""),
        ("Assessed", package.assessed.as_ref().map(ToString::to_string), "Not the author"),
        ("Authorised", authorised, "A third person"),
        ("Sealed and sent", sent.map(ToString::to_string), "After the authority"),
        (
            "Acknowledged",
            package.acknowledged.as_ref().map(ToString::to_string),
            "The receiving force",
        ),
        ("Worked", work, "The receiving force"),
    ];
    let mut waiting = false;
    done.into_iter()
        .map(|(name, done, whose)| {
            let standing = match (&done, waiting) {
                (Some(_), _) => "done",
                (None, false) => "now",
                (None, true) => "todo",
            };
            waiting |= done.is_none();
            Step { name, who: done.unwrap_or_else(|| whose.to_owned()), standing }
        })
        .collect()
}
