//! The one place that decides who may do or see what; everything not allowed is denied.
//!
//! The rules are Cedar policies in `policies/`, readable by a person who is no programmer.
//! [`decide`] answers for one record, [`decide_create`] for one that is to be made;
//! [`visibility`] gives the same answer as a filter that the store turns into SQL; a test holds
//! the two against each other.
//! A [`Permit`] can be made nowhere else, and the store asks for one before it writes: code
//! that forgets to ask does not compile.

mod rules;

use thiserror::Error;
use uuid::Uuid;

use crate::force::{FORCES, ForceKey};
use crate::person::{Person, PersonId, Role};
use crate::record::{AnyRecord, Head, Kind, Restriction};
use rules::Relation;

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action<'a> {
    /// Read the record without its guarded lines.
    View,
    /// Read its guarded lines too: a child's name, the people of a case.
    ViewGuarded,
    /// One of the kind's acts, by name.
    Act(&'a str),
}

impl<'a> Action<'a> {
    /// What policies and the log call it.
    pub fn name(self) -> &'a str {
        match self {
            Self::View => "view",
            Self::ViewGuarded => "view_guarded",
            Self::Act(name) => name,
        }
    }
}

/// Proof that a decision allowed one action by one person on one record.
#[derive(Debug)]
#[must_use = "a permit is the key to one action in the store"]
pub struct Permit {
    person: Person,
    kind: Kind,
    id: uuid::Uuid,
    version: u32,
    action: String,
}

impl Permit {
    /// Who was permitted.
    pub fn person(&self) -> &Person {
        &self.person
    }
    /// The kind of record.
    pub fn kind(&self) -> Kind {
        self.kind
    }
    /// The record.
    pub fn id(&self) -> uuid::Uuid {
        self.id
    }
    /// The version that was decided on: the store refuses if the record has moved on since.
    pub fn version(&self) -> u32 {
        self.version
    }
    /// `view`, `view_guarded`, `create` or the act's name.
    pub fn action(&self) -> &str {
        &self.action
    }
}

/// Permission was refused. Says nothing about the record: who may not see it must not learn
/// that it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not permitted")]
pub struct Denied;

/// Which records of one kind a person may see: an OR of these clauses. Restricted records are
/// seen only through `restricted_to`; the other clauses select among the unrestricted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visibility {
    /// Records of any force and national ones.
    pub all: bool,
    /// Records of no force.
    pub national: bool,
    /// Records of this force.
    pub force: Option<ForceKey>,
    /// Records that this person made.
    pub authored_by: Option<PersonId>,
    /// Restricted records of these roles, whatever their force.
    pub restricted_to: Vec<Role>,
}

impl Visibility {
    /// Whether a record with this head is among them: what the store's SQL must also say.
    pub fn admits(&self, head: &Head) -> bool {
        match head.restriction {
            Restriction::Role(role) => self.restricted_to.contains(&role),
            Restriction::None => {
                self.all
                    || (self.national && head.force.is_none())
                    || (head.force.is_some() && head.force == self.force)
                    || self.authored_by == Some(head.author)
            }
        }
    }

    /// Nothing at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Decides whether `person` may take `action` on `record` as it is now.
pub fn decide(person: &Person, action: Action<'_>, record: &AnyRecord) -> Result<Permit, Denied> {
    permit(person, action.name(), record.kind(), record.head())
}

/// Decides whether `person` may make a record of `kind` with this head.
pub fn decide_create(person: &Person, kind: Kind, head: &Head) -> Result<Permit, Denied> {
    permit(person, "create", kind, head)
}

/// Which records of `kind` the person may see, as a filter.
///
/// It asks the policies about one example for each relation that they can tell apart: force,
/// authorship, restriction. A test holds filter and policies against each other.
pub fn visibility(person: &Person, kind: Kind) -> Visibility {
    let sees = |force: &str, author: PersonId, restricted_to: Option<Role>| {
        allowed(person, "view", kind, &Relation { id: Uuid::nil(), force, author, restricted_to })
    };
    let other_person = PersonId(Uuid::from_u128(!person.id.0.as_u128()));
    let other_force = FORCES.iter().map(|f| f.key).find(|key| Some(*key) != person.force);
    let elsewhere = other_force.map_or(NATIONAL, ForceKey::as_str);
    let (own, national) = (force_of(person.force), sees(NATIONAL, other_person, None));
    let all = national && sees(elsewhere, other_person, None);
    let own_only = !all && person.force.is_some() && sees(own, other_person, None);
    Visibility {
        all,
        national: national && !all,
        force: person.force.filter(|_| own_only),
        authored_by: (!all && sees(elsewhere, person.id, None)).then_some(person.id),
        restricted_to: person
            .roles
            .iter()
            .copied()
            .filter(|role| sees(elsewhere, other_person, Some(*role)))
            .collect(),
    }
}

/// The policies as they are written, one text for each file.
pub const POLICIES: [(&str, &str); 5] = [
    ("everyone", include_str!("../policies/everyone.cedar")),
    ("national", include_str!("../policies/national.cedar")),
    ("force", include_str!("../policies/force.cedar")),
    ("forensic", include_str!("../policies/forensic.cedar")),
    ("figures", include_str!("../policies/figures.cedar")),
];

/// What the policies may speak of: kinds of record, acts, attributes.
pub const SCHEMA: &str = include_str!("../policies/schema.cedarschema");

/// What policies call a record of no force, and a person of none.
const NATIONAL: &str = "national";

fn permit(person: &Person, action: &str, kind: Kind, head: &Head) -> Result<Permit, Denied> {
    let relation = Relation {
        id: head.id,
        force: force_of(head.force),
        author: head.author,
        restricted_to: match head.restriction {
            Restriction::None => None,
            Restriction::Role(role) => Some(role),
        },
    };
    if !allowed(person, action, kind, &relation) {
        return Err(Denied);
    }
    Ok(Permit {
        person: person.clone(),
        kind,
        id: head.id,
        version: head.version,
        action: action.to_owned(),
    })
}

fn force_of(force: Option<ForceKey>) -> &'static str {
    force.map_or(NATIONAL, ForceKey::as_str)
}

fn allowed(person: &Person, action: &str, kind: Kind, relation: &Relation<'_>) -> bool {
    rules::allowed(person, force_of(person.force), action, kind, relation)
}
