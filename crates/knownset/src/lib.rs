//! Known-hash lists: read once, matched by digest.
//!
//! In: lists of files already known, as CSV, plain digests, VICS JSON or NSRL databases
//! ([`KnownSet::load`]), told apart by their content. Out: for the digests of a file, what the
//! lists say of it ([`KnownSet::lookup`]). Refused: a record that cannot be read; half a list
//! would miss hits in silence.
//!
//! Callers know only these functions, so that a compiled index can take the place of the tables
//! in memory.

mod csv_list;
mod digest;
mod error;
mod load;
mod nsrl;
mod plain;
mod set;
mod table;
mod vics;

pub use error::KnownError;
pub use set::{Known, KnownSet, Source};
