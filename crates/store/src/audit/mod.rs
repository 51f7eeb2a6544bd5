//! The append-only audit log: who did or saw what, when, chained so that no change goes unseen.
//!
//! In: one [`Leaf`] per act, read, disclosure or refusal, written in the transaction of what it
//! describes. Out: a verified chain ([`crate::Store::audit_verify`]) and entries for the audit
//! page. Never used for performance figures (Data Protection Act 2018 s.62(4)).
//!
//! **Leaf bytes, version 1.** Fixed for good: a later version gets a new first byte, old leaves
//! stay as they are. Integers are big-endian. A *text* is its length in bytes as `u32`, then
//! UTF-8. An identifier is the 16 bytes of a UUID, all zero for none.
//!
//! | field | type | meaning |
//! |---|---|---|
//! | version | `u8` | 1 |
//! | processing | `u8` | [`Processing::code`] |
//! | at | `i64` | microseconds since 1970 UTC |
//! | who | identifier | the person; none where nobody was signed in |
//! | roles | `u8` count, then texts | the person's roles at that time, in order of their keys |
//! | action | text | `create`, `view`, `list`, an act's name, `sign_in`, ... |
//! | record kind | text | its key; empty where no one record is meant |
//! | record | identifier | |
//! | record version | `u32` | 0 where none is meant |
//! | recipient | text | to whom, for a disclosure; else empty |
//! | commitments | `u16` count, then for each: text name, 32 bytes | see below |
//!
//! **Commitments.** What might identify a person (the reason given for reading, what was
//! searched for, a record's content) is not in the leaf; the leaf holds SHA-256(salt || value)
//! with a fresh 32-byte salt. Salt and value lie in `audit_opening`, or the value in
//! `record_version`; erasing them leaves a log that still verifies and a commitment that can no
//! longer be guessed, while an unerased one can be proved.
//!
//! **Chain.** leaf hash = SHA-256(0x00 || leaf bytes), as RFC 6962 section 2.1 has it, so that
//! the same leaves can go into a Merkle tree unchanged; chain(0) = 32 zero bytes;
//! chain(n) = SHA-256(chain(n-1) || leaf hash(n)). `audit_head` holds the last number and chain
//! value, so that cutting off the end is found as well; somebody who may rewrite every table
//! can also rewrite the chain, and is caught only by a chain value noted elsewhere.

mod files;
mod leaf;
pub(crate) mod log;
pub mod note;
mod opened;
mod outside;
mod prove;
pub mod tiles;
pub(crate) mod together;
pub mod tree;
mod verify;
pub mod witness;

pub use leaf::{Hash, Leaf, LeafError, Processing};
pub use log::{Entry, EntryFilter, Recipient};
pub use prove::Proof;
pub use verify::{AuditReport, Break, Witnessed};
