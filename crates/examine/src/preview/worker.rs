//! The content worker: one picture in, one blurred preview out, inside the sandbox; or whatever
//! [`pendeen_content::serve`] is asked.

use std::io::{self, Cursor};
use std::process::ExitCode;

use image::imageops::{FilterType, resize, thumbnail};
use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use pendeen_evidence::worker::sandbox;
use rustix::fs::FileType;

use super::protocol::{self, Answer};
use super::{GRAIN, SIDE};

/// Longest side of a picture that is decoded, in pixels.
const MOST_SIDE: u32 = 32_768;
/// Memory that decoding may ask for, in bytes.
const MOST_MEMORY: u64 = 1 << 30;

/// The whole life of `pendeen worker content`. To be called first thing in its process.
pub fn worker_main() -> ExitCode {
    // A socket: the parent opens containers with this process. A pipe: it wants a preview.
    let stdin = rustix::fs::fstat(io::stdin()).map(|stat| FileType::from_raw_mode(stat.st_mode));
    if stdin == Ok(FileType::Socket) {
        return pendeen_content::serve::main();
    }
    // Nothing of the picture is read before the sandbox is closed.
    let served = sandbox::enter(false).map_err(io::Error::other).and_then(|_| {
        let picture = protocol::asked(&mut io::stdin().lock())?;
        protocol::give(&mut io::stdout().lock(), &preview(&picture))
    });
    if served.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Decodes a picture and gives what is left of it.
fn preview(picture: &[u8]) -> Answer {
    match decode(picture).and_then(|picture| blur(&picture)) {
        Ok(png) => Answer::Preview(png),
        Err(error) => Answer::Refused(error.to_string()),
    }
}

fn decode(picture: &[u8]) -> image::ImageResult<DynamicImage> {
    let mut reader = ImageReader::new(Cursor::new(picture)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_SIDE);
    limits.max_image_height = Some(MOST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    reader.decode()
}

/// Down to a few patches by averaging, and up again smoothly: what was averaged away cannot be
/// brought back.
fn blur(picture: &DynamicImage) -> image::ImageResult<Vec<u8>> {
    let (width, height) = (picture.width().max(1), picture.height().max(1));
    let (grain_w, grain_h) = fit(width, height, GRAIN);
    let (side_w, side_h) = fit(width, height, SIDE);
    let patches = thumbnail(&picture.to_rgb8(), grain_w, grain_h);
    let smooth = resize(&patches, side_w, side_h, FilterType::CatmullRom);
    let mut png = Vec::new();
    DynamicImage::from(smooth).write_to(&mut Cursor::new(&mut png), ImageFormat::Png)?;
    Ok(png)
}

/// The sizes of a picture whose longer side is `longest`, at the same aspect, at least 1.
fn fit(width: u32, height: u32, longest: u32) -> (u32, u32) {
    let most = u64::from(width.max(height).max(1));
    let scale = |side: u32| {
        u32::try_from(u64::from(side) * u64::from(longest) / most).unwrap_or(longest).max(1)
    };
    (scale(width), scale(height))
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, Rgb, RgbImage};

    use super::*;

    fn png(picture: RgbImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        DynamicImage::from(picture)
            .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
            .unwrap();
        bytes
    }

    #[test]
    fn fine_detail_is_gone_and_broad_colour_stays() {
        // Left half red, right half blue, and over both a checkerboard of single pixels.
        let picture = ImageBuffer::from_fn(800, 400, |x, y| {
            let light = if (x + y) % 2 == 0 { 0 } else { 200 };
            if x < 400 { Rgb([255, light, 0]) } else { Rgb([0, light, 255]) }
        });
        let Answer::Preview(bytes) = preview(&png(picture)) else { panic!("no preview") };
        let small = image::load_from_memory(&bytes).unwrap().to_rgb8();
        assert_eq!(small.dimensions(), (SIDE, SIDE / 2));
        let (left, right) = (small.get_pixel(40, 60), small.get_pixel(200, 60));
        assert!(left[0] > 200 && left[2] < 50, "{left:?}");
        assert!(right[0] < 50 && right[2] > 200, "{right:?}");
        for x in 20..60 {
            let near =
                i32::from(small.get_pixel(x, 60)[1]) - i32::from(small.get_pixel(x + 1, 60)[1]);
            assert!(near.abs() <= 4, "neighbours differ by {near} at {x}");
        }
    }

    #[test]
    fn what_is_no_picture_or_too_large_is_refused_in_words() {
        for bytes in [&b""[..], b"text", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0"] {
            let answer = preview(bytes);
            assert!(matches!(&answer, Answer::Refused(reason) if !reason.is_empty()), "{answer:?}");
        }
        // A header that promises 60,000 x 60,000 pixels.
        let mut bomb = png(RgbImage::new(1, 1));
        bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        let crc = crc32(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        assert!(matches!(preview(&bomb), Answer::Refused(_)));
    }

    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(u32::MAX, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
                if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 }
            })
        })
    }

    #[test]
    fn slim_pictures_keep_at_least_a_pixel() {
        assert_eq!(fit(10_000, 1, 16), (16, 1));
        assert_eq!(fit(1, 10_000, 240), (1, 240));
        assert_eq!(fit(3, 3, 240), (240, 240));
    }
}
