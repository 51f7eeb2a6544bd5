//! What is needed to read an opened volume: the key, and where the plain bytes lie.
//!
//! In: an [`Unlocked`], in memory or over a private socket. Out: a [`Decryptor`], which reads the
//! plain bytes of a volume by position. A plain byte has the place of the encrypted byte that it
//! comes from, but for a head that lies elsewhere: nothing else moves by being opened.
//! Refused: a description that cannot be: a key of another length, sectors of an odd size.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::cipher::{Cipher, Mode};

/// An opened volume, with its key. It is never written to disk; the key is wiped when it is
/// dropped, and `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlocked {
    pub(crate) mode: Mode,
    pub(crate) key: Zeroizing<Vec<u8>>,
    /// Where the plain volume begins in the encrypted one, in bytes.
    pub(crate) at: u64,
    /// How long the plain volume is, in bytes.
    pub(crate) len: u64,
    /// Bytes that are encrypted as one.
    pub(crate) sector: u32,
    /// Bytes by which the cipher numbers sectors.
    pub(crate) unit: u32,
    /// What the cipher counts for the first byte of the plain volume.
    pub(crate) counted_from: u64,
    /// Where encryption ends: behind it bytes are plain already. From the beginning of the
    /// plain volume.
    pub(crate) encrypted: u64,
    /// The first bytes lie elsewhere: from where, and how many.
    pub(crate) head: Option<(u64, u64)>,
    /// Stretches that are not the volume's own, and read as zeros: from where, and how many.
    pub(crate) zeros: Vec<(u64, u64)>,
}

impl Unlocked {
    /// Where the plain volume begins in the encrypted one, in bytes.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// How long the plain volume is, in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl fmt::Debug for Unlocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unlocked")
            .field("mode", &self.mode)
            .field("at", &self.at)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

/// Reads the plain bytes of an opened volume.
pub struct Decryptor {
    cipher: Cipher,
    volume: Unlocked,
}

/// Fills a buffer with bytes as they lie on the disk, from a place in the plain volume.
pub type ReadAt<'a, E> = dyn Fn(u64, &mut [u8]) -> Result<(), E> + 'a;

/// Where a stretch of plain bytes comes from.
enum From {
    Zeros,
    /// From this place, as it is.
    Plain(u64),
    /// From this place, encrypted.
    Encrypted(u64),
}

impl Decryptor {
    /// A reader for this volume; none where the description cannot be.
    pub fn new(volume: Unlocked) -> Option<Self> {
        let units = [volume.sector, volume.unit];
        if !units.iter().all(|n| n.is_power_of_two() && (512..=4096).contains(n)) {
            return None;
        }
        let head_fits = volume.head.is_none_or(|(from, len)| {
            from % u64::from(volume.sector) == 0
                && from.checked_add(len).is_some_and(|end| end <= volume.len)
        });
        if !head_fits {
            return None;
        }
        let cipher = Cipher::new(volume.mode, &volume.key).ok()?;
        Some(Self { cipher, volume })
    }

    /// What it was made from.
    pub fn unlocked(&self) -> &Unlocked {
        &self.volume
    }

    /// Fills `buf` with the plain bytes that lie `at` bytes from the beginning of the plain
    /// volume. `read` gives bytes as they lie on the disk, counted likewise. The caller keeps
    /// within the volume.
    pub fn read<E>(&self, read: &ReadAt<'_, E>, at: u64, buf: &mut [u8]) -> Result<(), E> {
        let (mut at, mut rest) = (at, buf);
        while !rest.is_empty() {
            let (from, until) = self.from(at);
            let left = until.saturating_sub(at).max(1);
            let here = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
            let (now, later) = rest.split_at_mut(here);
            match from {
                From::Zeros => now.fill(0),
                From::Plain(place) => read(place, now)?,
                From::Encrypted(place) => self.decrypted(read, place, now)?,
            }
            at = at.saturating_add(here as u64);
            rest = later;
        }
        Ok(())
    }

    /// Where the byte at `at` comes from, and the end of the stretch for which that holds.
    fn from(&self, at: u64) -> (From, u64) {
        let Unlocked { head, zeros, encrypted, .. } = &self.volume;
        if let Some((from, len)) = head
            && at < *len
        {
            let place = from.saturating_add(at);
            // Encryption that is being taken off may have left it already.
            return match encrypted.checked_sub(place) {
                None | Some(0) => (From::Plain(place), *len),
                Some(left) => (From::Encrypted(place), (*len).min(at.saturating_add(left))),
            };
        }
        let mut until = u64::MAX;
        for (from, len) in zeros {
            let end = from.saturating_add(*len);
            if (*from..end).contains(&at) {
                return (From::Zeros, end);
            }
            until = if *from > at { until.min(*from) } else { until };
        }
        if at >= *encrypted {
            return (From::Plain(at), until);
        }
        (From::Encrypted(at), until.min(*encrypted))
    }

    /// Reads the sectors that hold these bytes and decrypts them.
    fn decrypted<E>(&self, read: &ReadAt<'_, E>, place: u64, buf: &mut [u8]) -> Result<(), E> {
        let sector = u64::from(self.volume.sector);
        let (mut place, mut rest) = (place, buf);
        // The sector that the stretch begins in, whole sectors, the sector that it ends in.
        while !rest.is_empty() {
            let skipped = place % sector;
            let whole = rest.len() as u64 / sector * sector;
            let here = if skipped == 0 && whole > 0 {
                usize::try_from(whole).unwrap_or(rest.len())
            } else {
                usize::try_from(sector - skipped).unwrap_or(rest.len()).min(rest.len())
            };
            let (now, later) = rest.split_at_mut(here);
            if skipped == 0 && whole > 0 {
                read(place, now)?;
                self.decrypt(now, place);
            } else {
                let start = place - skipped;
                // The last sector of a volume may be cut short.
                let len = self.volume.len.saturating_sub(start).min(sector);
                let mut bytes = [0; 4096];
                let bytes = &mut bytes[..usize::try_from(len).unwrap_or(0)];
                read(start, bytes)?;
                self.decrypt(bytes, start);
                let from = usize::try_from(skipped).unwrap_or(0);
                if let Some(wanted) = bytes.get(from..from + now.len()) {
                    now.copy_from_slice(wanted);
                }
            }
            place = place.saturating_add(here as u64);
            rest = later;
        }
        Ok(())
    }

    fn decrypt(&self, sectors: &mut [u8], place: u64) {
        let counted = self.volume.counted_from.saturating_add(place);
        let sector = self.volume.sector as usize;
        self.cipher.decrypt(sectors, sector, counted, u64::from(self.volume.unit));
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    fn volume() -> Unlocked {
        Unlocked {
            mode: Mode::Xts,
            key: vec![5; 32].into(),
            at: 0,
            len: 64 * 512,
            sector: 512,
            unit: 512,
            counted_from: 0,
            encrypted: 60 * 512,
            head: Some((40 * 512, 4 * 512)),
            zeros: vec![(20 * 512, 3 * 512), (40 * 512, 4 * 512)],
        }
    }

    /// Bytes of a volume as they lie on the disk.
    fn on_disk(at: u64, buf: &mut [u8]) -> Result<(), Infallible> {
        for (n, byte) in (at..).zip(buf) {
            *byte = (n * 31 % 253) as u8;
        }
        Ok(())
    }

    fn whole() -> Vec<u8> {
        let mut all = vec![0; 64 * 512];
        Decryptor::new(volume()).unwrap().read(&on_disk, 0, &mut all).unwrap();
        all
    }

    #[test]
    fn the_head_comes_from_elsewhere_metadata_are_zeros_and_the_rest_stays_in_place() {
        let (all, cipher) = (whole(), Cipher::new(Mode::Xts, &[5; 32]).unwrap());
        let expected = |from: u64, len: usize| {
            let mut bytes = vec![0; len];
            on_disk(from, &mut bytes).unwrap();
            cipher.decrypt(&mut bytes, 512, from, 512);
            bytes
        };
        assert!(all[..4 * 512] == expected(40 * 512, 4 * 512));
        assert!(all[4 * 512..20 * 512] == expected(4 * 512, 16 * 512));
        assert!(all[20 * 512..23 * 512].iter().all(|byte| *byte == 0));
        assert!(all[40 * 512..44 * 512].iter().all(|byte| *byte == 0));
        let mut plain = vec![0; 4 * 512];
        on_disk(60 * 512, &mut plain).unwrap();
        assert!(all[60 * 512..] == plain, "behind the end of encryption bytes are as they are");
    }

    #[test]
    fn a_head_behind_the_end_of_encryption_is_plain_as_it_lies() {
        let volume = Unlocked { encrypted: 42 * 512, ..volume() };
        let mut head = vec![0; 4 * 512];
        Decryptor::new(volume).unwrap().read(&on_disk, 0, &mut head).unwrap();
        assert!(head[..1024] == whole()[..1024]);
        let mut plain = vec![0; 1024];
        on_disk(42 * 512, &mut plain).unwrap();
        assert!(head[1024..] == plain);
    }

    #[test]
    fn a_description_that_cannot_be_is_refused() {
        let with = |change: fn(&mut Unlocked)| {
            let mut volume = volume();
            change(&mut volume);
            Decryptor::new(volume).is_none()
        };
        assert!(with(|volume| volume.sector = 0));
        assert!(with(|volume| volume.sector = 1000));
        assert!(with(|volume| volume.unit = 8192));
        assert!(with(|volume| volume.head = Some((63 * 512, 1024))));
        assert!(with(|volume| volume.head = Some((u64::MAX - 511, 1024))));
        assert!(with(|volume| volume.key = vec![0; 5].into()));
        let shown = format!("{:?}", volume());
        assert!(!shown.contains('5'), "{shown}");
    }

    proptest! {
        #[test]
        fn any_stretch_is_that_stretch_of_the_whole(at in 0_usize..64 * 512, len in 0_usize..9000) {
            let all = whole();
            let end = all.len().min(at + len);
            let mut buf = vec![0xaa; end - at];
            Decryptor::new(volume()).unwrap().read(&on_disk, at as u64, &mut buf).unwrap();
            prop_assert!(buf == all[at..end]);
        }
    }
}
