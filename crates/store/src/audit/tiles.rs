//! The tree as files: tiles of 256 hashes, in the layout of C2SP tlog-tiles.
//!
//! In: leaf hashes in order. Out: `tile/LEVEL/INDEX` for each full tile and
//! `tile/LEVEL/INDEX.p/WIDTH` for the right edge; a proof needs a few of them. A tile is written
//! beside and renamed, and not synced one by one: it can be made again from the leaves, and
//! what is read back is held against the signed root. Entry bundles are not written: leaves lie
//! in the database alone, because they tell who saw what.
//!
//! Source: <https://c2sp.org/tlog-tiles>.

use std::io;
use std::path::{Path, PathBuf};

use super::leaf::Hash;
use super::tree::{Frontier, Ranges};

/// Hashes in a full tile.
pub const WIDTH: usize = 256;
/// The same as a number of leaves.
const SPAN: u64 = 256;

/// The right edge of the tree: at each level, how many full tiles there are and the hashes of
/// the unfinished one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edge {
    size: u64,
    levels: Vec<Level>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Level {
    full: u64,
    hashes: Vec<Hash>,
}

/// Where a tile lies in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// 0 for leaf hashes.
    pub level: usize,
    /// From the left, from 0.
    pub index: u64,
}

impl Place {
    /// The tile's path below the log's folder; `width` is that of a partial tile.
    fn path(self, width: usize) -> String {
        let mut number = format!("{:03}", self.index % 1000);
        let mut rest = self.index / 1000;
        while rest > 0 {
            number = format!("x{:03}/{number}", rest % 1000);
            rest /= 1000;
        }
        let partial = if width < WIDTH { format!(".p/{width}") } else { String::new() };
        format!("tile/{}/{number}{partial}", self.level)
    }

    /// Writes the tile beside and renames it.
    pub fn write(self, folder: &Path, hashes: &[Hash]) -> io::Result<()> {
        let path = folder.join(self.path(hashes.len()));
        super::files::put(&path, &hashes.concat(), super::files::Sync::No)?;
        if hashes.len() == WIDTH {
            // It holds every partial tile's hashes, which go.
            let partial = folder.join(self.path(1));
            match partial.parent().map_or(Ok(()), std::fs::remove_dir_all) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// The first `width` hashes of the tile, from the tile of that width or the full one.
    pub fn read(self, folder: &Path, width: usize) -> io::Result<Vec<Hash>> {
        let bytes = match std::fs::read(folder.join(self.path(width))) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && width < WIDTH => {
                std::fs::read(folder.join(self.path(WIDTH)))?
            }
            read => read?,
        };
        let (hashes, rest) = bytes.as_chunks::<32>();
        if !rest.is_empty() || hashes.len() < width || hashes.len() > WIDTH {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a tile of that width"));
        }
        Ok(hashes[..width].to_vec())
    }
}

impl Edge {
    /// How many leaves the tree has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let mut tree = Frontier::default();
        for (at, level) in self.levels.iter().enumerate().rev() {
            let span = span(at);
            level.hashes.iter().for_each(|hash| tree.push_perfect(*hash, span));
        }
        tree.root()
    }

    /// Adds a leaf; `full` is given each tile that it fills.
    pub fn push<E>(
        &mut self,
        leaf: Hash,
        mut full: impl FnMut(Place, &[Hash]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.size += 1;
        let (mut at, mut hash) = (0, leaf);
        loop {
            if self.levels.len() == at {
                self.levels.push(Level::default());
            }
            let level = &mut self.levels[at];
            level.hashes.push(hash);
            if level.hashes.len() < WIDTH {
                return Ok(());
            }
            full(Place { level: at, index: level.full }, &level.hashes)?;
            hash = Frontier::of(&level.hashes).root();
            (level.full, level.hashes) = (level.full + 1, Vec::new());
            at += 1;
        }
    }

    /// The unfinished tiles.
    pub fn partial(&self) -> impl Iterator<Item = (Place, &[Hash])> {
        let levels = self.levels.iter().enumerate().filter(|(_, level)| !level.hashes.is_empty());
        levels.map(|(at, level)| (Place { level: at, index: level.full }, &*level.hashes))
    }

    /// The edge of the tree of `size` leaves, from its tiles.
    pub fn read(folder: &Path, size: u64) -> io::Result<Self> {
        let mut edge = Self { size, levels: Vec::new() };
        let mut count = size;
        while count > 0 {
            let (level, full) = (edge.levels.len(), count / SPAN);
            let width = usize::try_from(count % SPAN).unwrap_or(0);
            let hashes = match width {
                0 => Vec::new(),
                _ => Place { level, index: full }.read(folder, width)?,
            };
            edge.levels.push(Level { full, hashes });
            count = full;
        }
        Ok(edge)
    }
}

/// Leaves below one hash at this level.
fn span(level: usize) -> u64 {
    1_u64.checked_shl(u32::try_from(level * 8).unwrap_or(u32::MAX)).unwrap_or(u64::MAX)
}

/// The tiles in a folder, for the proofs about a tree of one size.
#[derive(Debug, Clone)]
pub struct Tiles {
    /// The log's folder.
    pub folder: PathBuf,
    /// The tree's size.
    pub size: u64,
}

impl Ranges for Tiles {
    type Error = io::Error;

    /// Over the largest aligned subtrees that tiles hold, from the left.
    fn range(&mut self, from: u64, to: u64) -> io::Result<Hash> {
        let mut tree = Frontier::default();
        let mut at = from;
        while at < to {
            let mut level = 0;
            while at.is_multiple_of(span(level + 1)) && at + span(level + 1) <= to {
                level += 1;
            }
            let here = at / span(level);
            let (index, within) = (here / SPAN, here % SPAN);
            let width = usize::try_from((self.size / span(level) - index * SPAN).min(SPAN));
            let hashes = Place { level, index }.read(&self.folder, width.unwrap_or(WIDTH))?;
            // As much of this tile as the range takes, while the level stays the right one.
            for hash in hashes.iter().skip(usize::try_from(within).unwrap_or(0)) {
                let aligned = at.is_multiple_of(span(level + 1)) && at > from;
                if at + span(level) > to || (aligned && at + span(level + 1) <= to) {
                    break;
                }
                tree.push_perfect(*hash, span(level));
                at += span(level);
            }
        }
        Ok(tree.root())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::audit::leaf::leaf_hash;
    use crate::audit::tree;

    fn leaves(n: u64) -> Vec<Hash> {
        (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    fn written(folder: &Path, leaves: &[Hash]) -> Edge {
        let mut edge = Edge::default();
        for leaf in leaves {
            edge.push(*leaf, |place, hashes| place.write(folder, hashes)).unwrap();
        }
        edge.partial().for_each(|(place, hashes)| place.write(folder, hashes).unwrap());
        edge
    }

    #[test]
    fn paths_are_those_of_the_specification() {
        let path = |level, index, width| Place { level, index }.path(width);
        assert_eq!(path(0, 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(path(1, 0, 256), "tile/1/000");
        assert_eq!(path(0, 273, 112), "tile/0/273.p/112");
    }

    /// The specification's example: 70,000 leaves.
    #[test]
    fn seventy_thousand_leaves_make_the_tiles_that_the_specification_counts() {
        let (mut edge, mut full) = (Edge::default(), Vec::new());
        for leaf in leaves(70_000) {
            let pushed: Result<(), Infallible> = edge.push(leaf, |place, _| {
                full.push(place);
                Ok(())
            });
            pushed.unwrap();
        }
        let at = |level| full.iter().filter(|place| place.level == level).count();
        assert_eq!((at(0), at(1), at(2)), (273, 1, 0));
        let partial: Vec<_> = edge.partial().map(|(p, h)| (p.level, p.index, h.len())).collect();
        assert_eq!(partial, [(0, 273, 112), (1, 1, 17), (2, 0, 1)]);
        assert_eq!(edge.root(), Frontier::of(&leaves(70_000)).root());
    }

    #[test]
    fn the_edge_read_back_is_the_one_written_at_any_size() {
        for size in [0, 1, 255, 256, 257, 511, 512, 65_536, 65_537] {
            let folder = tempfile::tempdir().unwrap();
            let edge = written(folder.path(), &leaves(size));
            assert_eq!(Edge::read(folder.path(), size).unwrap().root(), edge.root(), "{size}");
        }
    }

    #[test]
    fn proofs_from_tiles_are_those_from_the_leaves() {
        let all = leaves(66_000);
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), &all);
        let mut tiles = Tiles { folder: folder.path().to_owned(), size: 66_000 };
        for index in [0, 256, 40_000, 65_999] {
            let from_tiles = tree::inclusion(index, 66_000, &mut tiles).unwrap();
            assert_eq!(from_tiles, tree::inclusion(index, 66_000, &mut &*all).unwrap(), "{index}");
        }
        for old in [1, 257, 3_000, 65_536] {
            let from_tiles = tree::consistency(old, 66_000, &mut tiles).unwrap();
            assert_eq!(from_tiles, tree::consistency(old, 66_000, &mut &*all).unwrap(), "{old}");
        }
    }

    #[test]
    fn a_tile_of_the_wrong_length_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), &leaves(3));
        let path = folder.path().join("tile/0/000.p/3");
        std::fs::write(&path, [0; 95]).unwrap();
        assert!(Edge::read(folder.path(), 3).is_err());
        std::fs::remove_file(&path).unwrap();
        assert!(Edge::read(folder.path(), 3).is_err());
    }
}
