//! Writes E01 images for fixtures: the same recipe and bytes give the same files.
//!
//! In: bytes and a [`Recipe`]. Out: E01 and as many further segments as the recipe's segment
//! length asks for, in the layout of EnCase 4 to 6, readable by libewf. Not for evidence:
//! nothing here acquires from a device or guards against one.
//!
//! Source: J. Metz, "Expert Witness Compression Format specification" (libewf).

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use libdeflater::{CompressionLvl, Compressor};
use md5::{Digest, Md5};
use sha1::Sha1;

use super::section;
use crate::image::{sibling, signature};
use crate::unit::ByteLen;

const DESCRIPTOR_LEN: u64 = section::DESCRIPTOR_LEN as u64;
/// Most chunks that one table lists: what EnCase up to version 5 allows.
const TABLE_LEN: usize = 16_375;
/// What a segment needs behind its chunks: two tables' fixed parts, digests, the last section.
const CLOSING_LEN: u64 = 2 * (DESCRIPTOR_LEN + 28) + 4 * DESCRIPTOR_LEN + 80 + 36;

/// How chunks are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// As they are, each followed by its Adler-32.
    Stored,
    /// Deflated at this level, 1 to 12; stored where that is not shorter.
    Level(u8),
}

/// Everything that decides the bytes of the files.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Bytes of one sector.
    pub bytes_per_sector: u32,
    /// Sectors of one chunk.
    pub sectors_per_chunk: u32,
    /// Longest segment; one chunk at least goes into each.
    pub segment_len: ByteLen,
    /// How chunks are written.
    pub compression: Compression,
    /// The header's values by the format's own keys: `c` case number, `n` evidence number,
    /// `a` description, `e` examiner, `t` notes.
    pub header: Vec<(String, String)>,
    /// Date of acquisition in seconds since 1970, UTC.
    pub acquired: u32,
    /// Identifies the acquisition.
    pub set: [u8; 16],
    /// Ranges of sectors that the acquisition is said to have failed on: first, how many.
    pub unread_sectors: Vec<(u32, u32)>,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            bytes_per_sector: 512,
            sectors_per_chunk: 64,
            segment_len: ByteLen(2_000 << 20),
            compression: Compression::Level(6),
            header: Vec::new(),
            acquired: 1_404_990_000,
            set: *b"pendeen fixture.",
            unread_sectors: Vec::new(),
        }
    }
}

/// Writes `len` bytes of `source` as an image whose first segment is `first` (`....E01`), and
/// says which files it made, in order.
pub fn write(
    first: &Path,
    recipe: &Recipe,
    source: &mut dyn Read,
    len: ByteLen,
) -> io::Result<Vec<PathBuf>> {
    let sector = u64::from(recipe.bytes_per_sector);
    if sector == 0 || recipe.sectors_per_chunk == 0 || len.0 == 0 || !len.0.is_multiple_of(sector) {
        let problem = format!("{len} bytes are no whole number of sectors of {sector} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    let mut writer =
        Writer { recipe, len: len.0, first: first.to_owned(), paths: Vec::new(), segment: None };
    writer.run(&mut Packer::new(recipe.compression)?, source)?;
    Ok(writer.paths)
}

/// Deflates and frames chunks.
struct Packer {
    compressor: Option<Compressor>,
    out: Vec<u8>,
}

impl Packer {
    fn new(compression: Compression) -> io::Result<Self> {
        let compressor = match compression {
            Compression::Stored => None,
            Compression::Level(level) => {
                let level = CompressionLvl::new(level.into()).map_err(|_| {
                    io::Error::new(io::ErrorKind::InvalidInput, "compression levels are 1 to 12")
                })?;
                Some(Compressor::new(level))
            }
        };
        Ok(Self { compressor, out: Vec::new() })
    }

    /// The bytes of a chunk in the file, and whether they are compressed.
    fn chunk(&mut self, bytes: &[u8]) -> io::Result<(&[u8], bool)> {
        if let Some(compressor) = &mut self.compressor {
            self.out.resize(compressor.zlib_compress_bound(bytes.len()), 0);
            let n = compressor.zlib_compress(bytes, &mut self.out).map_err(io::Error::other)?;
            if n < bytes.len() + 4 {
                return Ok((&self.out[..n], true));
            }
        }
        self.out.clear();
        self.out.extend_from_slice(bytes);
        self.out.extend(libdeflater::adler32(bytes).to_le_bytes());
        Ok((&self.out, false))
    }
}

/// Deflates a header.
fn deflate(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut out = vec![0; compressor.zlib_compress_bound(bytes.len())];
    let n = compressor.zlib_compress(bytes, &mut out).map_err(io::Error::other)?;
    out.truncate(n);
    Ok(out)
}

/// A segment being written.
struct OpenSegment {
    file: File,
    at: u64,
    /// Where the current `sectors` section began, if one is open, and its chunks so far.
    sectors: Option<u64>,
    entries: Vec<u32>,
    has_chunks: bool,
}

struct Writer<'a> {
    recipe: &'a Recipe,
    len: u64,
    first: PathBuf,
    paths: Vec<PathBuf>,
    segment: Option<OpenSegment>,
}

impl Writer<'_> {
    fn run(&mut self, packer: &mut Packer, source: &mut dyn Read) -> io::Result<()> {
        let chunk_len =
            u64::from(self.recipe.bytes_per_sector) * u64::from(self.recipe.sectors_per_chunk);
        let mut md5 = Md5::new();
        let mut sha1 = Sha1::new();
        let mut buffer = vec![0; usize::try_from(chunk_len.min(self.len)).unwrap_or(usize::MAX)];
        let mut done = 0;
        self.open_segment()?;
        while done < self.len {
            let here = usize::try_from((self.len - done).min(chunk_len)).unwrap_or(usize::MAX);
            let bytes = &mut buffer[..here];
            source.read_exact(bytes)?;
            md5.update(&*bytes);
            sha1.update(&*bytes);
            let (packed, compressed) = packer.chunk(bytes)?;
            self.append(packed, compressed)?;
            done += here as u64;
        }
        self.close_sectors()?;
        self.close_image(&md5.finalize(), &sha1.finalize())
    }

    /// Puts a chunk where there is room: a new table or a new segment where it is full.
    fn append(&mut self, packed: &[u8], compressed: bool) -> io::Result<()> {
        let limit = self.recipe.segment_len.0;
        let segment = self.segment()?;
        let tables = 8 * (segment.entries.len() as u64 + 1);
        let end = segment.at + DESCRIPTOR_LEN + packed.len() as u64 + tables + CLOSING_LEN;
        let (listed, begun) = (segment.entries.len(), segment.has_chunks);
        if end > limit && begun {
            self.close_sectors()?;
            self.last_section(b"next")?;
            self.open_segment()?;
        } else if listed >= TABLE_LEN {
            self.close_sectors()?;
        }
        let segment = self.segment()?;
        if segment.sectors.is_none() {
            segment.sectors = Some(segment.at);
            segment.at += DESCRIPTOR_LEN;
        }
        let start = segment.sectors.unwrap_or(segment.at);
        let offset = u32::try_from(segment.at - start).ok().filter(|offset| *offset < 1 << 31);
        let offset = offset.ok_or_else(|| io::Error::other("one table's chunks exceed 2 GiB"))?;
        segment.entries.push(offset | if compressed { 1 << 31 } else { 0 });
        segment.has_chunks = true;
        segment.put(packed)
    }

    fn segment(&mut self) -> io::Result<&mut OpenSegment> {
        self.segment.as_mut().ok_or_else(|| io::Error::other("no segment is open"))
    }

    fn open_segment(&mut self) -> io::Result<()> {
        let number = u32::try_from(self.paths.len() + 1).unwrap_or(u32::MAX);
        let path = sibling::ewf(&self.first, number).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "the first segment should end in .E01")
        })?;
        let file = File::create(&path)?;
        self.paths.push(path);
        let mut segment =
            OpenSegment { file, at: 0, sectors: None, entries: Vec::new(), has_chunks: false };
        segment.put(&signature::EWF)?;
        segment.put(&[1])?;
        segment.put(&u16::try_from(number).map_err(io::Error::other)?.to_le_bytes())?;
        segment.put(&[0; 2])?;
        if number == 1 {
            let wide = deflate(&self.wide_header())?;
            segment.section(b"header2", &wide)?;
            segment.section(b"header2", &wide)?;
            segment.section(b"header", &deflate(self.narrow_header().as_bytes())?)?;
            segment.section(b"volume", &self.geometry())?;
        } else {
            segment.section(b"data", &self.geometry())?;
        }
        self.segment = Some(segment);
        Ok(())
    }

    /// Ends the open `sectors` section and writes its tables.
    fn close_sectors(&mut self) -> io::Result<()> {
        let segment = self.segment()?;
        let Some(start) = segment.sectors.take() else { return Ok(()) };
        let descriptor = descriptor(b"sectors", segment.at, segment.at - start);
        segment.file.write_all_at(&descriptor, start)?;
        let entries = std::mem::take(&mut segment.entries);
        let mut table =
            u32::try_from(entries.len()).map_err(io::Error::other)?.to_le_bytes().to_vec();
        table.extend([0; 4]);
        table.extend(start.to_le_bytes());
        table.extend([0; 4]);
        table.extend(libdeflater::adler32(&table).to_le_bytes());
        let body: Vec<u8> = entries.iter().flat_map(|entry| entry.to_le_bytes()).collect();
        table.extend(&body);
        table.extend(libdeflater::adler32(&body).to_le_bytes());
        segment.section(b"table", &table)?;
        segment.section(b"table2", &table)
    }

    fn close_image(&mut self, md5: &[u8], sha1: &[u8]) -> io::Result<()> {
        let geometry = self.geometry();
        let errors = self.recipe.unread_sectors.clone();
        let single = self.paths.len() == 1;
        let segment = self.segment()?;
        if single {
            segment.section(b"data", &geometry)?;
        }
        if !errors.is_empty() {
            let mut head =
                u32::try_from(errors.len()).map_err(io::Error::other)?.to_le_bytes().to_vec();
            head.resize(516, 0);
            let ranges: Vec<u8> = errors
                .iter()
                .flat_map(|(a, n)| [a.to_le_bytes(), n.to_le_bytes()])
                .flatten()
                .collect();
            segment.section(b"error2", &[guard(head), guard(ranges)].concat())?;
        }
        segment.section(b"digest", &guard([md5, sha1, &[0; 40]].concat()))?;
        segment.section(b"hash", &guard([md5, &[0; 16]].concat()))?;
        self.last_section(b"done")
    }

    /// `next` and `done` point at themselves.
    fn last_section(&mut self, name: &[u8]) -> io::Result<()> {
        let segment = self.segment()?;
        let descriptor = descriptor(name, segment.at, DESCRIPTOR_LEN);
        segment.put(&descriptor)?;
        self.segment = None;
        Ok(())
    }

    fn geometry(&self) -> Vec<u8> {
        let sector = u64::from(self.recipe.bytes_per_sector);
        let sectors = self.len / sector;
        let chunks = sectors.div_ceil(u64::from(self.recipe.sectors_per_chunk));
        let mut data = vec![0; 1048];
        data[0] = 1; // a fixed disk
        data[4..8].copy_from_slice(&u32::try_from(chunks).unwrap_or(u32::MAX).to_le_bytes());
        data[8..12].copy_from_slice(&self.recipe.sectors_per_chunk.to_le_bytes());
        data[12..16].copy_from_slice(&self.recipe.bytes_per_sector.to_le_bytes());
        data[16..24].copy_from_slice(&sectors.to_le_bytes());
        data[36] = 3; // an image of a physical device
        data[52] = u8::from(self.recipe.compression != Compression::Stored);
        data[56..60].copy_from_slice(&self.recipe.sectors_per_chunk.to_le_bytes());
        data[64..80].copy_from_slice(&self.recipe.set);
        guard(data)
    }

    fn value(&self, key: &str) -> &str {
        self.recipe.header.iter().find(|(k, _)| k == key).map_or("", |(_, value)| value)
    }

    fn wide_header(&self) -> Vec<u8> {
        let line = ["a", "c", "n", "e", "t"].map(|key| self.value(key)).join("\t");
        let date = self.recipe.acquired;
        let text = format!(
            "1\nmain\na\tc\tn\te\tt\tav\tov\tm\tu\tp\n{line}\tpendeen\tLinux\t{date}\t{date}\t0\n\n"
        );
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
    }

    fn narrow_header(&self) -> String {
        let line = ["c", "n", "a", "e", "t"].map(|key| self.value(key)).join("\t");
        let line: String = line.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect();
        let parts: Vec<String> = super::header::civil(self.recipe.acquired)
            .split(['-', ' ', ':'])
            .map(|part| part.trim_start_matches('0').to_owned())
            .map(|part| if part.is_empty() { "0".to_owned() } else { part })
            .collect();
        let date = parts.join(" ");
        format!(
            "1\r\nmain\r\nc\tn\ta\te\tt\tav\tov\tm\tu\tp\tr\r\n{line}\tpendeen\tLinux\t{date}\t{date}\t0\tf\r\n\r\n"
        )
    }
}

impl OpenSegment {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.at)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn section(&mut self, name: &[u8], data: &[u8]) -> io::Result<()> {
        let size = DESCRIPTOR_LEN + data.len() as u64;
        self.put(&descriptor(name, self.at + size, size))?;
        self.put(data)
    }
}

fn descriptor(name: &[u8], next: u64, size: u64) -> Vec<u8> {
    let mut raw = name.to_vec();
    raw.resize(16, 0);
    raw.extend(next.to_le_bytes());
    raw.extend(size.to_le_bytes());
    raw.resize(72, 0);
    guard(raw)
}

/// Appends the Adler-32.
fn guard(mut data: Vec<u8>) -> Vec<u8> {
    let sum = libdeflater::adler32(&data);
    data.extend(sum.to_le_bytes());
    data
}
