//! QCOW2, versions 2 and 3: clusters through two levels of tables.
//!
//! Read: compressed clusters (zlib and Zstandard), zero clusters, extended L2 entries, a
//! backing file. Internal snapshots are named in the header; the bytes are those of the active
//! state. Refused: version 1, encryption, an external data file.
//!
//! Source: QEMU, docs/interop/qcow2.txt.

use super::table::Pages;
use super::{Layout, Next, Opened, Packing, Place, Stretch, broken, head};
use crate::image::segment::Segment;
use crate::image::{Format, OpenError, ReadError};

const OFFSET: u64 = 0x00ff_ffff_ffff_fe00;
const COMPRESSED: u64 = 1 << 62;
const ZERO: u64 = 1;
const EXTERNAL_DATA: u64 = 1 << 2;
const OTHER_COMPRESSION: u64 = 1 << 3;
const EXTENDED_L2: u64 = 1 << 4;
const KNOWN_FEATURES: u64 = 0b1_1011;

/// Names longer than this are no names (the format allows 1,023 bytes).
const LONGEST_NAME: u32 = 1023;
/// Snapshots named in the header.
const SNAPSHOTS_NAMED: u32 = 64;

struct Qcow2 {
    cluster_bits: u32,
    l1_at: u64,
    l1_len: u64,
    extended: bool,
    has_parent: bool,
    packing: Packing,
    pages: Pages,
}

/// Reads the header.
pub fn open(segment: Segment, _next: &mut Next<'_>) -> Result<Opened, OpenError> {
    let bytes: [u8; 104] = head(&segment, 0)?;
    let (version, crypt) = (be32(&bytes, 4), be32(&bytes, 32));
    let unread = |format| OpenError::Unread {
        path: segment.path.clone(),
        format,
        advice: "convert it with `qemu-img convert -O raw` and give the result",
    };
    let features = match version {
        2 => 0,
        3 => be64(&bytes, 72),
        _ => return Err(unread("a QCOW virtual disk of another version")),
    };
    if crypt != 0 {
        return Err(unread("an encrypted QCOW2 virtual disk"));
    }
    if features & EXTERNAL_DATA != 0 || features & !(KNOWN_FEATURES | EXTERNAL_DATA) != 0 {
        return Err(unread("a QCOW2 virtual disk with its data in another file"));
    }
    let cluster_bits = be32(&bytes, 20);
    if !(9..=21).contains(&cluster_bits) {
        return Err(broken(&segment, 20, format!("clusters of 2^{cluster_bits} bytes")));
    }
    let packing = match features & OTHER_COMPRESSION {
        0 => Packing::Deflate,
        _ => match head::<1>(&segment, 104)?[0] {
            0 => Packing::Deflate,
            1 => Packing::Zstd,
            other => return Err(broken(&segment, 104, format!("compression of type {other}"))),
        },
    };
    let (len, l1_len) = (be64(&bytes, 24), u64::from(be32(&bytes, 36)));
    let parent = name(&segment, be64(&bytes, 8), be32(&bytes, 16))?;
    let mut header = vec![("version".to_owned(), version.to_string())];
    header.extend(snapshots(&segment, be64(&bytes, 64), be32(&bytes, 60)));
    let layout = Qcow2 {
        cluster_bits,
        l1_at: be64(&bytes, 40),
        l1_len,
        extended: features & EXTENDED_L2 != 0,
        has_parent: parent.is_some(),
        packing,
        pages: Pages::default(),
    };
    Ok(Opened {
        format: Format::Qcow2,
        files: vec![segment],
        layout: Box::new(layout),
        len,
        granule: 1 << cluster_bits,
        header,
        parent,
    })
}

fn name(segment: &Segment, at: u64, len: u32) -> Result<Option<String>, OpenError> {
    if at == 0 || len == 0 {
        return Ok(None);
    }
    if len > LONGEST_NAME {
        return Err(broken(segment, 16, format!("a backing file's name of {len} bytes")));
    }
    let mut bytes = vec![0; len as usize];
    segment.read_exact_at(at, &mut bytes).map_err(|e| broken(segment, at, e.to_string()))?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// The names of internal snapshots; a table that cannot be read names none.
fn snapshots(segment: &Segment, mut at: u64, count: u32) -> Vec<(String, String)> {
    let mut named = Vec::new();
    for _ in 0..count.min(SNAPSHOTS_NAMED) {
        let mut fixed = [0; 40];
        if segment.read_exact_at(at, &mut fixed).is_err() {
            break;
        }
        let (id, name) = (be16(&fixed, 12), be16(&fixed, 14));
        let mut text = vec![0; usize::from(id) + usize::from(name)];
        let extra = u64::from(be32(&fixed, 36));
        if segment.read_exact_at(at + 40 + extra, &mut text).is_err() {
            break;
        }
        let name = String::from_utf8_lossy(&text[usize::from(id)..]).into_owned();
        named.push(("snapshot".to_owned(), name));
        let used = 40 + extra + text.len() as u64;
        at += used.next_multiple_of(8);
    }
    named
}

impl Layout for Qcow2 {
    fn find(&self, files: &[Segment], at: u64) -> Result<Stretch, ReadError> {
        let entry_bits = if self.extended { 4 } else { 3 };
        let l2_bits = self.cluster_bits - entry_bits;
        let cluster = at >> self.cluster_bits;
        let start = cluster << self.cluster_bits;
        let whole = |place| Stretch { start, len: 1 << self.cluster_bits, place };
        let absent = || if self.has_parent { Place::Parent } else { Place::Zeros };
        let l1_index = cluster >> l2_bits;
        if l1_index >= self.l1_len {
            return Ok(whole(Place::Lost("its first table is too short".to_owned())));
        }
        let l1_at = self.l1_at.saturating_add(l1_index * 8);
        let l2_at = u64::from_be_bytes(self.pages.entry(files, 0, l1_at)?) & OFFSET;
        if l2_at == 0 {
            return Ok(whole(absent()));
        }
        let index = cluster & ((1 << l2_bits) - 1);
        let at_entry = l2_at.saturating_add(index << entry_bits);
        let entry = u64::from_be_bytes(self.pages.entry(files, 0, at_entry)?);
        if entry & COMPRESSED != 0 {
            return Ok(whole(self.packed(entry)));
        }
        if self.extended {
            let bitmap = u64::from_be_bytes(self.pages.entry(files, 0, at_entry + 8)?);
            return Ok(self.subcluster(at, entry & OFFSET, bitmap, absent()));
        }
        Ok(whole(match entry & OFFSET {
            _ if entry & ZERO != 0 => Place::Zeros,
            0 => absent(),
            stored => Place::Stored { file: 0, at: stored },
        }))
    }
}

impl Qcow2 {
    /// A compressed cluster: its position, and in how many sectors it ends.
    fn packed(&self, entry: u64) -> Place {
        let offset_bits = 62 - (self.cluster_bits - 8);
        let at = entry & ((1 << offset_bits) - 1);
        let sectors = ((entry & (COMPRESSED - 1)) >> offset_bits) + 1;
        let len = usize::try_from(sectors * 512 - (at & 511)).unwrap_or(0);
        Place::Packed { file: 0, at, len, how: self.packing }
    }

    /// One of the 32 parts of a cluster, which are there, zero or absent one by one.
    fn subcluster(&self, at: u64, stored: u64, bitmap: u64, absent: Place) -> Stretch {
        let bits = self.cluster_bits - 5;
        let part = (at >> bits) & 31;
        let start = (at >> bits) << bits;
        let place = if bitmap >> (32 + part) & 1 == 1 {
            Place::Zeros
        } else if bitmap >> part & 1 == 1 {
            Place::Stored { file: 0, at: stored.saturating_add(part << bits) }
        } else {
            absent
        };
        Stretch { start, len: 1 << bits, place }
    }
}

fn be16(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

fn be32(bytes: &[u8], at: usize) -> u32 {
    u32::from(be16(bytes, at)) << 16 | u32::from(be16(bytes, at + 2))
}

fn be64(bytes: &[u8], at: usize) -> u64 {
    u64::from(be32(bytes, at)) << 32 | u64::from(be32(bytes, at + 4))
}
