//! The process that opens file systems: what starts it, what it may do, what it says.
//!
//! In: an image's open files. Out: listings and content, through a typed, versioned and bounded
//! [`protocol`]. Hostile evidence is parsed by C code there, in a [`sandbox`]; a crash, a hang
//! or nonsense in an answer costs one recorded gap. The parent starts a worker with a
//! [`WorkerCommand`]; [`serve`] is the worker's own side.

mod check;
mod client;
mod descriptors;
pub mod frame;
#[cfg(test)]
mod hostile;
pub mod protocol;
pub mod sandbox;
pub mod serve;
mod translate;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

pub use check::Violation;
pub(crate) use client::{Listing, Opened, Session, Unallocated};
pub use descriptors::close_all_others;
use protocol::FrameError;

/// How a worker is started, and how long it is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerCommand {
    /// The program: the running one, usually.
    pub program: PathBuf,
    /// Its arguments: those that make it call [`serve::main`].
    pub args: Vec<OsString>,
    /// What it may cost.
    pub limits: Limits,
}

impl WorkerCommand {
    /// A worker with the limits that suit a disk.
    pub fn new(program: impl Into<PathBuf>, args: &[&str]) -> Self {
        Self {
            program: program.into(),
            args: args.iter().map(OsString::from).collect(),
            limits: Limits::default(),
        }
    }
}

/// What a worker may cost its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// It is killed when nothing comes from it for so long.
    pub stall: Duration,
    /// It is killed when an answer takes so long in all.
    pub answer: Duration,
    /// Names of one listing.
    pub names: u64,
    /// Bytes of one listing's frames: what the parent must hold grows with them.
    pub listing_bytes: u64,
    /// Bytes of memory that one listing's entries and gaps take in the parent, about.
    pub held_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            stall: Duration::from_mins(2),
            answer: Duration::from_hours(6),
            names: 50_000_000,
            listing_bytes: 16 << 30,
            held_bytes: 4 << 30,
        }
    }
}

/// A worker that did not do what it was asked.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// The program could not be started: the installation is at fault.
    #[error("the worker {} could not be started", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// It ended, or was ended, in the middle of an answer: most likely the evidence crashed it.
    #[error("the worker ended while it was asked for {wanted}: {how}")]
    Died {
        /// What it was asked for.
        wanted: &'static str,
        /// Its exit status or signal, as far as known.
        how: String,
    },
    /// Nothing came from it for too long.
    #[error("the worker said nothing for {} s while it was asked for {wanted}", after.as_secs())]
    Stalled {
        /// What it was asked for.
        wanted: &'static str,
        /// How long it was waited for.
        after: Duration,
    },
    /// The answer took too long, or was too long.
    #[error("the worker's answer ({wanted}) is past the limit of {limit}")]
    TooMuch {
        /// What it was asked for.
        wanted: &'static str,
        /// Which limit.
        limit: String,
    },
    /// It sent something that is no message.
    #[error("the worker sent {0}")]
    Frame(FrameError),
    /// It sent a message that is no answer to what it was asked.
    #[error("the worker sent {got} when it was asked for {wanted}")]
    OutOfOrder {
        /// What it was asked for.
        wanted: &'static str,
        /// What came.
        got: &'static str,
    },
    /// It speaks another version: two installations are mixed up.
    #[error("the worker speaks version {got} of the protocol, not {}", protocol::VERSION)]
    Version {
        /// Its version.
        got: u32,
    },
    /// It sees another image than the parent.
    #[error("the worker sees an image of {got} bytes, not of {len}")]
    OtherImage {
        /// What the worker sees.
        got: u64,
        /// What there is.
        len: u64,
    },
    /// What it said cannot be.
    #[error("the worker's answer cannot be: {0}")]
    Violation(#[from] Violation),
    /// What it counted is not what it sent.
    #[error("the worker counted {said} {what}, and sent {sent}")]
    Miscounted {
        /// Files or problems.
        what: &'static str,
        /// What it said.
        said: u64,
        /// What came.
        sent: u64,
    },
    /// It said that it cannot.
    #[error("{0}")]
    Refused(String),
}
