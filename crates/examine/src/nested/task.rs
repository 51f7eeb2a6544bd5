//! Which contents of a wave are opened, and as what.
//!
//! In: entries with their outcomes. Out: one [`Task`] for each distinct content that is a
//! container, with all entries that have it, in the order of the entries. What has no reader, or
//! lies too deep, is a gap at once.

use std::collections::HashMap;
use std::ops::Range;

use pendeen_content::document::Document;
use pendeen_content::protocol::Kind;

use super::{Held, INSIDE, Memory, Nesting, backup, gap};

/// What a content is opened as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opens {
    /// By the content worker.
    Content(Kind),
    /// As a disk image.
    Image,
    /// Not at all: there is no reader for this.
    Unread(&'static str),
}

/// Smallest content that is taken for a disk image, in bytes: boot sectors that a file system
/// keeps as files are smaller.
const LEAST_IMAGE: u64 = 64 << 10;

impl Opens {
    /// A photograph: most hold nothing, and are not opened.
    pub(super) const PHOTOGRAPH: Self = Self::Content(Kind::Document(Document::Photograph));

    /// What a content of this media type and size is opened as; none for what is no container.
    pub(crate) fn of(media_type: &str, size: u64) -> Option<Self> {
        if let Some(kind) = Kind::of(media_type) {
            return Some(Self::Content(kind));
        }
        Some(match media_type {
            "application/x-raw-disk-image" if size >= LEAST_IMAGE => Self::Image,
            "application/x-iso9660-image"
            | "application/x-ewf"
            | "application/x-qemu-disk"
            | "application/x-vmdk"
            | "application/x-vhd"
            | "application/x-vhdx" => Self::Image,
            "application/vnd.rar" => Self::Unread("RAR archives"),
            "application/vnd.ms-outlook-pst" => Self::Unread("Outlook's mail stores"),
            "application/vnd.ms-cab-compressed" => Self::Unread("cabinet files"),
            _ => return None,
        })
    }
}

/// A content to be opened, and who has it.
pub(super) struct Task {
    pub(super) opens: Opens,
    /// Its SHA-256; none for a source.
    pub(super) sha256: Option<[u8; 32]>,
    pub(super) whose: Whose,
    /// Was opened in an earlier wave: only its entries are still to be placed.
    pub(super) again: bool,
}

/// Where a content occurs.
pub(super) enum Whose {
    /// It is the source with this index.
    Source(usize),
    /// It is the content of these entries.
    Entries(Vec<usize>),
}

impl Task {
    pub(super) fn source(source: usize, media_type: &str) -> Self {
        // Sources are told by the same signatures.
        let opens = Opens::of(media_type, 0).unwrap_or(Opens::Unread("such archives"));
        Self { opens, sha256: None, whose: Whose::Source(source), again: false }
    }
}

/// The containers among the entries in `range`, which lie at `depth`.
pub(super) fn of(
    held: &mut Held<'_>,
    range: Range<usize>,
    depth: u32,
    nesting: Nesting,
    memory: &Memory,
) -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    // A backup's list is read as such beside its files, whatever else the same bytes are.
    let mut by_content: HashMap<([u8; 32], bool), usize> = HashMap::new();
    for index in range {
        let outcome = &held.outcomes[index];
        let (Some(media_type), Some(digests)) = (outcome.media_type(), outcome.digests) else {
            continue;
        };
        let entry = &held.found[index].entry;
        let opens = match backup::is_list(entry.name(), media_type) {
            true => Some(Opens::Content(Kind::Backup)),
            false => Opens::of(media_type, entry.size.0),
        };
        let Some(opens) = opens.filter(|o| *o != Opens::PHOTOGRAPH || outcome.embeds) else {
            continue;
        };
        let sha256 = digests.sha256;
        let backup = opens == Opens::Content(Kind::Backup);
        let again = !backup && memory.opened.contains_key(&sha256);
        let kept = if again { None } else { memory.kept.get(&sha256) };
        let refused = match (opens, kept) {
            (Opens::Unread(what), _) => Some(format!("there is no reader for {what}")),
            _ if depth > nesting.depth => {
                Some(format!("it lies {depth} deep, and {} levels are opened", nesting.depth))
            }
            (_, Some(Err(reason))) => Some(reason.clone()),
            _ => None,
        };
        if let Some(reason) = refused {
            held.gaps.push(gap(entry.forensic_path(), INSIDE, reason));
            continue;
        }
        let known = by_content.get(&(sha256, backup)).and_then(|task| tasks.get_mut(*task));
        if let Some(Task { whose: Whose::Entries(entries), .. }) = known {
            entries.push(index);
            continue;
        }
        by_content.insert((sha256, backup), tasks.len());
        let whose = Whose::Entries(vec![index]);
        tasks.push(Task { opens, sha256: Some(sha256), whose, again });
    }
    tasks
}
