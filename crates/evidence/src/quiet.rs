//! Opens evidence so that reading it leaves no trace: its access times stay as they were.
//!
//! Linux grants that only to a file's owner and to root. For anybody else the file is opened
//! as usual; then only a read-only mount or a write blocker keeps the times.

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fd::AsFd;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

/// Opens `path` (below `folder`, unless it is absolute) with `flags`, without access times.
pub fn open(folder: impl AsFd, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let open = |flags| rustix::fs::openat(&folder, path, flags, Mode::empty());
    match open(flags | OFlags::NOATIME) {
        Err(Errno::PERM) => open(flags),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File, FileTimes};
    use std::os::unix::fs::MetadataExt;
    use std::path::PathBuf;
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::unit::ByteOffset;
    use crate::{folder, image};

    const LONG_AGO: i64 = 1_000_000_000;

    /// Lets a file or folder look as if it was last read long ago.
    fn age(path: &Path) {
        let then = UNIX_EPOCH + Duration::from_secs(LONG_AGO.unsigned_abs());
        let times = FileTimes::new().set_accessed(then).set_modified(then);
        File::open(path).unwrap().set_times(times).unwrap();
    }

    fn accessed(path: &Path) -> i64 {
        fs::metadata(path).unwrap().atime()
    }

    /// An aged file; none where reading does not change access times anyhow.
    fn aged_file(root: &Path) -> Option<PathBuf> {
        let path = root.join("file.raw");
        fs::write(&path, vec![7; 4096]).unwrap();
        age(&path);
        fs::read(&path).unwrap();
        if accessed(&path) == LONG_AGO {
            println!("this file system keeps no access times: the test is left out");
            return None;
        }
        age(&path);
        Some(path)
    }

    #[test]
    fn reading_an_image_leaves_its_access_time_as_it_was() {
        let root = tempfile::tempdir().unwrap();
        let Some(path) = aged_file(root.path()) else { return };
        let image = image::open(std::slice::from_ref(&path)).unwrap();
        image.read_at(ByteOffset(0), &mut [0; 512]).unwrap();
        assert_eq!(accessed(&path), LONG_AGO);
    }

    #[test]
    fn listing_a_folder_leaves_the_access_times_of_all_its_folders_as_they_were() {
        let root = tempfile::tempdir().unwrap();
        let sub = root.path().join("sub");
        fs::create_dir(&sub).unwrap();
        if aged_file(root.path()).is_none() {
            return;
        }
        age(&sub);
        age(root.path());
        assert_eq!(folder::walk(root.path(), &mut Vec::new()).len(), 1);
        assert_eq!((accessed(root.path()), accessed(&sub)), (LONG_AGO, LONG_AGO));
    }

    #[test]
    fn reading_a_file_of_a_folder_leaves_its_access_time_as_it_was() {
        let root = tempfile::tempdir().unwrap();
        let Some(path) = aged_file(root.path()) else { return };
        let mut got = 0;
        let size = crate::unit::ByteLen(4096);
        crate::content::stream_file(&path, size, &mut |piece| got += piece.len()).unwrap();
        assert_eq!((got, accessed(&path)), (4096, LONG_AGO));
    }
}
