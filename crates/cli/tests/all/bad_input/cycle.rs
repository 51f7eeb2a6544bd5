//! File systems that contain themselves: listed once, with a gap, and no end of time.

use std::fs;

use crate::support::disk::{self, SMALL, fat, live};
use crate::support::recipe::{EXT_PROGRAMS, have, run};
use crate::support::{examine, gaps, items, noise, text};

/// The directory entry of this 8.3 name in a FAT volume: where it begins.
fn entry(volume: &[u8], name: &str) -> usize {
    let name = format!("{name:<11}");
    let found = volume.chunks(32).position(|entry| entry[..11] == *name.as_bytes());
    found.unwrap_or_else(|| panic!("no entry {name}")) * 32
}

fn cluster(volume: &[u8], entry: usize) -> u16 {
    u16::from_le_bytes([volume[entry + 26], volume[entry + 27]])
}

#[test]
fn an_ext2_folder_that_contains_its_parent_is_a_gap_and_the_rest_is_examined() {
    if !have(EXT_PROGRAMS) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (tree, image, out) =
        (dir.path().join("tree"), dir.path().join("disk.dd"), dir.path().join("out"));
    fs::create_dir_all(tree.join("a/b")).unwrap();
    for name in ["a/one", "a/b/two", "three"] {
        fs::write(tree.join(name), name).unwrap();
    }
    run("mke2fs", &["-q", "-t", "ext2", "-d", text(&tree), text(&image), "2M"]);
    run("debugfs", &["-w", "-R", "link /a /a/b/loop", text(&image)]);
    examine(&[&image], &out, &[]).ended(3);
    let paths: Vec<_> = items(&out).into_iter().map(|item| item.forensic_path).collect();
    assert_eq!(paths, ["ext2:/a/b/two", "ext2:/a/one", "ext2:/three"]);
    let gaps = gaps(&out);
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].forensic_path, "ext2:/a/b/loop");
    assert!(gaps[0].reason.contains("contains itself"), "{gaps:?}");
}

#[test]
fn a_fat_folder_that_leads_back_to_its_parent_is_a_gap_and_the_rest_is_examined() {
    let dir = tempfile::tempdir().unwrap();
    let (image, out) = (dir.path().join("disk.dd"), dir.path().join("out"));
    let files = [
        live("UP/DOWN/INNER.BIN", noise(1, 3_000)),
        live("UP/OUTER.BIN", noise(2, 3_000)),
        live("TOP.BIN", noise(3, 3_000)),
    ];
    let mut volume = fat(SMALL, &files);
    let (up, down) = (entry(&volume, "UP"), entry(&volume, "DOWN"));
    let parent = cluster(&volume, up).to_le_bytes();
    volume[down + 26..down + 28].copy_from_slice(&parent);
    fs::write(&image, volume).unwrap();
    examine(&[&image], &out, &[]).ended(3);
    let found = items(&out);
    let times = |name: &str| found.iter().filter(|item| item.name == name).count();
    assert_eq!(times("TOP.BIN"), 1);
    // FAT numbers a folder by its name's place: the circle shows once it has been gone round.
    assert!((1..=2).contains(&times("OUTER.BIN")), "{}", times("OUTER.BIN"));
    assert!(gaps(&out).iter().any(|gap| gap.forensic_path.contains("DOWN")), "{:?}", gaps(&out));
}

#[test]
fn a_fat_file_whose_clusters_go_round_in_a_circle_is_a_gap_and_the_rest_is_examined() {
    let dir = tempfile::tempdir().unwrap();
    let (image, out) = (dir.path().join("disk.dd"), dir.path().join("out"));
    let files = [live("ROUND.BIN", noise(1, 9_000)), live("PLAIN.BIN", noise(2, 3_000))];
    let mut volume = fat(SMALL, &files);
    let name = entry(&volume, "ROUND   BIN");
    let first = usize::from(cluster(&volume, name));
    // The second cluster's successor becomes the first: in both copies of the table.
    let reserved = usize::from(u16::from_le_bytes([volume[14], volume[15]])) * disk::SECTOR;
    let table = usize::from(u16::from_le_bytes([volume[22], volume[23]])) * disk::SECTOR;
    for copy in 0..usize::from(volume[16]) {
        let at = reserved + copy * table + (first + 1) * 2;
        volume[at..at + 2].copy_from_slice(&u16::try_from(first).unwrap().to_le_bytes());
    }
    fs::write(&image, volume).unwrap();
    examine(&[&image], &out, &[]).ended(3);
    let items = items(&out);
    let of = |name: &str| items.iter().find(|item| item.name == name).unwrap();
    assert!(of("PLAIN.BIN").sha256.is_some());
    assert_eq!((of("ROUND.BIN").sha256, of("ROUND.BIN").gap.is_some()), (None, true));
}
