//! Small files of each format, put together field by field, for tests without other programs.
//! Each says the same of itself: 640 by 480 pixels, and where the format can, the same camera,
//! time and place.

#![allow(dead_code, reason = "each test uses some of them")]

fn be16(n: u16) -> [u8; 2] {
    n.to_be_bytes()
}

fn be32(n: usize) -> [u8; 4] {
    u32::try_from(n).unwrap().to_be_bytes()
}

fn le32(n: usize) -> [u8; 4] {
    u32::try_from(n).unwrap().to_le_bytes()
}

/// A JPEG of a few bytes, as a thumbnail.
pub const THUMBNAIL: &[u8] = b"\xff\xd8\xff\xdb\0\x04\0\0\xff\xd9";

/// An EXIF structure, big-endian: camera, time with zone, place, and a thumbnail.
pub fn exif() -> Vec<u8> {
    // Directories at fixed places, values behind them.
    const EXIF_AT: usize = 100;
    const GPS_AT: usize = 200;
    const NEXT_AT: usize = 300;
    let entry = |tag: u16, kind: u16, count: usize, value: [u8; 4]| {
        [&be16(tag)[..], &be16(kind), &be32(count), &value].concat()
    };
    let mut out = b"MM\0*\0\0\0\x08".to_vec();
    out.extend(be16(4));
    out.extend(entry(0x010f, 2, 6, be32(400)));
    out.extend(entry(0x0110, 2, 6, be32(410)));
    out.extend(entry(0x8769, 4, 1, be32(EXIF_AT)));
    out.extend(entry(0x8825, 4, 1, be32(GPS_AT)));
    out.extend(be32(NEXT_AT));
    out.resize(EXIF_AT, 0);
    out.extend(be16(3));
    out.extend(entry(0x9003, 2, 20, be32(420)));
    out.extend(entry(0x9011, 2, 7, be32(440)));
    out.extend(entry(0xa431, 2, 5, be32(450)));
    out.resize(GPS_AT, 0);
    out.extend(be16(4));
    out.extend(entry(1, 2, 2, *b"N\0\0\0"));
    out.extend(entry(2, 5, 3, be32(460)));
    out.extend(entry(3, 2, 2, *b"W\0\0\0"));
    out.extend(entry(4, 5, 3, be32(484)));
    out.resize(NEXT_AT, 0);
    out.extend(be16(2));
    out.extend(entry(0x0201, 4, 1, be32(510)));
    out.extend(entry(0x0202, 4, 1, be32(THUMBNAIL.len())));
    for (at, value) in [
        (400, &b"Maker\0"[..]),
        (410, b"Model\0"),
        (420, b"2024:05:06 07:08:09\0"),
        (440, b"+01:00\0"),
        (450, b"S123\0"),
        (460, &[0, 0, 0, 50, 0, 0, 0, 1, 0, 0, 0, 156, 0, 0, 0, 10, 0, 0, 0, 0, 0, 0, 0, 1]),
        (484, &[0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 36, 0, 0, 0, 10]),
        (510, THUMBNAIL),
    ] {
        out.resize(at, 0);
        out.extend(value);
    }
    out
}

/// A JPEG with EXIF.
pub fn jpeg() -> Vec<u8> {
    let exif = exif();
    let mut out = b"\xff\xd8\xff\xe1".to_vec();
    out.extend(be16(u16::try_from(exif.len() + 8).unwrap()));
    out.extend(b"Exif\0\0");
    out.extend(exif);
    out.extend(b"\xff\xc0\0\x0b\x08\x01\xe0\x02\x80\x01\x01\x11\0");
    out.extend(b"\xff\xda\0\x08\x01\x01\0\0\x3f\0pixels\xff\xd9");
    out
}

fn chunk(name: &[u8], data: &[u8]) -> Vec<u8> {
    // No reader of headers checks the CRC.
    [&be32(data.len())[..], name, data, &[0; 4]].concat()
}

/// A PNG with EXIF.
pub fn png() -> Vec<u8> {
    [
        &b"\x89PNG\r\n\x1a\n"[..],
        &chunk(b"IHDR", &[&be32(640)[..], &be32(480), &[8, 2, 0, 0, 0]].concat()),
        &chunk(b"eXIf", &exif()),
        &chunk(b"IDAT", b"pixels"),
        &chunk(b"IEND", b""),
    ]
    .concat()
}

/// A GIF.
pub fn gif() -> Vec<u8> {
    b"GIF89a\x80\x02\xe0\x01\0\0\0;".to_vec()
}

/// A BMP whose rows go from top to bottom.
pub fn bmp() -> Vec<u8> {
    [
        &b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"[..],
        &640_i32.to_le_bytes(),
        &(-480_i32).to_le_bytes(),
        &[0; 28],
    ]
    .concat()
}

fn riff_chunk(name: &[u8], data: &[u8]) -> Vec<u8> {
    let mut out = [name, &le32(data.len()), data].concat();
    out.resize(out.len().next_multiple_of(2), 0);
    out
}

/// A WebP with EXIF.
pub fn webp() -> Vec<u8> {
    let vp8x = [&[8, 0, 0, 0][..], &[0x7f, 2, 0], &[0xdf, 1, 0]].concat();
    let body = [b"WEBP".to_vec(), riff_chunk(b"VP8X", &vp8x), riff_chunk(b"EXIF", &exif())];
    riff_chunk(b"RIFF", &body.concat())
}

/// An AVI of 250 frames at 25 a second.
pub fn avi() -> Vec<u8> {
    let mut avih = vec![0; 56];
    avih[..4].copy_from_slice(&le32(40_000));
    avih[16..20].copy_from_slice(&le32(250));
    avih[32..36].copy_from_slice(&le32(640));
    avih[36..40].copy_from_slice(&le32(480));
    let mut strh = vec![0; 56];
    strh[..4].copy_from_slice(b"vids");
    strh[20..24].copy_from_slice(&le32(1));
    strh[24..28].copy_from_slice(&le32(25));
    strh[32..36].copy_from_slice(&le32(250));
    let strl = riff_chunk(b"LIST", &[b"strl".to_vec(), riff_chunk(b"strh", &strh)].concat());
    let hdrl = [b"hdrl".to_vec(), riff_chunk(b"avih", &avih), strl].concat();
    riff_chunk(b"RIFF", &[b"AVI ".to_vec(), riff_chunk(b"LIST", &hdrl)].concat())
}

fn bmff(kind: &[u8], payload: &[u8]) -> Vec<u8> {
    [&be32(payload.len() + 8)[..], kind, payload].concat()
}

/// A HEIC with a primary item of the right size, a smaller one, and EXIF.
pub fn heic() -> Vec<u8> {
    let ftyp = bmff(b"ftyp", b"heic\0\0\0\0mif1heic");
    let ispe = |w, h| bmff(b"ispe", &[&[0; 4][..], &be32(w), &be32(h)].concat());
    let build = |exif_at: usize| {
        let exif = exif();
        let ipco = bmff(b"ipco", &[ispe(320, 240), ispe(640, 480)].concat());
        let ipma = bmff(b"ipma", &[0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 1, 1, 0, 1, 1, 0x82]);
        let infe = |id: u8, kind: &[u8]| {
            bmff(b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0][..], kind, b"\0"].concat())
        };
        let iinf = [&[0, 0, 0, 0, 0, 2][..], &infe(1, b"hvc1"), &infe(3, b"Exif")].concat();
        let iloc = [
            &[0, 0, 0, 0, 0x44, 0, 0, 1, 0, 3, 0, 0, 0, 1][..],
            &be32(exif_at),
            &be32(exif.len() + 4),
        ]
        .concat();
        let meta = [
            &[0; 4][..],
            &bmff(b"pitm", &[0, 0, 0, 0, 0, 1]),
            &bmff(b"iinf", &iinf),
            &bmff(b"iloc", &iloc),
            &bmff(b"iprp", &[ipco, ipma].concat()),
        ]
        .concat();
        let before = [ftyp.clone(), bmff(b"meta", &meta)].concat();
        let mdat = bmff(b"mdat", &[&[0; 4][..], &exif].concat());
        (before.len() + 8, [before, mdat].concat())
    };
    build(build(0).0).1
}

/// An MP4 of ten seconds with its `moov` at the end, as phones write it.
pub fn mp4() -> Vec<u8> {
    let mut mvhd = vec![0; 100];
    // 2024-05-06T06:08:09Z, counted from 1904.
    mvhd[4..8].copy_from_slice(&be32(1_714_975_689 + 2_082_844_800));
    mvhd[12..16].copy_from_slice(&be32(1000));
    mvhd[16..20].copy_from_slice(&be32(10_000));
    let mut tkhd = vec![0; 84];
    tkhd[76..80].copy_from_slice(&be32(640 << 16));
    tkhd[80..84].copy_from_slice(&be32(480 << 16));
    let hdlr = [&[0; 8][..], b"vide", &[0; 12]].concat();
    let mdia = bmff(b"mdia", &bmff(b"hdlr", &hdlr));
    let trak = bmff(b"trak", &[bmff(b"tkhd", &tkhd), mdia].concat());
    let text = |kind: &[u8], value: &[u8]| {
        let len = be16(u16::try_from(value.len()).unwrap());
        bmff(kind, &[&len[..], &[0x15, 0xc7], value].concat())
    };
    let udta = bmff(
        b"udta",
        &[
            text(b"\xa9mak", b"Maker"),
            text(b"\xa9mod", b"Model"),
            text(b"\xa9day", b"2024-05-06T07:08:09+0100"),
            text(b"\xa9xyz", b"+50.2600-005.0510/"),
        ]
        .concat(),
    );
    let moov = bmff(b"moov", &[bmff(b"mvhd", &mvhd), trak, udta].concat());
    [bmff(b"ftyp", b"isom\0\0\0\0isommp41"), bmff(b"mdat", &[0xaa; 500]), moov].concat()
}

/// A Matroska file of ten seconds; its segment has no known length.
pub fn mkv() -> Vec<u8> {
    let element = |id: &[u8], data: &[u8]| {
        [id, &[0x40 | u8::try_from(data.len() >> 8).unwrap(), data.len().to_le_bytes()[0]], data]
            .concat()
    };
    let ebml = element(b"\x1a\x45\xdf\xa3", &element(b"\x42\x82", b"matroska"));
    let info = element(
        b"\x15\x49\xa9\x66",
        &[
            element(b"\x2a\xd7\xb1", &1_000_000_u32.to_be_bytes()),
            element(b"\x44\x89", &10_000_f64.to_be_bytes()),
        ]
        .concat(),
    );
    let video = [element(b"\xb0", &[2, 0x80]), element(b"\xba", &[1, 0xe0])].concat();
    let track = element(b"\xae", &element(b"\xe0", &video));
    let tracks = element(b"\x16\x54\xae\x6b", &track);
    [ebml, b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff".to_vec(), info, tracks].concat()
}

/// Each sample with its media type.
pub fn all() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("image/jpeg", jpeg()),
        ("image/png", png()),
        ("image/gif", gif()),
        ("image/bmp", bmp()),
        ("image/webp", webp()),
        ("image/heic", heic()),
        ("image/tiff", exif()),
        ("video/mp4", mp4()),
        ("video/x-msvideo", avi()),
        ("video/matroska", mkv()),
    ]
}
