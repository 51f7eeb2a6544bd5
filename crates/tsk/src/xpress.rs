//! Unpacks LZ77+Huffman of Microsoft's Xpress compression, one chunk at a time.
//!
//! In: the bytes of a chunk, and how many it unpacks to. Out: those bytes, or a reason. A chunk
//! begins with 256 bytes that give 512 symbols the lengths of their codes; then come codes, read
//! from 16-bit little-endian words from the highest bit on. Symbols below 256 are bytes; the others
//! are copies of what is already there: the low four bits tell the length, the next four how many
//! bits of distance follow. Refused: lengths that make no prefix code, a code that stands for
//! nothing, a distance to before the beginning, a length too short for its form.
//!
//! Source: [MS-XCA], Xpress Compression Algorithm, sections 2.1 and 2.2.

use crate::prefix::Code;

/// Bytes of the table of code lengths, two in each.
const TABLE_LEN: usize = 256;
/// The shortest copy.
const SHORTEST_COPY: usize = 3;

/// Fills `out` with what `chunk` unpacks to.
pub(crate) fn unpack(chunk: &[u8], out: &mut [u8]) -> Result<(), &'static str> {
    let (lengths, codes) =
        chunk.split_at_checked(TABLE_LEN).ok_or("it is too short for its table of codes")?;
    let lengths: Vec<u8> = lengths.iter().flat_map(|both| [both & 15, both >> 4]).collect();
    let code = Code::new(&lengths)?;
    let mut bits = Bits::new(codes);
    let mut at = 0;
    while at < out.len() {
        let (symbol, len) = code.symbol(bits.peek(code.longest()))?;
        bits.take(len)?;
        if symbol < 256 {
            out[at] = symbol.to_le_bytes()[0];
            at += 1;
            continue;
        }
        let mut copy = symbol & 15;
        if copy == 15 {
            copy = bits.long_copy()?;
        }
        let distance_bits = u32::try_from((symbol - 256) >> 4).unwrap_or(0);
        let distance = (1_usize << distance_bits) + bits.peek(distance_bits);
        bits.take(distance_bits)?;
        if distance > at {
            return Err("it copies from before its beginning");
        }
        // What does not fit is cut, as Windows does; a copy may overlap what it makes.
        let end = (at + copy + SHORTEST_COPY).min(out.len());
        for to in at..end {
            out[to] = out[to - distance];
        }
        at = end;
    }
    Ok(())
}

/// Codes, and among them the bytes that a long copy's length is told in.
struct Bits<'a> {
    rest: &'a [u8],
    /// The bits to come, from the highest on.
    next: u32,
    /// How many of them there are beyond sixteen.
    extra: i32,
    /// Words that were wanted after the end: the last codes may look further than they reach.
    past_end: u32,
}

impl<'a> Bits<'a> {
    fn new(codes: &'a [u8]) -> Self {
        let mut bits = Self { rest: codes, next: 0, extra: 16, past_end: 0 };
        bits.next = u32::from(bits.word()) << 16 | u32::from(bits.word());
        bits
    }

    fn word(&mut self) -> u16 {
        if let Some((word, rest)) = self.rest.split_first_chunk::<2>() {
            self.rest = rest;
            return u16::from_le_bytes(*word);
        }
        self.past_end += 1;
        let last = self.rest.first().copied().unwrap_or(0);
        self.rest = &[];
        u16::from(last)
    }

    /// The next `count` bits, at most 15, without taking them.
    fn peek(&self, count: u32) -> usize {
        // In two steps, since none are asked for as well.
        usize::try_from((self.next >> 1) >> (31 - count)).unwrap_or(0)
    }

    fn take(&mut self, count: u32) -> Result<(), &'static str> {
        self.next <<= count;
        self.extra -= i32::try_from(count).unwrap_or(0);
        if self.extra < 0 {
            let word = u32::from(self.word());
            self.next |= word << self.extra.unsigned_abs();
            self.extra += 16;
        }
        // Two words are read ahead: who wants more took codes that are not there.
        if self.past_end > 2 { Err("it ends too soon") } else { Ok(()) }
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let (bytes, rest) = self.rest.split_first_chunk::<N>().ok_or("it ends too soon")?;
        self.rest = rest;
        Ok(*bytes)
    }

    /// The length of a copy that four bits cannot tell, less the shortest.
    fn long_copy(&mut self) -> Result<usize, &'static str> {
        let [short] = self.bytes()?;
        if short < 255 {
            return Ok(usize::from(short) + 15);
        }
        let mut len = u32::from(u16::from_le_bytes(self.bytes()?));
        if len == 0 {
            len = u32::from_le_bytes(self.bytes()?);
        }
        if len < 15 {
            return Err("a long copy in it is too short for its form");
        }
        usize::try_from(len).map_err(|_| "a copy in it is too long")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A chunk with codes of these lengths for some symbols.
    fn example(lengths: &[(usize, u8)], codes: &[u8]) -> Vec<u8> {
        let mut chunk = vec![0; TABLE_LEN];
        for (symbol, len) in lengths {
            chunk[symbol / 2] |= len << (symbol % 2 * 4);
        }
        [&chunk, codes].concat()
    }

    /// The alphabet, and `abc` a hundred times: [MS-XCA], section 3.2.
    #[test]
    fn the_examples_of_the_specification_unpack() {
        let alphabet: Vec<(usize, u8)> = (97..=118)
            .map(|s| (s, 5))
            .chain((119..=122).map(|s| (s, 4)))
            .chain([(256, 4)])
            .collect();
        let codes = [
            0xd8, 0x52, 0x3e, 0xd7, 0x94, 0x11, 0x5b, 0xe9, 0x19, 0x5f, 0xf9, 0xd6, 0x7c, 0xdf,
            0x8d, 0x04, 0x00, 0x00, 0x00, 0x00,
        ];
        let mut out = [0; 26];
        unpack(&example(&alphabet, &codes), &mut out).unwrap();
        assert_eq!(&out, b"abcdefghijklmnopqrstuvwxyz");

        let repeated = [(97, 3), (98, 3), (99, 2), (256, 2), (287, 2)];
        let mut out = [0; 300];
        unpack(&example(&repeated, &[0xa8, 0xdc, 0x00, 0x00, 0xff, 0x26, 0x01]), &mut out).unwrap();
        assert_eq!(out.as_slice(), b"abc".repeat(100));
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let mut out = [0; 8];
        assert!(unpack(&[0; 40], &mut out).unwrap_err().contains("too short"));
        assert!(unpack(&[0; 300], &mut out).unwrap_err().contains("stands for nothing"));
        assert!(unpack(&[0x11; 300], &mut out).unwrap_err().contains("make no code"));
        // One symbol, a copy, at the very beginning.
        let copy = example(&[(256 + 16, 1), (97, 1)], &[0xff; 8]);
        assert!(unpack(&copy, &mut out).unwrap_err().contains("before its beginning"));
        let cut = example(&[(97, 1), (98, 1)], &[]);
        assert!(unpack(&cut, &mut [0; 200]).unwrap_err().contains("too soon"));
    }
}
