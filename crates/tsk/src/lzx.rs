//! Unpacks LZX as Windows' imaging format and its system compression have it: chunks of 32 KiB, each
//! by itself.
//!
//! In: the bytes of a chunk, and how many it unpacks to. Out: those bytes, or a reason. Bits come
//! from 16-bit little-endian words, the highest first. A chunk is a sequence of blocks: packed with
//! codes told as differences from those of the block before, or stored. A copy names one of the last
//! three distances or a new one. Before packing, the targets of x86 calls were made absolute; that is
//! undone at the end.
//!
//! Source: [MS-PATCH] 2, for codes and blocks; for what the imaging format does otherwise (the length
//! of a block, a window of 32 KiB, calls of a file of 12,000,000 bytes): "Windows Imaging File Format"
//! and the description of its compression by the author of wimlib.

use crate::prefix::Code;

/// Bytes that a chunk unpacks to at most.
pub(crate) const CHUNK_LEN: usize = 32 << 10;
/// Slots of distances in a window of that length.
const SLOTS: usize = 30;
/// Single bytes, and for each slot eight kinds of length.
const MAIN_SYMBOLS: usize = 256 + 8 * SLOTS;
const LENGTH_SYMBOLS: usize = 249;
const SHORTEST_COPY: usize = 2;
/// Of a call in a longer file the target would not be made absolute.
const CALLS_LEN: i32 = 12_000_000;

/// Fills `out` with what `chunk` unpacks to.
pub(crate) fn unpack(chunk: &[u8], out: &mut [u8]) -> Result<(), &'static str> {
    let mut bits = Bits { bytes: chunk, at: 0 };
    let mut state = State { main: [0; MAIN_SYMBOLS], length: [0; LENGTH_SYMBOLS], recent: [1; 3] };
    let mut at = 0;
    while at < out.len() {
        let kind = bits.take(3)?;
        let len = if bits.take(1)? == 1 { CHUNK_LEN } else { bits.take(16)? };
        let end = at + len;
        if len == 0 || end > out.len() {
            return Err("a block in it is longer than the chunk");
        }
        match kind {
            1 | 2 => {
                let aligned = if kind == 2 { Some(aligned_code(&mut bits)?) } else { None };
                state.block(&mut bits, aligned.as_ref(), out, at, end)?;
            }
            3 => {
                let mut recent = [0; 3];
                bits.align();
                for distance in &mut recent {
                    let bytes: [u8; 4] = bits.bytes(4)?.try_into().unwrap_or_default();
                    *distance = usize::try_from(u32::from_le_bytes(bytes)).unwrap_or(0);
                }
                state.recent = recent;
                out[at..end].copy_from_slice(bits.bytes(len)?);
                // Words go on at an even place.
                bits.at += len % 2 * 8;
            }
            _ => return Err("a block in it is of no known kind"),
        }
        at = end;
    }
    calls_made_relative(out);
    Ok(())
}

/// What goes on from block to block.
struct State {
    /// Lengths of the codes, from which the next block's differ.
    main: [u8; MAIN_SYMBOLS],
    length: [u8; LENGTH_SYMBOLS],
    /// The last distances, the newest first.
    recent: [usize; 3],
}

impl State {
    /// Unpacks one block into `out[at..end]`. `aligned` codes the lowest three bits of distances.
    fn block(
        &mut self,
        bits: &mut Bits<'_>,
        aligned: Option<&Code>,
        out: &mut [u8],
        mut at: usize,
        end: usize,
    ) -> Result<(), &'static str> {
        let (bytes, copies) = self.main.split_at_mut(256);
        change_lengths(bits, bytes)?;
        change_lengths(bits, copies)?;
        change_lengths(bits, &mut self.length)?;
        let (main, length) = (Code::new(&self.main)?, Code::new(&self.length)?);
        while at < end {
            let symbol = bits.symbol(&main)?;
            let Some(copy) = symbol.checked_sub(256) else {
                out[at] = symbol.to_le_bytes()[0];
                at += 1;
                continue;
            };
            let mut len = copy % 8;
            if len == 7 {
                len += bits.symbol(&length)?;
            }
            let distance = self.distance(bits, aligned, copy / 8)?;
            let upto = at + len + SHORTEST_COPY;
            if distance == 0 || distance > at || upto > end {
                return Err("a copy in it leads out of the chunk");
            }
            for to in at..upto {
                out[to] = out[to - distance];
            }
            at = upto;
        }
        Ok(())
    }

    /// The distance of a slot, which becomes the newest.
    fn distance(
        &mut self,
        bits: &mut Bits<'_>,
        aligned: Option<&Code>,
        slot: usize,
    ) -> Result<usize, &'static str> {
        if slot < 3 {
            self.recent.swap(0, slot);
            return Ok(self.recent[0]);
        }
        let (base, extra) = slot_base(slot);
        let more = match aligned {
            Some(code) if extra >= 3 => (bits.take(extra - 3)? << 3) + bits.symbol(code)?,
            _ => bits.take(extra)?,
        };
        self.recent = [base + more - 2, self.recent[0], self.recent[1]];
        Ok(self.recent[0])
    }
}

/// Where a slot's distances begin, two more than they are, and how many bits tell which it is.
fn slot_base(slot: usize) -> (usize, u32) {
    if slot < 4 {
        return (slot, 0);
    }
    let extra = u32::try_from(slot / 2 - 1).unwrap_or(0);
    ((2 + slot % 2) << extra, extra)
}

fn aligned_code(bits: &mut Bits<'_>) -> Result<Code, &'static str> {
    let mut lengths = [0; 8];
    for length in &mut lengths {
        *length = bits.take(3)?.to_le_bytes()[0];
    }
    Code::new(&lengths)
}

/// Changes the lengths of codes by what is told of them, in a code of its own.
fn change_lengths(bits: &mut Bits<'_>, lengths: &mut [u8]) -> Result<(), &'static str> {
    let mut told = [0; 20];
    for length in &mut told {
        *length = bits.take(4)?.to_le_bytes()[0];
    }
    let code = Code::new(&told)?;
    let mut at = 0;
    while at < lengths.len() {
        let (symbol, run) = match bits.symbol(&code)? {
            17 => (None, 4 + bits.take(4)?),
            18 => (None, 20 + bits.take(5)?),
            19 => {
                let run = 4 + bits.take(1)?;
                (Some(bits.symbol(&code)?), run)
            }
            one => (Some(one), 1),
        };
        let value = match symbol {
            None => 0,
            Some(less @ 0..=16) => (usize::from(lengths[at]) + 17 - less) % 17,
            Some(_) => return Err("a change of its codes is of no known kind"),
        };
        let upto = (at + run).min(lengths.len());
        lengths[at..upto].fill(value.to_le_bytes()[0]);
        at = upto;
    }
    Ok(())
}

/// Undoes what was done to the targets of calls, which made the same function the same bytes.
fn calls_made_relative(out: &mut [u8]) {
    let mut at = 0;
    while at + 10 < out.len() {
        if out[at] != 0xe8 {
            at += 1;
            continue;
        }
        let place = i32::try_from(at).unwrap_or(i32::MAX);
        let target = &mut out[at + 1..at + 5];
        let absolute = i32::from_le_bytes(target.try_into().unwrap_or_default());
        let relative = match absolute {
            0.. if absolute < CALLS_LEN => Some(absolute - place),
            ..0 if absolute >= -place => Some(absolute + CALLS_LEN),
            _ => None,
        };
        if let Some(relative) = relative {
            target.copy_from_slice(&relative.to_le_bytes());
        }
        at += 5;
    }
}

/// A chunk as bits.
struct Bits<'a> {
    bytes: &'a [u8],
    /// Bits taken so far.
    at: usize,
}

impl<'a> Bits<'a> {
    /// The next `count` bits, at most 16; zeros behind the end.
    fn peek(&self, count: u32) -> usize {
        let word = |index: usize| {
            let byte = |at: usize| u64::from(self.bytes.get(at).copied().unwrap_or(0));
            byte(2 * index) | byte(2 * index + 1) << 8
        };
        let (index, taken) = (self.at / 16, self.at % 16);
        let both = (word(index) << 16 | word(index + 1)) << taken & 0xffff_ffff;
        usize::try_from(both >> (32 - count)).unwrap_or(0)
    }

    fn skip(&mut self, count: u32) -> Result<(), &'static str> {
        self.at += usize::try_from(count).unwrap_or(0);
        if self.at > self.bytes.len() * 8 { Err("it ends too soon") } else { Ok(()) }
    }

    fn take(&mut self, count: u32) -> Result<usize, &'static str> {
        let value = self.peek(count);
        self.skip(count)?;
        Ok(value)
    }

    fn symbol(&mut self, code: &Code) -> Result<usize, &'static str> {
        let (symbol, len) = code.symbol(self.peek(code.longest()))?;
        self.skip(len)?;
        Ok(symbol)
    }

    /// Goes on to the next word; from the end of one, over the next.
    fn align(&mut self) {
        self.at = (self.at / 16 + 1) * 16;
    }

    /// The next bytes, from the beginning of a word on.
    fn bytes(&mut self, count: usize) -> Result<&'a [u8], &'static str> {
        let from = self.at / 8;
        let bytes = self.bytes.get(from..from + count).ok_or("it ends too soon")?;
        self.at += count * 8;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_begin_where_the_one_before_ends() {
        let mut next = 2;
        for slot in 2..SLOTS {
            let (base, extra) = slot_base(slot);
            assert_eq!(base, next, "slot {slot}");
            next = base + (1 << extra);
        }
        assert_eq!(next, CHUNK_LEN);
    }

    #[test]
    fn a_stored_block_is_there_as_it_is_but_for_calls() {
        // Kind 3, a length of 16 told in 16 bits, then words: three distances and the bytes.
        let head = [0b0110_0000_0000_0001_u16, 0];
        let mut chunk: Vec<u8> = head.iter().flat_map(|word| word.to_le_bytes()).collect();
        chunk.extend([1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
        chunk.extend([7, 0xe8, 101, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        let mut out = [0; 16];
        unpack(&chunk, &mut out).unwrap();
        // The call stands at byte 1: what was made 101 was 100 further.
        assert_eq!(out, [7, 0xe8, 100, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        let mut out = [0; 64];
        assert!(unpack(&[], &mut out).is_err());
        assert!(unpack(&[0; 100], &mut out).unwrap_err().contains("longer"));
        assert!(unpack(&[0, 0x20, 0, 0x04, 0, 0, 0, 0, 0, 0, 0, 0], &mut out).is_err());
        assert!(unpack(&[0xff; 100], &mut out).unwrap_err().contains("longer"));
    }
}
