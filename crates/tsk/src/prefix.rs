//! Canonical prefix codes, as Microsoft's compressions have them: shorter codes first, among those
//! of one length the lower symbol first, and each told by its length alone.

/// Looks codes up by the bits that begin with them.
pub(crate) struct Code {
    /// For each run of `longest` bits the symbol whose code it begins with, and that code's length;
    /// length 0 where it begins with none.
    table: Vec<(u16, u8)>,
    longest: u32,
}

/// A symbol and how many bits its code has.
pub(crate) type Symbol = (usize, u32);

impl Code {
    /// The code in which the symbols have these lengths in bits, at most 16; 0 is no code.
    pub(crate) fn new(lengths: &[u8]) -> Result<Self, &'static str> {
        let longest = u32::from(lengths.iter().copied().max().unwrap_or(0));
        let mut table = vec![(0, 0); 1 << longest];
        let mut at = 0;
        for len in 1..=longest {
            let of_len = lengths.iter().enumerate().filter(|(_, has)| u32::from(**has) == len);
            for (symbol, has) in of_len {
                let end = at + (1 << (longest - len));
                let entry = (u16::try_from(symbol).unwrap_or(0), *has);
                table.get_mut(at..end).ok_or("its code lengths make no code")?.fill(entry);
                at = end;
            }
        }
        Ok(Self { table, longest })
    }

    /// How many bits [`Code::symbol`] wants to see.
    pub(crate) fn longest(&self) -> u32 {
        self.longest
    }

    /// The symbol whose code these bits begin with.
    pub(crate) fn symbol(&self, bits: usize) -> Result<Symbol, &'static str> {
        match self.table.get(bits) {
            Some((symbol, len)) if *len > 0 => Ok((usize::from(*symbol), u32::from(*len))),
            _ => Err("a code in it stands for nothing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_given_by_length_and_then_by_symbol() {
        let code = Code::new(&[2, 0, 1, 3, 3]).unwrap();
        assert_eq!(code.longest(), 3);
        let symbols: Vec<Symbol> = (0..8).map(|bits| code.symbol(bits).unwrap()).collect();
        assert_eq!(symbols, [(2, 1), (2, 1), (2, 1), (2, 1), (0, 2), (0, 2), (3, 3), (4, 3)]);
    }

    #[test]
    fn a_code_with_gaps_has_bits_that_stand_for_nothing_and_one_too_full_is_none() {
        let code = Code::new(&[0, 2, 2]).unwrap();
        assert!(code.symbol(1).is_ok() && code.symbol(2).is_err() && code.symbol(4).is_err());
        assert!(Code::new(&[1, 1, 1]).is_err());
        assert!(Code::new(&[0; 9]).unwrap().symbol(0).is_err());
    }
}
