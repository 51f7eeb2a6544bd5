//! Pictures and films made byte by byte: noise in the form of each format.
#![expect(clippy::trivially_copy_pass_by_ref, reason = "names of four bytes stand as they are")]

use libdeflater::{CompressionLvl, Compressor, crc32};

/// Noise that is the same for the same seed.
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, most: u64) -> u64 {
        (self.next() >> 16) % most
    }

    pub fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len + 8);
        while bytes.len() < len {
            bytes.extend(self.next().to_le_bytes());
        }
        bytes.truncate(len);
        bytes
    }
}

/// A segment of a JPEG.
fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let len = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &len[..], body].concat()
}

/// Bits of a scan, with zeros stuffed behind each 0xff.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, len: u32) {
        for bit in (0..len).rev() {
            self.held = self.held << 1 | value >> bit & 1;
            self.count += 1;
            if self.count == 8 {
                let byte = u8::try_from(self.held & 0xff).unwrap();
                self.bytes.push(byte);
                if byte == 0xff {
                    self.bytes.push(0);
                }
                (self.held, self.count) = (0, 0);
            }
        }
    }

    fn fill(&mut self) {
        while self.count != 0 {
            self.put(1, 1);
        }
    }
}

/// How a JPEG is made.
#[derive(Clone, Default)]
pub struct Jpeg {
    pub width: u16,
    pub height: u16,
    pub seed: u64,
    /// Units between restart markers.
    pub restart: u16,
    /// What lies in an APP1 segment, such as a thumbnail.
    pub inside: Vec<u8>,
}

/// A sequential JPEG in colour, the second and third component halved both ways. Codes are of
/// one length: 4 bits for sizes of means, 8 for the rest.
pub fn jpeg(how: &Jpeg) -> Vec<u8> {
    let mut symbols = vec![0x00, 0xf0];
    symbols.extend((0..16_u8).flat_map(|zeros| (1..=10_u8).map(move |size| zeros << 4 | size)));
    let mut out = vec![0xff, 0xd8];
    out.extend(segment(0xe1, &[b"Exif\0\0", &how.inside[..]].concat()));
    out.extend(segment(0xdb, &[&[0][..], &[8; 64]].concat()));
    let [h0, h1] = how.height.to_be_bytes();
    let [w0, w1] = how.width.to_be_bytes();
    let frame = [8, h0, h1, w0, w1, 3, 1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0];
    out.extend(segment(0xc0, &frame));
    let mut counts = [0_u8; 16];
    counts[3] = 12;
    out.extend(segment(0xc4, &[&[0x00][..], &counts, &(0..12).collect::<Vec<u8>>()].concat()));
    counts = [0; 16];
    counts[7] = u8::try_from(symbols.len()).unwrap();
    out.extend(segment(0xc4, &[&[0x10][..], &counts, &symbols].concat()));
    if how.restart > 0 {
        out.extend(segment(0xdd, &how.restart.to_be_bytes()));
    }
    out.extend(segment(0xda, &[3, 1, 0, 2, 0, 3, 0, 0, 63, 0]));
    let units = u32::from(how.width.div_ceil(16)) * u32::from(how.height.div_ceil(16));
    let mut noise = Noise::new(how.seed);
    let mut means = [0_i32; 3];
    let mut bits = Bits::default();
    for unit in 0..units {
        if how.restart > 0 && unit > 0 && unit % u32::from(how.restart) == 0 {
            bits.fill();
            let number = unit / u32::from(how.restart) - 1;
            bits.bytes.extend([0xff, 0xd0 + u8::try_from(number % 8).unwrap()]);
            means = [0; 3];
        }
        for component in [0, 0, 0, 0, 1, 2] {
            let wanted = i32::try_from(noise.below(200)).unwrap() - 100;
            let difference = wanted - means[component];
            means[component] = wanted;
            let size = 32 - difference.unsigned_abs().leading_zeros();
            bits.put(size, 4);
            put_signed(&mut bits, difference, size);
            let mut at = 1 + noise.below(3);
            while at < 40 {
                let (zeros, size) = (noise.below(8), 1 + noise.below(4));
                let symbol = u8::try_from(zeros << 4 | size).unwrap();
                let code = symbols.iter().position(|s| *s == symbol).unwrap();
                bits.put(u32::try_from(code).unwrap(), 8);
                bits.put(
                    u32::try_from(noise.below(1 << size)).unwrap(),
                    u32::try_from(size).unwrap(),
                );
                at += zeros + 1;
            }
            bits.put(0, 8);
        }
    }
    bits.fill();
    out.extend(bits.bytes);
    out.extend([0xff, 0xd9]);
    out
}

fn put_signed(bits: &mut Bits, value: i32, size: u32) {
    let raised = if value < 0 { value + (1 << size) - 1 } else { value };
    bits.put(u32::try_from(raised).unwrap(), size);
}

/// A PNG of grey noise.
pub fn png(width: u32, height: u32, seed: u64) -> Vec<u8> {
    let mut noise = Noise::new(seed);
    let mut rows = Vec::new();
    for _ in 0..height {
        rows.push(0);
        rows.extend(noise.bytes(width as usize));
    }
    let mut packer = Compressor::new(CompressionLvl::default());
    let mut packed = vec![0; packer.zlib_compress_bound(rows.len())];
    let len = packer.zlib_compress(&rows, &mut packed).unwrap();
    packed.truncate(len);
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    out.extend(png_chunk(b"IHDR", &header));
    for piece in packed.chunks(8192) {
        out.extend(png_chunk(b"IDAT", piece));
    }
    out.extend(png_chunk(b"IEND", b""));
    out
}

fn png_chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let summed = [&name[..], body].concat();
    let len = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&len[..], &summed, &crc32(&summed).to_be_bytes()].concat()
}

/// A box of ISO base media.
fn part(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    [&u32::try_from(body.len() + 8).unwrap().to_be_bytes()[..], name, body].concat()
}

/// A film of this brand: its header last, as cameras write it, or first.
pub fn film(brand: &[u8; 4], header_first: bool, len: usize, seed: u64) -> Vec<u8> {
    let kind = part(b"ftyp", &[&brand[..], &[0, 0, 2, 0], b"isom"].concat());
    let kind = if brand == b"none" { part(b"wide", b"") } else { kind };
    let data = part(b"mdat", &Noise::new(seed).bytes(len));
    let header = |first: usize| {
        let offsets: Vec<u8> = [0, len / 2]
            .iter()
            .flat_map(|at| u32::try_from(first + at).unwrap().to_be_bytes())
            .collect();
        let table = part(b"stco", &[&[0, 0, 0, 0, 0, 0, 0, 2][..], &offsets].concat());
        let table = [part(b"stsd", &[0; 8]), table].concat();
        let media = part(
            b"mdia",
            &[part(b"mdhd", &[0; 24]), part(b"minf", &part(b"stbl", &table))].concat(),
        );
        let track = part(b"trak", &[part(b"tkhd", &[0; 84]), media].concat());
        part(b"moov", &[part(b"mvhd", &[0; 100]), track].concat())
    };
    if header_first {
        let len = header(0).len();
        [kind.clone(), header(kind.len() + len + 8), data].concat()
    } else {
        [kind.clone(), data, header(kind.len() + 8)].concat()
    }
}

/// A picture in ISO base media, of this brand.
pub fn still(brand: &[u8; 4], len: usize, seed: u64) -> Vec<u8> {
    let kind = part(b"ftyp", &[&brand[..], &[0; 4], b"mif1", brand].concat());
    let handler = part(b"hdlr", &[&[0; 8][..], b"pict", &[0; 13]].concat());
    let meta = part(b"meta", &[&[0; 4][..], &handler, &part(b"iloc", &[0; 16])].concat());
    [kind, meta, part(b"mdat", &Noise::new(seed).bytes(len))].concat()
}

fn riff_chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut out = [&name[..], &u32::try_from(body.len()).unwrap().to_le_bytes(), body].concat();
    out.resize(out.len().next_multiple_of(2), 0);
    out
}

/// An AVI of so many frames, followed by so many OpenDML parts.
pub fn avi(frames: usize, parts: usize, seed: u64) -> Vec<u8> {
    let mut noise = Noise::new(seed);
    let mut movie = || {
        let mut body = b"movi".to_vec();
        for number in 0..frames {
            let len = 300 + usize::try_from(noise.below(700)).unwrap();
            body.extend(riff_chunk(
                if number % 3 == 2 { b"01wb" } else { b"00dc" },
                &noise.bytes(len),
            ));
        }
        riff_chunk(b"LIST", &body)
    };
    let stream = riff_chunk(b"LIST", &[&b"strl"[..], &riff_chunk(b"strh", &[0; 56])].concat());
    let headers = [&b"hdrl"[..], &riff_chunk(b"avih", &[0; 56]), &stream].concat();
    let headers = riff_chunk(b"LIST", &headers);
    let index = riff_chunk(b"idx1", &vec![0; frames * 16]);
    let mut out = riff_chunk(b"RIFF", &[&b"AVI "[..], &headers, &movie(), &index].concat());
    for _ in 0..parts {
        out.extend(riff_chunk(b"RIFF", &[&b"AVIX"[..], &movie()].concat()));
    }
    out
}

/// An EBML element; its length in four bytes, or not stated.
fn element(id: &[u8], body: &[u8], stated: bool) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap();
    let len = if stated { (len | 0x1000_0000).to_be_bytes() } else { [0x1f, 0xff, 0xff, 0xff] };
    [id, &len, body].concat()
}

/// A Matroska or `WebM` file, its lengths stated or not.
pub fn matroska(kind: &[u8], stated: bool, clusters: usize, seed: u64) -> Vec<u8> {
    let mut noise = Noise::new(seed);
    let head = element(&[0x1a, 0x45, 0xdf, 0xa3], &element(&[0x42, 0x82], kind, true), true);
    let mut body = element(&[0x15, 0x49, 0xa9, 0x66], &[0xec, 0x81, 0], true);
    body.extend(element(&[0x16, 0x54, 0xae, 0x6b], &[0xec, 0x81, 0], true));
    for _ in 0..clusters {
        let mut cluster = element(&[0xe7], &[0], true);
        for _ in 0..5 {
            cluster.extend(element(&[0xa3], &noise.bytes(900), true));
        }
        body.extend(element(&[0x1f, 0x43, 0xb6, 0x75], &cluster, stated));
    }
    [head, element(&[0x18, 0x53, 0x80, 0x67], &body, stated)].concat()
}
