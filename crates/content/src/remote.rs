//! The content as the worker sees it: bytes that it asks its parent for, by position.
//!
//! In: positions. Out: bytes, from blocks that are kept for a while, so that a reader that goes
//! through a directory here and members there does not ask for the same block again and again.
//! Refused: nothing. What the parent cannot read is an error of that read alone.

use std::cell::RefCell;
use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::rc::Rc;

use crate::positioned::Positioned;
use crate::protocol::{Bytes, MOST_NEED};

/// Whoever answers for bytes that are needed.
pub(crate) trait Giver {
    /// The bytes from `at`, just `len` of them.
    fn give(&mut self, at: u64, len: u32) -> io::Result<Bytes>;
}

/// Bytes of a block.
const BLOCK: u64 = 256 << 10;
/// Blocks that are kept.
const KEPT: usize = 8;

struct Blocks {
    giver: Box<dyn Giver>,
    /// Position and bytes, the latest used last.
    kept: Vec<(u64, Rc<Vec<u8>>)>,
}

/// A content, by position. Clones share what they keep.
#[derive(Clone)]
pub struct Source {
    blocks: Rc<RefCell<Blocks>>,
    len: u64,
}

impl Source {
    pub(crate) fn new(giver: Box<dyn Giver>, len: u64) -> Self {
        Self { blocks: Rc::new(RefCell::new(Blocks { giver, kept: Vec::new() })), len }
    }

    /// Bytes that lie in memory: for what was decoded whole, and for tests.
    pub fn of_bytes(bytes: Vec<u8>) -> Self {
        let len = bytes.len() as u64;
        Self::new(Box::new(InMemory(bytes)), len)
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads from `at` as far as one block goes; none at the end.
    pub fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        if at >= self.len || buf.is_empty() {
            return Ok(0);
        }
        let start = at - at % BLOCK;
        let block = self.block(start)?;
        let from = usize::try_from(at - start).map_err(io::Error::other)?;
        let bytes = block.get(from..).unwrap_or_default();
        let got = bytes.len().min(buf.len());
        buf[..got].copy_from_slice(&bytes[..got]);
        Ok(got)
    }

    /// Fills `buf` from `at`, or fails.
    pub fn read_exact_at(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        self.window(at, self.len.saturating_sub(at)).read_exact(buf)
    }

    /// The bytes from `at`, `len` of them; fewer where the content ends before.
    pub fn window(&self, at: u64, len: u64) -> Window {
        let end = at.saturating_add(len).min(self.len);
        Window { source: self.clone(), at: at.min(end), end, block: Rc::default(), from: 0 }
    }

    fn block(&self, start: u64) -> io::Result<Rc<Vec<u8>>> {
        let mut blocks = self.blocks.borrow_mut();
        if let Some(at) = blocks.kept.iter().position(|(kept, _)| *kept == start) {
            let kept = blocks.kept.remove(at);
            let bytes = Rc::clone(&kept.1);
            blocks.kept.push(kept);
            return Ok(bytes);
        }
        let wanted = BLOCK.min(self.len - start);
        let len = u32::try_from(wanted).unwrap_or(MOST_NEED);
        let bytes = blocks.giver.give(start, len)?;
        if bytes.0.len() as u64 != wanted {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let bytes = Rc::new(bytes.0);
        if blocks.kept.len() >= KEPT {
            blocks.kept.remove(0);
        }
        blocks.kept.push((start, Rc::clone(&bytes)));
        Ok(bytes)
    }
}

/// A stretch of a content, read from beginning to end.
pub struct Window {
    source: Source,
    at: u64,
    end: u64,
    /// The block that is being read, and how far.
    block: Rc<Vec<u8>>,
    from: usize,
}

impl Window {
    /// Position in the content of the next byte.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// Goes on `len` bytes further on, or at the end.
    pub fn skip(&mut self, len: u64) {
        self.at = self.at.saturating_add(len).min(self.end);
        self.block = Rc::default();
        self.from = 0;
    }
}

impl Seek for Window {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.end.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        self.block = Rc::default();
        self.from = 0;
        Ok(self.at)
    }
}

impl BufRead for Window {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.from >= self.block.len() && self.at < self.end {
            let start = self.at - self.at % BLOCK;
            self.block = self.source.block(start)?;
            self.from = usize::try_from(self.at - start).map_err(io::Error::other)?;
        }
        let bytes = self.block.get(self.from..).unwrap_or_default();
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        Ok(&bytes[..bytes.len().min(left)])
    }

    fn consume(&mut self, n: usize) {
        self.from = self.from.saturating_add(n);
        self.at = self.at.saturating_add(n as u64).min(self.end);
    }
}

impl Read for Window {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?;
        let got = bytes.len().min(buf.len());
        buf[..got].copy_from_slice(&bytes[..got]);
        self.consume(got);
        Ok(got)
    }
}

impl Positioned for Source {
    fn size(&self) -> u64 {
        self.len
    }

    fn fill(&self, at: u64, buf: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(at, buf)
    }
}

struct InMemory(Vec<u8>);

impl Giver for InMemory {
    fn give(&mut self, at: u64, len: u32) -> io::Result<Bytes> {
        let from = usize::try_from(at).map_err(io::Error::other)?;
        let to = from.saturating_add(usize::try_from(len).map_err(io::Error::other)?);
        let bytes = self.0.get(from..to).ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(Bytes(bytes.to_vec()))
    }
}
