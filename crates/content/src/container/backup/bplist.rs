//! The whole numbers of a binary property list, by their keys.
//!
//! In: the list. Out: for each key of any dictionary whose value is a whole number, that number:
//! enough for the metadata of a file, whose keys are unlike. Refused: nothing; what is damaged
//! gives fewer numbers. Each object is looked at once.
//!
//! Source: Apple's CFBinaryPList.c, "HEADER", "OBJECT TABLE", "TRAILER".

use std::collections::HashMap;

/// Objects and keys of one list at most; a file's metadata has some thirty.
const MOST: usize = 4096;

pub(super) fn integers(bytes: &[u8]) -> HashMap<String, i64> {
    List::open(bytes).map(|list| list.integers()).unwrap_or_default()
}

struct List<'a> {
    bytes: &'a [u8],
    offsets: &'a [u8],
    /// Bytes of a position, and of a reference to an object.
    offset_len: usize,
    reference_len: usize,
    count: usize,
}

impl<'a> List<'a> {
    fn open(bytes: &'a [u8]) -> Option<Self> {
        const TRAILER: usize = 32;
        let trailer = bytes.get(bytes.len().checked_sub(TRAILER)?..)?;
        if !bytes.starts_with(b"bplist0") {
            return None;
        }
        let (offset_len, reference_len) = (usize::from(trailer[6]), usize::from(trailer[7]));
        if !matches!(offset_len, 1..=8) || !matches!(reference_len, 1..=8) {
            return None;
        }
        let count = usize::try_from(big_endian(&trailer[8..16])).ok()?.min(MOST);
        let table = usize::try_from(big_endian(&trailer[24..32])).ok()?;
        Some(Self { bytes, offsets: bytes.get(table..)?, offset_len, reference_len, count })
    }

    fn integers(&self) -> HashMap<String, i64> {
        let mut found = HashMap::new();
        for index in 0..self.count {
            for (key, value) in self.dictionary(index).unwrap_or_default() {
                if let (Some(key), Some(value)) = (self.ascii(key), self.integer(value)) {
                    found.insert(key, value);
                }
            }
        }
        found
    }

    /// The bytes of an object, from its mark on.
    fn object(&self, index: usize) -> Option<&'a [u8]> {
        let at = index.checked_mul(self.offset_len)?;
        let at = big_endian(self.offsets.get(at..at.checked_add(self.offset_len)?)?);
        self.bytes.get(usize::try_from(at).ok()?..)
    }

    /// The references of keys and values of a dictionary.
    fn dictionary(&self, index: usize) -> Option<Vec<(usize, usize)>> {
        let (count, rest) = self.counted(index, 0xd)?;
        let reference = |n: usize| {
            let at = n.checked_mul(self.reference_len)?;
            let bytes = rest.get(at..at.checked_add(self.reference_len)?)?;
            usize::try_from(big_endian(bytes)).ok()
        };
        (0..count.min(MOST))
            .map(|n| Some((reference(n)?, reference(n.checked_add(count)?)?)))
            .collect()
    }

    fn ascii(&self, index: usize) -> Option<String> {
        let (count, rest) = self.counted(index, 0x5)?;
        Some(String::from_utf8_lossy(rest.get(..count)?).into_owned())
    }

    fn integer(&self, index: usize) -> Option<i64> {
        let object = self.object(index)?;
        let mark = *object.first()?;
        let len = 1_usize << (mark & 0xf).min(4);
        let bytes = object.get(1..=len).filter(|_| mark >> 4 == 1 && len <= 8)?;
        Some(big_endian(bytes).cast_signed())
    }

    /// How much an object of this kind holds, and the bytes behind that.
    fn counted(&self, index: usize, kind: u8) -> Option<(usize, &'a [u8])> {
        let object = self.object(index)?;
        let mark = *object.first()?;
        if mark >> 4 != kind {
            return None;
        }
        if mark & 0xf != 0xf {
            return Some((usize::from(mark & 0xf), &object[1..]));
        }
        // A whole number with the count follows.
        let len = 1_usize << (object.get(1)? & 0xf).min(4);
        let count = usize::try_from(big_endian(object.get(2..2 + len)?)).ok()?;
        Some((count, object.get(2 + len..)?))
    }
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{ Size: 4660, Mode: 1 }`
    const LIST: &[u8] = b"bplist00\xd2\x01\x02\x03\x04\x54Size\x54Mode\x11\x12\x34\x10\x01\
        \x08\x0d\x12\x17\x1a\0\0\0\0\0\0\x01\x01\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x1c";

    #[test]
    fn whole_numbers_are_found_by_their_keys() {
        let found = integers(LIST);
        assert_eq!((found["Size"], found["Mode"], found.len()), (4660, 1, 2));
    }

    #[test]
    fn any_damage_gives_fewer_numbers_and_never_a_panic() {
        for at in 0..LIST.len() {
            assert!(integers(&LIST[..at]).len() <= 2);
            for bit in 0..8 {
                let mut damaged = LIST.to_vec();
                damaged[at] ^= 1 << bit;
                assert!(integers(&damaged).len() <= 4);
            }
        }
    }
}
