//! What the domain takes from the world: the time and fresh identifiers. Both are arguments,
//! so that a second run with the same ones gives the same bytes.

use jiff::Timestamp;
use uuid::Uuid;

/// Tells the time, UTC.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// Gives identifiers that no other record has.
pub trait Ids: Send + Sync {
    /// A fresh identifier; time-ordered (UUID version 7) in production.
    fn fresh(&self) -> Uuid;
}
