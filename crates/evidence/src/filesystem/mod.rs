//! File systems: the files of a volume, live and deleted.
//!
//! In: an [`Image`], one of its [`Volume`]s, and the command that starts a worker. Out: an
//! [`Entry`] for each stream of content in the order of the file system, each with a forensic
//! path of its own, and a [`Gap`] for whatever could not be read. A volume without a file
//! system that is known is one gap, and no error. What is listed and what is not:
//! `pendeen_tsk::walk`.

mod claims;
mod fat;
mod first_fit;
mod unique;

use std::sync::Arc;

use pendeen_item::{Gap, Stage};

use crate::entry::Entry;
use crate::image::Image;
use crate::recognise;
use crate::unit::{ByteLen, ByteOffset};
use crate::volume::Volume;
use crate::worker::protocol::{FsKind, Refusal, Summary};
use crate::worker::{Listing, Opened, Session, WorkerCommand, WorkerError};

/// Lists the files of a volume. Anything that keeps it from listing all is in `gaps`.
pub fn walk(
    image: &Arc<dyn Image>,
    volume: &Volume,
    worker: &WorkerCommand,
    gaps: &mut Vec<Gap>,
) -> Vec<Entry> {
    let mut listing = Listing::default();
    let result = walk_into(image, volume, worker, &mut listing);
    let Listing { mut entries, gaps: found, .. } = listing;
    gaps.extend(found);
    if let Err(error) = result {
        let wanted =
            if entries.is_empty() { "the files of the volume" } else { "the rest of the files" };
        gaps.push(volume_gap(volume, wanted, described(&error)));
    }
    claims::bound(&mut entries, volume, gaps);
    unique::make_unique(&mut entries);
    entries
}

fn walk_into(
    image: &Arc<dyn Image>,
    volume: &Volume,
    worker: &WorkerCommand,
    listing: &mut Listing,
) -> Result<(), WorkerError> {
    let mut session = Session::start(worker, &**image)?;
    match session.open(volume)? {
        Opened::Yes(kind) => {
            if kind == FsKind::Ntfs {
                listing.gaps.extend(shadow_copies(image, volume));
            }
            let summary = session.walk(volume, kind, listing)?;
            if summary.capped {
                listing.gaps.push(volume_gap(volume, "the rest of the files", capped(&summary)));
            }
            if fat::is_wanted(listing) {
                match session.unallocated(volume) {
                    Ok(free) => fat::place(listing, &free, volume),
                    Err(error) => {
                        let wanted = "which pieces deleted files were in";
                        listing.gaps.push(volume_gap(volume, wanted, described(&error)));
                    }
                }
            }
        }
        Opened::No { refusal, reason } => {
            let reason = refused(image, volume, refusal, &reason);
            listing.gaps.push(volume_gap(volume, "the files of the volume", reason));
        }
    }
    Ok(())
}

/// What a volume's file system does not use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeSpace {
    /// The stretches, in order, from the start of the image.
    pub stretches: Vec<(ByteOffset, ByteLen)>,
    /// Length of an allocation unit: a file's last one is used to its end.
    pub unit: ByteLen,
    /// `fat32`, `ext4`, ...
    pub fs_type: &'static str,
}

/// The space of a volume that its file system does not use; none where no file system can be
/// read. What keeps it from being told is in `gaps`, but not that no file system was found:
/// [`walk`] says so.
pub fn unallocated(
    image: &Arc<dyn Image>,
    volume: &Volume,
    worker: &WorkerCommand,
    gaps: &mut Vec<Gap>,
) -> Option<FreeSpace> {
    let mut told = || -> Result<Option<FreeSpace>, WorkerError> {
        let mut session = Session::start(worker, &**image)?;
        let Opened::Yes(kind) = session.open(volume)? else { return Ok(None) };
        let found = session.unallocated(volume)?;
        if found.capped {
            let reason = format!("it lies in more than {} pieces", found.stretches.len());
            gaps.push(volume_gap(volume, "all of the unallocated space", reason));
        }
        Ok(Some(FreeSpace { stretches: found.stretches, unit: found.unit, fs_type: kind.key() }))
    };
    told().unwrap_or_else(|error| {
        gaps.push(volume_gap(volume, "which space is unallocated", described(&error)));
        None
    })
}

/// `p1/fat32:/dir/a.txt`, or `fat12:/a.txt` where the volume is the whole image.
pub(crate) fn forensic_path(volume: &Volume, kind: FsKind, path: &str) -> String {
    let slash = if volume.label.is_empty() { "" } else { "/" };
    [&volume.label, slash, kind.key(), ":", path].concat()
}

/// Why a volume's files are not listed: what it holds, if that is known.
fn refused(image: &Arc<dyn Image>, volume: &Volume, refusal: Refusal, reason: &str) -> String {
    let known = || recognise::volume(&**image, volume);
    match refusal {
        Refusal::Unrecognised => known().unwrap_or_else(|| {
            "no known file system begins here: the volume may be empty, encrypted, or of a kind \
             that is not read"
                .into()
        }),
        Refusal::Encrypted => {
            known().unwrap_or_else(|| format!("the volume looks encrypted: {reason}"))
        }
        Refusal::Damaged => format!("the file system could not be opened: {reason}"),
    }
}

/// What an NTFS volume keeps beside its files of now.
fn shadow_copies(image: &Arc<dyn Image>, volume: &Volume) -> Option<Gap> {
    let found = recognise::shadow_copies(&**image, volume)?;
    let copies = if found.count == 1 { "copy exists and was" } else { "copies exist and were" };
    let least = if found.whole { "" } else { "the catalogue is damaged: at least " };
    Some(Gap {
        forensic_path: volume.label.clone(),
        stage: Stage::FileSystem,
        wanted: "earlier states of the files".to_owned(),
        reason: format!("{least}{} shadow {copies} not opened", found.count),
        offset_bytes: volume.offset.checked_add(ByteLen(found.catalogue.0)).map(|at| at.0),
        size_bytes: None,
    })
}

fn capped(summary: &Summary) -> String {
    format!("the listing ended after {} names: the file system may lie", summary.names)
}

/// The error with its causes.
pub(crate) fn described(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

fn volume_gap(volume: &Volume, wanted: &str, reason: String) -> Gap {
    Gap {
        forensic_path: volume.label.clone(),
        stage: Stage::FileSystem,
        wanted: wanted.to_owned(),
        reason,
        offset_bytes: Some(volume.offset.0),
        size_bytes: Some(volume.len.0),
    }
}
