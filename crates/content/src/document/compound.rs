//! Microsoft's compound files: pictures of `Thumbs.db`, attachments of a saved Outlook message.
//!
//! In: a compound file. Out: each stream that is a picture, without the header that Windows
//! puts before it in `Thumbs.db`, and each attachment of a message. Chains of sectors end where
//! they leave the file, or are longer than it.
//! Refused: pictures inside the streams of Office documents; documents that Office encrypted.
//!
//! Source: [MS-CFB], sections 2.2 to 2.6; [MS-OXMSG], section 2.2.2.1; for `Thumbs.db`, "Windows
//! Thumbs.db format", as forensic literature describes it.

use super::{Part, Tell, picture};
use crate::container::array;

/// Streams of one file at most.
const STREAMS: usize = 100_000;
/// Bytes of all streams together at most, in lengths of the file: streams may share sectors.
const TIMES: usize = 4;

pub(super) fn parts(bytes: &[u8], tell: &mut Tell<'_>) -> Result<(), String> {
    let file = File::open(bytes)?;
    let streams = file.directory();
    if streams.iter().any(|stream| stream.name == "EncryptedPackage") {
        return Err("it is encrypted".to_owned());
    }
    let mut left = bytes.len().saturating_mul(TIMES);
    for stream in &streams {
        let Some(rest) = left.checked_sub(stream.len) else {
            return Err("its streams are longer than its size can explain".to_owned());
        };
        left = rest;
        let data = file.stream(stream);
        let name = &stream.name;
        // Windows writes a header of 12, 16 or 24 bytes before each picture of Thumbs.db.
        let found = [0, 12, 16, 24].into_iter().find_map(|skip| {
            let data = data.get(skip..)?;
            Some((data, picture(data)?))
        });
        let told = if let Some((data, extension)) = found {
            tell(Part { name: format!("{name}.{extension}"), bytes: data.into() })
        } else if name == "__substg1.0_37010102" {
            tell(Part { name: format!("attachment-{}", stream.number), bytes: data.into() })
        } else {
            true
        };
        if !told {
            return Ok(());
        }
    }
    Ok(())
}

/// The bytes of the first stream of this name; none where there is no such stream.
pub(crate) fn stream_of(bytes: &[u8], name: &str) -> Result<Option<Vec<u8>>, String> {
    let file = File::open(bytes)?;
    Ok(file.directory().iter().find(|stream| stream.name == name).map(|stream| file.stream(stream)))
}

/// A stream of the directory.
struct Stream {
    number: usize,
    name: String,
    first: u32,
    len: usize,
}

struct File<'a> {
    bytes: &'a [u8],
    sector: usize,
    mini_sector: usize,
    /// Streams shorter than this lie in the stream of small ones.
    small: usize,
    next: Vec<u32>,
    mini_next: Vec<u32>,
    mini: Vec<u8>,
    directory_start: u32,
}

impl<'a> File<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let cut = || "its header is cut off".to_owned();
        let word = |at| array(bytes, at).map(u32::from_le_bytes).ok_or_else(cut);
        let shift = |at| array(bytes, at).map(u16::from_le_bytes).ok_or_else(cut);
        let (sector, mini) = (shift(30)?, shift(32)?);
        if !bytes.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") || !matches!(sector, 9 | 12) {
            return Err("its header is not a compound file's".to_owned());
        }
        if !(4..sector).contains(&mini) {
            return Err("its small sectors have an impossible size".to_owned());
        }
        let mut file = Self {
            bytes,
            sector: 1 << sector,
            mini_sector: 1 << mini,
            small: usize::try_from(word(56)?).unwrap_or(usize::MAX),
            next: Vec::new(),
            mini_next: Vec::new(),
            mini: Vec::new(),
            directory_start: word(48)?,
        };
        file.next = file.allocation(word(68)?)?;
        file.mini_next = words(&file.chain(word(60)?, usize::MAX));
        let root = file.chain(file.directory_start, 128);
        if let (Some(first), Some(len)) = (array(&root, 116), array(&root, 120)) {
            let len = usize::try_from(u64::from_le_bytes(len)).unwrap_or(usize::MAX);
            file.mini = file.chain(u32::from_le_bytes(first), len);
        }
        Ok(file)
    }

    /// The table of which sector follows which.
    fn allocation(&self, mut more: u32) -> Result<Vec<u32>, String> {
        let mut sectors = words(self.bytes.get(76..512).ok_or("its header is cut off")?);
        for _ in 0..self.bytes.len() / self.sector {
            let Some(list) = self.sector(more) else { break };
            let mut list = words(list);
            more = list.pop().unwrap_or(u32::MAX);
            sectors.append(&mut list);
        }
        let mut next = Vec::new();
        for sector in sectors {
            if next.len() >= self.bytes.len() / self.sector {
                break;
            }
            next.extend(self.sector(sector).map(words).unwrap_or_default());
        }
        Ok(next)
    }

    fn sector(&self, number: u32) -> Option<&'a [u8]> {
        let at = usize::try_from(number).ok()?.checked_add(1)?.checked_mul(self.sector)?;
        let rest = self.bytes.get(at..)?;
        // The last sector may be cut off.
        (!rest.is_empty()).then(|| rest.get(..self.sector).unwrap_or(rest))
    }

    /// The bytes of a chain of sectors, up to `len` of them.
    fn chain(&self, mut at: u32, len: usize) -> Vec<u8> {
        let mut data = Vec::new();
        for _ in 0..self.next.len() {
            let Some(sector) = self.sector(at) else { break };
            data.extend_from_slice(sector);
            if data.len() >= len {
                break;
            }
            let next = usize::try_from(at).ok().and_then(|at| self.next.get(at));
            at = next.copied().unwrap_or(u32::MAX);
        }
        data.truncate(len);
        data
    }

    fn directory(&self) -> Vec<Stream> {
        let entries = self.chain(self.directory_start, usize::MAX);
        let mut streams = Vec::new();
        for (number, entry) in entries.chunks_exact(128).enumerate().take(STREAMS) {
            let name_len = usize::from(array(entry, 64).map_or(0, u16::from_le_bytes));
            let units = entry.get(..name_len.saturating_sub(2).min(64)).unwrap_or_default();
            let units = units.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            let units: Vec<u16> = units.collect();
            let len = array(entry, 120).map_or(0, u32::from_le_bytes);
            if entry[66] == 2 {
                streams.push(Stream {
                    number,
                    name: String::from_utf16_lossy(&units),
                    first: array(entry, 116).map_or(u32::MAX, u32::from_le_bytes),
                    len: usize::try_from(len).unwrap_or(usize::MAX),
                });
            }
        }
        streams
    }

    fn stream(&self, stream: &Stream) -> Vec<u8> {
        if stream.len >= self.small {
            return self.chain(stream.first, stream.len);
        }
        let (mut data, mut at) = (Vec::new(), stream.first);
        for _ in 0..self.mini_next.len() {
            let place = usize::try_from(at).ok().and_then(|n| n.checked_mul(self.mini_sector));
            let Some(rest) = place.and_then(|place| self.mini.get(place..)) else { break };
            data.extend_from_slice(rest.get(..self.mini_sector).unwrap_or(rest));
            if data.len() >= stream.len {
                break;
            }
            let next = usize::try_from(at).ok().and_then(|at| self.mini_next.get(at));
            at = next.copied().unwrap_or(u32::MAX);
        }
        data.truncate(stream.len);
        data
    }
}

fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}
