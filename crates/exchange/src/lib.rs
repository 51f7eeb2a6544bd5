//! What leaves the system: an intelligence package as a sealed bundle that one force can open.
//!
//! In: a package as JSON, documents beside it, the sender's signing key and the receiving
//! force's public key ([`seal()`]). Out: bytes for a disk or a wire; from them, at the force,
//! the same package again ([`open()`]), or an [`OpenError`] that says which check failed.
//! Never in a bundle: evidential pixels. A picture, video or archive beside the package is
//! refused, and so is a picture written into a text.
//!
//! Examinations go out as well, for other programs to read: [`examination`].
//!
//! From the inside out: a bag (RFC 8493) of payload and digests, an Ed25519 signature over
//! its tag manifest, a tar that is the same for the same content, and age encryption to the
//! force's X25519 key. Keys live in files ([`keys`]).
//!
//! Source: RFC 8493 (BagIt 1.0), RFC 8032 (Ed25519), C2SP age v1, POSIX.1-1988 ustar;
//! docs/reference/bundle.md.

mod bag;
mod content;
pub mod dispatch;
pub mod examination;
pub mod keys;
mod open;
mod seal;
mod signature;
#[cfg(test)]
mod tests;

pub use age::x25519::{Identity, Recipient};
pub use content::{Attachment, Marking, Meta, SealError};
pub use ed25519_dalek::{SigningKey, VerifyingKey};
pub use open::{OpenError, Opened, open};
pub use seal::seal;

/// Largest bundle that is opened or made, in bytes.
pub const MAX_BUNDLE_BYTES: usize = 256 << 20;
