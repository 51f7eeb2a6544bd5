//! From the sources that a person names to the entries that they hold.
//!
//! In: paths. Out: opened sources, their entries, and a gap for everything that could not be
//! opened or listed. A source that cannot be opened at all fails the examination: nothing is
//! half examined by accident.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pendeen_evidence::content::Reader;
use pendeen_evidence::entry::Entry;
use pendeen_evidence::image::Image;
use pendeen_evidence::source::Source;
use pendeen_evidence::unlock::{self, Encryption, Secrets};
use pendeen_evidence::volume::{self, Volume};
use pendeen_evidence::worker::WorkerCommand;
use pendeen_evidence::worker::sandbox::Report;
use pendeen_evidence::{filesystem, folder};
use pendeen_item::Gap;

use crate::ExamineError;
use crate::index::Index;

/// A source that is open for reading.
pub(crate) struct Opened {
    /// As the person named it.
    pub(crate) path: PathBuf,
    /// What its forensic paths begin with: nothing where it is the only source.
    pub(crate) prefix: String,
    /// Its bytes, or its folder.
    pub(crate) source: Source,
    /// Its volumes, where it is an image.
    pub(crate) volumes: Vec<Volume>,
    /// The encrypted ones of them, and what came of opening those.
    pub(crate) encryption: Vec<Encryption>,
    /// What the sandbox of its worker enforces, where a worker could be started.
    pub(crate) sandbox: Option<Report>,
}

impl Opened {
    /// The image, unless the source is a folder.
    pub(crate) fn image(&self) -> Option<&Arc<dyn Image>> {
        match &self.source {
            Source::Image(image) => Some(image),
            Source::Archive(_) | Source::Folder(_) => None,
        }
    }

    /// Length of the image in bytes.
    pub(crate) fn image_len(&self) -> Option<u64> {
        self.image().map(|image| image.len().0)
    }
}

/// An entry and the source that has it.
pub(crate) struct Found {
    /// The entry; its forensic path is unique among all sources.
    pub(crate) entry: Entry,
    /// Index of the source.
    pub(crate) source: Index,
    /// Index of the entry that it lies in, if it lies in one.
    pub(crate) parent: Option<Index>,
    /// None where the container says nothing else of it: a file system never does.
    facts: Option<Box<Facts>>,
}

impl Found {
    /// An entry that a source lists.
    pub(crate) fn listed(source: usize, entry: Entry) -> Self {
        Self { entry, source: Index::new(source), parent: None, facts: None }
    }

    /// An entry that lies in a container: in another entry, or in a source that is one.
    pub(crate) fn inside(source: Index, parent: Option<Index>, entry: Entry, facts: Facts) -> Self {
        let mut found = Self { entry, source, parent, facts: None };
        found.set_facts(facts);
        found
    }

    /// What else its container says of it.
    pub(crate) fn facts(&self) -> Facts {
        self.facts.as_deref().copied().unwrap_or_default()
    }

    /// Says what else its container says of it.
    pub(crate) fn set_facts(&mut self, facts: Facts) {
        self.facts = (facts != Facts::default()).then(|| Box::new(facts));
    }
}

/// What only archives say of their members.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// User and group that owned it.
    pub(crate) owner: Option<(u64, u64)>,
    /// Its bytes are encrypted.
    pub(crate) encrypted: bool,
}

/// Opens every source. A path that is a segment of an image named before is no further source.
pub(crate) fn open(paths: &[PathBuf]) -> Result<Vec<Opened>, ExamineError> {
    let mut opened: Vec<Opened> = Vec::new();
    for path in paths {
        if opened.iter().any(|source| has_segment(source, path)) {
            continue;
        }
        opened.push(Opened {
            path: path.clone(),
            prefix: String::new(),
            source: Source::open(std::slice::from_ref(path))?,
            volumes: Vec::new(),
            encryption: Vec::new(),
            sandbox: None,
        });
    }
    if opened.is_empty() {
        return Err(ExamineError::NoSource);
    }
    if opened.len() > 1 {
        for (number, source) in (1..).zip(&mut opened) {
            source.prefix = format!("s{number}/");
        }
    }
    Ok(opened)
}

fn has_segment(source: &Opened, path: &Path) -> bool {
    let Some(image) = source.image() else { return false };
    let Ok(path) = path.canonicalize() else { return false };
    image
        .provenance()
        .segments
        .iter()
        .any(|segment| segment.canonicalize().is_ok_and(|real| real == path))
}

/// Lists the entries of every source, and what could not be listed.
pub(crate) fn list(
    sources: &mut [Opened],
    worker: &WorkerCommand,
    secrets: &Secrets,
    gaps: &mut Vec<Gap>,
) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, source) in sources.iter_mut().enumerate() {
        let mut here = Vec::new();
        let mut take = |entries| take_over(entries, index, &source.prefix, &mut found);
        match &mut source.source {
            Source::Folder(root) => take(folder::walk(root, &mut here)),
            // What is in it is told while it is read.
            Source::Archive(_) => {}
            Source::Image(image) => {
                here.extend(image.provenance().gaps.iter().cloned());
                let volumes = volume::open_all(image.as_ref(), &mut here);
                let opened = unlock::open_all(image, volumes, secrets, &mut here);
                *image = Arc::clone(&opened.image);
                let image = &*image;
                source.sandbox =
                    Reader::new(Arc::clone(image), Vec::new(), worker.clone()).sandbox().ok();
                for volume in opened.volumes.iter().filter(|volume| !opened.is_closed(volume)) {
                    take(filesystem::walk(image, volume, worker, &mut here));
                }
                (source.volumes, source.encryption) = (opened.volumes, opened.encryption);
            }
        }
        for one in &mut source.encryption {
            one.forensic_path.insert_str(0, &source.prefix);
        }
        for mut gap in here {
            gap.forensic_path.insert_str(0, &source.prefix);
            gaps.push(gap);
        }
    }
    found
}

/// Entries that are moved before the memory that they took is given back.
const AT_ONCE: usize = 64 * 1024;

/// Moves the entries of one volume or folder to those found before, in their order. There may be
/// millions: two lists of them are never whole in memory.
fn take_over(mut entries: Vec<Entry>, source: usize, prefix: &str, found: &mut Vec<Found>) {
    found.reserve(entries.len());
    entries.reverse();
    while let Some(mut entry) = entries.pop() {
        if !prefix.is_empty() {
            entry.set_forensic_path(&[prefix, entry.forensic_path()].concat());
        }
        found.push(Found::listed(source, entry));
        if entries.len().is_multiple_of(AT_ONCE) {
            entries.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five million of them, and what else an examination holds of each, must fit in 2 GiB.
    #[test]
    fn an_entry_found_takes_no_more_memory_than_it_did() {
        assert!(size_of::<Found>() <= 120, "{} bytes", size_of::<Found>());
    }
}
