//! HEIF pictures (HEIC, AVIF): the primary item's size, and the EXIF and XMP items.
//!
//! In: a file of boxes with a `meta` box. Out: [`Metadata`].
//! Refused: items whose data lies in other files, or is put together from other items.
//!
//! Source: ISO/IEC 14496-12, section 8.11; ISO/IEC 23008-12, sections 6.5.3 and A.2.

use super::bmff::{boxes, find};
use super::bytes::View;
use super::{Metadata, exif, xmp};

/// Items, and properties of one, looked at, at most.
const ITEMS: u32 = 4096;
/// The longest item that is read, in bytes.
const ITEM: u64 = 1 << 20;

pub(super) fn read(view: View<'_>) -> Option<Metadata> {
    let meta = find(view, *b"meta")?.rest(4)?;
    let mut found = size(meta).unwrap_or_default();
    let mut from_xmp = Metadata::default();
    for (id, kind, content_type) in items(meta) {
        let is_xmp = &kind == b"mime" && content_type.starts_with(b"application/rdf+xml");
        if &kind != b"Exif" && !is_xmp {
            continue;
        }
        let Some(data) = located(view, meta, id) else { continue };
        if is_xmp {
            from_xmp.add(xmp::read(&data));
            continue;
        }
        let data: &[u8] = &data;
        let data = View::whole(&data);
        // The structure begins so many bytes behind this number.
        let tiff = data.be32(0).and_then(|skip| data.rest(4 + u64::from(skip)));
        found.add(tiff.and_then(exif::read).unwrap_or_default());
    }
    found.add(from_xmp);
    Some(found)
}

/// The size that belongs to the primary item.
fn size(meta: View<'_>) -> Option<Metadata> {
    let pitm = find(meta, *b"pitm")?;
    let primary = if pitm.array(0)? == [0] { u32::from(pitm.be16(4)?) } else { pitm.be32(4)? };
    let iprp = find(meta, *b"iprp")?;
    let properties: Vec<_> = boxes(find(iprp, *b"ipco")?).collect();
    let of_primary = associated(find(iprp, *b"ipma")?, primary)?;
    let ispe = of_primary
        .into_iter()
        .filter_map(|index| properties.get(usize::from(index).checked_sub(1)?))
        .find(|property| &property.kind == b"ispe")?;
    Some(Metadata::sized(ispe.payload.be32(4)?, ispe.payload.be32(8)?))
}

/// The properties of an item, by number from 1.
fn associated(ipma: View<'_>, item: u32) -> Option<Vec<u16>> {
    let [version, _, _, flags] = ipma.array(0)?;
    let count = ipma.be32(4)?;
    let mut at = 8;
    for _ in 0..count.min(ITEMS) {
        let (id, id_len) =
            if version == 0 { (ipma.be16(at)?.into(), 2) } else { (ipma.be32(at)?, 4) };
        at += id_len;
        let [n] = ipma.array(at)?;
        at += 1;
        let each = if flags & 1 == 1 { 2 } else { 1 };
        if id == item {
            return (0..u64::from(n))
                .map(|i| match each {
                    2 => Some(ipma.be16(at + 2 * i)? & 0x7fff),
                    _ => ipma.array(at + i).map(|[b]: [u8; 1]| u16::from(b & 0x7f)),
                })
                .collect();
        }
        at += each * u64::from(n);
    }
    None
}

/// The items: id, type and content type.
fn items(meta: View<'_>) -> Vec<(u32, [u8; 4], Vec<u8>)> {
    let Some(iinf) = find(meta, *b"iinf") else { return Vec::new() };
    let Some(list) =
        iinf.array(0).and_then(|[version]| iinf.rest(if version == 0 { 6 } else { 8 }))
    else {
        return Vec::new();
    };
    let entry = |infe: View<'_>| {
        let [version] = infe.array(0)?;
        let (id, at) = match version {
            2 => (u32::from(infe.be16(4)?), 8),
            3 => (infe.be32(4)?, 10),
            _ => return None,
        };
        let names = infe.rest(at + 4)?;
        let names = names.vec(0, names.len(), 4096).unwrap_or_default();
        let content_type = names.splitn(3, |b| *b == 0).nth(1).unwrap_or_default().to_vec();
        Some((id, infe.array(at)?, content_type))
    };
    boxes(list).filter(|b| &b.kind == b"infe").filter_map(|b| entry(b.payload)).collect()
}

/// The data of an item.
fn located(file: View<'_>, meta: View<'_>, item: u32) -> Option<Vec<u8>> {
    let iloc = find(meta, *b"iloc")?;
    let [version] = iloc.array(0)?;
    let [sizes, more] = iloc.array(4)?;
    let (offset_len, len_len) = (sizes >> 4, sizes & 15);
    let (base_len, index_len) = (more >> 4, if version == 0 { 0 } else { more & 15 });
    let mut at = 6;
    let mut number = |len: u8| {
        let value = match len {
            0 => 0,
            2 => iloc.be16(at)?.into(),
            4 => iloc.be32(at)?.into(),
            8 => iloc.be64(at)?,
            _ => return None,
        };
        at += u64::from(len);
        Some(value)
    };
    let id_len = if version < 2 { 2 } else { 4 };
    let count = number(id_len)?;
    for _ in 0..count.min(ITEMS.into()) {
        let id = number(id_len)?;
        let method = if version == 0 { 0 } else { number(2)? & 15 };
        let source = number(2)?;
        let base = number(base_len)?;
        let extents = number(2)?;
        let mut data = Vec::new();
        for _ in 0..extents.min(ITEMS.into()) {
            number(index_len)?;
            let from = base.checked_add(number(offset_len)?)?;
            let len = number(len_len)?;
            if id != u64::from(item) {
                continue;
            }
            let place = match (method, source) {
                (0, 0) => file,
                (1, _) => find(meta, *b"idat")?,
                _ => return None,
            };
            let left = ITEM.checked_sub(data.len() as u64)?;
            data.extend(place.vec(from, len, left)?);
        }
        if id == u64::from(item) {
            return Some(data);
        }
    }
    None
}
