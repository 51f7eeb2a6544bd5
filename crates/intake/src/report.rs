//! What a document says, in the words of the case database.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;

use jiff::Timestamp;
use pendeen_casework::record::referral::{ReportKey, Selector, SelectorKind};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::reject::{Cause, Rejected};
use crate::selector;

/// SHA-256 of a document's bytes, in lower-case hexadecimal: the address of the original, and
/// what tells that the same document came twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(hex::encode(Sha256::digest(bytes)))
    }

    /// The digest of all that a reader gives.
    pub fn of_reader(mut reader: impl std::io::Read) -> std::io::Result<Self> {
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok(Self(hex::encode(hasher.finalize()))),
                n => hasher.update(&buffer[..n]),
            }
        }
    }

    /// The 64 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// XML with the element names of the CyberTipline schema.
    CyberTipline,
    /// A table with a line of column names.
    Csv,
}

/// One document with everything that was read from it.
/// Parts found = `reports` + `rejected`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What the sender called it.
    pub name: String,
    /// How it was read.
    pub format: Format,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// The reports in it: at least one.
    pub reports: Vec<Report>,
    /// The parts that were not taken in, such as a row without a reference.
    pub rejected: Vec<Rejected>,
}

/// Whose an identifier is, by the part of the report in which it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartyRole {
    /// The person or user reported, and accounts associated with them.
    Reported,
    /// The incident itself: a page, a chat, a number called.
    Incident,
    /// A file: where it was, from where it was uploaded.
    File,
    /// Somebody to whom something was sent: a suspect, a witness or a child.
    Recipient,
    /// A child.
    Victim,
    /// Who reports: a company, a member of the public, an officer.
    Reporter,
}

impl PartyRole {
    /// Whether identifiers in this part say which reports belong together. Those of children
    /// and recipients are kept apart, so that nobody is taken for a suspect; those of the
    /// reporter stand in every report of that reporter.
    pub fn leads(self) -> bool {
        matches!(self, Self::Reported | Self::Incident | Self::File)
    }
}

/// A person or account that a report describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    /// In which part of the report.
    pub role: PartyRole,
    /// What is told, in the order of the report: (element name, text), such as `firstName`,
    /// `dateOfBirth`, `displayName`, `espService`, `espIdentifier`.
    pub facts: Vec<(String, String)>,
}

/// An address on a network at a time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Observation {
    /// Whose.
    pub role: PartyRole,
    /// The address.
    pub ip: IpAddr,
    /// The port on the side of the user; needed where a provider shares one address.
    pub port: Option<u16>,
    /// Login, Registration, Purchase, Upload, Other, Unknown, as the reporter writes it.
    pub event: Option<String>,
    /// When, UTC; none if no time was given or it could not be read.
    pub time: Option<Timestamp>,
    /// The time as it was written.
    pub time_raw: Option<String>,
    /// Whether the time carried its zone. Without one it was taken as UTC, and must be
    /// confirmed before anybody asks a provider whose address it was.
    pub zone_stated: bool,
    /// The reporter thinks that the address is a proxy's.
    pub possible_proxy: Option<bool>,
}

/// An identifier of somebody who is not the person reported.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct OtherSelector {
    /// Whose.
    pub role: PartyRole,
    /// The identifier.
    #[serde(flatten)]
    pub selector: Selector,
}

/// A digest of a file that the report is about; the file itself is never kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MediaDigest {
    /// `md5`, `sha1`, `sha256`, or what the reporter calls it, in lower case.
    pub algorithm: String,
    /// The digest: lower-case hexadecimal for the three named, as written for all others.
    pub value: String,
    /// The file's name at the reporter, if told.
    pub file_name: Option<String>,
}

impl MediaDigest {
    /// Reads a digest. Where the reporter does not say which, its length tells.
    pub(crate) fn read(told: &str, value: &str, file: Option<&str>) -> Result<Self, &'static str> {
        const KNOWN: [(&str, usize); 3] = [("md5", 32), ("sha1", 40), ("sha256", 64)];
        let value = value.trim();
        let hexadecimal = !value.is_empty() && value.bytes().all(|b| b.is_ascii_hexdigit());
        let told = told.trim().to_lowercase();
        let plain = told.replace(['-', '_', ' '], "");
        let by_name = KNOWN.iter().find(|(name, _)| *name == plain);
        let by_length = KNOWN.iter().find(|(_, digits)| hexadecimal && *digits == value.len());
        let (algorithm, value) = match (by_name, by_length) {
            (Some(_), None) => return Err("it is not a digest of its kind"),
            (Some(a), Some(b)) if a != b => return Err("it is not a digest of its kind"),
            (Some((name, _)), Some(_)) => ((*name).to_owned(), value.to_lowercase()),
            (None, Some((name, _))) if told.is_empty() => {
                ((*name).to_owned(), value.to_lowercase())
            }
            (None, _) if told.is_empty() => return Err("the kind of digest is not stated"),
            (None, _) => (told, value.to_owned()),
        };
        Ok(Self { algorithm, value, file_name: file.map(str::to_owned) })
    }
}

/// Something in the report that has no field of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extra {
    /// Element names from the report down, joined by `/`; an attribute behind `@`; or a
    /// table's column.
    pub path: String,
    /// The text.
    pub value: String,
}

/// Something that was meant as an identifier, an address, a time or a digest and is none, or
/// is one with a reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Doubt {
    /// Where, as in [`Extra::path`].
    pub path: String,
    /// What stands there.
    pub value: String,
    /// Why it is doubted.
    pub why: &'static str,
}

/// One report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Who reported.
    pub source: String,
    /// The reporter's own reference; made from the document's digest where there is none.
    pub reference: String,
    /// Whether the report carried its reference.
    pub reference_stated: bool,
    /// What it says, in a sentence or two.
    pub summary: String,
    /// When the reported thing happened, UTC.
    pub incident: Option<Timestamp>,
    /// The same as it was written.
    pub incident_raw: Option<String>,
    /// The reporter asks for priority, or a child is described.
    pub urgent: bool,
    /// Identifiers of the person reported and of the incident, each once.
    pub selectors: Vec<Selector>,
    /// Identifiers of children and recipients, each once.
    pub other_selectors: Vec<OtherSelector>,
    /// Addresses at times.
    pub observations: Vec<Observation>,
    /// Digests of the files reported.
    pub media: Vec<MediaDigest>,
    /// The people and accounts described.
    pub parties: Vec<Party>,
    /// What has no field of its own.
    pub extra: Vec<Extra>,
    /// What was meant as a value of its kind and is none.
    pub doubts: Vec<Doubt>,
    /// SHA-256 of the document it was read from.
    pub document: Digest,
    /// The line on which it begins in the document, counted from 1.
    pub line: usize,
}

impl Report {
    pub(crate) fn new(document: Digest, line: usize) -> Self {
        Self {
            source: String::new(),
            reference: String::new(),
            reference_stated: false,
            summary: String::new(),
            incident: None,
            incident_raw: None,
            urgent: false,
            selectors: Vec::new(),
            other_selectors: Vec::new(),
            observations: Vec::new(),
            media: Vec::new(),
            parties: Vec::new(),
            extra: Vec::new(),
            doubts: Vec::new(),
            document,
            line,
        }
    }

    /// What tells that the same report came twice.
    pub fn key(&self) -> ReportKey {
        ReportKey::new(&self.source, &self.reference)
    }

    /// Adds an identifier where it belongs; [`Self::finish`] leaves it once.
    pub(crate) fn add_selector(&mut self, role: PartyRole, selector: Selector) {
        if role.leads() {
            self.selectors.push(selector);
        } else if role != PartyRole::Reporter {
            self.other_selectors.push(OtherSelector { role, selector });
        }
    }

    /// Adds an observation and the selector that its address makes. An address of no
    /// customer stays an observation and leads nowhere.
    pub(crate) fn add_observation(&mut self, observation: Observation, path: &str, raw: &str) {
        if let Some(why) = selector::unroutable(observation.ip) {
            self.doubt(path, raw, why);
        } else {
            let value = selector::ip_value(observation.ip, observation.port);
            self.add_selector(observation.role, Selector { kind: SelectorKind::Ip, value });
        }
        self.observations.push(observation);
    }

    /// Leaves each identifier and observation once, in its first place, and holds their number
    /// to the limit.
    pub(crate) fn finish(mut self, limit: usize) -> Result<Self, Cause> {
        self.selectors = once(self.selectors);
        self.other_selectors = once(self.other_selectors);
        self.observations = once(self.observations);
        let count = self.selectors.len() + self.other_selectors.len() + self.observations.len();
        if count > limit {
            return Err(Cause::TooMany { what: "identifiers in one report", limit });
        }
        Ok(self)
    }

    pub(crate) fn keep(&mut self, path: &str, value: &str) {
        self.extra.push(Extra { path: path.to_owned(), value: value.to_owned() });
    }

    pub(crate) fn doubt(&mut self, path: &str, value: &str, why: &'static str) {
        self.doubts.push(Doubt { path: path.to_owned(), value: value.to_owned(), why });
    }
}

/// The items without their repetitions, in the order of their first appearance.
pub(crate) fn once<T: Hash + Eq + Clone>(items: Vec<T>) -> Vec<T> {
    let mut seen = HashSet::with_capacity(items.len());
    items.into_iter().filter(|item| seen.insert(item.clone())).collect()
}
