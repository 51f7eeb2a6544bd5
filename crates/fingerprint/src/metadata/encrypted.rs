//! Whether a content is encrypted: because its format says so, or because it looks like noise.
//!
//! In: a content and its media type. Out: [`Encrypted`]. Containers made to look like noise
//! (VeraCrypt) and databases encrypted page by page (SQLCipher) have no signature, a length of
//! whole sectors, and bytes that no test tells from random ones: just that is tested.
//! Refused: calling a file encrypted that compresses well, has a signature, or is short. Random
//! data passes for a container; nothing can tell them apart.
//!
//! Source: Pearson's chi-squared test with 255 degrees of freedom; APPNOTE.TXT 6.3.10, section
//! 4.4.4 (ZIP flags).

use serde::{Deserialize, Serialize};

use super::Bytes;
use super::bytes::View;

/// Why a content counts as encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encrypted {
    /// Its format says so.
    Container,
    /// It looks like noise.
    Entropy,
}

impl Encrypted {
    /// The stable key.
    pub fn key(self) -> &'static str {
        match self {
            Self::Container => "container",
            Self::Entropy => "entropy",
        }
    }
}

/// Contents of fewer bytes are not tested for noise.
const SHORTEST: u64 = 256 * 1024;
/// A container's length is a multiple of this.
const SECTOR: u64 = 512;
/// How many pieces are looked at, evenly spread, and how long each is in bytes.
const SAMPLES: u64 = 16;
const SAMPLE: u64 = 4096;
/// Random bytes are within these bounds but once in ten thousand times; compressed data of
/// other formats lies far above.
const NOISE: std::ops::Range<u64> = 175..350;

/// Whether a content is encrypted; none where nothing speaks for it.
pub fn encrypted(content: &dyn Bytes, media_type: Option<&str>) -> Option<Encrypted> {
    let view = View::whole(content);
    match media_type {
        Some("application/x-luks" | "application/x-bitlocker") => Some(Encrypted::Container),
        Some("application/zip") => (view.le16(6)? & 1 == 1).then_some(Encrypted::Container),
        None if view.len() >= SHORTEST && view.len().is_multiple_of(SECTOR) => {
            chi_squared(view).filter(|chi| NOISE.contains(chi)).map(|_| Encrypted::Entropy)
        }
        _ => None,
    }
}

/// Pearson's statistic of the samples' bytes against evenly distributed ones.
fn chi_squared(view: View<'_>) -> Option<u64> {
    let mut counts = [0_u64; 256];
    let step = view.len().checked_sub(SAMPLE)? / (SAMPLES - 1);
    for n in 0..SAMPLES {
        for byte in view.vec(n * step, SAMPLE, SAMPLE)? {
            counts[usize::from(byte)] += 1;
        }
    }
    let total = SAMPLES * SAMPLE;
    let squares: u64 = counts.iter().map(|count| count * count).sum();
    (squares * 256 / total).checked_sub(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Noise from a fixed seed (xorshift).
    fn noise(len: usize) -> Vec<u8> {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        (0..len)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_be_bytes()[0]
            })
            .collect()
    }

    fn tested(bytes: &[u8], media_type: Option<&str>) -> Option<Encrypted> {
        encrypted(&bytes, media_type)
    }

    #[test]
    fn noise_in_whole_sectors_without_a_signature_is_likely_a_container() {
        let bytes = noise(300 * 1024);
        assert_eq!(tested(&bytes, None), Some(Encrypted::Entropy));
        assert_eq!(tested(&bytes[1..], None), None);
        assert_eq!(tested(&bytes, Some("image/jpeg")), None);
        assert_eq!(tested(&bytes[..64 * 1024], None), None);
    }

    #[test]
    fn what_is_not_even_is_no_container() {
        assert_eq!(tested(&vec![0; 300 * 1024], None), None);
        // As even as can be, which random bytes never are.
        let ramp: Vec<u8> = (0..300 * 1024).map(|n: usize| n.to_le_bytes()[0]).collect();
        assert_eq!(tested(&ramp, None), None);
        let skewed: Vec<u8> = noise(300 * 1024).into_iter().map(|b| b.max(4)).collect();
        assert_eq!(tested(&skewed, None), None);
    }

    #[test]
    fn a_format_that_says_so_is_believed() {
        assert_eq!(tested(b"LUKS", Some("application/x-luks")), Some(Encrypted::Container));
        let zip = b"PK\x03\x04\x14\0\x01\0";
        assert_eq!(tested(zip, Some("application/zip")), Some(Encrypted::Container));
        assert_eq!(tested(b"PK\x03\x04\x14\0\0\0", Some("application/zip")), None);
    }
}
