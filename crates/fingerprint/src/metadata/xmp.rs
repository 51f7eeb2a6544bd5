//! XMP: what a picture's packet says where EXIF says nothing.
//!
//! In: a packet. Out: [`Metadata`]. Properties are looked for by their customary prefixed
//! names, as an attribute or as an element, without reading the packet as XML: it is often cut
//! off, and nothing else is wanted of it. Refused: values with markup inside.
//!
//! Source: XMP specification part 1, section 7, and part 2, sections 1.6 and 2.

use super::{Metadata, date, text};

/// What the packet says.
pub(super) fn read(packet: &[u8]) -> Metadata {
    let packet = String::from_utf8_lossy(packet);
    let first = |names: &[&str]| names.iter().find_map(|name| property(&packet, name));
    let dates = ["exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate"];
    let axis = |name, negative, most| axis_e7(&property(&packet, name)?, negative, most);
    let place = axis("exif:GPSLatitude", 'S', 90).zip(axis("exif:GPSLongitude", 'W', 180));
    let (latitude_e7, longitude_e7) = place.unzip();
    Metadata {
        make: first(&["tiff:Make"]),
        model: first(&["tiff:Model"]),
        serial: first(&["exifEX:BodySerialNumber", "aux:SerialNumber"]),
        taken: dates.iter().find_map(|name| date::normal(&property(&packet, name)?)),
        latitude_e7,
        longitude_e7,
        ..Metadata::default()
    }
}

/// The value of a property: `name="value"` or `<name>value</name>`.
fn property(packet: &str, name: &str) -> Option<String> {
    let behind = packet.match_indices(name).find_map(|(at, _)| {
        let behind = packet.get(at + name.len()..)?;
        let behind = behind.strip_prefix("=\"").map(|b| (b, '"'));
        behind.or_else(|| packet[at + name.len()..].strip_prefix('>').map(|b| (b, '<')))
    })?;
    let (value, end) = behind;
    text(value.get(..value.find(end)?)?.as_bytes()).filter(|value| !value.contains(['<', '&']))
}

/// `50,15.6N` or `50,15,36N` in ten-millionths of a degree.
fn axis_e7(value: &str, negative: char, most: i32) -> Option<i32> {
    let direction = value.chars().last().filter(|c| matches!(c, 'N' | 'S' | 'E' | 'W'))?;
    let mut parts = [(0, 1); 3];
    for (part, slot) in value.trim_end_matches(direction).split(',').zip(&mut parts) {
        let (whole, decimals) = part.split_once('.').unwrap_or((part, ""));
        let decimals = decimals.get(..6).unwrap_or(decimals);
        let scale = 10_u32.checked_pow(u32::try_from(decimals.len()).ok()?)?;
        let whole: u32 = whole.trim().parse().ok()?;
        let part: u32 = if decimals.is_empty() { 0 } else { decimals.parse().ok()? };
        *slot = (whole.checked_mul(scale)?.checked_add(part)?, scale);
    }
    let e7 = super::exif::degrees_e7(parts).filter(|e7| *e7 <= most * 10_000_000)?;
    Some(if direction == negative { -e7 } else { e7 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_found_as_attributes_and_as_elements() {
        let found = read(
            b"<x:xmpmeta><rdf:Description tiff:Make=\"Maker\" exif:GPSLatitude=\"50,15.6N\" \
              exif:GPSLongitude=\"5,3,3.6W\"><tiff:Model>Model 1</tiff:Model>\
              <xmp:CreateDate>2024-05-06T07:08:09+01:00</xmp:CreateDate></rdf:Description>",
        );
        assert_eq!(found.make.as_deref(), Some("Maker"));
        assert_eq!(found.model.as_deref(), Some("Model 1"));
        assert_eq!(found.taken.as_deref(), Some("2024-05-06T07:08:09+01:00"));
        assert_eq!(found.latitude_e7.zip(found.longitude_e7), Some((502_600_000, -50_510_000)));
    }

    #[test]
    fn a_packet_that_is_cut_off_or_odd_gives_nothing() {
        for packet in [
            "tiff:Make=\"Mak",
            "tiff:Make",
            "tiff:Make>",
            "exif:GPSLatitude=\"9999999,1N\"",
            "<tiff:Make><rdf:Seq>",
        ] {
            assert_eq!(read(packet.as_bytes()), Metadata::default(), "{packet}");
        }
    }
}
