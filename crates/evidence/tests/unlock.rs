//! Opened volumes in their image: what is plain, what stays as it is, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use pendeen_evidence::image::{self, Image, OpenedVolume, with_opened};
use pendeen_evidence::unit::{ByteLen, ByteOffset};
use pendeen_evidence::unlock::{Opened, Secrets, Status, open_all};
use pendeen_evidence::volume::{Kind, Volume};
use pendeen_unlock::fixture::{Method, Protector, bitlocker};

const BEFORE: usize = 100 * 512;

fn plain() -> Vec<u8> {
    (0..1_u32 << 16).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect()
}

/// A disk with junk, a BitLocker volume that nothing protects, and junk again.
fn disk(dir: &Path) -> (Arc<dyn Image>, Vec<u8>, Volume) {
    let volume = bitlocker(&plain(), Method::Xts128, &[Protector::Clear]);
    let len = ByteLen(volume.len() as u64);
    let bytes = [vec![0xee; BEFORE], volume, vec![0xdd; 5000]].concat();
    let path = dir.join("disk.img");
    fs::write(&path, &bytes).unwrap();
    let volume = Volume {
        index: 0,
        label: "p1".into(),
        offset: ByteOffset(BEFORE as u64),
        len,
        kind: Kind::Whole,
    };
    (image::open(&[path]).unwrap(), bytes, volume)
}

fn bytes(image: &dyn Image, at: usize, len: usize) -> Vec<u8> {
    let mut buf = vec![0; len];
    image.read_at(ByteOffset(at as u64), &mut buf).unwrap();
    buf
}

#[test]
fn an_opened_volume_is_plain_in_its_place_and_nothing_else_changes() {
    let dir = tempfile::tempdir().unwrap();
    let (base, on_disk, volume) = disk(dir.path());
    let mut gaps = Vec::new();
    let all = open_all(&base, vec![volume.clone()], &Secrets::default(), &mut gaps);
    let Opened { image: opened, volumes, encryption } = &all;
    assert!(encryption[0].is_open() && gaps.is_empty(), "{encryption:?}");
    assert!(!all.is_closed(&volumes[0]));
    assert_eq!((volumes[0].label.as_str(), volumes[0].offset), ("p1/bitlocker", volume.offset));
    assert_eq!(opened.len(), base.len());
    let plain = plain();
    assert!(bytes(&**opened, 0, BEFORE) == on_disk[..BEFORE]);
    assert!(bytes(&**opened, BEFORE, plain.len()) == plain);
    let end = BEFORE + usize::try_from(volume.len.0).unwrap();
    assert!(bytes(&**opened, end, 5000) == on_disk[end..]);
    // One read over both edges.
    let all = bytes(&**opened, 7, on_disk.len() - 7);
    assert!(all[BEFORE - 7..][..plain.len()] == plain && all[end - 7..] == on_disk[end..]);
    assert!(bytes(&*base, BEFORE, 512) == on_disk[BEFORE..BEFORE + 512], "the base stays");
    let past = opened.read_at(ByteOffset(base.len().0 - 1), &mut [0; 2]);
    assert!(past.is_err());
}

#[test]
fn a_hole_in_an_opened_volume_is_not_passed_over_as_zeros() {
    let dir = tempfile::tempdir().unwrap();
    let (_, on_disk, volume) = disk(dir.path());
    let path = dir.path().join("sparse.img");
    let file = fs::File::create(&path).unwrap();
    // All but the first sector and the metadata is a hole.
    std::os::unix::fs::FileExt::write_all_at(&file, &on_disk[BEFORE..][..512], BEFORE as u64)
        .unwrap();
    let metadata = BEFORE + plain().len();
    std::os::unix::fs::FileExt::write_all_at(&file, &on_disk[metadata..], metadata as u64).unwrap();
    file.set_len((BEFORE as u64 + volume.len.0) + (4 << 20)).unwrap();
    let base = image::open(&[path]).unwrap();
    let secrets = Secrets::default();
    let opened = &open_all(&base, vec![volume], &secrets, &mut Vec::new()).image;
    let at = ByteOffset(BEFORE as u64 + (64 << 10));
    assert!(base.next_data(at) > at, "there is a hole");
    assert_eq!(opened.next_data(at), at);
    assert!(bytes(&**opened, BEFORE + (64 << 10), 512) != [0; 512], "decrypted zeros are none");
}

#[test]
fn volumes_that_overlap_or_leave_the_image_are_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let (base, _, volume) = disk(dir.path());
    let twice = Volume { index: 1, label: "p2".into(), ..volume.clone() };
    let mut gaps = Vec::new();
    let all = open_all(&base, vec![volume, twice], &Secrets::default(), &mut gaps);
    assert!(!all.is_closed(&all.volumes[0]) && all.is_closed(&all.volumes[1]));
    let Opened { image: opened, volumes, encryption } = all;
    let reason = "it shares bytes with another encrypted volume".to_owned();
    assert_eq!(encryption[1].status, Status::Damaged { reason });
    assert_eq!((gaps.len(), volumes[1].label.as_str()), (1, "p2"));
    let [kept] = opened.opened() else { panic!("{:?}", opened.opened()) };
    let moved = OpenedVolume { offset: ByteOffset(kept.offset.0 + 5001), ..kept.clone() };
    assert!(with_opened(Arc::clone(&base), vec![moved]).is_none(), "past the end");
    assert!(with_opened(Arc::clone(&base), vec![kept.clone(), kept.clone()]).is_none());
    assert!(with_opened(Arc::clone(&opened), vec![kept.clone()]).is_none(), "once only");
    assert!(with_opened(base, vec![kept.clone()]).is_some());
}
