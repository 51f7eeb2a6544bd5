//! The tables of an examination: items, gaps and events as rows, and their Parquet files.
//!
//! Column names are stable API: docs/reference/items.md.

mod gap;
mod row;

pub use gap::{Gap, Stage};
pub use row::{Item, Origin, Recovery};
