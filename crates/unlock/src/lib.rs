//! Encrypted volumes: recognised, and opened with a secret that was given.
//!
//! In: a volume as it lies on the disk, and [`Secrets`] that a laboratory was given under an
//! authority. Out: a [`Lock`], which says what the volume is and what came of opening it, and for
//! an opened one an [`Unlocked`], with which a [`Decryptor`] reads its plain bytes. Nothing is
//! guessed: each secret is tried once, as what it is. Read are BitLocker (Windows 7 and later),
//! LUKS1 and LUKS2, with AES. What headers claim is bounded before it is believed: memory and time
//! of key derivation as well as sizes. Keys are wiped from memory when they are dropped, are
//! written nowhere, and are not shown by `Debug`.

mod bitlocker;
mod bytes;
mod cipher;
mod derive;
#[cfg(feature = "fixtures")]
pub mod fixture;
mod luks;
mod opened;
mod outcome;
mod secret;

pub use bytes::Bytes;
pub use opened::{Decryptor, ReadAt, Unlocked};
pub use outcome::{By, Kind, Lock, Outcome, Problem};
pub use secret::{MOST, MOST_BYTES, SecretError, Secrets};

/// Which encryption a volume has by its first bytes; none where it is not known to have any.
pub fn recognise(volume: &dyn Bytes) -> Option<Kind> {
    let head = bytes::up_to(volume, 0, 512).ok()?;
    if bitlocker::recognised(&head) { Some(Kind::BitLocker) } else { luks::recognised(&head) }
}

/// Tries to open a volume; none where it is not known to be encrypted.
pub fn open(volume: &dyn Bytes, secrets: &Secrets) -> Option<Lock> {
    Some(match recognise(volume)? {
        Kind::BitLocker => bitlocker::open(volume, secrets),
        Kind::Luks1 => luks::open_one(volume, secrets),
        Kind::Luks2 => luks::open_two(volume, secrets),
    })
}
