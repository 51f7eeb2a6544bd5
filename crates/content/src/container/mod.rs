//! The formats: each takes a content by position, and tells what lies in it.
//!
//! In: a [`Source`] and its [`Kind`]. Out: children and problems, through [`Children`]. A reader
//! goes through its content once, in the order in which the bytes lie. Refused: what has not the
//! structure of its kind; the reason becomes a gap of the whole content.

mod backup;
mod checked;
mod dos;
mod extra;
mod seven_zip;
mod stream;
mod tar;
mod ufdr;
mod zip;

use crate::document;
use crate::protocol::Kind;
use crate::remote::Source;
use crate::sink::{Children, Stop};

pub use tar::is_header as is_tar_header;

/// Opens a content and tells what lies in it.
pub fn open(kind: Kind, source: &Source, children: &mut Children) -> Result<(), Stop> {
    if source.is_empty() {
        return Err(Stop::Broken("it is empty".to_owned()));
    }
    match kind {
        Kind::Zip => zip::open(source, children),
        Kind::Tar => tar::open_plain(source, children),
        Kind::Bzip2 => stream::bzip2(source, children),
        Kind::Xz => stream::xz(source, children),
        Kind::SevenZip => seven_zip::open(source, children),
        Kind::Backup => backup::open(source, children),
        Kind::Gzip => stream::gzip(source, children),
        Kind::Zstd => stream::zstd(source, children),
        Kind::Document(document) => document::open(document, source, children),
    }
}

/// Little-endian numbers out of a slice; none where the slice ends first.
pub(crate) fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u16_le(bytes: &[u8], at: usize) -> Option<u16> {
    array(bytes, at).map(u16::from_le_bytes)
}

fn u32_le(bytes: &[u8], at: usize) -> Option<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

fn u64_le(bytes: &[u8], at: usize) -> Option<u64> {
    array(bytes, at).map(u64::from_le_bytes)
}
