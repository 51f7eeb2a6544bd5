//! LUKS: the encrypted volumes of Linux, versions 1 and 2.
//!
//! In: a volume and secrets. Out: a [`Lock`]. The volume's key lies in key slots, each time
//! encrypted with a key derived from one password, and spread over many stripes so that a slot can
//! be wiped. A header says by a digest whether a key is the volume's: nothing is guessed. Source:
//! "LUKS1 On-Disk Format Specification" 1.2.3 and "LUKS2 On-Disk Format Specification" 1.1.2, both of the
//! cryptsetup project.

mod one;
mod stripes;
mod two;

use crate::bytes::{Bytes, array, shown, u16_be, up_to};
use crate::cipher::{Cipher, Mode};
use crate::derive::{Budget, Refused};
use crate::opened::{Decryptor, Unlocked};
use crate::outcome::{By, Kind, Lock, Outcome, Problem};
use crate::secret::{Secret, Secrets};
use zeroize::Zeroizing;

const SIGNATURE: [u8; 6] = *b"LUKS\xba\xbe";
/// Bytes by which ciphers number sectors, whatever their size.
const UNIT: u32 = 512;
/// Bytes of a key at most.
const MOST_KEY: usize = 128;
/// Bytes of a slot's stripes at most: 4,000 stripes of the longest key are an eighth of it.
const MOST_STRIPES: usize = 4 << 20;

/// A key, wiped when it is dropped.
type Key = Zeroizing<Vec<u8>>;

/// Which version begins here.
pub(crate) fn recognised(head: &[u8]) -> Option<Kind> {
    match (array(head, 0).filter(|found| *found == SIGNATURE)?, u16_be(head, 6)?) {
        (_, 1) => Some(Kind::Luks1),
        (_, 2) => Some(Kind::Luks2),
        _ => None,
    }
}

/// Tries to open a volume of version 1.
pub(crate) fn open_one(volume: &dyn Bytes, secrets: &Secrets) -> Lock {
    match one::Header::read(volume) {
        Ok(header) => opened(Kind::Luks1, &header, volume, secrets),
        Err(problem) => closed(Kind::Luks1, problem),
    }
}

/// Tries to open a volume of version 2.
pub(crate) fn open_two(volume: &dyn Bytes, secrets: &Secrets) -> Lock {
    match two::Header::read(volume) {
        Ok(header) => opened(Kind::Luks2, &header, volume, secrets),
        Err(problem) => closed(Kind::Luks2, problem),
    }
}

/// What both versions' headers answer.
trait Slots {
    /// What sectors are encrypted with.
    fn cipher(&self) -> &str;
    /// Names of the slots in use.
    fn names(&self) -> Vec<String>;
    /// How many slots there are in use.
    fn count(&self) -> usize;
    /// The key that this password gets out of a slot, right or wrong.
    fn key(
        &self,
        slot: usize,
        password: &[u8],
        volume: &dyn Bytes,
        budget: &Budget,
    ) -> Result<Key, Refused>;
    /// Whether this is the volume's key.
    fn is_key(&self, key: &[u8], budget: &Budget) -> Result<bool, Refused>;
    /// The volume as this key opens it.
    fn unlocked(&self, key: Key, volume: &dyn Bytes) -> Result<Unlocked, Problem>;
}

fn closed(kind: Kind, problem: Problem) -> Lock {
    Lock { kind, cipher: None, protectors: Vec::new(), outcome: Outcome::Not(problem) }
}

fn opened(kind: Kind, header: &dyn Slots, volume: &dyn Bytes, secrets: &Secrets) -> Lock {
    let outcome = tried(header, volume, secrets).unwrap_or_else(Outcome::Not);
    let cipher = Some(shown(header.cipher()));
    Lock { kind, cipher, protectors: header.names(), outcome }
}

fn tried(header: &dyn Slots, volume: &dyn Bytes, secrets: &Secrets) -> Result<Outcome, Problem> {
    if secrets.is_empty() {
        return Ok(Outcome::NoSecret);
    }
    let mut refused = None;
    for (number, secret) in secrets.numbered() {
        match with_secret(header, volume, secret, secrets.budget()) {
            Ok(Some((key, by, protector))) => {
                let unlocked = Box::new(header.unlocked(key, volume)?);
                return Ok(Outcome::Opened { secret: Some(number), by, protector, unlocked });
            }
            Ok(None) => {}
            Err(Refused::Unsupported(reason)) => refused = Some(reason),
        }
    }
    match refused {
        // A slot that could not be tried may be the right one.
        Some(reason) => Err(Problem::Unsupported(reason)),
        None => Ok(Outcome::Wrong { tried: secrets.len() }),
    }
}

/// The volume's key, if this secret gets it.
fn with_secret(
    header: &dyn Slots,
    volume: &dyn Bytes,
    secret: &Secret,
    budget: &Budget,
) -> Result<Option<(Key, By, String)>, Refused> {
    if let Some(key) = secret.key().filter(|key| key.len() <= MOST_KEY)
        && header.is_key(key, budget)?
    {
        return Ok(Some((key.to_vec().into(), By::VolumeKey, "its digest".to_owned())));
    }
    let (password, by) = match (secret.key(), secret.password()) {
        (Some(key), _) => (key, By::KeyFile),
        (None, Some(password)) => (password.as_bytes(), By::Password),
        (None, None) => return Ok(None),
    };
    let mut refused = None;
    for slot in 0..header.count() {
        let right = header
            .key(slot, password, volume, budget)
            .and_then(|key| Ok((header.is_key(&key, budget)?, key)));
        match right {
            Ok((true, key)) => {
                let name = header.names().get(slot).cloned().unwrap_or_default();
                return Ok(Some((key, by, name)));
            }
            Ok((false, _)) => {}
            Err(reason) => refused = Some(reason),
        }
    }
    refused.map_or(Ok(None), Err)
}

/// The mode of a cipher by the name that headers give it, such as `aes-xts-plain64`, for a
/// volume of so many bytes.
fn mode(name: &str, len: u64) -> Result<Mode, Refused> {
    // Numbers of 32 bits begin anew after so many sectors, which nothing here does.
    let short = u32::try_from(len / u64::from(UNIT)).is_ok();
    match name {
        "aes-xts-plain64" => Ok(Mode::Xts),
        "aes-xts-plain" if short => Ok(Mode::Xts),
        "aes-cbc-essiv:sha256" => Ok(Mode::CbcEssiv),
        "aes-cbc-plain64" => Ok(Mode::CbcPlain),
        "aes-cbc-plain" if short => Ok(Mode::CbcPlain),
        other => Err(Refused::Unsupported(format!("the cipher {:?}", shown(other)))),
    }
}

/// What a slot's stripes are and how they are encrypted.
struct Area<'a> {
    at: u64,
    stripes: u32,
    key_len: usize,
    cipher: &'a str,
    hash: crate::derive::Hash,
}

/// Reads the stripes of a slot, decrypts them, and joins them to the key.
fn joined(area: &Area<'_>, with: &[u8], volume: &dyn Bytes) -> Result<Key, Refused> {
    let unsupported = |what: String| Refused::Unsupported(what);
    let len = usize::try_from(area.stripes).ok().and_then(|n| n.checked_mul(area.key_len));
    let len = len
        .filter(|len| (1..=MOST_STRIPES).contains(len))
        .ok_or_else(|| unsupported(format!("a key slot of {} stripes", area.stripes)))?;
    let mode = mode(area.cipher, 0)?;
    let cipher = Cipher::new(mode, with).map_err(|_| {
        unsupported(format!("a key of {} bytes for {}", with.len(), shown(area.cipher)))
    })?;
    let whole = len.next_multiple_of(UNIT as usize);
    let mut stripes = Zeroizing::new(
        up_to(volume, area.at, whole)
            .map_err(|e| unsupported(format!("a key slot that cannot be read ({e})")))?,
    );
    if stripes.len() < len {
        return Err(unsupported("a key slot outside the volume".to_owned()));
    }
    cipher.decrypt(&mut stripes, UNIT as usize, 0, u64::from(UNIT));
    Ok(stripes::joined(&stripes[..len], area.key_len, area.hash))
}

/// Checks a description before it is handed on.
fn checked(unlocked: Unlocked) -> Result<Unlocked, Problem> {
    match Decryptor::new(unlocked.clone()) {
        Some(_) => Ok(unlocked),
        None => Err(Problem::Damaged("its header gives a key or sectors it cannot have".into())),
    }
}

impl From<Refused> for Problem {
    fn from(Refused::Unsupported(what): Refused) -> Self {
        Self::Unsupported(what)
    }
}
