//! From entries and outcomes to rows, in forensic order, and to the counts that sum them up.

use std::collections::BTreeMap;

use pendeen_evidence::entry::Content;
use pendeen_fingerprint::extension_mismatch;
use pendeen_fingerprint::metadata::Encrypted;
use pendeen_item::{Gap, GapWriter, Item, ItemWriter, Stage, forensic_order};
use pendeen_knownset::KnownSet;

use crate::ExamineError;
use crate::digesting::Outcome;
use crate::gather::Found;
use crate::index::Index;
use crate::plan::first_byte;
use crate::record::{Counts, FileRecord};
use crate::report::{Rows, Timeline};
use crate::triage::NOT_READ;
use crate::work_folder::{WorkFolder, name};

/// What the report shows besides the counts.
#[derive(Debug, Default)]
pub(crate) struct Excerpt {
    /// The first items in forensic order.
    pub(crate) first: Vec<Item>,
    /// Known items, the first of them in forensic order.
    pub(crate) known: Vec<Item>,
    /// The first gaps.
    pub(crate) gaps: Vec<Gap>,
    /// The first items that are set apart, without their names.
    pub(crate) privileged: Vec<Apart>,
    /// When contents were last changed.
    pub(crate) timeline: Timeline,
}

/// What is told of an item that is set apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Apart {
    pub(crate) size: u64,
    pub(crate) md5: Option<[u8; 16]>,
    pub(crate) sha256: Option<[u8; 32]>,
}

impl Apart {
    fn of(item: &Item) -> Self {
        Self { size: item.size_bytes, md5: item.md5, sha256: item.sha256 }
    }
}

/// Rows of a kind that the report itself shows.
pub(crate) const EXCERPT: usize = 200;

/// The finished tables.
pub(crate) struct Tables {
    pub(crate) items: FileRecord,
    pub(crate) gaps: FileRecord,
    pub(crate) counts: Counts,
    pub(crate) excerpt: Excerpt,
    /// The pages of the report's long tables, and the table of what is set apart.
    pub(crate) pages: BTreeMap<String, FileRecord>,
}

/// Writes both tables into the work folder.
pub(crate) fn write(
    folder: &WorkFolder,
    exhibit: &str,
    found: &[Found],
    outcomes: &[Outcome],
    known: &KnownSet,
    gaps: Vec<Gap>,
) -> Result<Tables, ExamineError> {
    std::thread::scope(|scope| {
        let rows = Rows::start(scope, folder);
        write_with(rows, folder, exhibit, found, outcomes, known, gaps)
    })
}

fn write_with(
    mut rows: Rows<'_>,
    folder: &WorkFolder,
    exhibit: &str,
    found: &[Found],
    outcomes: &[Outcome],
    known: &KnownSet,
    mut gaps: Vec<Gap>,
) -> Result<Tables, ExamineError> {
    let mut counts = Counts { entries: found.len() as u64, ..Counts::default() };
    let mut excerpt = Excerpt::default();
    let mut writer = ItemWriter::create(&folder.path(name::ITEMS), exhibit)?;
    let mut order: Vec<Index> = (0..found.len()).map(Index::new).collect();
    order.sort_unstable_by(|a, b| {
        let path = |index: &Index| found[index.get()].entry.forensic_path();
        forensic_order(path(a), path(b))
    });
    let mut apart = None;
    for index in order.into_iter().map(Index::get) {
        let item = item(found, index, &outcomes[index], known);
        if outcomes[index].privileged {
            let path = folder.path(name::PRIVILEGED);
            counts.privileged += 1;
            excerpt
                .privileged
                .extend((excerpt.privileged.len() < EXCERPT).then(|| Apart::of(&item)));
            gaps.extend(
                content_gap(&found[index], &outcomes[index])
                    .map(|gap| Gap { forensic_path: format!("set apart: {}", item.id()), ..gap }),
            );
            match &mut apart {
                Some(writer) => ItemWriter::write(writer, item)?,
                none => none.insert(ItemWriter::create(&path, exhibit)?).write(item)?,
            }
            continue;
        }
        gaps.extend(content_gap(&found[index], &outcomes[index]));
        count(&mut counts, &item, outcomes[index].not_read);
        excerpt.timeline.add(&item);
        rows.add(&item);
        if excerpt.first.len() < EXCERPT {
            excerpt.first.push(item.clone());
        }
        if item.known_list.is_some() && excerpt.known.len() < EXCERPT {
            excerpt.known.push(item.clone());
        }
        writer.write(item)?;
    }
    let items = FileRecord::from(writer.finish()?);
    gaps.sort_by(|a, b| forensic_order(&a.forensic_path, &b.forensic_path).then(a.cmp(b)));
    counts.gaps = gaps.len() as u64;
    excerpt.gaps = gaps.iter().take(EXCERPT).cloned().collect();
    let mut pages = rows.finish(folder, &gaps)?;
    if let Some(writer) = apart {
        pages.insert(name::PRIVILEGED.to_owned(), FileRecord::from(writer.finish()?));
    }
    let mut writer = GapWriter::create(&folder.path(name::GAPS), exhibit)?;
    for gap in gaps {
        writer.write(gap)?;
    }
    Ok(Tables { items, gaps: FileRecord::from(writer.finish()?), counts, excerpt, pages })
}

/// The row of one entry.
fn item(found: &[Found], index: usize, outcome: &Outcome, known: &KnownSet) -> Item {
    let one = &found[index];
    let (entry, facts, times) = (&one.entry, one.facts(), one.entry.times());
    let parent = one.parent.and_then(|parent| found.get(parent.get()));
    let name = String::from_utf8_lossy(entry.name()).into_owned();
    let hit = outcome.digests.as_ref().and_then(|digests| known.lookup(digests));
    Item {
        forensic_path: entry.forensic_path().to_owned(),
        parent: parent.map(|parent| parent.entry.forensic_path().to_owned()),
        path: entry.path().to_owned(),
        origin: entry.origin,
        recovery: entry.recovery,
        fs_type: entry.fs_type().to_owned(),
        fs_address: entry.fs_address().to_owned(),
        offset_bytes: first_byte(entry),
        size_bytes: entry.size.0,
        created: times.created,
        modified: times.modified,
        accessed: times.accessed,
        changed: times.changed,
        media_type: outcome.media_type().map(str::to_owned),
        extension_mismatch: extension_mismatch(&name, outcome.media_type()),
        name,
        md5: outcome.digests.map(|d| d.md5),
        sha1: outcome.digests.map(|d| d.sha1),
        sha256: outcome.digests.map(|d| d.sha256),
        media: outcome.media(),
        encrypted: match (outcome.encrypted, facts.encrypted) {
            (Some(encrypted), _) => Some(encrypted.key().to_owned()),
            (None, true) => Some(Encrypted::Container.key().to_owned()),
            (None, false) => None,
        },
        known_list: hit.map(|known| known.list.clone()),
        known_category: hit.map(|known| known.category.clone()).filter(|c| !c.is_empty()),
        gap: outcome
            .trouble
            .as_ref()
            .map(|trouble| trouble.reason.clone())
            .or_else(|| outcome.not_read.then(|| NOT_READ.to_owned())),
        owner_id: facts.owner.map(|(user, _)| user),
        group_id: facts.owner.map(|(_, group)| group),
        time_zone: entry.zone_unknown.then(|| "unknown".to_owned()),
    }
}

/// The gap of an entry whose content could not be read whole.
fn content_gap(found: &Found, outcome: &Outcome) -> Option<Gap> {
    let trouble = outcome.trouble.as_ref()?;
    let wanted = match found.entry.content {
        Content::Unknown(_) => "where its content is",
        _ => "its whole content",
    };
    Some(Gap {
        forensic_path: found.entry.forensic_path().to_owned(),
        stage: Stage::Content,
        wanted: wanted.to_owned(),
        reason: trouble.reason.clone(),
        offset_bytes: trouble.offset,
        size_bytes: trouble.len,
    })
}

fn count(counts: &mut Counts, item: &Item, not_read: bool) {
    counts.items += 1;
    counts.not_read += u64::from(not_read);
    counts.items_with_gaps += u64::from(item.gap.is_some() && !not_read);
    counts.bytes = counts.bytes.saturating_add(item.size_bytes);
    counts.extension_mismatches += u64::from(item.extension_mismatch);
    *counts.by_origin.entry(item.origin.key().to_owned()).or_default() += 1;
    let media_type = item.media_type.clone().unwrap_or_default();
    *counts.by_media_type.entry(media_type).or_default() += 1;
    if let Some(list) = &item.known_list {
        counts.known += 1;
        let category = item.known_category.clone().unwrap_or_default();
        *counts.known_by_list.entry(list.clone()).or_default().entry(category).or_default() += 1;
    }
}
