//! Reads the linear logical volumes of LVM2.
//!
//! In: an image and its volumes. Out: the volumes again, a physical volume of LVM2 replaced by
//! the logical ones that lie in it, `lvm/group/name`, in one piece or several, on one physical
//! volume or several of the same image. Recorded: logical volumes of other kinds (striped,
//! mirrored, thin, cached, snapshots), those that lie on a physical volume that is not in this
//! image, and metadata that is damaged. Of several copies of a group's metadata the newest
//! whole one counts. A physical volume of which nothing could be read stays a volume.
//!
//! Source: LVM2, `lib/format_text`.

mod group;
mod header;
mod text;

use std::collections::{BTreeMap, HashMap, HashSet};

use pendeen_item::Gap;

use self::group::{Group, Logical, Stretch};
use self::header::Area;
use super::{Kind, Pieces, Volume, gap};
use crate::image::Image;
use crate::unit::{ByteLen, ByteOffset};

/// Most bytes of text of one image: a group of a thousand volumes has some 500,000.
const MOST_TEXTS: usize = 256 << 20;

/// Most logical volumes of one image: each costs a process to look into.
const MOST_VOLUMES: usize = 4096;

/// A physical volume among the volumes.
struct Found {
    /// Index of the volume.
    index: usize,
    pieces: Pieces,
}

/// Puts logical volumes in the place of the physical ones that hold them.
pub(super) fn logical_volumes(
    image: &dyn Image,
    volumes: Vec<Volume>,
    gaps: &mut Vec<Gap>,
) -> Vec<Volume> {
    let (physical, groups) = scan(image, &volumes, gaps);
    let (mut used, mut made) = (HashSet::new(), Vec::new());
    let mut left = MOST_VOLUMES;
    for (label, group) in named(&groups) {
        for logical in &group.logical {
            let Some(fewer) = left.checked_sub(1) else {
                let reason = format!("the image has more than {MOST_VOLUMES} of them");
                gaps.push(gap(&label, "the rest of the logical volumes", reason, None, None));
                break;
            };
            left = fewer;
            let label = format!("{label}/{}", logical.name);
            match place(logical, group, &physical) {
                Ok((pieces, on)) => {
                    used.extend(on);
                    made.push(volume(label, pieces));
                }
                Err(reason) => {
                    gaps.push(gap(&label, "the logical volume", reason, None, None));
                }
            }
        }
    }
    report_shared(&made, gaps);
    let kept = volumes.into_iter().enumerate().filter(|(index, _)| !used.contains(index));
    kept.map(|(_, volume)| volume).chain(made).collect()
}

/// Every physical volume by its id, and every group by its own.
fn scan(
    image: &dyn Image,
    volumes: &[Volume],
    gaps: &mut Vec<Gap>,
) -> (HashMap<String, Found>, BTreeMap<String, Group>) {
    let (mut physical, mut groups) = (HashMap::new(), BTreeMap::new());
    let mut budget = MOST_TEXTS;
    for (index, volume) in volumes.iter().enumerate() {
        let pieces = volume.pieces();
        let mut lost = |wanted: &str, reason: String| {
            gaps.push(gap(&volume.label, wanted, reason, Some(volume.offset.0), None));
        };
        let found = match header::read(image, &pieces) {
            None => continue,
            Some(Ok(found)) => found,
            Some(Err(problem)) => {
                lost("the label of a physical volume of LVM2", problem);
                continue;
            }
        };
        if physical.contains_key(&found.id) {
            let reason = "another volume of this image has the same id, and was used".to_owned();
            lost("a physical volume of LVM2", reason);
            continue;
        }
        for area in found.areas {
            match group(image, &pieces, area, &mut budget) {
                Ok(group) => group.into_iter().for_each(|group| newest(&mut groups, group)),
                Err(problem) => lost("the metadata of a volume group of LVM2", problem),
            }
        }
        physical.insert(found.id, Found { index, pieces });
    }
    (physical, groups)
}

/// The group that a metadata area describes; none where it describes none.
fn group(
    image: &dyn Image,
    pieces: &Pieces,
    area: Area,
    budget: &mut usize,
) -> Result<Option<Group>, String> {
    let Some(text) = header::text(image, pieces, area)? else { return Ok(None) };
    *budget = budget.checked_sub(text.len()).ok_or_else(|| {
        format!("the texts of this image have more than {MOST_TEXTS} bytes; no more were read")
    })?;
    group::read(&text::parse(&text)?).map(Some)
}

fn newest(groups: &mut BTreeMap<String, Group>, group: Group) {
    let known = groups.get(&group.id);
    if known.is_none_or(|known| known.changes < group.changes) {
        groups.insert(group.id.clone(), group);
    }
}

/// The groups with what the labels of their volumes begin with: `lvm/name`, and a number where
/// two groups have one name, in the order of their names and ids.
fn named(groups: &BTreeMap<String, Group>) -> Vec<(String, &Group)> {
    let mut order: Vec<&Group> = groups.values().collect();
    order.sort_by_key(|group| (&group.name, &group.id));
    let mut seen: HashMap<&str, u32> = HashMap::new();
    order
        .into_iter()
        .map(|group| {
            let count = seen.entry(&group.name).or_default();
            *count += 1;
            // `@` is in no name of a group.
            let suffix = if *count == 1 { String::new() } else { format!("@{count}") };
            (format!("lvm/{}{suffix}", group.name), group)
        })
        .collect()
}

/// Where a logical volume lies, and the indices of the volumes in which it does.
fn place(
    logical: &Logical,
    group: &Group,
    physical: &HashMap<String, Found>,
) -> Result<(Pieces, Vec<usize>), String> {
    let stretches = logical.stretches.as_ref().map_err(Clone::clone)?;
    let (mut pieces, mut on, mut room) = (Pieces::default(), Vec::new(), 0_u64);
    for Stretch { physical: name, from, len } in stretches {
        let unknown = || format!("it lies on physical volume {name:?}, which the group has not");
        let known = group.physical.get(name).ok_or_else(unknown)?;
        let found = physical.get(&known.id).ok_or_else(|| {
            format!(
                "part of it lies on the physical volume {}, which is not in this image",
                known.id
            )
        })?;
        let start = known.first_extent.checked_add(*from).map(ByteOffset);
        let start = start.filter(|start| found.pieces.contain(*start, ByteLen(*len)));
        let Some(start) = start else {
            return Err(format!(
                "{len} bytes of it would lie outside the physical volume {}, which has {} bytes \
                 here: the image may be cut short",
                known.id,
                found.pieces.len()
            ));
        };
        if !on.contains(&found.index) {
            on.push(found.index);
            room = room.saturating_add(found.pieces.len().0);
        }
        let mut fits = true;
        found.pieces.each_place(start, ByteLen(*len), &mut |at, len| {
            fits &= pieces.push(at, len);
        });
        // More than there is: its segments share bytes.
        if !fits || pieces.len().0 > room {
            return Err(format!(
                "it would have more bytes than the {room} of its physical volumes"
            ));
        }
    }
    Ok((pieces, on))
}

fn volume(label: String, pieces: Pieces) -> Volume {
    Volume {
        index: 0,
        label,
        offset: pieces.all().first().map_or(ByteOffset(0), |first| first.at),
        len: pieces.len(),
        kind: Kind::Lvm { pieces },
    }
}

/// Records logical volumes that share bytes.
fn report_shared(volumes: &[Volume], gaps: &mut Vec<Gap>) {
    let mut order = Vec::new();
    for volume in volumes {
        if let Kind::Lvm { pieces } = &volume.kind {
            order.extend(pieces.all().iter().map(|piece| (piece.at.0, piece.len.0, volume)));
        }
    }
    order.sort_by_key(|(at, len, volume)| (*at, *len, &volume.label));
    let mut told = HashSet::new();
    for pair in order.windows(2) {
        let ((at, len, one), (next, _, other)) = (pair[0], pair[1]);
        if at.saturating_add(len) > next && told.insert(&other.label) {
            let reason =
                format!("its bytes from {next} of the image on are also those of {}", one.label);
            gaps.push(gap(&other.label, "a logical volume of its own", reason, Some(next), None));
        }
    }
}
