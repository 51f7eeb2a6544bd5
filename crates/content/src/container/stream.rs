//! One compressed stream: gzip or Zstandard. A tape archive in it is told as such; anything else
//! is one child.
//!
//! In: the stream. Out: the members of the archive in it, or the one content. A compressed archive
//! is read in one pass and never held: what it unpacks to is no child of its own.
//!
//! Source: RFC 1952; RFC 8878.

use std::io::{self, BufRead, BufReader, Read};

use super::tar;
use crate::protocol::{Bytes, Child, Layout};
use crate::remote::Source;
use crate::sink::{Children, Stop};

/// Longest distance that Zstandard may look back, as a power of two of bytes.
const WINDOW_LOG: u32 = 30;

pub(super) fn gzip(source: &Source, children: &mut Children) -> Result<(), Stop> {
    let header = flate2::bufread::GzDecoder::new(source.window(0, source.len()));
    let mut child = Child::default();
    if let Some(header) = header.header() {
        child.name = Bytes(header.filename().unwrap_or_default().to_vec());
        let seconds = i64::from(header.mtime());
        child.times.modified = super::dos::unix(seconds).filter(|time| *time != 0);
    }
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
