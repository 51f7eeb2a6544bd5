//! Volumes: the parts of a disk that may each hold a file system.
//!
//! In: an [`Image`]. Out: [`Volume`]s in table order, and a [`Gap`] for everything about the
//! tables that could not be read or does not fit. A GUID table goes before an MBR, an MBR
//! before the whole image as one volume; a boot sector or superblock of a file system that
//! fills the image is not taken for a table. Not handled here: LVM, APM and BSD labels.

mod gpt;
mod mbr;
mod whole;

use std::fmt;

use pendeen_item::{Gap, Stage};
use serde::{Deserialize, Serialize};

use crate::image::Image;
use crate::unit::{ByteLen, ByteOffset};

/// One volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Place among the source's volumes, from 0.
    pub index: u32,
    /// `p1`, `p5`, ... after the number of the partition, or nothing for a whole image.
    pub label: String,
    /// Where it begins, in bytes from the start of the image.
    pub offset: ByteOffset,
    /// How long it is in bytes: never past the end of the image.
    pub len: ByteLen,
    /// What the table says it is.
    pub kind: Kind,
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
    found.retain_mut(|volume| fit(volume, image.len(), gaps));
    report_overlaps(&found, gaps);
    if found.is_empty() {
        found.push(Volume {
            index: 0,
            label: String::new(),
            offset: ByteOffset(0),
            len: image.len(),
            kind: Kind::Whole,
        });
    }
    for (index, volume) in (0..).zip(&mut found) {
        volume.index = index;
    }
    found
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
    if let Some(volumes) = gpt::read(image, &sector, gaps) {
        return volumes;
    }
    if !mbr::plausible(&sector, image.len()) {
        return Vec::new();
    }
    if let Some(what) = whole::file_system(image, &sector) {
        let reason =
            format!("{what} fills the image; what looks like a partition table was set aside");
        gaps.push(gap("", "the partition table", reason, Some(0), Some(512)));
        return Vec::new();
    }
    mbr::read(image, &sector, gaps)
}

/// Clips a volume to the image; one that begins behind it is dropped. Both are recorded.
fn fit(volume: &mut Volume, image_len: ByteLen, gaps: &mut Vec<Gap>) -> bool {
    let end = volume.offset.0.saturating_add(volume.len.0);
    if end <= image_len.0 {
        return true;
    }
    let missing = end - image_len.0.max(volume.offset.0);
    let reason = format!(
        "partition {} ends at byte {end}, past the image end at {image_len}: the image may be cut short",
        volume.label
    );
    let from = image_len.0.max(volume.offset.0);
    gaps.push(gap(&volume.label, "the whole partition", reason, Some(from), Some(missing)));
    volume.len = ByteLen(image_len.0.saturating_sub(volume.offset.0));
    volume.len.0 > 0
}

/// Records partitions that share bytes: a table that was tampered with, or a hybrid.
fn report_overlaps(volumes: &[Volume], gaps: &mut Vec<Gap>) {
    let mut order: Vec<&Volume> = volumes.iter().collect();
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
