//! Opens the contents of one wave, on all threads.
//!
//! In: tasks. Out: for each, at its place, what was found in it. Each thread has a content worker
//! and readers of its own; a worker that failed is replaced, and costs its content alone.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pendeen_content::protocol::{Kind, Layout, Limits, Problem, Want};
use pendeen_content::{Positioned, Session, Stretch};
use pendeen_evidence::content::Reader;
use pendeen_evidence::entry::Content;
use pendeen_evidence::source::Source;
use pendeen_evidence::worker::WorkerError;

use super::collect::{Collector, Member};
use super::image::Runs;
use super::spool::{self, Spool, Spooled, not_kept};
use super::task::{Opens, Task, Whose};
use super::{Held, Memory, Nesting};
use crate::content::{described, open};
use crate::gather::{Found, Opened};
use crate::privileged::Words;
use crate::progress::Progress;
use crate::run::Options;

/// What a content turned out to hold.
pub(super) enum Inside {
    /// It was opened before.
    Known,
    /// Members, what could not be had beside them, and why it was not opened whole.
    Members {
        layout: Option<Layout>,
        members: Vec<Member>,
        problems: Vec<Problem>,
        trouble: Option<String>,
    },
    /// The bytes of a disk image: a file of its own, or the file on the disk.
    Image(Result<Image, String>),
}

/// Where an image's bytes are.
pub(super) enum Image {
    Kept(Spooled),
    Path(std::path::PathBuf),
}

/// What all threads see.
struct Wave<'a> {
    tasks: &'a [Task],
    found: &'a [Found],
    sources: &'a [Opened],
    memory: &'a Memory,
    spools: &'a spool::Folder,
    words: Option<&'a Words>,
    options: &'a Options<'a>,
    progress: &'a dyn Progress,
    next: AtomicUsize,
    done: Mutex<Vec<(usize, Inside)>>,
}

pub(super) fn all(
    tasks: &[Task],
    held: &Held<'_>,
    memory: &Memory,
    spools: &spool::Folder,
    (words, options): (Option<&Words>, &Options<'_>),
    progress: &dyn Progress,
) -> Vec<Inside> {
    let (found, sources) = (&*held.found, &*held.sources);
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let wave = Wave { tasks, found, sources, memory, spools, words, options, progress, next, done };
    std::thread::scope(|scope| {
        for _ in 1..options.threads.get().min(tasks.len()) {
            scope.spawn(|| wave.run());
        }
        wave.run();
    });
    let mut done = wave.done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, inside)| inside).collect()
}

/// What a thread keeps between tasks.
struct Thread<'a> {
    worker: Option<Session>,
    spool: Spool<'a>,
    readers: BTreeMap<usize, Reader>,
}

impl Wave<'_> {
    fn run(&self) {
        let spool = Spool::new(self.spools);
        let mut thread = Thread { worker: None, spool, readers: BTreeMap::new() };
        loop {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(task) = self.tasks.get(at) else { return };
            let inside = self.open(task, &mut thread);
            self.done.lock().unwrap_or_else(PoisonError::into_inner).push((at, inside));
        }
    }

    fn open(&self, task: &Task, thread: &mut Thread<'_>) -> Inside {
        if task.again {
            return Inside::Known;
        }
        match (&task.whose, task.opens) {
            (Whose::Source(source), Opens::Content(kind)) => self.source(*source, kind, thread),
            (Whose::Entries(entries), opens) => {
                let Some(index) = entries.first() else { return failed("it has no entry") };
                self.entry(*index, task, opens, thread)
            }
            (Whose::Source(_), _) => failed("there is no reader for such a source"),
        }
    }

    fn source(&self, source: usize, kind: Kind, thread: &mut Thread<'_>) -> Inside {
        match &self.sources[source].source {
            Source::Archive(archive) => {
                let bytes = Stretch { file: &archive.file, at: 0, len: archive.len };
                // What a person names is opened however much is in it.
                let nesting = Nesting { ratio: u64::MAX, ..self.options.nesting };
                self.content(&bytes, kind, nesting, thread)
            }
            Source::Image(_) | Source::Folder(_) => failed("it is no archive"),
        }
    }

    fn entry(&self, index: usize, task: &Task, opens: Opens, thread: &mut Thread<'_>) -> Inside {
        let one = &self.found[index];
        let nesting = self.options.nesting;
        let size = one.entry.size.0;
        let image = self.sources[one.source.get()].image();
        match (&one.entry.content, opens) {
            (Content::File(path), Opens::Image) => {
                Inside::Image(Ok(Image::Path(path.to_path_buf())))
            }
            (Content::File(path), Opens::Content(kind)) => match open(path) {
                Ok(file) => {
                    self.content(&Stretch { file: &file, at: 0, len: size }, kind, nesting, thread)
                }
                Err(error) => failed(format!("it cannot be read again: {error}")),
            },
            (Content::Runs(runs), Opens::Content(kind)) => match image {
                Some(image) => self.content(&Runs::new(&**image, runs), kind, nesting, thread),
                None => failed("its content has no place"),
            },
            (Content::Embedded, _) => {
                let kept = task.sha256.and_then(|sha256| self.memory.kept.get(&sha256));
                match (kept, opens) {
                    (Some(Ok(kept)), Opens::Content(kind)) => {
                        self.content(kept, kind, nesting, thread)
                    }
                    (Some(Ok(kept)), _) => Inside::Image(Ok(Image::Kept(kept.clone()))),
                    (Some(Err(reason)), _) => failed(reason.clone()),
                    (None, _) => failed("its bytes were not kept"),
                }
            }
            (_, Opens::Image) => Inside::Image(self.copy(one, true, thread).map(Image::Kept)),
            (_, Opens::Content(kind)) => match self.copy(one, false, thread) {
                Ok(kept) => self.content(&kept, kind, nesting, thread),
                Err(reason) => failed(reason),
            },
            (_, Opens::Unread(what)) => failed(format!("there is no reader for {what}")),
        }
    }

    /// Copies a content that cannot be read by position into a temporary file.
    fn copy(&self, one: &Found, alone: bool, thread: &mut Thread<'_>) -> Result<Spooled, String> {
        let most = self.options.nesting.kept_bytes;
        if one.entry.size.0 > most {
            return Err(format!(
                "it has {} bytes, and up to {most} are kept to be opened",
                one.entry.size
            ));
        }
        let source = &self.sources[one.source.get()];
        let image = source.image().ok_or("its content has no place")?;
        let reader = thread.readers.entry(one.source.get()).or_insert_with(|| {
            Reader::new(Arc::clone(image), source.volumes.clone(), self.options.worker.clone())
        });
        thread.spool.begin(alone);
        let mut written = Ok(());
        let read = reader.read(&one.entry, &mut |piece| {
            if written.is_ok() {
                written = thread.spool.write(piece);
            }
        });
        read.map_err(|e| format!("it cannot be read again: {}", described(&e)))?;
        written.and_then(|()| thread.spool.finish()).map_err(|e| not_kept(&e))
    }

    /// Asks the worker what is in a content.
    fn content(
        &self,
        bytes: &dyn Positioned,
        kind: Kind,
        nesting: Nesting,
        thread: &mut Thread<'_>,
    ) -> Inside {
        let Thread { worker, spool, .. } = thread;
        let limits = limits(bytes.size(), nesting);
        let mut collector = Collector::new(spool, nesting.kept_bytes, self.words);
        let result = match worker.take() {
            Some(session) => Ok(session),
            None => Session::start(&self.options.content),
        }
        .and_then(|mut session| {
            let result = session.open(bytes, kind, Want::All, limits, &mut collector);
            // A refusal leaves the worker as it was; anything else may have left it anywhere.
            let usable = matches!(result, Ok(()) | Err(WorkerError::Refused(_)));
            if usable && session.is_fresh() {
                *worker = Some(session);
            }
            result
        });
        collector.digest();
        let Collector { layout, members, problems, .. } = collector;
        let read = members.iter().fold(0_u64, |sum, member| sum.saturating_add(member.len));
        self.progress.advance(members.len() as u64, read);
        let trouble = result.err().map(|e| described(&e));
        Inside::Members { layout, members, problems, trouble }
    }
}

/// What a content of so many bytes may cost.
pub(super) fn limits(size: u64, nesting: Nesting) -> Limits {
    Limits {
        children: nesting.members,
        bytes: size.saturating_mul(nesting.ratio).max(nesting.floor_bytes),
    }
}

fn failed(reason: impl Into<String>) -> Inside {
    Inside::Members {
        layout: None,
        members: Vec::new(),
        problems: Vec::new(),
        trouble: Some(reason.into()),
    }
}
