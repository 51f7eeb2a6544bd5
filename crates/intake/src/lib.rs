//! Referrals from outside: a document's bytes in, typed reports out. Pure: nothing is stored,
//! fetched or decided here.
//!
//! In: the bytes of one document, in one of two formats: a CyberTipline-style XML report
//! ([`Format::CyberTipline`]) or a CSV table ([`Format::Csv`]).
//! Out: a [`Document`] with [`Report`]s, whose identifiers are in canonical form, whose times
//! are UTC with the text they were read from, and in which whatever was not understood stands
//! in [`Report::extra`] or [`Report::doubts`]: nothing is skipped in silence.
//! Refused, with place, reason and remedy ([`Rejected`]): what is empty, too large, in an
//! encoding not read, malformed, has a DTD or entities of its own, nests too deep, or is no
//! referral at all. The caller keeps the original byte for byte in either case.
//!
//! The pipeline is the list of modules: `text` (bytes to characters), `xml` (characters to a
//! bounded tree), `cybertip` and `table` (to reports), [`selector`] and [`time`] (values to
//! canonical values).
//!
//! Source: NCMEC, CyberTipline Reporting API Technical Documentation (element names);
//! docs/reference/intake.md.

mod cybertip;
mod outcome;
mod record;
mod reject;
mod report;
pub mod selector;
mod summary;
#[cfg(feature = "synthetic")]
pub mod synthetic;
mod table;
mod text;
pub mod time;
mod xml;

pub use pendeen_casework::record::referral::ReportKey;

pub use outcome::{Outcome, Part, Status};
pub use reject::{Cause, Place, Rejected};
pub use report::{
    Digest, Document, Doubt, Extra, Format, MediaDigest, Observation, OtherSelector, Party,
    PartyRole, Report,
};

/// How much one document may ask for; beyond it the document is refused, never cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size of the document, in bytes.
    pub bytes: usize,
    /// Elements within each other.
    pub depth: usize,
    /// Elements altogether.
    pub elements: usize,
    /// Rows of a table.
    pub rows: usize,
    /// Identifiers and observations in one report.
    pub identifiers: usize,
}

/// Longest reference, source, element name and column name, in characters.
pub(crate) const NAME_CHARS: usize = 200;

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, depth: 64, elements: 500_000, rows: 500_000, identifiers: 10_000 }
    }
}

/// Reads one document with the [default limits](Limits::default). `name` is what the sender
/// called it: it is kept, and never decides how the bytes are read.
pub fn read_document(name: &str, bytes: &[u8]) -> Result<Document, Rejected> {
    read_document_within(name, bytes, &Limits::default())
}

/// Reads one document within `limits`.
pub fn read_document_within(
    name: &str,
    bytes: &[u8],
    limits: &Limits,
) -> Result<Document, Rejected> {
    if bytes.len() > limits.bytes {
        return Err(Cause::TooLarge { bytes: bytes.len(), limit: limits.bytes }.into());
    }
    let text = text::decode(bytes)?;
    let digest = Digest::of(bytes);
    let (format, (reports, rejected)) = if text.trimmed().starts_with('<') {
        let root = xml::read(&text, limits)?;
        (Format::CyberTipline, cybertip::reports(&root, &text, limits, &digest)?)
    } else {
        (Format::Csv, table::reports(&text, limits, &digest)?)
    };
    Ok(Document { name: name.to_owned(), format, digest, reports, rejected })
}
