//! What was read before an interruption is not read again.
//!
//! In: the outcomes of contents, as they come. Out: part files in the work folder, each made
//! durable before it has its name, so that a run that is killed at any moment leaves only whole
//! ones. A run that resumes lists the evidence again, which takes seconds, and takes the outcomes
//! over: every entry, with its parent, is made anew from the evidence, and only digests and
//! metadata come from the parts. So the tables are those of a run that was never interrupted.
//! Refused: parts of another listing, since the evidence or the program is not the same. A part
//! that is damaged counts as absent: its contents are read again.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use pendeen_evidence::entry::{Content, Run, Word};
use pendeen_fingerprint::Digests;
use pendeen_fingerprint::metadata::{Encrypted, Metadata};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::ExamineError;
use crate::digesting::Outcome;
use crate::gather::{Found, Opened};
use crate::mode::Checkpoints;
use crate::privileged::Words;
use crate::verify::Verification;
use crate::work_folder::{WorkFolder, name};

/// The file that says which listing the parts belong to.
const LISTING: &str = "listing";
/// The file that says which encrypted volumes were open.
const UNLOCKED: &str = "unlocked";
const NOTHING_OPEN: &str = "no encrypted volume";
/// The results of verifying the images.
const VERIFIED: &str = "verified.json";

/// An outcome as it stands in a part.
#[derive(Serialize, Deserialize)]
struct Saved {
    /// Index of the content's first entry in the listing.
    first: u64,
    digests: Option<([u8; 16], [u8; 20], [u8; 32])>,
    media_type: Option<String>,
    metadata: Option<Box<Metadata>>,
    encrypted: Option<Encrypted>,
    embeds: bool,
    privileged: bool,
}

/// Where outcomes are made durable.
pub(crate) struct Checkpoint {
    folder: PathBuf,
    every: Checkpoints,
    pending: Mutex<Pending>,
}

/// Outcomes that no part has yet.
struct Pending {
    saved: Vec<Saved>,
    bytes: u64,
    /// When the last part was begun, or the run.
    since: Instant,
    /// The number of the last part.
    parts: u64,
    /// The first error: the next step fails with it.
    failed: Option<io::Error>,
}

impl Checkpoint {
    /// Begins, or goes on, in the work folder.
    pub(crate) fn open(folder: &WorkFolder, every: Checkpoints) -> Result<Self, ExamineError> {
        let folder = folder.path(name::CHECKPOINT);
        fs::create_dir_all(&folder)
            .map_err(|source| ExamineError::Output { path: folder.clone(), source })?;
        let pending =
            Pending { saved: Vec::new(), bytes: 0, since: Instant::now(), parts: 0, failed: None };
        Ok(Self { folder, every, pending: Mutex::new(pending) })
    }

    /// What an earlier run found when it verified the images.
    pub(crate) fn verified(&self) -> Option<Vec<Option<Verification>>> {
        serde_json::from_slice(&fs::read(self.folder.join(VERIFIED)).ok()?).ok()
    }

    /// Keeps what verifying the images found.
    pub(crate) fn keep_verified(
        &self,
        verified: &[Option<Verification>],
    ) -> Result<(), ExamineError> {
        let text = serde_json::to_vec(verified).map_err(io::Error::from);
        text.and_then(|text| durable(&self.folder, VERIFIED, &text)).map_err(self.output())
    }

    /// The outcomes of an earlier run: for each entry that is the first of its content, if it has
    /// read that; empty where there was no earlier run.
    ///
    /// Refused: those of a run that listed something else, or set something else apart.
    pub(crate) fn resume(
        &self,
        found: &[Found],
        sources: &[Opened],
        words: Option<&Words>,
    ) -> Result<Vec<Option<Outcome>>, ExamineError> {
        self.refuse_unlocked_otherwise(sources)?;
        let listing = listing(found, sources, words);
        let before = match fs::read(self.folder.join(LISTING)) {
            Ok(before) => before,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                durable(&self.folder, LISTING, &listing).map_err(self.output())?;
                return Ok(Vec::new());
            }
            Err(source) => return Err(self.output()(source)),
        };
        if before != listing {
            return Err(ExamineError::NotTheSame { path: self.folder.clone() });
        }
        let names = fs::read_dir(&self.folder)
            .and_then(|all| all.map(|e| e.map(|e| e.file_name())).collect::<Result<Vec<_>, _>>())
            .map_err(self.output())?;
        let mut outcomes = Vec::new();
        outcomes.resize_with(found.len(), || None);
        let mut last = 0;
        for name in names {
            let Some(number) = name.to_str().and_then(part_number) else { continue };
            last = last.max(number);
            let saved = fs::read(self.folder.join(&name)).ok().and_then(|bytes| unpacked(&bytes));
            for saved in saved.unwrap_or_default() {
                let first = usize::try_from(saved.first).ok();
                if let Some(place) = first.and_then(|first| outcomes.get_mut(first)) {
                    *place = Some(outcome(saved));
                }
            }
        }
        self.pending.lock().unwrap_or_else(PoisonError::into_inner).parts = last;
        Ok(outcomes)
    }

    /// Refuses to go on where other encrypted volumes were open.
    fn refuse_unlocked_otherwise(&self, sources: &[Opened]) -> Result<(), ExamineError> {
        let open = sources.iter().flat_map(|source| &source.encryption).filter(|e| e.is_open());
        let named = open.map(|e| format!("{} ({})", shown(&e.forensic_path), e.kind.label()));
        let named: Vec<String> = named.collect();
        let now = if named.is_empty() { NOTHING_OPEN.to_owned() } else { named.join(", ") };
        match fs::read(self.folder.join(UNLOCKED)) {
            Ok(before) if before == now.as_bytes() => Ok(()),
            Ok(before) => Err(ExamineError::NotUnlockedAlike {
                before: String::from_utf8_lossy(&before).into_owned(),
                now,
            }),
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                durable(&self.folder, UNLOCKED, now.as_bytes()).map_err(self.output())
            }
            Err(source) => Err(self.output()(source)),
        }
    }

    /// Adds outcomes; makes them durable when there are enough. `bytes` is how much was read.
    /// What met with trouble is left out: it is tried again, since the trouble may have been
    /// the interruption itself, of which a worker process learns as well.
    pub(crate) fn add<'o>(&self, outcomes: impl Iterator<Item = (usize, &'o Outcome)>, bytes: u64) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = outcomes.filter(|(_, outcome)| outcome.trouble.is_none());
        pending.saved.extend(whole.map(|(first, outcome)| saved(first, outcome)));
        pending.bytes = pending.bytes.saturating_add(bytes);
        let few =
            pending.bytes < self.every.bytes && (pending.saved.len() as u64) < self.every.contents;
        if few || pending.since.elapsed() < self.every.pause {
            return;
        }
        pending.parts += 1;
        pending.bytes = 0;
        pending.since = Instant::now();
        let (number, part) = (pending.parts, std::mem::take(&mut pending.saved));
        // Others go on adding while this part is written.
        drop(pending);
        if let Err(error) = self.write(number, &part) {
            let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            pending.failed.get_or_insert(error);
        }
    }

    /// Makes durable what is left, unless it was read in less than the pause; fails where any part
    /// could not be written.
    pub(crate) fn flush(&self) -> Result<(), ExamineError> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = pending.failed.take() {
            return Err(self.output()(error));
        }
        if pending.saved.is_empty() || pending.since.elapsed() < self.every.pause {
            return Ok(());
        }
        pending.parts += 1;
        let (number, part) = (pending.parts, std::mem::take(&mut pending.saved));
        self.write(number, &part).map_err(self.output())
    }

    fn write(&self, number: u64, part: &[Saved]) -> io::Result<()> {
        let mut bytes = postcard::to_allocvec(part).map_err(io::Error::other)?;
        let digest = Sha256::digest(&bytes);
        bytes.extend_from_slice(&digest);
        durable(&self.folder, &format!("{number:08}.part"), &bytes)
    }

    fn output(&self) -> impl Fn(io::Error) -> ExamineError + use<> {
        let path = self.folder.clone();
        move |source| ExamineError::Output { path: path.clone(), source }
    }
}

fn shown(forensic_path: &str) -> &str {
    if forensic_path.is_empty() { "the whole image" } else { forensic_path }
}

fn part_number(name: &str) -> Option<u64> {
    name.strip_suffix(".part")?.parse().ok()
}

/// The outcomes in a part; none where it is not as it was written.
fn unpacked(bytes: &[u8]) -> Option<Vec<Saved>> {
    let (packed, digest) = bytes.split_at_checked(bytes.len().checked_sub(32)?)?;
    if Sha256::digest(packed)[..] != *digest {
        return None;
    }
    postcard::from_bytes(packed).ok()
}

/// Writes a file beside its name, makes it durable, and then gives it its name.
fn durable(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let beside = folder.join(format!("{name}.new"));
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, folder.join(name))?;
    File::open(folder)?.sync_all()
}

/// The digest of the sources, of the words by which contents were searched, and of all that was
/// listed: where each content is and how long.
fn listing(found: &[Found], sources: &[Opened], words: Option<&Words>) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.update(words.map_or("", |words| &words.list.sha256));
    let number = |hash: &mut Sha256, n: u64| hash.update(n.to_le_bytes());
    for source in sources {
        hash.update(source.path.as_os_str().as_bytes());
        number(&mut hash, source.image_len().unwrap_or(0));
    }
    for one in found {
        let entry = &one.entry;
        number(&mut hash, one.source.get() as u64);
        number(&mut hash, entry.forensic_path().len() as u64);
        hash.update(entry.forensic_path());
        number(&mut hash, entry.size.0);
        hash.update(entry.times().modified.unwrap_or_default().to_le_bytes());
        match &entry.content {
            Content::Runs(runs) => {
                for run in runs {
                    let (kind, at, len) = match run {
                        Run::Data { at, len } => (0, at.0, len.0),
                        Run::Hole { len } => (1, 0, len.0),
                        Run::Lost { len } => (2, 0, len.0),
                    };
                    number(&mut hash, kind);
                    number(&mut hash, at);
                    number(&mut hash, len);
                }
            }
            _ => hash.update(entry.fs_address()),
        }
    }
    hash.finalize().to_vec()
}

fn saved(first: usize, outcome: &Outcome) -> Saved {
    Saved {
        first: first as u64,
        digests: outcome.digests.map(|d| (d.md5, d.sha1, d.sha256)),
        media_type: outcome.media_type().map(str::to_owned),
        metadata: outcome.metadata.clone(),
        encrypted: outcome.encrypted,
        embeds: outcome.embeds,
        privileged: outcome.privileged,
    }
}

fn outcome(saved: Saved) -> Outcome {
    Outcome {
        digests: saved.digests.map(|(md5, sha1, sha256)| Digests { md5, sha1, sha256 }),
        media_type: saved.media_type.map(Word::of_any),
        metadata: saved.metadata,
        embeds: saved.embeds,
        encrypted: saved.encrypted,
        privileged: saved.privileged,
        ..Outcome::default()
    }
}
