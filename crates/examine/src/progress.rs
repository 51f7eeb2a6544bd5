//! What a caller may show while an examination runs.

use pendeen_knownset::Known;

/// What the examination is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Opening sources and loading known lists.
    Opening,
    /// Reading an image's bytes to compare them with its stored digests.
    Verifying,
    /// Listing volumes, file systems and their entries.
    Listing,
    /// Searching for files in the space that no live file owns.
    Carving,
    /// Reading content and computing digests. Its totals are known.
    Reading,
    /// Writing the tables and the report.
    Writing,
}

/// Receives progress, possibly from several threads at once. Nothing depends on the answer.
pub trait Progress: Sync {
    /// A step begins. `items` and `bytes` are how much it has to do, where that is known.
    fn begin(&self, step: Step, items: Option<u64>, bytes: Option<u64>);

    /// So much more of the present step is done.
    fn advance(&self, items: u64, bytes: u64);

    /// A triage came upon a known file.
    fn hit(&self, _forensic_path: &str, _known: &Known) {}
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _step: Step, _items: Option<u64>, _bytes: Option<u64>) {}
    fn advance(&self, _items: u64, _bytes: u64) {}
}
