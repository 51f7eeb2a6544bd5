//! BitLocker's metadata: what a volume says of its encryption.
//!
//! In: a volume. Out: [`Metadata`], from the first of its three copies that can be read. Refused,
//! each by its name: volumes of Windows Vista, and those that are encrypted as they are written to
//! (EOW), whose metadata are laid out otherwise. Entries are followed within the 64 KiB of a copy
//! and no further. Source: Metz, "BitLocker Drive Encryption (BDE) format specification".

use std::fmt;

use crate::bytes::{Bytes, array, u16_le, u32_le, u64_le, up_to};
use crate::outcome::Problem;

/// Bytes that each copy of the metadata takes of the volume.
pub(super) const COPY: usize = 64 << 10;
/// Bytes of the original volume's head that lie elsewhere, where nothing says how many.
const HEAD: u64 = 8192;
const SIGNATURE: &[u8] = b"-FVE-FS-";

/// An identifier as it lies on disk: the first three groups little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Guid(pub [u8; 16]);

/// Volumes whose metadata these are.
const NORMAL: Guid = Guid(*b"\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01");
/// Encrypted as they are written to.
const EOW: Guid = Guid(*b"\x3b\x4d\xa8\x92\x80\xdd\x0e\x4d\x9e\x4e\xb1\xe3\x28\x4e\xae\xd8");

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, index) in
            [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].into_iter().enumerate()
        {
            let dash = if matches!(place, 4 | 6 | 8 | 10) { "-" } else { "" };
            write!(f, "{dash}{:02X}", self.0[index])?;
        }
        Ok(())
    }
}

/// What a volume says of its encryption.
pub(super) struct Metadata {
    /// Bytes of a sector.
    pub(super) sector: u32,
    /// How sectors are encrypted: a number of the format.
    pub(super) method: u16,
    /// Bytes from the start of the volume that are encrypted.
    pub(super) encrypted: u64,
    /// Where the first bytes of the original volume lie, and how many.
    pub(super) head: (u64, u64),
    /// Where the three copies begin.
    pub(super) copies: [u64; 3],
    /// The entries, unread.
    entries: Vec<u8>,
}

/// One entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) kind: u16,
    pub(super) value: u16,
    pub(super) data: &'a [u8],
}

/// Kinds of entries and values.
pub(super) mod kind {
    pub(in super::super) const MASTER_KEY: u16 = 2;
    pub(in super::super) const VOLUME_KEY: u16 = 3;
    pub(in super::super) const STARTUP_KEY: u16 = 6;
    pub(in super::super) const HEAD: u16 = 15;
}
pub(super) mod value {
    pub(in super::super) const KEY: u16 = 1;
    pub(in super::super) const STRETCHED: u16 = 3;
    pub(in super::super) const ENCRYPTED: u16 = 5;
    pub(in super::super) const MASTER_KEY: u16 = 8;
    pub(in super::super) const EXTERNAL_KEY: u16 = 9;
}

/// The entries of a list, up to the first that cannot be.
pub(super) fn entries(mut bytes: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    std::iter::from_fn(move || {
        let len = usize::from(u16_le(bytes, 0)?);
        let entry = bytes.get(..len).filter(|entry| entry.len() >= 8)?;
        bytes = &bytes[len..];
        Some(Entry { kind: u16_le(entry, 2)?, value: u16_le(entry, 4)?, data: &entry[8..] })
    })
}

/// Where a boot sector's list of metadata lies.
enum Boot {
    Vista,
    /// From this byte on: the identifier and three places.
    Listed(usize),
}

fn boot(sector: &[u8]) -> Option<Boot> {
    match (sector.get(..3)?, sector.get(3..11)?) {
        ([0xeb, 0x52, 0x90], SIGNATURE) => Some(Boot::Vista),
        (_, SIGNATURE) => Some(Boot::Listed(160)),
        // BitLocker To Go looks like FAT to systems that do not know it.
        (_, b"MSWIN4.1") => {
            let id = Guid(array(sector, 424)?);
            [NORMAL, EOW].contains(&id).then_some(Boot::Listed(424))
        }
        _ => None,
    }
}

/// Whether this is the first sector of a BitLocker volume.
pub(super) fn recognised(sector: &[u8]) -> bool {
    boot(sector).is_some()
}

impl Metadata {
    /// Reads the metadata of a volume that [`recognised`] recognises.
    pub(super) fn read(volume: &dyn Bytes) -> Result<Self, Problem> {
        let sector = up_to(volume, 0, 512).map_err(Problem::Damaged)?;
        let cut = || Problem::Damaged("its first sector is cut short".to_owned());
        let list = match boot(&sector).ok_or_else(cut)? {
            Boot::Vista => return Err(Problem::Unsupported("BitLocker of Windows Vista".into())),
            Boot::Listed(list) => list,
        };
        let id = Guid(array(&sector, list).ok_or_else(cut)?);
        if id == EOW {
            let what = "a volume that is encrypted as it is written to (EOW)";
            return Err(Problem::Unsupported(what.to_owned()));
        }
        let bytes_of_sector = match u16_le(&sector, 11).ok_or_else(cut)? {
            0 => 512,
            len => u32::from(len),
        };
        let mut why = Vec::new();
        for copy in 0..3 {
            let at = u64_le(&sector, list + 16 + copy * 8).ok_or_else(cut)?;
            match Self::of_copy(volume, at, bytes_of_sector) {
                Ok(metadata) => return Ok(metadata),
                Err(problem) => why.push(format!("at byte {at}: {problem}")),
            }
        }
        Err(Problem::Damaged(format!("no copy of its metadata can be read: {}", why.join("; "))))
    }

    fn of_copy(volume: &dyn Bytes, at: u64, sector: u32) -> Result<Self, String> {
        let block = up_to(volume, at, COPY)?;
        if block.get(..8) != Some(SIGNATURE) {
            return Err("there is no signature".to_owned());
        }
        let read = || {
            let version = u16_le(&block, 10)?;
            let list = block.get(64..)?;
            let len = usize::try_from(u32_le(list, 0)?).ok()?;
            let from = usize::try_from(u32_le(list, 8)?).ok()?;
            let entries = list.get(from..len.min(list.len()))?.to_vec();
            let head = entries_head(&entries).unwrap_or((u64_le(&block, 56)?, 0));
            let by_sectors = u64::from(u32_le(&block, 28)?) * u64::from(sector);
            let len = [head.1, by_sectors, HEAD].into_iter().find(|len| *len > 0)?;
            let encrypted = match u64_le(&block, 16)? {
                0 => volume.len(),
                some => some.min(volume.len()),
            };
            let copies = [u64_le(&block, 32)?, u64_le(&block, 40)?, u64_le(&block, 48)?];
            // The upper half of the method has no known meaning.
            let method = u16_le(list, 36)?;
            let head = (head.0, len);
            Some((version, Self { sector, method, encrypted, head, copies, entries }))
        };
        match read() {
            Some((2, metadata)) => Ok(metadata),
            Some((version, _)) => Err(format!("version {version} is not known")),
            None => Err("it is cut short".to_owned()),
        }
    }

    /// The entries.
    pub(super) fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        entries(&self.entries)
    }

    /// What the method is called.
    pub(super) fn method_name(&self) -> Option<&'static str> {
        Some(match self.method {
            0x8000 => "AES-CBC-128 with Elephant diffuser",
            0x8001 => "AES-CBC-256 with Elephant diffuser",
            0x8002 => "AES-CBC-128",
            0x8003 => "AES-CBC-256",
            0x8004 => "AES-XTS-128",
            0x8005 => "AES-XTS-256",
            _ => return None,
        })
    }
}

/// Where the list says that the original head lies, and its length, 0 where that is not said.
fn entries_head(list: &[u8]) -> Option<(u64, u64)> {
    let head = entries(list).find(|entry| entry.kind == kind::HEAD)?;
    Some((u64_le(head.data, 0)?, u64_le(head.data, 8).unwrap_or(0)))
}
