//! RIFF: WebP pictures and AVI videos.
//!
//! In: a file of chunks. Out: [`Metadata`]. An AVI's duration is its video stream's length by
//! its own clock; where the stream has none, frames by time per frame of the main header.
//! Refused: nothing; a chunk that runs past the end is the last.
//!
//! Source: RFC 9649, section 2 (WebP), RFC 6386, section 9.1 (VP8); Microsoft's AVI RIFF File
//! Reference.

use super::bytes::View;
use super::{Metadata, exif, xmp};

/// Chunks looked at, at most, in one list.
const CHUNKS: usize = 256;
/// The longest packet of text that is read, in bytes.
const TEXT: u64 = 1 << 20;

/// Gives each chunk (name, data) from `at` on to `each`, until it says stop.
fn walk<'a>(view: View<'a>, mut at: u64, mut each: impl FnMut([u8; 4], View<'a>) -> bool) {
    for _ in 0..CHUNKS {
        let Some(name) = view.array(at) else { return };
        let Some(len) = view.le32(at + 4).map(u64::from) else { return };
        let left = view.len().saturating_sub(at + 8);
        let Some(data) = view.part(at + 8, len.min(left)) else { return };
        if each(name, data) || len > left {
            return;
        }
        at += 8 + len + len % 2;
    }
}

pub(super) fn webp(view: View<'_>) -> Option<Metadata> {
    let mut found = Metadata::default();
    let mut from_xmp = Metadata::default();
    walk(view, 12, |name, data| {
        match &name {
            b"VP8X" => found.add(extended(data).unwrap_or_default()),
            b"VP8 " => found.add(lossy(data).unwrap_or_default()),
            b"VP8L" => found.add(lossless(data).unwrap_or_default()),
            b"EXIF" => {
                // Some writers put the name of JPEG's segment before the structure.
                let named = data.array::<6>(0).is_some_and(|name| &name == b"Exif\0\0");
                let tiff = data.rest(if named { 6 } else { 0 });
                found.add(tiff.and_then(exif::read).unwrap_or_default());
            }
            b"XMP " => {
                from_xmp.add(xmp::read(&data.vec(0, data.len(), TEXT).unwrap_or_default()));
            }
            _ => {}
        }
        false
    });
    found.add(from_xmp);
    Some(found)
}

fn extended(data: View<'_>) -> Option<Metadata> {
    let [w0, w1, w2, h0, h1, h2] = data.array(4)?;
    Some(Metadata::sized(
        u32::from_le_bytes([w0, w1, w2, 0]) + 1,
        u32::from_le_bytes([h0, h1, h2, 0]) + 1,
    ))
}

fn lossy(data: View<'_>) -> Option<Metadata> {
    if data.array(3)? != [0x9d, 0x01, 0x2a] {
        return None;
    }
    let size = |at| Some(u32::from(data.le16(at)? & 0x3fff));
    Some(Metadata::sized(size(6)?, size(8)?))
}

fn lossless(data: View<'_>) -> Option<Metadata> {
    if data.array(0)? != [0x2f] {
        return None;
    }
    let bits = data.le32(1)?;
    Some(Metadata::sized((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
}

pub(super) fn avi(view: View<'_>) -> Option<Metadata> {
    let mut found = Metadata::default();
    let mut by_frames = None;
    walk(view, 12, |name, data| {
        if &name != b"LIST" || data.array(0) != Some(*b"hdrl") {
            return false;
        }
        walk(data, 4, |name, data| {
            match &name {
                b"avih" => {
                    let size = data.le32(32).zip(data.le32(36)).unwrap_or_default();
                    found.add(Metadata::sized(size.0, size.1));
                    by_frames = data.le32(0).zip(data.le32(16)).map(|(us_per_frame, frames)| {
                        u64::from(us_per_frame) * u64::from(frames) / 1000
                    });
                }
                b"LIST" if data.array(0) == Some(*b"strl") => {
                    found.duration_ms = found.duration_ms.or_else(|| stream_ms(data));
                }
                _ => {}
            }
            false
        });
        true
    });
    found.duration_ms = found.duration_ms.or(by_frames).filter(|ms| *ms > 0);
    Some(found)
}

/// Duration of a video stream by its own clock, in milliseconds.
fn stream_ms(list: View<'_>) -> Option<u64> {
    let mut found = None;
    walk(list, 4, |name, data| {
        if &name == b"strh" && data.array(0) == Some(*b"vids") {
            let clock = data.le32(20).zip(data.le32(24)).zip(data.le32(32));
            found = clock.and_then(|((scale, rate), len)| {
                u128::checked_div(u128::from(scale) * u128::from(len) * 1000, u128::from(rate))
            });
        }
        found.is_some()
    });
    found.and_then(|ms| u64::try_from(ms).ok()).filter(|ms| *ms > 0)
}
