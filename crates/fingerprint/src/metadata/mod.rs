//! What a picture or a video says of itself: size, duration, camera, time and place.
//!
//! In: the bytes of a content, by position ([`Bytes`]), and its media type by signature. Out:
//! [`Metadata`], with nothing where the format says nothing. The formats' own headers give size
//! and duration; EXIF gives camera, time and place, and XMP what EXIF leaves out.
//! Refused: guessing. A field that contradicts its format's rules is left out, never repaired.
//! Every loop over structure is bounded, and every length is checked before it is believed:
//! the bytes are hostile.
//!
//! Source: each module names its format's.

mod bmff;
mod bytes;
mod date;
mod encrypted;
mod exif;
mod heif;
mod jpeg;
mod matroska;
mod movie;
mod raster;
mod riff;
mod tiff;
mod xmp;

pub use bytes::Bytes;
use bytes::View;
pub use encrypted::{Encrypted, encrypted};
pub use jpeg::{Thumbnail, embeds, thumbnail};
use serde::{Deserialize, Serialize};

/// What a content says of itself. All of it is what was written there, not what is true.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Width as stored, in pixels, before any rotation.
    pub width_px: Option<u32>,
    /// Height as stored, in pixels, before any rotation.
    pub height_px: Option<u32>,
    /// Duration in milliseconds.
    pub duration_ms: Option<u64>,
    /// Maker of the camera.
    pub make: Option<String>,
    /// Model of the camera.
    pub model: Option<String>,
    /// Serial number of the camera's body.
    pub serial: Option<String>,
    /// When it was taken: `2024-05-06T07:08:09+01:00`; no zone at the end where none is given.
    pub taken: Option<String>,
    /// Degrees north, in ten-millionths.
    pub latitude_e7: Option<i32>,
    /// Degrees east, in ten-millionths.
    pub longitude_e7: Option<i32>,
}

impl Metadata {
    /// Takes from `other` what is not known yet.
    fn add(&mut self, other: Self) {
        fn fill<T>(mine: &mut Option<T>, theirs: Option<T>) {
            if mine.is_none() {
                *mine = theirs;
            }
        }
        fill(&mut self.width_px, other.width_px);
        fill(&mut self.height_px, other.height_px);
        fill(&mut self.duration_ms, other.duration_ms);
        fill(&mut self.make, other.make);
        fill(&mut self.model, other.model);
        fill(&mut self.serial, other.serial);
        fill(&mut self.taken, other.taken);
        // A latitude of one source and a longitude of another would be a place that nobody named.
        if self.latitude_e7.is_none() && self.longitude_e7.is_none() {
            self.latitude_e7 = other.latitude_e7;
            self.longitude_e7 = other.longitude_e7;
        }
    }

    fn sized(width: u32, height: u32) -> Self {
        let real = |px: u32| (px > 0).then_some(px);
        Self { width_px: real(width), height_px: real(height), ..Self::default() }
    }
}

/// Whether [`metadata`] can say anything about contents of this type.
pub fn has_metadata(media_type: &str) -> bool {
    reader(media_type).is_some()
}

/// What the content says of itself; none where its format is not read here or says nothing.
pub fn metadata(content: &dyn Bytes, media_type: &str) -> Option<Metadata> {
    let found = reader(media_type)?(View::whole(content))?;
    (found != Metadata::default()).then_some(found)
}

fn reader(media_type: &str) -> Option<fn(View<'_>) -> Option<Metadata>> {
    Some(match media_type {
        "image/jpeg" => jpeg::read,
        "image/png" => raster::png,
        "image/gif" => raster::gif,
        "image/bmp" => raster::bmp,
        "image/webp" => riff::webp,
        "image/tiff" => exif::tiff_file,
        "image/heic" | "image/heif" | "image/avif" | "image/heic-sequence" => heif::read,
        "video/mp4" | "video/quicktime" | "video/3gpp" | "video/3gpp2" | "audio/mp4" => movie::read,
        "video/x-msvideo" => riff::avi,
        "video/matroska" | "video/webm" => matroska::read,
        _ => return None,
    })
}

/// The longest text that a field keeps, in characters.
const TEXT_CHARS: usize = 256;

/// A text field: without padding and control characters; none where nothing is left.
fn text(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let decoded = String::from_utf8_lossy(&bytes[..end]);
    let kept: String =
        decoded.trim().chars().filter(|c| !c.is_control()).take(TEXT_CHARS).collect();
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_already_is_kept_and_places_are_never_mixed() {
        let mut first =
            Metadata { make: Some("A".into()), latitude_e7: Some(1), ..Metadata::default() };
        first.add(Metadata {
            make: Some("B".into()),
            model: Some("M".into()),
            longitude_e7: Some(2),
            ..Metadata::default()
        });
        assert_eq!(first.make.as_deref(), Some("A"));
        assert_eq!(first.model.as_deref(), Some("M"));
        assert_eq!((first.latitude_e7, first.longitude_e7), (Some(1), None));
    }

    #[test]
    fn text_loses_padding_and_control_characters_and_has_an_end() {
        assert_eq!(text(b"  Canon\0\0garbage").as_deref(), Some("Canon"));
        assert_eq!(text(b"a\x1b[31mb").as_deref(), Some("a[31mb"));
        assert_eq!(text(b" \0"), None);
        assert_eq!(text(&[b'x'; 9999]).map(|t| t.len()), Some(TEXT_CHARS));
    }
}
