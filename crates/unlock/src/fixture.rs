//! Writes BitLocker volumes around file systems, for tests: nothing else here makes any without
//! Windows.
//!
//! In: the bytes of a file system and what protects them. Out: a volume that is a little longer:
//! behind the file system lie the metadata and the file system's own first bytes. Keys, salts and
//! nonces are fixed. The code shares nothing with what reads such volumes but the block cipher.

use aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes256, Block};
use ccm::Ccm;
use ccm::aead::AeadInOut;
use ccm::consts::{U12, U16};
use sha2::{Digest, Sha256};

const SECTOR: usize = 512;
const COPY: usize = 64 << 10;
const HEAD: usize = 8192;
const MASTER: [u8; 32] = [0x4d; 32];
const SALT: [u8; 16] = [0x5a; 16];

/// How a volume is encrypted, by BitLocker's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant is the method of that name")]
pub enum Method {
    Elephant128 = 0x8000,
    Elephant256 = 0x8001,
    Cbc128 = 0x8002,
    Cbc256 = 0x8003,
    Xts128 = 0x8004,
    Xts256 = 0x8005,
}

/// What opens a volume.
#[derive(Debug, Clone, Copy)]
pub enum Protector<'a> {
    /// Nothing is needed: protection is suspended.
    Clear,
    /// A password.
    Password(&'a str),
    /// The key that a recovery password stands for.
    Recovery([u8; 16]),
    /// The key in a startup key's file.
    Startup([u8; 32]),
    /// A TPM, which a laboratory does not have.
    Tpm,
}

/// A BitLocker volume with this file system in it, which has whole sectors of 512 bytes.
pub fn bitlocker(plain: &[u8], method: Method, protectors: &[Protector<'_>]) -> Vec<u8> {
    let volume_key: Vec<u8> = (0..64_u8).map(|n| n.wrapping_mul(29) ^ 0x33).collect();
    let mut volume = plain.to_vec();
    let copies = [0, 1, 2].map(|n| plain.len() + n * COPY);
    let head = plain.len() + 3 * COPY;
    volume.resize(plain.len() + 4 * COPY, 0);
    let (first, behind) = volume.split_at_mut(HEAD);
    behind[head - HEAD..head].copy_from_slice(first);
    for (place, sector) in (0..).step_by(SECTOR).zip(volume.chunks_mut(SECTOR)) {
        encrypt(method, &volume_key, place, sector);
    }
    let metadata = metadata(method, &volume_key, protectors, copies, head, volume.len());
    for copy in copies {
        volume[copy..copy + COPY].copy_from_slice(&metadata);
    }
    let boot = &mut volume[..SECTOR];
    boot.fill(0);
    boot[..11].copy_from_slice(b"\xeb\x58\x90-FVE-FS-");
    boot[11..13].copy_from_slice(&512_u16.to_le_bytes());
    boot[13] = 8;
    boot[160..176].copy_from_slice(&hex(b"3bd66749292ed84a8399f6a339e3d001"));
    for (at, copy) in (176..).step_by(8).zip(copies) {
        boot[at..at + 8].copy_from_slice(&(copy as u64).to_le_bytes());
    }
    boot[510..].copy_from_slice(&[0x55, 0xaa]);
    volume
}

/// A file with a startup key (.BEK).
pub fn startup_file(key: [u8; 32]) -> Vec<u8> {
    let key = entry(0, 1, &[&[0; 4], &key[..]].concat());
    let external = entry(6, 9, &[&[7; 24], &key[..]].concat());
    let mut file = vec![0; 48];
    let len = u32::try_from(48 + external.len()).unwrap_or(0);
    file[..4].copy_from_slice(&len.to_le_bytes());
    file[4] = 1;
    file[8] = 48;
    [file, external].concat()
}

fn metadata(
    method: Method,
    volume_key: &[u8],
    protectors: &[Protector<'_>],
    copies: [usize; 3],
    head: usize,
    len: usize,
) -> Vec<u8> {
    let key_len = match method {
        Method::Cbc128 => 16,
        Method::Cbc256 | Method::Xts128 => 32,
        _ => 64,
    };
    let mut entries = Vec::new();
    for (number, protector) in (0_u8..).zip(protectors) {
        entries.extend(protected(number, *protector));
    }
    entries.extend(entry(3, 5, &wrapped(&MASTER, 9, method as u32, &volume_key[..key_len])));
    let places = [(head as u64).to_le_bytes(), (HEAD as u64).to_le_bytes()].concat();
    entries.extend(entry(15, 15, &places));
    let mut block = vec![0; COPY];
    block[..8].copy_from_slice(b"-FVE-FS-");
    block[10] = 2;
    block[12] = 4;
    block[14] = 4;
    block[16..24].copy_from_slice(&(len as u64).to_le_bytes());
    block[28] = 16;
    for (at, place) in (32..).step_by(8).zip(copies.into_iter().chain([head])) {
        block[at..at + 8].copy_from_slice(&(place as u64).to_le_bytes());
    }
    let list = u32::try_from(48 + entries.len()).unwrap_or(0);
    block[64..68].copy_from_slice(&list.to_le_bytes());
    block[68] = 1;
    block[72] = 48;
    block[76..80].copy_from_slice(&list.to_le_bytes());
    block[100..104].copy_from_slice(&(method as u32).to_le_bytes());
    block[112..112 + entries.len()].copy_from_slice(&entries);
    block
}

/// The master key as a protector keeps it.
fn protected(number: u8, protector: Protector<'_>) -> Vec<u8> {
    let stretch = entry(0, 3, &[&[0, 0x10, 0, 0], &SALT[..]].concat());
    let (kind, before, with) = match protector {
        Protector::Clear => (0, entry(0, 1, &[&[0; 4], &[0xc1; 32][..]].concat()), [0xc1; 32]),
        Protector::Tpm => (0x0100, entry(0, 6, &[0; 64]), [0x77; 32]),
        Protector::Startup(key) => (0x0200, Vec::new(), key),
        Protector::Recovery(key) => (0x0800, stretch, stretched(Sha256::digest(key).into())),
        Protector::Password(text) => {
            let text: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let twice = Sha256::digest(Sha256::digest(text));
            (0x2000_u16, stretch, stretched(twice.into()))
        }
    };
    let key = entry(0, 5, &wrapped(&with, number, 0x2003, &MASTER));
    let identifier = [&[number; 16][..], &[0; 10], &kind.to_le_bytes()].concat();
    entry(2, 8, &[identifier, before, key].concat())
}

fn stretched(once: [u8; 32]) -> [u8; 32] {
    let mut last = [0; 32];
    for round in 0..1_u64 << 20 {
        let hash = Sha256::new().chain_update(last).chain_update(once).chain_update(SALT);
        last = hash.chain_update(round.to_le_bytes()).finalize().into();
    }
    last
}

fn wrapped(with: &[u8; 32], nonce: u8, method: u32, key: &[u8]) -> Vec<u8> {
    let nonce = [nonce; 12];
    let len = u32::try_from(12 + key.len()).unwrap_or(0);
    let mut data = [&len.to_le_bytes()[..], &[1, 0, 0, 0], &method.to_le_bytes(), key].concat();
    let cipher = Ccm::<Aes256, U16, U12>::new(with.into());
    let code = cipher
        .encrypt_inout_detached(&nonce.into(), &[], data.as_mut_slice().into())
        .unwrap_or_default();
    [&nonce[..], &code, &data].concat()
}

fn entry(kind: u16, value: u16, data: &[u8]) -> Vec<u8> {
    let len = u16::try_from(data.len() + 8).unwrap_or(0);
    [&[len, kind, value, 1].map(u16::to_le_bytes).concat(), data].concat()
}

fn encrypt(method: Method, key: &[u8], place: usize, sector: &mut [u8]) {
    match method {
        Method::Xts128 => xts(&aes128(&key[..16]), &aes128(&key[16..32]), place, sector),
        Method::Xts256 => xts(&aes256(&key[..32]), &aes256(&key[32..64]), place, sector),
        Method::Cbc128 => cbc(&aes128(&key[..16]), place, sector),
        Method::Cbc256 => cbc(&aes256(&key[..32]), place, sector),
        Method::Elephant128 => {
            diffuse(&aes128(&key[32..48]), place, sector);
            cbc(&aes128(&key[..16]), place, sector);
        }
        Method::Elephant256 => {
            diffuse(&aes256(&key[32..64]), place, sector);
            cbc(&aes256(&key[..32]), place, sector);
        }
    }
}

type Encrypt = dyn Fn([u8; 16]) -> [u8; 16];

fn aes128(key: &[u8]) -> Box<Encrypt> {
    let key: [u8; 16] = std::array::from_fn(|n| key[n]);
    let aes = Aes128::new(&key.into());
    Box::new(move |block| {
        let mut block = Block::from(block);
        aes.encrypt_block(&mut block);
        block.into()
    })
}

fn aes256(key: &[u8]) -> Box<Encrypt> {
    let key: [u8; 32] = std::array::from_fn(|n| key[n]);
    let aes = Aes256::new(&key.into());
    Box::new(move |block| {
        let mut block = Block::from(block);
        aes.encrypt_block(&mut block);
        block.into()
    })
}

fn numbered(number: usize) -> [u8; 16] {
    (number as u128).to_le_bytes()
}

fn xor(one: &[u8], two: &[u8]) -> [u8; 16] {
    std::array::from_fn(|n| one[n] ^ two[n])
}

fn xts(data: &Encrypt, tweak: &Encrypt, place: usize, sector: &mut [u8]) {
    let mut tweak = tweak(numbered(place / SECTOR));
    for block in sector.chunks_exact_mut(16) {
        let plain = xor(block, &tweak);
        block.copy_from_slice(&xor(&data(plain), &tweak));
        let mut carry = 0;
        for byte in &mut tweak {
            (*byte, carry) = (*byte << 1 | carry, *byte >> 7);
        }
        tweak[0] ^= carry * 0x87;
    }
}

fn cbc(data: &Encrypt, place: usize, sector: &mut [u8]) {
    let mut before = data(numbered(place));
    for block in sector.chunks_exact_mut(16) {
        before = data(xor(block, &before));
        block.copy_from_slice(&before);
    }
}

/// Elephant's two diffusers as the paper gives them, in the direction of encryption.
fn diffuse(with: &Encrypt, place: usize, sector: &mut [u8]) {
    let mut second = numbered(place);
    second[15] = 0x80;
    let key = [with(numbered(place)), with(second)].concat();
    for (byte, key) in sector.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
    let mut words: Vec<u32> = sector
        .chunks_exact(4)
        .map(|word| word.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
        .collect();
    let n = words.len();
    for _ in 0..5 {
        for i in (0..n).rev() {
            let turned = words[(i + n - 5) % n].rotate_left([9, 0, 13, 0][i % 4]);
            words[i] = words[i].wrapping_sub(words[(i + n - 2) % n] ^ turned);
        }
    }
    for _ in 0..3 {
        for i in (0..n).rev() {
            let turned = words[(i + 5) % n].rotate_left([0, 10, 0, 25][i % 4]);
            words[i] = words[i].wrapping_sub(words[(i + 2) % n] ^ turned);
        }
    }
    for (word, bytes) in words.iter().zip(sector.chunks_exact_mut(4)) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
}

fn hex(digits: &[u8; 32]) -> [u8; 16] {
    let mut bytes = [0; 16];
    // Fails for no constant.
    let _ = hex::decode_to_slice(digits, &mut bytes);
    bytes
}
