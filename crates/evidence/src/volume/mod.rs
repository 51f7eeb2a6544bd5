//! Volumes: the parts of a disk that may each hold a file system.
//!
//! In: an [`Image`]. Out: [`Volume`]s in table order, and a [`Gap`] for everything about the
//! tables that could not be read or does not fit. A GUID table goes before an Apple partition
//! map, that before an MBR, that before a BSD disklabel, and that before the whole image as one
//! volume; a boot sector or superblock of a file system that fills the image is not taken for a
//! table. A BSD slice gives way to the partitions of its label, and a physical volume of LVM2
//! to the logical volumes that lie in it.

mod apm;
mod bsd;
mod gpt;
mod lvm;
mod mbr;
mod part;
mod pieces;
mod whole;

use std::fmt;

use pendeen_item::{Gap, Stage};
use serde::{Deserialize, Serialize};

use crate::image::Image;
use crate::unit::{ByteLen, ByteOffset};
pub use pieces::{Piece, Pieces};
use whole::Fills;

/// One volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Place among the source's volumes, from 0.
    pub index: u32,
    /// `p1`, `p5`, ... after the number of the partition, `p2/a` after the letter of one of a
    /// BSD label, `lvm/group/name` for a logical volume, or nothing for a whole image.
    pub label: String,
    /// Where it begins, in bytes from the start of the image.
    pub offset: ByteOffset,
    /// How long it is in bytes. None of them lies past the end of the image.
    pub len: ByteLen,
    /// What the table says it is.
    pub kind: Kind,
}

impl Volume {
    /// The stretches of the image that it is made of, in its order.
    pub fn pieces(&self) -> Pieces {
        match &self.kind {
            Kind::Lvm { pieces } => pieces.clone(),
            _ => Pieces::one(self.offset, self.len),
        }
    }
}

/// What a partition table says of a volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "table", rename_all = "snake_case")]
pub enum Kind {
    /// There is no table: the image is one volume.
    Whole,
    /// A partition of a master boot record.
    Mbr {
        /// The system id, such as 0x07 or 0x83.
        system: u8,
        /// Whether it lies in an extended partition.
        logical: bool,
    },
    /// A partition of a GUID partition table.
    Gpt {
        /// Its type.
        type_id: Guid,
        /// Its own identifier.
        id: Guid,
        /// Its name, lossily decoded.
        name: String,
    },
    /// A partition of an Apple partition map.
    Apm {
        /// Its type, such as `Apple_HFS`, lossily decoded.
        system: String,
        /// Its name, lossily decoded.
        name: String,
    },
    /// A partition of a BSD disklabel.
    Bsd {
        /// The number of its type, such as 7 for 4.2BSD.
        system: u8,
    },
    /// A linear logical volume of LVM2.
    Lvm {
        /// Where its bytes lie, in its order.
        pieces: Pieces,
    },
}

/// A GUID as it lies on disk: the first three groups little-endian.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Guid(pub [u8; 16]);

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, index) in
            [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].into_iter().enumerate()
        {
            let dash = if matches!(place, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{dash}{:02X}", self.0[index])?;
        }
        Ok(())
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Finds every volume of an image. Never none: without a table the image is one volume.
pub fn open_all(image: &dyn Image, gaps: &mut Vec<Gap>) -> Vec<Volume> {
    let mut found = partitions(image, gaps);
    found.retain_mut(|volume| fit(volume, image.len(), "the image", gaps));
    let mut found = bsd::slices(image, found, gaps);
    report_overlaps(&found, gaps);
    if found.is_empty() {
        found.push(whole_image(image));
    }
    let mut found = lvm::logical_volumes(image, found, gaps);
    for (index, volume) in (0..).zip(&mut found) {
        volume.index = index;
    }
    found
}

/// The volumes that an opened one holds, below its label: the partitions of a table of its own,
/// logical volumes, or itself.
pub(crate) fn inside_opened(image: &dyn Image, opened: Volume, gaps: &mut Vec<Gap>) -> Vec<Volume> {
    let part = part::Part { image, from: opened.offset, len: opened.len };
    let mut told = Vec::new();
    let mut found = open_all(&part, &mut told);
    let below = |label: &str| match label {
        "" => opened.label.clone(),
        label => [&opened.label, "/", label].concat(),
    };
    gaps.extend(told.into_iter().map(|gap| Gap {
        forensic_path: below(&gap.forensic_path),
        offset_bytes: gap.offset_bytes.map(|at| at.saturating_add(opened.offset.0)),
        ..gap
    }));
    for volume in &mut found {
        volume.offset = ByteOffset(volume.offset.0.saturating_add(opened.offset.0));
        match &mut volume.kind {
            Kind::Whole => volume.kind = opened.kind.clone(),
            Kind::Lvm { pieces } => *pieces = pieces.moved(opened.offset),
            _ => {}
        }
        volume.label = below(&volume.label);
    }
    found
}

/// Whether a volume of `len` bytes, whose first two sectors these are, is a disk with a partition
/// table of its own.
pub(crate) fn is_table(first: &[u8], second: &[u8], len: u64) -> bool {
    second.starts_with(b"EFI PART") || mbr::plausible(first, ByteLen(len))
}

/// What the tables say, unchecked against the image's length.
fn partitions(image: &dyn Image, gaps: &mut Vec<Gap>) -> Vec<Volume> {
    let sector = match read(image, 0, 512) {
        Ok(sector) => sector,
        Err(problem) => {
            gaps.push(gap("", "the partition table", problem, Some(0), None));
            Vec::new()
        }
    };
    let guid = gpt::read(image, &sector, gaps);
    let is_guid = guid.is_some();
    let mut of_map = Vec::new();
    let map = apm::read(image, &sector, &mut of_map);
    let mbr = mbr::plausible(&sector, image.len()) && !is_guid;
    let mut unused = |what: &str, used: &str| {
        let reason = format!("it lists partitions of its own beside {used}, which was used");
        gaps.push(gap("", what, reason, Some(0), None));
    };
    let table = match (guid, map) {
        (Some(guid), None) => guid,
        (Some(guid), Some(_)) => {
            unused("the Apple partition map", "the GUID table");
            guid
        }
        (None, Some(map)) => {
            if mbr {
                unused("the master boot record", "the Apple partition map");
            }
            gaps.extend(of_map);
            map
        }
        (None, None) if mbr => mbr::read(image, &sector, gaps),
        (None, None) => return bsd::whole_disk(image, gaps),
    };
    match whole::file_system(image, &sector) {
        Some(Fills::Ext) if !is_guid => {
            let reason = "an ext file system fills the image; what looks like a partition table \
                          was set aside";
            gaps.push(gap("", "the partition table", reason.to_owned(), Some(0), Some(512)));
            Vec::new()
        }
        Some(Fills::Disc { len }) if whole::is_of_table(len, &table, image) => {
            beside_disc(image, table, gaps)
        }
        Some(Fills::Disc { .. }) => {
            let reason = "the disk has a partition table that leaves it out: it is most likely \
                          left from an earlier use, and its files were not listed";
            gaps.push(gap("", "an ISO 9660 file system", reason.to_owned(), Some(0), None));
            table
        }
        _ => table,
    }
}

/// A disc and the partitions beside it that begin with a file system of their own; the others
/// are parts of the disc.
fn beside_disc(image: &dyn Image, table: Vec<Volume>, gaps: &mut Vec<Gap>) -> Vec<Volume> {
    let (apart, parts): (Vec<_>, Vec<_>) = table
        .into_iter()
        .partition(|volume| volume.offset.0 > 0 && whole::begins_at(image, volume.offset));
    let labels = |volumes: &[Volume]| {
        let labels: Vec<&str> = volumes.iter().map(|v| v.label.as_str()).take(16).collect();
        if labels.is_empty() { "none".to_owned() } else { labels.join(", ") }
    };
    let reason = format!(
        "an ISO 9660 file system fills the image and was read; of the partitions beside it, those \
         with a file system of their own were read too: {}; the others were set aside: {}",
        labels(&apart),
        labels(&parts)
    );
    gaps.push(gap("", "the partition table", reason, Some(0), Some(512)));
    std::iter::once(whole_image(image)).chain(apart).collect()
}

/// The image as one volume.
fn whole_image(image: &dyn Image) -> Volume {
    Volume {
        index: 0,
        label: String::new(),
        offset: ByteOffset(0),
        len: image.len(),
        kind: Kind::Whole,
    }
}

/// Clips a volume to what is `around` it and ends at `most`; one that begins behind it is
/// dropped. Both are recorded.
fn fit(volume: &mut Volume, most: ByteLen, around: &str, gaps: &mut Vec<Gap>) -> bool {
    let end = volume.offset.0.saturating_add(volume.len.0);
    if end <= most.0 {
        return true;
    }
    let from = most.0.max(volume.offset.0);
    let reason = format!(
        "partition {} ends at byte {end}, past the end of {around} at {most}: the image may be \
         cut short",
        volume.label
    );
    gaps.push(gap(&volume.label, "the whole partition", reason, Some(from), Some(end - from)));
    volume.len = ByteLen(most.0.saturating_sub(volume.offset.0));
    volume.len.0 > 0
}

/// Records partitions that share bytes: a table that was tampered with, or a hybrid.
fn report_overlaps(volumes: &[Volume], gaps: &mut Vec<Gap>) {
    // A hybrid disc says of itself that it lies around its partitions.
    let mut order: Vec<&Volume> = volumes.iter().filter(|v| v.kind != Kind::Whole).collect();
    order.sort_by_key(|v| (v.offset, v.index));
    for pair in order.windows(2) {
        let end = pair[0].offset.0.saturating_add(pair[0].len.0);
        if end > pair[1].offset.0 {
            let reason = format!(
                "it begins at byte {}, before partition {} ends at byte {end}",
                pair[1].offset, pair[0].label
            );
            gaps.push(gap(
                &pair[1].label,
                "a partition of its own",
                reason,
                Some(pair[1].offset.0),
                None,
            ));
        }
    }
}

fn gap(path: &str, wanted: &str, reason: String, at: Option<u64>, len: Option<u64>) -> Gap {
    Gap {
        forensic_path: path.to_owned(),
        stage: Stage::Volume,
        wanted: wanted.to_owned(),
        reason,
        offset_bytes: at,
        size_bytes: len,
    }
}

/// Reads `len` bytes at `at`, fewer where the image ends.
fn read(image: &dyn Image, at: u64, len: usize) -> Result<Vec<u8>, String> {
    let there = image.len().0.saturating_sub(at);
    let mut bytes = vec![0; usize::try_from(there).unwrap_or(len).min(len)];
    image.read_at(ByteOffset(at), &mut bytes).map_err(|e| e.to_string())?;
    Ok(bytes)
}
