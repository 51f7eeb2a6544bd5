//! Partition tables inside an encrypted volume, as whole disks that were encrypted have them.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::fs;
use std::sync::Arc;

use common::disk::Disk;
use common::fat::{Fat16, Member};
use common::listing::worker;
use pendeen_evidence::content::Reader;
use pendeen_evidence::entry::Entry;
use pendeen_evidence::unlock::{Opened, Secrets, open_all};
use pendeen_evidence::{filesystem, image, volume};
use pendeen_item::Gap;
use pendeen_unlock::fixture::{Method, Protector, bitlocker};

const SECTOR: usize = 512;
const FIRST: usize = 2048;

/// A FAT volume with one file.
fn fat() -> Vec<u8> {
    let mut volume = Fat16::new();
    volume.add(&Member {
        name: *b"PICTURE JPG",
        created: 10,
        written: 20,
        clusters: vec![2, 3],
        content: vec![7; 1500],
        is_folder: false,
        deleted: false,
    });
    volume.bytes()
}

/// The disk encrypted as a whole, and what opening it gives.
fn encrypted_and_opened(disk: &Disk) -> (Opened, Vec<Gap>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.img");
    fs::write(&path, bitlocker(&disk.bytes, Method::Xts128, &[Protector::Clear])).unwrap();
    let base = image::open(&[path]).unwrap();
    let mut gaps = Vec::new();
    let volumes = volume::open_all(&*base, &mut gaps);
    (open_all(&base, volumes, &Secrets::default(), &mut gaps), gaps)
}

#[test]
fn the_partitions_of_a_table_inside_an_opened_volume_are_volumes_below_it() {
    let inside = fat();
    for is_guid in [false, true] {
        let sectors = inside.len() / SECTOR;
        let mut disk = Disk::sectors(FIRST + sectors + 100);
        disk.put(FIRST * SECTOR, &inside);
        if is_guid {
            disk.gpt(SECTOR, &[(FIRST as u64, (FIRST + sectors - 1) as u64)]);
        } else {
            let count = u32::try_from(sectors).unwrap();
            disk.entry(0, 0, 0x0e, u32::try_from(FIRST).unwrap(), count);
        }
        let (opened, mut gaps) = encrypted_and_opened(&disk);
        let labels: Vec<_> = opened.volumes.iter().map(|volume| volume.label.as_str()).collect();
        assert_eq!((labels, &gaps), (vec!["bitlocker/p1"], &Vec::new()));
        let inner = &opened.volumes[0];
        assert_eq!(inner.offset.0, (FIRST * SECTOR) as u64, "its place on the device");
        let entries = filesystem::walk(&opened.image, inner, &worker(), &mut gaps);
        assert_eq!(gaps, []);
        let paths: Vec<_> = entries.iter().map(Entry::forensic_path).collect();
        assert_eq!(paths, ["bitlocker/p1/fat16:/PICTURE.JPG"]);
        let mut bytes = Vec::new();
        let mut reader = Reader::new(Arc::clone(&opened.image), opened.volumes.clone(), worker());
        reader.read(&entries[0], &mut |piece| bytes.extend_from_slice(piece)).unwrap();
        assert!(bytes == [7; 1500]);
    }
}

#[test]
fn a_table_inside_an_opened_volume_that_claims_too_much_is_a_gap_below_it() {
    let inside = fat();
    let sectors = inside.len() / SECTOR;
    let mut disk = Disk::sectors(FIRST + sectors);
    disk.put(FIRST * SECTOR, &inside);
    let count = u32::try_from(sectors + 1_000_000).unwrap();
    disk.entry(0, 0, 0x0e, u32::try_from(FIRST).unwrap(), count);
    let (opened, gaps) = encrypted_and_opened(&disk);
    assert_eq!(opened.volumes.len(), 1);
    let inner = &opened.volumes[0];
    assert_eq!(inner.offset.0 + inner.len.0, opened.image.len().0);
    let [gap] = &gaps[..] else { panic!("{gaps:?}") };
    assert_eq!(gap.forensic_path, "bitlocker/p1");
}
