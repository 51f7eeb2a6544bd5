//! The Merkle tree of RFC 6962: hashes, roots and proofs.
//!
//! In: leaf hashes in order. Out: the root of any number of them, and proofs that a leaf is in a
//! tree (section 2.1.1) or that one tree is the beginning of another (section 2.1.2), and their
//! checking (RFC 9162, sections 2.1.3.2 and 2.1.4.2, which spell it out). Nothing is read or
//! written here: hashes come from a slice or, for proofs, from whoever knows a range's root.
//!
//! Source: RFC 6962, section 2.1.

use sha2::{Digest, Sha256};

use super::leaf::Hash;

/// The hash of a node over its two halves.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of a tree without leaves.
pub fn empty() -> Hash {
    Sha256::digest([]).into()
}

/// The largest power of two below `n`, which must be at least 2: where a tree is split.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// A growing tree, kept as the roots of its perfect subtrees, largest first: as many hashes as
/// its size has ones in binary.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// The tree of these leaf hashes.
    pub fn of(hashes: &[Hash]) -> Self {
        let mut tree = Self::default();
        for hash in hashes {
            tree.push(*hash);
        }
        tree
    }

    /// How many leaves it has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds a leaf by its hash.
    pub fn push(&mut self, leaf: Hash) {
        let mut root = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                root = node(&left, &root);
            }
        }
        self.peaks.push(root);
        self.size += 1;
    }

    /// Adds a perfect subtree of `width` leaves, a power of two that divides the present size.
    pub fn push_perfect(&mut self, root: Hash, width: u64) {
        let mut root = root;
        for _ in 0..(self.size / width).trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                root = node(&left, &root);
            }
        }
        self.peaks.push(root);
        self.size += width;
    }

    /// The root of the tree as it is.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return empty() };
        peaks.fold(*last, |right, left| node(left, &right))
    }
}

/// Gives the root over the leaves `[from, to)` of a tree; it may fail, because hashes are read
/// from somewhere.
pub trait Ranges {
    /// Why a range cannot be given.
    type Error;
    /// The root over the leaves `[from, to)`; `to` is larger than `from`.
    fn range(&mut self, from: u64, to: u64) -> Result<Hash, Self::Error>;
}

impl Ranges for &[Hash] {
    type Error = std::convert::Infallible;
    fn range(&mut self, from: u64, to: u64) -> Result<Hash, Self::Error> {
        let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(self.len());
        Ok(Frontier::of(&self[index(from)..index(to)]).root())
    }
}

/// The proof that leaf `index`, counted from 0, is in the tree of `size` leaves: hashes from the
/// leaf upwards. `index` must be below `size`.
pub fn inclusion<R: Ranges>(index: u64, size: u64, hashes: &mut R) -> Result<Vec<Hash>, R::Error> {
    let (mut from, mut to) = (0, size);
    let mut path = Vec::new();
    while to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            path.push(hashes.range(middle, to)?);
            to = middle;
        } else {
            path.push(hashes.range(from, middle)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// The root that follows from a leaf and its inclusion proof; none where the proof has not the
/// length that the place asks for.
pub fn root_from_inclusion(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    let mut last = size.checked_sub(1).filter(|last| index <= *last)?;
    let (mut at, mut root) = (index, leaf);
    for step in path {
        if last == 0 {
            return None;
        }
        if at & 1 == 1 || at == last {
            root = node(step, &root);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            root = node(&root, step);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    (last == 0).then_some(root)
}

/// The proof that the tree of `old` leaves is the beginning of the tree of `new`: none are needed
/// for an empty or an equal one. `old` must not be above `new`.
pub fn consistency<R: Ranges>(old: u64, new: u64, hashes: &mut R) -> Result<Vec<Hash>, R::Error> {
    if old == 0 || old >= new {
        return Ok(Vec::new());
    }
    let (mut from, mut to) = (0, new);
    let mut path = Vec::new();
    while old != to {
        let middle = from + split(to - from);
        if old <= middle {
            path.push(hashes.range(middle, to)?);
            to = middle;
        } else {
            path.push(hashes.range(from, middle)?);
            from = middle;
        }
    }
    if from > 0 {
        path.push(hashes.range(from, to)?);
    }
    path.reverse();
    Ok(path)
}

/// Whether the proof shows that the tree with the old root is the beginning of the new one.
pub fn consistent(old: (u64, Hash), new: (u64, Hash), path: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size == 0 || old_size >= new_size {
        let whole = old_size == 0 && old_root == empty() || old == new;
        return whole && path.is_empty();
    }
    let perfect = old_size.is_power_of_two().then_some(old_root);
    let mut steps = perfect.iter().chain(path);
    let Some(first) = steps.next() else { return false };
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let (mut of_old, mut of_new) = (*first, *first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            (of_old, of_new) = (node(step, &of_old), node(step, &of_new));
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            of_new = node(&of_new, step);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && of_old == old_root && of_new == new_root
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::audit::leaf::leaf_hash;

    /// The leaves and roots of the Certificate Transparency project's test vectors for RFC 6962.
    const LEAVES: [&str; 8] = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn hash(hex_digits: &str) -> Hash {
        let mut hash = [0; 32];
        hex::decode_to_slice(hex_digits, &mut hash).unwrap();
        hash
    }

    fn vector() -> Vec<Hash> {
        LEAVES.iter().map(|leaf| leaf_hash(&hex::decode(leaf).unwrap())).collect()
    }

    #[test]
    fn roots_are_those_of_the_published_vectors() {
        let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Frontier::default().root(), hash(nothing));
        for (n, root) in ROOTS.iter().enumerate() {
            assert_eq!(Frontier::of(&vector()[..=n]).root(), hash(root), "{} leaves", n + 1);
        }
    }

    #[test]
    fn proofs_are_those_of_the_published_vectors() {
        let leaves = vector();
        let path = inclusion(5, 8, &mut leaves.as_slice()).unwrap();
        let wanted = [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ];
        assert_eq!(path, wanted.map(hash));
        let path = consistency(6, 8, &mut leaves.as_slice()).unwrap();
        let wanted = [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ];
        assert_eq!(path, wanted.map(hash));
    }

    fn leaves(n: u64) -> Vec<Hash> {
        (0..n).map(|i| leaf_hash(&i.to_be_bytes())).collect()
    }

    proptest! {
        #[test]
        fn every_leaf_proves_its_place_and_no_other(
            size in 1_u64..300, at in 0_u64..300, bit in 0_usize..256,
        ) {
            let (at, all) = (at % size, leaves(size));
            let root = Frontier::of(&all).root();
            let path = inclusion(at, size, &mut all.as_slice()).unwrap();
            let leaf = all[usize::try_from(at).unwrap()];
            prop_assert_eq!(root_from_inclusion(leaf, at, size, &path), Some(root));
            let mut other = leaf;
            other[bit / 8] ^= 1 << (bit % 8);
            prop_assert_ne!(root_from_inclusion(other, at, size, &path), Some(root));
            if size > 1 {
                let elsewhere = root_from_inclusion(leaf, (at + 1) % size, size, &path);
                prop_assert_ne!(elsewhere, Some(root));
                let short = root_from_inclusion(leaf, at, size, &path[..path.len() - 1]);
                prop_assert_ne!(short, Some(root));
            }
        }

        #[test]
        fn every_beginning_is_consistent_and_no_other_tree_is(
            old in 0_u64..300, more in 0_u64..300, changed in 0_u64..300,
        ) {
            let (new, all) = (old + more, leaves(old + more));
            let beginning = |of: &[Hash]| {
                (old, Frontier::of(&of[..usize::try_from(old).unwrap()]).root())
            };
            let whole = (new, Frontier::of(&all).root());
            let path = consistency(old, new, &mut all.as_slice()).unwrap();
            prop_assert!(consistent(beginning(&all), whole, &path));
            if old > 0 {
                let mut other = all.clone();
                other[usize::try_from(changed % old).unwrap()][0] ^= 1;
                prop_assert!(!consistent(beginning(&other), whole, &path));
            }
        }

        #[test]
        fn a_tree_grown_by_perfect_subtrees_is_the_one_grown_leaf_by_leaf(
            tiles in 0_u64..4, rest in 0_u64..256,
        ) {
            let all = leaves(tiles * 256 + rest);
            let mut tree = Frontier::default();
            for tile in all.chunks(256) {
                match tile.len() {
                    256 => tree.push_perfect(Frontier::of(tile).root(), 256),
                    _ => tile.iter().for_each(|hash| tree.push(*hash)),
                }
            }
            prop_assert_eq!(tree, Frontier::of(&all));
        }
    }
}
