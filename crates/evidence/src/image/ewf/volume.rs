//! The geometry of an EWF image, and its digests and acquisition errors: the small sections
//! with fixed fields, each guarded by an Adler-32.
//!
//! Source: J. Metz, "Expert Witness Compression Format specification", sections 3.4 to 3.6,
//! 3.12, 3.13 and 3.16.

use crate::bytes::{array, u32_le, u64_le};

/// Largest chunk accepted, in bytes: EnCase and libewf write 16 MiB at most.
pub(super) const MAX_CHUNK_LEN: u64 = 64 << 20;

/// How the device is cut into chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Geometry {
    pub bytes_per_sector: u32,
    /// In bytes, 1 to [`MAX_CHUNK_LEN`].
    pub chunk_len: u64,
    /// Length of the device in bytes.
    pub media_len: u64,
    /// Identifies the acquisition; zeros where the writer has none.
    pub set: [u8; 16],
}

impl Geometry {
    /// How many chunks the device has.
    pub fn chunks(&self) -> u64 {
        self.media_len.div_ceil(self.chunk_len)
    }

    /// Where a chunk begins in the device, and how many bytes it holds.
    pub fn extent(&self, chunk: u64) -> (u64, u64) {
        let start = chunk.saturating_mul(self.chunk_len).min(self.media_len);
        (start, self.chunk_len.min(self.media_len - start))
    }
}

/// Whether the last four bytes are the Adler-32 of those before.
fn guarded(data: &[u8]) -> Result<(), String> {
    let body = data.len().checked_sub(4).ok_or("the section is too short")?;
    let stored = u32_le(data, body).ok_or("the section is too short")?;
    let computed = libdeflater::adler32(&data[..body]);
    if stored == computed {
        return Ok(());
    }
    Err(format!("the checksum should be {stored:08x}, got {computed:08x}"))
}

/// Reads a `volume`, `disk` or `data` section: 1,052 bytes, or 94 as SMART and the first
/// EnCase wrote it.
pub(super) fn geometry(data: &[u8]) -> Result<Geometry, String> {
    let (body, short) = match data.len() {
        1052.. => (&data[..1052], false),
        94.. => (&data[..94], true),
        len => return Err(format!("1052 or 94 bytes were wanted, got {len}")),
    };
    guarded(body)?;
    let fields = (|| {
        let sectors = if short { u64::from(u32_le(body, 16)?) } else { u64_le(body, 16)? };
        let set = if short { [0; 16] } else { array(body, 64)? };
        Some((u32_le(body, 8)?, u32_le(body, 12)?, sectors, set))
    })();
    let (per_chunk, bytes_per_sector, sectors, set) = fields.ok_or("the section is too short")?;
    let chunk_len = u64::from(per_chunk) * u64::from(bytes_per_sector);
    if chunk_len == 0 || chunk_len > MAX_CHUNK_LEN {
        return Err(format!(
            "{per_chunk} sectors of {bytes_per_sector} bytes make no chunk of 1 to {MAX_CHUNK_LEN} bytes"
        ));
    }
    let media_len = sectors
        .checked_mul(u64::from(bytes_per_sector))
        .filter(|len| (1..=i64::MAX as u64).contains(len))
        .ok_or_else(|| format!("{sectors} sectors of {bytes_per_sector} bytes make no device"))?;
    Ok(Geometry { bytes_per_sector, chunk_len, media_len, set })
}

/// The MD5 of a `hash` section: 36 bytes.
pub(super) fn hash(data: &[u8]) -> Result<[u8; 16], String> {
    let body = data.get(..36).ok_or_else(|| format!("36 bytes were wanted, got {}", data.len()))?;
    guarded(body)?;
    array(body, 0).ok_or_else(|| "the section is too short".to_owned())
}

/// MD5 and SHA-1 of a `digest` section: 80 bytes.
pub(super) fn digest(data: &[u8]) -> Result<([u8; 16], [u8; 20]), String> {
    let body = data.get(..80).ok_or_else(|| format!("80 bytes were wanted, got {}", data.len()))?;
    guarded(body)?;
    array(body, 0).zip(array(body, 16)).ok_or_else(|| "the section is too short".to_owned())
}

/// The ranges of sectors that the acquisition could not read: (first sector, how many).
pub(super) fn acquisition_errors(data: &[u8]) -> Result<Vec<(u32, u32)>, String> {
    let head =
        data.get(..520).ok_or_else(|| format!("520 bytes were wanted, got {}", data.len()))?;
    // Not every writer guards the head in the same way; the entries' own checksum decides.
    let count = u32_le(head, 0).ok_or("the section is too short")? as usize;
    let entries = data
        .get(520..)
        .and_then(|rest| rest.get(..count.checked_mul(8)?.checked_add(4)?))
        .ok_or_else(|| {
            format!("{count} ranges were promised, the section has {} bytes", data.len())
        })?;
    guarded(entries)?;
    Ok((0..count).filter_map(|i| u32_le(entries, i * 8).zip(u32_le(entries, i * 8 + 4))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(mut body: Vec<u8>) -> Vec<u8> {
        let sum = libdeflater::adler32(&body);
        body.extend(sum.to_le_bytes());
        body
    }

    #[test]
    fn a_geometry_that_would_exhaust_memory_is_refused() {
        let mut body = vec![0; 1048];
        body[8..12].copy_from_slice(&u32::MAX.to_le_bytes());
        body[12..16].copy_from_slice(&512_u32.to_le_bytes());
        body[16..24].copy_from_slice(&9_u64.to_le_bytes());
        assert!(geometry(&guard(body)).unwrap_err().contains("make no chunk"));
    }

    #[test]
    fn the_short_volume_of_early_writers_is_read() {
        let mut body = vec![0; 90];
        body[8..12].copy_from_slice(&64_u32.to_le_bytes());
        body[12..16].copy_from_slice(&512_u32.to_le_bytes());
        body[16..20].copy_from_slice(&100_u32.to_le_bytes());
        let geometry = geometry(&guard(body)).unwrap();
        assert_eq!((geometry.chunk_len, geometry.media_len, geometry.chunks()), (32768, 51200, 2));
        assert_eq!(geometry.extent(1), (32768, 18432));
    }

    #[test]
    fn more_error_ranges_than_the_section_holds_are_refused() {
        let mut head = vec![0; 520];
        head[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(acquisition_errors(&head).unwrap_err().contains("4294967295 ranges"));
    }
}
