//! Digests and media types of byte streams.
//!
//! In: bytes. Out: [`Digests`] (MD5, SHA-1, SHA-256 in one pass) of one stream
//! ([`Fingerprinter`]) or of many small buffers at once ([`digest_many`]), and the media type by
//! signature ([`media_type`]). Nothing is refused: every byte string has digests, and one that
//! matches no signature has no media type.

mod digest;
pub mod lanes;
mod media;

pub use digest::{Digests, Fingerprinter};
pub use lanes::{Md5Stream, ShaStream, digest_many};
pub use media::{HEAD_LEN, extension_mismatch, media_type};
