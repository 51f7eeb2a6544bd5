//! Digests, media types and metadata of contents.
//!
//! In: bytes. Out: [`Digests`] (MD5, SHA-1, SHA-256 in one pass) of one stream
//! ([`Fingerprinter`]) or of many small buffers at once ([`digest_many`]); the media type by
//! signature ([`media_type`]); and what pictures and videos say of themselves ([`metadata`]).
//! Nothing is refused: every byte string has digests, one that matches no signature has no
//! media type, and one whose header is damaged has no metadata.

mod digest;
pub mod lanes;
mod media;
pub mod metadata;

pub use digest::{Digests, Fingerprinter};
pub use lanes::{Md5Stream, ShaStream, digest_many};
pub use media::{HEAD_LEN, extension_mismatch, media_type};
