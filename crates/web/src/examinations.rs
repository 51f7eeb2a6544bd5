//! The folders that `pendeen examine` wrote, under `examinations/` in the data folder.
//!
//! In: a folder's name, as a record keeps it or a form sends it. Out: its record and its
//! tables, read on a thread that may block. A name never leads out of that folder: it is
//! `examinations/NAME`, and `NAME` one plain part.

use std::path::PathBuf;

use pendeen_examine::Examination;
use pendeen_item::{Gap, Item};
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::app::App;

/// Where examinations lie inside the data folder.
const FOLDER: &str = "examinations";

/// Why an examination cannot be shown or recorded.
#[derive(Debug, Error)]
pub(crate) enum FolderError {
    /// The name is none that an examination can have.
    #[error("choose one of the folders offered")]
    Name,
    /// The examination is not whole.
    #[error(transparent)]
    Examine(#[from] pendeen_examine::ExamineError),
    /// A table cannot be read.
    #[error(transparent)]
    Table(#[from] pendeen_item::TableError),
    /// The folder cannot be listed or its record not be read.
    #[error("the examination cannot be read: {0}")]
    System(#[from] std::io::Error),
    /// A picture has no preview.
    #[error(transparent)]
    Preview(#[from] pendeen_examine::preview::PreviewError),
    /// The reading thread ended early.
    #[error("reading the examination was stopped")]
    Stopped,
}

/// The names of the folders that hold a finished examination of the exhibit with this reference,
/// in order.
pub(crate) async fn finished(app: &App, exhibit: &str) -> Result<Vec<String>, FolderError> {
    let root = app.data_dir.join(FOLDER);
    let exhibit = exhibit.to_owned();
    reading(move || {
        let entries = match std::fs::read_dir(&root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let mut names: Vec<String> = entries
            .flatten()
            .filter(|entry| {
                pendeen_examine::read(&entry.path()).is_ok_and(|found| found.exhibit == exhibit)
            })
            .filter_map(|entry| Some(format!("{FOLDER}/{}", entry.file_name().to_str()?)))
            .filter(|name| plain(name).is_some())
            .collect();
        names.sort();
        Ok(names)
    })
    .await
}

/// A finished examination, each file checked against its digest, and the SHA-256 of its record,
/// which names those digests.
pub(crate) async fn checked(app: &App, name: &str) -> Result<(Examination, String), FolderError> {
    let dir = place(app, name)?;
    reading(move || {
        let examination = pendeen_examine::load(&dir)?;
        let record = std::fs::read(dir.join("examination.json"))?;
        Ok((examination, hex::encode(Sha256::digest(record))))
    })
    .await
}

/// The record of an examination, unchecked: for showing.
pub(crate) async fn summary(app: &App, name: &str) -> Result<Examination, FolderError> {
    let dir = place(app, name)?;
    reading(move || Ok(pendeen_examine::read(&dir)?)).await
}

/// Which items a page wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Only of this origin.
    pub origin: String,
    /// Only media types that begin so.
    pub media: String,
    /// Only items that a known list has.
    pub known: bool,
}

impl Wanted {
    fn all(&self) -> bool {
        *self == Self::default()
    }

    fn admits(&self, item: &Item) -> bool {
        (self.origin.is_empty() || item.origin.key() == self.origin)
            && (self.media.is_empty()
                || item.media_type.as_deref().is_some_and(|media| media.starts_with(&self.media)))
            && (!self.known || item.known_list.is_some())
    }
}

/// Up to `limit` of the wanted items from `offset`, and how many are wanted in all.
pub(crate) async fn items(
    app: &App,
    name: &str,
    wanted: Wanted,
    offset: u64,
    limit: u64,
) -> Result<(Vec<Item>, u64), FolderError> {
    let path = place(app, name)?.join("items.parquet");
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    reading(move || {
        if wanted.all() {
            let total = pendeen_item::count(&path)?;
            let beyond = u64::try_from(offset).is_ok_and(|offset| offset >= total);
            let page =
                if beyond { Vec::new() } else { pendeen_item::read_page(&path, offset, limit)? };
            return Ok((page, total));
        }
        let (mut page, mut total) = (Vec::new(), 0_usize);
        for item in pendeen_item::read_items(&path)? {
            let item = item?;
            if !wanted.admits(&item) {
                continue;
            }
            if total >= offset && page.len() < limit {
                page.push(item);
            }
            total += 1;
        }
        Ok((page, u64::try_from(total).unwrap_or(u64::MAX)))
    })
    .await
}

/// What could not be read.
pub(crate) async fn gaps(app: &App, name: &str) -> Result<Vec<Gap>, FolderError> {
    let path = place(app, name)?.join("gaps.parquet");
    reading(move || Ok(pendeen_item::read_gaps(&path)?)).await
}

/// The blurred preview of an item, as PNG.
pub(crate) async fn preview(
    app: &App,
    name: &str,
    item_id: String,
) -> Result<Vec<u8>, FolderError> {
    app.previews.of_item(place(app, name)?, item_id).await
}

/// The folder of this name: inside `examinations`, whatever the name says.
fn place(app: &App, name: &str) -> Result<PathBuf, FolderError> {
    let name = plain(name).ok_or(FolderError::Name)?;
    Ok(app.data_dir.join(FOLDER).join(name))
}

/// The `NAME` of `examinations/NAME`.
fn plain(name: &str) -> Option<&str> {
    let name = name.strip_prefix(FOLDER)?.strip_prefix('/')?;
    let strange = |c: char| matches!(c, '/' | '\\') || c.is_control();
    (!matches!(name, "" | "." | "..") && !name.contains(strange)).then_some(name)
}

async fn reading<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, FolderError> + Send + 'static,
) -> Result<T, FolderError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| FolderError::Stopped)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_plain_part_below_the_examinations() {
        assert_eq!(plain("examinations/one"), Some("one"));
        assert_eq!(plain("examinations/ABC 1.2"), Some("ABC 1.2"));
        for strange in [
            "",
            "one",
            "keys",
            "examinations",
            "examinations/",
            "examinations/.",
            "examinations/..",
            "examinations//one",
            "examinations/one/",
            "examinations/one/two",
            "examinations/../keys",
            "/examinations/one",
            "./examinations/one",
            "examinations/a\\b",
            "examinations/a\0",
        ] {
            assert_eq!(plain(strange), None, "{strange:?}");
        }
    }
}
