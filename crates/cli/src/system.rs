//! The real clock, the real source of identifiers and who runs the program: the only place that
//! asks the machine.

use jiff::Timestamp;
use pendeen_casework::ambient::{Clock, Ids};
use pendeen_casework::person::{Knows, Person, PersonId, Role};
use uuid::Uuid;

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where the clock comes from")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// Fresh identifiers, time-ordered with 74 random bits (UUID version 7).
#[derive(Debug, Clone, Copy)]
pub struct SystemIds;

impl Ids for SystemIds {
    #[expect(clippy::disallowed_methods, reason = "this is where identifiers come from")]
    fn fresh(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// The operating system's randomness, for keys.
#[expect(clippy::disallowed_methods, reason = "this is where randomness comes from")]
pub fn randomness() -> impl rand::CryptoRng {
    rand::rng()
}

/// Whoever runs the command, as the machine knows them, for the log and as an author.
pub fn operator(role: Role) -> Person {
    let name = std::env::var("USER").unwrap_or_else(|_| "an operator".to_owned());
    Person {
        id: PersonId::COMMAND_LINE,
        name: format!("Command line ({name})"),
        roles: [role].into(),
        force: None,
        knows: Knows::default(),
    }
}
