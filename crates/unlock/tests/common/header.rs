//! Headers of LUKS volumes, as small as they may be.

use sha2::{Digest, Sha256};

/// A volume of version 1 with all key slots in use, so many rounds and stripes each.
pub fn one(rounds: u32, stripes: u32) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..70_000_u32).map(|n| (n * 7 % 251) as u8).collect();
    bytes[..592].fill(0);
    bytes[..8].copy_from_slice(b"LUKS\xba\xbe\0\x01");
    for (at, text) in [(8, "aes"), (40, "xts-plain64"), (72, "sha256")] {
        bytes[at..at + text.len()].copy_from_slice(text.as_bytes());
    }
    bytes[104..108].copy_from_slice(&64_u32.to_be_bytes());
    bytes[108..112].copy_from_slice(&64_u32.to_be_bytes());
    bytes[164..168].copy_from_slice(&rounds.to_be_bytes());
    for slot in 0..8 {
        let at = 208 + slot * 48;
        bytes[at..at + 4].copy_from_slice(&0x00ac_71f3_u32.to_be_bytes());
        bytes[at + 4..at + 8].copy_from_slice(&rounds.to_be_bytes());
        bytes[at + 40..at + 44].copy_from_slice(&8_u32.to_be_bytes());
        bytes[at + 44..at + 48].copy_from_slice(&stripes.to_be_bytes());
    }
    bytes
}

/// A volume of version 2 whose one key slot derives its key so.
pub fn two(kdf: &str) -> Vec<u8> {
    two_with(&format!(
        r#"{{"keyslots":{{"0":{{"type":"luks2","key_size":64,
        "af":{{"type":"luks1","stripes":4,"hash":"sha256"}},
        "area":{{"type":"raw","offset":"32768","size":"4096","encryption":"aes-xts-plain64",
        "key_size":64}},"kdf":{kdf}}}}},"tokens":{{}},
        "segments":{{"0":{{"type":"crypt","offset":"40960","size":"dynamic","iv_tweak":"0",
        "encryption":"aes-xts-plain64","sector_size":512}}}},
        "digests":{{"0":{{"type":"pbkdf2","keyslots":["0"],"segments":["0"],"hash":"sha256",
        "iterations":2,"salt":"AAAA","digest":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}}}},
        "config":{{}}}}"#
    ))
}

/// A volume of version 2 with this text in both copies of its header.
pub fn two_with(json: &str) -> Vec<u8> {
    let mut bytes = vec![0; 65_536];
    for (at, signature) in [(0, b"LUKS\xba\xbe"), (16_384, b"SKUL\xba\xbe")] {
        let copy = &mut bytes[at..at + 16_384];
        copy[..6].copy_from_slice(signature);
        copy[7] = 2;
        copy[8..16].copy_from_slice(&16_384_u64.to_be_bytes());
        copy[72..78].copy_from_slice(b"sha256");
        copy[4096..4096 + json.len()].copy_from_slice(json.as_bytes());
        let checksum = Sha256::digest(&*copy);
        copy[448..480].copy_from_slice(&checksum);
    }
    bytes
}
