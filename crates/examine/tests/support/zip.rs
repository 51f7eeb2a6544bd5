//! Writes small ZIP and tape archives by recipe.

use std::io::Write;

/// A member: its name, its bytes, and whether they are deflated.
pub struct Member<'a> {
    pub name: &'a [u8],
    pub bytes: &'a [u8],
    pub deflated: bool,
    pub flags: u16,
    pub extra: Vec<u8>,
}

/// A deflated member.
pub fn member<'a>(name: &'a str, bytes: &'a [u8]) -> Member<'a> {
    Member { name: name.as_bytes(), bytes, deflated: true, flags: 0, extra: Vec::new() }
}

/// The archive of these members, all of 2026-11-25 08:40:12.
pub fn zip(members: &[Member<'_>]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for member in members {
        let packed = if member.deflated { deflate(member.bytes) } else { member.bytes.to_vec() };
        let mut common = vec![20, 0];
        let method: u16 = if member.deflated { 8 } else { 0 };
        for number in [member.flags, method, 0x4506, 0x5d79] {
            common.extend_from_slice(&number.to_le_bytes());
        }
        for number in [crc32fast::hash(member.bytes), len(&packed), len(member.bytes)] {
            common.extend_from_slice(&number.to_le_bytes());
        }
        for part in [member.name.len(), member.extra.len()] {
            common.extend_from_slice(&u16::try_from(part).unwrap().to_le_bytes());
        }
        directory.extend_from_slice(b"PK\x01\x02\x14\x03");
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&len(&out).to_le_bytes());
        directory.extend_from_slice(member.name);
        directory.extend_from_slice(&member.extra);
        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&common);
        out.extend_from_slice(member.name);
        out.extend_from_slice(&member.extra);
        out.extend_from_slice(&packed);
    }
    let at = len(&out);
    out.extend_from_slice(&directory);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    let count = u16::try_from(members.len()).unwrap().to_le_bytes();
    out.extend_from_slice(&[count, count].concat());
    out.extend_from_slice(&len(&directory).to_le_bytes());
    out.extend_from_slice(&at.to_le_bytes());
    out.extend_from_slice(&[0, 0]);
    out
}

fn len(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap()
}

pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder =
        flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 3).unwrap()
}

/// A block of a tape archive's header.
pub fn tar_header(name: &[u8], size: u64, kind: u8, link: &[u8]) -> [u8; 512] {
    let mut block = [0; 512];
    block[..name.len()].copy_from_slice(name);
    block[100..108].copy_from_slice(b"0000644\0");
    block[108..116].copy_from_slice(b"0001750\0");
    block[116..124].copy_from_slice(b"0000144\0");
    block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    block[136..148].copy_from_slice(format!("{:011o}\0", 1_795_596_012).as_bytes());
    block[156] = kind;
    block[157..157 + link.len()].copy_from_slice(link);
    block[257..265].copy_from_slice(b"ustar\x0000");
    seal(&mut block);
    block
}

/// Puts the checksum into a header.
pub fn seal(block: &mut [u8; 512]) {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

/// A header with its bytes and their padding.
pub fn tar_member(name: &str, bytes: &[u8], kind: u8, link: &str) -> Vec<u8> {
    let header = tar_header(name.as_bytes(), bytes.len() as u64, kind, link.as_bytes());
    let mut out = [&header[..], bytes].concat();
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

/// A tape archive of plain files.
pub fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out: Vec<u8> =
        members.iter().flat_map(|(name, bytes)| tar_member(name, bytes, b'0', "")).collect();
    out.extend_from_slice(&[0; 1024]);
    out
}
