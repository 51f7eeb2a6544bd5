//! From the sources that a person names to the entries that they hold.
//!
//! In: paths. Out: opened sources, their entries, and a gap for everything that could not be
//! opened or listed. A source that cannot be opened at all fails the examination: nothing is
//! half examined by accident.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use pendeen_evidence::entry::Entry;
use pendeen_evidence::folder;
use pendeen_evidence::image::Image;
use pendeen_evidence::source::Source;
use pendeen_evidence::volume::{self, Volume};
use pendeen_item::{Gap, Stage};

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
}

impl Opened {
    /// The image, unless the source is a folder.
    pub(crate) fn image(&self) -> Option<&Arc<dyn Image>> {
        match &self.source {
            Source::Image(image) => Some(image),
            Source::Folder(_) => None,
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
pub(crate) fn list(sources: &mut [Opened], gaps: &mut Vec<Gap>) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, source) in sources.iter_mut().enumerate() {
        let mut here = Vec::new();
        let entries = match &source.source {
            Source::Folder(root) => folder::walk(root, &mut here),
            Source::Image(image) => {
                here.extend(image.provenance().gaps.iter().cloned());
                source.volumes = volume::open_all(image.as_ref(), &mut here);
                for volume in &source.volumes {
                    here.push(Gap {
                        forensic_path: volume.label.clone(),
                        stage: Stage::FileSystem,
                        wanted: "the files of the volume".to_owned(),
                        reason: "this build has no reader for file systems".to_owned(),
                        offset_bytes: Some(volume.offset.0),
                        size_bytes: Some(volume.len.0),
                    });
                }
                Vec::new()
            }
        };
        for mut gap in here {
            gap.forensic_path.insert_str(0, &source.prefix);
            gaps.push(gap);
        }
        found.extend(entries.into_iter().map(|mut entry| {
            entry.forensic_path.insert_str(0, &source.prefix);
            Found { source: index, entry }
        }));
    }
    make_unique(&mut found);
    found
}

/// Tells entries of the same forensic path apart: the second gets `#2`, the third `#3`. The
/// order among them is that of their metadata, so that it is the same in every run.
fn make_unique(found: &mut [Found]) {
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&found[*a].entry, &found[*b].entry);
        pendeen_item::forensic_order(&a.forensic_path, &b.forensic_path)
            .then_with(|| a.origin.cmp(&b.origin))
            .then_with(|| a.fs_address.len().cmp(&b.fs_address.len()))
            .then_with(|| a.fs_address.cmp(&b.fs_address))
    });
    let mut repeats: Vec<(usize, u32)> = Vec::new();
    let mut count = 1;
    for pair in order.windows(2) {
        if found[pair[0]].entry.forensic_path == found[pair[1]].entry.forensic_path {
            count += 1;
            repeats.push((pair[1], count));
        } else {
            count = 1;
        }
    }
    for (index, number) in repeats {
        let path = &mut found[index].entry.forensic_path;
        path.push('#');
        path.push_str(&number.to_string());
    }
}
