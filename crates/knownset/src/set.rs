//! The lists in memory, found by digest.
//!
//! Lists reach tens of millions of records, so nothing is kept of a record but its digests and
//! its number: 20, 24 or 36 bytes for each MD5, SHA-1 or SHA-256. What a list says of it is found
//! by its number: neighbours mostly say the same, and only changes are kept.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use pendeen_fingerprint::Digests;
use serde::{Deserialize, Serialize};

use crate::KnownError;
use crate::table::Table;

/// What a list says of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Known {
    /// Name of the list.
    pub list: String,
    /// The category, as the list writes it; empty where the list has none.
    pub category: String,
}

/// One file of a list, as it was loaded: goes with every result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The file.
    pub path: PathBuf,
    /// Its SHA-256, lower-case hexadecimal.
    pub sha256: String,
    /// Its form: `csv`, `digests`, `vics 2.0`, `nsrl rds 3`.
    #[serde(default)]
    pub format: String,
    /// How many records it holds.
    pub records: u64,
    /// How many of their digests repeat one that was loaded before, with the same list and
    /// category.
    pub repeated: u64,
    /// How many of their digests were loaded before with another list or category. The record
    /// loaded first counts.
    pub conflicting: u64,
    /// How many records have no digest that could be matched.
    #[serde(default)]
    pub without_digest: u64,
    /// How many records have a PhotoDNA fingerprint, which is not matched.
    #[serde(default)]
    pub photodna: u64,
}

/// The digests of a record: at least one, or the record matches nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) md5: Option<[u8; 16]>,
    pub(crate) sha1: Option<[u8; 20]>,
    pub(crate) sha256: Option<[u8; 32]>,
    /// Size of the file in bytes, where the list tells it.
    pub(crate) size: Option<u64>,
    /// Whether the file is sought: not so where the list names harmless ones.
    pub(crate) sought: bool,
}

impl Record {
    fn digests(&self) -> usize {
        usize::from(self.md5.is_some())
            + usize::from(self.sha1.is_some())
            + usize::from(self.sha256.is_some())
    }
}

/// All loaded lists.
#[derive(Debug, Clone, Default)]
pub struct KnownSet {
    /// Each distinct list and category once.
    known: Vec<Known>,
    md5: Table<16>,
    sha1: Table<20>,
    sha256: Table<32>,
    /// From which record on which of `known` holds, in order.
    says: Vec<(u32, u32)>,
    /// Sizes of sought files, sorted; what matters where every list tells them.
    sizes: Vec<u64>,
    /// Whether a sought file may have any size.
    any_size: bool,
    sources: Vec<Source>,
}

impl KnownSet {
    /// No lists: nothing is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the lists say of the file with these digests; none if no list has it.
    ///
    /// Where several records match (by different digests), the one loaded first counts.
    pub fn lookup(&self, digests: &Digests) -> Option<&Known> {
        self.first(&[
            self.md5.find(&digests.md5),
            self.sha1.find(&digests.sha1),
            self.sha256.find(&digests.sha256),
        ])
    }

    /// What the lists say of a file of which a digest alone is known, by its length: 16 bytes
    /// are MD5, 20 SHA-1, 32 SHA-256.
    pub fn lookup_one(&self, digest: &[u8]) -> Option<&Known> {
        self.first(&[
            digest.try_into().ok().and_then(|d| self.md5.find(d)),
            digest.try_into().ok().and_then(|d| self.sha1.find(d)),
            digest.try_into().ok().and_then(|d| self.sha256.find(d)),
        ])
    }

    fn first(&self, records: &[Option<u32>]) -> Option<&Known> {
        let record = records.iter().flatten().min()?;
        self.known.get(usize::try_from(said(&self.says, *record)?).ok()?)
    }

    /// Whether a file that a list seeks may have this size in bytes. Always, where a list tells
    /// no sizes; lists of harmless files seek none.
    pub fn may_have_size(&self, size: u64) -> bool {
        self.any_size || self.sizes.binary_search(&size).is_ok()
    }

    /// Number of distinct digests.
    pub fn len(&self) -> usize {
        self.md5.len() + self.sha1.len() + self.sha256.len()
    }

    /// Whether no digest is loaded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The files loaded, in their order.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }
}

/// What record number `record` says, as an index of the known.
fn said(says: &[(u32, u32)], record: u32) -> Option<u32> {
    let behind = says.partition_point(|(from, _)| *from <= record);
    says.get(behind.checked_sub(1)?).map(|(_, known)| *known)
}

/// Lists that are being loaded.
#[derive(Default)]
pub(crate) struct Loader {
    set: KnownSet,
    ids: HashMap<String, HashMap<String, u32>>,
    /// The number that the next record gets.
    next: u32,
    /// From which record on each source counts.
    starts: Vec<u32>,
}

/// Sizes are sorted anew when there are this many more.
const SIZES_STEP: usize = 1 << 20;

impl Loader {
    /// Begins a list; [`Loader::end`] ends it.
    pub(crate) fn begin(&mut self, path: &Path) {
        self.starts.push(self.next);
        self.set.sources.push(Source {
            path: path.to_owned(),
            sha256: String::new(),
            format: String::new(),
            records: 0,
            repeated: 0,
            conflicting: 0,
            without_digest: 0,
            photodna: 0,
        });
    }

    /// The list that is being loaded.
    pub(crate) fn source(&mut self) -> Option<&mut Source> {
        self.set.sources.last_mut()
    }

    /// Adds a record of the list that is being loaded.
    pub(crate) fn add(
        &mut self,
        record: &Record,
        list: &str,
        category: &str,
    ) -> Result<(), KnownError> {
        let number = self.next;
        let Some(source) = self.set.sources.last_mut() else { return Ok(()) };
        source.records += 1;
        if record.digests() == 0 {
            source.without_digest += 1;
            return Ok(());
        }
        let too_many = || KnownError::TooMany { path: source.path.clone(), most: u32::MAX };
        self.next = number.checked_add(1).ok_or_else(too_many)?;
        let known = self.known(list, category);
        if self.set.says.last().is_none_or(|(_, last)| *last != known) {
            self.set.says.push((number, known));
        }
        if record.sought {
            self.size(record.size);
        }
        let Self { set, starts, .. } = self;
        let KnownSet { md5, sha1, sha256, says, sources, .. } = set;
        let again = &mut |first, later| count(sources, starts, says, first, later);
        if let Some(digest) = record.md5 {
            md5.add(digest, number, again);
        }
        if let Some(digest) = record.sha1 {
            sha1.add(digest, number, again);
        }
        if let Some(digest) = record.sha256 {
            sha256.add(digest, number, again);
        }
        Ok(())
    }

    /// The index of this list and category.
    fn known(&mut self, list: &str, category: &str) -> u32 {
        let known = &mut self.set.known;
        if let Some(id) = self.ids.get(list).and_then(|of_list| of_list.get(category)) {
            return *id;
        }
        let id = u32::try_from(known.len()).unwrap_or(u32::MAX);
        known.push(Known { list: list.to_owned(), category: category.to_owned() });
        self.ids.entry(list.to_owned()).or_default().insert(category.to_owned(), id);
        id
    }

    fn size(&mut self, size: Option<u64>) {
        let sizes = &mut self.set.sizes;
        match size {
            None => self.set.any_size = true,
            Some(_) if self.set.any_size => {}
            Some(size) => {
                sizes.push(size);
                if sizes.len().is_multiple_of(SIZES_STEP) {
                    sizes.sort_unstable();
                    sizes.dedup();
                }
            }
        }
    }

    /// All lists are loaded.
    pub(crate) fn end(self) -> KnownSet {
        let Self { mut set, starts, .. } = self;
        let KnownSet { md5, sha1, sha256, says, sources, sizes, .. } = &mut set;
        let again = &mut |first, later| count(sources, &starts, says, first, later);
        md5.settle(again);
        sha1.settle(again);
        sha256.settle(again);
        md5.shrink();
        sha1.shrink();
        sha256.shrink();
        sizes.sort_unstable();
        sizes.dedup();
        sizes.shrink_to_fit();
        set
    }
}

/// Counts a digest of record `later` that record `first` gave before.
fn count(sources: &mut [Source], starts: &[u32], says: &[(u32, u32)], first: u32, later: u32) {
    let at = starts.partition_point(|start| *start <= later).saturating_sub(1);
    let Some(source) = sources.get_mut(at) else { return };
    if said(says, first) == said(says, later) {
        source.repeated += 1;
    } else {
        source.conflicting += 1;
    }
}
