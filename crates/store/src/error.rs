//! What can go wrong between a caller and the database.

use pendeen_casework::form::Refusal;
use pendeen_casework::permission::Denied;
use pendeen_casework::record::Kind;
use sea_orm::{DbErr, SqlErr};
use thiserror::Error;
use uuid::Uuid;

/// Why the store did not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The address is not one that the store can open: a slip in the configuration.
    #[error("{0}; use sqlite:PATH?mode=rwc or postgres://USER@HOST/DATABASE")]
    Address(&'static str),
    /// No such record. Never tells a forbidden record from a missing one.
    #[error("no {} with that identifier can be seen", kind.label().to_lowercase())]
    NotFound {
        /// The kind asked for.
        kind: Kind,
    },
    /// Somebody else changed the record since the caller read it: show both, let a person decide.
    #[error("the record moved on from version {held} to version {now}; read it again")]
    Moved {
        /// The version that the permit was given for.
        held: u32,
        /// The version that is stored now.
        now: u32,
    },
    /// A rule of the domain refuses the act and says what is missing.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The person may not do this.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The database's own rules refuse: a name or number already taken, a record named that is not there.
    #[error("{0}")]
    Conflict(&'static str),
    /// A stored row cannot be read as what it says it is: a damaged database or a newer program's.
    #[error("stored {what} {id} cannot be read")]
    Corrupt {
        /// What kind of row.
        what: &'static str,
        /// Its identifier.
        id: Uuid,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// Too many failed sign-ins for this username: wait until then, microseconds UTC.
    #[error("too many attempts; wait a little and try again")]
    SlowDown {
        /// When the next attempt is looked at.
        until: jiff::Timestamp,
    },
    /// The operating system gave no randomness.
    #[error("the system's random source does not answer")]
    Entropy(#[source] std::io::Error),
    /// A password could not be hashed, or a stored hash could not be read.
    #[error("password hashing failed: {0}")]
    Password(String),
    /// The place of documents failed.
    #[error(transparent)]
    Place(#[from] crate::place::PlaceError),
    /// The database itself failed.
    #[error("the database does not do as asked")]
    Database(#[source] DbErr),
}

impl From<DbErr> for StoreError {
    fn from(error: DbErr) -> Self {
        match error.sql_err() {
            Some(SqlErr::UniqueConstraintViolation(_)) => Self::Conflict(
                "the name, number or identifier is already taken; try again with another",
            ),
            Some(SqlErr::ForeignKeyConstraintViolation(_)) => {
                Self::Conflict("it names a record or document that is not there")
            }
            _ => Self::Database(error),
        }
    }
}

/// What every function of the store answers with.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
