//! Known-hash lists: read once, matched by digest.
//!
//! In: lists of files already known, as CSV ([`KnownSet::load_csv`]). Out: for the digests of a
//! file, what the lists say of it ([`KnownSet::lookup`]). Refused: a line that cannot be read;
//! half a list would miss hits in silence.
//!
//! Callers know only the two functions, so that a compiled index can take the place of the
//! tables in memory.

mod csv_list;
mod set;

pub use csv_list::KnownError;
pub use set::{Known, KnownSet, Source};
