//! What a person names: an image in one or more files, a block device, an archive, or a plain
//! folder.

use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use crate::archive::Archive;
use crate::image::{self, Image, OpenError};

/// An opened source of evidence.
pub enum Source {
    /// The bytes of a disk.
    Image(Arc<dyn Image>),
    /// Files packed into one: a phone's extraction, a backup.
    Archive(Archive),
    /// Files as some file system of this computer shows them.
    Folder(PathBuf),
}

/// A source that could not be opened. Every message says what to do next.
#[derive(Debug, Error)]
pub enum SourceError {
    /// It is not an image that can be opened.
    #[error(transparent)]
    Image(#[from] OpenError),
    /// A folder among other sources.
    #[error(
        "{} is a folder; a folder is a source by itself: examine it alone, and the rest apart",
        path.display()
    )]
    FolderAmongOthers {
        /// The folder.
        path: PathBuf,
    },
}

impl Source {
    /// Opens what `paths` name: one folder, one archive, or the segments of one image. A file that is no
    /// known container is a raw image, whatever it holds.
    pub fn open(paths: &[PathBuf]) -> Result<Self, SourceError> {
        if let [path] = paths
            && path.is_dir()
        {
            return Ok(Self::Folder(path.clone()));
        }
        if let Some(path) = paths.iter().find(|path| path.is_dir()) {
            return Err(SourceError::FolderAmongOthers { path: path.clone() });
        }
        if let [path] = paths
            && let Some(archive) = Archive::open(path)?
        {
            return Ok(Self::Archive(archive));
        }
        Ok(Self::Image(image::open(paths)?))
    }
}
