//! BitLocker's protectors: each gives the master key to whoever has its secret.
//!
//! In: a protector and a secret. Out: the master key, none where the secret is not this
//! protector's. Whether it is, the key's authentication code says: nothing is guessed.

use aes::Aes256;
use aes::cipher::KeyInit;
use ccm::Ccm;
use ccm::aead::AeadInOut;
use ccm::consts::{U12, U16};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::metadata::{Entry, Guid, entries, kind, value};
use crate::bytes::{array, u16_le};
use crate::derive::{Budget, Refused};
use crate::outcome::By;
use crate::secret::Secret;

/// Rounds by which a password is stretched.
const ROUNDS: u64 = 1 << 20;

/// A key, wiped when it is dropped.
pub(super) type Key = Zeroizing<Vec<u8>>;

/// One protector.
pub(super) struct Protector<'a> {
    pub(super) id: Guid,
    kind: u16,
    properties: &'a [u8],
}

impl<'a> Protector<'a> {
    /// The protector that an entry holds; none for other entries.
    pub(super) fn of(entry: Entry<'a>) -> Option<Self> {
        if entry.kind != kind::MASTER_KEY || entry.value != value::MASTER_KEY {
            return None;
        }
        Some(Self {
            id: Guid(array(entry.data, 0)?),
            kind: u16_le(entry.data, 26)?,
            properties: entry.data.get(28..)?,
        })
    }

    /// What it is called, with its identifier: a force asks for a recovery password by it.
    pub(super) fn name(&self) -> String {
        let kind = match self.kind {
            0x0000 => "clear key",
            0x0100 => "TPM",
            0x0200 => "startup key",
            0x0500 => "TPM and PIN",
            0x0800 => "recovery password",
            0x1000 => "smart card",
            0x2000 => "password",
            other => return format!("protector of kind {other:#06x} {{{}}}", self.id),
        };
        format!("{kind} {{{}}}", self.id)
    }

    /// The master key where it is not protected at all: protection was suspended.
    pub(super) fn without_secret(&self) -> Option<Key> {
        (self.kind == 0).then(|| self.value(value::KEY))?.and_then(|key| self.master_key(&key[4..]))
    }

    /// The master key, where the secret is this protector's.
    pub(super) fn open(
        &self,
        secret: &Secret,
        budget: &Budget,
    ) -> Result<Option<(Key, By)>, Refused> {
        let (once, by) = match self.kind {
            0x2000 => {
                let Some(password) = secret.password() else { return Ok(None) };
                (Sha256::digest(Sha256::digest(&*utf_16(password))), By::Password)
            }
            0x0800 => {
                let Some(key) = secret.recovery() else { return Ok(None) };
                (Sha256::digest(&key[..]), By::RecoveryPassword)
            }
            // A file's key, and not what a TPM adds to it.
            0x0200 => {
                let key = secret.key().and_then(startup_key);
                let key = key.and_then(|key| self.master_key(&key));
                return Ok(key.map(|key| (key, By::StartupKey)));
            }
            _ => return Ok(None),
        };
        let once = Zeroizing::new(<[u8; 32]>::from(once));
        let Some(salt) = self.value(value::STRETCHED).and_then(|data| array(data, 4)) else {
            return Ok(None);
        };
        budget.take(2 * ROUNDS)?;
        Ok(self.master_key(&stretch(&once, salt)[..]).map(|key| (key, by)))
    }

    fn master_key(&self, with: &[u8]) -> Option<Key> {
        unwrapped(self.value(value::ENCRYPTED)?, with)
    }

    /// The data of the first property with this kind of value.
    fn value(&self, value: u16) -> Option<&'a [u8]> {
        let found = entries(self.properties).find(|entry| entry.value == value)?;
        (found.data.len() >= 4).then_some(found.data)
    }
}

/// Takes AES-CCM off a key: its nonce, its code, and the key with its own small head.
pub(super) fn unwrapped(data: &[u8], with: &[u8]) -> Option<Key> {
    let nonce: [u8; 12] = array(data, 0)?;
    let code: [u8; 16] = array(data, 12)?;
    let mut container: Key = data.get(28..)?.to_vec().into();
    let cipher = Ccm::<Aes256, U16, U12>::new_from_slice(with).ok()?;
    let plain = container.as_mut_slice().into();
    cipher.decrypt_inout_detached(&nonce.into(), &[], plain, &code.into()).ok()?;
    // Length, version and method stand before the key.
    Some(container.get(12..)?.to_vec().into())
}

fn utf_16(text: &str) -> Zeroizing<Vec<u8>> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>().into()
}

/// Makes guessing dear: a chain of SHA-256 over what came out before, the beginning, the salt
/// and the number of the round.
fn stretch(once: &[u8; 32], salt: [u8; 16]) -> Zeroizing<[u8; 32]> {
    let mut round = Zeroizing::new([0_u8; 88]);
    round[32..64].copy_from_slice(once);
    round[64..80].copy_from_slice(&salt);
    for number in 0..ROUNDS {
        round[80..].copy_from_slice(&number.to_le_bytes());
        let mut next = Sha256::digest(&round[..]);
        round[..32].copy_from_slice(&next);
        next.as_mut_slice().zeroize();
    }
    let mut key = Zeroizing::new([0; 32]);
    key.copy_from_slice(&round[..32]);
    key
}

/// The key in a startup key's file (.BEK), or the bare key of 32 bytes.
fn startup_key(file: &[u8]) -> Option<Key> {
    if file.len() == 32 {
        return Some(file.to_vec().into());
    }
    let external = entries(file.get(48..)?)
        .find(|entry| entry.kind == kind::STARTUP_KEY && entry.value == value::EXTERNAL_KEY)?;
    let key = entries(external.data.get(24..)?).find(|entry| entry.value == value::KEY)?;
    Some(key.data.get(4..)?.to_vec().into())
}
