//! My work: what must I do next, why first, by when.

use askama::Template;

use crate::shell::Shell;
use crate::text::Due;
use crate::view::{Count, Tag};

/// The page.
#[derive(Debug, Template)]
#[template(path = "work.html")]
pub(crate) struct Work {
    pub(crate) shell: Shell,
    pub(crate) counts: Vec<Count>,
    pub(crate) rows: Vec<WorkRow>,
}

/// One thing to do.
#[derive(Debug, Clone)]
pub(crate) struct WorkRow {
    /// How pressing it is.
    pub urgency: Tag,
    /// The record's page.
    pub href: String,
    /// What to do.
    pub what: String,
    /// By when.
    pub due: Option<Due>,
    /// The record's number.
    pub number: String,
    /// What names the record.
    pub title: String,
    /// Made by the demonstration.
    pub simulated: bool,
    /// Whose work it is.
    pub force: String,
}
