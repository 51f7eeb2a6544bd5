//! Documents: kept byte for byte under their SHA-256, read only through a record that names one.
//!
//! In: bytes that a record will name, such as a referral's original or a sealed bundle.
//! Out: the bytes, to a person who may see that record. The same bytes twice are one document.
//! A record names a document where the program itself supplies the digest in a field of a
//! create or act; a digest that a person wrote anywhere names nothing.
//! Their bytes lie in the database, or where [`crate::Place`] says: the row is then without them.

use jiff::Timestamp;
use pendeen_casework::person::Person;
use pendeen_casework::record::{AnyRecord, Kind};
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, QuerySelect};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::audit::log::Committed;
use crate::audit::{Leaf, Processing};
use crate::entity::{document, record_document};
use crate::error::Result;
use crate::read::load;
use crate::write::Batch;
use crate::{Place, Store};
use crate::{clean, micros};

/// A document's digest: SHA-256 of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentDigest([u8; 32]);

impl DocumentDigest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// From 64 hexadecimal digits, as records name documents.
    pub fn parse(hex_digits: &str) -> Option<Self> {
        let mut digest = [0; 32];
        hex::decode_to_slice(hex_digits, &mut digest).ok()?;
        Some(Self(digest))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Display for DocumentDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// A document with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its media type, as stated by who stored it first.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Store {
    /// Keeps a document; a record for which the program supplies its digest makes it readable.
    pub async fn put_document(
        &self,
        who: &Person,
        bytes: Vec<u8>,
        media_type: &str,
        at: Timestamp,
    ) -> Result<DocumentDigest> {
        let mut batch = self.batch().await?;
        let digest = batch.put_document(who, bytes, media_type, at).await?;
        batch.commit().await?;
        Ok(digest)
    }

    /// The document, if this record names it and the person may see the record.
    pub async fn document(
        &self,
        who: &Person,
        kind: Kind,
        record: Uuid,
        digest: DocumentDigest,
        at: Timestamp,
    ) -> Result<Option<Document>> {
        let found = self.naming(kind, record, digest).await?;
        let seen = self
            .consulted(who, (kind, record), found, &format!("document:{digest}"), None, at)
            .await?;
        match seen {
            Some(_) => self.get_document(digest).await,
            None => Ok(None),
        }
    }

    async fn get_document(&self, digest: DocumentDigest) -> Result<Option<Document>> {
        let found = document::Entity::find_by_id(digest.0.to_vec()).one(self.db()).await?;
        let Some(found) = found else { return Ok(None) };
        let elsewhere = found.bytes.is_empty() && found.size > 0;
        let bytes = if elsewhere { self.place.fetch(digest).await? } else { found.bytes };
        Ok(Some(Document { media_type: found.media_type, bytes }))
    }

    /// The record, if it is there and names the document.
    async fn naming(
        &self,
        kind: Kind,
        record: Uuid,
        digest: DocumentDigest,
    ) -> Result<Option<AnyRecord>> {
        let key = (record, digest.0.to_vec());
        match record_document::Entity::find_by_id(key).one(self.db()).await? {
            Some(_) => load(self.db(), kind, record).await,
            None => Ok(None),
        }
    }
}

impl Batch {
    /// See [`Store::put_document`]; here in the same transaction as the record that names it.
    pub async fn put_document(
        &mut self,
        who: &Person,
        bytes: Vec<u8>,
        media_type: &str,
        at: Timestamp,
    ) -> Result<DocumentDigest> {
        let digest = DocumentDigest::of(&bytes);
        self.place.keep(digest, &bytes).await?;
        let row = row(digest, bytes, media_type, at, &self.place);
        self.keep_document(digest, row).await?;
        let leaf = Leaf::new(Processing::Collection, Some(who), "put_document", at);
        self.append(leaf, vec![Committed::kept("document", digest.to_string())]).await?;
        Ok(digest)
    }
}

/// A document as it is kept.
fn row(
    digest: DocumentDigest,
    bytes: Vec<u8>,
    media_type: &str,
    at: Timestamp,
    place: &Place,
) -> document::ActiveModel {
    document::ActiveModel {
        sha256: Set(digest.0.to_vec()),
        size: Set(i64::try_from(bytes.len()).unwrap_or(i64::MAX)),
        media_type: Set(clean(media_type)),
        stored: Set(micros(at)),
        bytes: Set(if place.is_elsewhere() { Vec::new() } else { bytes }),
    }
}

/// Whether a document with this digest is kept.
pub(crate) async fn is_kept<C: ConnectionTrait>(db: &C, digest: &[u8]) -> Result<bool> {
    let known: Option<i64> = document::Entity::find_by_id(digest.to_vec())
        .select_only()
        .column(document::Column::Size)
        .into_tuple()
        .one(db)
        .await?;
    Ok(known.is_some())
}
