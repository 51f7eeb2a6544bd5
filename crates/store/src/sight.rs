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
use pendeen_casework::person::{Knows, Person, PersonId, Role};
use pendeen_casework::record::{Kind, Restriction};
use sea_orm::{ColumnTrait, Condition as Cond};
use uuid::Uuid;

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
    let open = || {
        let own = sight.circles.iter().map(circle_key);
        let open: Vec<String> = std::iter::once(UNRESTRICTED.to_owned()).chain(own).collect();
        Cond::all().add(Column::Restriction.is_in(open))
    };
    let mut clauses = Vec::new();
    if sight.all {
        clauses.push(open());
    }
    if sight.national {
        clauses.push(open().add(Column::Force.is_null()));
    }
    if let Some(force) = sight.force {
        clauses.push(open().add(Column::Force.eq(force.as_str())));
    }
    if let Some(author) = sight.authored_by {
        clauses.push(open().add(Column::Author.eq(author.0)));
    }
    if let Some(agency) = &sight.agency {
        clauses.push(open().add(Column::Agency.eq(agency.as_str())));
    }
    let roles = sight.restricted_to.iter().map(|role| role.key().to_owned());
    let alone: Vec<String> = roles.chain(sight.member_of.iter().map(circle_key)).collect();
    if !alone.is_empty() {
        clauses.push(Cond::all().add(Column::Restriction.is_in(alone)));
    }
    if !sight.opened.is_empty() {
        let of_a_role = Role::ALL.map(Role::key);
        clauses.push(
            Cond::all()
                .add(Column::Id.is_in(sight.opened.iter().copied()))
                .add(Column::Restriction.is_not_in(of_a_role)),
        );
    }
    clauses
}

/// What the policies answer about a person: everything they can ask of one, and the answers.
type Known = HashMap<Asked, HashMap<Kind, Visibility>>;

/// What the policies know of a person.
type Asked = (PersonId, BTreeSet<Role>, Option<ForceKey>, Knows);

/// People remembered at most; beyond, everything is asked anew.
const REMEMBERED: usize = 10_000;

/// [`visibility`], asked once: policies are compiled in, so the same person with the same
/// roles and force gets the same answer as long as the program runs.
fn sight(who: &Person, kind: Kind) -> Visibility {
    static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);
    let key = (who.id, who.roles.clone(), who.force, who.knows.clone());
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

/// How the absence of a restriction is stored; otherwise the key of a role or the id of a
/// circle.
const UNRESTRICTED: &str = "none";

/// A restriction as the column holds it.
pub(crate) fn restriction_key(restriction: &Restriction) -> String {
    match restriction {
        Restriction::None => UNRESTRICTED.to_owned(),
        Restriction::Role(role) => role.key().to_owned(),
        Restriction::Circle(circle) => circle_key(circle),
    }
}

/// The restriction behind a stored key, if this version knows it.
pub(crate) fn restriction(key: &str) -> Option<Restriction> {
    if key == UNRESTRICTED {
        return Some(Restriction::None);
    }
    let role = Role::from_key(key).map(Restriction::Role);
    role.or_else(|| Some(Restriction::Circle(key.parse().ok()?)))
}

fn circle_key(circle: &Uuid) -> String {
    circle.to_string()
}
