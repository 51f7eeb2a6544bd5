//! Apple partition maps, BSD disklabels, and tables beside each other or beside a disc's file
//! system: intact, unusual and hostile, on disks made in memory.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::fs;

use common::disk::{Disk, extents};
use common::fixture::{EXT_PROGRAMS, FAT_PROGRAMS, ext, fat, have, run, text};
use common::listing::Listing;
use common::mixed_bytes;
use pendeen_evidence::volume::Kind;
use proptest::prelude::*;

/// Writes an Apple map with these partitions: first block, number of blocks, type.
fn apple(disk: &mut Disk, block_len: u16, partitions: &[(u32, u32, &str)]) {
    disk.put(0, b"ER").put(2, &block_len.to_be_bytes());
    let count = u32::try_from(partitions.len()).unwrap();
    for (number, (start, blocks, kind)) in (1..).zip(partitions) {
        let at = number * usize::from(block_len);
        disk.put(at, b"PM").put(at + 4, &count.to_be_bytes());
        disk.put(at + 8, &start.to_be_bytes()).put(at + 12, &blocks.to_be_bytes());
        disk.put(at + 16, b"untitled\0").put(at + 48, kind.as_bytes());
    }
}

const MAC: [(u32, u32, &str); 5] = [
    (1, 63, "Apple_partition_map"),
    (64, 56, "Apple_Driver_ATA"),
    (120, 1000, "Apple_HFS"),
    (1120, 500, "Apple_UFS"),
    (1620, 300, "Apple_Free"),
];

#[test]
fn an_apple_map_gives_the_partitions_that_may_hold_files() {
    for block_len in [512, 2048] {
        let mut disk = Disk::new(2000 * usize::from(block_len));
        apple(&mut disk, block_len, &MAC);
        let (volumes, gaps) = disk.open();
        let times = u64::from(block_len) / 512;
        assert_eq!(
            extents(&volumes),
            [("p3", 120 * times, 1000 * times), ("p4", 1120 * times, 500 * times)]
        );
        let Kind::Apm { system, name } = &volumes[0].kind else { panic!("no Apple partition") };
        assert_eq!((system.as_str(), name.as_str()), ("Apple_HFS", "untitled"));
        assert_eq!(gaps, []);
    }
}

#[test]
fn an_apple_map_whose_blocks_are_not_those_of_the_disk_is_found() {
    // As on discs: the driver block says 2048, the map counts in 512.
    let mut disk = Disk::sectors(2000);
    apple(&mut disk, 512, &MAC);
    disk.put(2, &2048_u16.to_be_bytes());
    assert_eq!(extents(&disk.open().0), [("p3", 120, 1000), ("p4", 1120, 500)]);
}

#[test]
fn an_apple_map_that_lies_is_bounded_and_told() {
    let mut disk = Disk::sectors(4000);
    apple(&mut disk, 512, &MAC);
    // 2^32 - 1 entries; the sixth is not there.
    disk.put(512 + 4, &[0xff; 4]);
    let (volumes, gaps) = disk.open();
    assert_eq!(extents(&volumes).len(), 2);
    assert_eq!(gaps.len(), 2, "{gaps:?}");
    assert!(gaps[0].reason.contains("4294967295"), "{gaps:?}");
    assert!(gaps[1].reason.contains("entry 6"), "{gaps:?}");

    let mut disk = Disk::sectors(4000);
    apple(&mut disk, 512, &[(u32::MAX, u32::MAX, "Apple_HFS"), (3999, 2, "Apple_HFS")]);
    let (volumes, gaps) = disk.open();
    assert_eq!(extents(&volumes), [("p2", 3999, 1)]);
    assert_eq!(gaps.len(), 2, "{gaps:?}");
}

#[test]
fn of_tables_beside_each_other_one_is_used_and_the_other_recorded() {
    let mut disk = Disk::sectors(2000);
    apple(&mut disk, 512, &MAC);
    disk.entry(0, 0, 0x07, 120, 1000);
    let (volumes, gaps) = disk.open();
    assert_eq!(extents(&volumes), [("p3", 120, 1000), ("p4", 1120, 500)]);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(gaps[0].wanted.contains("master boot record"), "{gaps:?}");

    // A map in blocks of 2048 leaves room for the header of a GUID table.
    let mut disk = Disk::sectors(4000);
    disk.gpt(512, &[(1000, 1099)]);
    disk.put(0, b"ER").put(4096 + 8192, b"PM");
    apple(&mut disk, 4096, &[(300, 100, "Apple_HFS")]);
    disk.gpt(512, &[(1000, 1099)]);
    disk.put(4096, b"PM\0\0\0\0\0\x01");
    let (volumes, gaps) = disk.open();
    assert_eq!(extents(&volumes), [("p1", 1000, 100)]);
    let wanted: Vec<_> = gaps.iter().map(|gap| gap.wanted.as_str()).collect();
    assert!(wanted.contains(&"the Apple partition map"), "{gaps:?}");
}

/// Writes a label: the first sector and number of sectors of each partition, and its type.
fn label(disk: &mut Disk, at: usize, partitions: &[(u32, u32, u8)]) {
    let mut label = vec![0; 148];
    for place in [0, 132] {
        label[place..place + 4].copy_from_slice(&0x8256_4557_u32.to_le_bytes());
    }
    label[40..44].copy_from_slice(&512_u32.to_le_bytes());
    label[138] = u8::try_from(partitions.len()).unwrap();
    for (start, count, kind) in partitions {
        label.extend(count.to_le_bytes());
        label.extend(start.to_le_bytes());
        label.extend([0, 0, 0, 0, *kind, 8, 1, 0]);
    }
    let sum = label.chunks(2).fold(0, |sum, pair| sum ^ u16::from_le_bytes([pair[0], pair[1]]));
    label[136..138].copy_from_slice(&sum.to_le_bytes());
    disk.put(at, &label);
}

#[test]
fn a_bsd_label_gives_its_partitions_whatever_its_positions_count_from() {
    // FreeBSD counts from the slice, or from the disk; OpenBSD from the disk, `c` being all of it.
    let from_slice: &[_] = &[(0, 500, 7), (500, 100, 1), (0, 1000, 0), (600, 400, 7)];
    let from_disk: &[_] = &[(1000, 500, 7), (1500, 100, 1), (1000, 1000, 0), (1600, 400, 7)];
    let open: &[_] =
        &[(1000, 500, 7), (1500, 100, 1), (0, 3000, 0), (1600, 400, 7), (2100, 800, 8)];
    let without_raw: &[_] = &[(1000, 500, 7), (1500, 100, 1), (0, 0, 0), (1600, 400, 7)];
    for (system, partitions) in
        [(0xa5, from_slice), (0xa5, from_disk), (0xa6, open), (0xa9, without_raw)]
    {
        let mut disk = Disk::sectors(3000);
        disk.entry(0, 0, system, 1000, 1000).entry(0, 1, 0x0c, 2100, 800);
        label(&mut disk, 1001 * 512, partitions);
        let (volumes, gaps) = disk.open();
        assert_eq!(
            extents(&volumes),
            [("p1/a", 1000, 500), ("p1/b", 1500, 100), ("p1/d", 1600, 400), ("p2", 2100, 800)],
            "{partitions:?}"
        );
        assert_eq!(volumes[0].kind, Kind::Bsd { system: 7 });
        assert_eq!(gaps, [], "{partitions:?}");
    }
}

#[test]
fn a_disk_may_have_a_bsd_label_and_no_other_table() {
    for at in [512, 64] {
        let mut disk = Disk::sectors(3000);
        label(&mut disk, at, &[(16, 1000, 7), (1016, 100, 1), (0, 3000, 0), (1116, 1884, 7)]);
        let (volumes, gaps) = disk.open();
        assert_eq!(extents(&volumes), [("a", 16, 1000), ("b", 1016, 100), ("d", 1116, 1884)]);
        assert_eq!(gaps, []);
    }
}

#[test]
fn a_bsd_label_that_lies_or_is_damaged_leaves_the_slice_and_a_gap() {
    let good: &[_] = &[(0, 500, 7)];
    let mut disk = Disk::sectors(3000);
    disk.entry(0, 0, 0xa5, 1000, 1000);
    label(&mut disk, 1001 * 512, good);
    disk.bytes[1001 * 512 + 150] ^= 1;
    let (volumes, gaps) = disk.open();
    assert_eq!(extents(&volumes), [("p1", 1000, 1000)]);
    assert!(gaps[0].reason.contains("exclusive or"), "{gaps:?}");

    disk.put(1001 * 512 + 138, &[0xff, 0xff]);
    assert!(disk.open().1[0].reason.contains("65535 partitions"), "{:?}", disk.open().1);

    let outside: &[_] = &[(1000, 200, 7), (u32::MAX, u32::MAX, 7), (1000, 1000, 0), (1900, 500, 7)];
    label(&mut disk, 1001 * 512, outside);
    let (volumes, gaps) = disk.open();
    assert_eq!(extents(&volumes), [("p1/a", 1000, 200), ("p1/d", 1900, 100)]);
    let paths: Vec<_> = gaps.iter().map(|gap| gap.forensic_path.as_str()).collect();
    assert_eq!(paths, ["p1/b", "p1/d"], "{gaps:?}");
    assert!(gaps[1].reason.contains("past the end of its slice"), "{gaps:?}");
}

#[test]
fn a_disc_that_is_also_a_disk_is_read_as_iso_9660_with_what_lies_beside_it() {
    if !have(&["genisoimage"]) || !have(FAT_PROGRAMS) {
        return;
    }
    let source = tempfile::tempdir().unwrap();
    let bytes = mixed_bytes(500_000, 5);
    fs::write(source.path().join("picture.raw"), &bytes).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("disc.iso");
    run("genisoimage", &["-quiet", "-R", "-J", "-o", text(&image), text(source.path())]);
    let disc = fs::read(&image).unwrap();
    let efi = fat(folder.path(), 1_474_560, &[("BOOT.EFI", b"boot".to_vec())], &[]);
    let efi = fs::read(efi).unwrap();
    let first = disc.len().next_multiple_of(2048);
    let sectors = |bytes: usize| u32::try_from(bytes / 512).unwrap();
    for table in ["mbr", "mbr on a larger stick", "guid", "apple"] {
        let larger = if table.contains("stick") { 64 << 20 } else { 64 << 10 };
        let mut disk = Disk::new(first + efi.len() + larger);
        disk.put(0, &disc).put(first, &efi);
        match table {
            "guid" => {
                let end = (first + efi.len()) as u64 / 512 - 1;
                disk.gpt(512, &[(64, first as u64 / 512 - 1), (first as u64 / 512, end)]);
            }
            "apple" => {
                let around = (1, sectors(first) - 1, "Apple_HFS");
                apple(&mut disk, 512, &[around, (sectors(first), sectors(efi.len()), "Apple_HFS")]);
            }
            _ => {
                disk.entry(0, 0, 0x17, 64, sectors(first) - 64);
                disk.entry(0, 1, 0xef, sectors(first), sectors(efi.len()));
            }
        }
        fs::write(&image, &disk.bytes).unwrap();
        let mut listing = Listing::of_file(&image);
        let labels: Vec<_> = listing.volumes.iter().map(|v| v.label.as_str()).collect();
        assert_eq!(labels, ["", "p2"], "{table}");
        assert_eq!(
            listing.entry("/picture.raw").forensic_path(),
            "iso9660:/picture.raw",
            "{table}"
        );
        assert!(listing.content("/picture.raw").unwrap() == bytes, "{table}");
        assert_eq!(listing.content("/BOOT.EFI").unwrap(), b"boot", "{table}");
        assert_eq!(listing.gaps.len(), 1, "{table}: {:?}", listing.gaps);
        assert!(listing.gaps[0].reason.contains("an ISO 9660 file system fills the image"));
    }
}

#[test]
fn a_disc_that_was_there_before_the_table_is_told_and_the_partitions_are_read() {
    if !have(EXT_PROGRAMS) {
        return;
    }
    let source = tempfile::tempdir().unwrap();
    fs::write(source.path().join("a.txt"), "a").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let content = fs::read(ext(folder.path(), source.path(), &["-t", "ext4"])).unwrap();
    let mut disk = Disk::new((1 << 20) + content.len());
    disk.put(1 << 20, &content);
    disk.entry(0, 0, 0x83, 2048, u32::try_from(content.len() / 512).unwrap());
    // A descriptor of 4 MiB, left from an earlier use.
    disk.put(32 << 10, b"\x01CD001\x01").put((32 << 10) + 80, &2048_u32.to_le_bytes());
    disk.put((32 << 10) + 128, &2048_u16.to_le_bytes());
    let image = folder.path().join("stick.raw");
    fs::write(&image, &disk.bytes).unwrap();
    let mut listing = Listing::of_file(&image);
    assert_eq!(listing.content("/a.txt").unwrap(), b"a");
    let reasons: Vec<_> = listing.gaps.iter().map(|gap| gap.reason.as_str()).collect();
    assert_eq!(reasons.len(), 1, "{reasons:?}");
    assert!(reasons[0].contains("left from an earlier use"), "{reasons:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_map_and_no_label_makes_a_panic_or_a_volume_outside_the_image(
        noise in prop::collection::vec((0_usize..4096, any::<u8>()), 0..40),
        starts in prop::collection::vec((any::<u32>(), any::<u32>(), any::<u8>()), 0..20),
        mac in any::<bool>(),
        slice in any::<bool>(),
    ) {
        let mut disk = Disk::sectors(600);
        if mac {
            let all: Vec<_> = starts.iter().map(|(start, len, _)| (*start, *len, "Apple_HFS")).collect();
            apple(&mut disk, 512, &all);
        } else if slice {
            disk.entry(0, 0, 0xa5, 100, 400);
            label(&mut disk, 101 * 512, &starts);
        } else {
            label(&mut disk, 512, &starts);
        }
        for (at, byte) in noise {
            disk.bytes[at] = byte;
        }
        let (volumes, _) = disk.open();
        prop_assert!(!volumes.is_empty());
        for volume in volumes {
            prop_assert!(volume.len.0 > 0);
            prop_assert!(volume.offset.0 + volume.len.0 <= 600 * 512);
        }
    }
}
