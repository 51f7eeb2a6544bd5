//! Generated pictures for the demo's disk: landscapes, colour cards and patterns, nothing else.
//!
//! Deterministic: the same number gives the same pixels.

use std::io::Cursor;

use image::{ImageFormat, Rgb, RgbImage};

const WIDTH: u32 = 320;
const HEIGHT: u32 = 240;

/// What a generated picture shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Motif {
    /// Sky, sun and three rows of hills.
    Landscape,
    /// A card of 24 colour patches.
    ColourCard,
    /// Interfering waves.
    Waves,
}

/// Draws picture number `number` of a motif and encodes it.
pub fn encode(motif: Motif, number: u32, format: ImageFormat) -> image::ImageResult<Vec<u8>> {
    let picture = match motif {
        Motif::Landscape => RgbImage::from_fn(WIDTH, HEIGHT, |x, y| landscape(number, x, y)),
        Motif::ColourCard => RgbImage::from_fn(WIDTH, HEIGHT, |x, y| colour_card(number, x, y)),
        Motif::Waves => RgbImage::from_fn(WIDTH, HEIGHT, |x, y| waves(number, x, y)),
    };
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format)?;
    Ok(bytes.into_inner())
}

fn landscape(number: u32, x: u32, y: u32) -> Rgb<u8> {
    let (fx, fy, n) = (to_f32(x), to_f32(y), to_f32(number));
    let sun = (60.0 + (n * 53.0) % 200.0, 50.0 + (n * 17.0) % 40.0);
    for (row, base) in [110.0_f32, 150.0, 190.0].into_iter().enumerate() {
        let r = to_f32(u32::try_from(row).unwrap_or(0));
        let ridge = base
            + 18.0 * ((fx / (38.0 + 9.0 * r)) + n * (1.3 + r)).sin()
            + 7.0 * (fx / 11.0 + n).sin();
        if fy > ridge && (row == 2 || fy < base + 60.0) {
            return Rgb([
                channel(70.0 - 18.0 * r),
                channel(130.0 - 26.0 * r),
                channel(80.0 - 12.0 * r),
            ]);
        }
    }
    if (fx - sun.0).hypot(fy - sun.1) < 18.0 {
        return Rgb([255, 236, 160]);
    }
    Rgb([channel(110.0 + fy * 0.6), channel(165.0 + fy * 0.4), 235])
}

fn colour_card(number: u32, x: u32, y: u32) -> Rgb<u8> {
    let (column, row) = (x * 6 / WIDTH, y * 4 / HEIGHT);
    if x % (WIDTH / 6) < 4 || y % (HEIGHT / 4) < 4 {
        return Rgb([30, 30, 30]);
    }
    let patch = row * 6 + column + number * 7;
    let byte =
        |shift: u32| u8::try_from((patch.wrapping_mul(2_654_435_761) >> shift) & 0xff).unwrap_or(0);
    Rgb([byte(24), byte(16), byte(8)])
}

fn waves(number: u32, x: u32, y: u32) -> Rgb<u8> {
    let (fx, fy, n) = (to_f32(x) / 20.0, to_f32(y) / 20.0, to_f32(number));
    let value = (fx + n).sin() + (fy * 1.3 - n).cos() + (fx.hypot(fy) * 0.7).sin();
    let tone = |phase: f32| channel(127.0 + 42.0 * (value + phase).sin() * 3.0);
    Rgb([tone(n), tone(n + 2.0), tone(n + 4.0)])
}

fn to_f32(value: u32) -> f32 {
    f32::from(u16::try_from(value).unwrap_or(u16::MAX))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=255 first"
)]
fn channel(value: f32) -> u8 {
    value.clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_gives_the_same_bytes_and_another_gives_others() {
        for motif in [Motif::Landscape, Motif::ColourCard, Motif::Waves] {
            let one = encode(motif, 1, ImageFormat::Png).unwrap();
            assert_eq!(one, encode(motif, 1, ImageFormat::Png).unwrap());
            assert_ne!(one, encode(motif, 2, ImageFormat::Png).unwrap());
        }
    }
}
