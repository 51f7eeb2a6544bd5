//! One leaf's proof: that it is under the newest checkpoint, and that every older checkpoint is
//! the beginning of that one.
//!
//! In: a folder of checkpoints and tiles, and a leaf's number. Out: what another program needs to
//! check it, and whether it holds by our own checking. The leaf's hash is of its bytes in the
//! database; the path comes from the tiles alone.

use std::path::Path;

use sea_orm::EntityTrait;

use super::leaf::{self, Hash};
use super::note::Checkpoint;
use super::tiles::Tiles;
use super::tree;
use super::witness::{Checkpoints, WitnessError, newest_note};
use crate::Store;
use crate::entity::audit_leaf;
use crate::error::StoreError;

/// The proof of one leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The leaf's hash, from its bytes in the database.
    pub leaf_hash: Hash,
    /// Under what.
    pub checkpoint: Checkpoint,
    /// The same as the signed note.
    pub note: String,
    /// Hashes from the leaf upwards.
    pub inclusion: Vec<Hash>,
    /// Older checkpoints that are beginnings of this one.
    pub consistent: u64,
    /// Whether the path gives the root, and every older checkpoint is consistent.
    pub holds: bool,
}

impl Store {
    /// The proof of leaf `seq`, counted from 1; none where no checkpoint covers it.
    pub async fn audit_prove(
        &self,
        folder: &Path,
        seq: u64,
    ) -> Result<Option<Proof>, WitnessError> {
        let Some((checkpoint, note)) = newest_note(folder)? else { return Ok(None) };
        let number = i64::try_from(seq).unwrap_or(i64::MAX);
        let stored = audit_leaf::Entity::find_by_id(number).one(self.db()).await;
        let stored = stored.map_err(StoreError::from)?;
        let Some(stored) = stored.filter(|_| (1..=checkpoint.size).contains(&seq)) else {
            return Ok(None);
        };
        let at_tiles = |source| WitnessError::File { path: folder.join("tile"), source };
        let mut tiles = Tiles { folder: folder.to_owned(), size: checkpoint.size };
        let inclusion = tree::inclusion(seq - 1, checkpoint.size, &mut tiles).map_err(at_tiles)?;
        let leaf_hash = leaf::leaf_hash(&stored.bytes);
        let root = tree::root_from_inclusion(leaf_hash, seq - 1, checkpoint.size, &inclusion);
        let (mut consistent, mut holds) = (0, root == Some(checkpoint.root));
        for old in Checkpoints::read(folder)?.signed {
            if old.size > checkpoint.size {
                continue;
            }
            let path =
                tree::consistency(old.size, checkpoint.size, &mut tiles).map_err(at_tiles)?;
            let (from, to) = ((old.size, old.root), (checkpoint.size, checkpoint.root));
            match tree::consistent(from, to, &path) {
                true => consistent += 1,
                false => holds = false,
            }
        }
        Ok(Some(Proof { leaf_hash, checkpoint, note, inclusion, consistent, holds }))
    }
}
