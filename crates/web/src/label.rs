//! What stands on everything that leaves in a file: how it is marked, to whom what is in it is
//! restricted, whose it is and since when ([`pendeen_casework::export::Label`]).
//!
//! In: a label and who asked. Out: the first line of a CSV file, the `label` of a JSON answer,
//! the sentence of a page to print. A test walks every address that gives something out.

use pendeen_casework::export::Label;
use pendeen_casework::person::Person;
use pendeen_casework::record::Restriction;
use pendeen_casework::record::mark::Mark;
use serde_json::{Value, json};

use crate::csv::line;
use crate::text;

/// The label of what holds numbers and entries, not records: marked as a page without records.
pub(crate) fn of_no_record(who: &Person, at: jiff::Timestamp) -> Label {
    Label::of(who, at, [(Mark::default(), &Restriction::None)])
}

/// The first line of a CSV file that is its person's alone.
pub(crate) fn first_line(who: &Person, label: &Label) -> String {
    first_line_of(&given(who, label), label)
}

/// The first line of a CSV file; `whose` says for whom it is.
pub(crate) fn first_line_of(whose: &str, label: &Label) -> String {
    line(&[label.mark.label(), whose, &restricted(label)])
}

/// All of it in one sentence; `whose` says for whom it is.
pub(crate) fn sentence(whose: &str, label: &Label) -> String {
    format!("{}. {whose}. {}.", label.mark.label(), restricted(label))
}

/// The same for programs.
pub(crate) fn json(who: &Person, label: &Label) -> Value {
    let restricted = label.restrictions.iter().map(restriction);
    json!({
        "mark": label.mark.key(),
        "restricted_to": restricted.collect::<Vec<_>>(),
        "given_to": who.name,
        "at": label.at,
    })
}

/// That a file is its person's alone.
pub(crate) fn given(who: &Person, label: &Label) -> String {
    format!("Given to {} alone, {}", who.name, text::moment(label.at))
}

fn restricted(label: &Label) -> String {
    let restricted: Vec<String> = label.restrictions.iter().map(restriction).collect();
    if restricted.is_empty() {
        "Restricted to nobody further".to_owned()
    } else {
        format!("Holds what is restricted to: {}", restricted.join("; "))
    }
}

/// To whom a record is restricted, in words; nothing where it is not.
pub(crate) fn restriction(to: &Restriction) -> String {
    match to {
        Restriction::None => String::new(),
        Restriction::Role(role) => role.label().to_owned(),
        Restriction::Circle(_) => "one circle of need to know".to_owned(),
    }
}
