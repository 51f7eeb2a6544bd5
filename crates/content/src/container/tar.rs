//! Tape archives: ustar, pax, and what GNU tar adds.
//!
//! In: the archive as a stream, read once. Out: a child for each file. Folders are none; a hard
//! link has the bytes of the file that it names; symbolic links and devices have no bytes, which
//! is told of each. Refused: sparse files, whose bytes are told as lost. Headers that do not
//! check are passed over, block by block, until one does: the stretch is a problem.
//!
//! Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"; GNU tar manual,
//! "Basic Tar Format".

use std::collections::HashMap;
use std::io::{self, BufRead, Read};

use pendeen_evidence::entry::Times;

use super::checked::Checked;
use crate::protocol::{Bytes, Child, Layout};
use crate::remote::{Source, Window};
use crate::sink::{Children, Stop};

/// Bytes of a block.
pub(super) const BLOCK: usize = 512;
/// Longest extended header that is kept, in bytes.
const MOST_EXTENDED: u64 = 1 << 20;

/// Bytes that come one after the other, some of which need not be read.
pub(super) trait Tape: Read {
    /// Passes over `len` bytes, or as many as there are.
    fn pass(&mut self, len: u64) -> io::Result<()>;
}

/// A stream that can only be read.
pub(super) struct Stream<'a, R>(pub(super) &'a mut R);

impl<R: Read> Read for Stream<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl<R: Read> Tape for Stream<'_, R> {
    fn pass(&mut self, len: u64) -> io::Result<()> {
        io::copy(&mut self.0.take(len), &mut io::sink()).map(drop)
    }
}

impl Tape for Window {
    fn pass(&mut self, len: u64) -> io::Result<()> {
        // What is in the block at hand costs nothing.
        if len <= self.fill_buf()?.len() as u64 {
            self.consume(usize::try_from(len).unwrap_or(0));
        } else {
            self.skip(len);
        }
        Ok(())
    }
}

/// Opens an archive that is not compressed.
pub(super) fn open_plain(source: &Source, children: &mut Children) -> Result<(), Stop> {
    open(&mut source.window(0, source.len()), children)
}

/// Tells what is in the archive on `tape`.
pub(super) fn open(tape: &mut dyn Tape, children: &mut Children) -> Result<(), Stop> {
    children.layout(Layout::Tar)?;
    let mut reader = Reader {
        tape,
        at: 0,
        number: 0,
        next: Extended::default(),
        names: HashMap::new(),
        ended: false,
    };
    match reader.members(children) {
        Err(Failure::Tape(error)) => {
            let reason = format!("reading it failed: {error}");
            children.problem("the rest of what is in it", reason, Some(reader.at))
        }
        Err(Failure::Stop(stop)) => Err(stop),
        Ok(()) => Ok(()),
    }
}

enum Failure {
    Tape(io::Error),
    Stop(Stop),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Tape(error)
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

struct Reader<'a> {
    tape: &'a mut dyn Tape,
    /// Position of the next byte on the tape.
    at: u64,
    /// Number of the next child.
    number: u64,
    /// What extended headers say of the next member.
    next: Extended,
    /// Files by name, for hard links.
    names: HashMap<Vec<u8>, u64>,
    /// The end mark was met, or its absence told.
    ended: bool,
}

/// What headers before a member's own say of it.
#[derive(Debug, Clone, Default)]
struct Extended {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    user: Option<u64>,
    group: Option<u64>,
    times: Times,
    sparse: bool,
}

impl Reader<'_> {
    fn members(&mut self, children: &mut Children) -> Result<(), Failure> {
        let mut block = [0; BLOCK];
        let mut bad: Option<u64> = None;
        loop {
            let here = self.at;
            let got = self.fill(&mut block)?;
            let last = got < BLOCK;
            // The end mark, the padding behind it, and a damaged stretch may all be zeros.
            let zeros = block[..got].iter().all(|byte| *byte == 0);
            self.ended |= zeros && got > 0;
            if !last && !zeros && !is_header(&block) {
                bad.get_or_insert(here);
                continue;
            }
            if let Some(from) = bad.take_if(|_| last || !zeros) {
                let reason = format!("there is no header of a member in {} bytes", here - from);
                children.problem("the members that begin there", reason, Some(from))?;
            }
            if last {
                if !zeros {
                    let reason =
                        format!("the archive ends in the middle of a block, after {got} bytes");
                    children.problem("the rest of what is in it", reason, Some(here))?;
                }
                if zeros && !self.ended {
                    let reason = "the archive has no end mark: it was cut short there";
                    children.problem("the rest of what is in it", reason, Some(here))?;
                }
                return Ok(());
            }
            if !zeros {
                self.member(&block, children)?;
            }
        }
    }

    /// What a good header begins.
    fn member(&mut self, header: &[u8], children: &mut Children) -> Result<(), Failure> {
        let claimed = number(&header[124..136]);
        match header[156] {
            b'x' => return self.extend(claimed, Extended::pax, children),
            // Of all members that follow: dates and comments, in practice.
            b'g' => return self.extend(claimed, |_, _| (), children),
            b'L' => {
                return self.extend(claimed, |next, bytes| next.name = Some(text(bytes)), children);
            }
            b'K' => {
                return self.extend(claimed, |next, bytes| next.link = Some(text(bytes)), children);
            }
            _ => {}
        }
        let next = std::mem::take(&mut self.next);
        let size = next.size.or(claimed).unwrap_or(u64::MAX);
        let name = next.name.clone().unwrap_or_else(|| ustar_name(header));
        let child = Child {
            name: Bytes(name.clone()),
            size: Some(size),
            times: Times {
                modified: next.times.modified.or_else(|| {
                    number(&header[136..148])
                        .and_then(|s| i64::try_from(s).ok())
                        .and_then(super::dos::unix)
                }),
                ..next.times
            },
            owner: next
                .user
                .or_else(|| number(&header[108..116]))
                .zip(next.group.or_else(|| number(&header[116..124]))),
            ..Child::default()
        };
        let link = next.link.clone().unwrap_or_else(|| text(&header[157..257]));
        match header[156] {
            b'1' => self.hard_link(child, link, children),
            b'2' => {
                let reason = format!(
                    "a symbolic link to {}, which is not followed",
                    String::from_utf8_lossy(&link)
                );
                self.empty(child, reason, children)
            }
            b'3' | b'4' => {
                self.empty(child, "a device: there is nothing in it to read".to_owned(), children)
            }
            b'6' => self.empty(
                child,
                "a named pipe: there is nothing in it to read".to_owned(),
                children,
            ),
            b'5' | b'V' | b'D' => self.pass(size),
            b'S' => {
                self.pass_sparse_map(header[482] != 0)?;
                let reason =
                    "it is stored as a sparse file of GNU tar, for which there is no reader";
                self.lost(child, size, reason, children)
            }
            b'M' => self.lost(
                child,
                size,
                "it is the rest of a file that begins on another volume",
                children,
            ),
            _ if next.sparse => self.lost(
                child,
                size,
                "it is stored as a sparse file, for which there is no reader",
                children,
            ),
            // A folder of old archives.
            b'\0' | b'0' if name.ends_with(b"/") && size == 0 => Ok(()),
            _ => self.file(child, size, name, children),
        }
    }

    fn file(
        &mut self,
        mut child: Child,
        size: u64,
        name: Vec<u8>,
        children: &mut Children,
    ) -> Result<(), Failure> {
        child.number = self.count();
        self.names.insert(name, child.number);
        if !children.wants(child.number) {
            children.child(child, &mut io::empty())?;
            return self.pass(size);
        }
        let mut bytes = Checked::new((&mut *self.tape).take(size), Some(size), None);
        children.child(child, &mut bytes)?;
        let left = bytes.into_inner().limit();
        // That the archive ends in it has been told of the child.
        self.ended |= left > 0;
        self.at = self.at.saturating_add(size - left);
        if children.is_full() {
            let reason = "the limit on what is read out of one container is reached";
            children.problem("the rest of what is in it", reason, Some(self.at))?;
            return Err(Stop::Enough.into());
        }
        self.pass_to(left, size)
    }

    fn hard_link(
        &mut self,
        mut child: Child,
        link: Vec<u8>,
        children: &mut Children,
    ) -> Result<(), Failure> {
        child.same_as = self.names.get(&link).copied();
        if child.same_as.is_none() {
            let reason = format!(
                "a hard link to {}, which is not before it in the archive",
                String::from_utf8_lossy(&link)
            );
            return self.empty(child, reason, children);
        }
        child.size = None;
        child.number = self.count();
        Ok(children.child(child, &mut io::empty())?)
    }

    /// A child that has no bytes.
    fn empty(
        &mut self,
        mut child: Child,
        reason: String,
        children: &mut Children,
    ) -> Result<(), Failure> {
        child.number = self.count();
        child.size = Some(0);
        Ok(children.lost(child, reason)?)
    }

    /// A child whose bytes cannot be had.
    fn lost(
        &mut self,
        mut child: Child,
        size: u64,
        reason: &str,
        children: &mut Children,
    ) -> Result<(), Failure> {
        child.number = self.count();
        children.lost(child, reason)?;
        self.pass(size)
    }

    /// Passes over the blocks that go on with the map of a sparse file.
    fn pass_sparse_map(&mut self, mut more: bool) -> Result<(), Failure> {
        let mut block = [0; BLOCK];
        while more {
            more = self.fill(&mut block)? == BLOCK && block[504] != 0;
        }
        Ok(())
    }

    fn count(&mut self) -> u64 {
        self.number += 1;
        self.number - 1
    }

    /// Reads an extended header and lets `take` read it.
    fn extend(
        &mut self,
        size: Option<u64>,
        take: impl FnOnce(&mut Extended, &[u8]),
        children: &mut Children,
    ) -> Result<(), Failure> {
        let size = size.unwrap_or(u64::MAX);
        if size > MOST_EXTENDED {
            let reason = format!("an extended header of {size} bytes is past all reason");
            children.problem("what a header says of the next member", reason, Some(self.at))?;
            return self.pass(size);
        }
        let mut bytes = Vec::new();
        (&mut *self.tape).take(size).read_to_end(&mut bytes)?;
        let left = size - bytes.len() as u64;
        self.at = self.at.saturating_add(bytes.len() as u64);
        take(&mut self.next, &bytes);
        self.pass_to(left, size)
    }

    /// Passes over a member's bytes and its padding.
    fn pass(&mut self, size: u64) -> Result<(), Failure> {
        self.pass_to(size, size)
    }

    /// Passes over the `left` bytes of a member of `size` bytes, and its padding.
    fn pass_to(&mut self, left: u64, size: u64) -> Result<(), Failure> {
        let padding = size.wrapping_neg() % BLOCK as u64;
        let len = left.saturating_add(padding);
        self.tape.pass(len)?;
        self.at = self.at.saturating_add(len);
        Ok(())
    }

    /// Reads a block; how much of it there is.
    fn fill(&mut self, block: &mut [u8]) -> io::Result<usize> {
        let mut got = 0;
        while got < block.len() {
            match self.tape.read(&mut block[got..]) {
                Ok(0) => break,
                Ok(n) => got += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        self.at = self.at.saturating_add(got as u64);
        Ok(got)
    }
}

impl Extended {
    /// Reads `LENGTH KEY=VALUE\n`, again and again.
    fn pax(&mut self, mut bytes: &[u8]) {
        while let Some(space) = bytes.iter().position(|byte| *byte == b' ') {
            let len = std::str::from_utf8(&bytes[..space]).ok().and_then(|len| len.parse().ok());
            let Some(len) = len.filter(|len: &usize| *len > space + 1 && *len <= bytes.len())
            else {
                return;
            };
            let record = &bytes[space + 1..len - 1];
            bytes = &bytes[len..];
            let Some(equals) = record.iter().position(|byte| *byte == b'=') else { continue };
            self.record(&record[..equals], &record[equals + 1..]);
        }
    }

    fn record(&mut self, key: &[u8], value: &[u8]) {
        let text = std::str::from_utf8(value).unwrap_or_default();
        match key {
            b"path" | b"GNU.sparse.name" => self.name = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = text.parse().ok(),
            b"uid" => self.user = text.parse().ok(),
            b"gid" => self.group = text.parse().ok(),
            b"mtime" => self.times.modified = seconds(text),
            b"atime" => self.times.accessed = seconds(text),
            b"ctime" => self.times.changed = seconds(text),
            b"LIBARCHIVE.creationtime" => self.times.created = seconds(text),
            _ => {
                self.sparse |=
                    key.starts_with(b"GNU.sparse.") || key.starts_with(b"SCHILY.realsize");
            }
        }
    }
}

/// Seconds with a decimal fraction, as nanoseconds.
fn seconds(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut nano = 0_i64;
    for place in 0..9 {
        let digit =
            fraction.as_bytes().get(place).map_or(Some(0), |b| char::from(*b).to_digit(10))?;
        nano = nano * 10 + i64::from(digit);
    }
    let signed = if whole.starts_with('-') { -nano } else { nano };
    super::dos::unix(whole.parse().ok()?)?.checked_add(signed)
}

/// The bytes up to the first zero.
fn text(field: &[u8]) -> Vec<u8> {
    field.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()
}

fn ustar_name(header: &[u8]) -> Vec<u8> {
    let name = text(&header[..100]);
    let prefix = text(&header[345..500]);
    // GNU's own format has other things there.
    if header[257..263] != *b"ustar\0" || prefix.is_empty() {
        return name;
    }
    [prefix, name].join(&b'/')
}

/// A number in octal digits, or in GNU's form of bytes; none where it is neither.
fn number(field: &[u8]) -> Option<u64> {
    let first = *field.first()?;
    if first & 0x80 != 0 {
        let rest = &field[1..];
        let (high, low) = rest.split_at(rest.len().saturating_sub(8));
        let small = first == 0x80 && high.iter().all(|byte| *byte == 0);
        return small.then(|| low.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)));
    }
    let digits = field.trim_ascii_start();
    let end = digits.iter().position(|b| matches!(b, 0 | b' ')).unwrap_or(digits.len());
    digits[..end].iter().try_fold(0_u64, |sum, byte| match byte {
        b'0'..=b'7' => sum.checked_mul(8)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

/// Whether a block is the header of a member: its checksum says so.
pub fn is_header(block: &[u8]) -> bool {
    let Some(block) = block.get(..BLOCK) else { return false };
    let Some(wanted) = number(&block[148..156]) else { return false };
    // The checksum's own field counts as spaces. Some old programs add signed bytes.
    let bytes =
        || block.iter().enumerate().map(|(at, b)| if (148..156).contains(&at) { b' ' } else { *b });
    let unsigned: u64 = bytes().map(u64::from).sum();
    let signed: i64 = bytes().map(|byte| i64::from(byte.cast_signed())).sum();
    unsigned == wanted || u64::try_from(signed) == Ok(wanted)
}
