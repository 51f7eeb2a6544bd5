//! How an examination runs, beyond what it examines.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pendeen_evidence::unlock::Secrets;

use crate::ExamineError;
use crate::unlock::Unlock;

/// How an examination runs. By default: whole, from the beginning, to the end.
#[derive(Debug, Clone, Default)]
pub struct Mode<'a> {
    /// First answers fast: only files of a size that a known list has are read, nothing is
    /// carved, opened or verified.
    pub triage: bool,
    /// A list of words that mark what may be legally privileged, which is set apart.
    pub privileged: Option<PathBuf>,
    /// Secrets to open encrypted volumes with.
    pub unlock: Option<Unlock>,
    /// Whether to go on from where an interrupted run to the same folder stopped.
    pub resume: bool,
    /// Is set when the run is to stop and leave what it has for another to resume.
    pub stop: Option<&'a AtomicBool>,
    /// How often what was read is made durable.
    pub checkpoints: Checkpoints,
}

/// How often what was read is made durable: when so much was read since the last time, and that
/// was so long ago that reading it again would cost more than making it durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoints {
    /// Bytes ...
    pub bytes: u64,
    /// ... or contents.
    pub contents: u64,
    /// Not before so much time has passed.
    pub pause: Duration,
}

impl Default for Checkpoints {
    fn default() -> Self {
        Self { bytes: 256 << 20, contents: 32 * 1024, pause: Duration::from_secs(2) }
    }
}

impl Mode<'_> {
    /// The secrets to open encrypted volumes with.
    pub(crate) fn secrets(&self) -> Secrets {
        self.unlock.as_ref().map_or_else(Secrets::default, |unlock| unlock.secrets.clone())
    }

    /// Whether the run is to stop.
    pub(crate) fn stopped(&self) -> bool {
        self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed))
    }

    /// Fails where the run is to stop. `out` is where its results would have gone.
    pub(crate) fn go_on(&self, out: &Path) -> Result<(), ExamineError> {
        if self.stopped() {
            return Err(ExamineError::Interrupted { out: out.to_owned() });
        }
        Ok(())
    }
}
