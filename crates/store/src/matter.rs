//! The matter that a record belongs to: what a reason for looking at it is given for.
//!
//! In: a record by kind and id, and who wants to look at it. Out: the whole that it is a part of
//! (as a rule its case), and whether the record says by itself why this person looks at it.
//! Nothing of the record is handed out, so no leaf is left. A record that the person may not see
//! and one that is not there give the same answer.
//!
//! Source: Data Protection Act 2018, s.62(2) and (3): the justification of a consultation.

use pendeen_casework::permission::{Action, decide};
use pendeen_casework::person::Person;
use pendeen_casework::record::{AnyRecord, Kind};
use uuid::Uuid;

use crate::Store;
use crate::error::Result;
use crate::read::load;

/// Parts of parts that are followed at most.
const DEPTH: usize = 8;

/// What a record is looked at for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matter {
    /// The whole that it is a part of, or the record itself.
    pub id: Uuid,
    /// Why this person looks at it, where that is known without asking.
    pub known: Option<&'static str>,
}

impl Store {
    /// The matter of the record, if it is there and the person may see it.
    pub async fn matter(&self, who: &Person, kind: Kind, id: Uuid) -> Result<Option<Matter>> {
        let found = load(self.db(), kind, id).await?;
        let Some(mut whole) = found.filter(|record| decide(who, Action::View, record).is_ok())
        else {
            return Ok(None);
        };
        let mut known = known(who, &whole);
        for _ in 0..DEPTH {
            let Some(part_of) = whole.part_of() else { break };
            let Some(next) = load(self.db(), part_of.kind, part_of.to).await? else { break };
            whole = next;
            known = known.or_else(|| self::known(who, &whole));
        }
        Ok(Some(Matter { id: whole.head().id, known }))
    }
}

/// The reason that the record itself gives.
fn known(who: &Person, record: &AnyRecord) -> Option<&'static str> {
    let head = record.head();
    if who.knows.opened.contains(&head.id) {
        return Some("Opened in an emergency: the reason stands in the record of that access");
    }
    if record.assigned() == Some(who.id) {
        return Some("Assigned to the person by name");
    }
    (head.author == who.id).then_some("Recorded by the person")
}
