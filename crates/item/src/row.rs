//! One row of the item table.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Media;

/// How an item was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The file system lists it as allocated.
    Live,
    /// The file system still knows of it, but no longer counts it.
    Deleted,
    /// Found inside another item.
    Embedded,
    /// Found by its own structure in unallocated space.
    Carved,
    /// Found behind the end of a file.
    Slack,
}

impl Origin {
    /// The stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Deleted => "deleted",
            Self::Embedded => "embedded",
            Self::Carved => "carved",
            Self::Slack => "slack",
        }
    }

    /// All of them, in the order that reports use.
    pub const ALL: [Self; 5] =
        [Self::Live, Self::Deleted, Self::Embedded, Self::Carved, Self::Slack];

    /// The origin with this key.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.key() == key)
    }
}

/// How sure the content of something that is not live is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// The blocks are still unallocated and named by surviving metadata.
    Intact,
    /// At least one block belongs to a live file now.
    Reallocated,
    /// The blocks were inferred, not named by surviving metadata.
    Inferred,
}

impl Recovery {
    /// The stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Intact => "intact",
            Self::Reallocated => "reallocated",
            Self::Inferred => "inferred",
        }
    }

    /// The recovery with this key.
    pub fn from_key(key: &str) -> Option<Self> {
        [Self::Intact, Self::Reallocated, Self::Inferred]
            .into_iter()
            .find(|recovery| recovery.key() == key)
    }
}

/// One file, fragment or embedded object found on an exhibit.
///
/// Times are nanoseconds since 1970-01-01T00:00:00Z. Digests are raw bytes here and lower-case
/// hexadecimal in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// How to get there: `p1/fat32:/DCIM/a.jpg`; unique within an examination.
    pub forensic_path: String,
    /// The forensic path of what contains it, if it is embedded.
    pub parent: Option<String>,
    /// Path inside the file system, `/` first.
    pub path: String,
    /// Last component, with `:stream` for an alternate stream.
    pub name: String,
    /// How it was come by.
    pub origin: Origin,
    /// How sure its content is; none for live items.
    pub recovery: Option<Recovery>,
    /// `fat16`, `ntfs`, `ext4`, `folder`, ...
    pub fs_type: String,
    /// Metadata address (inode, MFT entry with stream), as `istat` takes it.
    pub fs_address: String,
    /// Where its content begins in the source, in bytes, if it has plain blocks.
    pub offset_bytes: Option<u64>,
    /// Size of its content in bytes.
    pub size_bytes: u64,
    /// Creation (birth) time.
    pub created: Option<i64>,
    /// Last modification of the content.
    pub modified: Option<i64>,
    /// Last access.
    pub accessed: Option<i64>,
    /// Last change of the metadata.
    pub changed: Option<i64>,
    /// Media type by signature; none where nothing is recognised.
    pub media_type: Option<String>,
    /// Whether the extension belongs to another type than the signature.
    pub extension_mismatch: bool,
    /// MD5 of the whole content; none where it could not be read whole.
    pub md5: Option<[u8; 16]>,
    /// SHA-1, likewise.
    pub sha1: Option<[u8; 20]>,
    /// SHA-256, likewise.
    pub sha256: Option<[u8; 32]>,
    /// What it says of itself, if it is a picture or a video.
    pub media: Media,
    /// Why its content counts as encrypted: `container` or `entropy`.
    pub encrypted: Option<String>,
    /// The known list that has it, if one has.
    pub known_list: Option<String>,
    /// The category in that list.
    pub known_category: Option<String>,
    /// Why something about it could not be read.
    pub gap: Option<String>,
    /// Number of the user that owned it, where an archive says so.
    pub owner_id: Option<u64>,
    /// Number of the group that owned it.
    pub group_id: Option<u64>,
    /// `unknown` where its times were local ones without their zone, taken for UTC.
    pub time_zone: Option<String>,
}

impl Item {
    /// Identifies the item: [`item_id`] of its forensic path.
    pub fn id(&self) -> String {
        item_id(&self.forensic_path)
    }
}

/// The stable id of the item at this forensic path: the first 16 bytes of the path's SHA-256,
/// as 32 lower-case hexadecimal digits.
pub fn item_id(forensic_path: &str) -> String {
    hex::encode(id_bytes(forensic_path))
}

/// [`item_id`] as bytes.
pub(crate) fn id_bytes(forensic_path: &str) -> [u8; 16] {
    let mut id = [0; 16];
    id.copy_from_slice(&Sha256::digest(forensic_path.as_bytes())[..16]);
    id
}

/// Forensic order: forensic paths compared byte by byte, so that it depends on no language
/// setting. Both tables stand in it.
pub fn forensic_order(a: &str, b: &str) -> Ordering {
    a.as_bytes().cmp(b.as_bytes())
}
