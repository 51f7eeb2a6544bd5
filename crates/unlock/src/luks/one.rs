//! Version 1: a header of fixed fields, big-endian, with eight key slots.

use super::{Area, Key, MOST_KEY, Slots, UNIT, checked, joined, mode};
use crate::bytes::{Bytes, array, text, u32_be, up_to};
use crate::derive::{Budget, Hash, Refused, pbkdf2};
use crate::opened::Unlocked;
use crate::outcome::Problem;

const SLOTS: usize = 8;
const ENABLED: u32 = 0x00ac_71f3;

pub(super) struct Header {
    cipher: String,
    hash: Hash,
    /// Where the plain volume begins, in bytes.
    payload: u64,
    key_len: usize,
    digest: [u8; 20],
    digest_salt: [u8; 32],
    digest_rounds: u32,
    slots: Vec<Slot>,
}

struct Slot {
    number: usize,
    rounds: u32,
    salt: [u8; 32],
    at: u64,
    stripes: u32,
}

impl Header {
    pub(super) fn read(volume: &dyn Bytes) -> Result<Self, Problem> {
        let bytes = up_to(volume, 0, 592).map_err(Problem::Damaged)?;
        let cut = || Problem::Damaged("its header is cut short".to_owned());
        let field = |at| text(&bytes, at, 32).ok_or_else(cut);
        let number = |at| u32_be(&bytes, at).ok_or_else(cut);
        let sectors = |at| Ok::<_, Problem>(u64::from(number(at)?) * u64::from(UNIT));
        let key_len = number(108)?;
        let slot = |slot: usize| {
            let at = 208 + slot * 48;
            if number(at)? != ENABLED {
                return Ok(None);
            }
            Ok(Some(Slot {
                number: slot,
                rounds: number(at + 4)?,
                salt: array(&bytes, at + 8).ok_or_else(cut)?,
                at: sectors(at + 40)?,
                stripes: number(at + 44)?,
            }))
        };
        Ok(Self {
            cipher: format!("{}-{}", field(8)?, field(40)?),
            hash: Hash::named(field(72)?)?,
            payload: sectors(104)?,
            key_len: usize::try_from(key_len)
                .ok()
                .filter(|len| *len <= MOST_KEY)
                .ok_or_else(|| Problem::Unsupported(format!("a volume key of {key_len} bytes")))?,
            digest: array(&bytes, 112).ok_or_else(cut)?,
            digest_salt: array(&bytes, 132).ok_or_else(cut)?,
            digest_rounds: number(164)?,
            slots: (0..SLOTS)
                .filter_map(|n| slot(n).transpose())
                .collect::<Result<_, Problem>>()?,
        })
    }
}

impl Slots for Header {
    fn cipher(&self) -> &str {
        &self.cipher
    }

    fn names(&self) -> Vec<String> {
        self.slots.iter().map(|slot| format!("key slot {}", slot.number)).collect()
    }

    fn count(&self) -> usize {
        self.slots.len()
    }

    fn key(
        &self,
        slot: usize,
        password: &[u8],
        volume: &dyn Bytes,
        budget: &Budget,
    ) -> Result<Key, Refused> {
        let Slot { rounds, salt, at, stripes, .. } = &self.slots[slot];
        let with = pbkdf2(self.hash, (password, salt), *rounds, self.key_len, budget)?;
        let area = Area {
            at: *at,
            stripes: *stripes,
            key_len: self.key_len,
            cipher: &self.cipher,
            hash: self.hash,
        };
        joined(&area, &with, volume)
    }

    fn is_key(&self, key: &[u8], budget: &Budget) -> Result<bool, Refused> {
        let input = (key, &self.digest_salt[..]);
        let len = self.digest.len();
        let digest = pbkdf2(self.hash, input, self.digest_rounds, len, budget)?;
        Ok(key.len() == self.key_len && digest[..] == self.digest)
    }

    fn unlocked(&self, key: Key, volume: &dyn Bytes) -> Result<Unlocked, Problem> {
        let len = volume.len().checked_sub(self.payload).filter(|len| *len > 0);
        let len =
            len.ok_or_else(|| Problem::Damaged("its data begin behind its end".to_owned()))?;
        if self.payload == 0 {
            return Err(Problem::Unsupported("a header that lies apart from its data".to_owned()));
        }
        checked(Unlocked {
            mode: mode(&self.cipher, len)?,
            key,
            at: self.payload,
            len,
            sector: UNIT,
            unit: UNIT,
            counted_from: 0,
            encrypted: len,
            head: None,
            zeros: Vec::new(),
        })
    }
}
