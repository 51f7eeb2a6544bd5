//! EXIF: camera, time and place, in directories of a TIFF structure.
//!
//! In: a TIFF structure. Out: [`Metadata`]. The time is the original one where there is one,
//! else that of digitising, else the file's own; each only with the zone that belongs to it.
//! Refused: makers' notes, whose formats are secret; places outside the globe.
//!
//! Source: Exif 3.0 (CIPA DC-008-2023), sections 4.6.5 to 4.6.7; DNG 1.7 for 0xC62F.

use super::bytes::View;
use super::tiff::{Directory, Tiff};
use super::{Metadata, date, text};

mod tag {
    pub(super) const WIDTH: u16 = 0x0100;
    pub(super) const HEIGHT: u16 = 0x0101;
    pub(super) const MAKE: u16 = 0x010f;
    pub(super) const MODEL: u16 = 0x0110;
    pub(super) const DATE: u16 = 0x0132;
    pub(super) const THUMBNAIL_AT: u16 = 0x0201;
    pub(super) const THUMBNAIL_LEN: u16 = 0x0202;
    pub(super) const XMP: u16 = 0x02bc;
    pub(super) const EXIF: u16 = 0x8769;
    pub(super) const GPS: u16 = 0x8825;
    pub(super) const DATE_ORIGINAL: u16 = 0x9003;
    pub(super) const DATE_DIGITIZED: u16 = 0x9004;
    pub(super) const OFFSET: u16 = 0x9010;
    pub(super) const OFFSET_ORIGINAL: u16 = 0x9011;
    pub(super) const OFFSET_DIGITIZED: u16 = 0x9012;
    pub(super) const SUBSECOND: u16 = 0x9290;
    pub(super) const SUBSECOND_ORIGINAL: u16 = 0x9291;
    pub(super) const SUBSECOND_DIGITIZED: u16 = 0x9292;
    pub(super) const SERIAL: u16 = 0xa431;
    pub(super) const DNG_SERIAL: u16 = 0xc62f;
    pub(super) const LATITUDE_REF: u16 = 1;
    pub(super) const LATITUDE: u16 = 2;
    pub(super) const LONGITUDE_REF: u16 = 3;
    pub(super) const LONGITUDE: u16 = 4;
}

/// Camera, time and place of an EXIF structure.
pub(super) fn read(view: View<'_>) -> Option<Metadata> {
    let first = Tiff::open(view)?.first()?;
    let exif = first.child(tag::EXIF);
    let gps = first.child(tag::GPS);
    let of = |tag| first.bytes(tag).and_then(|bytes| text(&bytes));
    let (latitude_e7, longitude_e7) = gps.and_then(place).unzip();
    Some(Metadata {
        make: of(tag::MAKE),
        model: of(tag::MODEL),
        serial: exif
            .and_then(|exif| text(&exif.bytes(tag::SERIAL)?))
            .or_else(|| of(tag::DNG_SERIAL)),
        taken: taken(first, exif),
        latitude_e7,
        longitude_e7,
        ..Metadata::default()
    })
}

/// A TIFF file: its first picture's size, and its EXIF.
pub(super) fn tiff_file(view: View<'_>) -> Option<Metadata> {
    let first = Tiff::open(view)?.first()?;
    let mut found = Metadata::sized(
        first.number(tag::WIDTH).unwrap_or(0),
        first.number(tag::HEIGHT).unwrap_or(0),
    );
    found.add(read(view)?);
    if let Some(xmp) = first.bytes(tag::XMP) {
        found.add(super::xmp::read(&xmp));
    }
    Some(found)
}

/// Where the thumbnail of an EXIF structure lies in it: (position, length) in bytes.
pub(super) fn thumbnail(view: View<'_>) -> Option<(u64, u64)> {
    let second = Tiff::open(view)?.first()?.next()?;
    let at = u64::from(second.number(tag::THUMBNAIL_AT)?);
    let len = u64::from(second.number(tag::THUMBNAIL_LEN)?);
    view.part(at, len).filter(|part| part.array(0) == Some([0xff, 0xd8, 0xff])).map(|_| (at, len))
}

fn taken(first: Directory<'_>, exif: Option<Directory<'_>>) -> Option<String> {
    let of = |directory: Directory<'_>, tag| {
        directory
            .bytes(tag)
            .map(|bytes| String::from_utf8_lossy(&bytes).trim_end_matches(['\0', ' ']).to_owned())
    };
    let dated = |date: Option<String>, subsecond: u16, offset: u16| {
        let more = |tag| exif.and_then(|exif| of(exif, tag));
        date::exif(&date?, more(subsecond).as_deref(), more(offset).as_deref())
    };
    let original = exif.and_then(|exif| of(exif, tag::DATE_ORIGINAL));
    let digitized = exif.and_then(|exif| of(exif, tag::DATE_DIGITIZED));
    dated(original, tag::SUBSECOND_ORIGINAL, tag::OFFSET_ORIGINAL)
        .or_else(|| dated(digitized, tag::SUBSECOND_DIGITIZED, tag::OFFSET_DIGITIZED))
        .or_else(|| dated(of(first, tag::DATE), tag::SUBSECOND, tag::OFFSET))
}

/// (latitude, longitude) in ten-millionths of a degree.
fn place(gps: Directory<'_>) -> Option<(i32, i32)> {
    let axis = |value, reference, negative: u8, most| {
        let sign = *gps.bytes(reference)?.first()?;
        let magnitude = degrees_e7(gps.fractions(value)?).filter(|e7| *e7 <= most * 10_000_000)?;
        Some(if sign.eq_ignore_ascii_case(&negative) { -magnitude } else { magnitude })
    };
    Some((
        axis(tag::LATITUDE, tag::LATITUDE_REF, b'S', 90)?,
        axis(tag::LONGITUDE, tag::LONGITUDE_REF, b'W', 180)?,
    ))
}

/// Degrees, minutes and seconds in ten-millionths of a degree, rounded; none where one has no
/// denominator.
pub(super) fn degrees_e7(parts: [(u32, u32); 3]) -> Option<i32> {
    let mut sum = 0_i128;
    for ((numerator, denominator), per_degree) in parts.into_iter().zip([1_i128, 60, 3600]) {
        // A part that is not used is often written as 0/0.
        if numerator == 0 {
            continue;
        }
        if denominator == 0 {
            return None;
        }
        let scaled = i128::from(numerator) * 10_000_000 * 1000;
        sum += scaled / (i128::from(denominator) * per_degree);
    }
    i32::try_from((sum + 500) / 1000).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_minutes_and_seconds_add_up() {
        assert_eq!(degrees_e7([(50, 1), (15, 1), (36, 1)]), Some(502_600_000));
        assert_eq!(degrees_e7([(50, 1), (156, 10), (0, 0)]), Some(502_600_000));
        assert_eq!(degrees_e7([(1, 3), (0, 1), (0, 1)]), Some(3_333_333));
        assert_eq!(degrees_e7([(5, 0), (0, 1), (0, 1)]), None);
        assert_eq!(degrees_e7([(u32::MAX, 1), (0, 1), (0, 1)]), None);
    }
}
