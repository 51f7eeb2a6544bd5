//! Version 2: two copies of a small binary header, each with its own text in JSON.
//!
//! Read is a volume of one encrypted segment. Refused, each by its name: segments with integrity
//! tags, volumes that are being encrypted anew, and kinds of key slots that are not known; where
//! the first copy's checksum is wrong, the second is read.

use std::collections::BTreeMap;

use argon2::Algorithm;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;

use super::{Area, Key, SIGNATURE, Slots, UNIT, checked, joined, mode};
use crate::bytes::{Bytes, array, shown, text, u16_be, u64_be, up_to};
use crate::derive::{Budget, Cost, Hash, Refused, argon2, pbkdf2};
use crate::opened::Unlocked;
use crate::outcome::Problem;

/// Bytes of the binary header.
const BINARY: usize = 4096;
/// Lengths that a header may have: powers of two, in bytes. The second copy begins there.
const LENGTHS: std::ops::RangeInclusive<u32> = 14..=22;
/// Keyslots at most.
const MOST_SLOTS: usize = 32;
const SECOND: [u8; 6] = *b"SKUL\xba\xbe";

pub(super) struct Header {
    segment: Segment,
    slots: Vec<(String, Slot)>,
    digests: Vec<Digest>,
    tokens: Vec<String>,
}

#[derive(Deserialize)]
struct Json {
    keyslots: BTreeMap<String, Value>,
    #[serde(default)]
    tokens: BTreeMap<String, Value>,
    segments: BTreeMap<String, Value>,
    digests: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Segment {
    offset: String,
    size: String,
    iv_tweak: String,
    encryption: String,
    sector_size: u32,
}

#[derive(Deserialize)]
struct Slot {
    key_size: usize,
    af: Stripes,
    area: SlotArea,
    kdf: Kdf,
}

#[derive(Deserialize)]
struct Stripes {
    stripes: u32,
    hash: String,
}

#[derive(Deserialize)]
struct SlotArea {
    offset: String,
    encryption: String,
    key_size: usize,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Kdf {
    Pbkdf2 { hash: String, iterations: u32, salt: String },
    Argon2i { time: u32, memory: u32, cpus: u32, salt: String },
    Argon2id { time: u32, memory: u32, cpus: u32, salt: String },
}

#[derive(Deserialize)]
struct Digest {
    segments: Vec<String>,
    hash: String,
    iterations: u32,
    salt: String,
    digest: String,
}

impl Header {
    pub(super) fn read(volume: &dyn Bytes) -> Result<Self, Problem> {
        let first = copy(volume, 0, SIGNATURE);
        let json = match first {
            Ok(json) => json,
            Err(first) => LENGTHS
                .clone()
                .find_map(|power| copy(volume, 1 << power, SECOND).ok())
                .ok_or(Problem::Damaged(first))?,
        };
        Self::of(json)
    }

    fn of(json: Json) -> Result<Self, Problem> {
        let damaged = |e: serde_json::Error| {
            Problem::Damaged(format!("its header: {}", shown(&e.to_string())))
        };
        let unsupported = |what: &str| Err(Problem::Unsupported(what.to_owned()));
        let mut segments = json.segments.into_iter();
        let (Some((name, segment)), None) = (segments.next(), segments.next()) else {
            return unsupported("a volume of several segments: one that is encrypted anew");
        };
        if kind(&segment) != "crypt" {
            return unsupported("a segment that is not encrypted");
        }
        if segment.get("integrity").is_some() {
            return unsupported("a segment with integrity tags");
        }
        let segment = serde_json::from_value(segment).map_err(damaged)?;
        let mut slots = Vec::new();
        for (number, slot) in json.keyslots.into_iter().take(MOST_SLOTS) {
            if kind(&slot) == "reencrypt" {
                return unsupported("a volume that is being encrypted anew");
            }
            // Other kinds hold nothing that a password opens.
            if kind(&slot) == "luks2" {
                slots.push((number, serde_json::from_value(slot).map_err(damaged)?));
            }
        }
        let digests = json
            .digests
            .into_values()
            .filter(|digest| kind(digest) == "pbkdf2")
            .map(|digest| serde_json::from_value(digest).map_err(damaged))
            .filter(|digest| {
                !matches!(digest, Ok(Digest { segments, .. }) if !segments.contains(&name))
            })
            .take(MOST_SLOTS)
            .collect::<Result<_, _>>()?;
        let tokens = json.tokens.values().take(MOST_SLOTS).map(|token| shown(kind(token)));
        Ok(Self { segment, slots, digests, tokens: tokens.collect() })
    }
}

fn kind(value: &Value) -> &str {
    value.get("type").and_then(Value::as_str).unwrap_or("")
}

/// One copy of the header; why not, in words.
fn copy(volume: &dyn Bytes, at: u64, signature: [u8; 6]) -> Result<Json, String> {
    let binary = up_to(volume, at, BINARY)?;
    if array(&binary, 0) != Some(signature) || u16_be(&binary, 6) != Some(2) {
        return Err("its header has no signature".to_owned());
    }
    let len = u64_be(&binary, 8).and_then(|len| usize::try_from(len).ok());
    let len = len.filter(|len| LENGTHS.clone().any(|power| *len == 1 << power));
    let len = len.ok_or("its header has a length that none has")?;
    let mut whole = up_to(volume, at, len)?;
    if whole.len() < len {
        return Err("its header is cut short".to_owned());
    }
    let hash = text(&binary, 72, 32).unwrap_or("");
    let hash = Hash::named(hash).map_err(|_| format!("its header's checksum is {hash:?}"))?;
    whole[448..512].fill(0);
    if binary.get(448..448 + hash.len()) != Some(&hash.digest([&whole, &[]])[..]) {
        return Err("its header's checksum is wrong".to_owned());
    }
    let json = &whole[BINARY..];
    let end = json.iter().position(|byte| *byte == 0).unwrap_or(json.len());
    serde_json::from_slice(&json[..end])
        .map_err(|e| format!("its header: {}", shown(&e.to_string())))
}

fn decoded(base64: &str) -> Result<Vec<u8>, Refused> {
    STANDARD.decode(base64).map_err(|e| Refused::Unsupported(format!("a salt or digest ({e})")))
}

fn number(text: &str) -> Result<u64, Problem> {
    text.parse()
        .map_err(|_| Problem::Damaged(format!("its header: {:?} is no number", shown(text))))
}

impl Slots for Header {
    fn cipher(&self) -> &str {
        &self.segment.encryption
    }

    fn names(&self) -> Vec<String> {
        let slots = self.slots.iter().map(|(number, _)| format!("key slot {}", shown(number)));
        slots.chain(self.tokens.iter().map(|token| format!("token {token}"))).collect()
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
        let Slot { key_size, af, area, kdf } = &self.slots[slot].1;
        let with = match kdf {
            Kdf::Pbkdf2 { hash, iterations, salt } => {
                let salt = decoded(salt)?;
                let hash = Hash::named(hash)?;
                pbkdf2(hash, (password, &salt), *iterations, area.key_size, budget)?
            }
            Kdf::Argon2i { time, memory, cpus, salt }
            | Kdf::Argon2id { time, memory, cpus, salt } => {
                let algorithm = match kdf {
                    Kdf::Argon2i { .. } => Algorithm::Argon2i,
                    _ => Algorithm::Argon2id,
                };
                let cost = Cost { algorithm, kib: *memory, passes: *time, lanes: *cpus };
                argon2(cost, (password, &decoded(salt)?), area.key_size, budget)?
            }
        };
        let area = Area {
            at: area.offset.parse().unwrap_or(u64::MAX),
            stripes: af.stripes,
            key_len: *key_size,
            cipher: &area.encryption,
            hash: Hash::named(&af.hash)?,
        };
        joined(&area, &with, volume)
    }

    fn is_key(&self, key: &[u8], budget: &Budget) -> Result<bool, Refused> {
        for Digest { hash, iterations, salt, digest, .. } in &self.digests {
            let (salt, wanted) = (decoded(salt)?, decoded(digest)?);
            let hash = Hash::named(hash)?;
            if pbkdf2(hash, (key, &salt), *iterations, wanted.len(), budget)?[..] == wanted[..] {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn unlocked(&self, key: Key, volume: &dyn Bytes) -> Result<Unlocked, Problem> {
        let Segment { offset, size, iv_tweak, encryption, sector_size } = &self.segment;
        let at = number(offset)?;
        let there = volume.len().checked_sub(at).filter(|len| *len > 0);
        let there = there.ok_or(Problem::Damaged("its data begin behind its end".to_owned()))?;
        let len = if size == "dynamic" { there } else { number(size)?.min(there) };
        let counted_from = number(iv_tweak)?.checked_mul(u64::from(UNIT));
        if at == 0 {
            return Err(Problem::Unsupported("a header that lies apart from its data".to_owned()));
        }
        checked(Unlocked {
            mode: mode(encryption, len)?,
            key,
            at,
            // A last sector that is cut short is none.
            len: len / u64::from(*sector_size).max(1) * u64::from(*sector_size),
            sector: *sector_size,
            unit: UNIT,
            counted_from: counted_from.ok_or(Problem::Damaged("its first sector".to_owned()))?,
            encrypted: len,
            head: None,
            zeros: Vec::new(),
        })
    }
}
