//! Volumes that are parts of something: physical volumes, members of arrays, swap space, disks
//! within disks.
//!
//! Sources: the kernel's `md_p.h` and `swap.h`; LVM2, `lib/label/label.h`.

use super::view::View;
use super::{facts, quoted, uuid};
use crate::bytes::{array, text, u32_le};
use crate::volume;

const MD_MAGIC: u32 = 0xa92b_4efc;
/// Sizes of a page, at whose end swap space has its signature.
const PAGES: [u64; 5] = [4 << 10, 8 << 10, 16 << 10, 32 << 10, 64 << 10];

pub(super) fn recognise(view: &View<'_>) -> Option<String> {
    let known = [lvm, md, swap, table];
    known.into_iter().find_map(|recognise| recognise(view))
}

fn lvm(view: &View<'_>) -> Option<String> {
    let head = view.at(0, 2048);
    let mut sectors = head.chunks_exact(512);
    let label = sectors.find(|s| s.starts_with(b"LABELONE") && s[24..].starts_with(b"LVM2 001"))?;
    let at = u32_le(label, 20)? as usize;
    let told = facts(&[("identifier", text(label, at, 32))]);
    Some(format!("it is a physical volume of LVM2{told}; no logical volume was read from it"))
}

fn md(view: &View<'_>) -> Option<String> {
    let len = view.len();
    let near_end = (len / 512).saturating_sub(16) & !7;
    let newer = [0, 4096, near_end * 512];
    let told = newer.into_iter().find_map(|at| {
        let block = view.at(at, 256);
        let is = u32_le(&block, 0) == Some(MD_MAGIC) && u32_le(&block, 4) == Some(1);
        is.then(|| {
            let name = ("name", quoted(&text(&block, 32, 32)));
            [level(&block, 72, 92), name, ("UUID", uuid(array(&block, 16)))]
        })
    });
    let older = || {
        let at = (len & !0xffff).checked_sub(64 << 10)?;
        let block = view.at(at, 256);
        let is = u32_le(&block, 0) == Some(MD_MAGIC) && u32_le(&block, 4) == Some(0);
        is.then(|| [level(&block, 28, 40), ("", String::new()), ("", String::new())])
    };
    let told = facts(&told.or_else(older)?);
    Some(format!("it is a member of a RAID of Linux{told}; arrays are not put together here"))
}

/// Level and number of devices, whose places differ.
fn level(block: &[u8], level: usize, devices: usize) -> (&'static str, String) {
    let level = match array(block, level).map(i32::from_le_bytes) {
        Some(-1) => "linear".to_owned(),
        Some(level) => format!("RAID {level}"),
        None => String::new(),
    };
    let devices = u32_le(block, devices).unwrap_or(0);
    ("", format!("{level} of {devices} devices"))
}

fn swap(view: &View<'_>) -> Option<String> {
    for page in PAGES {
        let kind = view.at(page - 10, 10);
        let asleep = [&b"S1SUSPEND"[..], b"S2SUSPEND", b"ULSUSPEND", b"LINHIB0001"];
        if asleep.iter().any(|name| kind.starts_with(name)) {
            return Some(
                "it is Linux swap space with the memory of a computer that hibernates; it has no \
                 files, and was not searched for them"
                    .to_owned(),
            );
        }
        if matches!(kind.as_slice(), b"SWAPSPACE2" | b"SWAP-SPACE") {
            let head = view.at(1024, 64);
            let told = [("label", quoted(&text(&head, 28, 16))), ("UUID", uuid(array(&head, 12)))];
            return Some(format!("it is Linux swap space{}; it has no files", facts(&told)));
        }
    }
    None
}

/// A disk within the volume, as virtual machines have them on logical volumes.
fn table(view: &View<'_>) -> Option<String> {
    let is = volume::is_table(&view.at(0, 512), &view.at(512, 512), view.len());
    is.then(|| {
        "it holds a partition table of its own; partitions within a volume are not read".to_owned()
    })
}
