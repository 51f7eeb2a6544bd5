//! The folder of results appears whole, under its name, or not at all.
//!
//! In: the folder a person asked for. Everything is written to `DIR.partial` beside it, made
//! durable, and renamed at the very end; what an interrupted run leaves behind never bears the
//! final name, and the next run to the same folder clears it away.
//! Refused: a folder that holds anything; one that is, holds or lies inside a source (evidence is
//! never written to), and likewise its `DIR.partial`; one that another run is writing to at the
//! moment.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::ExamineError;

/// The files of an examination.
pub(crate) mod name {
    pub(crate) const ITEMS: &str = "items.parquet";
    pub(crate) const GAPS: &str = "gaps.parquet";
    pub(crate) const EVENTS: &str = "events.parquet";
    pub(crate) const REPORT: &str = "report.html";
    pub(crate) const EXAMINATION: &str = "examination.json";
    /// A folder: the report's long tables, page by page.
    pub(crate) const PAGES: &str = "report";
    /// What may be legally privileged.
    pub(crate) const PRIVILEGED: &str = "privileged.parquet";
    /// A folder: what was read so far, for a run that resumes.
    pub(crate) const CHECKPOINT: &str = "checkpoint";
}

/// A folder of results on its way.
pub(crate) struct WorkFolder {
    partial: PathBuf,
    out: PathBuf,
    /// Holds the lock for as long as the folder is written to.
    lock: File,
    finished: bool,
}

impl WorkFolder {
    /// Begins the folder for `out`. `sources` are paths that must not be written into.
    /// What an interrupted run has read is kept if `resume`, and cleared away if not.
    pub(crate) fn create(
        out: &Path,
        sources: &[PathBuf],
        resume: bool,
    ) -> Result<Self, ExamineError> {
        let output = |path: &Path| {
            let path = path.to_owned();
            move |source| ExamineError::Output { path, source }
        };
        let out = std::path::absolute(out).map_err(output(out))?;
        refuse_used(&out)?;
        let mut file_name = out
            .file_name()
            .ok_or_else(|| ExamineError::NotAFolder { path: out.clone() })?
            .to_owned();
        file_name.push(".partial");
        let partial = out.with_file_name(file_name);
        if let Some(parent) = out.parent() {
            // Before folders are made on the way, lest they be made in the evidence; and after,
            // when all of the way is there to be followed through its links.
            refuse_inside_source(&existing(parent), &out, sources)?;
            fs::create_dir_all(parent).map_err(output(parent))?;
            refuse_inside_source(parent, &out, sources)?;
        }
        for path in [&out, &partial] {
            refuse_source(path, sources)?;
        }
        let lock = claim(&partial)?;
        clear(&partial, resume)?;
        Ok(Self { partial, out, lock, finished: false })
    }

    /// Where to write a file of the examination.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.partial.join(name)
    }

    /// Writes a small file whole and durably.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), ExamineError> {
        let path = self.path(name);
        File::create(&path)
            .and_then(|mut file| {
                io::Write::write_all(&mut file, bytes)?;
                file.sync_all()
            })
            .map_err(|source| ExamineError::Output { path, source })
    }

    /// Leaves the folder as it is, for another run to go on from.
    pub(crate) fn leave(mut self) {
        self.finished = true;
    }

    /// Gives the folder its name: from here on the examination is finished.
    pub(crate) fn finish(mut self) -> Result<(), ExamineError> {
        let output = |path: &Path| {
            let path = path.to_owned();
            move |source| ExamineError::Output { path, source }
        };
        let pages = self.path(name::PAGES);
        if pages.is_dir() {
            File::open(&pages).and_then(|dir| dir.sync_all()).map_err(output(&pages))?;
        }
        let checkpoint = self.path(name::CHECKPOINT);
        if checkpoint.is_dir() {
            fs::remove_dir_all(&checkpoint).map_err(output(&checkpoint))?;
        }
        self.lock.sync_all().map_err(output(&self.partial))?;
        fs::rename(&self.partial, &self.out).map_err(output(&self.out))?;
        self.finished = true;
        let parent = self.out.parent().unwrap_or(Path::new("/"));
        make_name_durable(parent, &self.out)
    }
}

/// Makes the name of the finished folder `out` durable, which lies in `parent`.
fn make_name_durable(parent: &Path, out: &Path) -> Result<(), ExamineError> {
    File::open(parent)
        .and_then(|dir| dir.sync_all())
        .map_err(|source| ExamineError::NotDurable { path: out.to_owned(), source })
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        if !self.finished {
            // A leftover that cannot be removed is named as unfinished, and the next run tries
            // again.
            let _ = clear(&self.partial, false);
            let _ = fs::remove_dir(&self.partial);
        }
    }
}

fn refuse_used(out: &Path) -> Result<(), ExamineError> {
    let mut entries = match fs::read_dir(out) {
        Ok(entries) => entries,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotADirectory => {
            return Err(ExamineError::NotAFolder { path: out.to_owned() });
        }
        Err(source) => return Err(ExamineError::Output { path: out.to_owned(), source }),
    };
    if entries.next().is_none() {
        return Ok(());
    }
    let finished = out.join(name::EXAMINATION).exists();
    Err(if finished {
        ExamineError::AlreadyExamined { path: out.to_owned() }
    } else {
        ExamineError::NotEmpty { path: out.to_owned() }
    })
}

/// The part of a path that is there.
fn existing(path: &Path) -> PathBuf {
    path.ancestors().find(|part| part.exists()).unwrap_or(Path::new("/")).to_owned()
}

fn refuse_inside_source(
    parent: &Path,
    out: &Path,
    sources: &[PathBuf],
) -> Result<(), ExamineError> {
    let parent = parent
        .canonicalize()
        .map_err(|source| ExamineError::Output { path: parent.to_owned(), source })?;
    for source in sources {
        let Ok(real) = source.canonicalize() else { continue };
        if real.is_dir() && parent.starts_with(&real) {
            return Err(ExamineError::InsideSource { out: out.to_owned(), folder: source.clone() });
        }
    }
    Ok(())
}

/// Refuses a folder of ours that is, holds or lies inside a source, by its name or by where a
/// link leads.
fn refuse_source(path: &Path, sources: &[PathBuf]) -> Result<(), ExamineError> {
    let ours = places(path);
    for source in sources {
        let theirs = places(source);
        let holds = |ours: &PathBuf| theirs.iter().any(|theirs| theirs.starts_with(ours));
        if ours.iter().any(holds) {
            return Err(ExamineError::HoldsSource {
                path: path.to_owned(),
                evidence: source.clone(),
            });
        }
        if ours.iter().any(|ours| theirs.iter().any(|theirs| ours.starts_with(theirs))) {
            return Err(ExamineError::InsideSource {
                out: path.to_owned(),
                folder: source.clone(),
            });
        }
    }
    Ok(())
}

/// Where a path's own name lies, and where it leads if it is a link.
fn places(path: &Path) -> Vec<PathBuf> {
    let absolute = std::path::absolute(path).ok();
    let named = absolute
        .as_deref()
        .and_then(|path| Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?)));
    named.into_iter().chain(path.canonicalize().ok()).collect()
}

/// Makes the folder, or takes over what an interrupted run left, unless that still runs.
fn claim(partial: &Path) -> Result<File, ExamineError> {
    let output = |source| ExamineError::Output { path: partial.to_owned(), source };
    match fs::create_dir(partial) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(output(e)),
        _ => {}
    }
    let folder = File::open(partial).map_err(output)?;
    match folder.try_lock() {
        // Whoever held the lock before may have given the folder its final name, or removed it.
        Ok(()) if !is_at(&folder, partial).map_err(output)? => {
            Err(ExamineError::InUse { path: partial.to_owned() })
        }
        Ok(()) => Ok(folder),
        Err(fs::TryLockError::WouldBlock) => Err(ExamineError::InUse { path: partial.to_owned() }),
        Err(fs::TryLockError::Error(source)) => Err(output(source)),
    }
}

/// Whether `path` still names the folder that is open.
fn is_at(folder: &File, path: &Path) -> io::Result<bool> {
    let open = folder.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(named) => Ok((open.dev(), open.ino()) == (named.dev(), named.ino())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// Removes what an interrupted run left, but for what it has read if `resume`; refuses where
/// anything else lies there.
fn clear(partial: &Path, resume: bool) -> Result<(), ExamineError> {
    let output = |source| ExamineError::Output { path: partial.to_owned(), source };
    let ours = |name: &str| {
        let name = name.strip_suffix(".partial").unwrap_or(name);
        let tables = [name::ITEMS, name::GAPS, name::EVENTS, name::PRIVILEGED];
        tables.contains(&name) || [name::REPORT, name::EXAMINATION].contains(&name)
    };
    let names = fs::read_dir(partial)
        .and_then(|all| all.map(|e| e.map(|e| e.file_name())).collect::<Result<Vec<_>, _>>())
        .map_err(output)?;
    let (mut folders, names): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| {
        (name == name::PAGES || name == name::CHECKPOINT) && partial.join(name).is_dir()
    });
    if !names.iter().all(|name| name.to_str().is_some_and(ours)) {
        return Err(ExamineError::NotEmpty { path: partial.to_owned() });
    }
    folders.retain(|name| !resume || name != name::CHECKPOINT);
    folders.iter().try_for_each(|name| fs::remove_dir_all(partial.join(name))).map_err(output)?;
    names.iter().try_for_each(|name| fs::remove_file(partial.join(name))).map_err(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_was_renamed_or_replaced_is_no_longer_at_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let partial = dir.path().join("k.partial");
        fs::create_dir(&partial).unwrap();
        let open = File::open(&partial).unwrap();
        assert!(is_at(&open, &partial).unwrap());
        fs::rename(&partial, dir.path().join("k")).unwrap();
        assert!(!is_at(&open, &partial).unwrap());
        fs::create_dir(&partial).unwrap();
        assert!(!is_at(&open, &partial).unwrap());
    }

    #[test]
    fn a_folder_that_is_being_written_to_is_in_use() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("k");
        let first = WorkFolder::create(&out, &[], false).unwrap();
        let second = WorkFolder::create(&out, &[], false).err().unwrap();
        assert!(matches!(second, ExamineError::InUse { .. }), "{second}");
        first.finish().unwrap();
        assert!(out.is_dir());
    }

    #[test]
    fn a_name_that_cannot_be_made_durable_is_said_of_a_complete_examination() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("missing/k");
        let error = make_name_durable(&dir.path().join("missing"), &out).unwrap_err();
        let wanted = format!("the examination in {} is complete", out.display());
        assert!(error.to_string().starts_with(&wanted), "{error}");
    }
}
