//! Why a document, or a part of one, was not taken in: where, what was wrong, what to do.

use thiserror::Error;

/// A place in a document as it was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Line, counted from 1.
    pub line: usize,
    /// Position in bytes from the start of the document, counted from 0.
    pub byte: usize,
}

/// A document, or one row of a table, that was not taken in. The sender is at fault, or the
/// format is one that this version does not read; the original is kept by the caller.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}{cause}; {}", place.map(|p| format!("line {}, byte {}: ", p.line, p.byte)).unwrap_or_default(), cause.remedy())]
pub struct Rejected {
    /// Where, if the fault has a place.
    pub place: Option<Place>,
    /// What was wrong.
    pub cause: Cause,
}

impl Rejected {
    pub(crate) fn at(place: Place, cause: Cause) -> Self {
        Self { place: Some(place), cause }
    }

    /// What was wrong, in words.
    pub fn reason(&self) -> String {
        self.cause.to_string()
    }

    /// What the person who took the document in can do about it.
    pub fn remedy(&self) -> &'static str {
        self.cause.remedy()
    }
}

impl From<Cause> for Rejected {
    fn from(cause: Cause) -> Self {
        Self { place: None, cause }
    }
}

/// What was wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Cause {
    /// There is nothing in it.
    #[error("the document is empty")]
    Empty,
    /// It is larger than any report should be.
    #[error("the document has {bytes} bytes, more than the {limit} that are read")]
    TooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// It is of a format that holds no report.
    #[error("the document is {what}, not a CyberTipline report in XML or a CSV table")]
    OtherFormat {
        /// What it seems to be.
        what: &'static str,
    },
    /// It names an encoding that is not read.
    #[error("the encoding {name:?} is not read")]
    Encoding {
        /// The encoding as the document names it.
        name: String,
    },
    /// Its bytes are not what their encoding allows.
    #[error("the bytes here are not valid {encoding}")]
    NotText {
        /// The encoding that was assumed.
        encoding: &'static str,
    },
    /// A control character that no text has.
    #[error("the character U+{code:04X} is not allowed in a report")]
    Control {
        /// The character.
        code: u32,
    },
    /// A document type declaration: it could define entities or fetch files.
    #[error("the document has a DOCTYPE declaration, which is never read")]
    Doctype,
    /// An entity other than the five of XML.
    #[error("the entity &{name}; is not one of XML's own")]
    Entity {
        /// Its name.
        name: String,
    },
    /// Elements nest too deep.
    #[error("elements nest more than {limit} deep")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// It has too many parts.
    #[error("the document has more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A name or reference is longer than any should be.
    #[error("{what} is longer than {limit} characters")]
    TooLong {
        /// Which.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// It is not well-formed.
    #[error("the XML is malformed: {problem}")]
    Malformed {
        /// How the reader put it.
        problem: String,
    },
    /// It is well-formed and something else.
    #[error("the outermost element is <{root}>, and no <report> is in it")]
    NotAReport {
        /// The outermost element's name.
        root: String,
    },
    /// A report without any content.
    #[error("the report says nothing")]
    Blank,
    /// The table's first line names none of the columns.
    #[error("the first line has no column called reference")]
    NoHeader,
    /// One column name stands twice.
    #[error("the column {name} stands twice in the first line")]
    ColumnTwice {
        /// The column.
        name: String,
    },
    /// The table cannot be taken apart.
    #[error("the table is malformed: {problem}")]
    Table {
        /// How the reader put it.
        problem: String,
    },
    /// A row has more or fewer cells than the first line.
    #[error("the row has {found} cells where the first line has {wanted}")]
    RowLength {
        /// Cells in the row.
        found: usize,
        /// Cells in the first line.
        wanted: usize,
    },
    /// A row without a reference.
    #[error("the row has no reference")]
    NoReference,
}

impl Cause {
    /// What the person who took the document in can do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Empty | Self::Blank => "ask the sender for the report again",
            Self::TooLarge { .. } | Self::TooMany { .. } => {
                "ask the sender for smaller documents, without attached files"
            }
            Self::OtherFormat { .. } => {
                "take the report in by hand, or ask the sender for XML or CSV"
            }
            Self::Encoding { .. } | Self::NotText { .. } | Self::Control { .. } => {
                "save the document as UTF-8 and take it in again"
            }
            Self::Doctype | Self::Entity { .. } => {
                "ask the sender for the report without a DTD; treat this document with suspicion"
            }
            Self::TooDeep { .. } | Self::TooLong { .. } => {
                "ask the sender for a report that follows the schema"
            }
            Self::Malformed { .. } => {
                "ask the sender for the report again: this one may be cut short"
            }
            Self::NotAReport { .. } => "check that this is a report; take it in by hand if it is",
            Self::NoHeader | Self::ColumnTwice { .. } => {
                "give the table a first line with the column names of docs/reference/intake.md"
            }
            Self::Table { .. } | Self::RowLength { .. } => {
                "mend the quotes and separators there and take the table in again"
            }
            Self::NoReference => "give the row the sender's reference and take the table in again",
        }
    }
}
