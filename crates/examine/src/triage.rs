//! The first answer within seconds: only files that may be known are read.
//!
//! In: the plan of a whole reading and the known lists. Out: a plan of those contents whose size
//! a list has (lists that tell no sizes make every size possible); and the entries that are not
//! read. What is not read is in
//! the item table with its metadata, and one gap for each source says how many and why.

use pendeen_item::{Gap, Stage};
use pendeen_knownset::KnownSet;

use crate::gather::{Found, Opened};
use crate::index::Index;
use crate::plan::Plan;

/// Why an item was not read.
pub(crate) const NOT_READ: &str =
    "not read: a triage reads only files of a size that a known list has";

/// Takes out of the plan what cannot be known; the entries that are not read.
pub(crate) fn narrow(plan: &mut Plan, known: &KnownSet) -> Vec<Index> {
    let mut not_read = Vec::new();
    plan.retain(|shared| {
        let sought = !known.is_empty() && known.may_have_size(shared.size);
        if !sought {
            not_read.extend(shared.entries().map(Index::new));
        }
        sought
    });
    not_read
}

/// One gap for each source with entries that were not read.
pub(crate) fn gaps(not_read: &[Index], found: &[Found], sources: &[Opened]) -> Vec<Gap> {
    let mut counts = vec![0_u64; sources.len()];
    for index in not_read {
        if let Some(count) = counts.get_mut(found[index.get()].source.get()) {
            *count += 1;
        }
    }
    let counted = counts.iter().zip(sources).filter(|(count, _)| **count > 0);
    counted
        .map(|(count, source)| Gap {
            forensic_path: source.prefix.clone(),
            stage: Stage::Content,
            wanted: format!("the content of {count} items, and what is in any"),
            reason: NOT_READ.to_owned(),
            offset_bytes: None,
            size_bytes: None,
        })
        .collect()
}
