//! What the policies answered, remembered: they are compiled in, so the same question has the
//! same answer as long as the program runs.
//!
//! A question is everything that the policies can tell apart: kind, action, the person's roles,
//! force and agency, and how the record stands to the person. They cannot tell one person, one
//! record or one circle from another except by those relations, because no policy names one by
//! its id; a test holds them to that.

use std::collections::HashMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use super::rules::Relation;
use crate::person::{Person, Role};
use crate::record::Kind;

/// Everything that the policies can tell apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Question {
    kind: Kind,
    action: &'static str,
    /// A bit for each role.
    roles: u32,
    person_force: String,
    record_force: String,
    is_author: bool,
    person_has_agency: bool,
    record_has_agency: bool,
    same_agency: bool,
    /// Whether the record has a circle, and the person belongs to it.
    in_circle: Option<bool>,
    restricted_to: Option<Role>,
    opened: bool,
}

impl Question {
    pub(super) fn of(
        person: &Person,
        force: &str,
        action: &'static str,
        kind: Kind,
        relation: &Relation<'_>,
    ) -> Self {
        let agency = person.knows.agency.as_ref();
        Self {
            kind,
            action,
            roles: person.roles.iter().fold(0, |bits, role| bits | 1 << (*role as u32)),
            person_force: force.to_owned(),
            record_force: relation.force.to_owned(),
            is_author: person.id == relation.author,
            person_has_agency: agency.is_some(),
            record_has_agency: relation.agency.is_some(),
            same_agency: agency == relation.agency,
            in_circle: relation.circle.map(|circle| person.knows.circles.contains(&circle)),
            restricted_to: relation.restricted_to,
            opened: relation.opened,
        }
    }
}

/// Questions remembered at most; beyond, everything is asked anew.
const REMEMBERED: usize = 50_000;

/// The answer, remembered or asked.
pub(super) fn answer(question: Question, ask: impl FnOnce() -> bool) -> bool {
    static KNOWN: LazyLock<RwLock<HashMap<Question, bool>>> = LazyLock::new(RwLock::default);
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner).get(&question).copied();
    if let Some(known) = known {
        return known;
    }
    let answer = ask();
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= REMEMBERED {
        known.clear();
    }
    known.insert(question, answer);
    answer
}

#[cfg(test)]
mod tests {
    use crate::permission::POLICIES;

    #[test]
    fn no_policy_names_a_person_a_record_or_a_circle_by_its_id() {
        for (name, text) in POLICIES {
            for (at, _) in text.match_indices("::\"") {
                let entity = text[..at].rsplit(|c: char| !c.is_alphanumeric()).next();
                assert!(matches!(entity, Some("Action" | "Role")), "{name}: {entity:?}");
            }
        }
    }
}
