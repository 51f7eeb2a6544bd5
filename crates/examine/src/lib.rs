//! An examination: evidence against known lists, written as tables.
//!
//! In: sources (disk images, folders) and known lists. Out: a folder with `items.parquet`,
//! `gaps.parquet`, `events.parquet`, `report.html` and, last of all, `examination.json`. [`run`]
//! is the whole way; [`load`] reads a finished examination back, [`item_content`] one item's bytes and
//! [`preview`] a blurred picture; [`image_verify`] compares an image with its stored digests.
//! Refused: a source that cannot be opened, a known list that cannot be read, a folder for the
//! results that holds anything. What cannot be read inside a source is a gap: nothing is
//! skipped in silence.

mod at_hand;
mod budget;
mod carving;
mod checkpoint;
mod content;
mod digesting;
mod error;
mod events;
mod gather;
mod halves;
mod index;
mod item_content;
mod mode;
mod nested;
mod plan;
pub mod preview;
mod privileged;
mod progress;
mod record;
mod report;
mod run;
mod tables;
mod triage;
mod unlock;
mod verify;
mod work_folder;

pub use error::ExamineError;
pub use item_content::{Workers, item_content};
pub use mode::{Checkpoints, Mode};
pub use nested::Nesting;
pub use privileged::PrivilegedList;
pub use progress::{Progress, Silent, Step};
pub use record::{
    Counts, Examination, FileRecord, ImageRecord, OptionsRecord, SCHEMA_VERSION, SourceKind,
    SourceRecord, VolumeRecord, load, read,
};
pub use run::{Method, Options, run};
pub use unlock::{Unlock, UnlockRecord};
pub use verify::{Unreadable, Verification, image_verify, image_verify_showing};
