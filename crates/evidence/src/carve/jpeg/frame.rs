//! What a JPEG's frame header says: size, components, and how blocks are counted.
//!
//! Source: ITU-T T.81, B.2.2 and A.2.

/// The most blocks of a progressive picture whose state is kept: about 500 million pixels.
const MOST_BLOCKS: u64 = 12 << 20;

/// How the coefficients are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// One after the other, by Huffman codes.
    Sequential,
    /// In several passes, by Huffman codes.
    Progressive,
    /// Otherwise (arithmetic, lossless, 12 bits, of unknown height): only markers are followed.
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) id: u8,
    pub(super) across: u64,
    pub(super) down: u64,
    pub(super) quantiser: usize,
    /// Blocks of its own, when it is coded alone.
    pub(super) own: (u64, u64),
    /// Blocks in a row, with what fills up the last unit.
    pub(super) stride: u64,
    /// Blocks in all.
    pub(super) blocks: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) coding: Coding,
    pub(super) components: Vec<Component>,
    /// Units of interleaved scans, across and down.
    pub(super) units: (u64, u64),
}

impl Frame {
    /// From the marker's number and its segment. None where it makes no sense.
    pub(super) fn parse(marker: u8, segment: &[u8]) -> Option<Self> {
        let [depth, h0, h1, w0, w1, count, rest @ ..] = segment else { return None };
        let height = u64::from(u16::from_be_bytes([*h0, *h1]));
        let width = u64::from(u16::from_be_bytes([*w0, *w1]));
        let sound = width > 0
            && (1..=4).contains(count)
            && rest.len() == 3 * usize::from(*count)
            && matches!(depth, 2..=16);
        if !sound {
            return None;
        }
        let parts: Vec<(u8, u64, u64, usize)> = rest
            .chunks_exact(3)
            .map(|part| {
                let (across, down) = (u64::from(part[1] >> 4), u64::from(part[1] & 15));
                (part[0], across, down, usize::from(part[2]))
            })
            .collect();
        let fits = |(_, across, down, quantiser): &(u8, u64, u64, usize)| {
            (1..=4).contains(across) && (1..=4).contains(down) && *quantiser < 4
        };
        if !parts.iter().all(fits) {
            return None;
        }
        let most_across = parts.iter().map(|part| part.1).max()?;
        let most_down = parts.iter().map(|part| part.2).max()?;
        let units = (width.div_ceil(8 * most_across), height.div_ceil(8 * most_down));
        let components: Vec<Component> = parts
            .into_iter()
            .map(|(id, across, down, quantiser)| Component {
                id,
                across,
                down,
                quantiser,
                own: (
                    (width * across).div_ceil(most_across).div_ceil(8),
                    (height * down).div_ceil(most_down).div_ceil(8),
                ),
                stride: units.0 * across,
                blocks: units.0 * across * units.1 * down,
            })
            .collect();
        let blocks: u64 = components.iter().map(|part| part.blocks).sum();
        let coding = match (marker, depth) {
            (0xc0 | 0xc1, 8) if height > 0 => Coding::Sequential,
            (0xc2, 8) if height > 0 && blocks <= MOST_BLOCKS => Coding::Progressive,
            _ => Coding::Other,
        };
        Some(Self { coding, components, units })
    }
}
