//! The one place that decides who may do or see what; everything not allowed is denied.
//!
//! The rules are Cedar policies in `policies/`, readable by a person who is no programmer.
//! [`decide`] answers for one record, [`decide_create`] for one that is to be made;
//! [`visibility`] gives the same answer as a filter that the store turns into SQL; a test holds
//! the two against each other.
//! A [`Permit`] can be made nowhere else, and the store asks for one before it writes: code
//! that forgets to ask does not compile.

mod memory;
mod rules;

use std::collections::BTreeSet;

use thiserror::Error;
use uuid::Uuid;

use crate::agency::AgencyKey;
use crate::force::{FORCES, ForceKey};
use crate::person::{Person, PersonId, Role};
use crate::record::{AnyRecord, Head, Kind, Restriction, common};
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

/// Which records of one kind a person may see: an OR of these clauses.
///
/// `all`, `national`, `force`, `authored_by` and `agency` select among the records that are
/// unrestricted or restricted to one of `circles`; the other clauses stand for themselves.
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
    /// Records that were referred to this partner agency.
    pub agency: Option<AgencyKey>,
    /// Circles whose records count as unrestricted.
    pub circles: BTreeSet<Uuid>,
    /// Records restricted to these circles, whatever their force.
    pub member_of: BTreeSet<Uuid>,
    /// Restricted records of these roles, whatever their force.
    pub restricted_to: Vec<Role>,
    /// These records, unless they are restricted to a role.
    pub opened: BTreeSet<Uuid>,
}

impl Visibility {
    /// Whether a record with this head is among them: what the store's SQL must also say.
    pub fn admits(&self, head: &Head) -> bool {
        let related = || {
            self.all
                || (self.national && head.force.is_none())
                || (head.force.is_some() && head.force == self.force)
                || self.authored_by == Some(head.author)
                || (head.agency.is_some() && head.agency == self.agency)
                || self.opened.contains(&head.id)
        };
        match head.restriction {
            Restriction::Role(role) => self.restricted_to.contains(&role),
            Restriction::None => related(),
            Restriction::Circle(circle) => {
                (self.circles.contains(&circle) && related())
                    || self.member_of.contains(&circle)
                    || self.opened.contains(&head.id)
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

/// Decides whether `person` may open `record` in an emergency, beyond what they see: the store
/// then keeps the reason, raises the alarm and lets them in for a while.
pub fn decide_break_glass(person: &Person, record: &AnyRecord) -> Result<Permit, Denied> {
    permit(person, BREAK_GLASS, record.kind(), record.head())
}

/// What policies call opening a record in an emergency.
pub const BREAK_GLASS: &str = "break_glass";

/// What policies can be asked about every kind of record, besides its acts.
pub const COMMON_ACTIONS: [&str; 4] = ["view", "view_guarded", "create", BREAK_GLASS];

/// Decides whether `person` may make a record of `kind` with this head.
pub fn decide_create(person: &Person, kind: Kind, head: &Head) -> Result<Permit, Denied> {
    permit(person, "create", kind, head)
}

/// Whether the policies let the person take this act on some record of the kind: one of their own
/// force, or a national one. For what a page offers, never for a decision about a record.
pub fn may_sometimes(person: &Person, act: &str, kind: Kind) -> bool {
    let of = |force| Relation {
        id: Uuid::nil(),
        force,
        author: PersonId(Uuid::from_u128(!person.id.0.as_u128())),
        agency: None,
        circle: None,
        restricted_to: None,
        opened: false,
    };
    [force_of(person.force), NATIONAL].into_iter().any(|f| allowed(person, act, kind, &of(f)))
}

/// Which records of `kind` the person may see, as a filter.
///
/// It asks the policies about one example for each relation that they can tell apart: force,
/// authorship, partner agency, circle, restriction, broken glass. A test holds filter and
/// policies against each other.
pub fn visibility(person: &Person, kind: Kind) -> Visibility {
    let sees = |relation: &Relation<'_>| allowed(person, "view", kind, relation);
    let other_force = FORCES.iter().map(|f| f.key).find(|key| Some(*key) != person.force);
    let elsewhere = Relation {
        id: Uuid::nil(),
        force: other_force.map_or(NATIONAL, ForceKey::as_str),
        author: PersonId(Uuid::from_u128(!person.id.0.as_u128())),
        agency: None,
        circle: None,
        restricted_to: None,
        opened: false,
    };
    let national = Relation { force: NATIONAL, ..elsewhere };
    let own = Relation { force: force_of(person.force), ..elsewhere };
    let authored = Relation { author: person.id, ..elsewhere };
    let referred = Relation { agency: person.knows.agency.as_ref(), ..elsewhere };
    let opened = Relation { opened: true, ..elsewhere };
    // Policies cannot tell one of the person's circles from another.
    let circle = person.knows.circles.first().copied();
    let in_circle = |relation: &Relation<'_>| {
        circle.is_some() && sees(relation) && sees(&Relation { circle, ..*relation })
    };
    let all = sees(&national) && sees(&elsewhere);
    let member = circle.is_some() && sees(&Relation { circle, ..elsewhere });
    let circles = [&national, &own, &authored, &referred].into_iter().any(in_circle);
    Visibility {
        all,
        national: !all && sees(&national),
        force: person.force.filter(|_| !all && sees(&own)),
        authored_by: (!all && sees(&authored)).then_some(person.id),
        agency: person.knows.agency.clone().filter(|_| !all && sees(&referred)),
        circles: kept(&person.knows.circles, circles && (all || !member)),
        member_of: kept(&person.knows.circles, member && !all),
        restricted_to: person
            .roles
            .iter()
            .copied()
            .filter(|role| sees(&Relation { restricted_to: Some(*role), ..elsewhere }))
            .collect(),
        opened: kept(&person.knows.opened, sees(&opened)),
    }
}

fn kept(ids: &BTreeSet<Uuid>, keep: bool) -> BTreeSet<Uuid> {
    if keep { ids.clone() } else { BTreeSet::new() }
}

/// The policies as they are written, one text for each file.
pub const POLICIES: [(&str, &str); 9] = [
    ("everyone", include_str!("../policies/everyone.cedar")),
    ("national", include_str!("../policies/national.cedar")),
    ("force", include_str!("../policies/force.cedar")),
    ("forensic", include_str!("../policies/forensic.cedar")),
    ("figures", include_str!("../policies/figures.cedar")),
    ("work", include_str!("../policies/work.cedar")),
    ("partner", include_str!("../policies/partner.cedar")),
    ("emergency", include_str!("../policies/emergency.cedar")),
    ("retention", include_str!("../policies/retention.cedar")),
];

/// What the policies may speak of: kinds of record, acts, attributes.
pub const SCHEMA: &str = include_str!("../policies/schema.cedarschema");

/// What policies call records of this kind. `Action` is Cedar's own word for what is asked.
pub fn entity_name(kind: Kind) -> String {
    match kind {
        Kind::Action => "ActionRecord".to_owned(),
        other => format!("{other:?}"),
    }
}

/// What policies call a record of no force, and a person of none.
const NATIONAL: &str = "national";

fn permit(person: &Person, action: &str, kind: Kind, head: &Head) -> Result<Permit, Denied> {
    let (restricted_to, circle) = match head.restriction {
        Restriction::None => (None, None),
        Restriction::Role(role) => (Some(role), None),
        Restriction::Circle(circle) => (None, Some(circle)),
    };
    let relation = Relation {
        id: head.id,
        force: force_of(head.force),
        author: head.author,
        agency: head.agency.as_ref(),
        circle,
        restricted_to,
        opened: person.knows.opened.contains(&head.id),
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
    let ask = |action| rules::allowed(person, force_of(person.force), action, kind, relation);
    match common::asks(action) {
        Some(all) => all.iter().all(|action| ask(action)),
        None => ask(action),
    }
}
