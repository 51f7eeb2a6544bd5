//! Keys in files: one to sign bundles with, one to open them with.
//!
//! A key file is text: a comment with the public half, then the secret. It is made readable by
//! its owner alone, complete or not at all, and refused when others may read it. Two programs
//! that start at once get one key.
//!
//! Source: C2SP age v1 (identity files, `AGE-SECRET-KEY-1...`); Ed25519 seeds as 64
//! hexadecimal digits (RFC 8032 section 5.1.5).

use std::fs::{DirBuilder, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
use age::x25519::{Identity, Recipient};
use bech32::{Bech32, Hrp};
use ed25519_dalek::{SigningKey, VerifyingKey};
use rand::CryptoRng;
use thiserror::Error;

use crate::content::plain_name;

/// Why a key could not be loaded or made.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The name is not a plain file name.
    #[error("{0:?} is not a plain name for a key")]
    Name(String),
    /// Others than its owner may read it.
    #[error(
        "the key file {path} can be read by others (mode {mode:o}); make a new key, or run: chmod 600 {path}"
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It holds no key of its kind.
    #[error("the key file {path} holds no {kind}; restore it from a backup")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        kind: &'static str,
    },
    /// A public key that is none.
    #[error("{0:?} is not a {1}")]
    Public(String, &'static str),
    /// The file system refused.
    #[error("the key file {path} cannot be used")]
    Io {
        /// The file.
        path: PathBuf,
        /// How the system put it.
        source: io::Error,
    },
}

/// The signing key `NAME.ed25519` in `dir`, made from `rng` if there is none.
pub fn load_or_create_signing<R: CryptoRng + ?Sized>(
    dir: &Path,
    name: &str,
    rng: &mut R,
) -> Result<SigningKey, KeyError> {
    let path = path(dir, name, "ed25519")?;
    let text = load_or_create(&path, || {
        let key = signing(rng);
        let public = hex::encode(key.verifying_key().to_bytes());
        format!("# public key: {public}\n{}\n", hex::encode(key.to_bytes()))
    })?;
    let mut seed = [0; 32];
    secret(&text)
        .and_then(|line| hex::decode_to_slice(line, &mut seed).ok())
        .map(|()| SigningKey::from_bytes(&seed))
        .ok_or(KeyError::Unreadable { path, kind: "signing key" })
}

/// The opening key `NAME.age` in `dir`, made from `rng` if there is none. The file is an
/// identity file that the `age` program reads too.
pub fn load_or_create_identity<R: CryptoRng + ?Sized>(
    dir: &Path,
    name: &str,
    rng: &mut R,
) -> Result<Identity, KeyError> {
    let path = path(dir, name, "age")?;
    let text = load_or_create(&path, || {
        let identity = identity(rng);
        let public = identity.to_public();
        format!("# public key: {public}\n{}\n", identity.to_string().expose_secret())
    })?;
    secret(&text)
        .and_then(|line| line.parse().ok())
        .ok_or(KeyError::Unreadable { path, kind: "age identity" })
}

/// A fresh signing key.
pub fn signing<R: CryptoRng + ?Sized>(rng: &mut R) -> SigningKey {
    let mut seed = [0; 32];
    rng.fill_bytes(&mut seed);
    SigningKey::from_bytes(&seed)
}

/// A fresh opening key.
pub fn identity<R: CryptoRng + ?Sized>(rng: &mut R) -> Identity {
    let mut secret = [0; 32];
    rng.fill_bytes(&mut secret);
    let prefix = Hrp::parse_unchecked("age-secret-key-");
    let text = bech32::encode::<Bech32>(prefix, &secret).expect("32 bytes fit in Bech32");
    text.to_uppercase().parse().expect("32 bytes under this prefix are an age identity")
}

/// A signer's public key from 64 hexadecimal digits.
pub fn signer(text: &str) -> Result<VerifyingKey, KeyError> {
    let wrong = || KeyError::Public(text.to_owned(), "signer's public key");
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| wrong())?;
    let key = VerifyingKey::from_bytes(&bytes).map_err(|_| wrong())?;
    if key.is_weak() { Err(wrong()) } else { Ok(key) }
}

/// A force's public key from its text, `age1...`.
pub fn recipient(text: &str) -> Result<Recipient, KeyError> {
    text.trim().parse().map_err(|_| KeyError::Public(text.to_owned(), "force's public key"))
}

fn path(dir: &Path, name: &str, extension: &str) -> Result<PathBuf, KeyError> {
    if plain_name(name) {
        Ok(dir.join(format!("{name}.{extension}")))
    } else {
        Err(KeyError::Name(name.to_owned()))
    }
}

/// The first line that is no comment.
fn secret(text: &str) -> Option<&str> {
    text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))
}

fn load_or_create(path: &Path, make: impl FnOnce() -> String) -> Result<String, KeyError> {
    let failed = |source| KeyError::Io { path: path.to_owned(), source };
    match load(path) {
        Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
        answer => return answer,
    }
    if let Some(dir) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(failed)?;
    }
    create(path, &make()).map_err(failed)?;
    load(path)
}

fn load(path: &Path) -> Result<String, KeyError> {
    let failed = |source| KeyError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.take(4096).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// Writes a complete file under another name, then gives it its own unless another program was
/// first.
fn create(path: &Path, text: &str) -> io::Result<()> {
    // The draft is made with mode 0600, which it keeps under its own name.
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut draft = tempfile::Builder::new().prefix(".key-").tempfile_in(dir)?;
    draft.write_all(text.as_bytes())?;
    draft.as_file().sync_all()?;
    match draft.persist_noclobber(path) {
        Err(refused) if refused.error.kind() != io::ErrorKind::AlreadyExists => Err(refused.error),
        _ => Ok(()),
    }
}
