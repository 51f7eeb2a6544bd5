//! Blurred previews, a few at a time.
//!
//! In: the folder of an examination and an item's id. Out: a PNG in which nothing fine is left.
//! The picture is decoded in a process of its own; each request starts one, so that no more
//! than [`AT_ONCE`] are made at any moment and the others wait.

use std::path::PathBuf;
use std::sync::Arc;

use pendeen_evidence::worker::WorkerCommand;
use pendeen_examine::preview;
use tokio::sync::Semaphore;

use crate::examinations::FolderError;

/// Previews that are made at the same time.
const AT_ONCE: usize = 2;

/// What previews are made with. Cheap to clone; clones share the bound.
#[derive(Debug, Clone)]
pub struct Previews {
    workers: Arc<Workers>,
    room: Arc<Semaphore>,
}

#[derive(Debug)]
struct Workers {
    file_systems: WorkerCommand,
    content: WorkerCommand,
}

impl Previews {
    /// Previews by these sandboxed processes: one opens file systems, the other decodes pictures.
    pub fn new(file_systems: WorkerCommand, content: WorkerCommand) -> Self {
        let workers = Arc::new(Workers { file_systems, content });
        Self { workers, room: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The blurred preview of an item, as PNG.
    pub(crate) async fn of_item(
        &self,
        dir: PathBuf,
        item_id: String,
    ) -> Result<Vec<u8>, FolderError> {
        let room = Arc::clone(&self.room).acquire_owned().await;
        let room = room.map_err(|_| FolderError::Stopped)?;
        let workers = Arc::clone(&self.workers);
        let made = tokio::task::spawn_blocking(move || {
            // Held until the process has ended, even if the browser has gone.
            let _room = room;
            preview::of_item(&dir, &item_id, &workers.file_systems, &workers.content)
        });
        Ok(made.await.map_err(|_| FolderError::Stopped)??)
    }
}
