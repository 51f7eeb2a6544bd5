//! What one version of a record says otherwise than the one before, in the words of its page.
//!
//! In: two versions of one record. Out: a [`Change`] for each label under which lines went, came
//! or became others; also where it belongs and who may know of it, which are no lines of the
//! page. A change of a guarded line is guarded itself.

use super::{AnyRecord, Detail, Head, Restriction};

/// What stands under one label before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The label.
    pub label: &'static str,
    /// The lines that stood there; none where there were none.
    pub from: Vec<String>,
    /// The lines that stand there now.
    pub to: Vec<String>,
    /// Shown only to those who may [`crate::permission::Action::ViewGuarded`].
    pub guarded: bool,
}

/// The label under which a move between operations is told; its lines are identifiers.
pub const OPERATION: &str = "Operation";

/// What `after` says otherwise than `before`; everything where nothing came before.
pub fn differences(before: Option<&AnyRecord>, after: &AnyRecord) -> Vec<Change> {
    let (old, new) = (before.map(AnyRecord::details).unwrap_or_default(), after.details());
    let mut labels: Vec<&'static str> = Vec::new();
    for label in new.iter().chain(&old).map(|line| line.label) {
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    let state = Change {
        label: "State",
        from: before.map(|record| words(record.state())).into_iter().collect(),
        to: vec![words(after.state())],
        guarded: false,
    };
    let lines = labels.into_iter().map(|label| under(label, &old, &new));
    let standing = standing(before.map(AnyRecord::head), after.head());
    let all = [state].into_iter().chain(lines).chain(standing);
    all.filter(|change| change.from != change.to).collect()
}

fn words(state: &str) -> String {
    state.replace('_', " ")
}

/// The lines under one label that are not the same in both.
fn under(label: &'static str, old: &[Detail], new: &[Detail]) -> Change {
    let of = |lines: &[Detail]| -> Vec<Detail> {
        lines.iter().filter(|line| line.label == label).cloned().collect()
    };
    let (old, new) = (of(old), of(new));
    let text = |line: &Detail| line.text.clone();
    Change {
        label,
        from: old.iter().filter(|line| !new.contains(line)).map(text).collect(),
        to: new.iter().filter(|line| !old.contains(line)).map(text).collect(),
        guarded: old.iter().chain(&new).any(|line| line.guarded),
    }
}

/// What the head says that people can change.
fn standing(before: Option<&Head>, after: &Head) -> [Change; 3] {
    let change = |label, of: &dyn Fn(&Head) -> Option<String>| Change {
        label,
        from: before.and_then(of).into_iter().collect(),
        to: of(after).into_iter().collect(),
        guarded: false,
    };
    [
        change("Force", &|head| head.force.map(|force| force.force().name.to_owned())),
        change(OPERATION, &|head| head.operation.map(|operation| operation.to_string())),
        change("Restricted to", &|head| match &head.restriction {
            Restriction::None => None,
            Restriction::Role(role) => Some(role.label().to_owned()),
            Restriction::Circle(_) => Some("a circle of named people".to_owned()),
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{World, fields};

    #[test]
    fn only_what_changed_is_told_with_both_texts() {
        let mut world = World::new();
        let before = world.subject();
        let selector = fields([("kind", "email"), ("value", "a@example.org"), ("source", "IWF")]);
        let after = world.act(&before, "add_selector", &selector).unwrap();
        let (before, after) = (AnyRecord::from(before), AnyRecord::from(after));
        let changes = differences(Some(&before), &after);
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert!(changes[0].from.is_empty() && changes[0].to[0].contains("a@example.org"));
        assert!(differences(Some(&after), &after).is_empty());
        assert!(differences(None, &before).len() > 2, "a first version is all new");
    }

    #[test]
    fn a_changed_name_of_a_child_is_guarded() {
        let mut world = World::new();
        let case = world.case().head.id.to_string();
        let child = world.create::<crate::record::child::Child>(&fields([
            ("case", &*case),
            ("relation", "Neighbour"),
            ("concern", "Unsupervised contact"),
            ("known_since", "2026-05-30T09:00:00Z"),
        ]));
        let named = fields([("name", "Kim Example"), ("source", "School"), ("age", "9")]);
        let after = world.act(&child, "identify", &named).unwrap();
        let changes = differences(Some(&child.into()), &after.into());
        let name = changes.iter().find(|c| c.to.iter().any(|text| text.contains("Kim"))).unwrap();
        assert!(name.guarded, "{changes:?}");
    }
}
