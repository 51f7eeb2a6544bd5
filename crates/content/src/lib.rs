//! One content and what lies in it.
//!
//! In: the bytes of an archive or a document, by position. Out: its children, in the order in
//! which they lie there: names, times, and their bytes, piece by piece; and a problem for
//! everything that could not be had. Hostile content meets decoders and archive readers in a
//! process of its own, in the sandbox of the file-system worker: [`serve`] is that process,
//! [`Session`] its parent, [`protocol`] what they say to each other, [`container`] the formats.
//! Refused: content past the [`protocol::Limits`]; a reached limit is a problem, told with what it
//! left out.

mod client;
pub mod container;
pub mod document;
pub mod events;
mod positioned;
pub mod protocol;
mod remote;
pub mod serve;
mod sink;
pub mod sqlite;

pub use client::{Session, Sink};
pub use positioned::{Positioned, Stretch};
pub use remote::{Source, Window};
pub use sink::{Children, Stop, Tell};
