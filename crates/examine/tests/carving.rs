//! Pictures that no file system names any more, found again with the right digests.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use pendeen_evidence::image::ewf::write::{Recipe, write};
use pendeen_evidence::unit::ByteLen;
use pendeen_examine::{Silent, item_content, run};
use pendeen_fingerprint::Digests;
use pendeen_item::{Item, Origin, Recovery, Stage, read_gaps};
use support::{examine, have, items, noise, options, recipe, tables, text, workers};

/// Hills under a sky as a JPEG, rough as a photograph is.
fn jpeg(width: u32, height: u32, seed: u64) -> Vec<u8> {
    let rough = noise(seed, (width * height) as usize);
    let hill = |x: u32, far: u32| {
        let wave = (x + 40 * far + u32::from(rough[far as usize])) % 240;
        height * (2 + far) / 8 + wave.abs_diff(120) * height / 1000
    };
    let mut pixels = Vec::with_capacity((width * height * 3) as usize);
    for y in 0..height {
        for x in 0..width {
            let grain = rough[(y * width + x) as usize] % 24;
            let far = (0..5).rev().find(|far| y > hill(x, *far));
            let shade = far.map_or(200 - y * 60 / height, |far| 40 + far * 22);
            let shade = u8::try_from(shade).unwrap();
            pixels.extend([shade / 2 + grain, shade, 220 - shade / 2 + grain]);
        }
    }
    let mut out = Vec::new();
    JpegEncoder::new_with_quality(&mut out, 80)
        .write_image(&pixels, width, height, ExtendedColorType::Rgb8)
        .unwrap();
    out
}

fn png(width: u32, height: u32, seed: u64) -> Vec<u8> {
    let mut out = Vec::new();
    image::codecs::png::PngEncoder::new(&mut out)
        .write_image(&noise(seed, (width * height) as usize), width, height, ExtendedColorType::L8)
        .unwrap();
    out
}

/// Pictures to be lost, by name.
fn pictures() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for n in 0..12_u32 {
        all.push((format!("p{n}.jpg"), jpeg(160 + 40 * n, 120 + 24 * n, n.into())));
        all.push((format!("q{n}.png"), png(50 + 30 * n, 40 + 9 * n, u64::from(n) + 100)));
    }
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../evidence/tests/samples");
    for name in
        ["progressive.jpg", "lossy.webp", "three.gif", "plain.bmp", "cloud.heic", "palette.png"]
    {
        all.push((name.to_owned(), fs::read(samples.join(name)).unwrap()));
    }
    all
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Digests::of(bytes).sha256
}

/// The digests of all items that are not live.
fn found(items: &[Item]) -> BTreeSet<[u8; 32]> {
    items.iter().filter(|i| i.origin != Origin::Live).filter_map(|i| i.sha256).collect()
}

fn assert_all_found(pictures: &[(String, Vec<u8>)], items: &[Item]) {
    let found = found(items);
    for (name, bytes) in pictures {
        assert!(found.contains(&sha256(bytes)), "{name} is not found");
    }
}

/// Runs debugfs on an image and gives what it printed.
fn debugfs(image: &Path, command: &str) -> String {
    let output = Command::new("/usr/sbin/debugfs")
        .args(["-w", "-R", command, text(image)])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// An ext4 volume of whose pictures all were deleted, their inodes cleared. Files stay between.
fn ext4(dir: &Path, pictures: &[(String, Vec<u8>)]) -> PathBuf {
    let (tree, disk) = (dir.join("tree"), dir.join("disk.dd"));
    fs::create_dir_all(&tree).unwrap();
    for (n, (name, bytes)) in pictures.iter().enumerate() {
        fs::write(tree.join(name), bytes).unwrap();
        fs::write(tree.join(format!("{name}.txt")), noise(n as u64 + 900, 3000)).unwrap();
    }
    fs::write(tree.join("live.jpg"), jpeg(320, 200, 77)).unwrap();
    recipe("mke2fs", &["-q", "-t", "ext4", "-b", "1024", "-d", text(&tree), text(&disk), "24M"]);
    for (name, _) in pictures {
        let stat = debugfs(&disk, &format!("stat /{name}"));
        let inode = stat.split_whitespace().nth(1).unwrap().to_owned();
        debugfs(&disk, &format!("rm /{name}"));
        debugfs(&disk, &format!("clri <{inode}>"));
    }
    disk
}

#[test]
fn pictures_deleted_from_ext4_are_carved_with_the_right_digests() {
    if !have(&["mke2fs", "debugfs"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let pictures = pictures();
    let disk = ext4(dir.path(), &pictures);
    let out = dir.path().join("out");
    let examination = examine(&[&disk], &[], &out, 2).unwrap();
    let items = items(&out);
    assert_all_found(&pictures, &items);
    let carved: Vec<&Item> = items.iter().filter(|i| i.origin == Origin::Carved).collect();
    assert_eq!(carved.len(), pictures.len(), "nothing else is carved");
    assert_eq!(examination.counts.by_origin["carved"], pictures.len() as u64);
    for item in carved {
        let at = item.offset_bytes.unwrap();
        let extension = item.name.rsplit('.').next().unwrap();
        assert_eq!(item.forensic_path, format!("ext4:carved/{at}.{extension}"));
        assert_eq!(item.path, format!("carved/{at}.{extension}"));
        assert!(!item.extension_mismatch, "{}", item.forensic_path);
        let proven = matches!(extension, "jpg" | "png");
        let wanted = if proven { Recovery::Intact } else { Recovery::Inferred };
        assert_eq!(item.recovery, Some(wanted), "{}", item.forensic_path);
        assert_eq!(item.gap, None);
    }
}

#[test]
fn a_carved_item_gives_its_bytes_again() {
    if !have(&["mke2fs", "debugfs"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let pictures = pictures();
    let disk = ext4(dir.path(), &pictures[..4]);
    let out = dir.path().join("out");
    examine(&[&disk], &[], &out, 1).unwrap();
    for item in items(&out).iter().filter(|item| item.origin == Origin::Carved) {
        let (_, bytes) = item_content(&out, &item.id(), &workers(), ByteLen(1 << 20)).unwrap();
        assert!(pictures.iter().any(|(_, picture)| *picture == bytes), "{}", item.forensic_path);
    }
}

#[test]
fn what_is_carved_is_the_same_on_any_number_of_threads_and_nothing_where_it_is_switched_off() {
    if !have(&["mke2fs", "debugfs"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let disk = ext4(dir.path(), &pictures());
    let out = |name: &str| dir.path().join(name);
    examine(&[&disk], &[], &out("one"), 1).unwrap();
    for threads in [2, 5] {
        let name = threads.to_string();
        examine(&[&disk], &[], &out(&name), threads).unwrap();
        assert_eq!(tables(&out("one")), tables(&out(&name)));
    }
    let (sources, off) = ([disk.as_path()], out("off"));
    let options = pendeen_examine::Options { carve: false, ..options(&sources, &[], &off, 2) };
    let examination = run(&options, &Silent).unwrap();
    assert!(!examination.counts.by_origin.contains_key("carved"));
    assert!(!examination.options.carve);
}

/// A FAT16 volume with a live file, pictures of which the second half is deleted, and others in
/// a folder.
fn fat(dir: &Path, pictures: &[(String, Vec<u8>)], inside: &[(String, Vec<u8>)]) -> PathBuf {
    let (disk, source) = (dir.join("disk.dd"), dir.join("source"));
    fs::File::create(&disk).unwrap().set_len(24 << 20).unwrap();
    recipe("mkfs.fat", &["-F", "16", "-s", "4", "-i", "50454e44", text(&disk)]);
    let copy = |bytes: &[u8], path: &str| {
        fs::write(&source, bytes).unwrap();
        recipe("mcopy", &["-i", text(&disk), text(&source), &format!("::/{path}")]);
    };
    copy(&jpeg(320, 200, 77), "live.jpg");
    for (name, bytes) in pictures {
        copy(bytes, name);
    }
    recipe("mmd", &["-i", text(&disk), "::/LOST"]);
    for (name, bytes) in inside {
        copy(bytes, &format!("LOST/{name}"));
    }
    for (name, _) in pictures {
        recipe("mdel", &["-i", text(&disk), &format!("::/{name}")]);
    }
    disk
}

#[test]
fn a_deleted_file_that_is_still_named_is_not_carved_again() {
    if !have(&["mkfs.fat", "mcopy", "mmd", "mdel"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let pictures = pictures();
    let disk = fat(dir.path(), &pictures, &[]);
    let out = dir.path().join("out");
    examine(&[&disk], &[], &out, 2).unwrap();
    let items = items(&out);
    assert_all_found(&pictures, &items);
    for (name, bytes) in &pictures {
        let same = items.iter().filter(|item| item.sha256 == Some(sha256(bytes))).count();
        assert_eq!(same, 1, "{name}");
    }
}

#[test]
fn pictures_of_a_folder_that_was_overwritten_are_found() {
    if !have(&["mkfs.fat", "mcopy", "mmd", "mdel"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let pictures = pictures();
    let (deleted, inside) = pictures.split_at(10);
    let disk = fat(dir.path(), deleted, inside);
    // The folder's own cluster, by the name that every folder has for itself.
    let mut bytes = fs::read(&disk).unwrap();
    let at = bytes.windows(12).position(|w| w == b".          \x10").unwrap();
    assert_eq!(at % 512, 0);
    bytes[at..at + 2048].copy_from_slice(&noise(4, 2048));
    fs::write(&disk, bytes).unwrap();
    let out = dir.path().join("out");
    examine(&[&disk], &[], &out, 2).unwrap();
    assert_all_found(&pictures, &items(&out));
}

#[test]
fn space_that_cannot_be_read_is_a_gap_of_its_own() {
    if !have(&["mke2fs", "debugfs"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let pictures = pictures();
    let mut bytes = fs::read(ext4(dir.path(), &pictures)).unwrap();
    // Noise in a chunk that nothing uses is stored as it is: change a byte of it.
    let (mark, place) = (noise(31, 32_768), bytes.len() - (1 << 20));
    bytes[place..place + mark.len()].copy_from_slice(&mark);
    let e01 = dir.path().join("disk.E01");
    let len = ByteLen(bytes.len() as u64);
    write(&e01, &Recipe::default(), &mut bytes.as_slice(), len).unwrap();
    let mut container = fs::read(&e01).unwrap();
    let at = container.windows(64).position(|w| w == &mark[..64]).unwrap();
    container[at] ^= 1;
    fs::write(&e01, container).unwrap();
    let out = dir.path().join("out");
    examine(&[&e01], &[], &out, 2).unwrap();
    assert_all_found(&pictures, &items(&out));
    let gaps = read_gaps(&out.join("gaps.parquet")).unwrap();
    let carve: Vec<_> = gaps.iter().filter(|gap| gap.stage == Stage::Carve).collect();
    assert_eq!(carve.len(), 1, "{gaps:?}");
    let (at, len) = (carve[0].offset_bytes.unwrap(), carve[0].size_bytes.unwrap());
    assert!(at <= place as u64 && place as u64 <= at + len);
}

#[test]
fn a_disk_without_file_systems_is_carved_whole_and_space_between_partitions_too() {
    let dir = tempfile::tempdir().unwrap();
    let disk = dir.path().join("disk.dd");
    let pictures = pictures();
    let mut bytes = noise(1, 2 << 20);
    let mut at = 1_000_000;
    for (_, picture) in &pictures[..6] {
        bytes[at..at + picture.len()].copy_from_slice(picture);
        at += 100_000;
    }
    // One partition, from sector 2048 on: what lies before it is outside.
    bytes[..512].fill(0);
    let entry = [0, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 8, 0, 0];
    bytes[446..462].copy_from_slice(&entry);
    bytes[510..512].copy_from_slice(&[0x55, 0xaa]);
    fs::write(&disk, &bytes).unwrap();
    let out = dir.path().join("out");
    examine(&[&disk], &[], &out, 2).unwrap();
    let all = items(&out);
    assert_all_found(&pictures[..6], &all);
    let paths: Vec<&str> = all.iter().map(|item| item.forensic_path.as_str()).collect();
    assert!(paths.contains(&"carved/1000000.jpg"), "{paths:?}");
    assert!(paths.contains(&"p1:carved/1100000.png"), "{paths:?}");
}

#[test]
fn a_photograph_in_two_pieces_is_put_together_and_marked_inferred() {
    let dir = tempfile::tempdir().unwrap();
    let file = jpeg(1600, 1000, 3);
    let other = jpeg(1600, 1000, 4);
    assert!(file.len() > 60_000 && other.len() > 60_000);
    // What lies between: noise, the middle of another picture, zeros, text.
    let between = [
        noise(8, 3 * 4096),
        other[20_480..40_960].to_vec(),
        vec![0; 5 * 4096],
        b"Tide tables, harbour by harbour. ".repeat(1000)[..7 * 4096].to_vec(),
    ];
    for (number, foreign) in between.iter().enumerate() {
        for cut in [4096 * 3, 4096 * 9] {
            let bytes =
                [&vec![0x11; 40_960], &file[..cut], foreign, &file[cut..], &vec![0; 90_000]]
                    .concat();
            let bytes = [bytes.as_slice(), &vec![0; 512 - bytes.len() % 512]].concat();
            let disk = dir.path().join(format!("{number}-{cut}.dd"));
            fs::write(&disk, bytes).unwrap();
            let out = dir.path().join(format!("{number}-{cut}"));
            examine(&[&disk], &[], &out, 2).unwrap();
            let found: Vec<Item> = items(&out);
            assert_eq!(found.len(), 1, "{number} {cut}: {found:?}");
            assert_eq!(
                found[0].sha256,
                Some(sha256(&file)),
                "{number} {cut}: {}",
                found[0].fs_address
            );
            assert_eq!(found[0].recovery, Some(Recovery::Inferred));
            let second = 40_960 + cut + foreign.len();
            assert_eq!(found[0].fs_address, format!("40960+{cut},{second}+{}", file.len() - cut));
        }
    }
}
