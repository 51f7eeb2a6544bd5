//! The record of an examination: `examination.json`.
//!
//! It alone says when, where and with what the examination ran; the tables do not, so that the
//! same evidence gives the same tables. It is written last: a folder without it is unfinished.
//! [`load`] reads it back and checks that the files are still the ones it names.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use pendeen_evidence::image::Format;
use pendeen_evidence::unlock::Encryption;
use pendeen_evidence::worker::sandbox::Report;
use pendeen_item::Written;
use pendeen_knownset::Source as KnownList;
use serde::{Deserialize, Serialize};

use crate::ExamineError;
use crate::privileged::PrivilegedList;
use crate::unlock::UnlockRecord;
use crate::verify::Verification;
use crate::work_folder::name;

/// Version of the record's layout.
pub const SCHEMA_VERSION: u32 = 1;

/// What `examination.json` holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Examination {
    /// Version of this layout: [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The program.
    pub tool: String,
    /// Its version.
    pub version: String,
    /// What else took part in the result, such as the library that reads file systems.
    pub components: BTreeMap<String, String>,
    /// The exhibit reference; empty if none was given.
    pub exhibit: String,
    /// Who ran it, if that was said.
    pub examiner: Option<String>,
    /// What was examined, in the order given.
    pub sources: Vec<SourceRecord>,
    /// The encrypted volumes in them, on all levels, and what came of opening them.
    #[serde(default)]
    pub encryption: Vec<Encryption>,
    /// Known lists, in the order of their precedence.
    pub known: Vec<KnownList>,
    /// When it began, UTC.
    pub started: Timestamp,
    /// When it ended, UTC.
    pub finished: Timestamp,
    /// How it was run.
    pub options: OptionsRecord,
    /// What was found. They reconcile: `entries` = `items`.
    pub counts: Counts,
    /// Each other file of the examination by its name.
    pub files: BTreeMap<String, FileRecord>,
}

/// How an examination was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OptionsRecord {
    /// How many threads read and digested. The tables do not depend on it.
    pub threads: usize,
    /// Whether each image that stores digests was read whole and compared with them.
    pub verify: bool,
    /// Whether only files of a size that a known list has were read.
    #[serde(default)]
    pub triage: bool,
    /// The words that marked what may be legally privileged, where there were any.
    #[serde(default)]
    pub privileged: Option<PrivilegedList>,
    /// Under which authority encrypted volumes might be opened, where secrets were given.
    #[serde(default)]
    pub unlock: Option<UnlockRecord>,
    /// Whether the run went on from an interrupted one. The tables do not depend on it.
    #[serde(default)]
    pub resumed: bool,
    /// Whether the space that no live file owns was searched.
    #[serde(default)]
    pub carve: bool,
}

/// A source, as it was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRecord {
    /// Its absolute path.
    pub path: PathBuf,
    /// What its forensic paths begin with.
    pub prefix: String,
    /// Image, archive or folder.
    #[serde(flatten)]
    pub kind: SourceKind,
}

/// What a source is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SourceKind {
    /// A plain folder: only what this computer's file system shows.
    Folder,
    /// Files packed into one.
    Archive {
        /// Its media type by signature.
        media_type: String,
        /// Its length in bytes.
        len_bytes: u64,
    },
    /// A disk image.
    Image(Box<ImageRecord>),
}

/// An image, as it was opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageRecord {
    /// The container.
    pub format: Format,
    /// Its files, in order.
    pub segments: Vec<PathBuf>,
    /// Length of the acquired device in bytes.
    pub len_bytes: u64,
    /// MD5 that the container stores, lower-case hexadecimal.
    pub stored_md5: Option<String>,
    /// SHA-1 that the container stores.
    pub stored_sha1: Option<String>,
    /// What else the container's header says.
    pub header: Vec<(String, String)>,
    /// The volumes found.
    pub volumes: Vec<VolumeRecord>,
    /// Digests of the whole device, if they were computed in this run.
    pub verified: Option<Verification>,
    /// What the sandbox of the process that opened its file systems enforced, if one ran.
    pub sandbox: Option<Report>,
}

/// A volume of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeRecord {
    /// `p1`, `p5`, ... or nothing for a whole image.
    pub label: String,
    /// Where it begins, in bytes.
    pub offset_bytes: u64,
    /// How long it is in bytes.
    pub len_bytes: u64,
}

/// What was found, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Entries that file systems and folders listed.
    pub entries: u64,
    /// Rows of the item table.
    pub items: u64,
    /// Items set apart in a table of their own, since they may be legally privileged.
    #[serde(default)]
    pub privileged: u64,
    /// Items that were not meant to be read.
    #[serde(default)]
    pub not_read: u64,
    /// Items whose content could not be read whole.
    pub items_with_gaps: u64,
    /// Rows of the gap table.
    pub gaps: u64,
    /// Bytes of all items together, as their metadata gives them.
    pub bytes: u64,
    /// Items by origin: `live`, `deleted`, ...
    pub by_origin: BTreeMap<String, u64>,
    /// Items by media type; empty name: nothing recognised.
    pub by_media_type: BTreeMap<String, u64>,
    /// Items that a known list has.
    pub known: u64,
    /// They by list, and by category in it.
    pub known_by_list: BTreeMap<String, BTreeMap<String, u64>>,
    /// Items whose extension belongs to another type.
    pub extension_mismatches: u64,
    /// Rows of the event table.
    #[serde(default)]
    pub events: u64,
    /// Events about a file that a known list has.
    #[serde(default)]
    pub events_known: u64,
    /// Events by the program that recorded them: `chromium`, `whatsapp`, ...
    #[serde(default)]
    pub events_by_source: BTreeMap<String, u64>,
}

/// A file of the examination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// Length in bytes.
    pub len_bytes: u64,
    /// Rows, where it is a table.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rows: Option<u64>,
}

impl FileRecord {
    /// The record of a file with these bytes that is no table.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self {
            sha256: hex::encode(<sha2::Sha256 as sha2::Digest>::digest(bytes)),
            len_bytes: bytes.len() as u64,
            rows: None,
        }
    }
}

impl From<Written> for FileRecord {
    fn from(written: Written) -> Self {
        Self {
            sha256: hex::encode(written.sha256),
            len_bytes: written.len_bytes,
            rows: Some(written.rows),
        }
    }
}

/// Reads the record of a finished examination, and checks that its files are the ones it wrote.
pub fn load(dir: &Path) -> Result<Examination, ExamineError> {
    let examination = read(dir)?;
    for (name, wanted) in &examination.files {
        // The record is a file like any other: a name in it never leads out of the folder.
        if !Path::new(name).components().all(|c| matches!(c, std::path::Component::Normal(_))) {
            return Err(ExamineError::NotFinished { path: dir.to_owned() });
        }
        let path = dir.join(name);
        let got = sha256_of(&path).map_err(|source| ExamineError::System {
            doing: "checking a file of the examination",
            source: io::Error::new(source.kind(), format!("{}: {source}", path.display())),
        })?;
        if got != wanted.sha256 {
            return Err(ExamineError::Changed { path, wanted: wanted.sha256.clone(), got });
        }
    }
    Ok(examination)
}

/// Reads the record alone: for a page that shows a part of tables checked before.
pub fn read(dir: &Path) -> Result<Examination, ExamineError> {
    let path = dir.join(name::EXAMINATION);
    let text =
        std::fs::read(&path).map_err(|_| ExamineError::NotFinished { path: dir.to_owned() })?;
    let examination: Examination = serde_json::from_slice(&text)
        .map_err(|source| ExamineError::BadRecord { path: path.clone(), source })?;
    let complete = [name::ITEMS, name::GAPS, name::REPORT]
        .iter()
        .all(|name| examination.files.contains_key(*name));
    if complete && examination.schema_version == SCHEMA_VERSION {
        Ok(examination)
    } else {
        Err(ExamineError::NotFinished { path: dir.to_owned() })
    }
}

fn sha256_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = sha2::Sha256::default();
    io::copy(&mut file, &mut DigestWriter(&mut hash))?;
    Ok(hex::encode(sha2::Digest::finalize(hash)))
}

struct DigestWriter<'a>(&'a mut sha2::Sha256);

impl io::Write for DigestWriter<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        sha2::Digest::update(self.0, buf);
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
