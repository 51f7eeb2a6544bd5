//! The domain of a national child-protection operation: what is recorded, which states it
//! passes through, who may do what, and what is counted. Pure: no clock, no randomness, no
//! database, no network. Those are arguments ([`ambient`]).
//!
//! Find your way:
//! - [`record`]: one file per kind of record, with its states, acts and rules;
//! - [`form`]: the fields of an act as a person fills them in;
//! - [`person`], [`force`], [`agency`]: who acts, and for which police force or partner;
//! - [`export`]: what a file that leaves the system carries with it;
//! - [`permission`]: the one place that decides who may do or see what;
//! - [`mod@jurisdiction`]: what each legal system brings, and what of it is not modelled;
//! - [`calendar`]: bank holidays and working days;
//! - [`settings`]: what a force sets for itself;
//! - [`figure`]: the definitions of what is counted.

pub mod agency;
pub mod ambient;
pub mod calendar;
pub mod export;
pub mod figure;
pub mod force;
pub mod form;
pub mod jurisdiction;
pub mod permission;
pub mod person;
pub mod record;
pub mod settings;
