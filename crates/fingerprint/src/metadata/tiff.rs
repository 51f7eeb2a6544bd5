//! The structure of TIFF, which EXIF uses: a byte order, and directories of tagged values.
//!
//! In: bytes that begin with `II*\0` or `MM\0*`. Out: [`Directory`]s and their values. Values
//! that do not lie inside are left out. Refused: BigTIFF.
//!
//! Source: TIFF 6.0, section 2.

use super::bytes::View;

/// Entries of a directory that are looked at, at most; real ones have dozens.
const ENTRIES: u16 = 1024;
/// The longest value that is read, in bytes.
const VALUE: u64 = 64 * 1024;

/// A TIFF structure.
#[derive(Clone, Copy)]
pub(super) struct Tiff<'a> {
    view: View<'a>,
    big: bool,
}

impl<'a> Tiff<'a> {
    pub(super) fn open(view: View<'a>) -> Option<Self> {
        let big = match &view.array::<4>(0)? {
            b"II*\0" => false,
            b"MM\0*" => true,
            _ => return None,
        };
        Some(Self { view, big })
    }

    /// The first directory.
    pub(super) fn first(self) -> Option<Directory<'a>> {
        self.directory(self.u32(4)?)
    }

    /// The directory at this position.
    pub(super) fn directory(self, at: u32) -> Option<Directory<'a>> {
        let at = u64::from(at);
        let count = self.u16(at)?;
        Some(Directory { tiff: self, at: at.checked_add(2)?, count })
    }

    fn u16(self, at: u64) -> Option<u16> {
        let bytes = self.view.array(at)?;
        Some(if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) })
    }

    fn u32(self, at: u64) -> Option<u32> {
        let bytes = self.view.array(at)?;
        Some(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }
}

/// One directory.
#[derive(Clone, Copy)]
pub(super) struct Directory<'a> {
    tiff: Tiff<'a>,
    at: u64,
    count: u16,
}

/// A value: its field type, how many there are, and where they lie.
struct Value {
    kind: u16,
    count: u32,
    at: u64,
}

impl<'a> Directory<'a> {
    /// The directory that follows in the chain.
    pub(super) fn next(self) -> Option<Directory<'a>> {
        let at = self.tiff.u32(self.at.checked_add(u64::from(self.count) * 12)?)?;
        if at == 0 { None } else { self.tiff.directory(at) }
    }

    /// The directory that this tag points at.
    pub(super) fn child(self, tag: u16) -> Option<Directory<'a>> {
        self.tiff.directory(self.number(tag)?)
    }

    /// An unsigned number.
    pub(super) fn number(self, tag: u16) -> Option<u32> {
        let value = self.value(tag)?;
        match value.kind {
            1 => self.tiff.view.array::<1>(value.at).map(|[b]| u32::from(b)),
            3 => self.tiff.u16(value.at).map(u32::from),
            4 | 13 => self.tiff.u32(value.at),
            _ => None,
        }
    }

    /// The bytes of a text.
    pub(super) fn bytes(self, tag: u16) -> Option<Vec<u8>> {
        let value = self.value(tag)?;
        matches!(value.kind, 1 | 2 | 7 | 129)
            .then(|| self.tiff.view.vec(value.at, u64::from(value.count), VALUE))?
    }

    /// Unsigned fractions: (numerator, denominator).
    pub(super) fn fractions<const N: usize>(self, tag: u16) -> Option<[(u32, u32); N]> {
        let value = self.value(tag)?;
        if value.kind != 5 || (value.count as usize) < N {
            return None;
        }
        let mut out = [(0, 0); N];
        for (n, slot) in (0..).zip(&mut out) {
            let at = value.at.checked_add(n * 8)?;
            *slot = (self.tiff.u32(at)?, self.tiff.u32(at.checked_add(4)?)?);
        }
        Some(out)
    }

    fn value(self, tag: u16) -> Option<Value> {
        for n in 0..self.count.min(ENTRIES) {
            let at = self.at.checked_add(u64::from(n) * 12)?;
            if self.tiff.u16(at)? != tag {
                continue;
            }
            let kind = self.tiff.u16(at + 2)?;
            let count = self.tiff.u32(at + 4)?;
            let each = match kind {
                1 | 2 | 6 | 7 | 129 => 1,
                3 | 8 => 2,
                4 | 9 | 11 | 13 => 4,
                5 | 10 | 12 => 8,
                _ => return None,
            };
            let inline = u64::from(count).checked_mul(each)? <= 4;
            let at = if inline { at + 8 } else { u64::from(self.tiff.u32(at + 8)?) };
            return Some(Value { kind, count, at });
        }
        None
    }
}
