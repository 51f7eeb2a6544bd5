//! Formats that share a signature and are told apart by what follows it.

use super::contains;

/// Formats told apart by what follows a shared signature.
pub(super) fn media_type(head: &[u8]) -> Option<&'static str> {
    if head.starts_with(b"PK\x03\x04") {
        return Some(zip(head));
    }
    if head.starts_with(b"PK\x05\x06") || head.starts_with(b"PK\x07\x08") {
        return Some("application/zip");
    }
    if head.starts_with(b"RIFF") {
        return riff(head);
    }
    if head.get(4..8) == Some(b"ftyp") {
        return Some(iso_media(head));
    }
    if matches!(head.get(4..8), Some(b"moov" | b"mdat" | b"wide" | b"free" | b"skip"))
        && head.first() == Some(&0)
    {
        return Some("video/quicktime");
    }
    if head.starts_with(b"\x1a\x45\xdf\xa3") {
        return Some(if contains(head.get(..64).unwrap_or(head), b"webm") {
            "video/webm"
        } else {
            "video/matroska"
        });
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Some(ole(head));
    }
    if head.starts_with(b"MZ") && head.len() >= 64 {
        return Some("application/vnd.microsoft.portable-executable");
    }
    if head.starts_with(b"FORM") && matches!(head.get(8..12), Some(b"AIFF" | b"AIFC")) {
        return Some("audio/aiff");
    }
    bmp(head).or_else(|| mpeg_audio(head)).or_else(|| transport_stream(head))
}

/// ZIP and the document formats that are ZIPs: told by the first members' names.
fn zip(head: &[u8]) -> &'static str {
    const OPEN_DOCUMENT: &[(&[u8], &str)] = &[
        (b"application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
        (
            b"application/vnd.oasis.opendocument.spreadsheet",
            "application/vnd.oasis.opendocument.spreadsheet",
        ),
        (
            b"application/vnd.oasis.opendocument.presentation",
            "application/vnd.oasis.opendocument.presentation",
        ),
        (
            b"application/vnd.oasis.opendocument.graphics",
            "application/vnd.oasis.opendocument.graphics",
        ),
        (b"application/epub+zip", "application/epub+zip"),
    ];
    const MEMBERS: &[(&[u8], &str)] = &[
        (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        (b"AndroidManifest.xml", "application/vnd.android.package-archive"),
        (b"META-INF/MANIFEST.MF", "application/java-archive"),
    ];
    if head.get(30..38) == Some(b"mimetype") {
        let value = head.get(38..).unwrap_or_default();
        if let Some((_, kind)) = OPEN_DOCUMENT.iter().find(|(magic, _)| value.starts_with(magic)) {
            return kind;
        }
    }
    MEMBERS
        .iter()
        .find(|(member, _)| zip_names(head).any(|name| name.starts_with(member)))
        .map_or("application/zip", |(_, kind)| kind)
}

/// The member names of the local headers that lie in the head.
fn zip_names(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.windows(4).enumerate().filter(|(_, w)| *w == b"PK\x03\x04").filter_map(|(at, _)| {
        let len = head.get(at + 26..at + 28)?;
        let len = usize::from(u16::from_le_bytes([len[0], len[1]]));
        head.get(at + 30..at + 30 + len)
    })
}

/// RIFF: the form type says which.
fn riff(head: &[u8]) -> Option<&'static str> {
    match head.get(8..12)? {
        b"WEBP" => Some("image/webp"),
        b"AVI " => Some("video/x-msvideo"),
        b"WAVE" => Some("audio/wav"),
        b"ACON" => Some("application/x-navi-animation"),
        _ => None,
    }
}

/// ISO base media: the major brand says which; a shared brand is decided by the compatible ones.
fn iso_media(head: &[u8]) -> &'static str {
    let len = head.get(..4).map_or(0, |b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
    let end = usize::try_from(len).unwrap_or(0).clamp(12, head.len().max(12));
    let brands = head.get(8..end).unwrap_or_default();
    let mut all = brands.chunks_exact(4).enumerate().filter(|(i, _)| *i != 1).map(|(_, b)| b);
    let major = all.next().unwrap_or_default();
    match major {
        b"avif" | b"avis" => "image/avif",
        b"heic" | b"heix" | b"heim" | b"heis" => "image/heic",
        b"hevc" | b"hevx" => "image/heic-sequence",
        b"mif1" | b"msf1" => {
            let compatible: Vec<_> = all.collect();
            if compatible.iter().any(|b| *b == b"avif") {
                "image/avif"
            } else if compatible.iter().any(|b| matches!(*b, b"heic" | b"heix")) {
                "image/heic"
            } else {
                "image/heif"
            }
        }
        b"qt  " => "video/quicktime",
        b"M4A " | b"M4B " | b"M4P " => "audio/mp4",
        b"crx " => "image/x-canon-cr3",
        _ if major.starts_with(b"3gp") => "video/3gpp",
        _ if major.starts_with(b"3g2") => "video/3gpp2",
        _ => "video/mp4",
    }
}

/// OLE2 compound file: told by the stream names that lie in the head, if any do.
fn ole(head: &[u8]) -> &'static str {
    let wide = |name: &str| name.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    [
        ("WordDocument", "application/msword"),
        ("Workbook", "application/vnd.ms-excel"),
        ("PowerPoint Document", "application/vnd.ms-powerpoint"),
        ("__substg1.0_", "application/vnd.ms-outlook"),
    ]
    .into_iter()
    .find(|(name, _)| contains(head, &wide(name)))
    .map_or("application/x-ole-storage", |(_, kind)| kind)
}

/// Windows bitmap: two letters are too little, so the header sizes must agree as well.
fn bmp(head: &[u8]) -> Option<&'static str> {
    let dib = head.get(14..18).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]))?;
    let reserved = head.get(6..10)? == [0, 0, 0, 0];
    (head.starts_with(b"BM") && reserved && matches!(dib, 12 | 16 | 40 | 52 | 56 | 64 | 108 | 124))
        .then_some("image/bmp")
}

/// MPEG audio without an ID3 tag: eleven sync bits are too little, so that the next frame must
/// begin where the first one's header says.
fn mpeg_audio(head: &[u8]) -> Option<&'static str> {
    if adts_length(head).and_then(|next| head.get(next..)).and_then(adts_length).is_some() {
        return Some("audio/aac");
    }
    let next = layer3_length(head)?;
    layer3_length(head.get(next..)?).map(|_| "audio/mpeg")
}

/// Length in bytes of the MPEG layer III frame that begins here.
///
/// Source: ISO/IEC 11172-3, section 2.4.2.3; ISO/IEC 13818-3 for the lower rates.
fn layer3_length(frame: &[u8]) -> Option<usize> {
    const KBITS: [[usize; 16]; 2] = [
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0],
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0],
    ];
    let h = frame.get(..4)?;
    let (version, layer) = (h[1] >> 3 & 3, h[1] >> 1 & 3);
    let hertz = *[44_100, 48_000, 32_000].get(usize::from(h[2] >> 2 & 3))?;
    let (first, divisor) = match version {
        3 => (true, 1),
        2 => (false, 2),
        0 => (false, 4),
        _ => return None,
    };
    let kbits = KBITS[usize::from(first)][usize::from(h[2] >> 4)];
    let synced = h[0] == 0xff && h[1] & 0xe0 == 0xe0 && layer == 1 && kbits > 0;
    let samples = if first { 144 } else { 72 };
    synced.then(|| samples * kbits * 1000 / (hertz / divisor) + usize::from(h[2] >> 1 & 1))
}

/// Length in bytes of the ADTS frame that begins here.
///
/// Source: ISO/IEC 13818-7, section 6.2.
fn adts_length(frame: &[u8]) -> Option<usize> {
    let h = frame.get(..7)?;
    let synced = h[0] == 0xff && h[1] & 0xf6 == 0xf0 && h[2] >> 2 & 15 < 13;
    let len = usize::from(h[3] & 3) << 11 | usize::from(h[4]) << 3 | usize::from(h[5] >> 5);
    (synced && len >= 7).then_some(len)
}

/// MPEG transport stream: sync bytes one packet apart, at least three of them.
fn transport_stream(head: &[u8]) -> Option<&'static str> {
    let synced = |first: usize, step: usize| {
        (0..3).all(|i| head.get(first + i * step) == Some(&0x47)) && head.len() > first + 2 * step
    };
    (synced(0, 188) || synced(4, 192)).then_some("video/mp2t")
}
