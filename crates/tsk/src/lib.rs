//! The Sleuth Kit's library behind a safe interface: names, times and block runs.
//!
//! In: a [`ReadAt`] over one volume. Out: [`FileSystem`], whose [`walk`] yields each live and
//! deleted file with where its content lies, and whose [`FileSystem::cat`] gives the content
//! that only the file system's own code can produce. The result is what `fls`, `istat` and
//! `icat` show, except where [`walk`] says otherwise, and that files which Windows packed are unpacked.
//!
//! The library is written in C and reads hostile data: call it in a process that may crash.
//! Handles stay on one thread.
//!
//! Refused: pools (APFS containers, LVM) and encrypted volumes; [`OpenError`] says which.
//!
//! Source: sleuthkit 4.11.1, `tsk/fs/tsk_fs.h`; what this crate relies on in its code is said
//! where it does.

mod content;
mod event;
mod exfat;
mod fat;
mod ffi;
mod index;
mod kind;
mod lzx;
mod name;
mod packed;
mod prefix;
mod space;
mod told;
mod walk;
mod xpress;
mod zone;

pub use content::{Content, Run};
pub use event::{Cap, Event, File, Folder, Limits, Problem, Recovery, Summary, Times};
pub use ffi::{Directory, FileSystem, Info, OpenError, ReadAt, TskError, library_version};
pub use kind::Kind;
pub use name::{Address, Attribute, MetaFacts, Name, RawRun, Stamp};
pub use space::{Space, unallocated};
pub use walk::walk;

/// What reads bytes of the evidence without the library, for the fuzz targets.
#[doc(hidden)]
pub mod parsers {
    /// How many names the slack of an index record holds, and of a root, of the folder `folder`.
    pub fn index_slack(bytes: &mut [u8], folder: u64) -> usize {
        crate::index::names_in(bytes, folder)
    }

    /// How many entries of a FAT folder would be told to be passed over, if libtsk told those
    /// with these numbers.
    pub fn fat_folder(bytes: &[u8], told: &[u64]) -> usize {
        crate::fat::passed_over_in(bytes, &told.iter().copied().collect())
    }

    /// How many bytes of a content of `size` bytes these unpack to, as this reparse point says.
    pub fn unpacked(reparse: &[u8], size: u64, packed: &[u8]) -> Result<u64, String> {
        let mut given = 0;
        let mut sink = |bytes: &[u8]| {
            given += bytes.len() as u64;
            std::ops::ControlFlow::Continue(())
        };
        let mut unpacker = crate::packed::Unpacker::new(reparse, size)?;
        for some in packed.chunks(4000) {
            let _ = unpacker.add(some, &mut sink)?;
        }
        unpacker.finish(&mut sink)?;
        Ok(given)
    }
}
