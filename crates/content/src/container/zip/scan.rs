//! Members found by their local headers, where a ZIP has no directory: it was cut short, or is
//! still being sent.
//!
//! In: the archive from its beginning. Out: the members that begin with a local header, numbered
//! in the order in which they lie. What lies between them is passed over, and told.
//!
//! Source: APPNOTE.TXT 6.3.10, section 4.3.7.

use std::io::{self, BufRead, Read};

use flate2::bufread::DeflateDecoder;

use super::super::checked::Checked;
use super::super::{array, u16_le};
use super::{Common, LOCAL, LOCAL_LEN, Member, decoder};
use crate::protocol::Layout;
use crate::remote::Source;
use crate::sink::{Children, Stop};

/// The sizes stand behind the bytes.
const SIZES_FOLLOW: u16 = 1 << 3;

pub(super) fn members(source: &Source, why: &str, children: &mut Children) -> Result<(), Stop> {
    let Ok(Some(mut at)) = next(source, 0) else {
        return Err(Stop::Broken(why.to_owned()));
    };
    children.layout(Layout::Zip)?;
    let reason = format!("{why}; the members are those whose own headers were found");
    children.problem("the archive's directory", reason, None)?;
    let mut number = 0;
    loop {
        let end = match header(source, at, number) {
            Some((member, data, follow)) => {
                number += 1;
                member.map_or(Ok(data), |member| tell(source, member, data, follow, children))?
            }
            None => at.saturating_add(4),
        };
        match next(source, end.max(at.saturating_add(4))) {
            Ok(Some(found)) => at = found,
            Ok(None) => return Ok(()),
            Err(error) => {
                return children.problem("the rest of what is in it", error.to_string(), Some(end));
            }
        }
    }
}

/// The next local header from `from` on.
fn next(source: &Source, from: u64) -> io::Result<Option<u64>> {
    let mut window = source.window(from, source.len());
    let mut matched = 0;
    loop {
        let at = window.position();
        let bytes = window.fill_buf()?;
        if bytes.is_empty() {
            return Ok(None);
        }
        for (n, byte) in (1_u64..).zip(bytes) {
            matched = match *byte {
                byte if byte == LOCAL[matched] => matched + 1,
                b'P' => 1,
                _ => 0,
            };
            if matched == LOCAL.len() {
                return Ok(Some(at + n - LOCAL.len() as u64));
            }
        }
        let len = bytes.len();
        window.consume(len);
    }
}

/// The header at `at`: the member (none for a folder), where its bytes begin, and whether its
/// sizes stand behind them. None where no header can be there.
fn header(source: &Source, at: u64, number: u64) -> Option<(Option<Member>, u64, bool)> {
    let mut header = [0; 30];
    source.read_exact_at(at, &mut header).ok()?;
    let [name, extra] = [26, 28].map(|at| u16_le(&header, at).unwrap_or(0));
    let mut rest = vec![0; usize::from(name) + usize::from(extra)];
    source.read_exact_at(at + LOCAL_LEN, &mut rest).ok()?;
    let (name, extra) = rest.split_at(usize::from(name));
    let common = Common { fields: &header[4..26], name, extra };
    let data = at + LOCAL_LEN + rest.len() as u64;
    let follow = array(&header, 6).map(u16::from_le_bytes)? & SIZES_FOLLOW != 0;
    Some((common.member(number, at, false), data, follow))
}

/// Tells a member; where its bytes end.
fn tell(
    source: &Source,
    mut member: Member,
    data: u64,
    follow: bool,
    children: &mut Children,
) -> Result<u64, Stop> {
    let packed = source.window(data, if follow { source.len() } else { member.packed });
    if member.encrypted {
        children.lost(member.child, "it is encrypted")?;
        return Ok(if follow { data } else { data.saturating_add(member.packed) });
    }
    if !follow {
        let (size, crc, number) = (member.child.size, member.crc, member.child.number);
        match decoder(member.method, packed) {
            Ok(bytes) if children.wants(number) => {
                children.child(member.child, &mut Checked::new(bytes, size, crc))?;
            }
            Ok(_) => children.child(member.child, &mut io::empty())?,
            Err(reason) => children.lost(member.child, reason)?,
        }
        return Ok(data.saturating_add(member.packed));
    }
    member.child.size = None;
    if member.method != 8 {
        children.lost(member.child, "its length stood in the directory, which is not there")?;
        return Ok(data);
    }
    let mut bytes = DeflateDecoder::new(packed);
    if children.wants(member.child.number) {
        children.child(member.child, &mut Ended(&mut bytes))?;
    } else {
        children.child(member.child, &mut io::empty())?;
        // Where it ends is known only by unpacking it; what fails is told of the next member.
        const MOST: u64 = 16 << 30;
        let _ = io::copy(&mut (&mut bytes).take(MOST), &mut io::sink());
    }
    Ok(data.saturating_add(bytes.total_in()))
}

/// A deflated stream that must reach its own end: the decoder takes the end of its input for it.
struct Ended<'a, R>(&'a mut DeflateDecoder<R>);

impl<R: BufRead> Read for Ended<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let got = self.0.read(buf)?;
        if got == 0 && !buf.is_empty() && self.0.get_mut().fill_buf()?.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the archive ends before it"));
        }
        Ok(got)
    }
}
