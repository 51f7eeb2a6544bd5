//! The write-ahead log beside a database: what was committed and is not yet in the file.
//!
//! In: the log. Out: where the latest committed version of each page lies in it. Frames count
//! while their salts are the header's and their checksums go on from those before, up to the
//! last one that ends a transaction. Refused: logs of another page size; what follows the last
//! commit, which SQLite would not show either.
//!
//! Source: "WAL-mode File Format", sqlite.org, section 4.

use std::collections::HashMap;

use crate::Positioned;

const HEADER: u64 = 32;
const FRAME_HEADER: usize = 24;
/// A log is read up to this many bytes: one that grew beyond is applied in part, and said.
const MOST: u64 = 4 << 30;

/// A log with committed frames.
pub(super) struct Wal<'a> {
    pub(super) log: &'a dyn Positioned,
    /// Pages of the database after the last commit.
    pub(super) pages: u32,
    /// Why it is applied in part only.
    pub(super) problem: Option<String>,
    places: HashMap<u32, u64>,
}

impl<'a> Wal<'a> {
    /// Reads a log; none where it holds no committed frame.
    pub(super) fn open(log: &'a dyn Positioned, page_size: u32) -> Result<Option<Self>, String> {
        let mut header = [0; 32];
        if log.size() < HEADER {
            return Ok(None);
        }
        log.fill(0, &mut header).map_err(|e| format!("its log cannot be read: {e}"))?;
        let word = |at: usize| {
            u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let big = match word(0) {
            0x377f_0682 => false,
            0x377f_0683 => true,
            // SQLite leaves zeros where a log was used up.
            0 => return Ok(None),
            _ => return Err("its log does not begin as a log does".to_owned()),
        };
        if word(8) != page_size {
            return Err(format!("its log has pages of {} bytes, and it {page_size}", word(8)));
        }
        let mut sum = checksum((0, 0), &header[..24], big);
        if sum != (word(24), word(28)) {
            return Err("the checksum of its log's header is wrong".to_owned());
        }
        let salts = [word(16), word(20)];
        let (mut places, mut pending) = (HashMap::new(), Vec::new());
        let (mut pages, mut problem) = (0, None);
        let mut frame = vec![0; FRAME_HEADER + page_size as usize];
        let mut at = HEADER;
        while at + frame.len() as u64 <= log.size() {
            if at > MOST {
                problem = Some(format!("its log is applied up to byte {MOST} only"));
                break;
            }
            if let Err(e) = log.fill(at, &mut frame) {
                problem = Some(format!("its log cannot be read from byte {at} on: {e}"));
                break;
            }
            let word = |at: usize| {
                u32::from_be_bytes([frame[at], frame[at + 1], frame[at + 2], frame[at + 3]])
            };
            sum = checksum(sum, &frame[..8], big);
            sum = checksum(sum, &frame[FRAME_HEADER..], big);
            if [word(8), word(12)] != salts || (word(16), word(20)) != sum {
                break;
            }
            pending.push((word(0), at + FRAME_HEADER as u64));
            if word(4) > 0 {
                pages = word(4);
                places.extend(pending.drain(..));
            }
            at += frame.len() as u64;
        }
        Ok((!places.is_empty()).then_some(Self { log, pages, problem, places }))
    }

    /// Where a page lies in the log, if it does.
    pub(super) fn at(&self, page: u32) -> Option<u64> {
        self.places.get(&page).copied()
    }
}

/// Goes on with a checksum over pairs of words.
fn checksum(sum: (u32, u32), bytes: &[u8], big: bool) -> (u32, u32) {
    let word = |b: &[u8]| {
        let b = [b[0], b[1], b[2], b[3]];
        if big { u32::from_be_bytes(b) } else { u32::from_le_bytes(b) }
    };
    bytes.chunks_exact(8).fold(sum, |(s0, s1), pair| {
        let s0 = s0.wrapping_add(word(&pair[..4])).wrapping_add(s1);
        let s1 = s1.wrapping_add(word(&pair[4..])).wrapping_add(s0);
        (s0, s1)
    })
}
