//! A picture as a strongly blurred, small one: enough to tell a landscape from a receipt.
//!
//! In: an item's bytes. Out: a PNG of at most [`SIDE`] pixels a side in which nothing finer
//! than [`GRAIN`] patches a side is left. Hostile content is decoded in a process of its own, in
//! the sandbox of the file-system worker: it gets the bytes on its standard input, answers on
//! its standard output, and ends. The original picture never leaves that process.
//! Refused: what is no JPEG or PNG, and pictures past the limits.

mod protocol;
mod worker;

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use pendeen_evidence::unit::ByteLen;
use pendeen_evidence::worker::WorkerCommand;
use thiserror::Error;

use crate::ExamineError;
use crate::item_content::{Workers, item_content};
use protocol::Answer;

pub use worker::worker_main;

/// Longer side of a preview in pixels.
pub const SIDE: u32 = 240;

/// Patches along the longer side: what is left of the picture.
pub const GRAIN: u32 = 16;

/// Longest picture file that is previewed, in bytes.
pub const LIMIT: ByteLen = ByteLen(64 << 20);

/// How long the worker may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A picture that has no preview.
#[derive(Debug, Error)]
pub enum PreviewError {
    /// The item's bytes could not be had.
    #[error(transparent)]
    Item(#[from] Box<ExamineError>),
    /// The file is longer than [`LIMIT`].
    #[error("the picture has {len} bytes; previews are made up to {LIMIT}")]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// The worker could not be started: the installation is at fault.
    #[error("the worker {program} could not be started")]
    Start {
        /// The program.
        program: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The bytes are no picture that is read here, or are damaged.
    #[error("no preview: {0}")]
    Refused(String),
    /// The worker crashed or sent nonsense: most likely the picture made it.
    #[error("the process that decodes pictures ended without an answer")]
    Died,
    /// The worker took too long, and was ended.
    #[error("the process that decodes pictures took more than {} s", PATIENCE.as_secs())]
    TimedOut,
}

/// The blurred preview of an item of a finished examination, as PNG. `file_systems` and
/// `content` start the two workers.
pub fn of_item(
    dir: &Path,
    item_id: &str,
    file_systems: &WorkerCommand,
    content: &WorkerCommand,
) -> Result<Vec<u8>, PreviewError> {
    let workers = Workers { file_systems, content };
    let (_, bytes) = item_content(dir, item_id, &workers, LIMIT).map_err(Box::new)?;
    blurred(bytes, content)
}

/// The blurred preview of a picture file, as PNG. `content` starts the process that decodes it.
pub fn blurred(picture: Vec<u8>, content: &WorkerCommand) -> Result<Vec<u8>, PreviewError> {
    if picture.len() as u64 > LIMIT.0 {
        return Err(PreviewError::TooLong { len: picture.len() });
    }
    let mut child = start(content)
        .map_err(|source| PreviewError::Start { program: content.program.clone(), source })?;
    let (Some(mut to), Some(mut from)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(PreviewError::Died);
    };
    let (sender, receiver) = channel();
    // Ends with the worker, whose death closes both pipes.
    std::thread::spawn(move || {
        let answer = protocol::ask(&mut to, &picture).and_then(|()| {
            drop(to);
            protocol::answer(&mut from)
        });
        // Nobody listens any more after a time-out.
        let _ = sender.send(answer);
    });
    let answer = receiver.recv_timeout(PATIENCE);
    end(&mut child);
    match answer {
        Ok(Ok(Answer::Preview(png))) => Ok(png),
        Ok(Ok(Answer::Refused(reason))) => Err(PreviewError::Refused(reason)),
        Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => Err(PreviewError::Died),
        Err(RecvTimeoutError::Timeout) => Err(PreviewError::TimedOut),
    }
}

fn start(content: &WorkerCommand) -> io::Result<Child> {
    Command::new(&content.program)
        .args(&content.args)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

/// Ends the worker, whatever it does, and lets the system forget it.
fn end(child: &mut Child) {
    // It may have ended by itself.
    let _ = child.kill();
    let _ = child.wait();
}
