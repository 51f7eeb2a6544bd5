//! GIF: block by block to the trailer.
//!
//! Source: GIF89a Specification, 1990.

use super::kind::{Kind, Proof, Shape};
use super::window::Window;

/// Blocks and sub-blocks of one file: a long animation has some hundred thousand.
const MOST_BLOCKS: u32 = 16 << 20;

pub(super) fn measure(window: &mut Window<'_>) -> Option<Shape> {
    let screen: [u8; 7] = window.array(6)?;
    let mut at = 13 + table(screen[4]);
    let (mut left, mut images) = (MOST_BLOCKS, 0_u64);
    loop {
        left = left.checked_sub(1)?;
        match window.u8(at)? {
            0x3b => {
                let shape = Shape { kind: Kind::Gif, len: at + 1, proof: Proof::Chain };
                return (images > 0).then_some(shape);
            }
            0x21 => {
                // Graphic control, comment, plain text, application.
                let label = window.u8(at + 1)?;
                let fixed = match label {
                    0xf9 => Some(4),
                    0x01 => Some(12),
                    0xff => Some(11),
                    0xfe => None,
                    _ => return None,
                };
                if fixed.is_some() && window.u8(at + 2) != fixed {
                    return None;
                }
                at = sub_blocks(window, at + 2, &mut left)?;
            }
            0x2c => {
                let image: [u8; 9] = window.array(at + 1)?;
                let width = u16::from_le_bytes([image[4], image[5]]);
                let height = u16::from_le_bytes([image[6], image[7]]);
                let data = at + 10 + table(image[8]);
                if width == 0 || height == 0 || !(2..=8).contains(&window.u8(data)?) {
                    return None;
                }
                // An image without any data is none.
                if window.u8(data + 1)? == 0 {
                    return None;
                }
                at = sub_blocks(window, data + 1, &mut left)?;
                images += 1;
            }
            _ => return None,
        }
    }
}

/// Length of the colour table that a descriptor's flags announce, in bytes.
fn table(flags: u8) -> u64 {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Passes over a chain of sub-blocks; gives what lies behind its end.
fn sub_blocks(window: &mut Window<'_>, mut at: u64, left: &mut u32) -> Option<u64> {
    loop {
        *left = left.checked_sub(1)?;
        let len = window.u8(at)?;
        at += 1 + u64::from(len);
        if len == 0 {
            return Some(at);
        }
    }
}
