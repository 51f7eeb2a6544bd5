//! How many bytes of content the examination reads at most.
//!
//! In: the contents of all sources. Out: those that are not read, each with the reason.
//! Bytes that lie in an image are charged to a budget of the image, and holes to another: a
//! sparse file costs no disk, and must not cost other files their reading. A content whose own
//! holes are beyond all reason is refused alone. Smaller contents come first, so that a lie about
//! a large one never keeps a small one from being read. A file of a folder is really there; only
//! its holes are limited.

use std::collections::BTreeMap;
use std::path::Path;

use pendeen_evidence::entry::{Content, Run};
use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;

use crate::content::open;
use crate::gather::{Found, Opened};
use crate::index::Index;
use crate::plan::Shared;

/// A source may claim so many times its own length: files may share blocks and have holes.
const TIMES: u64 = 8;
/// Whatever a source's length, it may claim this many bytes.
const FLOOR: u64 = 16 << 30;

/// Bytes of a content that are stored somewhere, and bytes that are not.
#[derive(Clone, Copy)]
struct Cost {
    data: u64,
    holes: u64,
}

/// What is left for an image.
struct Left {
    data: u64,
    holes: u64,
    /// What one content's holes must stay below.
    holes_each: u64,
}

/// Why contents are not read, by their place among those given; of those that are, nothing.
pub(crate) fn refused(
    contents: &[Shared],
    found: &[Found],
    sources: &[Opened],
) -> BTreeMap<usize, String> {
    let mut left: Vec<Option<Left>> = sources.iter().map(|s| s.image_len().map(Left::of)).collect();
    let mut order: Vec<Index> = (0..contents.len()).map(Index::new).collect();
    order.sort_unstable_by_key(|at| (contents[at.get()].size, *at));
    let mut refused = BTreeMap::new();
    for at in order.into_iter().map(Index::get) {
        let one = &found[contents[at].first()];
        let cost = cost(&one.entry.content, contents[at].size);
        let spent = match left.get_mut(one.source.get()) {
            Some(Some(left)) => left.spend(cost),
            _ => below(cost.holes, limit(cost.data)),
        };
        if let Err(reason) = spent {
            refused.insert(at, reason);
        }
    }
    refused
}

fn limit(len: u64) -> u64 {
    len.saturating_mul(TIMES).max(FLOOR)
}

fn below(holes: u64, limit: u64) -> Result<(), String> {
    if holes < limit {
        return Ok(());
    }
    Err(format!("{holes} of its bytes are holes, which are not read from {limit} bytes on"))
}

impl Left {
    fn of(image_len: u64) -> Self {
        let limit = limit(image_len);
        Self { data: limit, holes: limit.saturating_mul(TIMES), holes_each: limit }
    }

    fn spend(&mut self, cost: Cost) -> Result<(), String> {
        below(cost.holes, self.holes_each)?;
        let beyond = |bytes: u64, what: &str| {
            format!(
                "its {bytes} bytes{what} go beyond what the files of this source may claim \
                 together: the metadata cannot be right"
            )
        };
        let data = self.data.checked_sub(cost.data).ok_or_else(|| beyond(cost.data, ""))?;
        let holes = self.holes.checked_sub(cost.holes);
        self.holes = holes.ok_or_else(|| beyond(cost.holes, " of holes"))?;
        self.data = data;
        Ok(())
    }
}

fn cost(content: &Content, size: u64) -> Cost {
    let holes = match content {
        Content::Runs(runs) => runs.iter().fold(0_u64, |holes, run| match run {
            Run::Hole { len } => holes.saturating_add(len.0),
            Run::Data { .. } | Run::Lost { .. } => holes,
        }),
        // Shorter ones are within the limit in any case.
        Content::File(path) if size >= FLOOR => holes_of(path, size),
        Content::File(_) | Content::Worker { .. } | Content::Embedded | Content::Unknown(_) => 0,
    };
    Cost { data: size.saturating_sub(holes), holes }
}

/// How many bytes of a file its file system does not store. Where it does not tell, or the file
/// cannot be opened, none: reading it says why.
fn holes_of(path: &Path, size: u64) -> u64 {
    let Ok(file) = open(path) else { return 0 };
    let (mut holes, mut at) = (0_u64, 0_u64);
    while at < size {
        let data = match seek(&file, SeekFrom::Data(at)) {
            Ok(data) => data.min(size),
            Err(Errno::NXIO) => size,
            Err(_) => return holes,
        };
        holes = holes.saturating_add(data.saturating_sub(at));
        match seek(&file, SeekFrom::Hole(data)) {
            Ok(hole) if hole > at => at = hole,
            _ => return holes,
        }
    }
    holes
}
