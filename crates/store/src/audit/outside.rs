//! The log held against what stands outside the database: signed roots, and tiles.
//!
//! In: leaf after leaf; every checkpoint. Out: the first leaf that is not the one that was
//! signed, or what is wrong with the files. A root that differs says that something before it was
//! changed; the tiles, if they give that root themselves, say which leaf.

use std::path::{Path, PathBuf};

use super::leaf::{self, Hash};
use super::tiles::{Edge, Place, WIDTH};
use super::verify::{Break, Witnessed};
use super::witness::Checkpoints;

const CHANGED: &str = "the leaf is not the one under the checkpoint outside the database";
const BEFORE: &str =
    "this leaf, or one after it, is not the one under the checkpoint outside the database";
const CUT_OFF: &str = "the log ends before the checkpoint outside the database";

/// Files outside, and how far the leaves were held against them.
pub(super) struct Outside {
    folder: PathBuf,
    checkpoints: Checkpoints,
    /// Checkpoints that held.
    held: usize,
    edge: Edge,
    /// Leaf hashes since the last checkpoint that held.
    since: Vec<Hash>,
    problem: Option<String>,
}

impl Outside {
    pub fn new(folder: &Path, checkpoints: Checkpoints) -> Self {
        let folder = folder.to_owned();
        let edge = Edge::default();
        Self { folder, checkpoints, held: 0, edge, since: Vec::new(), problem: None }
    }

    /// Leaves under the last checkpoint.
    fn size(&self) -> u64 {
        self.checkpoints.signed.last().map_or(0, |checkpoint| checkpoint.size)
    }

    /// Takes the next leaf.
    pub fn leaf(&mut self, bytes: &[u8]) -> Result<(), Break> {
        let (size, hash) = (self.size(), leaf::leaf_hash(bytes));
        if self.edge.size() >= size {
            return Ok(());
        }
        self.since.push(hash);
        let (folder, problem) = (&self.folder, &mut self.problem);
        let pushed: Result<(), std::convert::Infallible> = self.edge.push(hash, |place, hashes| {
            compare(folder, place, hashes, problem);
            Ok(())
        });
        let Ok(()) = pushed;
        while let Some(next) = self.checkpoints.signed.get(self.held)
            && next.size <= self.edge.size()
        {
            if next.size == self.edge.size() && next.root != self.edge.root() {
                return Err(self.changed(BEFORE));
            }
            self.held += 1;
            if next.size == self.edge.size() {
                self.since.clear();
            }
        }
        if self.edge.size() == size {
            for (place, hashes) in self.edge.partial() {
                compare(&self.folder, place, hashes, &mut self.problem);
            }
        }
        Ok(())
    }

    /// After the last leaf, or the first that breaks by itself: the earliest place known.
    pub fn end(&mut self, broken: Option<Break>) -> Option<Break> {
        let taken = self.edge.size();
        let cut = taken < self.size();
        let differing = if cut { self.first_differing() } else { None };
        let outside = match differing {
            Some(seq) => Some(Break { seq, what: CHANGED }),
            None => (cut && broken.is_none()).then(|| Break { seq: taken + 1, what: CUT_OFF }),
        };
        match (broken, outside) {
            (Some(inside), Some(outside)) if inside.seq <= outside.seq => Some(inside),
            (inside, outside) => outside.or(inside),
        }
    }

    /// What stands outside, as far as it held.
    pub fn witnessed(&self) -> Option<Witnessed> {
        let last = self.checkpoints.signed.get(..self.held)?.last()?;
        let checkpoints = u64::try_from(self.held).unwrap_or(u64::MAX);
        Some(Witnessed { checkpoints, size: last.size, at: last.at })
    }

    /// What is wrong with the files.
    pub fn problems(self) -> impl Iterator<Item = String> {
        self.checkpoints.wrong.into_iter().chain(self.problem)
    }

    fn changed(&self, otherwise: &'static str) -> Break {
        match self.first_differing() {
            Some(seq) => Break { seq, what: CHANGED },
            None => Break { seq: self.began() + 1, what: otherwise },
        }
    }

    /// Leaves before those that are kept in `since`.
    fn began(&self) -> u64 {
        self.edge.size() - u64::try_from(self.since.len()).unwrap_or(0)
    }

    /// The first leaf since the last checkpoint that is not the one in the tiles, if the tiles
    /// are the tree that was signed.
    fn first_differing(&self) -> Option<u64> {
        let last = self.checkpoints.signed.last()?;
        let signed = Edge::read(&self.folder, last.size).ok()?;
        if signed.root() != last.root {
            return None;
        }
        let began = self.began();
        let mut tile = Vec::new();
        for (seq, hash) in (began..).zip(&self.since) {
            let (index, within) = (seq / 256, usize::try_from(seq % 256).unwrap_or(0));
            if within == 0 || tile.is_empty() {
                let width = usize::try_from(last.size - index * 256).unwrap_or(WIDTH).min(WIDTH);
                tile = Place { level: 0, index }.read(&self.folder, width).ok()?;
            }
            if tile.get(within) != Some(hash) {
                return Some(seq + 1);
            }
        }
        None
    }
}

/// Notes the first tile that is not what the leaves give.
fn compare(folder: &Path, place: Place, hashes: &[Hash], problem: &mut Option<String>) {
    if problem.is_some() {
        return;
    }
    let Place { level, index } = place;
    *problem = match place.read(folder, hashes.len()) {
        Ok(read) if read == hashes => None,
        Ok(_) => Some(format!("tile {index} of level {level} is not what the leaves give")),
        Err(error) => Some(format!("tile {index} of level {level} cannot be read: {error}")),
    };
}
