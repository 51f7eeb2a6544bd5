//! Finds where files may begin, at about the speed at which memory is read.
//!
//! In: a stretch of bytes. Out: the positions of [`Signature`]s. A first pass compares every pair
//! of neighbouring bytes with the pairs that signatures have, a block at a time and without a
//! branch, so that the compiler makes vector code of it; only blocks with a hit are compared with
//! two more bytes, and only where that hits too, looked at byte by byte. A signature here has at least 32 bits that must be right; the validators do the rest.

use super::kind::Signature;

/// Bytes compared at once.
const BLOCK: usize = 64;
/// Bytes behind a block that are compared as well.
const MORE: usize = 6;
/// How far a signature reaches behind the pair that gives it away.
pub(super) const AHEAD: usize = 32;
/// How far a file begins before that pair: an `ftyp` is preceded by the length of its box.
pub(super) const BEHIND: usize = 4;
/// QuickTime's other boxes are weak signatures: they count at the beginning of a sector alone.
const SECTOR: usize = 512;

/// Tells each signature whose pair lies in `bytes[from..to]`, with the index of the file's first
/// byte. `position` is where `bytes` begins, for what must be aligned.
pub(super) fn find(
    bytes: &[u8],
    from: usize,
    to: usize,
    position: u64,
    each: &mut dyn FnMut(usize, Signature),
) {
    let to = to.min(bytes.len());
    let mut at = from;
    while at < to {
        let end = to.min(at + BLOCK);
        let full = bytes.get(at..at + BLOCK + MORE).filter(|_| at + BLOCK <= to);
        if full.is_none_or(|block| has_pair(block) && has_signature(block)) {
            (at..end).for_each(|at| examine(bytes, at, each));
        }
        at = end;
    }
    let first = position.saturating_add(from as u64).next_multiple_of(SECTOR as u64) - position;
    let mut at = usize::try_from(first).unwrap_or(to);
    while at < to {
        if quicktime(&bytes[at..]) {
            each(at, Signature::QuickTime);
        }
        at += SECTOR;
    }
}

/// Whether any pair of neighbours in a block and the bytes behind it begins a signature.
fn has_pair(block: &[u8]) -> bool {
    let (Some(first), Some(second)) = (block.first_chunk::<BLOCK>(), after(block, 1)) else {
        return true;
    };
    let mut hit = 0_u8;
    for (a, b) in first.iter().zip(second) {
        hit |= u8::from(*a == 0xff) & u8::from(*b == 0xd8)
            | u8::from(*a == 0x89) & u8::from(*b == b'P')
            | u8::from(*a == b'G') & u8::from(*b == b'I')
            | u8::from(*a == b'R') & u8::from(*b == b'I')
            | u8::from(*a == b'B') & u8::from(*b == b'M')
            | u8::from(*a == b'f') & u8::from(*b == b't')
            | u8::from(*a == 0x1a) & u8::from(*b == 0x45);
    }
    hit != 0
}

/// The same with two more bytes, for text is full of such pairs; of a BMP, with the first of
/// the bytes that must be zero.
fn has_signature(block: &[u8]) -> bool {
    let (Some(first), Some(second)) = (block.first_chunk::<BLOCK>(), after(block, 1)) else {
        return true;
    };
    let (Some(third), Some(fourth), Some(seventh)) =
        (after(block, 2), after(block, 3), after(block, 6))
    else {
        return true;
    };
    let mut hit = 0_u8;
    for ((((a, b), c), d), g) in first.iter().zip(second).zip(third).zip(fourth).zip(seventh) {
        let is = |w: u8, x: u8, y: u8, z: u8| {
            u8::from(*a == w) & u8::from(*b == x) & u8::from(*c == y) & u8::from(*d == z)
        };
        hit |= u8::from(*a == 0xff) & u8::from(*b == 0xd8) & u8::from(*c == 0xff)
            | is(0x89, b'P', b'N', b'G')
            | is(b'G', b'I', b'F', b'8')
            | is(b'R', b'I', b'F', b'F')
            | u8::from(*a == b'B') & u8::from(*b == b'M') & u8::from(*g == 0)
            | is(b'f', b't', b'y', b'p')
            | is(0x1a, 0x45, 0xdf, 0xa3);
    }
    hit != 0
}

/// A block of bytes from `at` on.
fn after(bytes: &[u8], at: usize) -> Option<&[u8; BLOCK]> {
    bytes.get(at..)?.first_chunk()
}

fn examine(bytes: &[u8], at: usize, each: &mut dyn FnMut(usize, Signature)) {
    let rest = &bytes[at..];
    match rest {
        [0xff, 0xd8, 0xff, marker, ..] if begins_jpeg(*marker) => each(at, Signature::Jpeg),
        [0x89, b'P', b'N', b'G', 13, 10, 26, 10, 0, 0, 0, 13, b'I', b'H', b'D', b'R', ..] => {
            each(at, Signature::Png);
        }
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => each(at, Signature::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, form @ ..]
            if form.starts_with(b"WEBP") || form.starts_with(b"AVI ") =>
        {
            each(at, Signature::Riff);
        }
        [b'B', b'M', rest @ ..] if begins_bmp(rest) => each(at, Signature::Bmp),
        [0x1a, 0x45, 0xdf, 0xa3, ..] => each(at, Signature::Ebml),
        [b'f', b't', b'y', b'p', ..] => {
            let start = at.checked_sub(BEHIND);
            if let Some([0, 0, high, low]) = start.and_then(|start| bytes.get(start..at))
                && low % 4 == 0
                && *high < 16
                && (*high, *low) >= (0, 16)
            {
                each(at - BEHIND, Signature::IsoMedia);
            }
        }
        _ => {}
    }
}

/// Markers that a file begins with: tables, a frame, an application's segment, a comment.
fn begins_jpeg(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xc2 | 0xc4 | 0xdb | 0xdd | 0xe0..=0xef | 0xfe)
}

/// What follows the two letters: a length, zeros, where the pixels begin, a header's length.
fn begins_bmp(rest: &[u8]) -> bool {
    rest.get(4..8) == Some(&[0; 4])
        && rest.get(10..12) == Some(&[0; 2])
        && matches!(rest.get(12..16), Some([12 | 40 | 52 | 56 | 64 | 108 | 124, 0, 0, 0]))
}

fn quicktime(bytes: &[u8]) -> bool {
    let Some(head) = bytes.first_chunk::<8>() else { return false };
    match &head[4..] {
        b"moov" => bytes.get(12..16) == Some(b"mvhd") || bytes.get(12..16) == Some(b"cmov"),
        b"mdat" => head[..4] != [0; 4],
        b"wide" | b"free" | b"skip" | b"pnot" => head[..2] == [0; 2],
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADS: [(&[u8], usize, Signature); 8] = [
        (b"\xff\xd8\xff\xe0", 0, Signature::Jpeg),
        (b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", 0, Signature::Png),
        (b"GIF89a", 0, Signature::Gif),
        (b"RIFF\x10\0\0\0WEBP", 0, Signature::Riff),
        (b"BM\x10\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", 0, Signature::Bmp),
        (b"\x1a\x45\xdf\xa3", 0, Signature::Ebml),
        (b"\0\0\0\x18ftyp", 4, Signature::IsoMedia),
        (b"\0\0\0\x08wide", 0, Signature::QuickTime),
    ];

    fn all(bytes: &[u8], from: usize, to: usize) -> Vec<(usize, Signature)> {
        let mut found = Vec::new();
        find(bytes, from, to, 0, &mut |at, signature| found.push((at, signature)));
        found.sort_unstable();
        found
    }

    #[test]
    fn each_signature_is_found_wherever_in_a_block_it_lies() {
        for (head, pair, signature) in HEADS {
            for at in (0..200).filter(|at| signature != Signature::QuickTime || at % 512 == 0) {
                let mut bytes = vec![0x55; 400];
                bytes[at..at + head.len()].copy_from_slice(head);
                assert_eq!(all(&bytes, 0, 400), [(at, signature)], "{signature:?} at {at}");
                // The range that holds the pair tells it, and no other.
                assert_eq!(all(&bytes, 0, at + pair).len(), 0);
                assert_eq!(all(&bytes, at + pair, at + pair + 1), [(at, signature)]);
                if signature != Signature::QuickTime {
                    assert_eq!(all(&bytes, at + pair + 1, 400).len(), 0);
                }
            }
        }
    }

    #[test]
    fn a_signature_cut_short_by_the_end_is_none() {
        for (head, _, _) in HEADS {
            for len in 0..head.len() {
                all(&head[..len], 0, len);
            }
        }
        assert_eq!(all(b"\xff\xd8\xff", 0, 3), []);
    }
}
