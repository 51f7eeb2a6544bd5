//! VMDK: sparse, flat, split and stream-optimised disks of VMware.
//!
//! A descriptor, in the file or in a text file of its own, lists the extents that make up the
//! device; a sparse extent has grains through two levels of tables, which a stream-optimised
//! one packs and lists at its end. Files that a descriptor names are looked for beside it.
//! Refused: extents of ESX servers' own forms (VMFSSPARSE, SESPARSE) and raw device maps.
//!
//! Source: VMware, Virtual Disk Format 5.0.

use super::table::Pages;
use super::{Layout, Next, Opened, Packing, Place, Stretch, broken, head};
use crate::bytes::{u16_le, u32_le, u64_le};
use crate::image::segment::Segment;
use crate::image::{Format, OpenError, ReadError};

const SECTOR: u64 = 512;
const SPARSE: &[u8] = b"KDMV";
pub(in crate::image) const DESCRIPTOR: &[u8] = b"# Disk DescriptorFile";
/// Where the first table is given in a footer at the end.
const AT_END: u64 = u64::MAX;
const ZEROED_GRAINS: u32 = 1 << 2;
const COMPRESSED: u32 = 1 << 16;
/// Bytes of a descriptor that are read.
const LONGEST_DESCRIPTOR: u64 = 1 << 20;

/// Extents that follow each other, and where each begins on the device.
struct Vmdk {
    extents: Vec<(u64, Extent)>,
    pages: Pages,
    has_parent: bool,
}

enum Extent {
    Zeros,
    Flat { file: usize, at: u64, len: u64 },
    Sparse(Sparse),
}

struct Sparse {
    file: usize,
    grain: u64,
    per_table: u64,
    directory_at: u64,
    tables: u64,
    zeroed: bool,
    compressed: bool,
}

/// What the text of a descriptor says.
#[derive(Default)]
struct Descriptor {
    extents: Vec<Line>,
    parent: Option<String>,
    kind: String,
}

struct Line {
    len: u64,
    kind: String,
    name: String,
    offset: u64,
}

/// Reads a descriptor, or a sparse extent with the descriptor in it.
pub fn open(segment: Segment, next: &mut Next<'_>) -> Result<Opened, OpenError> {
    let first: [u8; 4] = head(&segment, 0)?;
    if first == SPARSE {
        return alone(segment);
    }
    let text = text(&segment, 0, segment.len)?;
    let descriptor = parse(&text);
    let mut files = vec![segment];
    let mut extents = Vec::new();
    let mut start = 0_u64;
    let mut granule = 4096;
    for line in &descriptor.extents {
        let extent = match line.kind.as_str() {
            "ZERO" => Extent::Zeros,
            kind @ ("FLAT" | "VMFS" | "SPARSE") => {
                let named = next(&line.name)?.ok_or_else(|| OpenError::MissingSegment {
                    after: files.last().map(|f| f.path.clone()).unwrap_or_default(),
                    expected: line.name.clone().into(),
                })?;
                let file = files.len();
                files.push(named);
                if kind == "SPARSE" {
                    let sparse = sparse(&files[file], file)?;
                    granule = granule.max(sparse.grain);
                    Extent::Sparse(sparse)
                } else {
                    let at = line.offset.saturating_mul(SECTOR);
                    Extent::Flat { file, at, len: files[file].len }
                }
            }
            _ => {
                return Err(OpenError::Unread {
                    path: files[0].path.clone(),
                    format: "a VMDK with extents of another form",
                    advice: "convert it with `qemu-img convert -O raw` and give the result",
                });
            }
        };
        extents.push((start, extent));
        start =
            line.len.checked_mul(SECTOR).and_then(|len| start.checked_add(len)).ok_or_else(
                || broken(&files[0], 0, format!("an extent of {} sectors", line.len)),
            )?;
    }
    if extents.is_empty() {
        return Err(broken(&files[0], 0, "the descriptor names no extent"));
    }
    Ok(opened(files, extents, start, granule, descriptor))
}

/// A sparse extent that is a whole device by itself.
fn alone(segment: Segment) -> Result<Opened, OpenError> {
    let bytes: [u8; 512] = head(&segment, 0)?;
    let word = |at| u64_le(&bytes, at).unwrap_or(0);
    let (at, len) = (word(28).saturating_mul(SECTOR), word(36).saturating_mul(SECTOR));
    let descriptor =
        if at == 0 || len == 0 { Descriptor::default() } else { parse(&text(&segment, at, len)?) };
    let sparse = sparse(&segment, 0)?;
    let (granule, len) = (sparse.grain, word(12).saturating_mul(SECTOR));
    Ok(opened(vec![segment], vec![(0, Extent::Sparse(sparse))], len, granule, descriptor))
}

fn opened(
    files: Vec<Segment>,
    extents: Vec<(u64, Extent)>,
    len: u64,
    granule: u64,
    descriptor: Descriptor,
) -> Opened {
    let has_parent = descriptor.parent.is_some();
    Opened {
        format: Format::Vmdk,
        files,
        layout: Box::new(Vmdk { extents, pages: Pages::default(), has_parent }),
        len,
        granule,
        header: vec![("kind".to_owned(), descriptor.kind)],
        parent: descriptor.parent,
    }
}

fn text(segment: &Segment, at: u64, len: u64) -> Result<String, OpenError> {
    let mut bytes = vec![0; usize::try_from(len.min(LONGEST_DESCRIPTOR)).unwrap_or(0)];
    let got = segment.read_at(at, &mut bytes).map_err(|e| broken(segment, at, e.to_string()))?;
    bytes.truncate(got);
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    Ok(String::from_utf8_lossy(&bytes[..end]).into_owned())
}

fn parse(text: &str) -> Descriptor {
    let mut descriptor = Descriptor::default();
    let (mut parent_id, mut parent_name) = (String::new(), None);
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some((key, value)) = line.split_once('=') {
            let value = value.trim().trim_matches('"').to_owned();
            match key.trim() {
                "parentCID" => parent_id = value,
                "parentFileNameHint" => parent_name = Some(value),
                "createType" => descriptor.kind = value,
                _ => {}
            }
        } else if let Some(extent) = extent_line(line) {
            descriptor.extents.push(extent);
        }
    }
    let none = parent_id.is_empty() || parent_id.eq_ignore_ascii_case("ffffffff");
    descriptor.parent =
        (!none).then(|| parent_name.unwrap_or_else(|| format!("the disk with CID {parent_id}")));
    descriptor
}

/// `RW 4192256 SPARSE "disk-s001.vmdk"`, with an offset in sectors after a flat one.
fn extent_line(line: &str) -> Option<Line> {
    let mut words = line.splitn(4, char::is_whitespace);
    let access = words.next()?;
    matches!(access, "RW" | "RDONLY" | "NOACCESS").then_some(())?;
    let len = words.next()?.parse().ok()?;
    let kind = words.next()?.to_owned();
    let rest = words.next().unwrap_or("").trim();
    let mut quoted = rest.split('"').skip(1);
    let name = quoted.next().unwrap_or("").to_owned();
    let offset = quoted.next().and_then(|offset| offset.trim().parse().ok()).unwrap_or(0);
    Some(Line { len, kind, name, offset })
}

/// The header of a sparse extent; where it says so, the footer.
fn sparse(segment: &Segment, file: usize) -> Result<Sparse, OpenError> {
    let mut bytes: [u8; 512] = head(segment, 0)?;
    if bytes[..4] != *SPARSE {
        return Err(broken(segment, 0, "no sparse extent"));
    }
    if u64_le(&bytes, 56) == Some(AT_END) {
        let at = segment.len.saturating_sub(1024);
        bytes = head(segment, at)?;
        if bytes[..4] != *SPARSE {
            return Err(broken(segment, at, "no footer: the file was cut off"));
        }
    }
    let word = |at| u64_le(&bytes, at).unwrap_or(0);
    let (flags, per_table) =
        (u32_le(&bytes, 8).unwrap_or(0), u64::from(u32_le(&bytes, 44).unwrap_or(0)));
    let grain = word(20).saturating_mul(SECTOR);
    let packed = u16_le(&bytes, 77).unwrap_or(0);
    if !grain.is_power_of_two() || grain > 64 << 20 || per_table == 0 || packed > 1 {
        let problem = format!("grains of {grain} bytes, {per_table} to a table, packing {packed}");
        return Err(broken(segment, 20, problem));
    }
    let capacity = word(12).saturating_mul(SECTOR);
    Ok(Sparse {
        file,
        grain,
        per_table,
        directory_at: word(56).saturating_mul(SECTOR),
        tables: capacity.div_ceil(grain).div_ceil(per_table),
        zeroed: flags & ZEROED_GRAINS != 0,
        compressed: flags & COMPRESSED != 0 && packed == 1,
    })
}

impl Layout for Vmdk {
    fn find(&self, files: &[Segment], at: u64) -> Result<Stretch, ReadError> {
        let number = self.extents.partition_point(|(start, _)| *start <= at).saturating_sub(1);
        let (start, extent) = &self.extents[number];
        let end = self.extents.get(number + 1).map_or(u64::MAX, |(start, _)| *start);
        match extent {
            Extent::Zeros => Ok(Stretch { start: *start, len: end - start, place: Place::Zeros }),
            Extent::Flat { file, at, len } => {
                let len = (end - start).min(len.saturating_sub(*at));
                Ok(Stretch { start: *start, len, place: Place::Stored { file: *file, at: *at } })
            }
            Extent::Sparse(sparse) => self.grain(files, sparse, *start, at),
        }
    }
}

impl Vmdk {
    fn grain(
        &self,
        files: &[Segment],
        sparse: &Sparse,
        start: u64,
        at: u64,
    ) -> Result<Stretch, ReadError> {
        let index = (at - start) / sparse.grain;
        let whole =
            |place| Stretch { start: start + index * sparse.grain, len: sparse.grain, place };
        let absent = || if self.has_parent { Place::Parent } else { Place::Zeros };
        let table = index / sparse.per_table;
        if table >= sparse.tables {
            return Ok(whole(Place::Lost("its table is too short".to_owned())));
        }
        let word = |at: u64| {
            self.pages
                .entry(files, sparse.file, at)
                .map(|bytes| u64::from(u32::from_le_bytes(bytes)))
        };
        let table_at = word(sparse.directory_at.saturating_add(table * 4))? * SECTOR;
        if table_at == 0 {
            return Ok(whole(absent()));
        }
        let place = match word(table_at + index % sparse.per_table * 4)? {
            0 => absent(),
            1 if sparse.zeroed => Place::Zeros,
            sector if sparse.compressed => self.packed(files, sparse, sector * SECTOR)?,
            sector => Place::Stored { file: sparse.file, at: sector * SECTOR },
        };
        Ok(whole(place))
    }

    /// A packed grain: its number on the device, how many bytes, the bytes.
    fn packed(&self, files: &[Segment], sparse: &Sparse, at: u64) -> Result<Place, ReadError> {
        let marker: [u8; 4] = self.pages.entry(files, sparse.file, at + 8)?;
        let len = u32::from_le_bytes(marker);
        if u64::from(len) > sparse.grain * 2 + 1024 {
            return Ok(Place::Lost(format!("a packed grain of {len} bytes")));
        }
        let len = len as usize;
        Ok(Place::Packed { file: sparse.file, at: at + 12, len, how: Packing::Zlib })
    }
}
