//! For tests: a small world of records and people, and the shortest way to act in it.

use jiff::Timestamp;
use uuid::Uuid;

use super::{ActContext, AnyRecord, Head, Record, Related, create, perform};
use crate::force::ForceKey;
use crate::form::{Fields, Refusal};
use crate::person::{Knows, Person, PersonId};
use crate::settings::Settings;

/// Filled-in fields.
pub fn fields<const N: usize>(pairs: [(&str, &str); N]) -> Fields {
    pairs.into_iter().collect()
}

/// Officer number `n` of a force, or of no force.
pub fn officer(n: u128, force: Option<&str>) -> Person {
    Person {
        id: PersonId(Uuid::from_u128(n)),
        name: format!("Officer {n}"),
        roles: [].into(),
        force: force.and_then(ForceKey::parse),
        knows: Knows::default(),
    }
}

/// A moment from its text.
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Records as the store would hold them, the person who acts, and the time.
pub struct World {
    records: Vec<AnyRecord>,
    next: u128,
    /// Who acts: officer 1 of no force, until changed.
    pub by: Person,
    /// Colleagues that fields can name.
    pub people: Vec<Person>,
    /// When: 1 June 2026, 09:00 UTC, until changed.
    pub now: Timestamp,
    /// The defaults, until changed.
    pub settings: Settings,
}

impl World {
    pub fn new() -> Self {
        Self {
            records: Vec::new(),
            next: 1000,
            by: officer(1, None),
            people: Vec::new(),
            now: at("2026-06-01T09:00:00Z"),
            settings: Settings::default(),
        }
    }

    /// Officer `n` of the same force acts from now on.
    pub fn officer(&mut self, n: u128) {
        self.by = officer(n, self.by.force.map(ForceKey::as_str));
    }

    pub fn try_create<R: Record>(&mut self, fields: &Fields) -> Result<R, Refusal>
    where
        AnyRecord: From<R>,
    {
        self.next += 1;
        let head = Head::new(R::KIND, Uuid::from_u128(self.next), &self.by, self.now);
        let related = Related::new(self.records.clone()).with_people(self.people.clone());
        let record: R = create(head, &self.context(fields, &related))?;
        self.records.push(record.clone().into());
        Ok(record)
    }

    pub fn create<R: Record>(&mut self, fields: &Fields) -> R
    where
        AnyRecord: From<R>,
    {
        self.try_create(fields).unwrap_or_else(|refusal| panic!("{:?}: {refusal}", R::KIND))
    }

    pub fn act<R: Record>(&mut self, record: &R, act: &str, fields: &Fields) -> Result<R, Refusal>
    where
        AnyRecord: From<R>,
    {
        let related = Related::new(self.records.clone()).with_people(self.people.clone());
        let after = perform(record, act, &self.context(fields, &related))?;
        self.put(after.clone());
        Ok(after)
    }

    /// What an act by the present officer is done with.
    pub fn context<'a>(&'a self, fields: &'a Fields, related: &'a Related) -> ActContext<'a> {
        let settings = &self.settings;
        ActContext { fields, related, by: &self.by, at: self.now, settings }
    }

    /// Keeps a record in place of its earlier version.
    pub fn put<R: Record>(&mut self, record: R)
    where
        AnyRecord: From<R>,
    {
        let id = record.head().id;
        self.records.retain(|r| r.head().id != id);
        self.records.push(record.into());
    }

    pub fn subject(&mut self) -> super::subject::Subject {
        self.create(&fields([("name", "Robin Example"), ("suspect", "yes")]))
    }

    /// An open case of Devon & Cornwall with one suspect; officer 1 of that force acts.
    pub fn case(&mut self) -> super::case::Case {
        self.by = officer(1, Some("E23000035"));
        let subject = self.subject().head.id.to_string();
        self.create(&fields([("name", "Example"), ("subject", &*subject)]))
    }

    pub fn premises(&mut self) -> super::premises::Premises {
        self.create(&fields([
            ("address", "1 Sample Street, Plymouth"),
            ("postcode", "PL1 1AA"),
            ("kind", "house"),
            ("force", "E23000035"),
        ]))
    }
}
