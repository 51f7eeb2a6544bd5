//! Need to know in SQL: which rows a person may see.
//!
//! In: a person and kinds of record. Out: a condition on `record` that every list, count,
//! search, relation and lookup by number carries, so that a hidden row changes no byte of any
//! answer. The decision itself is `casework::permission`; this is its translation, and a test
//! holds the two against each other row by row.

use std::collections::{BTreeSet, HashMap};
use std::sync::{LazyLock, Mutex, PoisonError};

use pendeen_casework::force::ForceKey;
use pendeen_casework::permission::{Visibility, visibility};
use pendeen_casework::person::{Person, PersonId, Role};
use pendeen_casework::record::{Kind, Restriction};
use sea_orm::{ColumnTrait, Condition as Cond};

use crate::entity::record;

/// Which records of these kinds (all where empty) the person may see.
///
/// The SQL twin of [`Visibility::admits`]; a test holds the two against each other.
pub(crate) fn visible(who: &Person, kinds: &[Kind]) -> Cond {
    let kinds = if kinds.is_empty() { Kind::ALL } else { kinds };
    let mut groups: Vec<(Visibility, Vec<&str>)> = Vec::new();
    for kind in kinds {
        let sight = sight(who, *kind);
        match groups.iter_mut().find(|(known, _)| *known == sight) {
            Some((_, keys)) => keys.push(kind.key()),
            None => groups.push((sight, vec![kind.key()])),
        }
    }
    let clauses: Vec<Cond> = groups
        .into_iter()
        .flat_map(|(sight, keys)| {
            let of_kinds = Cond::all().add(record::Column::Kind.is_in(keys));
            admitted(&sight).into_iter().map(move |clause| of_kinds.clone().add(clause))
        })
        .collect();
    if clauses.is_empty() {
        // An OR without terms would be true.
        return Cond::all().add(record::Column::Id.is_null());
    }
    Cond::all().add(clauses.into_iter().fold(Cond::any(), Cond::add))
}

/// The clauses of which one must hold. Kept apart, each with its kinds beside it, because both
/// databases can then answer each from an index and join the answers.
fn admitted(sight: &Visibility) -> Vec<Cond> {
    use record::Column;
    let unrestricted = || Cond::all().add(Column::Restriction.eq(UNRESTRICTED));
    let mut clauses = Vec::new();
    if sight.all {
        clauses.push(unrestricted());
    }
    if sight.national {
        clauses.push(unrestricted().add(Column::Force.is_null()));
    }
    if let Some(force) = sight.force {
        clauses.push(unrestricted().add(Column::Force.eq(force.as_str())));
    }
    if let Some(author) = sight.authored_by {
        clauses.push(unrestricted().add(Column::Author.eq(author.0)));
    }
    if !sight.restricted_to.is_empty() {
        let roles = sight.restricted_to.iter().map(|role| role.key());
        clauses.push(Cond::all().add(Column::Restriction.is_in(roles)));
    }
    clauses
}

/// What the policies answer about a person: everything they can ask of one, and the answers.
type Known = HashMap<(PersonId, BTreeSet<Role>, Option<ForceKey>), HashMap<Kind, Visibility>>;

/// People remembered at most; beyond, everything is asked anew.
const REMEMBERED: usize = 10_000;

/// [`visibility`], asked once: policies are compiled in, so the same person with the same
/// roles and force gets the same answer as long as the program runs.
fn sight(who: &Person, kind: Kind) -> Visibility {
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
    let key = (who.id, who.roles.clone(), who.force);
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(sight) = known().get(&key).and_then(|kinds| kinds.get(&kind)) {
        return sight.clone();
    }
    let sight = visibility(who, kind);
    let mut known = known();
    if known.len() >= REMEMBERED {
        known.clear();
    }
    known.entry(key).or_default().insert(kind, sight.clone());
    sight
}

/// How the absence of a restriction is stored; otherwise the key of a role.
pub(crate) const UNRESTRICTED: &str = "none";

pub(crate) fn restriction_key(restriction: &Restriction) -> &'static str {
    match restriction {
        Restriction::None => UNRESTRICTED,
        Restriction::Role(role) => role.key(),
    }
}
