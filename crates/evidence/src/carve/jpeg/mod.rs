//! JPEG: marker by marker, the coefficients decoded on the way.
//!
//! The end is the end-of-image marker of the picture itself: thumbnails lie in segments, which
//! are passed over by their length. Sequential and progressive Huffman pictures of 8 bits are
//! decoded as far as is needed to know that each scan has just as many units as the frame says
//! ([`Proof::Content`]); of other codings only the markers are followed. Where a sequential
//! picture stops making sense, [`fragment`] looks for the rest of it.
//!
//! Refused: a picture without tables of its own, abbreviated formats, hierarchical frames.
//! Source: ITU-T T.81 (1992).

pub(super) mod fragment;
mod frame;
mod huffman;
mod scan;

use frame::{Coding, Frame};
use huffman::{Bits, Table};
use scan::{Masks, Notes, Part, Scan, Standing};

use super::kind::{Kind, Proof, Shape};
use super::window::Window;

/// Segments and scans of one picture.
const MOST_SEGMENTS: u32 = 4096;
/// Bytes between the last unit of a scan and the next marker that some writers leave.
const STRAY: u32 = 64;
/// Where only markers are followed, pieces are passed over up to this length.
const LONGEST_UNREAD: u64 = 256 << 20;

/// Why a picture is none, or ends too early.
enum Stop {
    /// It is no picture.
    No,
    /// A sequential scan began well and stops making sense.
    Broken(Box<Broken>),
}

/// A sequential scan that stops making sense.
struct Broken {
    header: ScanHeader,
    /// Where the scan begins.
    begin: u64,
    /// The byte by which the fault was noticed.
    at: u64,
    checkpoints: Vec<Standing>,
    /// Behind each unit: the next byte, and a mean.
    means: Vec<(u64, i32)>,
}

/// What a scan's header says.
#[derive(Clone)]
struct ScanHeader {
    /// Component, DC table, AC table.
    parts: Vec<(usize, usize, usize)>,
    band: (u8, u8),
    bits: (u8, u8),
}

/// What is known of a picture between two segments.
#[derive(Clone, Default)]
struct Picture {
    frame: Option<Frame>,
    dc: [Option<Table>; 4],
    ac: [Option<Table>; 4],
    /// The first step of each quantiser.
    steps: [Option<u16>; 4],
    restart: u32,
    masks: Masks,
    /// Components that had a scan.
    seen: u8,
    proof: Option<Proof>,
}

impl Picture {
    /// Follows segments and scans from `at` to the end of the image.
    fn follow(&mut self, window: &mut Window<'_>, mut at: u64) -> Result<Shape, Stop> {
        for _ in 0..MOST_SEGMENTS {
            let (marker, body) = self::marker(window, at).ok_or(Stop::No)?;
            if marker == 0xd9 {
                return self.finish(body).ok_or(Stop::No);
            }
            if !matches!(marker, 0xc0..=0xcf | 0xda..=0xdd | 0xe0..=0xef | 0xfe) {
                return Err(Stop::No);
            }
            let len = window.u16_be(body).filter(|len| *len >= 2).ok_or(Stop::No)?;
            let next = body + u64::from(len);
            if !matches!(marker, 0xe0..=0xef | 0xfe) {
                let segment =
                    window.bytes(body + 2, usize::from(len) - 2).ok_or(Stop::No)?.to_vec();
                if marker == 0xda {
                    at = self.scan(window, &segment, next)?;
                    continue;
                }
                self.segment(marker, &segment).ok_or(Stop::No)?;
            }
            at = next;
        }
        Err(Stop::No)
    }

    fn finish(&self, end: u64) -> Option<Shape> {
        let frame = self.frame.as_ref()?;
        let all = (1_u8 << frame.components.len()) - 1;
        (self.seen == all).then_some(Shape { kind: Kind::Jpeg, len: end, proof: self.proof? })
    }

    /// Takes in a table or the frame.
    fn segment(&mut self, marker: u8, segment: &[u8]) -> Option<()> {
        match marker {
            0xc4 => self.huffman_tables(segment),
            0xdb => self.quantisers(segment),
            0xdd => {
                self.restart = u32::from(u16::from_be_bytes(segment.try_into().ok()?));
                Some(())
            }
            // Arithmetic conditioning, number of lines.
            0xcc | 0xdc => Some(()),
            0xc8 | 0xde | 0xdf => None,
            _ => {
                if self.frame.is_some() {
                    return None;
                }
                let frame = Frame::parse(marker, segment)?;
                if frame.coding == Coding::Progressive {
                    let blocks = |blocks| usize::try_from(blocks).unwrap_or(0);
                    let masks = frame.components.iter().map(|part| vec![0; blocks(part.blocks)]);
                    self.masks = masks.collect();
                }
                self.frame = Some(frame);
                Some(())
            }
        }
    }

    fn huffman_tables(&mut self, mut rest: &[u8]) -> Option<()> {
        while let Some((head, tail)) = rest.split_first() {
            let counts: &[u8; 16] = tail.first_chunk()?;
            let symbols = counts.iter().map(|n| usize::from(*n)).sum::<usize>();
            let table = Table::new(counts, tail.get(16..16 + symbols)?)?;
            let class = match head >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return None,
            };
            *class.get_mut(usize::from(head & 15))? = Some(table);
            rest = tail.get(16 + symbols..)?;
        }
        Some(())
    }

    fn quantisers(&mut self, mut rest: &[u8]) -> Option<()> {
        while let Some((head, tail)) = rest.split_first() {
            let (wide, number) = (head >> 4, usize::from(head & 15));
            let (step, len) = match wide {
                0 => (u16::from(*tail.first()?), 64),
                1 => (u16::from_be_bytes(*tail.first_chunk()?), 128),
                _ => return None,
            };
            *self.steps.get_mut(number)? = Some(step).filter(|step| *step > 0);
            rest = tail.get(len..)?;
        }
        Some(())
    }

    /// Decodes a scan that begins at `at`; gives where the next marker stands.
    fn scan(&mut self, window: &mut Window<'_>, segment: &[u8], at: u64) -> Result<u64, Stop> {
        let frame = self.frame.take().ok_or(Stop::No)?;
        let header = ScanHeader::parse(segment, &frame);
        let mut masks = std::mem::take(&mut self.masks);
        let result = match header {
            None => Err(Stop::No),
            Some(header) if frame.coding == Coding::Other => {
                self.note(&header, Proof::Frame);
                pass_over(window, at).ok_or(Stop::No)
            }
            Some(header) => self.decode(window, &frame, &header, at, &mut masks),
        };
        self.frame = Some(frame);
        self.masks = masks;
        result
    }

    fn decode(
        &mut self,
        window: &mut Window<'_>,
        frame: &Frame,
        header: &ScanHeader,
        at: u64,
        masks: &mut Masks,
    ) -> Result<u64, Stop> {
        let scan = self.prepared(frame, header).ok_or(Stop::No)?;
        let mut standing = scan.start(at);
        let sequential = frame.coding == Coding::Sequential;
        let mut notes = if sequential { Notes::of_all() } else { Notes::default() };
        let mut bits = Bits::new(window, standing.bits);
        let decoded = scan.decode(&mut bits, &mut standing, masks, &mut notes);
        match decoded.and_then(|()| bits.finish(STRAY)) {
            Ok((next, astray)) => {
                self.note(header, if astray { Proof::Chain } else { Proof::Content });
                Ok(next)
            }
            Err(_) if sequential && standing.unit > 0 => Err(Stop::Broken(Box::new(Broken {
                header: header.clone(),
                begin: at,
                at: bits.state().at,
                checkpoints: notes.checkpoints,
                means: notes.means,
            }))),
            Err(_) => Err(Stop::No),
        }
    }

    /// The scan with the tables that it refers to.
    fn prepared<'t>(&'t self, frame: &'t Frame, header: &ScanHeader) -> Option<Scan<'t>> {
        let mut parts = Vec::with_capacity(header.parts.len());
        for &(component, dc, ac) in &header.parts {
            let quantiser = frame.components.get(component)?.quantiser;
            parts.push(Part {
                component,
                dc: self.dc.get(dc)?.as_ref(),
                ac: self.ac.get(ac)?.as_ref(),
                step: self.steps.get(quantiser).copied()??,
            });
        }
        let (band, bits) = (header.band, header.bits);
        Some(Scan { frame, parts, band, bits, restart: self.restart })
    }

    fn note(&mut self, header: &ScanHeader, proof: Proof) {
        for (component, _, _) in &header.parts {
            self.seen |= 1 << component;
        }
        self.proof = Some(self.proof.map_or(proof, |before| before.min(proof)));
    }
}

impl ScanHeader {
    fn parse(segment: &[u8], frame: &Frame) -> Option<Self> {
        let (count, rest) = segment.split_first()?;
        let parts_len = 2 * usize::from(*count);
        let &[first, last, bits] = rest.get(parts_len..)? else { return None };
        let mut parts = Vec::new();
        for part in rest.get(..parts_len)?.chunks_exact(2) {
            let component = frame.components.iter().position(|c| c.id == part[0])?;
            parts.push((component, usize::from(part[1] >> 4), usize::from(part[1] & 15)));
        }
        let bits = (bits >> 4, bits & 15);
        let sound = match frame.coding {
            // Some writers leave these bytes as they were.
            Coding::Sequential | Coding::Other => true,
            Coding::Progressive => {
                first <= last
                    && last < 64
                    && (first == 0) == (last == 0)
                    && (first == 0 || parts.len() == 1)
                    && bits.1 <= 13
                    && (bits.0 == 0 || bits.0 == bits.1 + 1)
            }
        };
        let bits = if frame.coding == Coding::Sequential { (0, 0) } else { bits };
        let whole = sound && !parts.is_empty() && parts.len() <= frame.components.len();
        whole.then_some(Self { parts, band: (first, last), bits })
    }
}

/// The marker at `at`, fill bytes before it left out, and where its segment begins.
fn marker(window: &mut Window<'_>, at: u64) -> Option<(u8, u64)> {
    if window.u8(at)? != 0xff {
        return None;
    }
    (at + 1..at + 16).find_map(|at| match window.u8(at) {
        Some(0xff) => None,
        Some(marker) => Some(Some((marker, at + 1))),
        None => Some(None),
    })?
}

/// Passes over entropy-coded data that is not decoded, to the next marker that is no restart.
fn pass_over(window: &mut Window<'_>, from: u64) -> Option<u64> {
    let mut at = from;
    while at - from < LONGEST_UNREAD {
        let piece = window.piece(at)?;
        match piece.iter().position(|byte| *byte == 0xff) {
            None => at += piece.len() as u64,
            Some(inside) => {
                at += inside as u64;
                if !matches!(window.u8(at + 1)?, 0 | 0xd0..=0xd7 | 0xff) {
                    return Some(at);
                }
                at += 1;
            }
        }
    }
    None
}
