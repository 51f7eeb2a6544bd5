//! PNG: chunk by chunk, each with its checksum, to the end chunk.
//!
//! Source: W3C PNG Specification, third edition, sections 5 and 11.

use libdeflater::Crc;

use super::kind::{Kind, Proof, Shape};
use super::window::Window;

/// Chunks of one file: real ones have a few thousand.
const MOST_CHUNKS: u32 = 1 << 20;
/// The longest chunk that the standard allows.
const LONGEST: u32 = i32::MAX as u32;

pub(super) fn measure(window: &mut Window<'_>) -> Option<Shape> {
    let header: [u8; 13] = window.array(16)?;
    if !plausible(&header) {
        return None;
    }
    let (mut at, mut has_data) = (8_u64, false);
    for number in 0..MOST_CHUNKS {
        let len = window.u32_be(at)?;
        let kind: [u8; 4] = window.array(at + 4)?;
        let letters = kind.iter().all(u8::is_ascii_alphabetic);
        if len > LONGEST || !letters || (kind == *b"IHDR") != (number == 0) {
            return None;
        }
        let end = at + 8 + u64::from(len);
        if end > window.len() || checksum(window, at + 4, end)? != window.u32_be(end)? {
            return None;
        }
        has_data |= kind == *b"IDAT";
        at = end + 4;
        if kind == *b"IEND" {
            let whole = len == 0 && has_data;
            return whole.then_some(Shape { kind: Kind::Png, len: at, proof: Proof::Content });
        }
    }
    None
}

/// Width, height, depth, colour and the three methods of the image header.
fn plausible(header: &[u8; 13]) -> bool {
    let [w0, w1, w2, w3, h0, h1, h2, h3, depth, colour, methods @ ..] = *header;
    let size = |n: [u8; 4]| (1..=LONGEST).contains(&u32::from_be_bytes(n));
    size([w0, w1, w2, w3])
        && size([h0, h1, h2, h3])
        && matches!(depth, 1 | 2 | 4 | 8 | 16)
        && matches!(colour, 0 | 2 | 3 | 4 | 6)
        && matches!(methods, [0, 0, 0 | 1])
}

fn checksum(window: &mut Window<'_>, from: u64, to: u64) -> Option<u32> {
    let mut crc = Crc::new();
    let mut at = from;
    while at < to {
        let piece = window.piece(at)?;
        let wanted = usize::try_from(to - at).map_or(piece.len(), |left| left.min(piece.len()));
        crc.update(&piece[..wanted]);
        at += wanted as u64;
    }
    Some(crc.sum())
}
