//! Files that appear whole or not at all: written beside, renamed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Whether a file must survive a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// It can be made again.
    No,
    /// It is synced before it gets its name, and its folder after.
    Yes,
    /// The same, readable by its owner alone.
    Secret,
}

/// Puts a file in its place, over an earlier one.
pub fn put(path: &Path, bytes: &[u8], sync: Sync) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.new"));
    let mode = if sync == Sync::Secret { 0o600 } else { 0o644 };
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&beside)?;
    file.write_all(bytes)?;
    if sync != Sync::No {
        file.sync_all()?;
    }
    fs::rename(&beside, path)?;
    if sync != Sync::No {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
