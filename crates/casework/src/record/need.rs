//! How records hang together: named links, and what a rule must know of other records.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AnyRecord, Head, Id, Kind, NOT_SEEN, Record};
use crate::force::ForceKey;
use crate::form::{Fields, Refusal};
use crate::person::Person;

/// A named relation from one record to another, such as a warrant's `case`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// What the other record is to this one: `case`, `subject`, `premises`, ...
    pub role: &'static str,
    /// The other record's kind.
    pub kind: Kind,
    /// The other record.
    pub to: Uuid,
}

impl Link {
    /// A link to a typed record.
    pub fn to<R: Record>(role: &'static str, id: Id<R>) -> Self {
        Self { role, kind: R::KIND, to: id.uuid() }
    }
}

/// Another record that a rule must know before an act, whoever acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// This record.
    Record(Kind, Uuid),
    /// Every record of `kind` whose link called `role` leads to `to`: a subject's
    /// sensitive-person checks, a case's searches.
    LinkedTo {
        /// The kind wanted.
        kind: Kind,
        /// The name of its link.
        role: &'static str,
        /// Where the link leads.
        to: Uuid,
    },
}

/// What an act erases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erases {
    /// The record's kind.
    pub kind: Kind,
    /// The record.
    pub record: Uuid,
}

/// The records that were asked for by [`Need`]s and record fields, as the store holds them in
/// the transaction of the act. Rules read them; the person who acts need not be able to.
#[derive(Debug, Clone, Default)]
pub struct Related {
    records: Vec<AnyRecord>,
    people: Vec<Person>,
    made_with: Option<Fields>,
}

impl Related {
    /// From what the store loaded.
    pub fn new(records: Vec<AnyRecord>) -> Self {
        Self { records, ..Self::default() }
    }

    /// With the colleagues that fields name.
    #[must_use]
    pub fn with_people(self, people: Vec<Person>) -> Self {
        Self { people, ..self }
    }

    /// With what the record was made with, every correction since included.
    #[must_use]
    pub fn with_made(self, made_with: Fields) -> Self {
        Self { made_with: Some(made_with), ..self }
    }

    /// What the record was made with, where a person filled in a form for it.
    pub fn made_with(&self) -> Option<&Fields> {
        self.made_with.as_ref()
    }

    /// The colleague that a field names, who must be of this force (or national, for none).
    pub fn colleague(
        &self,
        fields: &Fields,
        field: &str,
        force: Option<ForceKey>,
    ) -> Result<&Person, Refusal> {
        let id = fields.person(field)?;
        let found = self.people.iter().find(|person| person.id == id && person.force == force);
        found.ok_or_else(|| {
            Refusal::field(field, "choose a colleague of the force whose work it is")
        })
    }

    /// The record of any kind that a field names as `kind/id`.
    pub fn any(&self, fields: &Fields, field: &str) -> Result<&AnyRecord, Refusal> {
        let (kind, id) = fields.any_record(field)?;
        let found = self.records.iter().find(|r| r.kind() == kind && r.head().id == id);
        found.ok_or_else(|| Refusal::field(field, NOT_SEEN))
    }

    /// The record of this kind and id, or a refusal that names the field `field`.
    pub fn get<R: Record + TryFrom<AnyRecord>>(&self, field: &str, id: Uuid) -> Result<R, Refusal> {
        self.all::<R>().find(|r| r.head().id == id).ok_or_else(|| Refusal::Field {
            name: field.to_owned(),
            label: R::KIND.label().to_owned(),
            problem: NOT_SEEN.to_owned(),
        })
    }

    /// The record of this kind and id, whatever its type.
    pub fn find(&self, kind: Kind, id: Uuid) -> Option<&AnyRecord> {
        self.records.iter().find(|r| r.kind() == kind && r.head().id == id)
    }

    /// What every record has, of each.
    pub(super) fn heads(&self) -> impl Iterator<Item = &Head> {
        self.records.iter().map(AnyRecord::head)
    }

    /// Every record of one kind.
    pub fn all<R: Record + TryFrom<AnyRecord>>(&self) -> impl Iterator<Item = R> {
        self.records.iter().filter_map(|record| R::try_from(record.clone()).ok())
    }
}
