//! Digests of one algorithm, sorted: 4 bytes each beside the digest itself.
//!
//! In: digests with the number of the record that gave them. Out: for a digest, the record that
//! gave it first. While a list is loaded, repeated digests are taken out each time the table has
//! doubled, so that a list that names a digest a hundred times costs no more than one that names
//! it once.

/// Digests of `N` bytes, each with the number of a record.
#[derive(Debug, Clone)]
pub(crate) struct Table<const N: usize> {
    entries: Vec<([u8; N], u32)>,
    /// So many entries, from the first, are sorted and without repetition.
    sorted: usize,
}

/// A table is sorted anew when it has grown by this many entries at least.
const STEP: usize = 1 << 20;

impl<const N: usize> Default for Table<N> {
    fn default() -> Self {
        Self { entries: Vec::new(), sorted: 0 }
    }
}

impl<const N: usize> Table<N> {
    /// Adds a digest. `again` is told of a repeated one: the record that gave it first, and the
    /// other.
    pub(crate) fn add(&mut self, digest: [u8; N], record: u32, again: &mut impl FnMut(u32, u32)) {
        if self.entries.len() >= self.sorted.saturating_mul(2).max(STEP) {
            self.settle(again);
        }
        self.entries.push((digest, record));
    }

    /// Sorts, and keeps of each digest the entry of the lowest record.
    pub(crate) fn settle(&mut self, again: &mut impl FnMut(u32, u32)) {
        self.entries.sort_unstable();
        self.entries.dedup_by(|later, first| {
            let same = later.0 == first.0;
            if same {
                again(first.1, later.1);
            }
            same
        });
        self.sorted = self.entries.len();
    }

    /// The record that gave this digest first. The table must have been settled.
    pub(crate) fn find(&self, digest: &[u8; N]) -> Option<u32> {
        let at = self.entries.binary_search_by(|entry| entry.0.cmp(digest)).ok()?;
        self.entries.get(at).map(|entry| entry.1)
    }

    /// How many digests there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Gives back memory that is not needed any more.
    pub(crate) fn shrink(&mut self) {
        self.entries.shrink_to_fit();
    }
}
