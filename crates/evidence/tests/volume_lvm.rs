//! Logical volumes of LVM2: linear ones in one piece and in many, other kinds, and metadata that
//! is damaged or lies. The physical volumes are made by recipe.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::fs;
use std::path::Path;

use common::disk::Disk;
use common::fixture::{EXT_PROGRAMS, ext, have};
use common::listing::Listing;
use common::lvm::{EXTENT, FIRST_EXTENT, group, head, linear};
use common::mixed_bytes;
use pendeen_evidence::filesystem;
use pendeen_evidence::unit::ByteLen;
use pendeen_evidence::volume::{Kind, Volume};
use pendeen_item::Stage;
use proptest::prelude::*;

/// Bytes of a partition, and where the two of a disk begin.
const PARTITION: usize = 40 << 20;
const PARTITIONS: [usize; 2] = [1 << 20, 41 << 20];

/// A disk with two physical volumes `a` and `b` in partitions.
fn disk(texts: [&str; 2]) -> Disk {
    let mut disk = Disk::new(81 << 20);
    for (slot, at) in PARTITIONS.into_iter().enumerate() {
        let sectors = |bytes: usize| u32::try_from(bytes / 512).unwrap();
        disk.entry(0, slot, 0x8e, sectors(at), sectors(PARTITION));
        disk.put(at, &head(['a', 'b'][slot], texts[slot], 512));
    }
    disk
}

/// One physical volume that fills the disk.
fn alone(text: &str) -> Disk {
    let mut disk = Disk::new(FIRST_EXTENT + 20 * EXTENT);
    disk.put(0, &head('a', text, 512));
    disk
}

fn labels(volumes: &[Volume]) -> Vec<&str> {
    volumes.iter().map(|volume| volume.label.as_str()).collect()
}

/// The stretches of a volume: place in the image and length.
fn stretches(volume: &Volume) -> Vec<(u64, u64)> {
    volume.pieces().all().iter().map(|piece| (piece.at.0, piece.len.0)).collect()
}

/// Copies `content` into the extents of `segments`, and lists the disk.
fn listed(mut disk: Disk, content: &Path, segments: &[(char, usize, usize)]) -> Listing {
    let bytes = fs::read(content).unwrap();
    let mut rest = &bytes[..];
    for (letter, first, count) in segments {
        let at = PARTITIONS[usize::from(*letter == 'b')] + FIRST_EXTENT + first * EXTENT;
        let (now, later) = rest.split_at((count * EXTENT).min(rest.len()));
        disk.put(at, now);
        rest = later;
    }
    assert!(rest.is_empty(), "the segments are shorter than the file system");
    let image = content.with_extension("disk");
    fs::write(&image, &disk.bytes).unwrap();
    Listing::of_file(&image)
}

#[test]
fn files_of_logical_volumes_in_one_piece_and_in_many_come_back() {
    if !have(EXT_PROGRAMS) {
        return;
    }
    let source = tempfile::tempdir().unwrap();
    let big = mixed_bytes(6_000_000, 3);
    fs::write(source.path().join("big.bin"), &big).unwrap();
    for n in 0..300_usize {
        fs::write(source.path().join(format!("{n}.txt")), mixed_bytes(n * 40, n as u64)).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let content = ext(folder.path(), source.path(), &["-t", "ext4", "-b", "4096"]);
    // 24 MiB are 384 extents.
    let whole: &[(char, usize, usize)] = &[('b', 10, 384)];
    let pieces: &[_] = &[('b', 300, 100), ('a', 0, 3), ('a', 501, 80), ('b', 1, 201)];
    for segments in [whole, pieces] {
        let text = group("vg", 1, &['a', 'b'], &[linear("home", segments)]);
        let mut listing = listed(disk([&text, &text]), &content, segments);
        assert!(listing.gaps.iter().all(|gap| gap.forensic_path != "lvm/vg/home"));
        assert!(labels(&listing.volumes).contains(&"lvm/vg/home"), "{:?}", listing.volumes);
        assert!(listing.content("/big.bin").unwrap() == big);
        for n in 0..300_usize {
            let bytes = listing.content(&format!("/{n}.txt")).unwrap();
            assert!(bytes == mixed_bytes(n * 40, n as u64), "{n}");
        }
        assert_eq!(listing.entry("/7.txt").forensic_path(), "lvm/vg/home/ext4:/7.txt");
        assert_eq!(listing.entries.len(), 301);
    }
}

#[test]
fn free_space_of_a_volume_in_pieces_lies_in_its_pieces() {
    if !have(EXT_PROGRAMS) {
        return;
    }
    let source = tempfile::tempdir().unwrap();
    fs::write(source.path().join("a.bin"), mixed_bytes(900_000, 3)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let content = ext(folder.path(), source.path(), &["-t", "ext4", "-b", "4096"]);
    let alone = Listing::of_file(&content);
    let segments = [('b', 300, 100), ('a', 0, 84), ('b', 1, 200)];
    let text = group("vg", 1, &['a', 'b'], &[linear("home", &segments)]);
    let listing = listed(disk([&text, &text]), &content, &segments);
    let free = |listing: &Listing, label: &str| {
        let volume = listing.volumes.iter().find(|v| v.label == label).unwrap();
        let worker = common::listing::worker();
        let mut gaps = Vec::new();
        let free = filesystem::unallocated(&listing.image, volume, &worker, &mut gaps).unwrap();
        assert_eq!(gaps, []);
        (free.stretches, stretches(volume))
    };
    let (whole, _) = free(&alone, "");
    let (split, pieces) = free(&listing, "lvm/vg/home");
    let sum = |stretches: &[(_, ByteLen)]| stretches.iter().map(|(_, len)| len.0).sum::<u64>();
    assert_eq!(sum(&split), sum(&whole));
    for (at, len) in split {
        let inside = |(from, all): &(u64, u64)| *from <= at.0 && at.0 + len.0 <= from + all;
        assert!(pieces.iter().any(inside), "{at} {len} in {pieces:?}");
    }
}

#[test]
fn a_physical_volume_gives_way_to_the_logical_ones_in_it() {
    let text = group(
        "vg",
        1,
        &['a', 'b'],
        &[linear("one", &[('a', 0, 4)]), linear("two", &[('a', 4, 2), ('a', 6, 1)])],
    );
    let (volumes, gaps) = disk([&text, ""]).open();
    assert_eq!(labels(&volumes), ["p2", "lvm/vg/one", "lvm/vg/two"]);
    assert_eq!(volumes[2].index, 2);
    assert_eq!(
        stretches(&volumes[2]),
        [((PARTITIONS[0] + FIRST_EXTENT + 4 * EXTENT) as u64, 3 * EXTENT as u64)]
    );
    assert_eq!(gaps.len(), 1, "the empty text of p2: {gaps:?}");
    assert_eq!((gaps[0].forensic_path.as_str(), gaps[0].stage), ("p2", Stage::Volume));
}

#[test]
fn a_disk_without_a_table_may_be_a_physical_volume() {
    let (volumes, gaps) = alone(&group("vg", 1, &['a'], &[linear("one", &[('a', 0, 4)])])).open();
    assert_eq!((labels(&volumes), gaps), (vec!["lvm/vg/one"], vec![]));
    assert!(matches!(volumes[0].kind, Kind::Lvm { .. }));
}

#[test]
fn of_two_copies_of_the_metadata_the_newer_counts() {
    let old = group("vg", 7, &['a', 'b'], &[linear("old", &[('a', 0, 4)])]);
    let new = group("vg", 12, &['a', 'b'], &[linear("new", &[('a', 0, 4)])]);
    for texts in [[&old, &new], [&new, &old]] {
        let (volumes, _) = disk(texts.map(String::as_str)).open();
        assert_eq!(labels(&volumes), ["p2", "lvm/vg/new"]);
    }
}

#[test]
fn metadata_that_goes_round_the_end_of_its_area_is_whole() {
    let text = group("vg", 1, &['a'], &[linear("one", &[('a', 0, 4)])]);
    let mut disk = Disk::new(FIRST_EXTENT + 20 * EXTENT);
    disk.put(0, &head('a', &text, (60 << 10) - 300));
    let (volumes, gaps) = disk.open();
    assert_eq!((labels(&volumes), gaps), (vec!["lvm/vg/one"], vec![]));
}

#[test]
fn logical_volumes_of_other_kinds_are_gaps_that_name_the_kind() {
    let visible = "status = [\"VISIBLE\"]\nsegment_count = 1\n";
    let segment = |kind: &str, rest: &str| {
        format!("segment1 {{ start_extent = 0\nextent_count = 4\ntype = \"{kind}\"\n{rest} }}")
    };
    let striped = segment("striped", "stripe_count = 2\nstripes = [\"pva\", 0, \"pvb\", 0]");
    let logical = [
        format!("wide {{ {visible} {striped} }}\n"),
        format!("fast {{ {visible} {} }}\n", segment("cache", "cache_pool = \"pool\"")),
        format!("lean {{ {visible} {} }}\n", segment("thin", "thin_pool = \"pool\"")),
        format!("pool_tdata {{ segment_count = 1\n {} }}\n", segment("striped", "")),
        linear("copy", &[('a', 10, 2)]),
        format!(
            "snapshot0 {{ segment_count = 1\n {} }}\n",
            segment("snapshot", "origin = \"good\"\ncow_store = \"copy\"")
        ),
        linear("good", &[('a', 0, 4)]),
    ];
    let text = group("vg", 1, &['a', 'b'], &logical);
    let (volumes, gaps) = disk([&text, &text]).open();
    assert_eq!(labels(&volumes), ["p2", "lvm/vg/good"]);
    let told: Vec<_> =
        gaps.iter().map(|gap| (gap.forensic_path.as_str(), gap.reason.as_str())).collect();
    let expected = [
        ("lvm/vg/wide", "over 2 stripes"),
        ("lvm/vg/fast", "\"cache\""),
        ("lvm/vg/lean", "\"thin\""),
        ("lvm/vg/copy", "snapshot of good"),
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for ((path, reason), (wanted, part)) in told.iter().zip(expected) {
        assert!(*path == wanted && reason.contains(part), "{path}: {reason}");
    }
}

#[test]
fn a_logical_volume_that_needs_a_disk_that_is_not_here_is_a_gap_that_names_it() {
    let logical = [linear("here", &[('a', 0, 1)]), linear("there", &[('a', 1, 1), ('c', 0, 1)])];
    let (volumes, gaps) = alone(&group("vg", 1, &['a', 'c'], &logical)).open();
    assert_eq!(labels(&volumes), ["lvm/vg/here"]);
    assert_eq!(gaps.len(), 1);
    assert!(gaps[0].reason.contains(&"c".repeat(32)), "{gaps:?}");
    assert!(gaps[0].reason.contains("not in this image"), "{gaps:?}");
}

#[test]
fn metadata_that_lies_costs_the_volume_it_lies_about() {
    let big = usize::try_from(i64::MAX).unwrap();
    let lies = [
        ("past the disk's end", linear("bad", &[('a', 19, 2)])),
        ("64 bits", linear("bad", &[('a', big, 1)])),
        ("64 bits of length", linear("bad", &[('a', 0, big)])),
        ("the same extents again and again", linear("bad", &[('a', 0, 20), ('a', 0, 20)])),
        ("no such volume", linear("bad", &[('x', 0, 1)])),
        ("a hole", linear("bad", &[('a', 0, 1)]).replace("start_extent = 0", "start_extent = 9")),
        ("negative", linear("bad", &[('a', 0, 1)]).replace("\"pva\", 0", "\"pva\", -1")),
        (
            "2^32 segments",
            linear("bad", &[('a', 0, 1)])
                .replace("segment_count = 1", "segment_count = 4294967296"),
        ),
        (
            "more segments than said",
            linear("bad", &[('a', 0, 1), ('a', 1, 1)])
                .replace("segment_count = 2", "segment_count = 1"),
        ),
    ];
    for (what, lie) in lies {
        let text = group("vg", 1, &['a'], &[lie, linear("good", &[('a', 0, 4)])]);
        let (volumes, gaps) = alone(&text).open();
        assert_eq!(labels(&volumes), ["lvm/vg/good"], "{what}");
        let paths: Vec<_> = gaps.iter().map(|gap| gap.forensic_path.as_str()).collect();
        assert_eq!(paths, ["lvm/vg/bad"], "{what}: {gaps:?}");
    }
}

#[test]
fn a_name_that_could_be_taken_for_a_path_is_refused() {
    for name in ["../../root", "a/b", &"n".repeat(200)] {
        let (volumes, gaps) =
            alone(&group("vg", 1, &['a'], &[linear(name, &[('a', 0, 4)])])).open();
        assert_eq!(labels(&volumes), [""], "{name}");
        assert_eq!(gaps.len(), 1, "{gaps:?}");
    }
}

#[test]
fn two_groups_of_one_name_are_told_apart() {
    let one = group("vg", 1, &['a'], &[linear("x", &[('a', 0, 4)])]);
    let two = group("vg", 1, &['b'], &[linear("x", &[('b', 0, 4)])]).replace("vg-vg", "vg-zz");
    let (volumes, gaps) = disk([&one, &two]).open();
    assert_eq!((labels(&volumes), gaps), (vec!["lvm/vg/x", "lvm/vg@2/x"], vec![]));
}

#[test]
fn logical_volumes_that_share_bytes_are_recorded() {
    let logical = [linear("one", &[('a', 0, 4)]), linear("two", &[('a', 3, 4)])];
    let (volumes, gaps) = alone(&group("vg", 1, &['a'], &logical)).open();
    assert_eq!(labels(&volumes), ["lvm/vg/one", "lvm/vg/two"]);
    assert_eq!(gaps.len(), 1);
    assert!(gaps[0].reason.contains("also those of lvm/vg/one"), "{gaps:?}");
}

#[test]
fn damaged_metadata_leaves_the_physical_volume_and_a_gap() {
    let text = group("vg", 1, &['a'], &[linear("one", &[('a', 0, 4)])]);
    for (at, what) in [(512 + 40, "label"), (4096 + 50, "header"), (4096 + 600, "text")] {
        let mut disk = alone(&text);
        disk.bytes[at] ^= 1;
        let (volumes, gaps) = disk.open();
        assert_eq!(labels(&volumes), [""], "{what}");
        assert_eq!(gaps.len(), 1, "{what}");
        assert!(gaps[0].reason.contains("checksum"), "{gaps:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_of_a_group_makes_a_panic_or_a_piece_outside_the_image(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
        cut in any::<prop::sample::Index>(),
    ) {
        let logical = [linear("one", &[('a', 0, 4), ('a', 6, 2)]), linear("two", &[('a', 3, 4)])];
        let mut text = group("vg", 1, &['a'], &logical).into_bytes();
        for (at, byte) in changes {
            let at = at.index(text.len());
            text[at] = byte & 0x7f;
        }
        if cut.index(3) == 0 {
            text.truncate(cut.index(text.len()));
        }
        let disk = alone(&String::from_utf8(text).unwrap());
        let (volumes, _) = disk.open();
        prop_assert!(!volumes.is_empty());
        for piece in volumes.iter().flat_map(|v| v.pieces().all().to_vec()) {
            prop_assert!(piece.at.0 + piece.len.0 <= disk.bytes.len() as u64);
        }
    }
}
