//! Whole examinations of disk images, built by recipe without root.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use pendeen_evidence::image::ewf::write::{Recipe, write};
use pendeen_evidence::unit::ByteLen;
use pendeen_examine::{Silent, SourceKind, load, run};
use pendeen_fingerprint::Digests;
use pendeen_item::{Origin, Stage, read_gaps};
use support::{examine, have, items, noise, options, recipe, tables, text, worker};

/// The contents of the test file systems by path: small, empty, long, with a hole.
fn contents() -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for n in 0..300_u16 {
        let bytes = noise(n.into(), usize::from(n) * 61 % 20_000);
        all.insert(format!("/DCIM/{:02}/{n:04}.jpg", n % 7), bytes);
    }
    all.insert("/empty".to_owned(), Vec::new());
    all.insert("/long.bin".to_owned(), noise(5, 1_500_000));
    let holed = [noise(6, 8192), vec![0; 400_000], noise(7, 5000)].concat();
    all.insert("/holed.bin".to_owned(), holed);
    all
}

fn folder(root: &Path) {
    for (path, bytes) in contents() {
        let path = root.join(&path[1..]);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    fs::hard_link(root.join("long.bin"), root.join("again.bin")).unwrap();
}

/// An ext4 image of the test files; none where the program is missing.
fn ext4(dir: &Path) -> Option<PathBuf> {
    if !have(&["mke2fs"]) {
        return None;
    }
    let (root, image) = (dir.join("tree"), dir.join("disk.dd"));
    folder(&root);
    let args = ["-q", "-t", "ext4", "-d", text(&root), text(&image), "24M"];
    recipe("mke2fs", &args);
    Some(image)
}

/// Checks the items of an examination against the contents.
fn all_there(out: &Path, prefix: &str) {
    let mut wanted = contents();
    if prefix.contains("ext4") {
        wanted.insert("/again.bin".to_owned(), wanted["/long.bin"].clone());
    }
    let found = items(out);
    let paths: BTreeSet<_> = found.iter().map(|i| i.forensic_path.as_str()).collect();
    assert_eq!(paths.len(), found.len(), "forensic paths are unique");
    for (path, bytes) in wanted {
        let forensic_path = format!("{prefix}{path}");
        let item = found.iter().find(|i| i.forensic_path == forensic_path);
        let item = item.unwrap_or_else(|| panic!("{forensic_path} is missing"));
        let digests = Digests::of(&bytes);
        assert_eq!(item.size_bytes, bytes.len() as u64, "{path}");
        assert_eq!(item.md5, Some(digests.md5), "{path}");
        assert_eq!(item.sha1, Some(digests.sha1), "{path}");
        assert_eq!(item.sha256, Some(digests.sha256), "{path}");
        assert_eq!((item.origin, item.gap.as_deref()), (Origin::Live, None), "{path}");
    }
}

#[test]
fn every_file_of_an_ext4_image_is_an_item_with_the_digests_of_its_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let Some(image) = ext4(dir.path()) else { return };
    let out = dir.path().join("out");
    let examination = examine(&[&image], &[], &out, 2).unwrap();
    assert_eq!(examination, load(&out).unwrap());
    all_there(&out, "ext4:");
    assert_eq!(examination.counts.gaps, 0);
    assert_eq!(examination.counts.entries, examination.counts.items);
    assert!(examination.components["libtsk"].starts_with("4."));
    let SourceKind::Image(image) = &examination.sources[0].kind else { panic!("not an image") };
    assert!(image.sandbox.unwrap().seccomp);
    assert_eq!(image.volumes.len(), 1);
}

#[test]
fn a_sparse_file_beyond_all_reason_is_a_gap_and_the_others_are_read() {
    if !have(&["mke2fs"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (root, image, out) =
        (dir.path().join("tree"), dir.path().join("disk.dd"), dir.path().join("out"));
    fs::create_dir(&root).unwrap();
    let small = [("a.txt", noise(1, 3000)), ("z.bin", noise(2, 400_000))];
    for (name, bytes) in &small {
        fs::write(root.join(name), bytes).unwrap();
    }
    fs::File::create(root.join("hollow")).unwrap().set_len(16 << 30).unwrap();
    recipe("mke2fs", &["-q", "-t", "ext4", "-d", text(&root), text(&image), "16M"]);
    examine(&[&image], &[], &out, 2).unwrap();
    let items = items(&out);
    let find = |name: &str| items.iter().find(|i| i.name == name).unwrap();
    for (name, bytes) in &small {
        assert_eq!(find(name).sha256, Some(Digests::of(bytes).sha256), "{name}");
    }
    let hollow = find("hollow");
    assert_eq!((hollow.size_bytes, hollow.sha256), (16 << 30, None));
    assert!(hollow.gap.as_deref().unwrap().contains("holes"), "{:?}", hollow.gap);
    assert_eq!(items.iter().filter(|i| i.gap.is_some()).count(), 1);
}

#[test]
fn a_fat_partition_behind_a_partition_table_is_examined() {
    if !have(&["mkfs.vfat", "mcopy"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (root, volume) = (dir.path().join("tree"), dir.path().join("volume"));
    folder(&root);
    fs::remove_file(root.join("again.bin")).unwrap();
    fs::File::create(&volume).unwrap().set_len(40 << 20).unwrap();
    recipe("mkfs.vfat", &["-F", "32", "-s", "1", text(&volume)]);
    for name in ["DCIM", "empty", "long.bin", "holed.bin"] {
        recipe("mcopy", &["-s", "-i", text(&volume), text(&root.join(name)), "::/"]);
    }
    // A master boot record with one FAT32 partition from sector 2048 on.
    let image = dir.path().join("disk.dd");
    let mut disk = vec![0; 2048 * 512];
    disk[446..462].copy_from_slice(&[0, 0, 0, 0, 0x0c, 0, 0, 0, 0, 8, 0, 0, 0, 0x40, 1, 0]);
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    disk.extend(fs::read(&volume).unwrap());
    fs::write(&image, disk).unwrap();
    let out = dir.path().join("out");
    let examination = examine(&[&image], &[], &out, 2).unwrap();
    all_there(&out, "p1/fat32:");
    let zones = items(&out).into_iter().filter(|item| item.modified.is_some());
    assert!(zones.map(|item| item.time_zone).all(|zone| zone.as_deref() == Some("unknown")));
    assert_eq!(examination.counts.gaps, 0, "{:?}", read_gaps(&out.join("gaps.parquet")));
}

#[test]
fn raw_and_e01_one_thread_and_many_write_the_same_tables() {
    let dir = tempfile::tempdir().unwrap();
    let Some(image) = ext4(dir.path()) else { return };
    let bytes = fs::read(&image).unwrap();
    let first = dir.path().join("disk.E01");
    let recipe = Recipe { segment_len: ByteLen(2 << 20), ..Recipe::default() };
    let files = write(&first, &recipe, &mut bytes.as_slice(), ByteLen(bytes.len() as u64)).unwrap();
    assert!(files.len() > 2);
    let mut all = BTreeSet::new();
    for (name, source) in [("raw", &image), ("ewf", &first)] {
        for threads in [1, 2, 5] {
            let out = dir.path().join(format!("{name}{threads}"));
            examine(&[source], &[], &out, threads).unwrap();
            all.insert(tables(&out));
        }
    }
    assert_eq!(all.len(), 1, "all six have the same tables");
    all_there(&dir.path().join("ewf5"), "ext4:");
    // Naming every segment is naming one image.
    let out = dir.path().join("segments");
    let segments: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
    assert_eq!(examine(&segments, &[], &out, 2).unwrap().sources.len(), 1);
    assert!(all.contains(&tables(&out)));
}

#[test]
fn a_damaged_chunk_costs_the_files_in_it_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let Some(image) = ext4(dir.path()) else { return };
    let bytes = fs::read(&image).unwrap();
    let first = dir.path().join("disk.E01");
    write(&first, &Recipe::default(), &mut bytes.as_slice(), ByteLen(bytes.len() as u64)).unwrap();
    let clean = dir.path().join("clean");
    examine(&[&image], &[], &clean, 2).unwrap();
    let long = items(&clean).into_iter().find(|i| i.name == "long.bin").unwrap();
    // Noise is stored as it is: find a stretch of it in the file and change one byte.
    let mut container = fs::read(&first).unwrap();
    let stretch = &contents()["/long.bin"][700_000..700_064];
    let at = container.windows(64).position(|w| w == stretch).unwrap();
    container[at] ^= 1;
    fs::write(&first, container).unwrap();

    let out = dir.path().join("out");
    let examination = examine(&[&first], &[], &out, 2).unwrap();
    assert_eq!(examination.counts.items, items(&clean).len() as u64);
    // Two names of one file: both lack it.
    assert_eq!((examination.counts.items_with_gaps, examination.counts.gaps), (2, 2));
    let damaged = items(&out).into_iter().find(|i| i.name == "long.bin").unwrap();
    assert_eq!((damaged.md5, damaged.sha1, damaged.sha256), (None, None, None));
    assert!(damaged.gap.is_some());
    let gaps = read_gaps(&out.join("gaps.parquet")).unwrap();
    let begin = long.offset_bytes.unwrap();
    assert!(gaps.iter().all(|g| g.stage == Stage::Content
        && g.offset_bytes.is_some_and(|at| at > begin && at < begin + long.size_bytes)
        && g.size_bytes == Some(32_768)));
    let same = items(&clean).into_iter().zip(items(&out)).filter(|(a, b)| a == b).count();
    assert_eq!(same as u64, examination.counts.items - 2);
}

#[test]
fn verification_compares_the_bytes_with_the_stored_digests() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = noise(9, 1 << 20);
    let first = dir.path().join("disk.E01");
    write(&first, &Recipe::default(), &mut bytes.as_slice(), ByteLen(bytes.len() as u64)).unwrap();
    for threads in [1, 2] {
        let image = pendeen_evidence::image::open(std::slice::from_ref(&first)).unwrap();
        let found = pendeen_examine::image_verify(image.as_ref(), threads.try_into().unwrap());
        let wanted = Digests::of(&bytes);
        assert_eq!(found.md5, hex::encode(wanted.md5));
        assert_eq!(found.sha1, Some(hex::encode(wanted.sha1)));
        assert_eq!(found.sha256, Some(hex::encode(wanted.sha256)));
        assert_eq!((found.matches, found.unreadable_bytes()), (Some(true), 0));
    }
    // A chunk that fails its checksum cannot be read, and then the digests differ.
    let mut container = fs::read(&first).unwrap();
    let at = container.windows(64).position(|w| w == &bytes[500_000..500_064]).unwrap();
    container[at] ^= 1;
    fs::write(&first, container).unwrap();
    let out = dir.path().join("out");
    let mut options = options(&[&first], &[], &out, 2);
    options.verify = true;
    let examination = run(&options, &Silent).unwrap();
    let SourceKind::Image(image) = &examination.sources[0].kind else { panic!("not an image") };
    let verified = image.verified.as_ref().unwrap();
    assert_eq!((verified.matches, verified.unreadable_bytes()), (Some(false), 32_768));
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(report.contains("DIFFERENT"));
    let gaps = read_gaps(&out.join("gaps.parquet")).unwrap();
    assert!(gaps.iter().any(|g| g.stage == Stage::Source && g.wanted == "the acquired bytes"));
}

#[test]
fn an_image_without_a_known_file_system_is_a_gap_and_no_failure() {
    let dir = tempfile::tempdir().unwrap();
    let image = dir.path().join("disk.dd");
    fs::write(&image, noise(1, 1 << 20)).unwrap();
    let out = dir.path().join("out");
    let counts = examine(&[&image], &[], &out, 2).unwrap().counts;
    assert_eq!((counts.items, counts.gaps), (0, 1));
    let gaps = read_gaps(&out.join("gaps.parquet")).unwrap();
    assert_eq!(gaps[0].stage, Stage::FileSystem);
}

#[test]
fn a_worker_that_crashes_or_is_missing_costs_a_gap_and_no_failure() {
    let dir = tempfile::tempdir().unwrap();
    let Some(image) = ext4(dir.path()) else { return };
    for kind in ["crash", "none"] {
        let out = dir.path().join(kind);
        let mut options = options(&[&image], &[], &out, 2);
        options.worker = worker(kind);
        if kind == "none" {
            options.worker.program = "/nonexistent/worker".into();
        }
        let examination = run(&options, &Silent).unwrap();
        assert_eq!((examination.counts.items, examination.counts.gaps), (0, 1), "{kind}");
        let SourceKind::Image(image) = &examination.sources[0].kind else { panic!() };
        assert_eq!(image.sandbox, None);
    }
}

#[test]
fn a_cut_image_gives_what_is_left_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let Some(image) = ext4(dir.path()) else { return };
    let whole = dir.path().join("whole");
    examine(&[&image], &[], &whole, 2).unwrap();
    let last = items(&whole).into_iter().filter_map(|i| i.offset_bytes).max().unwrap();
    let bytes = fs::read(&image).unwrap();
    let cut = dir.path().join("cut.dd");
    let mut file = fs::File::create(&cut).unwrap();
    file.write_all(&bytes[..usize::try_from(last).unwrap()]).unwrap();
    let out = dir.path().join("out");
    let examination = examine(&[&cut], &[], &out, 2).unwrap();
    assert!(examination.counts.gaps > 0);
    assert_eq!(examination.counts.entries, examination.counts.items);
    let read = items(&out).iter().filter(|i| i.sha256.is_some()).count();
    assert!(read > 0 && read < items(&whole).len());
}
