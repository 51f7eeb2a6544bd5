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
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Statx, StatxFlags, StatxTimestamp};
use rustix::io::Errno;

use crate::entry::{Content, Entry, Times};
use crate::unit::ByteLen;

/// Deepest folder that is entered.
const MAX_DEPTH: usize = 512;

/// Lists every file under `root`.
pub fn walk(root: &Path, gaps: &mut Vec<Gap>) -> Vec<Entry> {
    let mut walk = Walk { root, entries: Vec::new(), gaps: Vec::new() };
    match rustix::fs::open(root, FOLDER, Mode::empty()) {
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
            Some(path) => rustix::fs::openat(top, path, FOLDER | OFlags::NOFOLLOW, Mode::empty()),
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
            FileType::Directory if path.iter().filter(|c| **c == b'/').count() <= MAX_DEPTH => {
                return Some(path);
            }
            FileType::Directory => "a folder too deep to enter",
            FileType::RegularFile => {
                let content = Content::File(self.root.join(OsStr::from_bytes(&path[1..])));
                self.entry(path, &stat, content);
                return None;
            }
            FileType::Symlink => {
                let content = Content::Unknown(link(top, &path));
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
        let entry = Entry {
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
            content,
        };
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
fn printable(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for part in path.utf8_chunks() {
        text.push_str(&part.valid().replace('\\', "\\\\"));
        for byte in part.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}
