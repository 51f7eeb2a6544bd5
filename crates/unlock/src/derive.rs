//! Keys out of passwords: slow on purpose, and bounded here, since the header of a volume says
//! how slow.
//!
//! In: a password and what a header asks for. Out: a key. Refused: hash functions that are not
//! known, more memory than [`MOST_KIB`], more work than the [`Budget`] has left. Sources:
//! RFC 8018 (PBKDF2), RFC 9106 (Argon2).

use std::sync::atomic::{AtomicU64, Ordering};

use argon2::{Algorithm, Argon2, Params, Version};
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use crate::bytes::shown;

/// Memory of one derivation at most, in KiB: 2 GiB. cryptsetup asks for 1 GiB at most by itself.
pub(crate) const MOST_KIB: u32 = 2 << 20;
/// Bytes of a derived key at most.
const MOST_KEY: usize = 512;

/// Why no key was derived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refused {
    /// This is not known, or asks for too much.
    Unsupported(String),
}

/// Work that deriving keys may still cost, about: rounds of a hash function, of which a
/// processor does some millions in a second.
#[derive(Debug)]
pub(crate) struct Budget(AtomicU64);

impl Budget {
    pub(crate) fn new(rounds: u64) -> Self {
        Self(AtomicU64::new(rounds))
    }

    /// What trying so many secrets may cost: minutes, and more for many secrets.
    pub(crate) fn of(secrets: usize) -> Self {
        Self::new((1 << 30) + secrets as u64 * (1 << 26))
    }

    /// Takes so much of it, where so much is left.
    pub(crate) fn take(&self, work: u64) -> Result<(), Refused> {
        let less = |left: u64| left.checked_sub(work);
        match self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less) {
            Ok(_) => Ok(()),
            Err(left) => Err(Refused::Unsupported(format!(
                "a key derivation of {work} rounds, where {left} may be spent,"
            ))),
        }
    }
}

/// A hash function by the name that headers give it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    pub(crate) fn named(name: &str) -> Result<Self, Refused> {
        Ok(match name {
            "sha1" => Self::Sha1,
            "sha224" => Self::Sha224,
            "sha256" => Self::Sha256,
            "sha384" => Self::Sha384,
            "sha512" => Self::Sha512,
            other => {
                return Err(Refused::Unsupported(format!("the hash function {:?}", shown(other))));
            }
        })
    }

    /// Bytes of a digest.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of these parts, one behind the other.
    pub(crate) fn digest(self, parts: [&[u8]; 2]) -> Zeroizing<Vec<u8>> {
        fn of<D: sha2::Digest>([one, two]: [&[u8]; 2]) -> Zeroizing<Vec<u8>> {
            D::new().chain_update(one).chain_update(two).finalize().to_vec().into()
        }
        match self {
            Self::Sha1 => of::<Sha1>(parts),
            Self::Sha224 => of::<Sha224>(parts),
            Self::Sha256 => of::<Sha256>(parts),
            Self::Sha384 => of::<Sha384>(parts),
            Self::Sha512 => of::<Sha512>(parts),
        }
    }
}

/// PBKDF2 with HMAC.
pub(crate) fn pbkdf2(
    hash: Hash,
    (password, salt): (&[u8], &[u8]),
    rounds: u32,
    len: usize,
    budget: &Budget,
) -> Result<Zeroizing<Vec<u8>>, Refused> {
    check_len(len)?;
    budget.take(u64::from(rounds.max(1)) * len.div_ceil(hash.len()) as u64)?;
    let mut key = Zeroizing::new(vec![0; len]);
    match hash {
        Hash::Sha1 => pbkdf2_hmac::<Sha1>(password, salt, rounds, &mut key),
        Hash::Sha224 => pbkdf2_hmac::<Sha224>(password, salt, rounds, &mut key),
        Hash::Sha256 => pbkdf2_hmac::<Sha256>(password, salt, rounds, &mut key),
        Hash::Sha384 => pbkdf2_hmac::<Sha384>(password, salt, rounds, &mut key),
        Hash::Sha512 => pbkdf2_hmac::<Sha512>(password, salt, rounds, &mut key),
    }
    Ok(key)
}

/// What Argon2 is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) algorithm: Algorithm,
    pub(crate) kib: u32,
    pub(crate) passes: u32,
    pub(crate) lanes: u32,
}

/// Argon2i or Argon2id, version 1.3.
pub(crate) fn argon2(
    cost: Cost,
    (password, salt): (&[u8], &[u8]),
    len: usize,
    budget: &Budget,
) -> Result<Zeroizing<Vec<u8>>, Refused> {
    check_len(len)?;
    let Cost { algorithm, kib, passes, lanes } = cost;
    if kib > MOST_KIB {
        let asked = format!("a key derivation in {kib} KiB of memory, more than {MOST_KIB},");
        return Err(Refused::Unsupported(asked));
    }
    budget.take(u64::from(kib) * u64::from(passes) * 2)?;
    let refused = |e: argon2::Error| Refused::Unsupported(format!("a key derivation ({e})"));
    let params = Params::new(kib, passes, lanes, Some(len)).map_err(refused)?;
    let mut key = Zeroizing::new(vec![0; len]);
    Argon2::new(algorithm, Version::V0x13, params)
        .hash_password_into(password, salt, &mut key)
        .map_err(refused)?;
    Ok(key)
}

fn check_len(len: usize) -> Result<(), Refused> {
    if (1..=MOST_KEY).contains(&len) {
        return Ok(());
    }
    Err(Refused::Unsupported(format!("a key of {len} bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget() -> Budget {
        Budget::of(0)
    }

    #[test]
    fn the_vectors_of_rfc_6070_and_7914_are_derived() {
        let derived = |hash, input, rounds, len| {
            hex::encode(&pbkdf2(hash, input, rounds, len, &budget()).unwrap()[..])
        };
        let input = (&b"password"[..], &b"salt"[..]);
        let wanted = "4b007901b765489abead49d926f721d065a429c1";
        assert_eq!(derived(Hash::Sha1, input, 4096, 20), wanted);
        let input = (&b"Password"[..], &b"NaCl"[..]);
        let wanted = "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56\
                      a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d";
        assert_eq!(derived(Hash::Sha256, input, 80_000, 64), wanted);
    }

    #[test]
    fn more_memory_or_work_than_is_allowed_is_refused_before_it_is_begun() {
        let input = (&b"password"[..], &b"saltsalt"[..]);
        let cost = Cost { algorithm: Algorithm::Argon2id, kib: 64, passes: 1, lanes: 1 };
        assert!(argon2(cost, input, 32, &budget()).is_ok());
        for cost in [
            Cost { kib: 4 << 20, ..cost },
            Cost { kib: u32::MAX, ..cost },
            Cost { kib: 1 << 20, passes: u32::MAX, ..cost },
            Cost { kib: 0, ..cost },
            Cost { lanes: 0, ..cost },
            Cost { passes: 0, ..cost },
        ] {
            assert!(argon2(cost, input, 32, &budget()).is_err(), "{cost:?}");
        }
        assert!(pbkdf2(Hash::Sha256, input, u32::MAX, 32, &budget()).is_err());
        assert!(pbkdf2(Hash::Sha256, input, 1, 513, &budget()).is_err());
        let budget = budget();
        let times = (0..1000).take_while(|_| budget.take(1 << 25).is_ok()).count();
        assert_eq!(times, 32, "what was spent is gone");
    }
}
