//! What leaves the system in a file carries its restrictions, and belongs to who asked for it.
//!
//! In: the person who asks and the heads of the records that go into the file. Out: a
//! [`Label`], kept with the file and printed on it: who asked, when, the highest handling mark,
//! and to whom what is in it is restricted. Refused: giving the file out again to anybody else,
//! and to the person themself once they have left a circle or a role that it depends on.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::person::{Person, PersonId};
use crate::record::mark::Mark;
use crate::record::{Head, Restriction};

/// What is kept beside an exported file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Who asked for it.
    pub asked_by: PersonId,
    /// When, UTC.
    pub at: Timestamp,
    /// The highest mark of what is in it.
    pub mark: Mark,
    /// Every restriction of what is in it, each once.
    pub restrictions: Vec<Restriction>,
}

impl Label {
    /// The label of a file with these records, which the person may all see.
    pub fn new<'a>(by: &Person, at: Timestamp, heads: impl IntoIterator<Item = &'a Head>) -> Self {
        Self::of(by, at, heads.into_iter().map(|head| (head.mark, &head.restriction)))
    }

    /// The same by the marks and restrictions of what is in it.
    pub fn of<'a>(
        by: &Person,
        at: Timestamp,
        held: impl IntoIterator<Item = (Mark, &'a Restriction)>,
    ) -> Self {
        let mut label =
            Self { asked_by: by.id, at, mark: Mark::Official, restrictions: Vec::new() };
        let mut highest = None;
        for (mark, restriction) in held {
            highest = highest.max(Some(mark));
            let known = label.restrictions.contains(restriction);
            if *restriction != Restriction::None && !known {
                label.restrictions.push(restriction.clone());
            }
        }
        label.mark = highest.unwrap_or_default();
        label
    }

    /// Whether a record with this mark and restriction may go into the file as it is labelled.
    pub fn covers(&self, mark: Mark, restriction: &Restriction) -> bool {
        let within = *restriction == Restriction::None || self.restrictions.contains(restriction);
        mark <= self.mark && within
    }

    /// Whether the file may be given to this person (again).
    pub fn opens_to(&self, person: &Person) -> bool {
        let within = |restriction: &Restriction| match restriction {
            Restriction::None => true,
            Restriction::Role(role) => person.is(*role),
            Restriction::Circle(circle) => person.knows.circles.contains(circle),
        };
        person.id == self.asked_by && self.restrictions.iter().all(within)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::person::Role;
    use crate::record::Kind;

    fn person(n: u128) -> Person {
        Person {
            id: PersonId(Uuid::from_u128(n)),
            name: format!("Officer {n}"),
            roles: [Role::OfficerInCase].into(),
            force: None,
            knows: crate::person::Knows::default(),
        }
    }

    #[test]
    fn an_export_is_marked_as_highly_as_what_is_in_it_and_opens_to_who_asked_alone() {
        let now: Timestamp = "2026-11-25T09:00:00Z".parse().unwrap();
        let (circle, mut asker) = (Uuid::from_u128(7), person(1));
        asker.knows.circles.insert(circle);
        let mut heads = [1, 2, 3].map(|n| Head::new(Kind::Case, Uuid::from_u128(n), &asker, now));
        heads[1].mark = Mark::RecipientsOnly;
        heads[2].restriction = Restriction::Circle(circle);
        let label = Label::new(&asker, now, &heads);
        assert_eq!(label.mark, Mark::RecipientsOnly);
        assert_eq!(label.restrictions, [Restriction::Circle(circle)]);
        assert!(label.covers(Mark::Official, &Restriction::Circle(circle)));
        assert!(!label.covers(Mark::Official, &Restriction::Circle(Uuid::from_u128(8))));
        assert!(!Label::new(&asker, now, []).covers(Mark::RecipientsOnly, &Restriction::None));
        assert!(label.opens_to(&asker));
        let colleague = Person { knows: asker.knows.clone(), ..person(2) };
        assert!(!label.opens_to(&colleague), "another member of the circle did not ask for it");
        assert!(!label.opens_to(&person(1)), "who asked has left the circle since");
        assert_eq!(Label::new(&asker, now, []).mark, Mark::default());
    }
}
