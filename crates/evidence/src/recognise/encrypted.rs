//! Encrypted volumes that say so: BitLocker, LUKS, FileVault 2.
//!
//! Sources: libbde and libfvde, format documentation (Metz); LUKS1 on-disk format 1.2.3; LUKS2
//! on-disk format 1.1.1.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::view::View;
use super::{facts, quoted};
use crate::bytes::{array, text, u16_be, u16_le, u32_be, u32_le, u64_le};
use crate::volume::Guid;

/// What the drives of BitLocker To Go carry in their FAT boot sector: 4967D63B-2E29-4AD8-8399-F6A339E3D001.
const TO_GO: [u8; 16] = [
    0x3b, 0xd6, 0x67, 0x49, 0x29, 0x2e, 0xd8, 0x4a, 0x83, 0x99, 0xf6, 0xa3, 0x39, 0xe3, 0xd0, 0x01,
];
/// Longest header of LUKS2, by its description.
const MOST_HEADER: u64 = 4 << 20;
/// What a used key slot of LUKS1 begins with.
const SLOT_IN_USE: u32 = 0x00ac_71f3;

pub(super) fn recognise(view: &View<'_>) -> Option<String> {
    let head = view.at(0, 4096);
    bit_locker(view, &head).or_else(|| luks(view, &head)).or_else(|| file_vault(&head))
}

fn bit_locker(view: &View<'_>, head: &[u8]) -> Option<String> {
    let name = if head.get(3..11) == Some(b"-FVE-FS-") {
        "BitLocker"
    } else if array(head, 424) == Some(TO_GO) {
        "BitLocker To Go"
    } else {
        return None;
    };
    let places = if name == "BitLocker" { 176 } else { 440 };
    let details = u64_le(head, places).and_then(|at| bit_locker_details(&view.at(at, 112)));
    Some(format!("{name}{}", details.unwrap_or_default()))
}

/// Cipher and identifier out of a metadata block.
fn bit_locker_details(block: &[u8]) -> Option<String> {
    if !block.starts_with(b"-FVE-FS-") {
        return None;
    }
    let cipher = match u16_le(block, 64 + 36)? {
        0x8000 => "AES-CBC with diffuser, 128 bits",
        0x8001 => "AES-CBC with diffuser, 256 bits",
        0x8002 => "AES-CBC, 128 bits",
        0x8003 => "AES-CBC, 256 bits",
        0x8004 => "AES-XTS, 128 bits",
        0x8005 => "AES-XTS, 256 bits",
        _ => "",
    };
    let id = Guid(array(block, 64 + 16)?).to_string();
    Some(facts(&[("", cipher.to_owned()), ("identifier", id)]))
}

fn luks(view: &View<'_>, head: &[u8]) -> Option<String> {
    if !head.starts_with(b"LUKS\xba\xbe") {
        return None;
    }
    let id = ("UUID", text(head, 168, 40));
    match u16_be(head, 6)? {
        1 => {
            let cipher = format!("{}-{}", text(head, 8, 32), text(head, 40, 32));
            let used = (0..8).filter(|slot| u32_be(head, 208 + slot * 48) == Some(SLOT_IN_USE));
            let slots = format!("{} of 8 key slots in use", used.count());
            Some(format!("LUKS1{}", facts(&[("", cipher), id, ("", slots)])))
        }
        2 => {
            let label = ("label", quoted(&text(head, 24, 48)));
            let (cipher, slots) = luks2_details(view, head).unwrap_or_default();
            Some(format!("LUKS2{}", facts(&[("", cipher), label, id, ("", slots)])))
        }
        version => Some(format!("LUKS, version {version}{}", facts(&[id]))),
    }
}

/// What is asked for of the header that LUKS2 keeps as JSON.
#[derive(Deserialize)]
struct Luks2 {
    #[serde(default)]
    keyslots: BTreeMap<String, Slot>,
    #[serde(default)]
    segments: BTreeMap<String, Segment>,
}

#[derive(Deserialize)]
struct Slot {
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
struct Segment {
    #[serde(default)]
    encryption: String,
}

/// Cipher and key slots.
fn luks2_details(view: &View<'_>, head: &[u8]) -> Option<(String, String)> {
    let len = array(head, 8).map(u64::from_be_bytes).filter(|len| *len <= MOST_HEADER)?;
    let json = view.at(4096, usize::try_from(len.checked_sub(4096)?).ok()?);
    let end = json.iter().position(|byte| *byte == 0).unwrap_or(json.len());
    let header: Luks2 = serde_json::from_slice(&json[..end]).ok()?;
    let cipher = header.segments.into_values().map(|segment| segment.encryption).next()?;
    let mut kinds: Vec<String> = header.keyslots.into_values().map(|slot| slot.kind).collect();
    let count = kinds.len();
    kinds.sort();
    kinds.dedup();
    let kinds = kinds.iter().take(4).map(|kind| quoted(kind)).collect::<Vec<_>>().join(", ");
    let slots = match count {
        0 => "no key slots".to_owned(),
        1 => format!("1 key slot of type {kinds}"),
        count => format!("{count} key slots of type {kinds}"),
    };
    Some((cipher.chars().take(64).collect(), slots))
}

/// A physical volume of Core Storage: what FileVault 2 encrypts, and what a Fusion drive is.
fn file_vault(head: &[u8]) -> Option<String> {
    let is_core_storage = u16_le(head, 8) == Some(1)
        && u16_le(head, 10) == Some(0x10)
        && head.get(88..90) == Some(b"CS");
    let cipher = match u32_le(head, 172) {
        Some(2) => "AES-XTS",
        _ => "",
    };
    is_core_storage.then(|| {
        format!(
            "FileVault 2, or joined with others, by Core Storage{}",
            facts(&[("", cipher.to_owned())])
        )
    })
}
