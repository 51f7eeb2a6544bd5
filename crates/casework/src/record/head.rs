//! What every record has, whatever its kind: identity, number, version, place, author.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Id, Kind, mark, operation};
use crate::agency::AgencyKey;
use crate::force::ForceKey;
use crate::person::{Person, PersonId, Role};

/// Who may know that a record exists, beyond what role and force allow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restriction {
    /// Role and force decide.
    #[default]
    None,
    /// Only holders of this role, whatever their force; invisible to all others.
    Role(Role),
    /// Only those of the people whom role and force let in who belong to this circle
    /// ([`super::circle::Circle`]); invisible to all others.
    Circle(Uuid),
}

/// In which state a kind of record is finished, and who reviews then whether it is still needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reviewed {
    /// The state.
    pub when: &'static str,
    /// Who reviews it.
    pub by: Role,
}

/// What every record has, whatever its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Identifies the record.
    pub id: Uuid,
    /// What people call it, such as `PKG-7K3M9-QXD4Z`: made from the id, so that it tells
    /// nothing about how many others there are.
    pub number: String,
    /// 1 for the first version, one more for each act.
    pub version: u32,
    /// The force whose work it is; none for national work.
    pub force: Option<ForceKey>,
    /// The operation it belongs to, if any.
    pub operation: Option<Id<operation::Operation>>,
    /// Who may know of it.
    pub restriction: Restriction,
    /// The partner agency that it was referred to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyKey>,
    /// How it is to be handled.
    #[serde(default)]
    pub mark: mark::Mark,
    /// Made by the demo, not by work: shown as such wherever it appears.
    pub simulated: bool,
    /// Who made it.
    pub author: PersonId,
    /// The author's name at that time.
    pub author_name: String,
    /// Who approved it, where the kind asks for a second person; never the author.
    pub approver: Option<PersonId>,
    /// When it is to be reviewed whether a finished record is still needed, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_due: Option<Timestamp>,
    /// When it was made, UTC.
    pub created: Timestamp,
    /// When its present version was made, UTC.
    pub updated: Timestamp,
}

impl Head {
    /// The head of a new record of this kind.
    pub fn new(kind: Kind, id: Uuid, author: &Person, now: Timestamp) -> Self {
        Self {
            id,
            number: number(kind, id),
            version: 1,
            force: author.force,
            operation: None,
            restriction: Restriction::None,
            agency: None,
            mark: mark::Mark::default(),
            simulated: false,
            author: author.id,
            author_name: author.name.clone(),
            approver: None,
            review_due: None,
            created: now,
            updated: now,
        }
    }
}

/// A record's number: the kind's prefix and 50 bits of its id in Crockford's base 32. Of a
/// million records of one kind, two have the same number with a chance of one in 2,000; the
/// store refuses the second, and its maker draws another id.
fn number(kind: Kind, id: Uuid) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let bits = id.as_u128() & ((1 << 50) - 1);
    let digit = |i: u32| char::from(DIGITS[usize::try_from((bits >> (5 * i)) & 31).unwrap_or(0)]);
    let code: String = (0..10).rev().map(digit).collect();
    format!("{}-{}-{}", kind.prefix(), &code[..5], &code[5..])
}
