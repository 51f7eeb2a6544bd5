//! A document's versions as a table, newest first, each with its file to save.

use pendeen_casework::record::paper::Paper;

use crate::text;
use crate::view::record_address;

/// One version.
#[derive(Debug, Clone)]
pub(crate) struct Copy {
    /// Its number, from 1.
    pub number: usize,
    /// Where its file is saved from.
    pub href: String,
    /// Its type by its first bytes.
    pub media_type: String,
    /// Its size in bytes, grouped.
    pub size: String,
    /// What the file was called: text alone.
    pub file_name: String,
    /// About this version.
    pub note: String,
    /// Who added it.
    pub by: String,
    /// When.
    pub at: String,
}

/// The versions, newest first.
pub(super) fn versions(paper: &Paper) -> Vec<Copy> {
    let page = record_address(pendeen_casework::record::Kind::Paper, paper.head.id);
    let copies = paper.versions.iter().enumerate().map(|(i, version)| Copy {
        number: i + 1,
        href: format!("{page}/documents/{}", version.document),
        media_type: version.media_type.clone(),
        size: text::count(version.size.into()),
        file_name: version.file_name.clone().unwrap_or_default(),
        note: version.note.clone().unwrap_or_default(),
        by: version.signed.name.clone(),
        at: text::moment(version.signed.at),
    });
    copies.rev().collect()
}
