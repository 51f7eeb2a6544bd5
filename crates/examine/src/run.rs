//! The whole way of an examination, from sources to a finished folder.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::Scope;

use jiff::Timestamp;
use pendeen_evidence::image::Image;
use pendeen_evidence::source::Source;
use pendeen_evidence::worker::WorkerCommand;
use pendeen_item::{Gap, Stage};
use pendeen_knownset::KnownSet;

use crate::carving;
use crate::checkpoint::Checkpoint;
use crate::digesting::{Along, digest_all};
use crate::gather::{self, Opened};
use crate::mode::Mode;
use crate::nested::{self, Held, Nesting};
use crate::plan::plan;
use crate::privileged::{self, Words};
use crate::progress::{Progress, Step};
use crate::record::{
    Examination, FileRecord, ImageRecord, OptionsRecord, SCHEMA_VERSION, SourceKind, SourceRecord,
    VolumeRecord,
};
use crate::verify::{Verification, Verifying};
use crate::work_folder::{WorkFolder, name};
use crate::{ExamineError, events, report, tables, triage};

/// What to examine, and how.
pub struct Options<'a> {
    /// Disk images (their first segment), archives and folders.
    pub sources: Vec<PathBuf>,
    /// Known lists; a digest in several counts for the list named first.
    pub known: Vec<PathBuf>,
    /// Folder for the results: does not exist yet, or is empty.
    pub out: PathBuf,
    /// Exhibit reference, such as `ABC/1`; may be empty.
    pub exhibit: String,
    /// How many threads read and digest. The tables do not depend on it.
    pub threads: NonZeroUsize,
    /// Starts the sandboxed process that opens file systems.
    pub worker: WorkerCommand,
    /// Starts the sandboxed process that opens archives and documents.
    pub content: WorkerCommand,
    /// How far contents are opened.
    pub nesting: Nesting,
    /// Whether to read each image that stores digests whole first, and compare. One that stores
    /// none is not read twice: there is nothing to compare with.
    pub verify: bool,
    /// Whether to search the space that no live file owns for pictures and films.
    pub carve: bool,
    /// Who examines, with what.
    pub method: Method,
    /// How it runs: triage, resuming, stopping, what is set apart.
    pub mode: Mode<'a>,
    /// Tells the time, UTC; asked at the beginning and at the end.
    pub clock: &'a (dyn Fn() -> Timestamp + Sync),
}

/// Who examines, with what: goes into the record as it is.
#[derive(Debug, Clone)]
pub struct Method {
    /// The program: `pendeen`.
    pub tool: String,
    /// Its version.
    pub version: String,
    /// Who runs it, if that is known.
    pub examiner: Option<String>,
}

/// Examines the sources and writes the folder of results.
///
/// The tables depend on the sources and the lists alone: they are the same, byte for byte, on
/// any number of threads. Nothing stands under the folder's name until all of it is durable.
pub fn run(options: &Options<'_>, progress: &dyn Progress) -> Result<Examination, ExamineError> {
    let started = (options.clock)();
    progress.begin(Step::Opening, None, None);
    let known = KnownSet::load(&options.known)?;
    let words = options.mode.privileged.as_deref().map(Words::load).transpose()?;
    let sources = gather::open(&options.sources)?;
    let folder = WorkFolder::create(&options.out, &options.sources, options.mode.resume)?;
    let lists = Lists { known, words };
    let examined = std::thread::scope(|scope| {
        examine(scope, options, started, &lists, sources, &folder, progress)
    });
    match examined {
        Ok(examination) => {
            folder.finish()?;
            Ok(examination)
        }
        Err(
            error @ (ExamineError::Interrupted { .. }
            | ExamineError::NotTheSame { .. }
            | ExamineError::NotUnlockedAlike { .. }),
        ) => {
            folder.leave();
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// The lists that the laboratory chose.
struct Lists {
    known: KnownSet,
    words: Option<Words>,
}

/// The whole way within the work folder.
fn examine<'scope>(
    scope: &'scope Scope<'scope, '_>,
    options: &'scope Options<'_>,
    started: Timestamp,
    lists: &Lists,
    mut sources: Vec<Opened>,
    folder: &WorkFolder,
    progress: &'scope dyn Progress,
) -> Result<Examination, ExamineError> {
    let Lists { known, words } = lists;
    let mode = &options.mode;
    let go_on = || mode.go_on(&options.out);
    let checkpoint = Arc::new(Checkpoint::open(folder, mode.checkpoints)?);
    let mut gaps = Vec::new();
    let asked = options.verify && !mode.triage;
    // Of a run that does not compare nothing is kept: one that goes on as another does.
    let before = if asked {
        checkpoint.verified().filter(|all| all.len() == sources.len())
    } else {
        Some(vec![None; sources.len()])
    };
    let verifying = before.is_none().then(|| {
        Verifying::start(scope, comparable(&sources), &checkpoint, progress, || mode.stopped())
    });
    let _ends = verifying.as_ref().map(Verifying::ends_with_this);

    progress.begin(Step::Listing, None, None);
    let mut found = gather::list(&mut sources, &options.worker, &mode.secrets(), &mut gaps);
    go_on()?;
    if options.carve && !mode.triage {
        let carved =
            carving::carve(&sources, &found, &options.worker, options.threads, &mut gaps, progress);
        found.extend(carved);
    }

    go_on()?;
    let mut plan = plan(&found, &sources);
    let not_read = if mode.triage { triage::narrow(&mut plan, known) } else { Vec::new() };
    gaps.extend(triage::gaps(&not_read, &found, &sources));
    let along = Along {
        known: mode.triage.then_some(known),
        words: words.as_ref(),
        checkpoint: Some(&checkpoint),
        before: checkpoint.resume(&found, &sources, words.as_ref())?,
    };
    progress.begin(Step::Reading, Some(found.len() as u64), Some(plan.bytes));
    let mut outcomes = digest_all(plan, &found, &sources, options, along, progress);
    checkpoint.flush()?;
    go_on()?;
    for index in not_read {
        outcomes[index.get()].not_read = true;
    }
    if let Some(words) = words {
        privileged::set_apart(words, &found, &mut outcomes, 0);
    }

    let mut held =
        Held { found: &mut found, outcomes: &mut outcomes, sources: &mut sources, gaps: &mut gaps };
    let events = if mode.triage {
        held.gaps.extend(nested::not_opened(held.sources));
        Vec::new()
    } else {
        let records = nested::open_all(&mut held, folder, words.as_ref(), options, progress);
        go_on()?;
        events::all(&found, &outcomes, &sources, &records, known, options, &mut gaps)
    };
    let verified = match verifying {
        Some(verifying) => verifying.finish()?,
        None => before.unwrap_or_default(),
    };
    go_on()?;
    for (source, verification) in sources.iter().zip(&verified) {
        gaps.extend(verification.iter().flat_map(|found| verification_gaps(source, found)));
    }

    progress.begin(Step::Writing, Some(found.len() as u64), None);
    let mut written = tables::write(folder, &options.exhibit, &found, &outcomes, known, gaps)?;
    let events = events::write(folder, &options.exhibit, events, &mut written.counts)?;
    let mut examination = Examination {
        schema_version: SCHEMA_VERSION,
        tool: options.method.tool.clone(),
        version: options.method.version.clone(),
        components: components(),
        exhibit: options.exhibit.clone(),
        examiner: options.method.examiner.clone(),
        encryption: sources.iter().flat_map(|source| source.encryption.clone()).collect(),
        sources: sources.iter().zip(verified).map(|(s, v)| source_record(s, v)).collect(),
        known: known.sources().to_vec(),
        started,
        finished: (options.clock)(),
        options: OptionsRecord {
            threads: options.threads.get(),
            verify: asked,
            triage: mode.triage,
            privileged: words.as_ref().map(|words| words.list.clone()),
            unlock: mode.unlock.as_ref().map(|unlock| unlock.record.clone()),
            resumed: mode.resume,
            carve: options.carve && !mode.triage,
        },
        counts: written.counts,
        files: BTreeMap::from([
            (name::ITEMS.to_owned(), written.items),
            (name::GAPS.to_owned(), written.gaps),
            (name::EVENTS.to_owned(), events),
        ]),
    };
    examination.files.extend(written.pages);
    let page = report::html(&examination, &written.excerpt);
    folder.write(name::REPORT, page.as_bytes())?;
    examination.files.insert(name::REPORT.to_owned(), FileRecord::of(page.as_bytes()));
    let mut text = serde_json::to_vec_pretty(&examination).map_err(|source| {
        ExamineError::BadRecord { path: folder.path(name::EXAMINATION), source }
    })?;
    text.push(b'\n');
    folder.write(name::EXAMINATION, &text)?;
    Ok(examination)
}

/// The images that store digests to compare with.
fn comparable(sources: &[Opened]) -> Vec<Option<Arc<dyn Image>>> {
    let comparable =
        |source: &Opened| source.image().filter(|image| stores_digests(image)).cloned();
    sources.iter().map(comparable).collect()
}

fn stores_digests(image: &Arc<dyn Image>) -> bool {
    let provenance = image.provenance();
    provenance.stored_md5.is_some() || provenance.stored_sha1.is_some()
}

fn verification_gaps(source: &Opened, verification: &Verification) -> Vec<Gap> {
    let gap = |wanted: &str, reason: String| Gap {
        forensic_path: source.prefix.clone(),
        stage: Stage::Source,
        wanted: wanted.to_owned(),
        reason,
        offset_bytes: None,
        size_bytes: None,
    };
    let mut gaps: Vec<Gap> = verification
        .unreadable
        .iter()
        .map(|range| Gap {
            offset_bytes: Some(range.offset.0),
            size_bytes: Some(range.len.0),
            ..gap("the bytes of the image", range.reason.clone())
        })
        .collect();
    if verification.matches == Some(false) {
        let reason = "the digest of the bytes read is not the one that the image stores".to_owned();
        gaps.push(gap("the acquired bytes", reason));
    }
    gaps
}

fn source_record(source: &Opened, verified: Option<Verification>) -> SourceRecord {
    let kind = match &source.source {
        Source::Folder(_) => SourceKind::Folder,
        Source::Archive(archive) => SourceKind::Archive {
            media_type: archive.media_type.to_owned(),
            len_bytes: archive.len,
        },
        Source::Image(image) => {
            let provenance = image.provenance();
            SourceKind::Image(Box::new(ImageRecord {
                format: provenance.format,
                segments: provenance.segments.clone(),
                len_bytes: provenance.len.0,
                stored_md5: provenance.stored_md5.map(hex::encode),
                stored_sha1: provenance.stored_sha1.map(hex::encode),
                header: provenance.header.clone(),
                volumes: source
                    .volumes
                    .iter()
                    .map(|volume| VolumeRecord {
                        label: volume.label.clone(),
                        offset_bytes: volume.offset.0,
                        len_bytes: volume.len.0,
                    })
                    .collect(),
                verified,
                sandbox: source.sandbox,
            }))
        }
    };
    let path = std::path::absolute(&source.path).unwrap_or_else(|_| source.path.clone());
    SourceRecord { path, prefix: source.prefix.clone(), kind }
}

/// What else took part in the result.
fn components() -> BTreeMap<String, String> {
    BTreeMap::from([("libtsk".to_owned(), pendeen_tsk::library_version())])
}
