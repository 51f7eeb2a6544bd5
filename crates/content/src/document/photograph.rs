//! JPEG: the EXIF thumbnail, and the video of a Motion Photo behind the picture.
//!
//! In: a JPEG. Out: `thumbnail.jpg` and `video.mp4`. The video is looked for by its own
//! structure, a chain of boxes with a `moov` among them, because makers describe its place
//! differently, or not at all. Refused: thumbnails that are no JPEG; makers' notes.
//!
//! Source: Exif 3.0, section 4.6.3; Android, "Motion Photo format 1.0"; ISO/IEC 14496-12.

use pendeen_fingerprint::metadata::{Thumbnail, thumbnail};

use super::{Part, Tell, find};

pub(super) fn parts(bytes: &[u8], tell: &mut Tell<'_>) -> Result<(), String> {
    let mut from = 2;
    if let Some(Thumbnail { at, len }) = thumbnail(&bytes) {
        let place = usize::try_from(at).ok().zip(usize::try_from(at.saturating_add(len)).ok());
        if let Some((at, end)) = place
            && let Some(thumbnail) = bytes.get(at..end)
        {
            let part = Part { name: "thumbnail.jpg".to_owned(), bytes: thumbnail.into() };
            if !tell(part) {
                return Ok(());
            }
            from = end;
        }
    }
    if let Some(video) = video(bytes, from) {
        tell(Part { name: "video.mp4".to_owned(), bytes: video.into() });
    }
    Ok(())
}

/// The first chain of boxes that begins with `ftyp` and has a `moov`.
fn video(bytes: &[u8], mut from: usize) -> Option<&[u8]> {
    loop {
        let at = find(bytes, b"ftyp", from)?;
        from = at + 4;
        let Some(start) = at.checked_sub(4) else { continue };
        if let Some(len) = bytes.get(start..).and_then(chain) {
            return bytes.get(start..start.checked_add(len)?);
        }
    }
}

/// Length of a chain of boxes; none where they are no video.
fn chain(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut moov) = (0_usize, false);
    loop {
        let header = bytes.get(at..).and_then(|rest| rest.get(..8));
        let Some(header) = header else { break };
        let (size, kind) = header.split_at(4);
        if !kind.iter().all(|b| b.is_ascii_alphanumeric() || *b == b' ') {
            break;
        }
        let size = match u32::from_be_bytes([size[0], size[1], size[2], size[3]]) {
            0 => bytes.len() - at,
            1 => {
                let long = crate::container::array(bytes, at + 8).map(u64::from_be_bytes)?;
                usize::try_from(long).ok()?
            }
            size => usize::try_from(size).ok()?,
        };
        let end = at.checked_add(size).filter(|end| size >= 8 && *end <= bytes.len());
        let Some(end) = end else { break };
        moov |= kind == b"moov";
        at = end;
    }
    (moov && at > 0).then_some(at)
}
