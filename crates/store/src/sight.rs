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
    let any = groups.into_iter().fold(Cond::any(), |any, (sight, keys)| {
        any.add(Cond::all().add(record::Column::Kind.is_in(keys)).add(admitted(&sight)))
    });
    Cond::all().add(any)
}

fn admitted(sight: &Visibility) -> Cond {
    use record::Column;
    // An empty `any` would be true: start from what never holds.
    let mut unrestricted = Cond::any().add(Column::Id.is_null());
    if sight.all {
        unrestricted = unrestricted.add(Column::Id.is_not_null());
    }
    if sight.national {
        unrestricted = unrestricted.add(Column::Force.is_null());
    }
    if let Some(force) = sight.force {
        unrestricted = unrestricted.add(Column::Force.eq(force.as_str()));
    }
    if let Some(author) = sight.authored_by {
        unrestricted = unrestricted.add(Column::Author.eq(author.0));
    }
    let roles = sight.restricted_to.iter().map(|role| role.key());
    Cond::any()
        .add(Cond::all().add(Column::Restriction.eq(UNRESTRICTED)).add(unrestricted))
        .add(Column::Restriction.is_in(roles))
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
