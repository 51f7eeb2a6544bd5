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
    /// Index of the source.
    pub(crate) source: usize,
    /// The entry; its forensic path is unique among all sources.
    pub(crate) entry: Entry,
    /// Index of the entry that it lies in, if it lies in one.
    pub(crate) parent: Option<usize>,
    /// What else its container says of it.
    pub(crate) facts: Facts,
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
        let entries = match &mut source.source {
            Source::Folder(root) => folder::walk(root, &mut here),
            // What is in it is told while it is read.
            Source::Archive(_) => Vec::new(),
            Source::Image(image) => {
                here.extend(image.provenance().gaps.iter().cloned());
                let volumes = volume::open_all(image.as_ref(), &mut here);
                let opened = unlock::open_all(image, volumes, secrets, &mut here);
                *image = Arc::clone(&opened.image);
                let image = &*image;
                source.sandbox =
                    Reader::new(Arc::clone(image), Vec::new(), worker.clone()).sandbox().ok();
                let open = opened.volumes.iter().filter(|volume| !opened.is_closed(volume));
                let walk = |volume| filesystem::walk(image, volume, worker, &mut here);
                let entries = open.flat_map(walk).collect();
                (source.volumes, source.encryption) = (opened.volumes, opened.encryption);
                entries
            }
        };
        for one in &mut source.encryption {
            one.forensic_path.insert_str(0, &source.prefix);
        }
        for mut gap in here {
            gap.forensic_path.insert_str(0, &source.prefix);
            gaps.push(gap);
        }
        found.extend(entries.into_iter().map(|mut entry| {
            entry.forensic_path.insert_str(0, &source.prefix);
            Found { source: index, entry, parent: None, facts: Facts::default() }
        }));
    }
    found
}
