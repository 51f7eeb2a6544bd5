//! The space of a volume that its file system does not count as used.
//!
//! In: an open [`FileSystem`]. Out, through a sink, in order: stretches of bytes, none of them
//! touching the next, and what lies behind the last block. A damaged table of allocation counts
//! its blocks as free: whoever looks for lost files wants too much rather than too little.
//! Refused: volumes whose blocks are wrapped (raw CD): nothing is told.

use crate::ffi::FileSystem;
use crate::walk::allocation_unit;

/// Blocks between two signs of life.
const ALIVE_BLOCKS: u64 = 4 << 20;

/// What [`unallocated`] tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Space {
    /// A stretch that is not used, in bytes from the start of the volume.
    Free {
        /// Where it begins.
        at: u64,
        /// How long it is.
        len: u64,
    },
    /// Many blocks were asked: the work goes on.
    Working,
}

/// Tells every stretch that is not allocated, and returns the length of an allocation unit in
/// bytes. The sink says whether to go on.
pub fn unallocated(fs: &FileSystem, sink: &mut dyn FnMut(Space) -> bool) -> u64 {
    let info = fs.info();
    let unit = allocation_unit(fs);
    let block_len = u64::from(info.block_size.max(1));
    let unit_bytes = unit.saturating_mul(block_len);
    if info.wrapped_blocks {
        return unit_bytes;
    }
    let volume = fs.reader().len();
    let byte = |block: u64| info.offset.saturating_add(block.saturating_mul(block_len)).min(volume);
    let end = info.last_block.saturating_add(1);
    let mut free: Option<(u64, u64)> = None;
    let (mut block, mut said) = (0_u64, 0_u64);
    while block < end {
        let (allocated, blocks) = fs.same_allocation(block, end, unit, ALIVE_BLOCKS);
        let next = block.saturating_add(blocks).min(end);
        if next - said >= ALIVE_BLOCKS {
            said = next;
            if !sink(Space::Working) {
                return unit_bytes;
            }
        }
        if !allocated {
            free = Some((free.map_or(block, |(from, _)| from), next));
        } else if let Some((from, to)) = free.take()
            && !tell(byte(from), byte(to), sink)
        {
            return unit_bytes;
        }
        block = next;
    }
    let behind = byte(end);
    let from = free.map_or(behind, |(from, _)| byte(from));
    tell(from, volume.max(behind), sink);
    unit_bytes
}

fn tell(from: u64, to: u64, sink: &mut dyn FnMut(Space) -> bool) -> bool {
    to <= from || sink(Space::Free { at: from, len: to - from })
}
