//! The tables of an examination: items, gaps and events as rows, and their Parquet files.
//!
//! In: [`Item`]s and [`Gap`]s in forensic order ([`forensic_order`]). Out: Parquet files whose
//! bytes depend on the rows alone: no clock, no machine, fixed row groups. And back again:
//! whole ([`read_items`]) or a page at a time ([`read_page`]).
//! Refused: a file whose columns are not the ones documented in docs/reference/items.md and
//! docs/reference/events.md.

mod error;
mod event;
mod event_table;
mod file;
mod gap;
mod gap_table;
mod item_table;
mod media;
mod row;
mod text_table;

pub use error::TableError;
pub use event::Event;
pub use event_table::{EventRow, EventWriter, event_schema, read_events};
pub use file::Written;
pub use gap::{Gap, Stage};
pub use gap_table::{GapWriter, gap_schema, read_gaps};
pub use item_table::{
    ItemWriter, Items, count, find_item, item_schema, read_exhibit, read_items, read_page,
};
pub use media::{Degrees, Media};
pub use row::{Item, Origin, Recovery, forensic_order, item_id};
pub use text_table::{Cell, TextTable, time};
