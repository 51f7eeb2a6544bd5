//! What may be legally privileged is set apart: an independent person reads it, nobody else.
//!
//! In: a list of words, one a line (`#` begins a comment), such as the names of a firm of
//! solicitors and its mail addresses; and what was found. Out: each item whose path, or whose
//! bytes, have one of the words is marked. It is digested, so that it can be told again and known
//! files are still found, and nothing else is done with it: not opened, no media type, no
//! metadata. It goes to a table of its own, which pages and exports never show.
//!
//! Letters are compared without regard to case (ASCII); in contents, words are looked for as
//! UTF-8 and as UTF-16. Words inside compressed members are seen where their container was
//! opened; a container that holds such a member is itself not marked, but for what it stores
//! uncompressed.
//! Refused: a list without words, or with a word so short that it would set everything apart.

use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use serde::{Deserialize, Serialize};

use crate::ExamineError;
use crate::digesting::Outcome;
use crate::gather::Found;

/// The list, as it was used: goes into the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivilegedList {
    /// The file.
    pub path: PathBuf,
    /// Its SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// How many words it has.
    pub words: u64,
}

/// Shortest word in bytes.
const SHORTEST: usize = 3;
/// Longest list in bytes.
const LONGEST: u64 = 16 << 20;

/// The words of a list, ready to be looked for.
pub(crate) struct Words {
    pub(crate) list: PrivilegedList,
    find: AhoCorasick,
    /// Length of the longest pattern in bytes.
    longest: usize,
}

impl Words {
    /// Reads a list.
    pub(crate) fn load(path: &Path) -> Result<Self, ExamineError> {
        let refused = |reason: String| ExamineError::Privileged { path: path.to_owned(), reason };
        let len = std::fs::metadata(path).map_err(|e| refused(e.to_string()))?.len();
        if len > LONGEST {
            return Err(refused(format!("it has {len} bytes, and {LONGEST} are allowed")));
        }
        let bytes = std::fs::read(path).map_err(|e| refused(e.to_string()))?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| refused("it is not UTF-8: save it so".to_owned()))?;
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let words: Vec<&str> =
            lines.filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        if words.is_empty() {
            return Err(refused("it has no words: write one a line".to_owned()));
        }
        if let Some(short) = words.iter().find(|word| word.len() < SHORTEST) {
            return Err(refused(format!(
                "{short:?} is shorter than {SHORTEST} letters and would be found nearly everywhere"
            )));
        }
        let wide =
            words.iter().map(|word| word.encode_utf16().flat_map(u16::to_le_bytes).collect());
        let patterns: Vec<Vec<u8>> =
            words.iter().map(|word| word.as_bytes().to_vec()).chain(wide).collect();
        let longest = patterns.iter().map(Vec::len).max().unwrap_or(0);
        let find = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(&patterns)
            .map_err(|e| refused(e.to_string()))?;
        let list = PrivilegedList {
            path: path.to_owned(),
            sha256: hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&bytes)),
            words: words.len() as u64,
        };
        Ok(Self { list, find, longest })
    }

    /// Whether the bytes have a word.
    pub(crate) fn are_in(&self, bytes: &[u8]) -> bool {
        self.find.is_match(bytes)
    }

    /// Looks for words in a content that comes piece by piece.
    pub(crate) fn scan(&self) -> Scan<'_> {
        Scan { words: self, seam: Vec::new(), found: false }
    }
}

/// A search through pieces: a word may lie across two of them.
pub(crate) struct Scan<'a> {
    words: &'a Words,
    /// The end of what came before.
    seam: Vec<u8>,
    pub(crate) found: bool,
}

impl Scan<'_> {
    /// Looks through the next piece.
    pub(crate) fn feed(&mut self, piece: &[u8]) {
        if self.found {
            return;
        }
        let overlap = self.words.longest.saturating_sub(1);
        let before = self.seam.len();
        self.seam.extend_from_slice(&piece[..piece.len().min(overlap)]);
        self.found = (before > 0 && self.words.are_in(&self.seam)) || self.words.are_in(piece);
        if piece.len() >= overlap {
            self.seam.clear();
            self.seam.extend_from_slice(&piece[piece.len() - overlap..]);
        } else {
            let excess = self.seam.len().saturating_sub(overlap);
            self.seam.drain(..excess);
        }
    }
}

/// Marks what the words mark, and what lies in it, and takes off all but the digests; of what was
/// found before entry `from` it was done before.
pub(crate) fn set_apart(words: &Words, found: &[Found], outcomes: &mut [Outcome], from: usize) {
    for index in from..found.len() {
        let one = &found[index];
        // What lies in another comes behind it.
        let within =
            one.parent.and_then(|parent| outcomes.get(parent.get())).is_some_and(|o| o.privileged);
        let marked = within
            || outcomes[index].privileged
            || words.are_in(one.entry.forensic_path().as_bytes())
            || words.are_in(one.entry.path().as_bytes())
            || words.are_in(one.entry.name());
        if marked {
            let outcome = &mut outcomes[index];
            *outcome = Outcome {
                digests: outcome.digests,
                trouble: outcome.trouble.take(),
                not_read: outcome.not_read,
                privileged: true,
                ..Outcome::default()
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Result<Words, ExamineError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("words.txt");
        std::fs::write(&path, text).unwrap();
        Words::load(&path)
    }

    #[test]
    fn words_are_found_in_any_case_and_as_utf_16() {
        let words = words("# counsel\nHarcourt & Vane\n\nLegal@Example.org\n").unwrap();
        assert_eq!(words.list.words, 2);
        assert!(words.are_in(b"To: LEGAL@EXAMPLE.ORG"));
        assert!(words.are_in(b"...harcourt & vane..."));
        let wide: Vec<u8> = "x harcourt & VANE".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(words.are_in(&wide));
        assert!(!words.are_in(b"harcourt and vane"));
    }

    #[test]
    fn a_word_across_pieces_of_any_length_is_found() {
        let words = words("solicitor\n").unwrap();
        let text = b"a letter to the solicitor of the firm";
        for len in 1..text.len() {
            let mut scan = words.scan();
            text.chunks(len).for_each(|piece| scan.feed(piece));
            assert!(scan.found, "pieces of {len}");
            let mut scan = words.scan();
            b"a letter to the solicitxr".chunks(len).for_each(|piece| scan.feed(piece));
            assert!(!scan.found, "pieces of {len}");
        }
    }

    #[test]
    fn a_list_that_would_set_nothing_or_everything_apart_is_refused() {
        for text in ["", "# only this\n", "ab\n"] {
            assert!(words(text).is_err(), "{text:?}");
        }
    }
}
