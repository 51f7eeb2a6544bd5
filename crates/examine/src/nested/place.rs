//! Gives what was found in a content its place: for each occurrence of the content, entries with
//! paths below the occurrence's own.
//!
//! In: a task and what was found. Out: entries with outcomes, and gaps. The forensic path of a
//! member is its container's, `!/`, and its name as it stands in the container, bytes that are no
//! UTF-8 as `\xff`: text only, which never becomes a path on a disk. Members of one name are told
//! apart by their number: `a.txt@3`.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use pendeen_content::protocol::{Child, Kind, Layout, Problem, Zone};
use pendeen_evidence::entry::{Content, Entry, Parts, Times};
use pendeen_evidence::folder::printable;
use pendeen_evidence::unit::ByteLen;
use pendeen_item::{Gap, Origin};

use super::collect::Member;
use super::opening::Inside;
use super::task::{Opens, Task, Whose};
use super::{Held, INSIDE, Memory, backup, gap, image};
use crate::events::Recording;
use crate::gather::{Facts, Found};
use crate::index::Index;
use crate::privileged::Words;
use crate::progress::Progress;
use crate::run::Options;

/// Where what is in a content was placed first.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    /// The entry that has the content.
    parent: usize,
    /// The entries in it, on its own level.
    entries: Range<usize>,
    /// The gaps about it.
    gaps: Range<usize>,
}

/// Places what a task found, at every occurrence.
pub(super) fn all(
    held: &mut Held<'_>,
    memory: &mut Memory,
    task: Task,
    inside: Inside,
    (words, options): (Option<&Words>, &Options<'_>),
    progress: &dyn Progress,
) {
    let entries = match task.whose {
        Whose::Source(source) => {
            if let Inside::Members { layout, members, problems, trouble } = inside {
                let told = Told { layout, members, problems, trouble };
                let place = Place { source, parent: None, room: u64::MAX };
                members_at(held, memory, told, &place);
            }
            return;
        }
        Whose::Entries(entries) => entries,
    };
    if task.opens == Opens::Content(Kind::Backup) {
        backup::rename(held, &entries, inside);
        return;
    }
    let mut rest = entries.into_iter();
    if !task.again {
        let Some(first) = rest.next() else { return };
        let (from, gaps) = (held.found.len(), held.gaps.len());
        let root = root(held.found, first);
        let room =
            options.nesting.items.saturating_sub(memory.inside.get(&root).copied().unwrap_or(0));
        match inside {
            Inside::Known => {}
            Inside::Members { layout, members, problems, trouble } => {
                let source = held.found[first].source.get();
                let told = Told { layout, members, problems, trouble };
                members_at(held, memory, told, &Place { source, parent: Some(first), room });
            }
            Inside::Image(bytes) => image::add(held, first, bytes, (words, options), progress),
        }
        let entries = from..held.found.len();
        *memory.inside.entry(root).or_default() += entries.len() as u64;
        if let Some(sha256) = task.sha256 {
            let gaps = gaps..held.gaps.len();
            memory.opened.insert(sha256, Placed { parent: first, entries, gaps });
        }
    }
    let placed = task.sha256.and_then(|sha256| memory.opened.get(&sha256).cloned());
    let Some(placed) = placed else { return };
    for index in rest {
        again(held, memory, &placed, index, options.nesting.items);
    }
}

/// What was told of one content.
struct Told {
    layout: Option<Layout>,
    members: Vec<Member>,
    problems: Vec<Problem>,
    trouble: Option<String>,
}

/// Where members are placed.
struct Place {
    source: usize,
    /// The entry that has the content; none where the source itself is it.
    parent: Option<usize>,
    /// How many more items may be placed there.
    room: u64,
}

fn members_at(held: &mut Held<'_>, memory: &mut Memory, told: Told, place: &Place) {
    let fs_type = told.layout.map_or("archive", Layout::key);
    let (container, prefix) = match place.parent {
        Some(parent) => {
            let path = held.found[parent].entry.forensic_path();
            (path.to_owned(), format!("{path}!/"))
        }
        None => {
            let prefix = &held.sources[place.source].prefix;
            (prefix.clone(), format!("{prefix}{fs_type}:/"))
        }
    };
    let mut names = HashSet::with_capacity(told.members.len());
    // Only few formats have links, whose targets come before them.
    let linked = told.members.iter().any(|member| member.child.same_as.is_some());
    let mut numbers: HashMap<u64, usize> = HashMap::new();
    let total = told.members.len() as u64;
    let room = usize::try_from(place.room).unwrap_or(usize::MAX);
    for member in told.members.into_iter().take(room) {
        let Member { child, len, mut outcome, kept } = member;
        let name = displayed(&child, held, place);
        let mut forensic_path = format!("{prefix}{}", printable(&name.raw));
        while memory.taken.contains(&forensic_path) || !names.insert(forensic_path.clone()) {
            forensic_path = format!("{forensic_path}@{}", child.number);
        }
        let mut size = if outcome.trouble.is_some() { child.size.unwrap_or(len) } else { len };
        let target = child.same_as.and_then(|same| numbers.get(&same));
        if let Some(&target) = target {
            outcome = held.outcomes[target].clone();
            size = held.found[target].entry.size.0;
        }
        if let (Some(kept), Some(digests)) = (kept, &outcome.digests) {
            if Recording::of(&child.name.0, outcome.media_type(), len).is_some() {
                memory.records.entry(digests.sha256).or_insert_with(|| kept.clone());
            }
            memory.kept.entry(digests.sha256).or_insert(kept);
        }
        if linked {
            numbers.insert(child.number, held.found.len());
        }
        let facts = Facts { owner: child.owner, encrypted: child.encrypted };
        let entry = entry(child, name, forensic_path, fs_type, size, place.parent.is_some());
        let (source, parent) = (Index::new(place.source), place.parent.map(Index::new));
        held.found.push(Found::inside(source, parent, entry, facts));
        held.outcomes.push(outcome);
    }
    if total > place.room {
        held.gaps.push(gap(&container, "the rest of what is in it", too_many(place.room, total)));
    }
    for problem in told.problems {
        let gap = gap(&container, &problem.wanted, problem.reason);
        held.gaps.push(match problem.at {
            Some(at) => Gap { reason: format!("{}, at byte {at} of it", gap.reason), ..gap },
            None => gap,
        });
    }
    if let Some(trouble) = told.trouble {
        let wanted = if total == 0 { INSIDE } else { "the rest of what is in it" };
        held.gaps.push(gap(&container, wanted, trouble));
    }
}

fn too_many(room: u64, total: u64) -> String {
    format!(
        "{room} of its {total} items are listed: more lie inside one file of the source than are \
         listed at most"
    )
}

/// A member's name as bytes and as text.
struct Name {
    raw: Vec<u8>,
    text: String,
}

fn displayed(child: &Child, held: &Held<'_>, place: &Place) -> Name {
    let mut raw = child.name.0.clone();
    if raw.is_empty() {
        raw = stem(held, place);
    }
    let text = match &child.text {
        Some(text) => text.clone(),
        None => String::from_utf8_lossy(&raw).into_owned(),
    };
    Name { raw, text }
}

/// The name of a compressed stream's content, which may have none of its own: that of the stream
/// without its last extension.
fn stem(held: &Held<'_>, place: &Place) -> Vec<u8> {
    let name = match place.parent {
        Some(parent) => held.found[parent].entry.name().to_vec(),
        None => {
            let name = held.sources[place.source].path.file_name().unwrap_or_default();
            name.as_encoded_bytes().to_vec()
        }
    };
    match name.iter().rposition(|byte| *byte == b'.') {
        Some(dot) if dot > 0 => name[..dot].to_vec(),
        _ => b"content".to_vec(),
    }
}

fn entry(
    child: Child,
    name: Name,
    forensic_path: String,
    fs_type: &'static str,
    size: u64,
    embedded: bool,
) -> Entry {
    let inside = name.text.strip_prefix("./").unwrap_or(&name.text);
    let last = inside.rsplit('/').find(|part| !part.is_empty()).unwrap_or(inside);
    let origin = match (child.deleted, embedded) {
        (true, _) => Origin::Deleted,
        (false, true) => Origin::Embedded,
        (false, false) => Origin::Live,
    };
    Entry::from(Parts {
        name: last.as_bytes().to_vec(),
        path: format!("/{}", inside.trim_start_matches('/')),
        forensic_path,
        origin,
        recovery: None,
        fs_type,
        fs_address: child.number.to_string(),
        size: ByteLen(size),
        times: child.times,
        zone_unknown: child.zone == Zone::Unknown && child.times != Times::default(),
        content: Content::Embedded,
    })
}

/// The entry of a source that an entry lies in, on whatever level.
fn root(found: &[Found], mut index: usize) -> usize {
    while let Some(parent) = found[index].parent {
        index = parent.get();
    }
    index
}

/// Places what was found in a content before at another occurrence, entry `index`.
fn again(held: &mut Held<'_>, memory: &mut Memory, placed: &Placed, index: usize, most: u64) {
    let root = root(held.found, index);
    let inside = memory.inside.entry(root).or_default();
    let new = held.found[index].entry.forensic_path().to_owned();
    let wanted = placed.entries.len() as u64;
    if most.saturating_sub(*inside) < wanted {
        held.gaps.push(gap(&new, INSIDE, too_many(0, wanted)));
        return;
    }
    *inside += wanted;
    let old = held.found[placed.parent].entry.forensic_path().to_owned();
    let moved = |path: &str| match path.strip_prefix(&old) {
        Some(rest) => format!("{new}{rest}"),
        None => path.to_owned(),
    };
    for from in placed.entries.clone() {
        let one = &held.found[from];
        let mut entry = one.entry.clone();
        entry.set_forensic_path(&moved(entry.forensic_path()));
        let copy = Found::inside(one.source, Some(Index::new(index)), entry, one.facts());
        held.outcomes.push(held.outcomes[from].clone());
        held.found.push(copy);
    }
    for from in placed.gaps.clone() {
        let mut gap = held.gaps[from].clone();
        gap.forensic_path = moved(&gap.forensic_path);
        held.gaps.push(gap);
    }
}
