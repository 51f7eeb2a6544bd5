//! Volume shadow copies of an NTFS volume: counted by their catalogue, not opened.
//!
//! In: an NTFS volume. Out: how many copies its catalogue lists; none where the volume keeps no
//! copies. A catalogue that is damaged, or leads back to itself, ends where it cannot be
//! followed.
//!
//! Source: libvshadow, "Volume Shadow Snapshot (VSS) format" (Metz).

use std::collections::HashSet;

use super::view::View;
use crate::bytes::{array, u32_le, u64_le};
use crate::image::Image;
use crate::unit::ByteOffset;
use crate::volume::Volume;

/// Where the volume's own header of shadow copies is.
const HEADER: u64 = 0x1e00;
/// 3808876B-C176-4E48-B7AE-04046E6CC752, which every block begins with.
const ID: [u8; 16] = [
    0x6b, 0x87, 0x08, 0x38, 0x76, 0xc1, 0x48, 0x4e, 0xb7, 0xae, 0x04, 0x04, 0x6e, 0x6c, 0xc7, 0x52,
];
const CATALOGUE_LEN: usize = 0x4000;
const ENTRY_LEN: usize = 128;
/// Blocks of a catalogue that are followed: Windows keeps 64 copies at most, two entries each.
const MOST_BLOCKS: usize = 64;
/// The kind of an entry that is a copy.
const COPY: u64 = 2;

/// What a volume says of its shadow copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShadowCopies {
    /// How many the catalogue lists, as far as it could be read.
    pub count: usize,
    /// Whether the catalogue could be read to its end.
    pub whole: bool,
    /// Where the catalogue begins in the volume.
    pub catalogue: ByteOffset,
}

/// The shadow copies of a volume; none where it keeps none.
pub fn shadow_copies(image: &dyn Image, volume: &Volume) -> Option<ShadowCopies> {
    let view = View::new(image, volume);
    let header = view.at(HEADER, 128);
    if array(&header, 0) != Some(ID) || u32_le(&header, 20) != Some(1) {
        return None;
    }
    // Without a catalogue the service is set up and has made no copy.
    let first = u64_le(&header, 48).filter(|at| *at != 0)?;
    let (mut count, mut next, mut seen) = (0, first, HashSet::new());
    let whole = loop {
        let block = view.at(next, CATALOGUE_LEN);
        let is_block = array(&block, 0) == Some(ID) && u32_le(&block, 20) == Some(2);
        if !is_block || !seen.insert(next) || seen.len() > MOST_BLOCKS {
            break false;
        }
        let entries = block.get(ENTRY_LEN..).unwrap_or_default().chunks_exact(ENTRY_LEN);
        count += entries.filter(|entry| u64_le(entry, 0) == Some(COPY)).count();
        match u64_le(&block, 40) {
            Some(0) => break true,
            Some(at) => next = at,
            None => break false,
        }
    };
    (count > 0 || !whole).then_some(ShadowCopies { count, whole, catalogue: ByteOffset(first) })
}
