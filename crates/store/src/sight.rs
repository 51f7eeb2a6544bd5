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
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{ColumnTrait, Condition as Cond};
use uuid::Uuid;

use crate::entity::{record, standing};
use crate::standing::NATIONAL;

/// Which records of these kinds (all where empty) the person may see.
///
/// The SQL twin of [`Visibility::admits`]; a test holds the two against each other.
pub(crate) fn visible(who: &Person, kinds: &[Kind]) -> Cond {
    any_of(clauses(who, kinds))
}

/// What one of these admits; nothing where there is none.
pub(crate) fn any_of(clauses: Vec<Cond>) -> Cond {
    if clauses.is_empty() {
        // An OR without terms would be true.
        return Cond::all().add(record::Column::Id.is_null());
    }
    Cond::all().add(clauses.into_iter().fold(Cond::any(), Cond::add))
}

/// The conditions of which one at least admits each record that the person may see.
pub(crate) fn clauses(who: &Person, kinds: &[Kind]) -> Vec<Cond> {
    let of_group = |(sight, keys): (Visibility, Vec<&'static str>)| {
        let of_kinds = Cond::all().add(record::Column::Kind.is_in(keys));
        admitted(&sight).into_iter().map(move |clause| of_kinds.clone().add(clause))
    };
    groups(who, kinds).into_iter().flat_map(of_group).collect()
}

/// The same, where no record is admitted by two of them.
pub(crate) fn disjoint(who: &Person, kinds: &[Kind]) -> Option<Vec<Cond>> {
    let apart = |sight: &Visibility| {
        let open = [
            sight.all,
            sight.national,
            sight.force.is_some(),
            sight.authored_by.is_some(),
            sight.agency.is_some(),
        ];
        let alone = sight.member_of.iter().all(|circle| !sight.circles.contains(circle));
        open.into_iter().filter(|one| *one).count() <= 1 && alone && sight.opened.is_empty()
    };
    groups(who, kinds).iter().all(|(sight, _)| apart(sight)).then(|| clauses(who, kinds))
}

/// Kinds of which the person may see the same, together.
fn groups(who: &Person, kinds: &[Kind]) -> Vec<(Visibility, Vec<&'static str>)> {
    let kinds = if kinds.is_empty() { Kind::ALL } else { kinds };
    let mut groups: Vec<(Visibility, Vec<&'static str>)> = Vec::new();
    for kind in kinds {
        let sight = sight(who, *kind);
        match groups.iter_mut().find(|(known, _)| *known == sight) {
            Some((_, keys)) => keys.push(kind.key()),
            None => groups.push((sight, vec![kind.key()])),
        }
    }
    groups
}

/// The same as conditions on the kept numbers ([`crate::standing`]), for the kinds of which the
/// person's sight is decided by kind, restriction and force alone; and the other kinds.
pub(crate) fn of_standing(who: &Person, kinds: &[Kind]) -> (Cond, Vec<Kind>) {
    use standing::Column;
    let (mut clauses, mut others) = (Vec::new(), Vec::new());
    for (sight, keys) in groups(who, kinds) {
        let one_by_one =
            sight.authored_by.is_some() || sight.agency.is_some() || !sight.opened.is_empty();
        if one_by_one {
            others.extend(keys.into_iter().filter_map(Kind::from_key));
            continue;
        }
        let of_kinds = Cond::all().add(Column::Kind.is_in(keys));
        let national = Column::Force.eq(NATIONAL);
        let placed = placed(&sight, Column::Restriction, Column::Force, national);
        clauses.extend(placed.into_iter().map(|clause| of_kinds.clone().add(clause)));
    }
    if clauses.is_empty() {
        clauses.push(Cond::all().add(Column::Kind.is_null()));
    }
    (Cond::all().add(clauses.into_iter().fold(Cond::any(), Cond::add)), others)
}

/// The clauses of which one must hold. Kept apart, each with its kinds beside it, because both
/// databases can then answer each from an index and join the answers.
fn admitted(sight: &Visibility) -> Vec<Cond> {
    use record::Column;
    let mut clauses = placed(sight, Column::Restriction, Column::Force, Column::Force.is_null());
    let open = || Cond::all().add(Column::Restriction.is_in(open(sight)));
    if let Some(author) = sight.authored_by {
        clauses.push(open().add(Column::Author.eq(author.0)));
    }
    if let Some(agency) = &sight.agency {
        clauses.push(open().add(Column::Agency.eq(agency.as_str())));
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

/// Those of the clauses that ask for restriction and force alone, of the columns that hold them;
/// `national` tells what no force has.
fn placed<C: ColumnTrait>(
    sight: &Visibility,
    restriction: C,
    force: C,
    national: SimpleExpr,
) -> Vec<Cond> {
    let open = open(sight);
    let roles = sight.restricted_to.iter().map(|role| role.key().to_owned());
    let alone: Vec<String> = roles.chain(sight.member_of.iter().map(circle_key)).collect();
    let among = |some: &[String]| Cond::all().add(restriction.is_in(some));
    let mut clauses = Vec::new();
    if sight.all {
        // Whoever sees all that is not restricted needs no second clause for what is.
        clauses.push(among(&[&*open, &*alone].concat()));
    }
    if sight.national {
        clauses.push(among(&open).add(national));
    }
    if let Some(of) = sight.force {
        clauses.push(among(&open).add(force.eq(of.as_str())));
    }
    if !alone.is_empty() && !sight.all {
        clauses.push(among(&alone));
    }
    clauses
}

/// The restrictions that hide nothing from the person.
fn open(sight: &Visibility) -> Vec<String> {
    let own = sight.circles.iter().map(circle_key);
    std::iter::once(UNRESTRICTED.to_owned()).chain(own).collect()
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
