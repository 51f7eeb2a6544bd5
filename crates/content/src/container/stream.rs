//! One compressed stream: gzip, Zstandard, bzip2 or xz. A tape archive in it is told as such; anything else
//! is one child.
//!
//! In: the stream. Out: the members of the archive in it, or the one content. A compressed archive
//! is read in one pass and never held: what it unpacks to is no child of its own.
//!
//! Source: RFC 1952; RFC 8878; the .xz file format 1.2.1.

use std::io::{self, BufRead, BufReader, Read};

use pendeen_evidence::entry::Times;

use super::tar;
use crate::protocol::{Bytes, Child, Layout};
use crate::remote::Source;
use crate::sink::{Children, Stop};

/// Longest distance that Zstandard may look back, as a power of two of bytes.
const WINDOW_LOG: u32 = 30;
/// Memory for the dictionary of an xz stream at most, in KiB: less than the worker may have.
const XZ_MEMORY: u32 = 2 << 20;

pub(super) fn gzip(source: &Source, children: &mut Children) -> Result<(), Stop> {
    let first = flate2::bufread::GzDecoder::new(source.window(0, source.len()));
    let header =
        first.header().ok_or_else(|| Stop::Broken("its header is not whole".to_owned()))?;
    let seconds = i64::from(header.mtime());
    let child = Child {
        name: Bytes(header.filename().unwrap_or_default().to_vec()),
        times: Times {
            modified: super::dos::unix(seconds).filter(|time| *time != 0),
            ..Times::default()
        },
        ..Child::default()
    };
    let decoder = flate2::bufread::MultiGzDecoder::new(source.window(0, source.len()));
    stream(decoder, child, children)
}

pub(super) fn zstd(source: &Source, children: &mut Children) -> Result<(), Stop> {
    let broken = |error: io::Error| Stop::Broken(error.to_string());
    let window = source.window(0, source.len());
    let mut decoder = zstd::stream::read::Decoder::with_buffer(window).map_err(broken)?;
    decoder.window_log_max(WINDOW_LOG).map_err(broken)?;
    stream(decoder, Child::default(), children)
}

pub(super) fn bzip2(source: &Source, children: &mut Children) -> Result<(), Stop> {
    let decoder = bzip2::bufread::MultiBzDecoder::new(source.window(0, source.len()));
    stream(decoder, Child::default(), children)
}

pub(super) fn xz(source: &Source, children: &mut Children) -> Result<(), Stop> {
    let window = source.window(0, source.len());
    let decoder = lzma_rust2::XzReader::new_mem_limit(window, true, XZ_MEMORY);
    stream(decoder, Child::default(), children)
}

fn stream(decoder: impl Read, child: Child, children: &mut Children) -> Result<(), Stop> {
    let mut decoder = BufReader::with_capacity(128 << 10, decoder);
    if decoder.fill_buf().is_ok_and(is_tar) {
        return tar::open(&mut tar::Stream(&mut decoder), children);
    }
    children.layout(Layout::Stream)?;
    children.child(child, &mut decoder)
}

fn is_tar(head: &[u8]) -> bool {
    head.get(..tar::BLOCK).is_some_and(tar::is_header)
}
