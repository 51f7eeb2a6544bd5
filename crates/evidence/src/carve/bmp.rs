//! BMP: a header whose lengths must all agree.
//!
//! The pixels themselves prove nothing, so that everything that the header says twice must be
//! the same. Source: Microsoft, Bitmap Storage (BITMAPFILEHEADER, BITMAPINFOHEADER, V4, V5).

use super::kind::{Kind, Proof, Shape};
use super::window::Window;

/// Widest and highest picture, in pixels.
const LARGEST: u64 = 65_535;

pub(super) fn measure(window: &mut Window<'_>) -> Option<Shape> {
    let declared = u64::from(window.u32_le(2)?);
    let pixels_at = u64::from(window.u32_le(10)?);
    let header_len = u64::from(window.u32_le(14)?);
    let core = header_len == 12;
    let (width, height, rest) = if core {
        let size: [u8; 4] = window.array(18)?;
        let [w, h] = [[size[0], size[1]], [size[2], size[3]]].map(u16::from_le_bytes);
        (u64::from(w), u64::from(h), 22)
    } else {
        let width = i32::from_le_bytes(window.array(18)?);
        let height = i32::from_le_bytes(window.array(22)?);
        (u64::try_from(width).ok()?, u64::from(height.unsigned_abs()), 26)
    };
    let [planes, _, bits, _]: [u8; 4] = window.array(rest)?;
    let compression = if core { 0 } else { window.u32_le(30)? };
    let stated = if core { 0 } else { u64::from(window.u32_le(34)?) };
    let sound = (1..=LARGEST).contains(&width)
        && (1..=LARGEST).contains(&height)
        && planes == 1
        && matches!(bits, 1 | 4 | 8 | 16 | 24 | 32);
    if !sound {
        return None;
    }
    let packed = match (compression, bits) {
        (0, _) | (3 | 6, 16 | 32) => (width * u64::from(bits)).div_ceil(32) * 4 * height,
        // Run lengths: only the header says how long they are.
        (1, 8) | (2, 4) if stated > 0 => stated,
        _ => return None,
    };
    let end = pixels_at.checked_add(packed)?;
    let tables = 14 + header_len + colours(window, header_len, bits, compression)?;
    let stated_fits = stated == 0 || (packed..packed + 4).contains(&stated);
    let fits = (tables..=tables + 64).contains(&pixels_at)
        && stated_fits
        && (end..=end + 3).contains(&declared)
        && declared <= window.len();
    fits.then_some(Shape { kind: Kind::Bmp, len: declared, proof: Proof::Frame })
}

/// Length of the colour table or masks between header and pixels, in bytes.
fn colours(window: &mut Window<'_>, header_len: u64, bits: u8, compression: u32) -> Option<u64> {
    if header_len == 12 {
        return Some(if bits <= 8 { 3 << bits } else { 0 });
    }
    let used = u64::from(window.u32_le(46)?);
    Some(match (bits, compression) {
        (1 | 4 | 8, _) if used == 0 => 4 << bits,
        (1 | 4 | 8, _) if used <= 1 << bits => 4 * used,
        (1 | 4 | 8, _) => return None,
        (_, 3) if header_len == 40 => 12,
        (_, 6) if header_len == 40 => 16,
        _ if used <= 256 => 4 * used,
        _ => return None,
    })
}
