//! Two people act at once: what the other one changed, beside what was typed here.
//!
//! In: the version that the form was opened on and the changes since. Out: for each field that
//! others changed, their text and the viewer's own. Nothing is merged: a person decides.

use pendeen_casework::form::{Field, Fields};
use pendeen_casework::record::Act;
use pendeen_store::changes::VersionChanges;

use crate::text;
use crate::view::Theirs;

/// What others changed since version `seen`, oldest change first.
pub(crate) fn theirs(
    act: &Act,
    typed: &Fields,
    seen: Option<u32>,
    changes: &[VersionChanges],
) -> Vec<Theirs> {
    let Some(seen) = seen else { return Vec::new() };
    let since = changes.iter().rev().filter(|told| told.version.version > seen);
    since
        .flat_map(|told| {
            told.changes.iter().map(|change| Theirs {
                label: change.label,
                before: words(&change.from),
                now: words(&change.to),
                by: format!("{}, {}", told.version.by_name, text::moment(told.version.at)),
                mine: mine(act.fields, typed, change.label),
            })
        })
        .collect()
}

fn words(lines: &[String]) -> String {
    lines.iter().map(|line| text::value(line)).collect::<Vec<_>>().join("; ")
}

/// What was typed into the field of this label.
fn mine(fields: &[Field], typed: &Fields, label: &str) -> String {
    let field = fields.iter().find(|field| field.label.eq_ignore_ascii_case(label));
    field.and_then(|field| typed.get(field.name)).unwrap_or_default().to_owned()
}
