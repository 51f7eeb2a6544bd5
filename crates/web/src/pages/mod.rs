//! The pages, a module per group. A handler reads as five sentences: parse, authorise, do,
//! audit, render; authorising and auditing of records happen together in the store.

pub(crate) mod account;
pub(crate) mod administration;
pub(crate) mod approvals;
pub(crate) mod audit;
pub(crate) mod audit_export;
pub(crate) mod calendar;
pub(crate) mod children;
pub(crate) mod document;
pub(crate) mod durations;
pub(crate) mod figures;
pub(crate) mod inbox;
pub(crate) mod items;
pub(crate) mod notifications;
pub(crate) mod operation;
pub(crate) mod preview;
pub(crate) mod reason;
pub(crate) mod record;
pub(crate) mod saved;
pub(crate) mod search;
pub(crate) mod sign_in;
pub(crate) mod take_next;
pub(crate) mod work;
