//! What libtsk passes over in silence is told all the same: damaged entries of FAT folders, and
//! names in the slack of NTFS folder indexes.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::fixture::{FAT_PROGRAMS, NTFS_PROGRAMS, blank, fat, have, run, text};
use common::listing::Listing;
use pendeen_evidence::content::ContentError;
use pendeen_evidence::entry::Content;
use pendeen_item::{Origin, Recovery};

/// Where the only copy of `wanted` lies.
fn only(bytes: &[u8], wanted: &[u8]) -> usize {
    let mut found = bytes.windows(wanted.len()).enumerate().filter(|(_, here)| *here == wanted);
    let (at, _) = found.next().unwrap();
    assert!(found.next().is_none(), "{wanted:?} is there twice");
    at
}

#[test]
fn a_fat_file_that_claims_more_than_the_volume_is_a_gap_with_its_path_and_size() {
    if !have(FAT_PROGRAMS) {
        return;
    }
    for (size, kind) in [(1 << 20, "fat12"), (20 << 20, "fat16"), (64 << 20, "fat32")] {
        let folder = tempfile::tempdir().unwrap();
        let files = [
            ("folder/", vec![]),
            ("folder/Holiday picture.jpg", vec![7; 5000]),
            ("folder/beside.txt", b"beside".to_vec()),
            ("ROOT.TXT", b"root".to_vec()),
        ];
        let options: &[&str] = if kind == "fat32" { &["-F", "32"] } else { &[] };
        let image = fat_with(folder.path(), size, &files, options);
        let whole = Listing::of_file(&image);
        assert_eq!(whole.gaps, [], "{kind}");
        let mut bytes = fs::read(&image).unwrap();
        for (name, size) in [(b"HOLIDA~1JPG", 4_000_000_000_u32), (b"ROOT    TXT", u32::MAX)] {
            let at = only(&bytes, name);
            bytes[at + 28..at + 32].copy_from_slice(&size.to_le_bytes());
        }
        fs::write(&image, bytes).unwrap();
        let mut listing = Listing::of_file(&image);
        assert_eq!(listing.entry("/folder/beside.txt").fs_type(), kind);
        assert_eq!(listing.content("/folder/beside.txt").unwrap(), b"beside");
        assert_eq!(listing.entries.len(), whole.entries.len() - 2, "{:?}", listing.paths());
        let told: Vec<_> = listing
            .gaps
            .iter()
            .map(|gap| (gap.forensic_path.as_str(), gap.wanted.as_str(), gap.reason.as_str()))
            .collect();
        assert_eq!(told.len(), 2, "{told:?}");
        let root = format!("{kind}:/ROOT.TXT");
        assert_eq!((told[0].0, told[0].1), (root.as_str(), "a file"));
        assert!(told[0].2.contains("claims 4294967295 bytes"), "{}", told[0].2);
        let picture = format!("{kind}:/folder/Holiday picture.jpg");
        assert_eq!((told[1].0, told[1].1), (picture.as_str(), "a file"));
        assert!(told[1].2.contains("claims 4000000000 bytes"), "{}", told[1].2);
    }
}

/// A FAT volume made with further options of `mkfs.fat`.
fn fat_with(folder: &Path, size: u64, files: &[(&str, Vec<u8>)], options: &[&str]) -> PathBuf {
    let image = fat(folder, size, &[], &[]);
    run("mkfs.fat", &[options, &["-n", "TEST", "-i", "50454e44", text(&image)]].concat());
    let source = folder.join("source");
    for (name, bytes) in files {
        let path = format!("::/{name}");
        if name.ends_with('/') {
            run("mmd", &["-i", text(&image), path.trim_end_matches('/')]);
        } else {
            fs::write(&source, bytes).unwrap();
            run("mcopy", &["-i", text(&image), text(&source), &path]);
        }
    }
    image
}

/// An NTFS volume whose root keeps its names in records of 4096 bytes.
fn ntfs(folder: &Path) -> PathBuf {
    let image = folder.join("ntfs.img");
    blank(&image, 8 << 20);
    run("mkntfs", &["-q", "-F", "-s", "512", text(&image)]);
    let source = folder.join("source");
    fs::write(&source, b"live").unwrap();
    for n in 0..12 {
        let name = format!("a picture with a long name, number {n:02}.jpg");
        run("ntfscp", &["-f", text(&image), text(&source), &name]);
    }
    image
}

/// Puts a copy of the index entry of `from` behind the part in use of its record, as the entry
/// of the file `name`, which is just as long, led to by MFT entry and sequence number `file`.
fn leave(image: &Path, from: &str, name: &str, file: (u64, u64), year: i64) {
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let mut bytes = fs::read(image).unwrap();
    let records: Vec<usize> =
        (0..bytes.len()).step_by(512).filter(|at| bytes[*at..].starts_with(b"INDX")).collect();
    for record in records {
        let found =
            bytes[record..record + 4096].windows(2 * from.len()).position(|at| at == utf16(from));
        let Some(at) = found else { continue };
        let start = at - 82;
        let len =
            usize::from(u16::from_le_bytes([bytes[record + start + 8], bytes[record + start + 9]]));
        let mut entry = bytes[record + start..record + start + len].to_vec();
        entry[..8].copy_from_slice(&(file.0 + (file.1 << 48)).to_le_bytes());
        entry[82..82 + 2 * name.len()].copy_from_slice(&utf16(name));
        let time = (year - 1601) * 3_155_695_200 * 100_000;
        for at in [24, 32, 40, 48] {
            entry[at..at + 8].copy_from_slice(&time.to_le_bytes());
        }
        entry[64..72].copy_from_slice(&123_456_u64.to_le_bytes());
        let used = u32::from_le_bytes(bytes[record + 28..record + 32].try_into().unwrap());
        // Behind whatever was left there before, and clear of the end of the next sector.
        let mut to = record + 24 + used as usize + 8;
        while bytes[to..to + len].iter().any(|byte| *byte != 0) || (to % 512) + len > 510 {
            to += 8;
        }
        assert!(to + len <= record + 4096, "the record is full");
        bytes[to..to + len].copy_from_slice(&entry);
        fs::write(image, bytes).unwrap();
        return;
    }
    panic!("no index record has {from}");
}

#[test]
fn a_name_left_in_the_slack_of_an_ntfs_index_is_a_deleted_file_without_content() {
    if !have(NTFS_PROGRAMS) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let image = ntfs(folder.path());
    let before = Listing::of_file(&image);
    assert_eq!(before.gaps, []);
    assert!(before.entries.iter().all(|(_, entry)| entry.origin == Origin::Live));
    let left = "a picture that was deleted long ago 3.jpg";
    let from = "a picture with a long name, number 03.jpg";
    leave(&image, from, left, (70, 9), 2024);
    // A stale copy of a live file's entry is no file of its own.
    let live = before.entry(&format!("/{from}")).fs_address().to_owned();
    let live: u64 = live.split('-').next().unwrap().parse().unwrap();
    leave(&image, from, from, (live, 1), 2024);
    let mut listing = Listing::of_file(&image);
    assert_eq!(listing.gaps, []);
    assert_eq!(listing.entries.len(), before.entries.len() + 1, "{:?}", listing.paths());
    let path = format!("/{left}");
    let entry = listing.entry(&path);
    assert_eq!((entry.origin, entry.recovery), (Origin::Deleted, Some(Recovery::Reallocated)));
    assert_eq!((entry.size.0, entry.name()), (123_456, left.as_bytes()));
    assert_eq!(entry.times().created.unwrap() / 1_000_000_000 / 86_400, 19_723);
    assert!(entry.fs_address().starts_with("5-160-"), "{}", entry.fs_address());
    let Content::Unknown(reason) = &entry.content else { panic!("{:?}", entry.content) };
    assert!(reason.contains("MFT entry 70, sequence number 9"), "{reason}");
    assert!(matches!(listing.content(&path), Err(ContentError::Unknown(_))));
}

/// Compiles a program against the library of NTFS-3G. Says so where that cannot be.
fn compiled(folder: &Path, source: &str) -> Option<PathBuf> {
    let program = folder.join("program");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs").join(source);
    let output = Command::new("cc").arg("-o").args([&program, &source]).arg("-lntfs-3g").output();
    if output.is_ok_and(|output| output.status.success()) {
        return Some(program);
    }
    println!("no C compiler, or ntfs-3g-dev is not installed: this test is left out");
    None
}

#[test]
fn names_that_an_ntfs_driver_left_in_an_index_are_found_with_their_sizes_and_no_live_one_is() {
    let folder = tempfile::tempdir().unwrap();
    let Some(program) = compiled(folder.path(), "ntfs_delete.c") else { return };
    if !have(&["mkntfs"]) {
        return;
    }
    let image = folder.path().join("ntfs.img");
    blank(&image, 20 << 20);
    run("mkntfs", &["-q", "-F", "-s", "512", text(&image)]);
    let deleted = String::from_utf8(run(text(&program), &[text(&image)])).unwrap();
    let deleted: HashSet<&str> = deleted.lines().collect();
    let listing = Listing::of_file(&image);
    assert_eq!(listing.gaps, []);
    let mut found = HashSet::new();
    for (_, entry) in listing.entries.iter().filter(|(_, e)| e.origin == Origin::Deleted) {
        let Some(name) = entry.path().strip_prefix("/folder/") else { continue };
        assert!(deleted.contains(name), "{name} is live");
        assert!(found.insert(name), "{name} is there twice");
        let number: u64 = name[16..19].parse().unwrap();
        assert_eq!(entry.size.0, 1000 + number, "{name}");
    }
    println!("{} names of {} deleted files", found.len(), deleted.len());
    assert!(found.len() > deleted.len() / 2, "{} of {}", found.len(), deleted.len());
}
