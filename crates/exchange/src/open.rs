//! From a bundle's bytes to the package, at the force that it was sealed for.
//!
//! The checks, in this order, each with its own refusal: it is a bundle; it is encrypted to
//! this key and unharmed; the archive inside is a plain bag; its signer is trusted; nothing in
//! it differs from what was signed; it was sealed for this key and not passed on.
//! That the same bundle came before is for the caller to know: [`Opened::meta`] has number and
//! version, [`Opened::digest`] the bytes.

use age::x25519::Identity;
use age::{DecryptError, Decryptor};
use ed25519_dalek::VerifyingKey;
use pendeen_casework::force::ForceKey;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::io::Read;
use thiserror::Error;

use crate::MAX_BUNDLE_BYTES;
use crate::bag::{self, Disagreement, Files, TarError};
use crate::content::{self, Attachment, Marking, Meta};
use crate::signature::{self, Invalid};

/// A bundle that passed every check.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    /// The package.
    pub package: Value,
    /// The documents beside it, in the order of their names.
    pub attachments: Vec<Attachment>,
    /// What the bag says about itself.
    pub meta: Meta,
    /// Who sealed it.
    pub signer: VerifyingKey,
    /// SHA-256 of the bundle as it was received, in lower-case hexadecimal.
    pub digest: String,
}

/// Why a bundle was refused. Nothing of it is used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// It is not a bundle: another file, or one that was cut before its content begins.
    #[error("this is not a sealed bundle; ask the sender for it again")]
    NotABundle,
    /// It is larger than any bundle.
    #[error("the bundle has {bytes} bytes, more than the {limit} that are opened")]
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// It is encrypted to another key.
    #[error("the bundle is not sealed for this force's key; return it to the sender")]
    NotForUs,
    /// It was changed or cut after it was sealed.
    #[error("the bundle was altered or cut on its way ({what}); ask the sender for it again")]
    Altered {
        /// Where it shows.
        what: String,
    },
    /// It is signed by a key that is not among those trusted, or by a weak one.
    #[error(
        "the bundle is signed by a key that is not trusted: {signer}; do not use it, ring the sender"
    )]
    UnknownSigner {
        /// The key, in hexadecimal.
        signer: String,
    },
    /// Its inside is not in the form of a bundle: the sender's program is at fault, or
    /// somebody tries something.
    #[error("the bundle is malformed: {0}; do not use it, ring the sender")]
    Malformed(Malformed),
    /// It was sealed for another key and passed on.
    #[error(
        "the bundle was sealed for another force and passed on; do not use it, ring the sender"
    )]
    PassedOn,
}

/// What in the form of a bundle is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Malformed {
    /// The archive.
    #[error(transparent)]
    Archive(#[from] TarError),
    /// A file that every bundle has.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A file whose content is not in its form.
    #[error("{0} cannot be read")]
    Unreadable(&'static str),
    /// A file that no bundle has.
    #[error("it holds {0:?}, which does not belong in a bundle")]
    Stranger(String),
}

/// Opens a bundle with the force's key; `trusted` are the signers whose bundles are taken.
pub fn open(
    bundle: &[u8],
    identity: &Identity,
    trusted: &[VerifyingKey],
) -> Result<Opened, OpenError> {
    if bundle.len() > MAX_BUNDLE_BYTES {
        return Err(OpenError::TooLarge { bytes: bundle.len(), limit: MAX_BUNDLE_BYTES });
    }
    let tar = decrypt(bundle, identity)?;
    let (folder, files) =
        bag::from_tar(&tar).map_err(|error| OpenError::Malformed(error.into()))?;
    let signer = vouched(&files, trusted)?;
    unharmed(&files)?;
    let (meta, recipient) = outside(&files)?;
    if content::folder(&meta).ok().as_deref() != Some(folder.as_str()) {
        return Err(OpenError::Altered { what: "the bag's folder".to_owned() });
    }
    if recipient != identity.to_public().to_string() {
        return Err(OpenError::PassedOn);
    }
    let digest = hex::encode(Sha256::digest(bundle));
    let (package, attachments) = inside(files)?;
    Ok(Opened { package, attachments, meta, signer, digest })
}

fn decrypt(bundle: &[u8], identity: &Identity) -> Result<Vec<u8>, OpenError> {
    let altered = |what: &str| OpenError::Altered { what: what.to_owned() };
    let refused = |error| match error {
        DecryptError::NoMatchingKeys => OpenError::NotForUs,
        DecryptError::InvalidMac => altered("its header"),
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => altered("its key"),
        _ => OpenError::NotABundle,
    };
    let decryptor = Decryptor::new_buffered(bundle).map_err(refused)?;
    let identities = std::iter::once(identity as &dyn age::Identity);
    let mut reader = decryptor.decrypt(identities).map_err(refused)?;
    let mut content = Vec::new();
    reader.read_to_end(&mut content).map_err(|_| altered("its content"))?;
    Ok(content)
}

fn file<'a>(files: &'a Files, name: &'static str) -> Result<&'a Vec<u8>, OpenError> {
    files.get(name).ok_or(OpenError::Malformed(Malformed::Missing(name)))
}

fn unreadable(name: &'static str) -> OpenError {
    OpenError::Malformed(Malformed::Unreadable(name))
}

/// Who vouches for the tag manifest.
fn vouched(files: &Files, trusted: &[VerifyingKey]) -> Result<VerifyingKey, OpenError> {
    let signature = file(files, bag::SIGNATURE_FILE)?;
    let tag_manifest = file(files, bag::TAG_MANIFEST_FILE)?;
    signature::verify(signature, tag_manifest, trusted).map_err(|invalid| match invalid {
        Invalid::Form => unreadable(bag::SIGNATURE_FILE),
        Invalid::Unknown(key) => OpenError::UnknownSigner { signer: hex::encode(key) },
        Invalid::Wrong => OpenError::Altered { what: "its signature".to_owned() },
    })
}

/// Holds every file against what was signed.
fn unharmed(files: &Files) -> Result<(), OpenError> {
    let unsigned = [bag::TAG_MANIFEST_FILE, bag::SIGNATURE_FILE];
    let tags = files
        .iter()
        .filter(|(path, _)| !path.starts_with("data/") && !unsigned.contains(&path.as_str()));
    let payload = files.iter().filter(|(path, _)| path.starts_with("data/"));
    let differs = |name| {
        move |disagreement| match disagreement {
            Disagreement::Unreadable => unreadable(name),
            Disagreement::File(path) => OpenError::Altered { what: path },
        }
    };
    bag::agree(file(files, bag::TAG_MANIFEST_FILE)?, tags)
        .map_err(differs(bag::TAG_MANIFEST_FILE))?;
    bag::agree(file(files, bag::MANIFEST_FILE)?, payload).map_err(differs(bag::MANIFEST_FILE))?;
    if file(files, bag::DECLARATION_FILE)? != bag::DECLARATION.as_bytes() {
        return Err(unreadable(bag::DECLARATION_FILE));
    }
    Ok(())
}

/// What `bag-info.txt` says, and the key that the bundle was sealed for.
fn outside(files: &Files) -> Result<(Meta, String), OpenError> {
    let text = std::str::from_utf8(file(files, bag::INFO_FILE)?);
    let text = text.map_err(|_| unreadable(bag::INFO_FILE))?;
    let value = |label: &str| {
        let mut found = text.lines().filter_map(|line| line.split_once(": "));
        found.find(|(own, _)| *own == label).map(|(_, value)| value)
    };
    let read = || {
        let meta = Meta {
            number: value("External-Identifier")?.to_owned(),
            version: value("Package-Version")?.parse().ok()?,
            force: ForceKey::parse(value("Force")?)?,
            created: value("Created")?.parse().ok()?,
            marking: Marking::from_label(value("Handling-Mark")?)?,
        };
        Some((meta, value("Recipient")?.to_owned()))
    };
    read().ok_or_else(|| unreadable(bag::INFO_FILE))
}

/// The package and the documents beside it.
fn inside(files: Files) -> Result<(Value, Vec<Attachment>), OpenError> {
    let package = serde_json::from_slice(file(&files, bag::PACKAGE_FILE)?)
        .map_err(|_| unreadable(bag::PACKAGE_FILE))?;
    let mut attachments = Vec::new();
    for (path, bytes) in files {
        match path.strip_prefix(bag::ATTACHMENTS) {
            Some(name) if content::plain_name(name) => {
                attachments.push(Attachment { name: name.to_owned(), bytes });
            }
            Some(_) => return Err(OpenError::Malformed(Malformed::Stranger(path))),
            None if path.starts_with("data/") && path != bag::PACKAGE_FILE => {
                return Err(OpenError::Malformed(Malformed::Stranger(path)));
            }
            None => {}
        }
    }
    Ok((package, attachments))
}
