//! Sectors that cannot be read: what lies in them is told, and what lies beside them survives.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

use std::fs;
use std::ops::{ControlFlow, Range};
use std::process::Command;

use pendeen_tsk::{Content, Event, File, FileSystem, Limits, Problem, ReadAt, Run, walk};

/// A volume of which a range of bytes cannot be read.
struct Damaged {
    bytes: Vec<u8>,
    bad: Range<u64>,
}

impl ReadAt for Damaged {
    fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), String> {
        let end = offset + buf.len() as u64;
        if offset < self.bad.end && end > self.bad.start {
            return Err(format!("the disk refused bytes {:?}", self.bad));
        }
        let start = usize::try_from(offset).unwrap();
        buf.copy_from_slice(&self.bytes[start..start + buf.len()]);
        Ok(())
    }
}

/// An ext4 volume with a folder `d` and small files; none if there is no mke2fs.
fn volume() -> Option<Vec<u8>> {
    let source = tempfile::tempdir().unwrap();
    fs::create_dir(source.path().join("d")).unwrap();
    for name in ["a.txt", "b.txt", "d/c.txt"] {
        fs::write(source.path().join(name), name.repeat(300)).unwrap();
    }
    let image = source.path().with_extension("img");
    let made = Command::new("/sbin/mke2fs")
        .args(["-q", "-F", "-t", "ext4", "-b", "1024", "-O", "^has_journal", "-d"])
        .args([source.path(), &image])
        .arg("4M")
        .output();
    if !made.is_ok_and(|output| output.status.success()) {
        println!("mke2fs is not installed: this test is left out");
        return None;
    }
    let bytes = fs::read(&image).unwrap();
    fs::remove_file(&image).unwrap();
    Some(bytes)
}

fn open(bytes: &[u8], bad: Range<u64>) -> FileSystem {
    FileSystem::open(Damaged { bytes: bytes.to_vec(), bad }, 512).unwrap()
}

fn listed(fs: &FileSystem) -> (Vec<File>, Vec<Problem>) {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    let summary = walk(fs, &Limits::default(), &mut |event| {
        match event {
            Event::File(file) => files.push(file),
            Event::Folder(_) => {}
            Event::Problem(problem) => problems.push(problem),
        }
        true
    });
    assert_eq!(summary.files, files.len() as u64);
    assert_eq!(summary.problems, problems.len() as u64);
    (files, problems)
}

fn file<'a>(files: &'a [File], path: &str) -> &'a File {
    files.iter().find(|file| file.path == path.as_bytes()).unwrap()
}

/// Where the only place in the volume with this text is.
fn place(bytes: &[u8], text: &[u8]) -> u64 {
    bytes.windows(text.len()).position(|window| window == text).unwrap() as u64
}

#[test]
fn a_folder_in_a_damaged_sector_is_a_problem_that_says_why_and_the_others_are_read() {
    let Some(bytes) = volume() else { return };
    let names = place(&bytes, b"c.txt\0\0\0") / 1024 * 1024;
    let (files, problems) = listed(&open(&bytes, names..names + 1024));
    assert!(files.iter().any(|file| file.path == b"/a.txt"));
    assert!(files.iter().any(|file| file.path == b"/b.txt"));
    let problem = problems.iter().find(|problem| problem.path == b"/d").unwrap();
    assert!(problem.reason.contains("the disk refused"), "{problem:?}");
}

#[test]
fn content_in_a_damaged_sector_fails_and_its_neighbour_is_whole() {
    let Some(bytes) = volume() else { return };
    let (files, _) = listed(&open(&bytes, 0..0));
    let Content::Runs(runs) = &file(&files, "/a.txt").content else { panic!("no runs") };
    let Run::Data { at, len } = runs[0] else { panic!("no data") };
    assert_eq!((runs.len(), len), (1, 1500));
    // The second block of a.txt; b.txt follows at once, in the same stretch of the cache.
    let fs = open(&bytes, at + 1024..at + 1536);
    let read = |path: &str| {
        let mut content = Vec::new();
        let result = fs.cat(file(&files, path).address, &mut |piece| {
            content.extend_from_slice(piece);
            ControlFlow::Continue(())
        });
        (result, content)
    };
    let (result, content) = read("/a.txt");
    assert!(result.unwrap_err().to_string().contains("the disk refused"));
    assert_eq!(content, "a.txt".repeat(300).as_bytes()[..1024], "nothing is filled in");
    let (result, content) = read("/b.txt");
    result.unwrap();
    assert_eq!(content, "b.txt".repeat(300).as_bytes());
}

#[test]
fn a_receiver_that_wants_no_more_ends_the_walk() {
    let Some(bytes) = volume() else { return };
    let mut events = 0;
    let summary = walk(&open(&bytes, 0..0), &Limits::default(), &mut |_| {
        events += 1;
        false
    });
    assert_eq!(events, 1);
    assert!(summary.cap.is_some());
}
