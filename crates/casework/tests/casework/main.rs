//! What holds for every kind of record, tested from outside the crate.

mod documents;
mod figures;
mod permissions;
mod walk;
mod world;
