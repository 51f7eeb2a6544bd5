//! The log's witness: signed checkpoints and tiles in a folder outside the database.
//!
//! In: the leaves that were committed since the last checkpoint. Out: tiles, and a signed
//! checkpoint written beside, synced and renamed; one at least every [`KEPT_EVERY`] stays for
//! good. Refused, and nothing signed: a log shorter than its last checkpoint, leaves that do not
//! go on from the chain value in it, tiles that are not the tree that was signed and that the
//! leaves cannot make again. So whoever rewrites the log is found by the next turn already.
//!
//! | in the folder | what |
//! |---|---|
//! | `log.vkey` | the key that checks |
//! | `checkpoint` | the newest checkpoint; replaced |
//! | `kept/DAY/SIZE` | checkpoints that stay; never changed |
//! | `tile/...` | the tree |
//! | `lock` | held by whoever writes |
//!
//! The signing key is a file in another folder, readable by the program's user alone. The turn
//! of one second is the caller's: `pendeen serve` takes one each second, and a command that
//! writes takes one at its end.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use thiserror::Error;

use super::files::{self, Sync};
use super::leaf::{self, Hash};
use super::note::{Checkpoint, NoteError, Signing, Verifying};
use super::tiles::Edge;
use crate::entity::audit_leaf;
use crate::error::StoreError;
use crate::{Entropy, Store};

/// How often leaves are taken into the tree while there are new ones.
pub const TURN: Duration = Duration::from_secs(1);
/// A checkpoint stays for good at least this often while there are new leaves.
pub const KEPT_EVERY: SignedDuration = SignedDuration::from_secs(30);
/// The unwitnessed window that is promised: a leaf is under a checkpoint outside within it.
pub const WINDOW: SignedDuration = SignedDuration::from_secs(60);

/// Leaves read at a time.
const CHUNK: u64 = 2_000;

/// Why no checkpoint was made, or none can be read.
#[derive(Debug, Error)]
pub enum WitnessError {
    /// A file or folder could not be read or written: permissions, a full disk, a share that is gone.
    #[error("{path}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file is not the key or checkpoint that it should be.
    #[error("{path}")]
    Note {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: NoteError,
    },
    /// The log lost leaves that are under a checkpoint: cut off, or restored from an older backup.
    #[error(
        "the log has {leaves} leaves and its last checkpoint {size}: it was cut off; \
         run `pendeen audit verify`, and keep database and checkpoints as they are"
    )]
    CutOff {
        /// Leaves in the database.
        leaves: u64,
        /// Leaves under the checkpoint.
        size: u64,
    },
    /// A leaf does not go on from the one before, or from the checkpoint.
    #[error(
        "leaf {seq} does not follow what was signed: the log was changed; \
         run `pendeen audit verify`, and keep database and checkpoints as they are"
    )]
    Broken {
        /// The first leaf that does not follow.
        seq: u64,
    },
    /// Tiles and leaves both differ from what was signed.
    #[error(
        "neither tiles nor leaves give the root that was signed for {size} leaves; \
         run `pendeen audit verify`, and keep database and checkpoints as they are"
    )]
    Root {
        /// Leaves under the checkpoint.
        size: u64,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Where the key and the checkpoints lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    key: PathBuf,
    folder: PathBuf,
}

/// What a turn did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// The newest checkpoint.
    pub checkpoint: Checkpoint,
    /// Leaves that it adds.
    pub added: u64,
}

impl Witness {
    /// The key is `audit.key` in `keys`; checkpoints and tiles lie in `folder`.
    pub fn new(keys: &Path, folder: &Path) -> Self {
        Self { key: keys.join("audit.key"), folder: folder.to_owned() }
    }

    /// The folder of checkpoints and tiles.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The signing key, made on first use; `log.vkey` is put beside the checkpoints.
    fn signing(&self, entropy: &dyn Entropy) -> Result<Signing, WitnessError> {
        let at_key = |source| WitnessError::File { path: self.key.clone(), source };
        let signing = match fs::read_to_string(&self.key) {
            Ok(text) => Signing::parse(&text)
                .map_err(|source| WitnessError::Note { path: self.key.clone(), source })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut seed = [0; 32];
                entropy.fill(&mut seed).map_err(StoreError::Entropy)?;
                let signing = Signing::new(seed);
                files::put(&self.key, signing.to_text().as_bytes(), Sync::Secret)
                    .map_err(at_key)?;
                signing
            }
            Err(error) => return Err(at_key(error)),
        };
        let path = self.folder.join(VKEY);
        if fs::exists(&path).is_ok_and(|there| there) {
            let known = verifying(&self.folder)?;
            if known != signing.verifying {
                return Err(WitnessError::Note { path, source: NoteError::Origin });
            }
        } else {
            let text = signing.verifying.to_text();
            files::put(&path, text.as_bytes(), Sync::Yes)
                .map_err(|source| WitnessError::File { path, source })?;
        }
        Ok(signing)
    }

    /// Takes the leaves committed since the last checkpoint into the tree and signs it; with
    /// `keep`, the newest checkpoint stays for good. One at a time, whatever the process.
    pub async fn advance(
        &self,
        store: &Store,
        at: Timestamp,
        keep: bool,
    ) -> Result<Turn, WitnessError> {
        let _held = self.lock()?;
        let signing = self.signing(store.entropy.as_ref())?;
        let last = newest(&self.folder, &signing.verifying)?;
        let mut state = self.resume(store, last).await?;
        let before = state.edge.size();
        self.take_in(store, &mut state).await?;
        let added = state.edge.size() - before;
        let (size, root, chain) = (state.edge.size(), state.edge.root(), state.chain);
        let checkpoint = match last {
            Some(last) if added == 0 => last,
            _ => {
                // A clock that went back does not take checkpoints back.
                let at = last.map_or(at, |last| last.at.max(at));
                let checkpoint = Checkpoint { size, root, at, chain };
                self.put(CHECKPOINT.into(), &checkpoint, &signing)?;
                checkpoint
            }
        };
        let path = kept(&checkpoint);
        if keep && !fs::exists(self.folder.join(&path)).is_ok_and(|there| there) {
            self.put(path, &checkpoint, &signing)?;
        }
        Ok(Turn { checkpoint, added })
    }

    fn put(&self, path: PathBuf, of: &Checkpoint, key: &Signing) -> Result<(), WitnessError> {
        let path = self.folder.join(path);
        files::put(&path, of.sign(key).as_bytes(), Sync::Yes)
            .map_err(|source| WitnessError::File { path, source })
    }

    fn lock(&self) -> Result<File, WitnessError> {
        let path = self.folder.join("lock");
        let locked = fs::create_dir_all(&self.folder).and_then(|()| {
            let file = File::create(&path)?;
            file.lock()?;
            Ok(file)
        });
        locked.map_err(|source| WitnessError::File { path, source })
    }

    /// The tree as it was signed: from its tiles, or, where they are not that tree, from the
    /// leaves.
    async fn resume(&self, store: &Store, last: Option<Checkpoint>) -> Result<State, WitnessError> {
        let Some(last) = last else { return Ok(State::default()) };
        let leaves = store.audit_count().await?;
        if leaves < last.size {
            return Err(WitnessError::CutOff { leaves, size: last.size });
        }
        let read = Edge::read(&self.folder, last.size).ok();
        if let Some(edge) = read.filter(|edge| edge.root() == last.root) {
            return Ok(State { edge, chain: last.chain });
        }
        let mut state = State::default();
        self.take_in_until(store, &mut state, last.size).await?;
        if state.edge.root() != last.root {
            return Err(WitnessError::Root { size: last.size });
        }
        Ok(state)
    }

    async fn take_in(&self, store: &Store, state: &mut State) -> Result<(), WitnessError> {
        self.take_in_until(store, state, u64::MAX).await
    }

    /// Takes leaves in, up to this number, and writes the tiles.
    async fn take_in_until(
        &self,
        store: &Store,
        state: &mut State,
        until: u64,
    ) -> Result<(), WitnessError> {
        let at_tiles = |source| WitnessError::File { path: self.folder.join("tile"), source };
        let began = state.edge.size();
        loop {
            let size = state.edge.size();
            let leaves = after(store, size, CHUNK.min(until - size)).await?;
            if leaves.is_empty() {
                break;
            }
            for stored in leaves {
                let seq = state.edge.size() + 1;
                let follows = u64::try_from(stored.seq) == Ok(seq)
                    && stored.prev == state.chain
                    && stored.digest == leaf::chain(&state.chain, &stored.bytes);
                if !follows {
                    return Err(WitnessError::Broken { seq });
                }
                state.chain = leaf::chain(&state.chain, &stored.bytes);
                let hash = leaf::leaf_hash(&stored.bytes);
                state
                    .edge
                    .push(hash, |place, hashes| place.write(&self.folder, hashes))
                    .map_err(at_tiles)?;
            }
        }
        if state.edge.size() > began {
            for (place, hashes) in state.edge.partial() {
                place.write(&self.folder, hashes).map_err(at_tiles)?;
            }
        }
        Ok(())
    }
}

/// Everything that a turn goes on from.
#[derive(Default)]
struct State {
    edge: Edge,
    chain: Hash,
}

/// The next leaves, as of one moment with the head: none beyond it.
async fn after(store: &Store, size: u64, limit: u64) -> Result<Vec<audit_leaf::Model>, StoreError> {
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    Ok(audit_leaf::Entity::find()
        .filter(audit_leaf::Column::Seq.gt(size))
        .order_by_asc(audit_leaf::Column::Seq)
        .limit(limit)
        .all(store.db())
        .await?)
}

const VKEY: &str = "log.vkey";
const CHECKPOINT: &str = "checkpoint";
const KEPT: &str = "kept";

fn kept(checkpoint: &Checkpoint) -> PathBuf {
    let day = checkpoint.at.strftime("%Y-%m-%d").to_string();
    Path::new(KEPT).join(day).join(format!("{:012}", checkpoint.size))
}

/// The key that checks the checkpoints in a folder.
pub fn verifying(folder: &Path) -> Result<Verifying, WitnessError> {
    let path = folder.join(VKEY);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(source) => return Err(WitnessError::File { path, source }),
    };
    Verifying::parse(&text).map_err(|source| WitnessError::Note { path, source })
}

/// The newest checkpoint in a folder, with the note that says so.
pub fn newest_note(folder: &Path) -> Result<Option<(Checkpoint, String)>, WitnessError> {
    let (path, key) = (folder.join(CHECKPOINT), verifying(folder)?);
    match fs::read_to_string(&path) {
        Ok(note) => Checkpoint::open(&note, &key)
            .map(|checkpoint| Some((checkpoint, note)))
            .map_err(|source| WitnessError::Note { path, source }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(WitnessError::File { path, source }),
    }
}

/// The newest checkpoint in a folder; none before the first.
pub fn newest(folder: &Path, key: &Verifying) -> Result<Option<Checkpoint>, WitnessError> {
    read(folder.join(CHECKPOINT), key)
}

fn read(path: PathBuf, key: &Verifying) -> Result<Option<Checkpoint>, WitnessError> {
    match fs::read_to_string(&path) {
        Ok(note) => Checkpoint::open(&note, key)
            .map(Some)
            .map_err(|source| WitnessError::Note { path, source }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(WitnessError::File { path, source }),
    }
}

/// Every checkpoint in a folder, by size, and the files that are none.
#[derive(Debug, Default)]
pub struct Checkpoints {
    /// Those that the log's key signed.
    pub signed: Vec<Checkpoint>,
    /// What is wrong with the others.
    pub wrong: Vec<String>,
}

impl Checkpoints {
    /// Reads a folder; one that is not there or has no key is an error.
    pub fn read(folder: &Path) -> Result<Self, WitnessError> {
        let key = verifying(folder)?;
        let mut all = Self::default();
        all.take(folder.join(CHECKPOINT), &key);
        for day in entries(&folder.join(KEPT))? {
            for path in entries(&day)? {
                let hidden = path.file_name().is_some_and(|n| n.as_encoded_bytes()[0] == b'.');
                if !hidden {
                    all.take(path, &key);
                }
            }
        }
        all.signed.sort_by_key(|checkpoint| (checkpoint.size, checkpoint.at));
        all.signed.dedup();
        Ok(all)
    }

    fn take(&mut self, path: PathBuf, key: &Verifying) {
        match read(path, key) {
            Ok(checkpoint) => self.signed.extend(checkpoint),
            Err(WitnessError::Note { path, source }) => {
                self.wrong.push(format!("{}: {source}", path.display()));
            }
            Err(WitnessError::File { path, source }) => {
                self.wrong.push(format!("{}: {source}", path.display()));
            }
            Err(other) => self.wrong.push(other.to_string()),
        }
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, WitnessError> {
    let listed = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.and_then(|entries| {
            entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()
        }),
    };
    let mut listed =
        listed.map_err(|source| WitnessError::File { path: folder.to_owned(), source })?;
    listed.sort();
    Ok(listed)
}
