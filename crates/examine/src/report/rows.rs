//! The rows of a report's long tables, made beside the writing of the item table.
//!
//! In: every item and gap, in forensic order. Out: the pages of items, of known items and of
//! gaps. Items go to a thread of their own in batches, so that the item table does not wait for
//! the pages; a thread that falls behind makes the other wait, so that memory stays bounded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use jiff::Timestamp;
use pendeen_item::{Gap, Item};

use crate::ExamineError;
use crate::record::FileRecord;
use crate::tables::EXCERPT;
use crate::work_folder::WorkFolder;

use super::pages::Pages;
use super::text::{Number, Text};

/// Items that are handed over at a time.
const BATCH: usize = 1024;
/// Batches that may wait.
const WAITING: usize = 4;

/// The columns of items.
const ITEMS: &str = "<th>Forensic path<th>Origin<th>Media type<th class=number>Bytes<th>Modified\
                     <th>Known list<th>SHA-256";
/// The columns of gaps.
const GAPS: &str = "<th>Where<th>Stage<th>Wanted<th>Why not";

type Files = Result<BTreeMap<String, FileRecord>, ExamineError>;

/// Takes the items while the item table is written.
pub(crate) struct Rows<'scope> {
    batch: Vec<Item>,
    to: SyncSender<Vec<Item>>,
    writer: ScopedJoinHandle<'scope, Files>,
}

impl<'scope> Rows<'scope> {
    /// Starts the thread that writes the pages.
    pub(crate) fn start<'env>(
        scope: &'scope Scope<'scope, 'env>,
        folder: &'env WorkFolder,
    ) -> Self {
        let (to, from) = sync_channel(WAITING);
        let writer = scope.spawn(move || write_items(folder, from));
        Self { batch: Vec::with_capacity(BATCH), to, writer }
    }

    /// Adds an item.
    pub(crate) fn add(&mut self, item: &Item) {
        self.batch.push(item.clone());
        if self.batch.len() == BATCH {
            let full = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
            // Where the writer has given up, its error comes at the end.
            let _ = self.to.send(full);
        }
    }

    /// The pages written, after the pages of gaps have been added.
    pub(crate) fn finish(self, folder: &WorkFolder, gaps: &[Gap]) -> Files {
        let Self { batch, to, writer } = self;
        let _ = to.send(batch);
        drop(to);
        let mut files = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        let mut pages = Pages::new(folder, "gaps", "What could not be read", GAPS, EXCERPT);
        for gap in gaps {
            pages.add(&gap.forensic_path, |row| {
                let _ = write!(
                    row,
                    "<td>{}<td>{}<td>{}<td>{}",
                    Text(&gap.forensic_path),
                    gap.stage.key(),
                    Text(&gap.wanted),
                    Text(&gap.reason)
                );
            })?;
        }
        files.append(&mut pages.finish()?);
        Ok(files)
    }
}

fn write_items(folder: &WorkFolder, from: Receiver<Vec<Item>>) -> Files {
    let mut items = Pages::new(folder, "items", "Items", ITEMS, EXCERPT);
    let mut known = Pages::new(folder, "known", "Items on known lists", ITEMS, EXCERPT);
    for item in from.into_iter().flatten() {
        items.add(&item.forensic_path, |row| write_item(row, &item))?;
        if item.known_list.is_some() {
            known.add(&item.forensic_path, |row| write_item(row, &item))?;
        }
    }
    let mut files = items.finish()?;
    files.append(&mut known.finish()?);
    Ok(files)
}

fn write_item(row: &mut String, item: &Item) {
    let modified = item.modified.and_then(|ns| Timestamp::from_nanosecond(ns.into()).ok());
    let _ = write!(row, "<td>{}<td>{}", Text(&item.forensic_path), item.origin.key());
    if let Some(recovery) = item.recovery {
        let _ = write!(row, ", {}", recovery.key());
    }
    let media_type = item.media_type.as_deref().unwrap_or_default();
    let _ = write!(row, "<td>{}<td class=number>{}<td>", Text(media_type), Number(item.size_bytes));
    if let Some(modified) = modified {
        let _ = write!(row, "{modified:.0}");
    }
    row.push_str("<td>");
    if let Some(list) = &item.known_list {
        let category = item.known_category.as_deref().unwrap_or("no category");
        let _ = write!(row, "{}: {}", Text(list), Text(category));
    }
    row.push_str("<td class=digest>");
    match item.sha256 {
        Some(digest) => row.push_str(&hex::encode(digest)),
        None => row.push_str("not read whole"),
    }
}
