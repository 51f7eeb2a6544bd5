//! File systems that no reader here knows, by signature.
//!
//! Sources: the kernel's headers for XFS, Btrfs, F2FS, JFS, ReiserFS, SquashFS and EROFS;
//! libfsrefs, format documentation (Metz); OpenZFS, `uberblock_impl.h`; ECMA-167, part 2 (UDF);
//! Apple File System Reference.

use super::view::View;
use super::{facts, quoted, uuid};
use crate::bytes::{array, text, u32_le, u64_le};

pub(super) fn recognise(view: &View<'_>) -> Option<String> {
    let known = [xfs, btrfs, f2fs, erofs, squash, apfs, refs, jfs, reiser, zfs, udf];
    known.into_iter().find_map(|recognise| recognise(view))
}

fn xfs(view: &View<'_>) -> Option<String> {
    let head = view.at(0, 512);
    let told = [("label", quoted(&text(&head, 108, 12))), ("UUID", uuid(array(&head, 32)))];
    head.starts_with(b"XFSB").then(|| format!("an XFS file system{}", facts(&told)))
}

fn btrfs(view: &View<'_>) -> Option<String> {
    let block = view.at(64 << 10, 1024);
    let devices = match u64_le(&block, 0x88) {
        Some(count @ 2..) => format!("one of {count} devices"),
        _ => String::new(),
    };
    let told = [
        ("label", quoted(&text(&block, 0x12b, 256))),
        ("UUID", uuid(array(&block, 0x20))),
        ("", devices),
    ];
    (block.get(0x40..0x48) == Some(b"_BHRfS_M"))
        .then(|| format!("a Btrfs file system{}", facts(&told)))
}

fn f2fs(view: &View<'_>) -> Option<String> {
    let block = view.at(1024, 1024);
    let units = block.get(124..).unwrap_or_default();
    let units = units.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let label: Vec<u16> = units.take_while(|unit| *unit != 0).take(64).collect();
    let told =
        [("label", quoted(&String::from_utf16_lossy(&label))), ("UUID", uuid(array(&block, 108)))];
    (u32_le(&block, 0) == Some(0xf2f5_2010)).then(|| format!("an F2FS file system{}", facts(&told)))
}

fn erofs(view: &View<'_>) -> Option<String> {
    let block = view.at(1024, 128);
    let told = [("label", quoted(&text(&block, 64, 16))), ("UUID", uuid(array(&block, 48)))];
    (u32_le(&block, 0) == Some(0xe0f5_e1e2))
        .then(|| format!("an EROFS file system{}", facts(&told)))
}

fn squash(view: &View<'_>) -> Option<String> {
    let is = view.has(0, b"hsqs") || view.has(0, b"sqsh");
    is.then(|| "a SquashFS file system".to_owned())
}

fn apfs(view: &View<'_>) -> Option<String> {
    let block = view.at(0, 1024);
    let volumes = (0..100).filter_map(|slot| u64_le(&block, 184 + slot * 8));
    let count = volumes.filter(|id| *id != 0).count();
    let told = [("UUID", uuid(array(&block, 72))), ("volumes:", count.to_string())];
    (block.get(32..36) == Some(b"NXSB")).then(|| format!("an APFS container{}", facts(&told)))
}

fn refs(view: &View<'_>) -> Option<String> {
    let head = view.at(0, 512);
    let version = match (head.get(40), head.get(41)) {
        (Some(major), Some(minor)) => format!("{major}.{minor}"),
        _ => String::new(),
    };
    (head.get(3..11) == Some(b"ReFS\0\0\0\0") && head.get(16..20) == Some(b"FSRS"))
        .then(|| format!("a ReFS file system{}", facts(&[("version", version)])))
}

fn jfs(view: &View<'_>) -> Option<String> {
    let block = view.at(32 << 10, 256);
    let told = [("label", quoted(&text(&block, 152, 16))), ("UUID", uuid(array(&block, 136)))];
    block.starts_with(b"JFS1").then(|| format!("a JFS file system{}", facts(&told)))
}

fn reiser(view: &View<'_>) -> Option<String> {
    for at in [64 << 10, 8 << 10] {
        let block = view.at(at, 256);
        if block.starts_with(b"ReIsEr4") {
            return Some("a Reiser4 file system".to_owned());
        }
        let names: [&[u8]; 3] = [b"ReIsErFs", b"ReIsEr2Fs", b"ReIsEr3Fs"];
        let behind = block.get(52..).unwrap_or_default();
        if names.iter().any(|name| behind.starts_with(name)) {
            let told =
                [("label", quoted(&text(&block, 100, 16))), ("UUID", uuid(array(&block, 84)))];
            return Some(format!("a ReiserFS file system{}", facts(&told)));
        }
    }
    None
}

/// One of the uberblocks in the first label of a pool's device.
fn zfs(view: &View<'_>) -> Option<String> {
    const MAGIC: u64 = 0x00ba_b10c;
    let blocks = view.at(128 << 10, 128 << 10);
    let is = blocks.chunks_exact(1024).any(|block| {
        array(block, 0)
            .is_some_and(|raw| u64::from_le_bytes(raw) == MAGIC || u64::from_be_bytes(raw) == MAGIC)
    });
    is.then(|| "a device of a ZFS pool".to_owned())
}

/// A volume recognition sequence that names ECMA-167.
fn udf(view: &View<'_>) -> Option<String> {
    let sequence = view.at(32 << 10, 96 << 10);
    let named = |name: &[u8]| {
        let mut sectors = sequence.chunks_exact(2048);
        sectors.any(|sector| sector.get(1..6) == Some(name))
    };
    (named(b"NSR02") || named(b"NSR03")).then(|| "a UDF file system".to_owned())
}
