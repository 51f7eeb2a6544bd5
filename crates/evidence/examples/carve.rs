//! Carves bytes in which there is nothing to find, or an image, and says what was found and how
//! fast: the measure of false positives.
//!
//!     carve noise|text|packed [MIB]     that many MiB of random bytes, text or packed text (1024)
//!     carve FILE...                     an image, whole: what live files own as well
//!
//! Each file found is a line: kind, position, length, how far it was checked.

use std::error::Error;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use libdeflater::{CompressionLvl, Compressor};
use pendeen_evidence::carve::{self, Space};
use pendeen_evidence::image::{self, Format, Image, Provenance, ReadError};
use pendeen_evidence::unit::{ByteLen, ByteOffset};

struct Memory {
    bytes: Vec<u8>,
    provenance: Provenance,
}

impl Image for Memory {
    fn len(&self) -> ByteLen {
        self.provenance.len
    }

    fn read_at(&self, offset: ByteOffset, buf: &mut [u8]) -> Result<(), ReadError> {
        let end = offset.0.saturating_add(buf.len() as u64);
        let start = usize::try_from(offset.0).unwrap_or(usize::MAX);
        let found = self.bytes.get(start..start.saturating_add(buf.len()));
        let found = found.ok_or(ReadError::OutOfRange { offset, end, len: self.len() })?;
        buf.copy_from_slice(found);
        Ok(())
    }

    fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    fn descriptors(&self) -> Vec<BorrowedFd<'_>> {
        Vec::new()
    }
}

/// A random number that is the same on every run.
fn next(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend(next(&mut state).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Words of all lengths, numbers, tables and quoted names.
fn text(len: usize) -> Vec<u8> {
    let mut state = 5;
    let mut bytes = Vec::with_capacity(len + 32);
    while bytes.len() < len {
        let random = next(&mut state);
        let letters = 1 + random % 11;
        let letter = |n: u64| {
            b"etaoinshrdlucmfwypvbgk"[usize::from((random >> (5 * n)).to_le_bytes()[0]) % 22]
        };
        bytes.extend((0..letters).map(letter));
        bytes.extend(match random >> 58 {
            0 => b".\nBM ".as_slice(),
            1 => b", GIF ",
            2 => b" = \"Rift\",\t",
            _ => b" ",
        });
    }
    bytes.truncate(len);
    bytes
}

fn packed(len: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len);
    let mut packer = Compressor::new(CompressionLvl::fastest());
    for piece in text(len * 3).chunks(1 << 20) {
        let mut out = vec![0; packer.gzip_compress_bound(piece.len())];
        let got = packer.gzip_compress(piece, &mut out).unwrap_or(0);
        bytes.extend_from_slice(&out[..got]);
    }
    bytes.truncate(len);
    bytes
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let first = args.first().ok_or("name noise, text, packed, or an image")?;
    let mib = args.get(1).and_then(|n| n.parse::<usize>().ok()).unwrap_or(1024);
    let image: Arc<dyn Image> = match first.as_str() {
        "noise" => memory(noise(mib << 20)),
        "text" => memory(text(mib << 20)),
        "packed" => memory(packed(mib << 20)),
        _ => image::open(&args.iter().map(PathBuf::from).collect::<Vec<_>>())?,
    };
    let space = Space::whole(&image);
    let threads = std::thread::available_parallelism()?;
    let began = Instant::now();
    let found = carve::find(&space, threads, &|_| ());
    let seconds = began.elapsed().as_secs_f64();
    for one in &found.carved {
        let address = carve::address(&one.runs);
        println!("{}\t{address}\t{:?}", one.kind.media_type(), one.proof);
    }
    #[expect(clippy::cast_precision_loss, reason = "53 bits are kept")]
    let bytes = space.len() as f64;
    println!(
        "{} found, {} not followed, {} stretches unreadable; {:.0} MiB in {seconds:.2} s on {threads} threads: {:.2} GB/s",
        found.carved.len(),
        found.given_up.len(),
        found.unreadable.len(),
        bytes / 1_048_576.0,
        bytes / seconds / 1e9,
    );
    Ok(())
}

fn memory(bytes: Vec<u8>) -> Arc<dyn Image> {
    let provenance = Provenance {
        format: Format::Raw,
        segments: Vec::new(),
        len: ByteLen(bytes.len() as u64),
        stored_md5: None,
        stored_sha1: None,
        header: Vec::new(),
        gaps: Vec::new(),
    };
    Arc::new(Memory { bytes, provenance })
}
