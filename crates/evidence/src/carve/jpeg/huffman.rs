//! Huffman codes of JPEG, and the bits that they are read from.
//!
//! Source: ITU-T T.81, annexes C and F.2.2.

use crate::carve::window::Window;

/// Codes up to this length are looked up at once.
const QUICK: u32 = 9;
/// The longest code.
const LONGEST: u32 = 16;

/// A table of codes.
#[derive(Clone)]
pub(super) struct Table {
    /// By the next [`QUICK`] bits: length of the code in the high byte (0: longer), its symbol.
    quick: [u16; 1 << QUICK],
    /// By length: one past the last code, aligned to 16 bits; 0 where there is none.
    ends: [u32; 17],
    /// By length: what to add to a code to find its symbol's place.
    places: [i32; 17],
    symbols: Vec<u8>,
}

impl Table {
    /// From the number of codes of each length, 1 to 16, and their symbols in order. None where
    /// the lengths cannot be those of a code.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table = Self {
            quick: [0; 1 << QUICK],
            ends: [0; 17],
            places: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut place) = (0_u32, 0_u32);
        for len in 1..=LONGEST {
            let count = u32::from(counts[len as usize - 1]);
            // The code of only ones is kept free.
            if code + count > (1 << len) || place + count > 256 {
                return None;
            }
            table.places[len as usize] = i32::try_from(place).ok()? - i32::try_from(code).ok()?;
            for symbol in symbols.get(place as usize..(place + count) as usize)? {
                if len <= QUICK {
                    let from = (code << (QUICK - len)) as usize;
                    let to = from + (1 << (QUICK - len));
                    let entry = u16::try_from(len).ok()? << 8 | u16::from(*symbol);
                    table.quick[from..to].fill(entry);
                }
                code += 1;
            }
            place += count;
            table.ends[len as usize] = if count == 0 { 0 } else { code << (LONGEST - len) };
            code <<= 1;
        }
        (place > 0 && place as usize == symbols.len()).then_some(table)
    }
}

/// Why bits could not be read or make no sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// They cannot be those of a picture.
    Undecodable,
    /// The space ended, or could not be read further.
    Ended,
}

/// The bits of a scan: bytes without the zeros that are stuffed behind each `0xff`.
pub(super) struct Bits<'w, 'a> {
    window: &'w mut Window<'a>,
    near: [u8; NEAR],
    near_at: u64,
    near_len: usize,
    state: BitState,
}

/// Bytes kept near at hand.
const NEAR: usize = 512;

/// Where a reader of bits stands.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BitState {
    /// The next byte that is not in `held`.
    pub(super) at: u64,
    /// Bits not yet taken, the next one highest among `count`.
    held: u64,
    count: u32,
    /// Whether a marker stands at `at`.
    marker: bool,
}

impl BitState {
    pub(super) fn at(at: u64) -> Self {
        Self { at, ..Self::default() }
    }
}

impl<'w, 'a> Bits<'w, 'a> {
    pub(super) fn new(window: &'w mut Window<'a>, state: BitState) -> Self {
        Self { window, near: [0; NEAR], near_at: 0, near_len: 0, state }
    }

    pub(super) fn state(&self) -> BitState {
        self.state
    }

    fn byte(&mut self, at: u64) -> Option<u8> {
        if let Some(inside) = at.checked_sub(self.near_at)
            && inside < self.near_len as u64
        {
            return self.near.get(usize::try_from(inside).ok()?).copied();
        }
        let piece = self.window.piece(at)?;
        let len = piece.len().min(NEAR);
        self.near[..len].copy_from_slice(&piece[..len]);
        (self.near_at, self.near_len) = (at, len);
        Some(self.near[0])
    }

    /// Takes in bytes until there are more than 48 bits, or a marker stands in the way.
    fn refill(&mut self) -> Result<(), Fault> {
        while self.state.count <= 48 && !self.state.marker {
            let at = self.state.at;
            // At the end of the space there may still be bits enough.
            let Some(byte) = self.byte(at) else { return Ok(()) };
            if byte == 0xff {
                match self.byte(at + 1) {
                    Some(0) => self.state.at += 1,
                    Some(_) => {
                        self.state.marker = true;
                        return Ok(());
                    }
                    None => return Ok(()),
                }
            }
            self.state.at += 1;
            self.state.held = self.state.held << 8 | u64::from(byte);
            self.state.count += 8;
        }
        Ok(())
    }

    fn short(&self) -> Fault {
        if self.state.marker { Fault::Undecodable } else { Fault::Ended }
    }

    /// The next `n` bits, 16 at most.
    pub(super) fn take(&mut self, n: u32) -> Result<u32, Fault> {
        if self.state.count < n {
            self.refill()?;
            if self.state.count < n {
                return Err(self.short());
            }
        }
        self.state.count -= n;
        let mask = (1_u64 << n) - 1;
        Ok(u32::try_from(self.state.held >> self.state.count & mask).unwrap_or(0))
    }

    /// The symbol of the next code.
    pub(super) fn symbol(&mut self, table: &Table) -> Result<u8, Fault> {
        if self.state.count < LONGEST {
            self.refill()?;
        }
        let next = if self.state.count >= LONGEST {
            self.state.held >> (self.state.count - LONGEST)
        } else {
            self.state.held << (LONGEST - self.state.count)
        };
        let next = u32::try_from(next & 0xffff).unwrap_or(0);
        let quick = table.quick[(next >> (LONGEST - QUICK)) as usize];
        let (len, symbol) = if quick >= 0x100 {
            (u32::from(quick >> 8), quick.to_le_bytes()[0])
        } else {
            self.long(table, next)?
        };
        if len > self.state.count {
            return Err(self.short());
        }
        self.state.count -= len;
        Ok(symbol)
    }

    fn long(&self, table: &Table, next: u32) -> Result<(u32, u8), Fault> {
        for len in QUICK + 1..=LONGEST {
            if next < table.ends[len as usize] {
                let code = i64::from(next >> (LONGEST - len));
                let place = code + i64::from(table.places[len as usize]);
                let symbol = usize::try_from(place).ok().and_then(|at| table.symbols.get(at));
                return Ok((len, *symbol.ok_or(Fault::Undecodable)?));
            }
        }
        Err(if self.state.count < LONGEST { self.short() } else { Fault::Undecodable })
    }

    /// A signed number of `size` bits, as differences are coded (annex F.2.2.1).
    pub(super) fn signed(&mut self, size: u8) -> Result<i32, Fault> {
        if size == 0 {
            return Ok(0);
        }
        let bits = i32::try_from(self.take(u32::from(size))?).unwrap_or(0);
        let half = 1_i32 << (size - 1);
        Ok(if bits < half { bits - 2 * half + 1 } else { bits })
    }

    /// Ends a run of entropy-coded data: less than a byte may be left. Gives where the marker
    /// stands, behind up to `stray` bytes that belong to nothing.
    pub(super) fn finish(&mut self, stray: u32) -> Result<(u64, bool), Fault> {
        self.refill()?;
        let mut astray = self.state.count >= 8;
        let mut left = stray;
        while !self.state.marker {
            left = left.checked_sub(1).ok_or(Fault::Undecodable)?;
            astray = true;
            let before = self.state.at;
            self.state.count = 0;
            self.refill()?;
            if self.state.at == before && !self.state.marker {
                return Err(Fault::Ended);
            }
        }
        if astray && stray == 0 {
            return Err(Fault::Undecodable);
        }
        self.state.count = 0;
        Ok((self.state.at, astray))
    }

    /// Passes over the restart marker with this number, which must stand here.
    pub(super) fn restart(&mut self, number: u8) -> Result<(), Fault> {
        let (mut at, _) = self.finish(0)?;
        loop {
            match self.byte(at + 1) {
                Some(0xff) => at += 1,
                Some(marker) if marker == 0xd0 + number => break,
                Some(_) => return Err(Fault::Undecodable),
                None => return Err(Fault::Ended),
            }
        }
        self.state = BitState::at(at + 2);
        Ok(())
    }
}
