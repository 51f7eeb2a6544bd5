//! The space that a file system does not use, held against `blkls`.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::fixture::{
    EXT_PROGRAMS, FAT_PROGRAMS, NTFS_PROGRAMS, blank, debugfs, ext, fat, have, run, text,
};
use common::listing::worker;
use common::mixed_bytes;
use pendeen_evidence::filesystem::{self, FreeSpace};
use pendeen_evidence::image;
use pendeen_evidence::volume;

/// What is not used of the only volume of an image, and its bytes one after the other.
fn unallocated(file: &Path) -> (FreeSpace, Vec<u8>) {
    let image = image::open(&[file.to_owned()]).unwrap();
    let mut gaps = Vec::new();
    let volume = volume::open_all(&*image, &mut gaps).remove(0);
    let free = filesystem::unallocated(&image, &volume, &worker(), &mut gaps).unwrap();
    assert_eq!(gaps, []);
    let mut bytes = Vec::new();
    for (at, len) in &free.stretches {
        let mut piece = vec![0; usize::try_from(len.0).unwrap()];
        image.read_at(*at, &mut piece).unwrap();
        bytes.extend(piece);
    }
    (free, bytes)
}

/// Whether the same bytes come as from `blkls`, but for what lies behind the last block.
fn same_as_blkls(file: &Path, unit: u64) {
    let (free, ours) = unallocated(file);
    assert_eq!(free.unit.0, unit, "{}", free.fs_type);
    assert!(free.stretches.windows(2).all(|p| p[0].0.0 + p[0].1.0 < p[1].0.0));
    assert!(!ours.is_empty());
    if !have(&["blkls"]) {
        return;
    }
    let theirs = Command::new("blkls").arg(file).output().unwrap();
    assert!(theirs.status.success());
    let behind = ours.len() - theirs.stdout.len();
    assert!(behind < 64 << 10, "{behind} bytes behind the last block");
    assert!(ours[..theirs.stdout.len()] == theirs.stdout, "{}", free.fs_type);
}

#[test]
fn ext4_tells_the_space_that_it_does_not_use() {
    if !have(EXT_PROGRAMS) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tree = tempfile::tempdir().unwrap();
    for n in 0..60 {
        fs::write(tree.path().join(n.to_string()), mixed_bytes(n * 1500, n as u64)).unwrap();
    }
    let disk = ext(folder.path(), tree.path(), &["-t", "ext4", "-b", "1024"]);
    for n in (0..60).step_by(3) {
        debugfs(&disk, &format!("rm /{n}"));
    }
    same_as_blkls(&disk, 1024);
}

#[test]
fn fat_tells_the_space_that_it_does_not_use_cluster_by_cluster() {
    if !have(FAT_PROGRAMS) {
        return;
    }
    let names: Vec<String> = (0..40).map(|n| format!("f{n}.bin")).collect();
    let files: Vec<(&str, Vec<u8>)> = (0_u64..)
        .zip(&names)
        .map(|(n, name)| (name.as_str(), mixed_bytes(700 * usize::try_from(n).unwrap(), n)))
        .collect();
    let deleted: Vec<&str> = names.iter().map(String::as_str).skip(2).step_by(3).collect();
    for size in [4 << 20, 40 << 20] {
        let folder = tempfile::tempdir().unwrap();
        let disk = fat(folder.path(), size, &files, &deleted);
        let per_cluster = fs::read(&disk).unwrap()[13];
        assert!(per_cluster > 1);
        same_as_blkls(&disk, u64::from(per_cluster) * 512);
    }
}

#[test]
fn ntfs_tells_the_space_that_it_does_not_use() {
    if !have(NTFS_PROGRAMS) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("ntfs.img");
    blank(&disk, 16 << 20);
    run("mkntfs", &["-Q", "-F", "-q", "-T", text(&disk)]);
    same_as_blkls(&disk, 4096);
}
