//! JPEG: the frame's size, and the EXIF and XMP segments before it.
//!
//! In: a JPEG file. Out: [`Metadata`], and where the EXIF thumbnail lies. Walks the segments up
//! to the first scan; what is behind it is pixels. Refused: nothing; a segment that runs past
//! the end ends the walk.
//!
//! Source: ITU-T T.81, annex B; Exif 3.0, section 4.7; XMP specification part 3, section 1.1.3.

use super::bytes::View;
use super::{Bytes, Metadata, exif, xmp};

/// Segments looked at, at most.
const SEGMENTS: usize = 1024;
const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// What the file says of itself.
pub(super) fn read(view: View<'_>) -> Option<Metadata> {
    let mut found = Metadata::default();
    let mut from_xmp = Metadata::default();
    walk(view, |marker, payload| {
        match marker {
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                if let (Some(height), Some(width)) = (payload.be16(1), payload.be16(3)) {
                    found.add(Metadata::sized(width.into(), height.into()));
                }
            }
            0xe1 => {
                if let Some(tiff) = behind(payload, EXIF) {
                    found.add(exif::read(tiff).unwrap_or_default());
                } else if let Some(packet) = behind(payload, XMP) {
                    let packet = packet.vec(0, packet.len(), 1 << 16).unwrap_or_default();
                    from_xmp.add(xmp::read(&packet));
                }
            }
            _ => {}
        }
        false
    });
    found.add(from_xmp);
    Some(found)
}

/// Where a picture's EXIF thumbnail lies in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thumbnail {
    /// First byte, from the beginning of the file.
    pub at: u64,
    /// Length in bytes.
    pub len: u64,
}

/// The thumbnail of a JPEG file; none where it has none, or the place named holds no JPEG.
pub fn thumbnail(content: &dyn Bytes) -> Option<Thumbnail> {
    let view = View::whole(content);
    let mut found = None;
    walk(view, |marker, payload| {
        let tiff = (marker == 0xe1).then(|| behind(payload, EXIF)).flatten();
        if let Some((tiff, (at, len))) = tiff.and_then(|tiff| Some((tiff, exif::thumbnail(tiff)?)))
        {
            found = Some(Thumbnail { at: tiff.offset_in(view).saturating_add(at), len });
        }
        found.is_some()
    });
    found
}

/// Whether a JPEG file seems to hold another picture, or a video: an EXIF thumbnail, or what
/// phones write of a Motion Photo.
pub fn embeds(content: &dyn Bytes) -> bool {
    let view = View::whole(content);
    let mut motion = false;
    walk(view, |marker, payload| {
        if let (0xe1, Some(packet)) = (marker, behind(payload, XMP)) {
            let packet = packet.vec(0, packet.len(), 1 << 16).unwrap_or_default();
            let holds = |mark: &[u8]| packet.windows(mark.len()).any(|w| w == mark);
            motion |= holds(b"MotionPhoto") || holds(b"MicroVideo");
        }
        motion
    });
    // Samsung's phones end the file with a mark of their own.
    let tail = view.len().checked_sub(4).and_then(|at| view.array(at));
    motion || tail == Some(*b"SEFT") || thumbnail(content).is_some()
}

/// What follows a name at the beginning of a segment.
fn behind<'a>(payload: View<'a>, name: &[u8]) -> Option<View<'a>> {
    let len = name.len() as u64;
    (payload.vec(0, len, len)? == name).then(|| payload.rest(len))?
}

/// Gives each segment (marker, payload) up to the first scan to `each`, until it says stop.
fn walk<'a>(view: View<'a>, mut each: impl FnMut(u8, View<'a>) -> bool) {
    let mut at = 2;
    for _ in 0..SEGMENTS {
        let Some([0xff, marker]) = view.array(at) else { return };
        match marker {
            // Fill bytes before a marker.
            0xff => {
                at += 1;
                continue;
            }
            // Markers without a payload.
            0x01 | 0xd0..=0xd8 => {
                at += 2;
                continue;
            }
            0xd9 | 0xda => return,
            _ => {}
        }
        let payload = view.be16(at + 2).and_then(|len| {
            let len = u64::from(len);
            Some((view.part(at + 4, len.checked_sub(2)?)?, len))
        });
        let Some((payload, len)) = payload else { return };
        if each(marker, payload) {
            return;
        }
        at += 2 + len;
    }
}
