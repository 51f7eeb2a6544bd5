//! What became of a document, as `pendeen intake --json` prints it: one line each.
//!
//! Source: docs/reference/intake.md.

use pendeen_casework::record::referral::Selector;
use serde::{Deserialize, Serialize};

use crate::reject::Rejected;
use crate::report::{Digest, Document, OtherSelector, Report, once};

/// Whether a document, or a part of one, became a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is a new referral.
    Accepted,
    /// It was there already.
    Duplicate,
    /// It is kept, and is no referral, for the reason given.
    Rejected,
}

/// What became of one report of a document, or of a row that was not taken in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The line on which it begins, counted from 1.
    pub line: Option<usize>,
    /// What became of it.
    pub status: Status,
    /// The sender's reference.
    pub reference: Option<String>,
    /// The referral's number in the case database.
    pub referral: Option<String>,
    /// Why it was rejected.
    pub reason: Option<String>,
}

/// What became of one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The document's name.
    pub file: String,
    /// Accepted if any part of it is new, else duplicate if any was there, else rejected.
    pub status: Status,
    /// The number of the (first) referral that it became, or that it repeats.
    pub referral: Option<String>,
    /// Identifiers of those reported and of the incident, of all parts, each once.
    pub selectors: Vec<Selector>,
    /// Why it, or the first part that was not taken in, was rejected; or what it repeats.
    pub reason: Option<String>,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// Identifiers of children and recipients.
    pub other_selectors: Vec<OtherSelector>,
    /// Every part; empty if the document as a whole was rejected.
    pub parts: Vec<Part>,
}

impl Outcome {
    /// A document that could not be read.
    pub fn rejected(file: &str, bytes: &[u8], rejected: &Rejected) -> Self {
        Self {
            file: file.to_owned(),
            status: Status::Rejected,
            referral: None,
            selectors: Vec::new(),
            reason: Some(rejected.to_string()),
            sha256: Digest::of(bytes),
            other_selectors: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// A document that is longer than any report and was left where it lies.
    pub fn too_large(file: &str, sha256: Digest, bytes: u64, limit: u64) -> Self {
        let reason = format!(
            "the document has {bytes} bytes, more than the {limit} that are kept, and was left where it is: \
             ask the sender for it in parts"
        );
        Self {
            file: file.to_owned(),
            status: Status::Rejected,
            referral: None,
            selectors: Vec::new(),
            reason: Some(reason),
            sha256,
            other_selectors: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// A document that was read. `stored` holds, for each of its reports in order, what the
    /// case database made of it: its status and the referral's number.
    pub fn read(document: &Document, stored: &[(Status, Option<String>)]) -> Self {
        let part = |(report, (status, referral)): (&Report, &(Status, Option<String>))| Part {
            line: Some(report.line),
            status: *status,
            reference: Some(report.reference.clone()),
            referral: referral.clone(),
            reason: (*status == Status::Duplicate)
                .then(|| "the report was taken in before".to_owned()),
        };
        let refused = |rejected: &Rejected| Part {
            line: rejected.place.map(|place| place.line),
            status: Status::Rejected,
            reference: None,
            referral: None,
            reason: Some(rejected.to_string()),
        };
        let mut parts: Vec<Part> = document.reports.iter().zip(stored).map(part).collect();
        parts.extend(document.rejected.iter().map(refused));
        let has = |status| parts.iter().any(|part| part.status == status);
        let status = [Status::Accepted, Status::Duplicate].into_iter().find(|&s| has(s));
        let reports = &document.reports;
        let selectors = reports.iter().flat_map(|report| report.selectors.iter().cloned());
        let others = reports.iter().flat_map(|report| report.other_selectors.iter().cloned());
        Self {
            file: document.name.clone(),
            status: status.unwrap_or(Status::Rejected),
            referral: parts.iter().find_map(|part| part.referral.clone()),
            selectors: once(selectors.collect()),
            reason: parts.iter().find_map(|part| part.reason.clone()),
            sha256: document.digest.clone(),
            other_selectors: once(others.collect()),
            parts,
        }
    }
}
