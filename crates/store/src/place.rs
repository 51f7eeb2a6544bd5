//! Where the bytes of documents lie: in the database, in a folder, or in an S3-compatible store.
//!
//! In: bytes and their SHA-256, which is their name. Out: the same bytes; what comes back
//! otherwise is damage and never handed on. In the database they are part of its transactions
//! and backups, which suits most; a folder or a bucket keeps a large collection out of it.
//! Bytes are put in their place before the row that tells of them is committed, and taken away
//! after the row is gone: at any moment a row that is there has its bytes. What a stop in
//! between leaves over has no row, and [`Store::sweep_documents`] takes it away.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use sea_orm::{EntityTrait, QuerySelect};
use thiserror::Error;

use crate::Store;
use crate::document::DocumentDigest;
use crate::entity::document;
use crate::error::Result;

/// A place for documents.
#[derive(Debug, Clone, Default)]
pub enum Place {
    /// Beside the records.
    #[default]
    Database,
    /// A folder that this program alone writes to, two levels deep.
    Folder(PathBuf),
    /// A bucket of an S3-compatible store.
    #[cfg(feature = "s3")]
    Bucket(std::sync::Arc<dyn object_store::ObjectStore>),
}

/// A place that does not do as asked.
#[derive(Debug, Error)]
pub enum PlaceError {
    /// The address of the place is not understood: a slip in the configuration.
    #[error("{0}; use database, a folder, or s3://BUCKET/PREFIX")]
    Address(String),
    /// The folder cannot be read or written.
    #[error("the folder of documents does not do as asked")]
    Folder(#[from] std::io::Error),
    /// The bucket cannot be read or written.
    #[cfg(feature = "s3")]
    #[error("the store of documents does not do as asked")]
    Bucket(#[from] object_store::Error),
    /// The bytes are not there, or are others.
    #[error("document {0} is not what was stored: restore it from a backup")]
    Damaged(DocumentDigest),
}

impl Place {
    /// From `database`, a folder, or `s3://BUCKET/PREFIX`. Keys, endpoint and region of a bucket
    /// come from the environment, as for the usual tools (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT`...).
    pub fn parse(address: &str) -> Result<Self, PlaceError> {
        match address.split_once("://") {
            None if address == "database" => Ok(Self::Database),
            None => Ok(Self::Folder(address.into())),
            Some(("s3", rest)) => bucket(rest),
            Some((scheme, _)) => Err(PlaceError::Address(format!("{scheme}:// is not known"))),
        }
    }

    /// Whether bytes lie outside the database.
    pub(crate) fn is_elsewhere(&self) -> bool {
        !matches!(self, Self::Database)
    }

    /// Puts bytes in their place, lastingly; those that are there already stay.
    pub(crate) async fn keep(
        &self,
        digest: DocumentDigest,
        bytes: &[u8],
    ) -> Result<(), PlaceError> {
        match self {
            Self::Database => Ok(()),
            Self::Folder(folder) => {
                let (path, bytes) = (inside(folder, digest), bytes.to_vec());
                blocking(move || write(&path, &bytes)).await
            }
            #[cfg(feature = "s3")]
            Self::Bucket(bucket) => {
                use object_store::ObjectStoreExt;
                bucket.put(&object(digest), bytes.to_vec().into()).await?;
                Ok(())
            }
        }
    }

    /// The bytes, which are the right ones.
    pub(crate) async fn fetch(&self, digest: DocumentDigest) -> Result<Vec<u8>, PlaceError> {
        let bytes = match self {
            Self::Database => return Err(PlaceError::Damaged(digest)),
            Self::Folder(folder) => {
                let path = inside(folder, digest);
                blocking(move || std::fs::read(&path)).await?
            }
            #[cfg(feature = "s3")]
            Self::Bucket(bucket) => {
                use object_store::ObjectStoreExt;
                bucket.get(&object(digest)).await?.bytes().await?.to_vec()
            }
        };
        match DocumentDigest::of(&bytes) == digest {
            true => Ok(bytes),
            false => Err(PlaceError::Damaged(digest)),
        }
    }

    /// Takes bytes away; those that are not there are no error.
    pub(crate) async fn remove(&self, digest: DocumentDigest) -> Result<(), PlaceError> {
        match self {
            Self::Database => Ok(()),
            Self::Folder(folder) => {
                let path = inside(folder, digest);
                match blocking(move || std::fs::remove_file(&path)).await {
                    Err(PlaceError::Folder(e)) if e.kind() == std::io::ErrorKind::NotFound => {
                        Ok(())
                    }
                    other => other,
                }
            }
            #[cfg(feature = "s3")]
            Self::Bucket(bucket) => {
                use object_store::ObjectStoreExt;
                match bucket.delete(&object(digest)).await {
                    Err(object_store::Error::NotFound { .. }) => Ok(()),
                    other => Ok(other?),
                }
            }
        }
    }

    /// The digests of everything that lies there.
    async fn listed(&self) -> Result<Vec<DocumentDigest>, PlaceError> {
        match self {
            Self::Database => Ok(Vec::new()),
            Self::Folder(folder) => {
                let folder = folder.clone();
                blocking(move || list(&folder)).await
            }
            #[cfg(feature = "s3")]
            Self::Bucket(bucket) => {
                let listed = bucket.list_with_delimiter(None).await?;
                let names = listed.objects.iter().filter_map(|one| one.location.filename());
                Ok(names.filter_map(DocumentDigest::parse).collect())
            }
        }
    }
}

impl Store {
    /// Takes away what lies in the place of documents and has no row; gives how many.
    pub async fn sweep_documents(&self) -> Result<u64> {
        // Writers put bytes first and rows after: nobody may be between the two.
        let _writer = self.writer.lock().await;
        let mut removed = 0;
        let there = self.place.listed().await?;
        if there.is_empty() {
            return Ok(0);
        }
        let known: Vec<Vec<u8>> = document::Entity::find()
            .select_only()
            .column(document::Column::Sha256)
            .into_tuple()
            .all(self.db())
            .await?;
        let known: BTreeSet<Vec<u8>> = known.into_iter().collect();
        for digest in there {
            if !known.contains(digest.as_bytes().as_slice()) {
                self.place.remove(digest).await?;
                removed += 1;
            }
        }
        Ok(removed)
    }
}

#[cfg(feature = "s3")]
fn bucket(rest: &str) -> Result<Place, PlaceError> {
    use object_store::aws::AmazonS3Builder;
    use object_store::prefix::PrefixStore;
    let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let store = AmazonS3Builder::from_env().with_bucket_name(name).build()?;
    let store: std::sync::Arc<dyn object_store::ObjectStore> = match prefix.trim_matches('/') {
        "" => std::sync::Arc::new(store),
        prefix => std::sync::Arc::new(PrefixStore::new(store, prefix)),
    };
    Ok(Place::Bucket(store))
}

#[cfg(not(feature = "s3"))]
fn bucket(_rest: &str) -> Result<Place, PlaceError> {
    Err(PlaceError::Address("this program was built without its feature s3".to_owned()))
}

#[cfg(feature = "s3")]
fn object(digest: DocumentDigest) -> object_store::path::Path {
    object_store::path::Path::from(digest.to_string())
}

fn inside(folder: &Path, digest: DocumentDigest) -> PathBuf {
    let name = digest.to_string();
    folder.join(&name[..2]).join(name)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, PlaceError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(std::io::Error::other)??)
}

/// Writes beside the final name, syncs, renames, syncs the folder.
fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
    if path.exists() {
        return Ok(());
    }
    let folder = path.parent().unwrap_or(path);
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let beside = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, path)?;
    std::fs::File::open(folder)?.sync_all()
}

fn list(folder: &Path) -> std::io::Result<Vec<DocumentDigest>> {
    let mut found = Vec::new();
    if !folder.exists() {
        return Ok(found);
    }
    for inner in std::fs::read_dir(folder)? {
        let inner = inner?.path();
        if inner.is_dir() {
            for entry in std::fs::read_dir(inner)? {
                let name = entry?.file_name();
                found.extend(name.to_str().and_then(DocumentDigest::parse));
            }
        }
    }
    Ok(found)
}
