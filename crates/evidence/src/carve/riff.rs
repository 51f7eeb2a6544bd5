//! RIFF: `WebP` and AVI, chunk by chunk.
//!
//! `WebP`: its chunks must fill the length that the file states, and one must be a picture. AVI:
//! headers first, then every chunk of the streams, then an index; parts of more than a
//! gigabyte follow as further RIFFs (`AVIX`). Refused: AVIs whose recorder never wrote a length.
//! Source: RFC 9649; Microsoft, AVI RIFF File Reference; OpenDML AVI extensions 1.02.

use super::kind::{Kind, Proof, Shape};
use super::window::Window;

/// Chunks of one file.
const MOST_CHUNKS: u32 = 8 << 20;
/// Lists in lists: RIFF, `movi`, `rec `.
const DEEPEST: u32 = 4;

pub(super) fn measure(window: &mut Window<'_>) -> Option<Shape> {
    match &window.array::<4>(8)? {
        b"WEBP" => webp(window),
        b"AVI " => avi(window),
        _ => None,
    }
}

/// A chunk's name and length, and where its body ends, padding included.
fn chunk(window: &mut Window<'_>, at: u64, end: u64) -> Option<([u8; 4], u64, u64)> {
    let name: [u8; 4] = window.array(at)?;
    let len = u64::from(window.u32_le(at + 4)?);
    let next = at + 8 + len + len % 2;
    // The last chunk of some writers lacks its padding.
    let fits = next <= end || next == end + 1;
    (fits && name.iter().all(|b| (0x20..0x7f).contains(b))).then_some((name, len, next.min(end)))
}

/// Where a RIFF ends, within the space.
fn riff_end(window: &mut Window<'_>, at: u64) -> Option<u64> {
    let end = at + 8 + u64::from(window.u32_le(at + 4)?);
    (end <= window.len()).then_some(end)
}

fn webp(window: &mut Window<'_>) -> Option<Shape> {
    let end = riff_end(window, 0)?;
    let (mut at, mut pictures) = (12, 0);
    for number in 0..MOST_CHUNKS {
        if at == end {
            break;
        }
        let (name, len, next) = chunk(window, at, end)?;
        let sound = match &name {
            b"VP8 " => len >= 10 && window.bytes(at + 11, 3)? == [0x9d, 0x01, 0x2a],
            b"VP8L" => len >= 5 && window.u8(at + 8)? == 0x2f,
            b"VP8X" => len == 10 && number == 0,
            b"ANMF" => len >= 24,
            _ => number > 0,
        };
        if !sound {
            return None;
        }
        pictures += u32::from(matches!(&name, b"VP8 " | b"VP8L" | b"ANMF"));
        at = next;
    }
    (at == end && pictures > 0).then_some(Shape { kind: Kind::Webp, len: end, proof: Proof::Frame })
}

fn avi(window: &mut Window<'_>) -> Option<Shape> {
    let mut avi = Avi { left: MOST_CHUNKS, header: false, frames: 0 };
    let mut end = riff_end(window, 0)?;
    avi.list(window, 12, end, 0)?;
    if !avi.header || avi.frames == 0 {
        return None;
    }
    // OpenDML: further parts, each a RIFF of its own.
    while window.bytes(end, 4) == Some(b"RIFF") && window.bytes(end + 8, 4) == Some(b"AVIX") {
        let Some(next) = riff_end(window, end) else { break };
        if avi.list(window, end + 12, next, 0).is_none() {
            break;
        }
        end = next;
    }
    Some(Shape { kind: Kind::Avi, len: end, proof: Proof::Chain })
}

struct Avi {
    left: u32,
    header: bool,
    frames: u64,
}

impl Avi {
    /// Walks the chunks of a list, which must fill it.
    fn list(&mut self, window: &mut Window<'_>, from: u64, end: u64, depth: u32) -> Option<()> {
        let mut at = from;
        while at < end {
            self.left = self.left.checked_sub(1)?;
            let (name, len, next) = chunk(window, at, end)?;
            if &name == b"LIST" {
                let kind: [u8; 4] = window.array(at + 8)?;
                let walked = matches!(&kind, b"hdrl" | b"movi" | b"rec " | b"strl" | b"odml");
                if len < 4 || (!self.header && &kind != b"hdrl") {
                    return None;
                }
                if walked && depth < DEEPEST {
                    self.list(window, at + 12, next, depth + 1)?;
                }
            } else if &name == b"avih" {
                self.header = len >= 40;
            } else if !self.header {
                return None;
            } else if name[..2].iter().all(u8::is_ascii_digit) {
                self.frames += 1;
            }
            at = next;
        }
        Some(())
    }
}
