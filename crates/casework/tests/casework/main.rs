//! What holds for every kind of record, tested from outside the crate.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod documents;
mod figures;
mod permissions;
mod permissions_page;
mod walk;
mod world;
