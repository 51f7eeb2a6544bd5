//! From a source of evidence to its bytes, volumes, file systems and entries.
//!
//! The folder list is the pipeline: [`image`] (bytes), [`volume`] (partitions),
//! [`filesystem`] (entries, through a sandboxed [`worker`]; [`recognise`] says what no
//! reader opens), [`folder`] (entries of a plain
//! folder), [`carve`] (files that nothing names any more), [`content`] (an entry's bytes). Evidence is hostile and read-only: every read is
//! positioned and bounded, and what cannot be read becomes a [`pendeen_item::Gap`].

pub mod archive;
mod bytes;
pub mod carve;
pub mod content;
pub mod entry;
pub mod filesystem;
pub mod folder;
pub mod image;
mod quiet;
pub mod recognise;
pub mod source;
pub mod unit;
pub mod unlock;
pub mod volume;
pub mod worker;
