//! PNG, GIF and BMP: the size in their headers; for PNG also EXIF and XMP.
//!
//! In: a file of the format. Out: [`Metadata`].
//! Refused: compressed XMP in PNG, which the specification of XMP does not write.
//!
//! Source: PNG, third edition, sections 5.3 and 11; GIF89a, section 18; Microsoft's
//! BITMAPFILEHEADER and BITMAPINFOHEADER; XMP specification part 3, section 1.1.5.

use super::bytes::View;
use super::{Metadata, exif, xmp};

/// Chunks of a PNG looked at, at most.
const CHUNKS: usize = 4096;
/// The longest chunk of text that is read, in bytes.
const TEXT: u64 = 1 << 20;

pub(super) fn png(view: View<'_>) -> Option<Metadata> {
    const XMP: &[u8] = b"XML:com.adobe.xmp\0\0\0";
    if &view.array::<4>(12)? != b"IHDR" {
        return None;
    }
    let mut found = Metadata::sized(view.be32(16)?, view.be32(20)?);
    let mut from_xmp = Metadata::default();
    let mut at = 8;
    for _ in 0..CHUNKS {
        let Some(len) = view.be32(at).map(u64::from) else { break };
        let Some(data) = view.part(at + 8, len) else { break };
        match &view.array::<4>(at + 4)? {
            b"eXIf" => found.add(exif::read(data).unwrap_or_default()),
            b"iTXt" => {
                let packet = data.vec(0, len, TEXT).unwrap_or_default();
                if let Some(packet) = packet.strip_prefix(XMP) {
                    from_xmp.add(xmp::read(packet));
                }
            }
            b"IEND" => break,
            _ => {}
        }
        at += len + 12;
    }
    found.add(from_xmp);
    Some(found)
}

pub(super) fn gif(view: View<'_>) -> Option<Metadata> {
    Some(Metadata::sized(view.le16(6)?.into(), view.le16(8)?.into()))
}

pub(super) fn bmp(view: View<'_>) -> Option<Metadata> {
    let header = view.le32(14)?;
    if header == 12 {
        return Some(Metadata::sized(view.le16(18)?.into(), view.le16(20)?.into()));
    }
    // Both are signed; a negative height means that rows go from top to bottom.
    let width = view.array(18).map(i32::from_le_bytes)?;
    let height = view.array(22).map(i32::from_le_bytes)?;
    Some(Metadata::sized(u32::try_from(width).unwrap_or(0), height.unsigned_abs()))
}
