//! File systems damaged in many ways: each costs gaps, and no more.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use common::fixture::{
    EXT_PROGRAMS, FAT_PROGRAMS, NTFS_PROGRAMS, blank, ext, fat, have, run, text,
};
use common::listing::Listing;
use common::mixed_bytes;
use pendeen_evidence::entry::{Content, Entry, Run};

/// What holds for any listing, however the image lies.
fn assert_sound(listing: &mut Listing) {
    let paths: HashSet<_> = listing.entries.iter().map(|(_, e)| e.forensic_path()).collect();
    assert_eq!(paths.len(), listing.entries.len(), "forensic paths are unique");
    for (_, Entry { size, content, .. }) in &listing.entries {
        if let Content::Runs(runs) = content {
            let len = |run: &Run| match run {
                Run::Data { len, .. } | Run::Hole { len } | Run::Lost { len } => len.0,
            };
            assert_eq!(runs.iter().map(len).sum::<u64>(), size.0);
        }
    }
}

/// Damages an image in many ways; no listing may crash the parent, hang, or be unsound.
fn survive(image: &Path, metadata: usize) {
    let good = fs::read(image).unwrap();
    let mut state = 0x1234_5678_9abc_def1_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for round in 0..24 {
        let mut bad = good.clone();
        for _ in 0..=round * 4 {
            let at = random(metadata.min(bad.len()));
            bad[at] = [0, 0xff, bad[at] ^ 1 << random(8)][random(3)];
        }
        if round % 8 == 7 {
            bad.truncate(random(bad.len()));
        }
        fs::write(image, &bad).unwrap();
        let mut listing = Listing::of_file(image);
        assert_sound(&mut listing);
        assert!(!listing.entries.is_empty() || !listing.gaps.is_empty(), "round {round}");
    }
}

#[test]
fn damaged_file_systems_cost_gaps_and_no_more() {
    let source = tempfile::tempdir().unwrap();
    for n in 0..40 {
        fs::write(source.path().join(format!("{n}.bin")), mixed_bytes(n * 900, n as u64)).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    if have(EXT_PROGRAMS) {
        survive(&ext(folder.path(), source.path(), &["-t", "ext4", "-b", "1024"]), 1 << 20);
    }
    if have(FAT_PROGRAMS) {
        let files = [("D/", vec![]), ("D/a.bin", mixed_bytes(60_000, 1)), ("b.txt", vec![1])];
        survive(&fat(folder.path(), 4 << 20, &files, &["b.txt"]), 64 << 10);
    }
    if have(NTFS_PROGRAMS) {
        let image = folder.path().join("ntfs.img");
        blank(&image, 4 << 20);
        run("mkntfs", &["-q", "-F", "-s", "512", text(&image)]);
        survive(&image, 64 << 10);
    }
}
