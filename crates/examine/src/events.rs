//! Reads what programs recorded: from databases and small record files to the event table.
//!
//! In: all entries with their outcomes, and the bytes that were kept of those inside archives.
//! Out: events in the table's order, and a gap for every record that could not be read. Threads
//! share the entries; each entry's events are placed in the order of the entries, and then all
//! are sorted, so that the result does not depend on them. A database is read with the log that
//! lies beside it. Nothing is written, and nothing is asked of SQLite.
//! Refused: more than [`MOST_EVENTS`] events in all, which is a gap; messengers' databases that
//! are encrypted, likewise.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pendeen_content::Positioned;
use pendeen_content::events::{
    Events, JUMP_LIST_BYTES, RECYCLED_BYTES, SHORTCUT_BYTES, jump_list, of_database, recycled,
    shortcut,
};
use pendeen_content::sqlite::Database;
use pendeen_evidence::content::Reader;
use pendeen_evidence::entry::{Content, Entry};
use pendeen_item::{Event, EventWriter, Gap, Stage};
use pendeen_knownset::KnownSet;

use crate::ExamineError;
use crate::at_hand::OfFile;
use crate::content::{described, open};
use crate::digesting::Outcome;
use crate::gather::{Found, Opened};
use crate::nested::{Records, Runs};
use crate::record::{Counts, FileRecord};
use crate::run::Options;
use crate::work_folder::{WorkFolder, name};

/// Events of one examination at most.
const MOST_EVENTS: usize = 8_000_000;
/// Contents that only a worker can produce are read into memory, up to so many bytes.
const MOST_ASKED: u64 = 256 << 20;

/// How a content records events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recording {
    /// A SQLite database.
    Database,
    /// The log beside one.
    Log,
    /// A record of Windows' recycle bin.
    Recycled,
    /// A shortcut of Windows.
    Shortcut,
    /// A list of the files that a program of Windows opened last.
    JumpList,
}

impl Recording {
    /// How a content of this name, type and size records events; none if it does not.
    pub(crate) fn of(name: &[u8], media_type: Option<&str>, size: u64) -> Option<Self> {
        match media_type {
            Some("application/vnd.sqlite3") => Some(Self::Database),
            Some("application/x-sqlite3-wal") => Some(Self::Log),
            Some("application/x-ms-shortcut") if size <= SHORTCUT_BYTES => Some(Self::Shortcut),
            Some("application/x-ole-storage")
                if size <= JUMP_LIST_BYTES
                    && name.to_ascii_lowercase().ends_with(b".automaticdestinations-ms") =>
            {
                Some(Self::JumpList)
            }
            None if size <= RECYCLED_BYTES && last_component(name).starts_with(b"$I") => {
                Some(Self::Recycled)
            }
            _ => None,
        }
    }
}

/// A member's name may have its path before it.
fn last_component(name: &[u8]) -> &[u8] {
    name.rsplit(|b| matches!(b, b'/' | b'\\')).next().unwrap_or(name)
}

/// What all threads see.
struct Work<'a> {
    found: &'a [Found],
    outcomes: &'a [Outcome],
    sources: &'a [Opened],
    records: &'a Records,
    options: &'a Options<'a>,
    /// Entries that are logs, by their forensic paths.
    logs: HashMap<&'a str, usize>,
    wanted: Vec<(usize, Recording)>,
    next: AtomicUsize,
    done: Mutex<Vec<(usize, Events)>>,
}

/// Reads all events; what could not be read is added to `gaps`.
pub(crate) fn all(
    found: &[Found],
    outcomes: &[Outcome],
    sources: &[Opened],
    records: &Records,
    known: &KnownSet,
    options: &Options<'_>,
    gaps: &mut Vec<Gap>,
) -> Vec<Event> {
    let mut wanted = Vec::new();
    let mut logs = HashMap::new();
    for (index, (one, outcome)) in found.iter().zip(outcomes).enumerate() {
        let entry = &one.entry;
        if outcome.privileged {
            continue;
        }
        match Recording::of(entry.name(), outcome.media_type(), entry.size.0) {
            Some(Recording::Log) => {
                logs.insert(entry.forensic_path(), index);
            }
            Some(how) if outcome.digests.is_some() => wanted.push((index, how)),
            _ => gaps.extend(encrypted(entry, outcome).map(|reason| gap(entry, reason))),
        }
    }
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = Work { found, outcomes, sources, records, options, logs, wanted, next, done };
    std::thread::scope(|scope| {
        for _ in 1..options.threads.get().min(work.wanted.len()) {
            scope.spawn(|| work.run());
        }
        work.run();
    });
    let mut done = work.done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    gathered(found, done, known, gaps)
}

/// The events of all entries in the table's order.
fn gathered(
    found: &[Found],
    done: Vec<(usize, Events)>,
    known: &KnownSet,
    gaps: &mut Vec<Gap>,
) -> Vec<Event> {
    let mut all: Vec<Event> = Vec::new();
    for (index, mut events) in done {
        let entry = &found[index].entry;
        gaps.extend(events.problems.into_iter().map(|problem| gap(entry, problem)));
        let room = MOST_EVENTS - all.len();
        if events.events.len() > room {
            events.events.truncate(room);
            let reason = format!("{MOST_EVENTS} events of one examination are kept, and no more");
            gaps.push(gap(entry, reason));
        }
        all.extend(events.events.into_iter().map(|event| {
            let hit = event.sha256.and_then(|digest| known.lookup_one(&digest));
            Event {
                path: entry.path().to_owned(),
                forensic_path: entry.forensic_path().to_owned(),
                known_list: hit.map(|known| known.list.clone()),
                known_category: hit.map(|hit| hit.category.clone()).filter(|c| !c.is_empty()),
                ..event
            }
        }));
    }
    all.sort_by(Event::order);
    all
}

/// Writes the event table and counts its rows.
pub(crate) fn write(
    folder: &WorkFolder,
    exhibit: &str,
    events: Vec<Event>,
    counts: &mut Counts,
) -> Result<FileRecord, ExamineError> {
    let mut writer = EventWriter::create(&folder.path(name::EVENTS), exhibit)?;
    for event in events {
        counts.events += 1;
        counts.events_known += u64::from(event.known_list.is_some());
        *counts.events_by_source.entry(event.source.to_owned()).or_default() += 1;
        writer.write(event)?;
    }
    Ok(FileRecord::from(writer.finish()?))
}

fn gap(entry: &Entry, reason: impl Into<String>) -> Gap {
    Gap {
        forensic_path: entry.forensic_path().to_owned(),
        stage: Stage::Decode,
        wanted: "the events that it records".to_owned(),
        reason: reason.into(),
        offset_bytes: None,
        size_bytes: None,
    }
}

/// Why a messenger's database is not read: it is one that is kept encrypted. Its content says
/// nothing, so here alone a name must do.
fn encrypted(entry: &Entry, outcome: &Outcome) -> Option<&'static str> {
    if outcome.media_type.is_some() || entry.size.0 < 1024 {
        return None;
    }
    let name = entry.name().to_ascii_lowercase();
    let name = last_component(&name);
    let is = |wanted: &[u8]| name == wanted;
    let kept = |part: &[u8]| name.windows(part.len()).any(|w| w == part);
    let path = entry.path().to_ascii_lowercase();
    if is(b"signal.db") || (is(b"db.sqlite") && path.contains("signal")) {
        Some("it is Signal's database, which is encrypted")
    } else if kept(b".db.crypt1") {
        Some("it is a backup of WhatsApp's, which is encrypted")
    } else if is(b"enmicromsg.db") {
        Some("it is WeChat's database, which is encrypted")
    } else {
        None
    }
}

impl Work<'_> {
    fn run(&self) {
        let mut readers = BTreeMap::new();
        while let Some((index, how)) = self.wanted.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let events = self.read(*index, *how, &mut readers).unwrap_or_else(Events::lost);
            self.done.lock().unwrap_or_else(PoisonError::into_inner).push((*index, events));
        }
    }

    fn read(
        &self,
        index: usize,
        how: Recording,
        readers: &mut BTreeMap<usize, Reader>,
    ) -> Result<Events, String> {
        let content = self.open(index, readers)?;
        if how != Recording::Database {
            let len = usize::try_from(content.size()).map_err(|e| e.to_string())?;
            let mut bytes = vec![0; len];
            content.fill(0, &mut bytes).map_err(|e| e.to_string())?;
            return Ok(match how {
                Recording::Recycled => Events::of(recycled(&bytes)),
                Recording::JumpList => jump_list(&bytes),
                _ => Events::of(shortcut(&bytes)),
            });
        }
        let path = format!("{}-wal", self.found[index].entry.forensic_path());
        let log = self.logs.get(path.as_str()).map(|log| self.open(*log, readers)).transpose();
        let (log, lost) = match log {
            Ok(log) => (log, None),
            Err(problem) => (None, Some(format!("its log cannot be read: {problem}"))),
        };
        let mut events = match Database::open(&content, log.as_ref().map(|log| log as _)) {
            Ok(database) => of_database(&database),
            // What a file system or a carver remembers of a database is often no longer one.
            Err(_) if self.found[index].entry.recovery.is_some() => Events::default(),
            Err(error) => return Err(described(&error)),
        };
        events.problems.extend(lost);
        Ok(events)
    }

    /// An entry's content by position.
    fn open(
        &self,
        index: usize,
        readers: &mut BTreeMap<usize, Reader>,
    ) -> Result<Box<dyn Positioned + '_>, String> {
        let Found { source, entry, .. } = &self.found[index];
        let image = self.sources[source.get()].image();
        let again =
            |e: &dyn std::error::Error| format!("it cannot be read again: {}", described(e));
        Ok(match (&entry.content, image) {
            (Content::File(path), _) => {
                let file = open(path).map_err(|e| again(&e))?;
                Box::new(OfFile { file, len: entry.size.0 })
            }
            (Content::Runs(runs), Some(image)) => Box::new(Runs::new(image.as_ref(), runs)),
            (Content::Embedded, _) => {
                let digests = self.outcomes[index].digests;
                match digests.and_then(|digests| self.records.get(&digests.sha256)) {
                    Some(Ok(kept)) => Box::new(kept),
                    Some(Err(reason)) => return Err(reason.clone()),
                    None => return Err("its bytes were not kept".to_owned()),
                }
            }
            (Content::Worker { .. }, Some(image)) if entry.size.0 <= MOST_ASKED => {
                let reader = readers.entry(source.get()).or_insert_with(|| {
                    let volumes = self.sources[source.get()].volumes.clone();
                    Reader::new(Arc::clone(image), volumes, self.options.worker.clone())
                });
                let mut bytes = Vec::new();
                reader
                    .read(entry, &mut |piece| bytes.extend_from_slice(piece))
                    .map_err(|e| again(&e))?;
                Box::new(bytes)
            }
            (Content::Worker { .. }, Some(_)) => {
                return Err(format!(
                    "it has {} bytes, and only a worker can read it, up to {MOST_ASKED}",
                    entry.size
                ));
            }
            _ => return Err("its content has no place".to_owned()),
        })
    }
}
