//! Logical volumes inside an encrypted one, as installers of Linux make them.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::fs;

use common::lvm::{EXTENT, FIRST_EXTENT, group, head, linear};
use pendeen_evidence::image;
use pendeen_evidence::unit::ByteOffset;
use pendeen_evidence::unlock::{Secrets, open_all};
use pendeen_evidence::volume;
use pendeen_unlock::fixture::{Method, Protector, bitlocker};

#[test]
fn logical_volumes_inside_an_opened_volume_are_volumes_below_it() {
    let logical = linear("root", &[('a', 8, 4), ('a', 0, 4)]);
    let mut plain = head('a', &group("group", 1, &['a'], &[logical]), 512);
    for extent in 0..20_u8 {
        plain.extend(vec![extent + 1; EXTENT]);
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("disk.img");
    fs::write(&path, bitlocker(&plain, Method::Xts128, &[Protector::Clear])).unwrap();
    let base = image::open(&[path]).unwrap();
    let mut gaps = Vec::new();
    let volumes = volume::open_all(&*base, &mut gaps);
    let opened = open_all(&base, volumes, &Secrets::default(), &mut gaps);
    let labels: Vec<_> = opened.volumes.iter().map(|volume| volume.label.as_str()).collect();
    assert_eq!((labels, gaps), (vec!["bitlocker/lvm/group/root"], Vec::new()));
    let mut bytes = vec![0; 8 * EXTENT];
    let pieces = opened.volumes[0].pieces();
    pieces.read_at(&*opened.image, ByteOffset(0), &mut bytes).unwrap();
    assert!(bytes.chunks(EXTENT).map(|extent| extent[5]).eq([9, 10, 11, 12, 1, 2, 3, 4]));
    assert_eq!(pieces.all()[1].at.0, FIRST_EXTENT as u64, "its place on the device");
}
