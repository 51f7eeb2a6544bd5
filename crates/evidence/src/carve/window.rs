//! A view of the bytes from a candidate's first one on, read as a validator asks for them.
//!
//! In: a [`Bytes`] and where the candidate begins. Out: small slices; none past the end, where
//! bytes cannot be read, or once the budget is spent: then [`Window::exhausted`] says so. A file
//! of any length is walked through one buffer.

/// Bytes that can be read by position.
pub trait Bytes {
    /// How many there are.
    fn len(&self) -> u64;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buf` from `at`, whole; false where that is not possible.
    fn read_at(&self, at: u64, buf: &mut [u8]) -> bool;
}

impl Bytes for Vec<u8> {
    fn len(&self) -> u64 {
        Self::len(self) as u64
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> bool {
        let found =
            usize::try_from(at).ok().and_then(|at| self.get(at..at.checked_add(buf.len())?));
        if let Some(found) = found {
            buf.copy_from_slice(found);
        }
        found.is_some()
    }
}

/// The first read, and the shortest.
const SHORT: usize = 512;
/// The longest read.
const LONG: usize = 256 << 10;

/// The bytes of one candidate, counted from its first.
pub(super) struct Window<'a> {
    source: &'a dyn Bytes,
    origin: u64,
    len: u64,
    buffer: Vec<u8>,
    /// Where the buffer begins.
    from: u64,
    budget: u64,
    spent: u64,
    exhausted: bool,
}

impl<'a> Window<'a> {
    /// The bytes of `source` from `origin` on, of which `budget` are read at most.
    pub(super) fn new(source: &'a dyn Bytes, origin: u64, budget: u64) -> Self {
        Self {
            source,
            origin,
            len: source.len().saturating_sub(origin),
            buffer: Vec::new(),
            from: 0,
            budget,
            spent: 0,
            exhausted: false,
        }
    }

    /// Bytes from the candidate's first to the end of the space.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// How many bytes were read.
    pub(super) fn spent(&self) -> u64 {
        self.spent
    }

    /// Whether the budget ended the reading.
    pub(super) fn exhausted(&self) -> bool {
        self.exhausted
    }

    /// Bytes from `at` on, at least one, as many as are at hand.
    pub(super) fn piece(&mut self, at: u64) -> Option<&[u8]> {
        let inside = self.inside(at, 1).or_else(|| {
            let next = at == self.from.saturating_add(self.buffer.len() as u64);
            let len = if next { self.buffer.len().saturating_mul(2) } else { SHORT };
            self.load(at, len.clamp(SHORT, LONG)).then_some(0)
        })?;
        self.buffer.get(inside..)
    }

    /// Just `len` bytes (at most 64 KiB) from `at` on.
    pub(super) fn bytes(&mut self, at: u64, len: usize) -> Option<&[u8]> {
        let inside = match self.inside(at, len) {
            Some(inside) => inside,
            None => self.load(at, len.max(SHORT)).then_some(0)?,
        };
        self.buffer.get(inside..inside.checked_add(len)?)
    }

    /// Just `N` bytes from `at` on.
    pub(super) fn array<const N: usize>(&mut self, at: u64) -> Option<[u8; N]> {
        self.bytes(at, N)?.try_into().ok()
    }

    pub(super) fn u8(&mut self, at: u64) -> Option<u8> {
        self.array::<1>(at).map(|[byte]| byte)
    }

    pub(super) fn u16_be(&mut self, at: u64) -> Option<u16> {
        self.array(at).map(u16::from_be_bytes)
    }

    pub(super) fn u32_be(&mut self, at: u64) -> Option<u32> {
        self.array(at).map(u32::from_be_bytes)
    }

    pub(super) fn u64_be(&mut self, at: u64) -> Option<u64> {
        self.array(at).map(u64::from_be_bytes)
    }

    pub(super) fn u32_le(&mut self, at: u64) -> Option<u32> {
        self.array(at).map(u32::from_le_bytes)
    }

    /// Where in the buffer `len` bytes from `at` on lie, if they do.
    fn inside(&self, at: u64, len: usize) -> Option<usize> {
        let inside = usize::try_from(at.checked_sub(self.from)?).ok()?;
        (inside.checked_add(len)? <= self.buffer.len()).then_some(inside)
    }

    /// Reads up to `wanted` bytes from `at`; false where there are none.
    fn load(&mut self, at: u64, wanted: usize) -> bool {
        let there = self.len.saturating_sub(at);
        let len = usize::try_from(there).map_or(wanted, |there| there.min(wanted));
        if self.spent >= self.budget {
            self.exhausted = true;
        }
        let position = self.origin.checked_add(at);
        let (Some(position), false) = (position, len == 0 || self.exhausted) else { return false };
        self.spent = self.spent.saturating_add(len as u64);
        self.from = at;
        self.buffer.resize(len, 0);
        let read = self.source.read_at(position, &mut self.buffer);
        if !read {
            self.buffer.clear();
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_from_the_candidate_on_and_none_past_the_end() {
        let source: Vec<u8> = (0..10_000_u32).map(|n| (n % 251) as u8).collect();
        let mut window = Window::new(&source, 100, u64::MAX);
        assert_eq!(window.len(), 9_900);
        assert_eq!(window.bytes(0, 3), Some(&[100, 101, 102][..]));
        assert_eq!(window.bytes(9_897, 3).map(<[u8]>::len), Some(3));
        assert_eq!(window.bytes(9_898, 3), None);
        assert_eq!(window.u8(u64::MAX), None);
        assert!(!window.exhausted());
    }

    #[test]
    fn pieces_one_after_the_other_give_all_bytes() {
        let source: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 253) as u8).collect();
        let mut window = Window::new(&source, 0, u64::MAX);
        let mut got = Vec::new();
        while let Some(piece) = window.piece(got.len() as u64) {
            let piece = piece.to_vec();
            got.extend(piece);
        }
        assert!(got == source);
    }

    #[test]
    fn a_spent_budget_ends_the_reading_and_is_told() {
        let source = vec![7; 100_000];
        let mut window = Window::new(&source, 0, 1_000);
        assert!(window.u8(0).is_some() && window.u8(20_000).is_some());
        assert_eq!(window.u8(50_000), None);
        assert!(window.exhausted());
    }
}
