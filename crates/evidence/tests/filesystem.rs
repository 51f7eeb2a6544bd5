//! File systems made by recipe: what is listed, with what content, and what hostile ones do.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use common::fixture::{
    EXT_PROGRAMS, FAT_PROGRAMS, NTFS_PROGRAMS, blank, debugfs, ext, fat, have, run, text,
};
use common::listing::Listing;
use common::mixed_bytes;
use pendeen_evidence::content::ContentError;
use pendeen_evidence::entry::{Content, Run};
use pendeen_item::{Origin, Recovery};

/// A tree with what file systems store in different ways. Gives path and content of each file.
fn tree(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut hollow = vec![0; 1 << 20];
    hollow[..5].copy_from_slice(b"start");
    hollow[500_000..500_003].copy_from_slice(b"mid");
    let mut tail = vec![0; 100_000];
    tail[0] = b'x';
    let mut files = vec![
        ("empty".to_owned(), Vec::new()),
        ("big.bin".to_owned(), mixed_bytes(300_000, 7)),
        ("hollow.bin".to_owned(), hollow),
        ("tail.bin".to_owned(), tail),
        ("zeros.bin".to_owned(), vec![0; 70_000]),
        ("a/b/c/d/e/f/deep.txt".to_owned(), b"deep\n".to_vec()),
    ];
    for n in 0..3000 {
        files.push((format!("many/{n:04}.txt"), mixed_bytes(n % 700, n as u64)));
    }
    for (path, bytes) in &files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    files
}

/// Every file of the tree is listed live, once, with its bytes, and nothing was left out.
fn assert_whole(listing: &mut Listing, files: &[(String, Vec<u8>)]) {
    assert_eq!(listing.gaps, []);
    for (path, bytes) in files {
        let path = format!("/{path}");
        assert_eq!(listing.entry(&path).origin, Origin::Live);
        assert!(listing.content(&path).unwrap() == *bytes, "{path} has other bytes");
    }
}

#[test]
fn ext_files_come_back_byte_for_byte_whatever_stores_them() {
    if !have(EXT_PROGRAMS) {
        return;
    }
    let source = tempfile::tempdir().unwrap();
    let files = tree(source.path());
    let target = "t".repeat(200);
    std::os::unix::fs::symlink("a/b", source.path().join("short")).unwrap();
    std::os::unix::fs::symlink(&target, source.path().join("long")).unwrap();
    for options in [&["-t", "ext2"][..], &["-t", "ext3"], &["-t", "ext4", "-b", "4096"]] {
        let folder = tempfile::tempdir().unwrap();
        let mut listing = Listing::of_file(&ext(folder.path(), source.path(), options));
        assert_whole(&mut listing, &files);
        assert_eq!(listing.entry("/empty").fs_type(), options[1]);
        assert_eq!(listing.content("/short").unwrap(), b"a/b");
        assert_eq!(listing.content("/long").unwrap(), target.as_bytes());
        let holes = |content: &Content| match content {
            Content::Runs(runs) => runs.iter().any(|run| matches!(run, Run::Hole { .. })),
            _ => false,
        };
        assert!(holes(&listing.entry("/hollow.bin").content), "holes are not read from the disk");
        if have(&["icat"]) {
            let differences = listing.differences();
            let paths: Vec<_> = differences.iter().map(|(path, _)| path).collect();
            // `icat` prints zeros for a link that is kept in the inode.
            assert_eq!(paths, [&format!("{}:/short", options[1])], "{differences:?}");
        }
    }
}

#[test]
fn content_kept_in_the_inode_comes_from_the_worker() {
    if !have(EXT_PROGRAMS) {
        return;
    }
    let source = tempfile::tempdir().unwrap();
    fs::write(source.path().join("tiny"), "tiny").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = ["-t", "ext4", "-I", "256", "-O", "inline_data"];
    let mut listing = Listing::of_file(&ext(folder.path(), source.path(), &options));
    assert!(matches!(listing.entry("/tiny").content, Content::Worker { volume: 0 }));
    assert_eq!(listing.content("/tiny").unwrap(), b"tiny");
}

#[test]
fn space_reserved_but_never_written_reads_as_zeros() {
    if !have(EXT_PROGRAMS) {
        return;
    }
    let source = tempfile::tempdir().unwrap();
    fs::write(source.path().join("file"), mixed_bytes(8192, 3)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let image = ext(folder.path(), source.path(), &["-t", "ext4", "-b", "4096"]);
    debugfs(&image, "write /dev/null reserved");
    debugfs(&image, "fallocate /reserved 0 4");
    debugfs(&image, "sif /reserved size 20480");
    let mut listing = Listing::of_file(&image);
    assert_eq!(listing.content("/reserved").unwrap(), vec![0; 20_480]);
}

#[test]
fn a_deleted_ext_file_is_intact_until_its_blocks_are_used_again() {
    if !have(EXT_PROGRAMS) {
        return;
    }
    let source = tempfile::tempdir().unwrap();
    let bytes = mixed_bytes(300_000, 11);
    fs::write(source.path().join("gone.bin"), &bytes).unwrap();
    fs::write(source.path().join("stays.bin"), mixed_bytes(5000, 12)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let image = ext(folder.path(), source.path(), &["-t", "ext2", "-b", "4096"]);
    debugfs(&image, "rm /gone.bin");
    let mut listing = Listing::of_file(&image);
    let gone = listing.entry("/gone.bin");
    assert_eq!((gone.origin, gone.recovery), (Origin::Deleted, Some(Recovery::Intact)));
    assert!(listing.content("/gone.bin").unwrap() == bytes);
    let Content::Runs(runs) = &listing.entry("/gone.bin").content else { panic!("no runs") };
    let Some(Run::Data { at, .. }) = runs.first() else { panic!("no data") };
    debugfs(&image, &format!("setb {} 1", at.0 / 4096));
    let listing = Listing::of_file(&image);
    assert_eq!(listing.entry("/gone.bin").recovery, Some(Recovery::Reallocated));
}

#[test]
fn a_deleted_file_whose_inode_became_a_folder_is_listed_with_the_reason() {
    if !have(EXT_PROGRAMS) {
        return;
    }
    let source = tempfile::tempdir().unwrap();
    fs::create_dir(source.path().join("sub")).unwrap();
    for name in ["a.bin", "gone.bin", "z.bin"] {
        fs::write(source.path().join(name), mixed_bytes(5000, 13)).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let image = ext(folder.path(), source.path(), &["-t", "ext4", "-b", "4096"]);
    let before = Listing::of_file(&image).entry("/gone.bin").fs_address().to_owned();
    debugfs(&image, "rm /gone.bin");
    debugfs(&image, "mkdir /sub/new");
    let words = run("debugfs", &["-R", "stat /sub/new", text(&image)]);
    let inode = before.split('-').next().unwrap();
    assert!(String::from_utf8_lossy(&words).contains(&format!("Inode: {inode} ")), "{words:?}");
    let listing = Listing::of_file(&image);
    let gone = listing.entry("/gone.bin");
    assert_eq!((gone.origin, gone.recovery), (Origin::Deleted, Some(Recovery::Reallocated)));
    assert!(
        matches!(&gone.content, Content::Unknown(why) if why.contains("in use again")),
        "{gone:?}"
    );
}

#[test]
fn names_that_are_not_utf8_keep_their_bytes_and_have_paths_of_their_own() {
    if !have(EXT_PROGRAMS) {
        return;
    }
    let source = tempfile::tempdir().unwrap();
    for name in [&b"a\xff"[..], b"a\xfe", b"\xc3\xbc"] {
        fs::write(source.path().join(OsStr::from_bytes(name)), name).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let listing = Listing::of_file(&ext(folder.path(), source.path(), &["-t", "ext4"]));
    let names: HashSet<_> = listing.entries.iter().map(|(_, e)| e.name()).collect();
    assert!(names.contains(&b"a\xff"[..]) && names.contains(&b"a\xfe"[..]), "{names:?}");
    let paths: HashSet<_> = listing.entries.iter().map(|(_, e)| e.forensic_path()).collect();
    assert_eq!(paths.len(), 3);
    assert!(paths.contains("ext4:/\u{fc}"), "{paths:?}");
}

#[test]
fn the_same_image_gives_the_same_listing_twice() {
    if !have(EXT_PROGRAMS) {
        return;
    }
    let source = tempfile::tempdir().unwrap();
    tree(source.path());
    let folder = tempfile::tempdir().unwrap();
    let image = ext(folder.path(), source.path(), &["-t", "ext4"]);
    let entries = |listing: Listing| listing.entries;
    assert_eq!(entries(Listing::of_file(&image)), entries(Listing::of_file(&image)));
}

#[test]
fn fat_chains_long_names_and_deleted_files_come_back() {
    if !have(FAT_PROGRAMS) {
        return;
    }
    let (one, two, small) = (mixed_bytes(90_000, 1), mixed_bytes(70_000, 2), b"small".to_vec());
    let files = [
        ("DIR/", Vec::new()),
        ("DIR/one.bin", one.clone()),
        ("DIR/gap.bin", mixed_bytes(9000, 3)),
        ("DIR/two.bin", two.clone()),
        ("DIR/a long name with \u{fc}.txt", small.clone()),
        ("gone.bin", two.clone()),
        ("tiny.bin", small.clone()),
    ];
    for (size, kind) in [(1_474_560, "fat12"), (32 << 20, "fat16"), (512 << 20, "fat32")] {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("fat.img");
        let _ = fat(folder.path(), size, &files, &["DIR/gap.bin", "gone.bin", "tiny.bin"]);
        // Takes the hole that `gap.bin` left and goes on elsewhere: two runs.
        let source = folder.path().join("source");
        fs::write(&source, mixed_bytes(40_000, 4)).unwrap();
        run("mcopy", &["-i", text(&image), text(&source), "::/DIR/parts.bin"]);
        let mut listing = Listing::of_file(&image);
        assert_eq!(listing.gaps, []);
        assert!(listing.content("/DIR/one.bin").unwrap() == one);
        assert!(listing.content("/DIR/two.bin").unwrap() == two);
        assert!(listing.content("/DIR/parts.bin").unwrap() == mixed_bytes(40_000, 4));
        assert_eq!(listing.content("/DIR/a long name with \u{fc}.txt").unwrap(), small);
        assert_eq!(listing.entry("/DIR/one.bin").fs_type(), kind);
        let deleted = listing.entry("/_iny.bin");
        assert_eq!(deleted.recovery, Some(Recovery::Intact), "{kind}");
        assert_eq!(listing.content("/_iny.bin").unwrap(), small);
        assert!(!listing.paths().iter().any(|path| path.contains('$')), "{:?}", listing.paths());
        if have(&["icat"]) {
            // Of `gone.bin` only the first cluster is free still: `icat` ends there in silence.
            let partly: Vec<_> = listing.differences().into_iter().map(|(path, _)| path).collect();
            let lost = listing.content("/_one.bin").is_err();
            assert_eq!(partly, if lost { vec![format!("{kind}:/_one.bin")] } else { vec![] });
            let recovery = if lost { Recovery::Reallocated } else { Recovery::Inferred };
            assert_eq!(listing.entry("/_one.bin").recovery, Some(recovery), "{kind}");
        }
    }
}

#[test]
fn a_fat_folder_that_contains_itself_is_walked_once_and_told() {
    if !have(FAT_PROGRAMS) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let files = [("OUTER/", vec![]), ("OUTER/INNER/", vec![]), ("OUTER/f.txt", b"text".to_vec())];
    let image = fat(folder.path(), 32 << 20, &files, &[]);
    let mut bytes = fs::read(&image).unwrap();
    let entry = |bytes: &[u8], name: &[u8; 11]| bytes.windows(11).position(|w| w == name).unwrap();
    let (outer, inner) = (entry(&bytes, b"OUTER      "), entry(&bytes, b"INNER      "));
    bytes.copy_within(outer + 26..outer + 28, inner + 26);
    fs::write(&image, bytes).unwrap();
    let listing = Listing::of_file(&image);
    assert_eq!(listing.paths().iter().filter(|path| path.ends_with("f.txt")).count(), 2);
    assert!(
        listing.gaps.iter().any(|gap| gap.reason.contains("contains itself")),
        "{:?}",
        listing.gaps
    );
}

#[test]
fn ntfs_streams_are_entries_of_their_own_and_the_system_files_read_as_icat_reads_them() {
    if !have(NTFS_PROGRAMS) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("ntfs.img");
    blank(&image, 8 << 20);
    run("mkntfs", &["-q", "-F", "-s", "512", text(&image)]);
    let source = folder.path().join("source");
    let big = mixed_bytes(200_000, 9);
    for (name, stream, bytes) in
        [("r.txt", None, &b"resident"[..]), ("big.bin", None, &big), ("r.txt", Some("ads"), &big)]
    {
        fs::write(&source, bytes).unwrap();
        let stream = stream.map_or(vec![], |stream| vec!["-N", stream]);
        run("ntfscp", &[&["-f"], &stream[..], &[text(&image), text(&source), name]].concat());
    }
    let mut listing = Listing::of_file(&image);
    assert_eq!(listing.gaps, []);
    assert!(matches!(listing.entry("/r.txt").content, Content::Worker { .. }));
    assert_eq!(listing.content("/r.txt").unwrap(), b"resident");
    assert!(listing.content("/big.bin").unwrap() == big);
    assert!(listing.content("/r.txt:ads").unwrap() == big);
    let stream = listing.entry("/r.txt:ads");
    assert_eq!(stream.name(), b"r.txt:ads");
    assert_eq!(stream.forensic_path(), "ntfs:/r.txt:ads");
    assert!(listing.paths().contains(&"/$MFT"));
    assert!(!listing.entries.iter().any(|(_, e)| e.origin == Origin::Deleted));
    if have(&["icat"]) {
        assert_eq!(listing.differences(), []);
    }
}

#[test]
fn iso_9660_files_come_back() {
    if !have(&["genisoimage"]) {
        return;
    }
    let source = tempfile::tempdir().unwrap();
    let bytes = mixed_bytes(50_000, 5);
    fs::create_dir(source.path().join("folder")).unwrap();
    fs::write(source.path().join("folder/picture.raw"), &bytes).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("disc.iso");
    run("genisoimage", &["-quiet", "-R", "-J", "-o", text(&image), text(source.path())]);
    let mut listing = Listing::of_file(&image);
    assert_eq!(listing.gaps, []);
    assert!(listing.content("/folder/picture.raw").unwrap() == bytes);
    assert_eq!(listing.entry("/folder/picture.raw").fs_type(), "iso9660");
}

#[test]
fn an_image_cut_short_loses_only_what_lay_behind_the_cut() {
    if !have(EXT_PROGRAMS) {
        return;
    }
    let source = tempfile::tempdir().unwrap();
    let bytes = mixed_bytes(2_000_000, 6);
    fs::write(source.path().join("file.bin"), &bytes).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let image = ext(folder.path(), source.path(), &["-t", "ext4", "-b", "4096"]);
    let listing = Listing::of_file(&image);
    let Content::Runs(runs) = &listing.entry("/file.bin").content else { panic!("no runs") };
    let Some(Run::Data { at, .. }) = runs.first() else { panic!("no data") };
    let cut = at.0 + 1_000_000;
    fs::File::options().write(true).open(&image).unwrap().set_len(cut).unwrap();
    let mut listing = Listing::of_file(&image);
    match listing.content("/file.bin") {
        Err(ContentError::Lost { from, .. }) => assert!(from.0 > 990_000, "{from}"),
        other => panic!("{other:?} {:?}", listing.gaps),
    }
}
