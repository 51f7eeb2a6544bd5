//! The one place that decides who may do or see what; everything not allowed is denied.
//!
//! The rules are Cedar policies in `policies/`, readable by a person who is no programmer.
//! [`decide`] answers for one record, [`decide_create`] for one that is to be made; [`visibility`] gives the same answer as a filter that
//! the store turns into SQL; a test holds the two against each other.
//! A [`Permit`] can be made nowhere else, and the store asks for one before it writes: code
//! that forgets to ask does not compile.

use thiserror::Error;

use crate::force::ForceKey;
use crate::person::{Person, PersonId, Role};
use crate::record::{AnyRecord, Head, Kind, Restriction};

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action<'a> {
    /// Read the record.
    View,
    /// Read the lines of the record that only those see who must know.
    ViewGuarded,
    /// One of the kind's acts, by name.
    Act(&'a str),
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
    /// `view`, `create` or the act's name.
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
    let _ = (person, action, record);
    Err(Denied)
}

/// Decides whether `person` may make a record of `kind` with this head.
pub fn decide_create(person: &Person, kind: Kind, head: &Head) -> Result<Permit, Denied> {
    let _ = (person, kind, head);
    Err(Denied)
}

/// Which records of `kind` the person may see, as a filter.
pub fn visibility(person: &Person, kind: Kind) -> Visibility {
    let _ = (person, kind);
    Visibility::default()
}
