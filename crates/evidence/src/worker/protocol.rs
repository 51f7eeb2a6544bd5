//! What the parent and the worker say to each other.
//!
//! The parent asks with a [`Request`]; the worker answers with [`Reply`]s, the last of which
//! ends the answer. A message travels in one bounded frame, as `frame.rs` says. What a message
//! *says* is checked by the receiver: the parent believes the worker nothing.

use std::fmt;

use pendeen_item::Recovery;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use super::frame::{FrameError, MAX_FRAME, decode};
use super::sandbox;
use crate::entry::{Run, Times};
use crate::image::OpenedVolume;
use crate::unit::{ByteLen, ByteOffset};
use crate::volume::Pieces;

/// Both sides speak just this version.
pub const VERSION: u32 = 4;

/// What the parent asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// First of all. Answer: [`Reply::Hello`].
    Hello {
        /// [`VERSION`] of the parent.
        version: u32,
        /// The encrypted volumes that are open, with their keys.
        opened: Vec<OpenedVolume>,
    },
    /// Opens the file system of a volume, instead of the one that is open. Answer:
    /// [`Reply::Opened`] or [`Reply::NotOpened`].
    Open {
        /// Where the volume lies in the image. All places in answers count from its start.
        pieces: Pieces,
        /// Sector size in bytes.
        sector_size: u32,
    },
    /// Lists every file. Answer: [`Reply::Found`]s, then [`Reply::End`].
    Walk {
        /// Names at most.
        names: u64,
    },
    /// Gives the content at an address. Answer: [`Reply::Piece`]s, then [`Reply::PieceEnd`].
    Read {
        /// Which file and stream.
        address: Address,
        /// More bytes than these are not wanted.
        size: ByteLen,
    },
    /// Tells the space of the open volume that is not used. Answer: [`Reply::Free`]s, then
    /// [`Reply::FreeEnd`].
    Unallocated {
        /// Stretches at most.
        stretches: u64,
    },
}

/// What the worker answers. Any request may be answered by [`Reply::Failed`], and
/// [`Reply::Alive`] may come at any time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// It is there, in its sandbox, and has the image open.
    Hello {
        /// [`VERSION`] of the worker.
        version: u32,
        /// What the sandbox enforces.
        sandbox: sandbox::Report,
        /// Length of the image as the worker sees it.
        image_len: ByteLen,
    },
    /// The file system is open.
    Opened {
        /// Which one.
        kind: FsKind,
    },
    /// No file system was opened.
    NotOpened {
        /// In which way.
        refusal: Refusal,
        /// In words.
        reason: String,
    },
    /// Part of a listing.
    Found(Vec<Event>),
    /// The listing is complete, or ended at a limit.
    End(Summary),
    /// The next bytes of a content.
    Piece(Bytes),
    /// The content is complete.
    PieceEnd,
    /// Stretches of the volume that are not allocated, in order, none touching the next.
    Free(Vec<(ByteOffset, ByteLen)>),
    /// The space that is not used is told, or its limit was reached.
    FreeEnd {
        /// Length of an allocation unit.
        unit: ByteLen,
        /// Stretches that were sent.
        stretches: u64,
        /// Whether the limit on stretches ended it.
        capped: bool,
    },
    /// Still working on the request.
    Alive,
    /// The request could not be answered, or not to its end.
    Failed {
        /// In words.
        reason: String,
    },
}

/// Why no file system was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// Nothing known begins there.
    Unrecognised,
    /// It looks encrypted.
    Encrypted,
    /// It was recognised and is damaged, or could not be read.
    Damaged,
}

/// One thing that a listing tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A stream of content.
    File(Found),
    /// A folder of a FAT file system begins here.
    Folder(FolderStart),
    /// Something that could not be read.
    Problem {
        /// Path inside the file system.
        path: Bytes,
        /// What was wanted.
        wanted: String,
        /// Why it could not be had.
        reason: String,
    },
}

/// A stream of content with its names and times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Path inside the file system, `/` first, with `:stream` for an alternate stream.
    pub path: Bytes,
    /// Where its last component begins.
    pub name_at: u32,
    /// Where `icat` finds it.
    pub address: Address,
    /// None for a live file, or how sure the content of a deleted one is.
    pub recovery: Option<Recovery>,
    /// Size in bytes.
    pub size: ByteLen,
    /// Its four times.
    pub times: Times,
    /// Whether one of them is a local time of an unknown zone, given as if it were UTC.
    pub zone_unknown: bool,
    /// Where its content is.
    pub place: Place,
}

/// Where a folder of a FAT file system begins, live or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderStart {
    /// Its first byte, from the start of the volume, once checked of the image.
    pub at: ByteOffset,
    /// Its four times.
    pub times: Times,
}

/// Where a content is, as the worker says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Place {
    /// In these runs of the volume.
    Runs(Vec<Run>),
    /// The worker can produce it.
    Worker,
    /// Nowhere, for this reason.
    Unknown(String),
}

/// A metadata address with, for some file systems, an attribute's type and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Inode, MFT entry, ...
    pub meta: u64,
    /// Attribute type and number.
    pub attribute: Option<(u32, u16)>,
}

impl From<pendeen_tsk::Address> for Address {
    fn from(address: pendeen_tsk::Address) -> Self {
        Self { meta: address.meta, attribute: address.attribute }
    }
}

impl From<Address> for pendeen_tsk::Address {
    fn from(address: Address) -> Self {
        Self { meta: address.meta, attribute: address.attribute }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        pendeen_tsk::Address::from(*self).fmt(f)
    }
}

/// What a listing saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Names in all.
    pub names: u64,
    /// [`Event::File`]s sent.
    pub files: u64,
    /// [`Event::Problem`]s sent.
    pub problems: u64,
    /// Folders read.
    pub directories: u64,
    /// Names that have no content of their own.
    pub without_content: u64,
    /// Whether the limit on names ended it.
    pub capped: bool,
}

/// Which file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each variant is the file system of that name")]
pub enum FsKind {
    Ntfs,
    Fat12,
    Fat16,
    Fat32,
    ExFat,
    Ufs1,
    Ufs2,
    Ext2,
    Ext3,
    Ext4,
    Iso9660,
    HfsPlus,
    Hfs,
    Yaffs2,
    Apfs,
    Other,
}

impl FsKind {
    /// The key that forensic paths and the item table use.
    pub fn key(self) -> &'static str {
        match self {
            Self::Ntfs => "ntfs",
            Self::Fat12 => "fat12",
            Self::Fat16 => "fat16",
            Self::Fat32 => "fat32",
            Self::ExFat => "exfat",
            Self::Ufs1 => "ufs1",
            Self::Ufs2 => "ufs2",
            Self::Ext2 => "ext2",
            Self::Ext3 => "ext3",
            Self::Ext4 => "ext4",
            Self::Iso9660 => "iso9660",
            Self::HfsPlus => "hfsplus",
            Self::Hfs => "hfs",
            Self::Yaffs2 => "yaffs2",
            Self::Apfs => "apfs",
            Self::Other => "other",
        }
    }
}

/// Bytes that are sent as they are, not one by one.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;
        impl Visitor<'_> for Whole {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Whole)
    }
}
