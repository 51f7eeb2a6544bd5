//! What lies inside contents: members of archives, file systems of disk images, and so on down.
//!
//! In: the entries of all sources with their outcomes. Out: further entries, each with its own
//! outcome and its place, and a gap for everything that could not be opened. The work goes in
//! waves: the first opens the sources that are archives and the containers among the entries, the
//! next the containers among what the first found, until there are none. Contents are known by
//! their SHA-256: one that was met before is not opened again, but each occurrence gets its
//! entries. Threads share a wave's contents; what they find is placed in the order of the
//! entries, so that the result does not depend on them. Refused, each with a gap: what lies
//! deeper, is larger or is more than [`Nesting`] allows, and containers without a reader.

mod backup;
mod collect;
mod image;
mod opening;
mod place;
mod spool;
mod task;

use std::collections::{HashMap, HashSet};

use pendeen_evidence::source::Source;
use pendeen_item::{Gap, Stage};

use crate::digesting::Outcome;
use crate::gather::{Found, Opened};
use crate::privileged::{self, Words};
use crate::progress::{Progress, Step};
use crate::run::Options;
use crate::work_folder::WorkFolder;
pub(crate) use image::Runs;
use place::Placed;
use spool::Spooled;
pub(crate) use task::Opens;
use task::Task;

/// How far contents are opened. What is beyond is a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nesting {
    /// Deepest level: 1 opens the containers that a file system lists, and nothing in them.
    pub depth: u32,
    /// Members of one container at most.
    pub members: u64,
    /// Items inside one entry of a source, on all levels together, at most.
    pub items: u64,
    /// Bytes that come out of one container at most: so many times its own size ...
    pub ratio: u64,
    /// ... or, where that is more, so many.
    pub floor_bytes: u64,
    /// Bytes of containers inside one container that are kept for the next level, at most.
    pub kept_bytes: u64,
}

impl Default for Nesting {
    fn default() -> Self {
        Self {
            depth: 8,
            members: 10_000_000,
            items: 1_000_000,
            ratio: 200,
            floor_bytes: 2 << 30,
            kept_bytes: 64 << 30,
        }
    }
}

/// All that an examination has found so far.
pub(crate) struct Held<'a> {
    pub(crate) found: &'a mut Vec<Found>,
    /// One for each entry found.
    pub(crate) outcomes: &'a mut Vec<Outcome>,
    /// Images inside contents are added behind the sources that a person named.
    pub(crate) sources: &'a mut Vec<Opened>,
    pub(crate) gaps: &'a mut Vec<Gap>,
}

/// Bytes that were kept of contents that record events, by SHA-256, or why they were not.
pub(crate) type Records = HashMap<[u8; 32], Result<Spooled, String>>;

/// What is remembered from wave to wave.
#[derive(Default)]
struct Memory {
    /// Contents that were opened, by their SHA-256, and where what is in them was placed first.
    opened: HashMap<[u8; 32], Placed>,
    /// Bytes kept for the next wave, or why they were not.
    kept: HashMap<[u8; 32], Result<Spooled, String>>,
    /// Bytes kept beyond the waves.
    records: Records,
    /// Items so far inside each entry of a source.
    inside: HashMap<usize, u64>,
    /// Forensic paths of listed entries that look as if they lay inside another.
    taken: HashSet<String>,
}

/// Opens containers until there are none left. Out: what records events among their members.
/// What `words` mark is set apart before the next container is looked at, and is not opened.
pub(crate) fn open_all(
    held: &mut Held<'_>,
    folder: &WorkFolder,
    words: Option<&Words>,
    options: &Options<'_>,
    progress: &dyn Progress,
) -> Records {
    let mut memory = Memory::default();
    let paths = held.found.iter().map(|one| one.entry.forensic_path());
    memory.taken = paths.filter(|path| path.contains("!/")).map(str::to_owned).collect();
    let mut tasks = archives(held.sources);
    backup::unreadable(held, 0);
    let mut from = 0;
    for depth in 1.. {
        let to = held.found.len();
        tasks.extend(task::of(held, from..to, depth, options.nesting, &memory));
        if tasks.is_empty() {
            break;
        }
        progress.begin(Step::Reading, None, None);
        let spools = spool::Folder::new(folder.path(""));
        let opened = opening::all(&tasks, held, &memory, &spools, (words, options), progress);
        memory.kept.clear();
        for (task, opened) in tasks.drain(..).zip(opened) {
            place::all(held, &mut memory, task, opened, (words, options), progress);
        }
        if let Some(words) = words {
            privileged::set_apart(words, held.found, held.outcomes, to);
        }
        backup::unreadable(held, to);
        from = to;
    }
    memory.records
}

/// One gap for each source that is an archive, where containers are not opened.
pub(crate) fn not_opened(sources: &[Opened]) -> Vec<Gap> {
    let packed = sources.iter().filter(|opened| matches!(opened.source, Source::Archive(_)));
    packed.map(|opened| gap(&opened.prefix, INSIDE, "a triage does not open archives")).collect()
}

/// The sources that are archives.
fn archives(sources: &[Opened]) -> Vec<Task> {
    let archive = |(source, opened): (usize, &Opened)| match &opened.source {
        Source::Archive(archive) => Some(Task::source(source, archive.media_type)),
        Source::Image(_) | Source::Folder(_) => None,
    };
    sources.iter().enumerate().filter_map(archive).collect()
}

/// A gap about what is inside a content.
fn gap(forensic_path: &str, wanted: &str, reason: impl Into<String>) -> Gap {
    Gap {
        forensic_path: forensic_path.to_owned(),
        stage: Stage::Decode,
        wanted: wanted.to_owned(),
        reason: reason.into(),
        offset_bytes: None,
        size_bytes: None,
    }
}

/// What is wanted of a content that is not opened at all.
const INSIDE: &str = "what is in it";
