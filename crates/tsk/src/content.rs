//! From libtsk's runs of blocks to where an attribute's bytes are.
//!
//! In: an [`Attribute`] and the file system's facts. Out: runs in bytes that add up to the
//! attribute's size, or the fact that only the library can produce the content.
//!
//! libtsk's flags say less than they seem to, hence these rules:
//! - A hole of ext2-4 arrives as *filler* (extents) or *sparse* (block pointers): both are
//!   holes. Filler elsewhere is a run that the metadata no longer has: lost.
//! - Compression is told on the attribute, not on the run: the library must unpack it.
//! - Bytes past `init_size` were never written and read as zeros, whatever the disk holds.
//! - The first `skip_len` bytes of the runs are not content.
//! - A run past the last block is lost from there; `icat` stops there with an error.
//! - Runs that end before the size does: the rest is a hole in a live ext file and lost
//!   elsewhere; `icat` ends there without an error.

use crate::ffi::Info;
use crate::name::{Attribute, RawRun};

pub(crate) const RESIDENT: u32 = 0x04;
pub(crate) const COMPRESSED: u32 = 0x20;
const RUN_FILLER: u32 = 0x01;
const RUN_SPARSE: u32 = 0x02;
const RUN_ENCRYPTED: u32 = 0x04;

/// Where an attribute's content is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// In these runs, which add up to the size.
    Runs(Vec<Run>),
    /// Resident, compressed, encrypted by run, or in wrapped blocks: only
    /// [`crate::FileSystem::cat`] can produce it.
    Library,
    /// Nowhere that could be told, for this reason.
    Unknown(String),
}

impl Content {
    /// Whether the metadata locates only a part of it, or nothing.
    pub(crate) fn is_partly_lost(&self) -> bool {
        match self {
            Self::Runs(runs) => runs.iter().any(|run| matches!(run, Run::Lost { .. })),
            Self::Library => false,
            Self::Unknown(_) => true,
        }
    }
}

/// A stretch of content. Lengths and positions in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    /// Bytes of the volume.
    Data {
        /// From the start of the volume.
        at: u64,
        /// How many.
        len: u64,
    },
    /// Zeros that take no space.
    Hole {
        /// How many.
        len: u64,
    },
    /// Bytes that the metadata no longer locates.
    Lost {
        /// How many.
        len: u64,
    },
}

/// Whether the blocks of a deleted file were worked out by the library rather than read from
/// surviving metadata: FAT keeps only the first cluster. `unit` is blocks per allocation unit.
pub(crate) fn is_inferred(attribute: &Attribute, info: &Info, unit: u64) -> bool {
    let blocks = attribute.runs.iter().fold(0_u64, |sum, run| sum.saturating_add(run.len));
    info.kind.is_fat() && blocks > unit
}

/// The runs that have blocks of their own.
pub(crate) fn stored(attribute: &Attribute) -> impl Iterator<Item = &RawRun> {
    attribute.runs.iter().filter(|run| run.flags & (RUN_FILLER | RUN_SPARSE) == 0)
}

/// Locates an attribute's bytes in a volume of `volume_len` bytes.
pub(crate) fn locate(attribute: &Attribute, info: &Info, volume_len: u64, live: bool) -> Content {
    let Ok(size) = u64::try_from(attribute.size) else {
        return Content::Unknown(format!("its size is {} bytes", attribute.size));
    };
    if size == 0 {
        return Content::Runs(Vec::new());
    }
    if attribute.flags & (RESIDENT | COMPRESSED) != 0 || info.wrapped_blocks {
        return Content::Library;
    }
    if attribute.runs.iter().any(|run| run.flags & RUN_ENCRYPTED != 0) {
        return Content::Library;
    }
    let block = u64::from(info.block_size);
    let mut plan = Plan {
        runs: Vec::new(),
        at: 0,
        size,
        written: u64::try_from(attribute.init_size).unwrap_or(0),
        skip: u64::from(attribute.skip_len),
    };
    for run in &attribute.runs {
        let Some(len) = run.len.checked_mul(block) else {
            return Content::Unknown(format!("a run has {} blocks", run.len));
        };
        if run.flags & RUN_SPARSE != 0 || (run.flags & RUN_FILLER != 0 && info.kind.is_ext()) {
            plan.push(len, |len, _| Run::Hole { len });
        } else if run.flags & RUN_FILLER != 0 {
            plan.push(len, |len, _| Run::Lost { len });
        } else {
            let present = blocks_present(run, info, volume_len);
            let start = info.offset.saturating_add(run.address.saturating_mul(block));
            plan.push(present * block, |len, skipped| Run::Data {
                at: start.saturating_add(skipped),
                len,
            });
            plan.push(len - present * block, |len, _| Run::Lost { len });
        }
    }
    let rest = plan.size - plan.at;
    let hole = live && info.kind.is_ext();
    plan.append(rest, if hole { Run::Hole { len: rest } } else { Run::Lost { len: rest } });
    Content::Runs(plan.runs)
}

/// How many blocks of a run the file system and the volume have.
fn blocks_present(run: &RawRun, info: &Info, volume_len: u64) -> u64 {
    let in_volume = volume_len.saturating_sub(info.offset) / u64::from(info.block_size.max(1));
    let end = info.last_block.saturating_add(1).min(in_volume);
    end.saturating_sub(run.address).min(run.len)
}

/// Runs in the making.
struct Plan {
    runs: Vec<Run>,
    /// Bytes of content placed so far.
    at: u64,
    size: u64,
    /// Bytes from the start that were ever written.
    written: u64,
    /// Bytes still to be skipped at the start of the runs.
    skip: u64,
}

impl Plan {
    /// Adds `len` bytes of a run, less what is skipped, past the end, or never written.
    fn push(&mut self, len: u64, make: impl Fn(u64, u64) -> Run) {
        let skipped = self.skip.min(len);
        self.skip -= skipped;
        let len = (len - skipped).min(self.size - self.at);
        let written = len.min(self.written.saturating_sub(self.at));
        let run = make(written, skipped);
        self.append(written, run);
        let rest = len - written;
        // What the metadata does not locate stays lost: it is not known to be unwritten.
        let run = if matches!(run, Run::Lost { .. }) {
            Run::Lost { len: rest }
        } else {
            Run::Hole { len: rest }
        };
        self.append(rest, run);
    }

    /// Adds a run as it is, joined to the one before where that continues it.
    fn append(&mut self, len: u64, run: Run) {
        if len == 0 {
            return;
        }
        self.at += len;
        match (self.runs.last_mut(), run) {
            (Some(Run::Data { at: before, len: sum }), Run::Data { at, .. })
                if *before + *sum == at =>
            {
                *sum += len;
            }
            (Some(Run::Hole { len: sum }), Run::Hole { .. })
            | (Some(Run::Lost { len: sum }), Run::Lost { .. }) => {
                *sum += len;
            }
            _ => self.runs.push(run),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Kind;

    fn info(kind: Kind) -> Info {
        Info {
            kind,
            offset: 0,
            block_size: 1024,
            last_block: 99,
            wrapped_blocks: false,
            root: 2,
            orphans: 9,
        }
    }

    fn attribute(size: i64, runs: &[(u64, u64, u32)]) -> Attribute {
        Attribute {
            name: Vec::new(),
            kind: 1,
            id: 0,
            flags: 0x03,
            size,
            skip_len: 0,
            init_size: size,
            runs: runs
                .iter()
                .map(|&(address, len, flags)| RawRun { address, len, flags })
                .collect(),
        }
    }

    fn runs(attribute: &Attribute, kind: Kind, live: bool) -> Vec<Run> {
        match locate(attribute, &info(kind), 100 * 1024, live) {
            Content::Runs(runs) => runs,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn neighbouring_runs_join_and_the_last_block_is_cut_to_the_size() {
        let file = attribute(3000, &[(10, 2, 0), (12, 1, 0)]);
        assert_eq!(runs(&file, Kind::Ext4, true), [Run::Data { at: 10_240, len: 3000 }]);
    }

    #[test]
    fn filler_is_a_hole_in_ext4_and_lost_in_ntfs() {
        let file = attribute(3072, &[(10, 1, 0), (0, 1, RUN_FILLER), (20, 1, 0)]);
        let middle = |kind| runs(&file, kind, true)[1];
        assert_eq!(middle(Kind::Ext4), Run::Hole { len: 1024 });
        assert_eq!(middle(Kind::Ntfs), Run::Lost { len: 1024 });
    }

    #[test]
    fn bytes_past_the_written_part_are_a_hole_whatever_the_blocks_hold() {
        let file = Attribute { init_size: 1500, ..attribute(4096, &[(10, 4, 0)]) };
        assert_eq!(
            runs(&file, Kind::Ntfs, true),
            [Run::Data { at: 10_240, len: 1500 }, Run::Hole { len: 2596 }]
        );
    }

    #[test]
    fn skipped_bytes_are_not_content() {
        let file = Attribute { skip_len: 1100, ..attribute(2000, &[(10, 1, 0), (50, 3, 0)]) };
        assert_eq!(runs(&file, Kind::Iso9660, true), [Run::Data { at: 51_200 + 76, len: 2000 }]);
    }

    #[test]
    fn a_run_past_the_last_block_is_lost_from_there() {
        let file = attribute(4096, &[(98, 4, 0)]);
        assert_eq!(
            runs(&file, Kind::Fat16, true),
            [Run::Data { at: 100_352, len: 2048 }, Run::Lost { len: 2048 }]
        );
    }

    #[test]
    fn missing_runs_are_a_hole_in_a_live_ext_file_and_lost_otherwise() {
        let file = attribute(2048, &[(10, 1, 0)]);
        assert_eq!(runs(&file, Kind::Ext4, true)[1], Run::Hole { len: 1024 });
        assert_eq!(runs(&file, Kind::Ext4, false)[1], Run::Lost { len: 1024 });
        assert_eq!(runs(&file, Kind::Fat32, true)[1], Run::Lost { len: 1024 });
    }

    #[test]
    fn hostile_numbers_neither_overflow_nor_add_up_to_more_than_the_size() {
        let file = attribute(i64::MAX, &[(u64::MAX, u64::MAX / 1024, 0), (5, u64::MAX / 2048, 0)]);
        let sum: u64 = runs(&file, Kind::Ntfs, true)
            .iter()
            .map(|run| match *run {
                Run::Data { len, .. } | Run::Hole { len } | Run::Lost { len } => len,
            })
            .sum();
        assert_eq!(sum, i64::MAX.unsigned_abs());
        let file = attribute(10, &[(0, u64::MAX, 0)]);
        assert!(matches!(locate(&file, &info(Kind::Ntfs), 102_400, true), Content::Unknown(_)));
        assert!(matches!(
            locate(&attribute(-1, &[]), &info(Kind::Ntfs), 102_400, true),
            Content::Unknown(_)
        ));
    }
}
