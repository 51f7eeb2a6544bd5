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

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;
    use std::time::Instant;

    use pendeen_item::{Media, Origin, Stage};

    use super::*;

    const ITEMS: u32 = 1_000_000;

    fn item(n: u32) -> Item {
        let path = format!("/DCIM/{:03}/IMG_{n:07}.jpg", n / 5000);
        Item {
            forensic_path: format!("p1/fat32:{path}"),
            parent: None,
            name: format!("IMG_{n:07}.jpg"),
            path,
            origin: Origin::Live,
            recovery: None,
            fs_type: "fat32".to_owned(),
            fs_address: n.to_string(),
            offset_bytes: Some(u64::from(n) * 4096),
            size_bytes: u64::from(n),
            created: None,
            modified: Some(i64::from(n) * 1_400_000_000_000),
            accessed: None,
            changed: None,
            media_type: Some("image/jpeg".to_owned()),
            extension_mismatch: false,
            md5: Some([7; 16]),
            sha1: Some([7; 20]),
            sha256: Some([7; 32]),
            media: Media::default(),
            encrypted: None,
            known_list: (n % 1000 == 999).then(|| "cards".to_owned()),
            known_category: None,
            gap: None,
            time_zone: None,
            owner_id: None,
            group_id: None,
        }
    }

    /// The most memory that this process has had, in bytes.
    fn peak() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        line.split_ascii_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
    }

    /// What a browser makes of a page; none where there is none.
    fn in_browser(page: &Path, profile: &Path) -> Option<String> {
        let browser = Command::new("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"])
            .args(["--no-first-run", "--disable-background-networking", "--disable-sync"])
            .args(["--disable-component-update", "--dump-dom"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg(format!("file://{}", page.display()))
            .output();
        let Ok(browser) = browser else {
            println!("chromium is not installed: no browser has shown the pages");
            return None;
        };
        Some(String::from_utf8_lossy(&browser.stdout).into_owned())
    }

    #[test]
    fn a_million_items_are_pages_that_need_little_memory_and_a_browser_shows_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let folder = WorkFolder::create(&dir.path().join("out"), &[], false).unwrap();
        let (before, started) = (peak(), Instant::now());
        let gap = Gap {
            forensic_path: "p1/fat32:/<b>".to_owned(),
            stage: Stage::Content,
            wanted: "its content".to_owned(),
            reason: "no reason".to_owned(),
            offset_bytes: None,
            size_bytes: None,
        };
        let gaps = vec![gap; EXCERPT + 1];
        let files = std::thread::scope(|scope| {
            let mut rows = Rows::start(scope, &folder);
            (0..ITEMS).for_each(|n| rows.add(&item(n)));
            rows.finish(&folder, &gaps)
        })
        .unwrap();
        let grown = peak().saturating_sub(before);
        let bytes: u64 = files.values().map(|file| file.len_bytes).sum();
        println!(
            "{} pages, {bytes} bytes, {:?}, {grown} bytes of memory more",
            files.len(),
            started.elapsed()
        );
        // 500 pages of items, one of known ones and of gaps, and a list of each.
        assert_eq!(files.len(), 500 + 1 + 1 + 3);
        assert!(grown < 64 << 20, "{grown} bytes of memory");
        for (page, wanted) in [
            ("report/items.html", "items-0500.html"),
            ("report/items-0250.html", "IMG_0499999.jpg"),
            ("report/items-0500.html", "IMG_0999999.jpg"),
            ("report/known-0001.html", "IMG_0999999.jpg"),
            ("report/gaps-0001.html", "/&lt;b&gt;"),
        ] {
            let started = Instant::now();
            let profile = tempfile::tempdir().unwrap();
            let Some(shown) = in_browser(&folder.path(page), profile.path()) else { return };
            println!("{page}: {} bytes, shown in {:?}", files[page].len_bytes, started.elapsed());
            assert!(shown.contains(wanted), "{page} does not show {wanted}");
        }
    }
}
