//! The lists in memory, found by digest.

use std::collections::HashMap;
use std::path::PathBuf;

use pendeen_fingerprint::Digests;
use serde::{Deserialize, Serialize};

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
    /// How many records it holds.
    pub records: u64,
    /// How many of them repeat a digest that was loaded before, with the same list and category.
    pub repeated: u64,
    /// How many of them give a digest that was loaded before another list or category. The
    /// record loaded first counts.
    pub conflicting: u64,
}

/// A digest of a record: the algorithm by its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Digest {
    Md5([u8; 16]),
    Sha1([u8; 20]),
    Sha256([u8; 32]),
}

/// All loaded lists.
#[derive(Debug, Clone, Default)]
pub struct KnownSet {
    /// Each distinct list and category once.
    known: Vec<Known>,
    ids: HashMap<Known, u32>,
    /// Digest to (order of loading, index in `known`).
    records: HashMap<Digest, (u64, u32)>,
    sources: Vec<Source>,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    New,
    Repeated,
    Conflicting,
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
        if self.records.is_empty() {
            return None;
        }
        [Digest::Md5(digests.md5), Digest::Sha1(digests.sha1), Digest::Sha256(digests.sha256)]
            .iter()
            .filter_map(|digest| self.records.get(digest))
            .min()
            .and_then(|(_, known)| self.known.get(usize::try_from(*known).ok()?))
    }

    /// Number of distinct digests.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether no digest is loaded.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The files loaded, in their order.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    pub(crate) fn add_source(&mut self, source: Source) {
        self.sources.push(source);
    }

    pub(crate) fn add(&mut self, digest: Digest, known: Known) -> Added {
        if let Some((_, earlier)) = self.records.get(&digest) {
            let same = self.ids.get(&known) == Some(earlier);
            return if same { Added::Repeated } else { Added::Conflicting };
        }
        let next = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        let id = *self.ids.entry(known).or_insert_with_key(|known| {
            self.known.push(known.clone());
            next
        });
        self.records.insert(digest, (self.records.len() as u64, id));
        Added::New
    }
}
