//! Steps by which a second person signs what others prepared, or refuses to.
//!
//! A kind describes them once ([`super::Record::SIGNINGS`]); the page of approvals follows from
//! that: what waits, what was signed or refused, and what one may not sign because one's own
//! hand is in it ([`AnyRecord::has_hand_in`], by the same pairs of paths that the rules and the
//! database refuse by).

use super::{AnyRecord, Kind};
use crate::person::PersonId;

/// A step that wants a second person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signing {
    /// The act that signs.
    pub act: &'static str,
    /// The act that refuses, or takes the signature back, if the kind has one.
    pub refuses: Option<&'static str>,
    /// The states in which it waits.
    pub waits: &'static [&'static str],
    /// It waits only where this facet says `yes`.
    pub only: Option<&'static str>,
    /// Where the signature stands in the stored body, as [`super::Record::FOUR_EYES`] names it.
    pub path: &'static str,
}

impl AnyRecord {
    /// The steps that wait for a second person now.
    pub fn waiting_signings(&self) -> impl Iterator<Item = &'static Signing> + use<> {
        let (state, facets) = (self.state(), self.facets());
        self.kind().signings().iter().filter(move |step| {
            let marked = |name| facets.iter().any(|f| f.name == name && f.value == "yes");
            step.waits.contains(&state) && step.only.is_none_or(marked)
        })
    }

    /// Whether the person took a step before this one that another person must have taken.
    pub fn has_hand_in(&self, step: &Signing, person: PersonId) -> bool {
        let Ok(body) = self.to_json() else { return true };
        let person = serde_json::json!(person);
        let others = self.kind().four_eyes().filter_map(|(first, second)| match step.path {
            path if path == second => Some(first),
            path if path == first => Some(second),
            _ => None,
        });
        others
            .map(|path| format!("/{}", path.replace('.', "/")))
            .any(|path| body.pointer(&path) == Some(&person))
    }
}

/// Every kind that has such steps.
pub fn signed_kinds() -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(|kind| !kind.signings().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::testing::{World, fields};

    #[test]
    fn every_step_names_acts_of_its_kind_and_waits_where_they_are_possible() {
        for kind in signed_kinds() {
            for step in kind.signings() {
                let act = |name| kind.acts().iter().find(|known| known.name == name).unwrap();
                let signs = act(step.act);
                let possible = step.waits.iter().all(|state| signs.from.contains(state));
                assert!(possible, "{kind:?} {}", step.act);
                assert!(step.refuses.is_none_or(|refuses| act(refuses).name == refuses));
                let paired = kind.four_eyes().any(|(one, other)| [one, other].contains(&step.path));
                assert!(paired, "{kind:?}: {} is kept apart from nothing", step.path);
            }
        }
    }

    #[test]
    fn whoever_has_a_hand_in_a_package_does_not_sign_it() {
        let mut world = World::new();
        let subject = world.subject().head.id.to_string();
        let package: crate::record::package::Package = world.create(&fields([
            ("subject", &*subject),
            ("destination", "E23000035"),
            ("content", "What is known"),
            ("asked", "Search and safeguard"),
            ("source_grade", "1"),
            ("information_grade", "a"),
            ("handling", "p"),
        ]));
        let (author, stranger) = (package.head.author, PersonId(uuid::Uuid::from_u128(0x57)));
        let record = AnyRecord::from(package);
        let step = &Kind::Package.signings()[0];
        assert_eq!(record.waiting_signings().count(), 0, "a draft waits for no signature");
        assert!(record.has_hand_in(step, author) && !record.has_hand_in(step, stranger));
    }
}
