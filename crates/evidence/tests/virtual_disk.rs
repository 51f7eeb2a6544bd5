//! Virtual disks of every kind, as `qemu-img` and others make them, against the raw bytes.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{installed, md5_of, mixed_bytes, read_all, real_images};
use pendeen_evidence::image::{self, Format, Image, OpenError};
use pendeen_evidence::unit::{ByteLen, ByteOffset};
use proptest::prelude::*;

/// Odd for every granule: the last cluster is not full.
const LEN: usize = 5 * (1 << 20) + 512;

fn open(path: &Path) -> Result<std::sync::Arc<dyn Image>, OpenError> {
    image::open(&[path.to_path_buf()])
}

/// A disk with data, zeros and text, and a long hole in its middle.
fn raw_disk(folder: &Path) -> (PathBuf, Vec<u8>) {
    let mut bytes = mixed_bytes(LEN, 77);
    bytes[1 << 20..3 << 20].fill(0);
    let path = folder.join("disk.raw");
    fs::write(&path, &bytes).unwrap();
    (path, bytes)
}

fn qemu_img(folder: &Path, args: &[&str]) {
    let done = Command::new("qemu-img").args(args).current_dir(folder).output().unwrap();
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn convert(folder: &Path, format: &str, options: &[&str], to: &str) {
    let mut args = vec!["convert", "-f", "raw", "-O", format];
    args.extend(options);
    args.extend(["disk.raw", to]);
    qemu_img(folder, &args);
}

const KINDS: &[(&str, &str, &[&str], Format)] = &[
    ("plain.qcow2", "qcow2", &[], Format::Qcow2),
    ("v2.qcow2", "qcow2", &["-o", "compat=0.10"], Format::Qcow2),
    ("small.qcow2", "qcow2", &["-o", "cluster_size=512"], Format::Qcow2),
    ("packed.qcow2", "qcow2", &["-c"], Format::Qcow2),
    ("zstd.qcow2", "qcow2", &["-c", "-o", "compression_type=zstd"], Format::Qcow2),
    ("extended.qcow2", "qcow2", &["-o", "extended_l2=on,cluster_size=128k"], Format::Qcow2),
    ("sparse.vmdk", "vmdk", &["-o", "subformat=monolithicSparse"], Format::Vmdk),
    ("flat.vmdk", "vmdk", &["-o", "subformat=monolithicFlat"], Format::Vmdk),
    ("split.vmdk", "vmdk", &["-o", "subformat=twoGbMaxExtentSparse"], Format::Vmdk),
    ("splitflat.vmdk", "vmdk", &["-o", "subformat=twoGbMaxExtentFlat"], Format::Vmdk),
    ("stream.vmdk", "vmdk", &["-o", "subformat=streamOptimized"], Format::Vmdk),
    ("dynamic.vhd", "vpc", &["-o", "force_size=on"], Format::Vhd),
    ("fixed.vhd", "vpc", &["-o", "subformat=fixed,force_size=on"], Format::Vhd),
    ("dynamic.vhdx", "vhdx", &["-o", "block_size=1M"], Format::Vhdx),
    ("fixed.vhdx", "vhdx", &["-o", "subformat=fixed"], Format::Vhdx),
    ("dynamic.vdi", "vdi", &[], Format::Vdi),
    ("static.vdi", "vdi", &["-o", "static=on"], Format::Vdi),
];

#[test]
fn every_virtual_disk_that_qemu_img_makes_has_the_bytes_it_was_made_from() {
    if !installed("qemu-img") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (_, bytes) = raw_disk(folder.path());
    for (name, format, options, kind) in KINDS {
        convert(folder.path(), format, options, name);
        let image = open(&folder.path().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(image.provenance().format, *kind, "{name}");
        // Some forms hold whole megabytes only: what is more is zeros.
        let all = read_all(&*image);
        assert!(all.len() >= LEN && all.len() < LEN + (1 << 20), "{name}: {}", all.len());
        assert!(all[..LEN] == bytes[..], "{name} differs");
        assert!(all[LEN..].iter().all(|byte| *byte == 0), "{name}: more than padding");
        // Pieces across clusters are the same as the whole.
        for at in [0, 511, 65_535, (1 << 20) - 7, (3 << 20) - 100, LEN - 1000] {
            let mut part = vec![0; 999];
            image.read_at(ByteOffset(at as u64), &mut part).unwrap();
            assert!(part == all[at..at + 999], "{name} at {at}");
        }
        // Another process reads the same from descriptors.
        let descriptors =
            image.descriptors().iter().map(|fd| fd.try_clone_to_owned().unwrap()).collect();
        let again = image::from_descriptors(descriptors, &image.provenance().segments).unwrap();
        assert_eq!(md5_of(&*again), md5_of(&*image), "{name}");
    }
}

#[test]
fn a_disk_over_another_has_the_bytes_of_both_and_says_which_only_the_missing_one_has() {
    if !installed("qemu-img") || !installed("qemu-io") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (raw, _) = raw_disk(folder.path());
    for (base, child, format) in
        [("base.qcow2", "child.qcow2", "qcow2"), ("base.vmdk", "child.vmdk", "vmdk")]
    {
        convert(folder.path(), format, &[], base);
        qemu_img(folder.path(), &["create", "-f", format, "-b", base, "-F", format, child]);
        let write = Command::new("qemu-io")
            .args(["-c", "write -P 171 65536 1000", child])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(write.status.success(), "{}", String::from_utf8_lossy(&write.stderr));
        let mut bytes = fs::read(&raw).unwrap();
        bytes[65_536..66_536].fill(171);
        let image = open(&folder.path().join(child)).unwrap();
        assert!(read_all(&*image)[..LEN] == bytes[..], "{child}");
        assert!(image.provenance().header.contains(&("parent".into(), base.into())));

        fs::remove_file(folder.path().join(base)).unwrap();
        let orphan = open(&folder.path().join(child)).unwrap();
        let mut own = vec![0; 512];
        orphan.read_at(ByteOffset(65_536), &mut own).unwrap();
        assert!(own.iter().all(|byte| *byte == 171));
        let mut lost = vec![0; 512];
        let why = orphan.read_at(ByteOffset(4 << 20), &mut lost).unwrap_err().to_string();
        assert!(why.contains(base) && why.contains("not found"), "{why}");
    }
}

#[test]
fn a_path_in_evidence_leads_nowhere_but_beside_it() {
    if !installed("qemu-img") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    raw_disk(folder.path());
    let outside = folder.path().join("disk.raw");
    let options = ["create", "-f", "qcow2", "-F", "raw", "-b"];
    let mut args: Vec<&str> = options.to_vec();
    args.extend([outside.to_str().unwrap(), "inner/child.qcow2"]);
    qemu_img(folder.path(), &args);
    let image = open(&inner.join("child.qcow2")).unwrap();
    let mut bytes = vec![0; 512];
    assert!(image.read_at(ByteOffset(0), &mut bytes).is_err(), "read a file outside the folder");
}

#[test]
fn snapshots_inside_a_disk_are_named() {
    if !installed("qemu-img") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    raw_disk(folder.path());
    convert(folder.path(), "qcow2", &[], "disk.qcow2");
    qemu_img(folder.path(), &["snapshot", "-c", "before the update", "disk.qcow2"]);
    let image = open(&folder.path().join("disk.qcow2")).unwrap();
    let named = ("snapshot".to_owned(), "before the update".to_owned());
    assert!(image.provenance().header.contains(&named), "{:?}", image.provenance().header);
}

#[test]
fn the_real_virtual_disks_have_the_published_bytes() {
    let Some(folder) = real_images() else { return };
    for (name, format) in
        [("ext2.qcow2", Format::Qcow2), ("ext2.vmdk", Format::Vmdk), ("ext2.vhd", Format::Vhd)]
    {
        let image = open(&folder.join(name)).unwrap();
        assert_eq!(image.provenance().format, format);
        let bytes = read_all(&*image);
        let volume = &bytes[..4_194_304];
        let digest = common::hex(&<md5::Md5 as md5::Digest>::digest(volume));
        assert_eq!(digest, "196066add11fb71c4c49cf1bb50d6d24", "{name}");
    }
    assert_eq!(open(&folder.join("ext2.vhd")).unwrap().len(), ByteLen(4_212_736));
    assert_eq!(open(&folder.join("vsstest.qcow2")).unwrap().len(), ByteLen(1 << 30));
}

#[test]
fn a_missing_extent_and_an_encrypted_disk_are_refused_with_advice() {
    if !installed("qemu-img") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    raw_disk(folder.path());
    convert(folder.path(), "vmdk", &["-o", "subformat=monolithicFlat"], "flat.vmdk");
    fs::remove_file(folder.path().join("flat-flat.vmdk")).unwrap();
    let why = open(&folder.path().join("flat.vmdk")).err().unwrap().to_string();
    assert!(why.contains("flat-flat.vmdk") && why.contains("is missing"), "{why}");

    convert(folder.path(), "qcow2", &[], "disk.qcow2");
    let path = folder.path().join("disk.qcow2");
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.write_all_at(&[0, 0, 0, 2], 32).unwrap();
    let why = open(&path).err().unwrap().to_string();
    assert!(why.contains("encrypted"), "{why}");
}

/// One small disk of each kind, made once.
fn small_disks() -> Vec<(String, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("disk.raw"), mixed_bytes(300_000, 5)).unwrap();
    let alone = |(name, ..): &&(&str, &str, &[&str], Format)| {
        !name.contains("flat") && !name.contains("split") && !name.starts_with("fixed.vhdx")
    };
    let made = KINDS.iter().filter(alone).map(|(name, format, options, _)| {
        convert(folder.path(), format, options, name);
        ((*name).to_owned(), fs::read(folder.path().join(name)).unwrap())
    });
    made.collect()
}

#[test]
fn bytes_changed_and_files_cut_anywhere_never_panic_or_hang() {
    if !installed("qemu-img") {
        return;
    }
    let disks = small_disks();
    let folder = tempfile::tempdir().unwrap();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(150));
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    let input = (0..disks.len(), changes, proptest::option::of(any::<prop::sample::Index>()));
    runner
        .run(&input, |(which, changes, cut)| {
            let (name, whole) = &disks[which];
            let mut bytes = whole.clone();
            for (at, value) in changes {
                // Headers and tables lie in the first 256 KiB and at the end.
                let near = bytes.len().min(256 << 10);
                let at = if value & 1 == 0 { at.index(near) } else { at.index(bytes.len()) };
                bytes[at] = value;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()).max(1));
            }
            let path = folder.path().join(name);
            fs::write(&path, &bytes).unwrap();
            if let Ok(image) = open(&path) {
                let mut part = vec![0; 4096];
                for at in [0, 4096, 131_072, image.len().0.saturating_sub(4096)] {
                    let _ = image.read_at(ByteOffset(at), &mut part);
                }
            }
            Ok(())
        })
        .unwrap();
}
