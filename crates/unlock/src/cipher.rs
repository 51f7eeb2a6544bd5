//! The ciphers of sectors: AES in the modes that disk encryption uses.
//!
//! In: sectors as they lie on the disk, whole, with the number of the first. Out: their plain
//! bytes, in place. Sources: IEEE 1619-2018 (XTS), NIST SP 800-38A (CBC), dm-crypt's documentation
//! (plain64, ESSIV), Ferguson, "AES-CBC + Elephant diffuser", 2006.

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes256, Block};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

/// How sectors are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Mode {
    /// XTS; the tweak is the sector's number. The key is two keys of the same length.
    Xts,
    /// CBC; the first vector is the sector's number.
    CbcPlain,
    /// CBC; the first vector is the sector's number, encrypted with the key's SHA-256.
    CbcEssiv,
    /// CBC; the first vector is the sector's place in bytes, encrypted with the key itself.
    CbcBitLocker,
    /// As before, and Elephant's diffuser over the plain sector. The key is AES's and the
    /// diffuser's, each in 32 bytes.
    Elephant {
        /// Whether AES takes the first 32 bytes, or 16 of them.
        long: bool,
    },
}

/// A key that no cipher here takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadKey;

/// A cipher with its key.
pub(crate) struct Cipher(Inner);

enum Inner {
    Xts { data: Aes, tweak: Aes },
    Cbc { data: Aes, first: Vector },
}

/// Where the first vector of a sector comes from.
enum Vector {
    Number,
    Encrypted(Aes),
    Place,
    /// With the diffuser's cipher.
    Diffused(Aes),
}

impl Cipher {
    /// A cipher for this key.
    pub(crate) fn new(mode: Mode, key: &[u8]) -> Result<Self, BadKey> {
        let inner = match mode {
            Mode::Xts => {
                let (data, tweak) = key.split_at(key.len() / 2);
                Inner::Xts { data: Aes::new(data)?, tweak: Aes::new(tweak)? }
            }
            Mode::CbcPlain => Inner::Cbc { data: Aes::new(key)?, first: Vector::Number },
            Mode::CbcEssiv => {
                let salt = Zeroizing::new(<[u8; 32]>::from(Sha256::digest(key)));
                let first = Vector::Encrypted(Aes::new(&salt[..])?);
                Inner::Cbc { data: Aes::new(key)?, first }
            }
            Mode::CbcBitLocker => Inner::Cbc { data: Aes::new(key)?, first: Vector::Place },
            Mode::Elephant { long } => {
                let len = if long { 32 } else { 16 };
                let (data, diffuser) =
                    key.split_at_checked(32).filter(|_| key.len() == 64).ok_or(BadKey)?;
                let part = |key: &[u8]| key.get(..len).ok_or(BadKey).and_then(Aes::new);
                Inner::Cbc { data: part(data)?, first: Vector::Diffused(part(diffuser)?) }
            }
        };
        Ok(Self(inner))
    }

    /// Decrypts whole sectors of `sector` bytes. The first lies at byte `place` as the cipher
    /// counts, which numbers a sector by its place in units of `unit` bytes. What is left behind
    /// the last whole block of 16 bytes stays as it is.
    pub(crate) fn decrypt(&self, sectors: &mut [u8], sector: usize, place: u64, unit: u64) {
        let mut place = place;
        for bytes in sectors.chunks_mut(sector.max(16)) {
            let number = place / unit.max(1);
            match &self.0 {
                Inner::Xts { data, tweak } => xts(data, tweak, number, bytes),
                Inner::Cbc { data, first } => {
                    cbc(data, first.of(data, number, place), bytes);
                    if let Vector::Diffused(diffuser) = first {
                        elephant(diffuser, place, bytes);
                    }
                }
            }
            place = place.wrapping_add(bytes.len() as u64);
        }
    }
}

impl Vector {
    fn of(&self, data: &Aes, number: u64, place: u64) -> Block {
        let mut vector = little_endian(match self {
            Self::Number | Self::Encrypted(_) => number,
            Self::Place | Self::Diffused(_) => place,
        });
        match self {
            Self::Number => {}
            Self::Encrypted(cipher) => cipher.encrypt(&mut vector),
            Self::Place | Self::Diffused(_) => data.encrypt(&mut vector),
        }
        vector
    }
}

fn little_endian(number: u64) -> Block {
    u128::from(number).to_le_bytes().into()
}

/// AES by the length of its key. The key schedule is wiped when it is dropped.
enum Aes {
    Short(Box<Aes128>),
    Long(Box<Aes256>),
}

impl Aes {
    fn new(key: &[u8]) -> Result<Self, BadKey> {
        match key.len() {
            16 => Ok(Self::Short(Box::new(Aes128::new_from_slice(key).map_err(|_| BadKey)?))),
            32 => Ok(Self::Long(Box::new(Aes256::new_from_slice(key).map_err(|_| BadKey)?))),
            _ => Err(BadKey),
        }
    }

    fn encrypt(&self, block: &mut Block) {
        match self {
            Self::Short(aes) => aes.encrypt_block(block),
            Self::Long(aes) => aes.encrypt_block(block),
        }
    }

    fn decrypt(&self, blocks: &mut [Block]) {
        match self {
            Self::Short(aes) => aes.decrypt_blocks(blocks),
            Self::Long(aes) => aes.decrypt_blocks(blocks),
        }
    }
}

/// Blocks that are decrypted together: as many as the processor's units take.
const AT_ONCE: usize = 32;

fn xts(data: &Aes, tweak: &Aes, number: u64, sector: &mut [u8]) {
    let mut first = little_endian(number);
    tweak.encrypt(&mut first);
    let mut tweak = u128::from_le_bytes(first.into());
    let mut tweaks = [0_u128; AT_ONCE];
    let (blocks, _) = Block::slice_as_chunks_mut(sector);
    for batch in blocks.chunks_mut(AT_ONCE) {
        for (block, kept) in batch.iter_mut().zip(&mut tweaks) {
            *kept = tweak;
            mix(block, tweak);
            // Multiplication by x in GF(2^128), IEEE 1619 section 5.2.
            tweak = (tweak << 1) ^ if tweak >> 127 == 1 { 0x87 } else { 0 };
        }
        data.decrypt(batch);
        for (block, kept) in batch.iter_mut().zip(&tweaks) {
            mix(block, *kept);
        }
    }
}

fn cbc(data: &Aes, first: Block, sector: &mut [u8]) {
    let mut previous = u128::from_le_bytes(first.into());
    let mut before = [0_u128; AT_ONCE];
    let (blocks, _) = Block::slice_as_chunks_mut(sector);
    for batch in blocks.chunks_mut(AT_ONCE) {
        for (block, kept) in batch.iter().zip(&mut before) {
            *kept = previous;
            previous = u128::from_le_bytes((*block).into());
        }
        data.decrypt(batch);
        for (block, kept) in batch.iter_mut().zip(&before) {
            mix(block, *kept);
        }
    }
}

fn mix(block: &mut Block, with: u128) {
    *block = (u128::from_le_bytes((*block).into()) ^ with).to_le_bytes().into();
}

/// Takes Elephant's diffuser off a sector that CBC was taken off.
fn elephant(diffuser: &Aes, place: u64, sector: &mut [u8]) {
    let mut words: Vec<u32> = sector
        .chunks_exact(4)
        .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]))
        .collect();
    let n = words.len();
    // Sectors are powers of two; what is left of one that was cut off cannot be had back.
    if n < 8 || !n.is_power_of_two() {
        return;
    }
    let at = |index: usize| index & (n - 1);
    for _ in 0..3 {
        for i in 0..n {
            let turned = words[at(i + 5)].rotate_left([0, 10, 0, 25][i % 4]);
            words[i] = words[i].wrapping_add(words[at(i + 2)] ^ turned);
        }
    }
    for _ in 0..5 {
        for i in 0..n {
            let turned = words[at(i + n - 5)].rotate_left([9, 0, 13, 0][i % 4]);
            words[i] = words[i].wrapping_add(words[at(i + n - 2)] ^ turned);
        }
    }
    let (mut low, mut high) = (little_endian(place), little_endian(place));
    high[15] = 0x80;
    diffuser.encrypt(&mut low);
    diffuser.encrypt(&mut high);
    let key = low.iter().chain(&high).cycle();
    for (word, bytes) in words.iter().zip(sector.chunks_exact_mut(4)) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    for (byte, key) in sector.iter_mut().zip(key) {
        *byte ^= key;
    }
    words.zeroize();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        hex::decode(hex).unwrap()
    }

    fn decrypted(mode: Mode, key: &str, number: u64, text: &str) -> String {
        let mut text = bytes(text);
        let len = text.len();
        Cipher::new(mode, &bytes(key)).unwrap().decrypt(&mut text, len, number, 1);
        hex::encode(text)
    }

    #[test]
    fn the_vectors_of_ieee_1619_are_decrypted() {
        // Vectors 1, 2 and 3 of annex B.
        let zeros = "00".repeat(32);
        let one = "917cf69ebd68b2ec9b9fe9a3eadda692cd43d2f59598ed858c02c2652fbf922e";
        assert_eq!(decrypted(Mode::Xts, &zeros, 0, one), zeros);
        let two = "c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394f0";
        let key = "11".repeat(16) + &"22".repeat(16);
        assert_eq!(decrypted(Mode::Xts, &key, 0x33_3333_3333, two), "44".repeat(32));
        let three = "af85336b597afc1a900b2eb21ec949d292df4c047e0b21532186a5971a227a89";
        let key = "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0".to_owned() + &"22".repeat(16);
        assert_eq!(decrypted(Mode::Xts, &key, 0x33_3333_3333, three), "44".repeat(32));
    }

    #[test]
    fn the_vectors_of_sp_800_38a_are_decrypted() {
        // F.2.2 (AES-128) and F.2.6 (AES-256), behind a first vector that is no number: the first
        // block is left out.
        let plain = "ae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52ef";
        let short = "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2\
                     73bed6b8e3c1743b7116e69e22229516";
        let key = "2b7e151628aed2a6abf7158809cf4f3c";
        assert_eq!(decrypted(Mode::CbcPlain, key, 0, short)[32..], *plain);
        let long = "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d\
                    39f23369a9d9bacfa530e26304231461";
        let key = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
        assert_eq!(decrypted(Mode::CbcPlain, key, 0, long)[32..], *plain);
    }

    #[test]
    fn a_sector_alone_is_the_sector_among_others() {
        let modes = [
            (Mode::Xts, 64),
            (Mode::CbcPlain, 32),
            (Mode::CbcEssiv, 16),
            (Mode::CbcBitLocker, 16),
            (Mode::Elephant { long: true }, 64),
        ];
        let sectors: Vec<u8> = (0..4096_u32).map(|n| (n * 7 % 251) as u8).collect();
        for (mode, key) in modes {
            let cipher = Cipher::new(mode, &vec![7; key]).unwrap();
            let mut all = sectors.clone();
            cipher.decrypt(&mut all, 512, 9 * 512, 512);
            let mut alone = sectors[1024..1536].to_vec();
            cipher.decrypt(&mut alone, 512, 11 * 512, 512);
            assert!(all[1024..1536] == alone, "{mode:?}");
            assert!(all[512..1024] != all[1024..1536], "{mode:?}");
        }
    }

    #[test]
    fn a_key_of_another_length_is_refused() {
        for mode in [Mode::Xts, Mode::CbcPlain, Mode::CbcBitLocker, Mode::Elephant { long: true }] {
            for len in [0, 1, 15, 17, 24, 31, 33, 48, 65] {
                let key = vec![1; len];
                assert!(Cipher::new(mode, &key).is_err(), "{mode:?} {len}");
            }
        }
    }
}
