//! Partition tables: intact, unusual, damaged and hostile, on disks made in memory.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use common::disk::{Disk, extents};
use pendeen_evidence::image::Image;
use pendeen_evidence::unit::ByteLen;
use pendeen_evidence::volume::Kind;
use pendeen_item::Stage;
use proptest::prelude::*;

#[test]
fn primary_partitions_keep_the_number_of_their_slot() {
    let mut disk = Disk::sectors(4000);
    disk.entry(0, 0, 0x07, 63, 1000).entry(0, 2, 0x83, 2048, 1000);
    let (volumes, gaps) = disk.open();
    assert_eq!(extents(&volumes), [("p1", 63, 1000), ("p3", 2048, 1000)]);
    assert_eq!(volumes[1].kind, Kind::Mbr { system: 0x83, logical: false });
    assert_eq!((volumes[1].index, gaps), (1, vec![]));
}

#[test]
fn an_image_without_a_table_is_one_volume() {
    for fill in [0, 0xff, b'T'] {
        let mut disk = Disk::new(10_000);
        disk.bytes.fill(fill);
        let (volumes, gaps) = disk.open();
        assert_eq!(volumes.len(), 1);
        assert_eq!(
            (volumes[0].label.as_str(), volumes[0].len, &volumes[0].kind),
            ("", ByteLen(10_000), &Kind::Whole)
        );
        assert_eq!(gaps, []);
    }
    assert_eq!(Disk::new(100).open().0.len(), 1, "shorter than a sector");
}

#[test]
fn logical_partitions_are_found_with_the_entries_of_a_record_in_any_order() {
    let mut disk = Disk::sectors(10_000);
    disk.entry(0, 0, 0x06, 63, 900).entry(0, 1, 0x05, 1000, 8000);
    // The first record names the next one before its own partition, and in slots 2 and 3.
    disk.entry(1000, 2, 0x0f, 3000, 100).entry(1000, 3, 0x06, 63, 500);
    disk.entry(4000, 0, 0x83, 63, 600).entry(4000, 1, 0x05, 500, 100);
    disk.entry(1500, 0, 0x07, 1, 700);
    let (volumes, gaps) = disk.open();
    assert_eq!(
        extents(&volumes),
        [("p1", 63, 900), ("p5", 1063, 500), ("p6", 4063, 600), ("p7", 1501, 700)]
    );
    assert_eq!(volumes[2].kind, Kind::Mbr { system: 0x83, logical: true });
    // p5 runs from 1063 to 1563, over the beginning of p7: said, not hidden.
    assert_eq!(gaps.len(), 1);
    assert!(gaps[0].reason.contains("before partition p5 ends"), "{gaps:?}");
}

#[test]
fn a_cycle_of_extended_records_ends_with_a_gap() {
    let mut disk = Disk::sectors(10_000);
    disk.entry(0, 0, 0x05, 1000, 8000);
    disk.entry(1000, 0, 0x83, 63, 100).entry(1000, 1, 0x05, 500, 100);
    disk.entry(1500, 0, 0x83, 63, 100).entry(1500, 1, 0x05, 0, 100);
    let (volumes, gaps) = disk.open();
    assert_eq!(extents(&volumes), [("p5", 1063, 100), ("p6", 1563, 100)]);
    assert_eq!(gaps.len(), 1);
    assert!(gaps[0].reason.contains("the chain is a cycle"), "{gaps:?}");
}

#[test]
fn a_record_that_forks_without_end_is_bounded() {
    let mut disk = Disk::sectors(9000);
    disk.entry(0, 0, 0x05, 1, 8000);
    for sector in 1..8000_usize {
        for slot in 0..4 {
            let next = (sector * 4 + slot) % 7999;
            disk.entry(sector, slot, 0x05, u32::try_from(next).unwrap(), 1);
        }
    }
    let (volumes, gaps) = disk.open();
    assert_eq!(volumes.len(), 1);
    assert!(gaps.iter().any(|g| g.reason.contains("more than 1024 records")), "{}", gaps.len());
    assert!(gaps.len() < 5000);
}

#[test]
fn a_record_that_cannot_be_read_is_a_gap_and_the_rest_stays() {
    let mut disk = Disk::sectors(2000);
    disk.entry(0, 0, 0x83, 63, 500).entry(0, 1, 0x05, 5000, 100).entry(0, 2, 0x05, 1000, 100);
    disk.put(1000 * 512, b"nothing here");
    let (volumes, gaps) = disk.open();
    assert_eq!(extents(&volumes), [("p1", 63, 500)]);
    assert_eq!(gaps.len(), 2, "{gaps:?}");
}

#[test]
fn a_partition_past_the_image_end_is_clipped_with_a_gap() {
    let mut disk = Disk::sectors(2000);
    disk.entry(0, 0, 0x83, 63, 500).entry(0, 1, 0x83, 1000, 5000).entry(0, 2, 0x83, 7000, 10);
    let (volumes, gaps) = disk.open();
    assert_eq!(extents(&volumes), [("p1", 63, 500), ("p2", 1000, 1000)]);
    let recorded: Vec<_> =
        gaps.iter().map(|g| (g.forensic_path.as_str(), g.offset_bytes, g.size_bytes)).collect();
    assert_eq!(
        recorded,
        [("p2", Some(2000 * 512), Some(4000 * 512)), ("p3", Some(7000 * 512), Some(10 * 512))]
    );
}

/// A FAT boot sector with `tail` where an MBR has its table.
fn fat_boot_sector(tail: &[u8; 64]) -> Vec<u8> {
    let mut sector = vec![0; 512];
    sector[..11].copy_from_slice(b"\xeb\x3c\x90MSDOS5.0");
    sector[11..13].copy_from_slice(&512_u16.to_le_bytes());
    sector[13] = 1;
    sector[14] = 1;
    sector[16] = 2;
    sector[21] = 0xf8;
    sector[446..510].copy_from_slice(tail);
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}

#[test]
fn a_file_systems_own_boot_sector_is_no_partition_table() {
    let mut message = [0; 64];
    message[..41].copy_from_slice(b"Remove disks or other media.\xff\r\nPress any ");
    // By chance with clean status bytes, but partitions that the image cannot hold.
    let mut chance = [0; 64];
    chance[4..16].copy_from_slice(b"\x41\x42\x43\x44\x01\0\0\0\xff\xff\xff\x7f");
    for tail in [[0; 64], message, chance] {
        let mut disk = Disk::sectors(4000);
        disk.put(0, &fat_boot_sector(&tail));
        let (volumes, gaps) = disk.open();
        assert_eq!((extents(&volumes), gaps), (vec![("", 0, 4000)], vec![]));
    }
}

#[test]
fn a_disk_whose_first_sector_is_also_a_boot_sector_keeps_its_partitions() {
    let mut disk = Disk::sectors(4000);
    disk.put(0, &fat_boot_sector(&[0; 64])).entry(0, 0, 0x0c, 63, 3000);
    assert_eq!(extents(&disk.open().0), [("p1", 63, 3000)]);
}

#[test]
fn a_stale_table_before_a_file_system_that_fills_the_image_is_set_aside_with_a_gap() {
    let mut disk = Disk::sectors(4000);
    disk.entry(0, 0, 0x83, 63, 3000);
    disk.put(1024 + 4, &2000_u32.to_le_bytes()).put(1024 + 56, &[0x53, 0xef]);
    let (volumes, gaps) = disk.open();
    assert_eq!(extents(&volumes), [("", 0, 4000)]);
    assert!(gaps[0].reason.contains("an ext file system fills the image"), "{gaps:?}");
}

#[test]
fn guid_partitions_are_read_with_both_sector_lengths() {
    for sector_len in [512, 4096] {
        let mut disk = Disk::new(sector_len * 1000);
        disk.gpt(sector_len, &[(40, 99), (100, 899)]);
        let (volumes, gaps) = disk.open();
        let sector = sector_len as u64;
        let found: Vec<_> = volumes
            .iter()
            .map(|v| (v.label.as_str(), v.offset.0 / sector, v.len.0 / sector))
            .collect();
        assert_eq!(found, [("p1", 40, 60), ("p2", 100, 800)], "{sector_len}");
        assert_eq!(gaps, [], "{sector_len}");
        let Kind::Gpt { type_id, name, .. } = &volumes[0].kind else {
            panic!("not a GUID partition")
        };
        assert_eq!(type_id.to_string(), "EBD0A0A2-B9E5-4433-87C0-68B6B72699C7");
        assert_eq!(name, "data");
    }
}

#[test]
fn a_broken_primary_guid_table_gives_way_to_the_backup_with_a_gap() {
    for (at, what) in [(512 + 40, "header"), (1024 + 33, "entries")] {
        let mut disk = Disk::sectors(2000);
        disk.gpt(512, &[(40, 99), (100, 899)]);
        disk.bytes[at] ^= 1;
        let (volumes, gaps) = disk.open();
        assert_eq!(extents(&volumes), [("p1", 40, 60), ("p2", 100, 800)], "{what}");
        assert_eq!(gaps.len(), 1, "{what}");
        assert!(gaps[0].wanted.contains("primary") && gaps[0].reason.contains(what), "{gaps:?}");
    }
    let mut disk = Disk::sectors(2000);
    disk.gpt(512, &[(40, 99)]);
    disk.put(512, &[0; 1024]);
    let (volumes, _) = disk.open();
    assert_eq!(extents(&volumes), [("p1", 40, 60)], "an erased primary");
}

#[test]
fn entries_damaged_in_both_guid_tables_are_still_used_and_recorded() {
    let mut disk = Disk::sectors(2000);
    disk.gpt(512, &[(40, 99), (100, 899)]);
    disk.bytes[1024 + 60] ^= 1;
    disk.bytes[(2000 - 33) * 512 + 60] ^= 1;
    let (volumes, gaps) = disk.open();
    assert_eq!(extents(&volumes), [("p1", 40, 60), ("p2", 100, 800)]);
    assert_eq!(gaps.len(), 2);
}

#[test]
fn a_guid_partition_that_ends_before_it_begins_or_past_any_disk_is_a_gap_that_names_it() {
    for impossible in [(100, 99), (1, u64::MAX), (0, u64::MAX), (u64::MAX, u64::MAX)] {
        let mut disk = Disk::sectors(2000);
        disk.gpt(512, &[(40, 99), impossible, (100, 899)]);
        let (volumes, gaps) = disk.open();
        assert_eq!(extents(&volumes), [("p1", 40, 60), ("p3", 100, 800)], "{impossible:?}");
        assert_eq!(gaps.len(), 1, "{gaps:?}");
        assert_eq!((gaps[0].forensic_path.as_str(), gaps[0].stage), ("p2", Stage::Volume));
        assert!(gaps[0].reason.contains(&impossible.1.to_string()), "{gaps:?}");
    }
}

#[test]
fn a_guid_table_of_2_to_the_32_entries_is_refused_without_reading_them() {
    for (count, len) in [(u32::MAX, 128_u32), (128, u32::MAX), (u32::MAX, u32::MAX), (4097, 128)] {
        let mut disk = Disk::sectors(2000);
        disk.gpt(512, &[(40, 99)]);
        for header in [512, 1999 * 512] {
            disk.put(header + 80, &count.to_le_bytes()).put(header + 84, &len.to_le_bytes());
            disk.put(header + 16, &[0; 4]);
            let sum = libdeflater::crc32(&disk.bytes[header..header + 92]);
            disk.put(header + 16, &sum.to_le_bytes());
        }
        let (volumes, gaps) = disk.open();
        assert_eq!(extents(&volumes), [("", 0, 2000)], "{count} {len}");
        assert_eq!(gaps.len(), 2, "{gaps:?}");
        assert!(gaps[0].reason.contains(&format!("{count} entries of {len} bytes")), "{gaps:?}");
    }
}

#[test]
fn a_hybrid_table_is_read_as_guid_and_recorded() {
    let mut disk = Disk::sectors(2000);
    disk.gpt(512, &[(40, 99)]).entry(0, 1, 0x07, 40, 60);
    let (volumes, gaps) = disk.open();
    assert_eq!(extents(&volumes), [("p1", 40, 60)]);
    assert_eq!(gaps.len(), 1);
    assert!(gaps[0].wanted.contains("hybrid"), "{gaps:?}");
}

#[test]
fn a_guid_table_that_is_announced_but_gone_is_a_gap() {
    let mut disk = Disk::sectors(2000);
    disk.entry(0, 0, 0xee, 1, 1999);
    let (volumes, gaps) = disk.open();
    assert_eq!(extents(&volumes), [("", 0, 2000)]);
    assert!(gaps[0].reason.contains("announces it"), "{gaps:?}");
}

#[test]
fn the_unusual_chain_of_dftt_1_gives_the_partitions_that_its_author_made() {
    let Some(folder) = common::real_images() else { return };
    let Ok(made) = std::process::Command::new("unzip")
        .arg("-p")
        .arg(folder.join("dftt-1-extend-part.zip"))
        .arg("*/ext-part-test-2.dd")
        .output()
    else {
        println!("unzip is not installed: this test is left out");
        return;
    };
    assert!(made.status.success());
    let mut disk = Disk::new(made.stdout.len());
    disk.bytes = made.stdout;
    let (volumes, gaps) = disk.open();
    assert_eq!(
        extents(&volumes),
        [
            ("p1", 63, 52_353),
            ("p2", 52_416, 52_416),
            ("p3", 104_832, 52_416),
            ("p5", 157_311, 52_353),
            ("p6", 209_727, 52_353),
            ("p7", 262_143, 50_337),
        ],
    );
    assert_eq!(gaps, []);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_table_makes_a_panic_or_a_volume_outside_the_image(
        noise in prop::collection::vec((0_usize..4096, any::<u8>()), 0..60),
        seed in any::<u64>(),
        guid in any::<bool>(),
        fill in any::<bool>(),
    ) {
        let mut disk = Disk::sectors(600);
        if fill {
            disk.bytes = common::mixed_bytes(600 * 512, seed);
        }
        if guid {
            disk.gpt(512, &[(40, 99), (100, 500)]);
        } else {
            disk.entry(0, 0, 0x83, 10, 50).entry(0, 1, 0x05, 2, 400).entry(2, 0, 0x83, 1, 20).entry(2, 1, 0x05, 3, 9);
        }
        for (at, byte) in noise {
            disk.bytes[at] = byte;
        }
        let (volumes, _) = disk.open();
        prop_assert!(!volumes.is_empty());
        for volume in volumes {
            prop_assert!(volume.len.0 > 0);
            for piece in volume.pieces().all() {
                prop_assert!(piece.at.0 + piece.len.0 <= disk.len().0);
            }
        }
    }
}
