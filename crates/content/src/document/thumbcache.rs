//! Windows' thumbnail caches since Vista: `thumbcache_96.db` and its like.
//!
//! In: a cache file. Out: each picture in it, named by the hash under which Windows keeps it,
//! which `Windows.edb` ties to a file. An entry that is damaged is passed over by looking for the
//! next one's signature. Refused: index files, which have no pictures.
//!
//! Source: "Windows Explorer Thumbnail Cache database format", libyal documentation.

use super::{Part, Tell, find, picture};
use crate::container::array;

const SIGNATURE: &[u8] = b"CMMM";

pub(super) fn parts(bytes: &[u8], tell: &mut Tell<'_>) -> Result<(), String> {
    let version = array(bytes, 4).map(u32::from_le_bytes).ok_or("its header is cut off")?;
    // Bytes of an entry before its identifier, and where the three lengths stand in it.
    let (header, lengths) = match version {
        0x14 => (56, 24),
        0x15 => (48, 16),
        0x1a..=0x3f => (56, 16),
        _ => return Err(format!("its version, {version}, is not known")),
    };
    let mut from = 24;
    while let Some(at) = find(bytes, SIGNATURE, from) {
        from = at + 4;
        let Some(entry) = bytes.get(at..) else { break };
        let word = |at| array(entry, at).map(u32::from_le_bytes);
        let len = word(4).and_then(|len| usize::try_from(len).ok()).unwrap_or(0);
        let place = word(lengths).zip(word(lengths + 4)).zip(word(lengths + 8)).and_then(
            |((name, padding), data)| {
                let start = usize::try_from(u64::from(name) + u64::from(padding)).ok()?;
                let start = start.checked_add(header)?;
                Some(start..start.checked_add(usize::try_from(data).ok()?)?)
            },
        );
        if let Some(data) = place.and_then(|place| entry.get(place))
            && let Some(extension) = picture(data)
        {
            let hash = array(entry, 8).map_or(0, u64::from_le_bytes);
            if !tell(Part { name: format!("{hash:016x}.{extension}"), bytes: data.into() }) {
                return Ok(());
            }
            from = at.saturating_add(len.max(4));
        }
    }
    Ok(())
}
