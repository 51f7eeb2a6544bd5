//! BitLocker: the volumes of Windows 7 and later, and BitLocker To Go.
//!
//! In: a volume and secrets. Out: a [`Lock`], opened where a secret is one of its protectors'. A
//! volume's key is encrypted with a master key, and that once more by each protector. The first
//! bytes of the original volume lie elsewhere in it, and the metadata lie among its sectors: they
//! read as zeros, as Windows shows them. Refused: see [`metadata`], and methods that are not known.

mod metadata;
mod protector;
pub(crate) mod recovery;

use metadata::{COPY, Metadata, kind, value};
use protector::{Key, Protector, unwrapped};

use crate::bytes::Bytes;
use crate::cipher::Mode;
use crate::opened::{Decryptor, Unlocked};
use crate::outcome::{By, Kind, Lock, Outcome, Problem};
use crate::secret::Secrets;

/// Whether this is the first sector of a BitLocker volume.
pub(crate) fn recognised(sector: &[u8]) -> bool {
    metadata::recognised(sector)
}

/// Tries to open a volume.
pub(crate) fn open(volume: &dyn Bytes, secrets: &Secrets) -> Lock {
    let kind = Kind::BitLocker;
    let metadata = match Metadata::read(volume) {
        Ok(metadata) => metadata,
        Err(problem) => {
            let outcome = Outcome::Not(problem);
            return Lock { kind, cipher: None, protectors: Vec::new(), outcome };
        }
    };
    let protectors: Vec<Protector<'_>> =
        metadata.entries().filter_map(Protector::of).take(MOST_PROTECTORS).collect();
    let outcome = match master_key(&protectors, secrets) {
        Ok(Opening { key, secret, by, protector }) => match unlocked(volume, &metadata, &key) {
            Ok(unlocked) => Outcome::Opened { secret, by, protector, unlocked: Box::new(unlocked) },
            Err(problem) => Outcome::Not(problem),
        },
        Err(outcome) => outcome,
    };
    Lock {
        kind,
        cipher: metadata.method_name().map(str::to_owned),
        protectors: protectors.iter().map(Protector::name).collect(),
        outcome,
    }
}

/// Protectors that are looked at, at most: Windows makes a handful.
const MOST_PROTECTORS: usize = 32;

/// A master key and how it was had.
struct Opening {
    key: Key,
    secret: Option<usize>,
    by: By,
    protector: String,
}

fn master_key(protectors: &[Protector<'_>], secrets: &Secrets) -> Result<Opening, Outcome> {
    for protector in protectors {
        if let Some(key) = protector.without_secret() {
            let (secret, by) = (None, By::ClearKey);
            return Ok(Opening { key, secret, by, protector: protector.name() });
        }
    }
    for (number, secret) in secrets.numbered() {
        for protector in protectors {
            let opened =
                protector.open(secret, secrets.budget()).map_err(|e| Outcome::Not(e.into()))?;
            if let Some((key, by)) = opened {
                let secret = Some(number);
                return Ok(Opening { key, secret, by, protector: protector.name() });
            }
        }
    }
    Err(match secrets.len() {
        0 => Outcome::NoSecret,
        tried => Outcome::Wrong { tried },
    })
}

/// The volume as its master key opens it.
fn unlocked(
    volume: &dyn Bytes,
    metadata: &Metadata,
    master_key: &[u8],
) -> Result<Unlocked, Problem> {
    let (mode, key_len) = match metadata.method {
        0x8000 => (Mode::Elephant { long: false }, 64),
        0x8001 => (Mode::Elephant { long: true }, 64),
        0x8002 => (Mode::CbcBitLocker, 16),
        0x8003 => (Mode::CbcBitLocker, 32),
        0x8004 => (Mode::Xts, 32),
        0x8005 => (Mode::Xts, 64),
        other => return Err(Problem::Unsupported(format!("BitLocker's method {other:#06x}"))),
    };
    let wrapped = metadata
        .entries()
        .find(|entry| entry.kind == kind::VOLUME_KEY && entry.value == value::ENCRYPTED);
    let key = wrapped.and_then(|entry| unwrapped(entry.data, master_key));
    let damaged = |what: &str| Problem::Damaged(what.to_owned());
    let mut key = key.ok_or_else(|| damaged("its master key does not open its volume key"))?;
    if key.len() < key_len {
        return Err(damaged("its volume key is too short for its method"));
    }
    key.truncate(key_len);
    let (len, sector) = (volume.len(), metadata.sector);
    let head = Some(metadata.head);
    let copies = metadata.copies.iter().map(|at| (*at, COPY as u64));
    let unlocked = Unlocked {
        mode,
        key,
        at: 0,
        len,
        sector,
        unit: sector,
        counted_from: 0,
        encrypted: metadata.encrypted,
        head,
        zeros: copies.chain(head).collect(),
    };
    match Decryptor::new(unlocked.clone()) {
        Some(_) => Ok(unlocked),
        None => Err(damaged("its metadata give sectors or places that it cannot have")),
    }
}
