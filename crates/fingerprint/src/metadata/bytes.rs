//! Positioned reads of a content whose every length may be a lie.

/// A content, read by position: a slice, or something that lies in an image.
pub trait Bytes {
    /// Length in bytes.
    fn len(&self) -> u64;

    /// Whether there are no bytes at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buf` from `at`, whole or not at all: none where these bytes cannot be had.
    fn read(&self, at: u64, buf: &mut [u8]) -> Option<()>;
}

impl Bytes for &[u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    fn read(&self, at: u64, buf: &mut [u8]) -> Option<()> {
        let from = usize::try_from(at).ok()?;
        buf.copy_from_slice(self.get(from..from.checked_add(buf.len())?)?);
        Some(())
    }
}

/// A part of a content. Positions count from its beginning, and nothing outside it is read.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    bytes: &'a dyn Bytes,
    start: u64,
    len: u64,
}

impl<'a> View<'a> {
    pub(super) fn whole(bytes: &'a dyn Bytes) -> Self {
        Self { bytes, start: 0, len: bytes.len() }
    }

    pub(super) fn len(self) -> u64 {
        self.len
    }

    /// `len` bytes from `at`; none where they do not all lie inside.
    pub(super) fn part(self, at: u64, len: u64) -> Option<Self> {
        (at.checked_add(len)? <= self.len).then_some(Self {
            bytes: self.bytes,
            start: self.start.checked_add(at)?,
            len,
        })
    }

    /// Everything from `at` on.
    pub(super) fn rest(self, at: u64) -> Option<Self> {
        self.part(at, self.len.checked_sub(at)?)
    }

    /// Where it begins in `outer`, which it is a part of.
    pub(super) fn offset_in(self, outer: Self) -> u64 {
        self.start.saturating_sub(outer.start)
    }

    pub(super) fn array<const N: usize>(self, at: u64) -> Option<[u8; N]> {
        let mut buf = [0; N];
        let inside = self.part(at, N as u64)?;
        inside.bytes.read(inside.start, &mut buf)?;
        Some(buf)
    }

    /// `len` bytes from `at`, unless they are more than `most`.
    pub(super) fn vec(self, at: u64, len: u64, most: u64) -> Option<Vec<u8>> {
        let inside = self.part(at, len)?;
        let mut buf = vec![0; usize::try_from(len).ok().filter(|_| len <= most)?];
        inside.bytes.read(inside.start, &mut buf)?;
        Some(buf)
    }

    pub(super) fn be16(self, at: u64) -> Option<u16> {
        self.array(at).map(u16::from_be_bytes)
    }

    pub(super) fn be32(self, at: u64) -> Option<u32> {
        self.array(at).map(u32::from_be_bytes)
    }

    pub(super) fn be64(self, at: u64) -> Option<u64> {
        self.array(at).map(u64::from_be_bytes)
    }

    pub(super) fn le16(self, at: u64) -> Option<u16> {
        self.array(at).map(u16::from_le_bytes)
    }

    pub(super) fn le32(self, at: u64) -> Option<u32> {
        self.array(at).map(u32::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_never_reaches_outside() {
        let content: &[u8] = b"abcdef";
        let view = View::whole(&content);
        let part = view.part(2, 3).unwrap();
        assert_eq!(part.array::<3>(0), Some(*b"cde"));
        assert_eq!(part.array::<4>(0), None);
        assert!(part.part(1, 3).is_none());
        assert!(view.part(u64::MAX, 2).is_none());
        assert!(view.rest(7).is_none());
        assert_eq!(view.vec(0, 6, 5), None);
    }
}
