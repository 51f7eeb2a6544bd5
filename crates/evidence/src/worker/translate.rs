//! From what the library tells to what the protocol says.

use pendeen_item::Recovery;
use pendeen_tsk as tsk;

use super::protocol::{Bytes, Event, FolderStart, Found, FsKind, Place};
use crate::entry::{Run, Times};
use crate::unit::{ByteLen, ByteOffset};

/// The protocol's name of a file system.
pub(super) fn kind(kind: tsk::Kind) -> FsKind {
    match kind {
        tsk::Kind::Ntfs => FsKind::Ntfs,
        tsk::Kind::Fat12 => FsKind::Fat12,
        tsk::Kind::Fat16 => FsKind::Fat16,
        tsk::Kind::Fat32 => FsKind::Fat32,
        tsk::Kind::ExFat => FsKind::ExFat,
        tsk::Kind::Ufs1 => FsKind::Ufs1,
        tsk::Kind::Ufs2 => FsKind::Ufs2,
        tsk::Kind::Ext2 => FsKind::Ext2,
        tsk::Kind::Ext3 => FsKind::Ext3,
        tsk::Kind::Ext4 => FsKind::Ext4,
        tsk::Kind::Iso9660 => FsKind::Iso9660,
        tsk::Kind::HfsPlus => FsKind::HfsPlus,
        tsk::Kind::Hfs => FsKind::Hfs,
        tsk::Kind::Yaffs2 => FsKind::Yaffs2,
        tsk::Kind::Apfs => FsKind::Apfs,
        tsk::Kind::Other => FsKind::Other,
    }
}

/// An event of a volume.
pub(super) fn event(event: tsk::Event) -> Event {
    match event {
        tsk::Event::File(file) => Event::File(found(file)),
        tsk::Event::Folder(folder) => {
            Event::Folder(FolderStart { at: ByteOffset(folder.at), times: times(folder.times) })
        }
        tsk::Event::Problem(problem) => Event::Problem {
            path: Bytes(problem.path),
            wanted: problem.wanted.to_owned(),
            reason: problem.reason,
        },
    }
}

fn found(file: tsk::File) -> Found {
    Found {
        path: Bytes(file.path),
        name_at: u32::try_from(file.name_at).unwrap_or(0),
        address: file.address.into(),
        recovery: file.recovery.map(|recovery| match recovery {
            tsk::Recovery::Intact => Recovery::Intact,
            tsk::Recovery::Reallocated => Recovery::Reallocated,
            tsk::Recovery::Inferred => Recovery::Inferred,
        }),
        size: ByteLen(file.size),
        times: times(file.times),
        zone_unknown: file.zone_unknown,
        place: match file.content {
            tsk::Content::Runs(runs) => Place::Runs(runs.into_iter().map(run).collect()),
            tsk::Content::Library => Place::Worker,
            tsk::Content::Unknown(reason) => Place::Unknown(reason),
        },
    }
}

fn times(times: tsk::Times) -> Times {
    Times {
        created: times.created,
        modified: times.modified,
        accessed: times.accessed,
        changed: times.changed,
    }
}

fn run(run: tsk::Run) -> Run {
    match run {
        tsk::Run::Data { at, len } => Run::Data { at: ByteOffset(at), len: ByteLen(len) },
        tsk::Run::Hole { len } => Run::Hole { len: ByteLen(len) },
        tsk::Run::Lost { len } => Run::Lost { len: ByteLen(len) },
    }
}

/// About how many bytes an event takes in a frame, rather too many than too few.
pub(super) fn rough_size(event: &Event) -> usize {
    match event {
        Event::File(found) => {
            let place = match &found.place {
                Place::Runs(runs) => runs.len() * 21,
                Place::Worker => 0,
                Place::Unknown(reason) => reason.len(),
            };
            90 + found.path.0.len() + place
        }
        Event::Folder(_) => 50,
        Event::Problem { path, wanted, reason } => 30 + path.0.len() + wanted.len() + reason.len(),
    }
}
