//! MP4, QuickTime and 3GP: duration, size, time and camera, from the `moov` box.
//!
//! In: a file of boxes. Out: [`Metadata`]. The duration is the movie's; where that is zero, as
//! in fragmented files, the one that the fragments' header gives. The size is the largest
//! video track's. A time with a zone, as phones write it, goes before the header's time, which
//! is UTC by the standard.
//! Refused: sizes and times in the samples themselves.
//!
//! Source: ISO/IEC 14496-12, sections 8.2, 8.3 and 8.8; Apple's QuickTime File Format
//! Specification, "Metadata" and "User data"; XMP
//! specification part 3, sections 1.2.2 and 1.2.4; ISO 6709 for places.

use super::bmff::{Box_, boxes, find, path};
use super::bytes::View;
use super::{Metadata, date, text, xmp};

/// Seconds from 1904-01-01, which the format counts from, to 1970-01-01.
const EPOCH: i64 = 2_082_844_800;
/// The longest value that is read, in bytes.
const VALUE: u64 = 4096;
/// The longest packet of XMP that is read, in bytes.
const PACKET: u64 = 1 << 20;
/// The box that holds XMP.
const XMP: [u8; 16] = *b"\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac";

pub(super) fn read(view: View<'_>) -> Option<Metadata> {
    let moov = find(view, *b"moov")?;
    let mut found = Metadata::default();
    let tracks = boxes(moov).filter(|b| &b.kind == b"trak").filter_map(|b| track_size(b.payload));
    let largest = tracks.max_by_key(|(width, height)| u64::from(*width) * u64::from(*height));
    if let Some((width, height)) = largest {
        found.add(Metadata::sized(width, height));
    }
    if let Some(meta) = find(moov, *b"meta") {
        found.add(keyed(meta).unwrap_or_default());
    }
    if let Some(udta) = find(moov, *b"udta") {
        found.add(user_data(udta));
    }
    if let Some(packet) = packet(view, moov) {
        found.add(xmp::read(&packet));
    }
    found.add(header(moov).unwrap_or_default());
    Some(found)
}

/// The XMP packet: in a box of its own, or in QuickTime's user data.
fn packet(file: View<'_>, moov: View<'_>) -> Option<Vec<u8>> {
    let boxed = |b: &Box_<'_>| &b.kind == b"uuid" && b.payload.array(0) == Some(XMP);
    let packet = boxes(file)
        .find(boxed)
        .and_then(|b| b.payload.rest(XMP.len() as u64))
        .or_else(|| path(moov, &[b"udta", b"XMP_"]))?;
    packet.vec(0, packet.len(), PACKET)
}

/// Duration and time of the movie header.
fn header(moov: View<'_>) -> Option<Metadata> {
    let mvhd = find(moov, *b"mvhd")?;
    let (created, timescale, duration) = match mvhd.array(0)? {
        [1] => (mvhd.be64(4)?, mvhd.be32(20)?, mvhd.be64(24)?),
        [_] => (mvhd.be32(4)?.into(), mvhd.be32(12)?, mvhd.be32(16)?.into()),
    };
    let unknown = duration == 0 || duration == u64::from(u32::MAX) || duration == u64::MAX;
    let duration = if unknown { fragments(moov).unwrap_or(0) } else { duration };
    let ms = (u128::from(duration) * 1000).checked_div(u128::from(timescale));
    let since_1970 = i64::try_from(created).ok().and_then(|s| s.checked_sub(EPOCH));
    Some(Metadata {
        duration_ms: ms.and_then(|ms| u64::try_from(ms).ok()).filter(|ms| *ms > 0),
        taken: since_1970.filter(|s| *s > 0).and_then(date::unix),
        ..Metadata::default()
    })
}

/// The duration that the fragments' header gives.
fn fragments(moov: View<'_>) -> Option<u64> {
    let mehd = path(moov, &[b"mvex", b"mehd"])?;
    match mehd.array(0)? {
        [1] => mehd.be64(4),
        [_] => mehd.be32(4).map(u64::from),
    }
}

/// Width and height of a video track, in pixels.
fn track_size(trak: View<'_>) -> Option<(u32, u32)> {
    let hdlr = path(trak, &[b"mdia", b"hdlr"])?;
    if &hdlr.array::<4>(8)? != b"vide" {
        return None;
    }
    let tkhd = find(trak, *b"tkhd")?;
    let at = if tkhd.array(0)? == [1] { 88 } else { 76 };
    // Fixed-point numbers of 16.16 bits.
    Some((tkhd.be32(at)? >> 16, tkhd.be32(at + 4)? >> 16))
}

/// Apple's metadata: names in `keys`, values in `ilst` by the name's number.
fn keyed(meta: View<'_>) -> Option<Metadata> {
    // QuickTime writes this box without a version, MP4 with one.
    let meta = if find(meta, *b"hdlr").is_some() { meta } else { meta.rest(4)? };
    let keys = find(meta, *b"keys")?.rest(8)?;
    let names: Vec<Vec<u8>> =
        boxes(keys).map(|b| b.payload.vec(0, b.payload.len(), VALUE).unwrap_or_default()).collect();
    let mut found = Metadata::default();
    for Box_ { kind, payload } in boxes(find(meta, *b"ilst")?) {
        let number = u32::from_be_bytes(kind);
        let Some(name) = (number as usize).checked_sub(1).and_then(|n| names.get(n)) else {
            continue;
        };
        let Some(data) = find(payload, *b"data").and_then(|data| data.rest(8)) else { continue };
        let Some(value) = data.vec(0, data.len(), VALUE).and_then(|value| text(&value)) else {
            continue;
        };
        let name =
            name.strip_prefix(b"com.apple.quicktime.").or(name.strip_prefix(b"com.android."));
        found.add(named(name.unwrap_or_default(), value));
    }
    Some(found)
}

/// A named value.
fn named(name: &[u8], value: String) -> Metadata {
    let mut found = Metadata::default();
    match name {
        b"make" | b"manufacturer" => found.make = Some(value),
        b"model" => found.model = Some(value),
        b"creationdate" => found.taken = date::normal(&value),
        b"location.ISO6709" => {
            (found.latitude_e7, found.longitude_e7) = iso6709(&value).unzip();
        }
        _ => {}
    }
    found
}

/// User data: boxes whose type is a name, with a length and a language before the text.
fn user_data(udta: View<'_>) -> Metadata {
    let mut found = Metadata::default();
    for Box_ { kind, payload } in boxes(udta) {
        let name: &[u8] = match &kind {
            b"\xa9mak" => b"make",
            b"\xa9mod" => b"model",
            b"\xa9day" => b"creationdate",
            b"\xa9xyz" => b"location.ISO6709",
            _ => continue,
        };
        let value = payload.be16(0).and_then(|len| payload.vec(4, len.into(), VALUE));
        if let Some(value) = value.and_then(|value| text(&value)) {
            found.add(named(name, value));
        }
    }
    found
}

/// `+50.2600-005.0510+012.3/` in ten-millionths of degrees: (latitude, longitude).
fn iso6709(place: &str) -> Option<(i32, i32)> {
    let second = place.get(1..)?.find(['+', '-'])? + 1;
    let behind = place.get(second + 1..)?;
    let end = behind.find(['+', '-', '/', 'C']).map_or(place.len(), |at| second + 1 + at);
    Some((decimal_e7(place.get(..second)?, 90)?, decimal_e7(place.get(second..end)?, 180)?))
}

/// A signed decimal number in ten-millionths, if it is no farther from zero than `most`.
fn decimal_e7(number: &str, most: i64) -> Option<i32> {
    let (sign, digits) = match number.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    // Without a point, more digits than a degree has mean minutes and seconds.
    if whole.is_empty() || whole.len() > 3 || !all_digits(whole) || !all_digits(part) {
        return None;
    }
    let part = format!("{part:0<7}");
    let value = whole.parse::<i64>().ok()? * 10_000_000 + part.get(..7)?.parse::<i64>().ok()?;
    (value <= most * 10_000_000).then(|| i32::try_from(sign * value).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_from_their_standard_form() {
        let truro = Some((502_600_000, -50_510_000));
        assert_eq!(iso6709("+50.2600-005.0510+012.3/"), truro);
        assert_eq!(iso6709("+50.2600-005.0510/"), truro);
        assert_eq!(iso6709("+50.26-5.051"), truro);
        for none in ["", "+", "+50.26", "+91.0+000.0/", "+5026-00505/", "north", "+é-1"] {
            assert_eq!(iso6709(none), None, "{none}");
        }
    }
}
