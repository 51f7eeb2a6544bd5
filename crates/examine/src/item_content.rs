//! One item's bytes again, long after the examination: for a preview.
//!
//! In: the folder of a finished examination and an item's id. Out: the item and its bytes, up
//! to a limit. The source is opened again, and the bytes come from the very address that the
//! item names, through the sandboxed workers; an item inside others is reached through them.
//! Refused: bytes whose SHA-256 is not the one in the
//! table, since the source, or the file, is no longer what was examined.

mod inside;

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use pendeen_evidence::carve::runs_of;
use pendeen_evidence::content::Reader;
use pendeen_evidence::entry::{Content, Entry, Parts, Run, Times};
use pendeen_evidence::image::Image;
use pendeen_evidence::source::Source;
use pendeen_evidence::unit::ByteLen;
use pendeen_evidence::unlock::Kind;
use pendeen_evidence::volume::{self, Volume};
use pendeen_evidence::worker::WorkerCommand;
use pendeen_fingerprint::Digests;
use pendeen_item::{Item, Origin, find_item, item_id};

use crate::ExamineError;
use crate::content::Trouble;
use crate::record::read;
use crate::work_folder::name;

/// What starts the two sandboxed processes.
#[derive(Debug, Clone, Copy)]
pub struct Workers<'a> {
    /// Opens file systems.
    pub file_systems: &'a WorkerCommand,
    /// Opens archives and documents.
    pub content: &'a WorkerCommand,
}

/// Reads an item's bytes from its source, on whatever level of it the item lies.
///
/// Refused: an item longer than `limit`, one that could not be read whole when it was examined,
/// and one whose bytes are not the same any more.
pub fn item_content(
    dir: &Path,
    item_id: &str,
    workers: &Workers<'_>,
    limit: ByteLen,
) -> Result<(Item, Vec<u8>), ExamineError> {
    let (_, item) = find_item(&dir.join(name::ITEMS), item_id)?
        .ok_or_else(|| ExamineError::NoSuchItem { id: item_id.to_owned() })?;
    let refused = |reason: String| ExamineError::Content {
        forensic_path: item.forensic_path.clone(),
        reason,
    };
    let wanted = item.sha256.ok_or_else(|| {
        refused("it was not read whole when it was examined; its gap says why".to_owned())
    })?;
    if item.size_bytes > limit.0 {
        let problem = format!("it has {} bytes, and {limit} are allowed here", item.size_bytes);
        return Err(refused(problem));
    }
    let examination = read(dir)?;
    // Forensic paths begin with the prefix of just one source.
    let source = examination
        .sources
        .iter()
        .find(|source| item.forensic_path.starts_with(&source.prefix))
        .ok_or_else(|| refused("the examination names no source that it lies in".to_owned()))?;
    let way = way(dir, &item)?;
    let mut bytes = Vec::new();
    let opened = Source::open(std::slice::from_ref(&source.path))?;
    let keep = &mut |piece: &[u8]| bytes.extend_from_slice(piece);
    inside::read(opened, &source.prefix, &way, workers, keep)
        .map_err(|trouble| refused(trouble.reason))?;
    if Digests::of(&bytes).sha256 == wanted {
        Ok((item, bytes))
    } else {
        Err(refused("its bytes are not those that were examined: the source changed".to_owned()))
    }
}

/// The items that an item lies in, the outermost first, and the item itself.
fn way(dir: &Path, item: &Item) -> Result<Vec<Item>, ExamineError> {
    let mut way = vec![item.clone()];
    let mut next = item.parent.clone();
    // Each path is shorter than the one before: this ends.
    while let Some(path) = next.take() {
        let (_, parent) = find_item(&dir.join(name::ITEMS), &item_id(&path))?
            .ok_or(ExamineError::NoSuchItem { id: path })?;
        next.clone_from(&parent.parent);
        way.push(parent);
    }
    way.reverse();
    Ok(way)
}

/// The file that a folder's forensic path names; none if it would leave the folder.
fn folder_path(root: &Path, inside: &str) -> Option<PathBuf> {
    let path = PathBuf::from(OsString::from_vec(unprinted(inside.strip_prefix('/')?)?));
    let plain = path.components().all(|c| matches!(c, Component::Normal(_)));
    (plain && path.components().next().is_some()).then(|| root.join(path))
}

/// The bytes that a folder's forensic path shows: `\\` for a backslash, `\xff` for a byte that
/// is not UTF-8.
fn unprinted(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match (first, rest) {
            (b'\\', [b'\\', behind @ ..]) => {
                bytes.push(b'\\');
                rest = behind;
            }
            (b'\\', [b'x', high, low, behind @ ..]) => {
                let mut byte = [0];
                hex::decode_to_slice([*high, *low], &mut byte).ok()?;
                bytes.push(byte[0]);
                rest = behind;
            }
            (b'\\', _) => return None,
            (other, _) => bytes.push(*other),
        }
    }
    Some(bytes)
}

fn of_image(
    image: &Arc<dyn Image>,
    inside: &str,
    item: &Item,
    worker: &WorkerCommand,
    sink: &mut dyn FnMut(&[u8]),
) -> Result<(), Trouble> {
    let volumes = volume::open_all(image.as_ref(), &mut Vec::new());
    let volume = volume_of(&volumes, inside);
    if volume.is_none() && in_opened_volume(inside) {
        return Err(Trouble::new(
            "it lies in an encrypted volume that was open for the examination only: its key is \
             not kept",
        ));
    }
    if volume.is_none() && !matches!(item.origin, Origin::Carved | Origin::Slack) {
        return Err(Trouble::new("the image has no volume that it lies in"));
    }
    let entry = Entry::from(Parts {
        forensic_path: item.forensic_path.clone(),
        path: item.path.clone(),
        name: item.name.clone().into_bytes(),
        origin: item.origin,
        recovery: item.recovery,
        fs_type: "",
        fs_address: item.fs_address.clone(),
        size: ByteLen(item.size_bytes),
        times: Times::default(),
        zone_unknown: false,
        content: match item.origin {
            Origin::Carved | Origin::Slack => Content::Runs(carved_runs(item)?.into()),
            _ => Content::Worker { volume: volume.map_or(0, |volume| volume.index) },
        },
    });
    let mut reader = Reader::new(Arc::clone(image), volumes.clone(), worker.clone());
    Ok(reader.read(&entry, sink)?)
}

/// The runs of the image that a carved item's address names; together as long as the item.
fn carved_runs(item: &Item) -> Result<Vec<Run>, Trouble> {
    let runs = runs_of(&item.fs_address).unwrap_or_default();
    let len = runs.iter().fold(0_u64, |sum, run| match run {
        Run::Data { len, .. } => sum.saturating_add(len.0),
        Run::Hole { .. } | Run::Lost { .. } => sum,
    });
    if len == item.size_bytes {
        Ok(runs)
    } else {
        Err(Trouble::new("its address does not say where in the image it lies"))
    }
}

/// The volume that a forensic path begins with: `p1/fat32:/a.jpg`, or the whole image.
fn volume_of<'a>(volumes: &'a [Volume], inside: &str) -> Option<&'a Volume> {
    let (place, _) = inside.split_once(':')?;
    let label = place.rsplit_once('/').map_or("", |(label, _)| label);
    volumes.iter().find(|volume| volume.label == label)
}

/// Whether a forensic path leads into a volume that a secret opened: `p1/bitlocker/ntfs:/a.jpg`.
fn in_opened_volume(inside: &str) -> bool {
    let place = inside.split_once(':').map_or("", |(place, _)| place);
    let label = place.rsplit_once('/').map_or(place, |(label, _)| label);
    label.split('/').any(|part| Kind::ALL.iter().any(|kind| kind.key() == part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_through_an_opened_volume_is_known() {
        for inside in ["bitlocker/ntfs:/a", "p1/luks2/ext4:/a", "p1/luks1/lvm/group/home/ext4:/a"] {
            assert!(in_opened_volume(inside), "{inside}");
        }
        for inside in ["ntfs:/bitlocker/a", "p1/ext4:/luks1/ext4:/a", "carved/5.jpg", ""] {
            assert!(!in_opened_volume(inside), "{inside}");
        }
    }

    #[test]
    fn a_path_of_a_folder_comes_back_to_its_bytes() {
        let path = |inside| folder_path(Path::new("/seized"), inside);
        assert_eq!(path("/DCIM/a.jpg"), Some("/seized/DCIM/a.jpg".into()));
        let odd = PathBuf::from(OsString::from_vec(b"/seized/a\\b\xff".to_vec()));
        assert_eq!(path("/a\\\\b\\xff"), Some(odd));
    }

    #[test]
    fn a_path_that_leads_out_of_the_folder_or_is_garbled_is_refused() {
        for inside in ["", "/", "a", "/../a", "//etc/passwd", "/a/../../b", "/a\\q", "/a\\xzz"] {
            assert_eq!(folder_path(Path::new("/seized"), inside), None, "{inside}");
        }
    }
}
