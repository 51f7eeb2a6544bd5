//! From the text of a volume group to where its logical volumes lie on physical ones.
//!
//! In: the parsed text. Out: a [`Group`], whose logical volumes are linear or say why they are
//! not. Refused: a group without an id, names that LVM2 allows no volume to have.
//!
//! Source: LVM2, `lib/format_text/import_vsn1.c`; lvm(8) for names.

use std::collections::{HashMap, HashSet};

use super::text::{Section, Value};

/// Length of the unit of extents and offsets in the text, in bytes.
const SECTOR: u64 = 512;
/// Most segments of one logical volume.
const MOST_SEGMENTS: u64 = 1 << 16;

/// A volume group.
#[derive(Debug)]
pub(super) struct Group {
    pub name: String,
    pub id: String,
    /// Counts its changes: the highest is the newest.
    pub changes: u64,
    /// Its physical volumes by their name in the text.
    pub physical: HashMap<String, Place>,
    /// Its visible logical volumes, in the text's order.
    pub logical: Vec<Logical>,
}

/// A physical volume as its group knows it.
#[derive(Debug)]
pub(super) struct Place {
    /// As on the volume's label.
    pub id: String,
    /// Where its first extent begins, in bytes.
    pub first_extent: u64,
}

/// A logical volume.
#[derive(Debug)]
pub(super) struct Logical {
    pub name: String,
    /// Its stretches in order, or why it is not read.
    pub stretches: Result<Vec<Stretch>, String>,
}

/// A stretch of a logical volume on a physical one, in bytes from the first extent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    pub physical: String,
    pub from: u64,
    pub len: u64,
}

/// The group that a text describes.
pub(super) fn read(root: &Section) -> Result<Group, String> {
    let group = root.sections().find(|(_, section)| section.get("extent_size").is_some());
    let (name, group) = group.ok_or("the text should describe a volume group")?;
    check_name(name)?;
    let id = group.text("id").ok_or("the volume group should have an id")?;
    let extents = group.number("extent_size").filter(|size| *size > 0);
    let extent = extents.and_then(|size| size.checked_mul(SECTOR));
    let extent = extent.ok_or("the volume group's extents should have a size")?;
    let mut physical = HashMap::new();
    for (own, section) in sections(group, "physical_volumes") {
        let id = section.text("id").ok_or("a physical volume should have an id")?;
        let first = section.number("pe_start").and_then(|start| start.checked_mul(SECTOR));
        let first_extent = first.ok_or("a physical volume should say where its extents begin")?;
        physical.insert(own.to_owned(), Place { id: id.replace('-', ""), first_extent });
    }
    let stores = snapshot_stores(group);
    let mut logical = Vec::new();
    for (name, section) in sections(group, "logical_volumes") {
        if !is_visible(section) {
            continue;
        }
        check_name(name)?;
        let stretches = match stores.get(name) {
            Some(origin) => Err(format!(
                "it keeps what a snapshot of {origin} differs in; snapshots of LVM2 are not read"
            )),
            None => linear(section, extent),
        };
        logical.push(Logical { name: name.to_owned(), stretches });
    }
    let changes = group.number("seqno").unwrap_or(0);
    Ok(Group { name: name.to_owned(), id: id.to_owned(), changes, physical, logical })
}

fn sections<'a>(group: &'a Section, name: &str) -> impl Iterator<Item = (&'a str, &'a Section)> {
    group.section(name).into_iter().flat_map(Section::sections)
}

/// A name becomes part of forensic paths.
fn check_name(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+_.-".contains(c);
    if (1..=127).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    let shown: String = name.chars().take(127).collect();
    Err(format!("{shown:?} is no name that a volume of LVM2 may have"))
}

/// The volumes that others are made of (parts of mirrors, pools) are not visible.
fn is_visible(section: &Section) -> bool {
    let status = section.list("status").unwrap_or_default();
    status.iter().any(|word| matches!(word, Value::Text(word) if word == "VISIBLE"))
}

/// The visible volumes that keep the differences of a snapshot, with what it is one of.
fn snapshot_stores(group: &Section) -> HashMap<&str, &str> {
    let mut stores = HashMap::new();
    for (_, volume) in sections(group, "logical_volumes") {
        for (_, segment) in volume.sections() {
            if let (Some(store), Some(origin)) = (segment.text("cow_store"), segment.text("origin"))
            {
                stores.insert(store, origin);
            }
        }
    }
    stores
}

/// The stretches of a volume all of whose segments lie on one physical volume each.
fn linear(volume: &Section, extent: u64) -> Result<Vec<Stretch>, String> {
    let count = volume.number("segment_count").unwrap_or(0);
    if !(1..=MOST_SEGMENTS).contains(&count) {
        return Err(format!("it says that it has {count} segments"));
    }
    let (mut stretches, mut next) = (Vec::new(), 0_u64);
    let named: HashMap<&str, &Section> = volume.sections().collect();
    for number in 1..=count {
        let segment = named.get(format!("segment{number}").as_str());
        let segment = segment.ok_or_else(|| format!("segment {number} of {count} is missing"))?;
        let kind = segment.text("type").unwrap_or("unknown");
        let stripes = segment.list("stripes").unwrap_or_default();
        if !matches!(kind, "striped" | "linear") || stripes.len() > 2 {
            let shown: String = kind.chars().take(64).collect();
            let parts = if stripes.len() > 2 {
                format!(" over {} stripes", stripes.len() / 2)
            } else {
                String::new()
            };
            return Err(format!(
                "segment {number} is of type {shown:?}{parts}; only linear ones are read"
            ));
        }
        let bytes = |name| segment.number(name).and_then(|extents| extents.checked_mul(extent));
        let (Some(start), Some(len)) = (bytes("start_extent"), bytes("extent_count")) else {
            return Err(format!("segment {number} does not say where it begins and ends"));
        };
        if start != next || len == 0 {
            return Err(format!(
                "segment {number} should begin at byte {next} of the volume, got {start}, with \
                 {len} bytes"
            ));
        }
        let [Value::Text(physical), Value::Number(first)] = stripes else {
            return Err(format!("segment {number} does not say where it lies"));
        };
        let from = u64::try_from(*first).ok().and_then(|first| first.checked_mul(extent));
        let from = from.ok_or_else(|| format!("segment {number} begins before any disk"))?;
        next = next.checked_add(len).ok_or("its segments are longer than any disk")?;
        stretches.push(Stretch { physical: physical.clone(), from, len });
    }
    let names: HashSet<&str> = named.keys().copied().collect();
    if names.len() as u64 != count {
        return Err(format!("it says that it has {count} segments, and has {}", names.len()));
    }
    Ok(stretches)
}
