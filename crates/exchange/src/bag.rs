//! A bag: named contents, their digests, and a tar that is the same for the same bag.
//!
//! In: payload files and the lines of `bag-info.txt`. Out: every file of the bag, in order.
//! The other way, from a tar: the files, if there is nothing else in it. Refused: links,
//! devices, folders, absolute or climbing paths, names that stand twice, more files or bytes
//! than the limits.
//!
//! Source: RFC 8493, sections 2 and 4; POSIX.1-1988 ustar.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read;

use sha2::{Digest, Sha256};

use crate::MAX_BUNDLE_BYTES;

/// The declaration, as RFC 8493 section 2.1.1 wants it to the byte.
pub(crate) const DECLARATION: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
pub(crate) const DECLARATION_FILE: &str = "bagit.txt";
pub(crate) const INFO_FILE: &str = "bag-info.txt";
pub(crate) const MANIFEST_FILE: &str = "manifest-sha256.txt";
pub(crate) const TAG_MANIFEST_FILE: &str = "tagmanifest-sha256.txt";
pub(crate) const SIGNATURE_FILE: &str = "signature.ed25519";
pub(crate) const PACKAGE_FILE: &str = "data/package.json";
pub(crate) const ATTACHMENTS: &str = "data/attachments/";

/// Most files in one bag.
const MAX_FILES: usize = 1000;

/// The files of a bag, by their path in it.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// One `label: value` of `bag-info.txt`.
pub(crate) type Info = Vec<(&'static str, String)>;

/// Adds to the payload whatever else a bag consists of, but for the signature.
pub(crate) fn complete(payload: Files, info: &Info) -> Files {
    let octets: usize = payload.values().map(Vec::len).sum();
    let mut lines = String::new();
    for (label, value) in info {
        let _ = writeln!(lines, "{label}: {value}");
    }
    let _ = writeln!(lines, "Payload-Oxum: {octets}.{}", payload.len());
    let list = manifest(payload.iter());
    let mut files = payload;
    files.insert(DECLARATION_FILE.to_owned(), DECLARATION.into());
    files.insert(INFO_FILE.to_owned(), lines.into());
    files.insert(MANIFEST_FILE.to_owned(), list.into());
    let tags = manifest(files.iter().filter(|(path, _)| !path.starts_with("data/")));
    files.insert(TAG_MANIFEST_FILE.to_owned(), tags.into());
    files
}

/// A manifest: a line for each file, digest first.
pub(crate) fn manifest<'a>(files: impl Iterator<Item = (&'a String, &'a Vec<u8>)>) -> String {
    let mut lines = String::new();
    for (path, bytes) in files {
        let _ = writeln!(lines, "{}  {path}", hex::encode(Sha256::digest(bytes)));
    }
    lines
}

/// Why the files of a bag do not agree with a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Disagreement {
    /// The manifest cannot be read.
    Unreadable,
    /// A file is listed and missing, or there and not listed, or its digest differs.
    File(String),
}

/// Holds files against the manifest that lists them: every one, and no other.
pub(crate) fn agree<'a>(
    manifest: &[u8],
    files: impl Iterator<Item = (&'a String, &'a Vec<u8>)>,
) -> Result<(), Disagreement> {
    let mut listed = BTreeMap::new();
    for line in std::str::from_utf8(manifest).map_err(|_| Disagreement::Unreadable)?.lines() {
        let (digest, path) = line.split_once("  ").ok_or(Disagreement::Unreadable)?;
        if listed.insert(path.to_owned(), digest).is_some() {
            return Err(Disagreement::Unreadable);
        }
    }
    for (path, bytes) in files {
        match listed.remove(path) {
            Some(digest) if digest == hex::encode(Sha256::digest(bytes)) => {}
            _ => return Err(Disagreement::File(path.clone())),
        }
    }
    match listed.pop_first() {
        Some((missing, _)) => Err(Disagreement::File(missing)),
        None => Ok(()),
    }
}

/// The bag as a tar: one folder, files in the order of their paths, owner 0, one time.
pub(crate) fn to_tar(folder: &str, files: &Files, seconds: u64) -> std::io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, bytes) in files {
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(seconds);
        header.set_path(format!("{folder}/{path}"))?;
        header.set_cksum();
        tar.append(&header, bytes.as_slice())?;
    }
    tar.into_inner()
}

/// Why a tar is no bag's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TarError {
    /// It cannot be read as a tar.
    #[error("the archive inside is damaged")]
    Damaged,
    /// An entry is not a plain file.
    #[error("the archive inside holds {0:?}, which is not a plain file")]
    NotAFile(String),
    /// An entry's path leaves the bag, or is none.
    #[error("the archive inside holds the path {0:?}, which leads out of the bag")]
    Path(String),
    /// A path stands twice.
    #[error("the archive inside holds {0:?} twice")]
    Twice(String),
    /// There are entries of more than one folder.
    #[error("the archive inside holds more than one folder")]
    Folders,
    /// There is too much in it.
    #[error("the archive inside holds more files or bytes than a bundle may")]
    TooMuch,
}

/// The bag's folder and its files, from a tar.
pub(crate) fn from_tar(bytes: &[u8]) -> Result<(String, Files), TarError> {
    let mut archive = tar::Archive::new(bytes);
    let (mut files, mut folder) = (Files::new(), None::<String>);
    for entry in archive.entries().map_err(|_| TarError::Damaged)?.raw(true) {
        let mut entry = entry.map_err(|_| TarError::Damaged)?;
        let path = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|e| TarError::Path(String::from_utf8_lossy(e.as_bytes()).into_owned()))?;
        if entry.header().entry_type() != tar::EntryType::Regular {
            return Err(TarError::NotAFile(path));
        }
        let (own, inside) = inside_of(&path).ok_or_else(|| TarError::Path(path.clone()))?;
        if folder.get_or_insert_with(|| own.to_owned()) != own {
            return Err(TarError::Folders);
        }
        let size = usize::try_from(entry.size()).unwrap_or(usize::MAX);
        if files.len() >= MAX_FILES || size > MAX_BUNDLE_BYTES || size > bytes.len() {
            return Err(TarError::TooMuch);
        }
        let mut content = Vec::with_capacity(size);
        entry.read_to_end(&mut content).map_err(|_| TarError::Damaged)?;
        if content.len() != size {
            return Err(TarError::Damaged);
        }
        if files.insert(inside.to_owned(), content).is_some() {
            return Err(TarError::Twice(path));
        }
    }
    folder.map(|folder| (folder, files)).ok_or(TarError::Damaged)
}

/// The folder and the path in it, if every step is a plain name.
fn inside_of(path: &str) -> Option<(&str, &str)> {
    path.split('/').all(crate::content::plain_name).then_some(())?;
    path.split_once('/')
}
