//! A plain folder as a source: files as this computer's own file system shows them.
//!
//! In: a folder. Out: one [`Entry`] per regular file, in byte order of the path. A symbolic
//! link is an entry without content and is never followed. What has no content to read
//! (devices, pipes, sockets) and what cannot be read becomes a [`Gap`]. Deleted files, slack
//! and alternate streams are out of reach here.

use std::ffi::{CStr, OsStr};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use pendeen_item::{Gap, Origin, Stage};
use rustix::fs::{AtFlags, Dir, FileType, OFlags, Statx, StatxFlags, StatxTimestamp};
use rustix::io::Errno;

use crate::entry::{Content, Entry, Parts, Times};
use crate::quiet;
use crate::unit::ByteLen;

/// Deepest folder that is entered.
const MAX_DEPTH: usize = 512;

/// Lists every file under `root`.
pub fn walk(root: &Path, gaps: &mut Vec<Gap>) -> Vec<Entry> {
    let mut walk = Walk { root, entries: Vec::new(), gaps: Vec::new() };
    match quiet::open(rustix::fs::CWD, root, FOLDER) {
        Ok(top) => walk.folder(&top),
        Err(errno) => walk.lost(b"", "the folder", reason(errno)),
    }
    let Walk { mut entries, gaps: mut lost, .. } = walk;
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    lost.sort();
    gaps.append(&mut lost);
    entries.into_iter().map(|(_, entry)| entry).collect()
}

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// A walk in progress; entries carry their path as bytes, for the order.
struct Walk<'a> {
    root: &'a Path,
    entries: Vec<(Vec<u8>, Entry)>,
    gaps: Vec<Gap>,
}

impl Walk<'_> {
    /// Walks the tree below the open root; paths are `/sub/file`, as bytes.
    fn folder(&mut self, top: &OwnedFd) {
        let mut pending = vec![Vec::new()];
        while let Some(path) = pending.pop() {
            for child in self.names(top, &path) {
                let mut full = path.clone();
                full.push(b'/');
                full.extend_from_slice(&child);
                if let Some(folder) = self.child(top, full) {
                    pending.push(folder);
                }
            }
        }
    }

    /// The names in one folder; what cannot be listed is a gap.
    fn names(&mut self, top: &OwnedFd, path: &[u8]) -> Vec<Vec<u8>> {
        let opened = match relative(path) {
            None => rustix::io::fcntl_dupfd_cloexec(top, 0),
            Some(path) => quiet::open(top, path, FOLDER | OFlags::NOFOLLOW),
        };
        let listing = opened.and_then(Dir::new);
        let mut names = Vec::new();
        match listing {
            Ok(listing) => {
                for item in listing {
                    match item {
                        Ok(item) => names.push(item.file_name().to_bytes().to_vec()),
                        Err(errno) => {
                            self.lost(path, "the rest of the folder", reason(errno));
                            break;
                        }
                    }
                }
            }
            Err(errno) => self.lost(path, "the folder", reason(errno)),
        }
        names.retain(|name| name != b"." && name != b"..");
        names
    }

    /// Records one name; gives its path back where it is a folder to enter.
    fn child(&mut self, top: &OwnedFd, path: Vec<u8>) -> Option<Vec<u8>> {
        let stat = match stat(top.as_fd(), &path) {
            Ok(stat) => stat,
            Err(errno) => {
                self.lost(&path, "its metadata", reason(errno));
                return None;
            }
        };
        let kind = match FileType::from_raw_mode(stat.stx_mode.into()) {
            FileType::Directory if path.split(|c| *c == b'/').count() <= MAX_DEPTH + 1 => {
                return Some(path);
            }
            FileType::Directory => "a folder too deep to enter",
            FileType::RegularFile => {
                let content = self.root.join(OsStr::from_bytes(&path[1..]));
                let content = Content::File(content.into());
                self.entry(path, &stat, content);
                return None;
            }
            FileType::Symlink => {
                let content = Content::Unknown(link(top, &path).into());
                self.entry(path, &stat, content);
                return None;
            }
            FileType::Fifo => "a named pipe",
            FileType::Socket => "a socket",
            FileType::CharacterDevice | FileType::BlockDevice => "a device",
            FileType::Unknown => "of an unknown kind",
        };
        self.lost(
            &path,
            "its content",
            format!("it is {kind}: there is nothing in it to read here"),
        );
        None
    }

    fn entry(&mut self, path: Vec<u8>, stat: &Statx, content: Content) {
        let name = path.rsplit(|c| *c == b'/').next().unwrap_or_default().to_vec();
        let born = stat.stx_mask & StatxFlags::BTIME.bits() != 0;
        let entry = Entry::from(Parts {
            forensic_path: printable(&path),
            path: String::from_utf8_lossy(&path).into_owned(),
            name,
            origin: Origin::Live,
            recovery: None,
            fs_type: "folder",
            fs_address: stat.stx_ino.to_string(),
            size: ByteLen(if matches!(content, Content::File(_)) { stat.stx_size } else { 0 }),
            times: Times {
                created: nanoseconds(&stat.stx_btime).filter(|_| born),
                modified: nanoseconds(&stat.stx_mtime),
                accessed: nanoseconds(&stat.stx_atime),
                changed: nanoseconds(&stat.stx_ctime),
            },
            zone_unknown: false,
            content,
        });
        self.entries.push((path, entry));
    }

    fn lost(&mut self, path: &[u8], wanted: &str, reason: String) {
        let forensic_path = if path.is_empty() { "/".to_owned() } else { printable(path) };
        self.gaps.push(Gap {
            forensic_path,
            stage: Stage::Source,
            wanted: wanted.to_owned(),
            reason,
            offset_bytes: None,
            size_bytes: None,
        });
    }
}

/// The path as the root's descriptor takes it; none for the root itself.
fn relative(path: &[u8]) -> Option<&Path> {
    path.strip_prefix(b"/").map(|rest| Path::new(OsStr::from_bytes(rest)))
}

fn stat(top: rustix::fd::BorrowedFd<'_>, path: &[u8]) -> Result<Statx, Errno> {
    let path = relative(path).unwrap_or(Path::new(""));
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
    rustix::fs::statx(top, path, AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT, wanted)
}

/// What to say of a symbolic link.
fn link(top: &OwnedFd, path: &[u8]) -> String {
    let path = relative(path).unwrap_or(Path::new(""));
    let target = rustix::fs::readlinkat(top, path, Vec::new());
    match target.as_deref().map(CStr::to_bytes) {
        Ok(target) => format!("a symbolic link to {}, which is not followed", printable(target)),
        Err(errno) => format!("a symbolic link that cannot be read: {errno}"),
    }
}

fn reason(errno: Errno) -> String {
    format!("the operating system refused: {errno}")
}

fn nanoseconds(time: &StatxTimestamp) -> Option<i64> {
    time.tv_sec.checked_mul(1_000_000_000)?.checked_add(i64::from(time.tv_nsec))
}

/// A path as text, one to one: bytes that are no UTF-8 as `\xff`, a backslash as `\\`.
pub fn printable(path: &[u8]) -> String {
    const HEX: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let mut text = String::with_capacity(path.len());
    for part in path.utf8_chunks() {
        text.push_str(&part.valid().replace('\\', "\\\\"));
        for byte in part.invalid() {
            text.push_str("\\x");
            text.push(HEX[usize::from(byte >> 4)]);
            text.push(HEX[usize::from(byte & 15)]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, symlink};

    use rustix::fs::Mode;

    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    #[test]
    fn files_come_in_byte_order_of_their_paths_with_times_and_inode() {
        let root = folder();
        fs::create_dir(root.path().join("a")).unwrap();
        for name in ["a/z.jpg", "a.txt", "B", "a-b"] {
            fs::write(root.path().join(name), name).unwrap();
        }
        let mut gaps = Vec::new();
        let entries = walk(root.path(), &mut gaps);
        let paths: Vec<&str> = entries.iter().map(Entry::forensic_path).collect();
        assert_eq!(paths, ["/B", "/a-b", "/a.txt", "/a/z.jpg"]);
        assert_eq!(gaps, []);
        let file = &entries[3];
        let meta = fs::metadata(root.path().join("a/z.jpg")).unwrap();
        assert_eq!((file.name(), file.size.0, file.fs_type()), (&b"z.jpg"[..], 7, "folder"));
        assert_eq!(file.fs_address(), meta.ino().to_string());
        let modified = meta.mtime() * 1_000_000_000 + meta.mtime_nsec();
        assert_eq!(file.times().modified, Some(modified));
        assert_eq!(file.content, Content::File(root.path().join("a/z.jpg").into()));
    }

    #[test]
    fn a_symbolic_link_is_listed_and_never_followed() {
        let (root, other) = (folder(), folder());
        fs::write(other.path().join("outside"), b"x").unwrap();
        symlink(other.path(), root.path().join("away")).unwrap();
        symlink("..", root.path().join("up")).unwrap();
        let mut gaps = Vec::new();
        let entries = walk(root.path(), &mut gaps);
        assert_eq!(entries.len(), 2);
        assert!(matches!(&entries[1].content, Content::Unknown(why) if why.contains("link to ..")));
        assert_eq!(gaps, []);
    }

    #[test]
    fn what_has_no_content_is_a_gap_in_its_place() {
        let root = folder();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            root.path().join("pipe"),
            FileType::Fifo,
            Mode::RUSR,
            0,
        )
        .unwrap();
        let mut gaps = Vec::new();
        assert_eq!(walk(root.path(), &mut gaps), []);
        assert_eq!(gaps[0].forensic_path, "/pipe");
        assert!(gaps[0].reason.contains("a named pipe"));
        gaps.clear();
        assert_eq!(walk(&root.path().join("absent"), &mut gaps), []);
        assert_eq!(gaps.len(), 1);
    }

    #[test]
    fn names_that_are_no_text_stay_apart() {
        let root = folder();
        for name in [&b"a\xff"[..], b"a\xfe", b"a\\xff"] {
            fs::write(root.path().join(OsStr::from_bytes(name)), b"x").unwrap();
        }
        let entries = walk(root.path(), &mut Vec::new());
        let paths: Vec<&str> = entries.iter().map(Entry::forensic_path).collect();
        assert_eq!(paths, ["/a\\\\xff", "/a\\xfe", "/a\\xff"]);
        assert_eq!(entries[2].name(), b"a\xff");
    }

    #[test]
    fn a_folder_deeper_than_the_limit_is_a_gap() {
        let root = folder();
        let mut path = root.path().to_owned();
        for _ in 0..=MAX_DEPTH {
            path.push("d");
        }
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("file"), b"x").unwrap();
        let mut gaps = Vec::new();
        assert_eq!(walk(root.path(), &mut gaps), []);
        assert!(gaps[0].reason.contains("too deep"), "{gaps:?}");
    }
}
