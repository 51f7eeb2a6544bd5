//! The chain of sections in one EWF segment.
//!
//! In: an open segment. Out: [`Section`]s in file order, and how the chain ended. A section
//! says where the next one begins; the chain must go forward, so it always ends.
//!
//! Source: J. Metz, "Expert Witness Compression Format specification", sections 3.1 and 3.2.

use crate::bytes::{array, u16_le, u32_le, u64_le};
use crate::image::segment::Segment;
use crate::image::{ReadError, signature};

/// Length of the segment's own header in bytes.
pub(super) const FILE_HEADER_LEN: usize = 13;
/// Length of a section's descriptor in bytes.
pub(super) const DESCRIPTOR_LEN: usize = 76;
/// More sections than any real segment has: 170 TiB of chunks of 32 KiB would need as many.
const MAX_SECTIONS: usize = 1 << 20;

/// What a section holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Header,
    Header2,
    Xhash,
    /// `volume`, `disk` and `data`: the geometry.
    Volume,
    Sectors,
    Table,
    Table2,
    Hash,
    Digest,
    Error2,
    Next,
    Done,
    /// A section that says nothing of the bytes: `xheader`, `session`, `incomplete`, ...
    Other,
}

impl Kind {
    fn from_name(name: &[u8; 16]) -> Self {
        let end = name.iter().position(|c| *c == 0).unwrap_or(name.len());
        match &name[..end] {
            b"header" => Self::Header,
            b"header2" => Self::Header2,
            b"xhash" => Self::Xhash,
            b"volume" | b"disk" | b"data" => Self::Volume,
            b"sectors" => Self::Sectors,
            b"table" => Self::Table,
            b"table2" => Self::Table2,
            b"hash" => Self::Hash,
            b"digest" => Self::Digest,
            b"error2" => Self::Error2,
            b"next" => Self::Next,
            b"done" => Self::Done,
            _ => Self::Other,
        }
    }
}

/// One section: its kind and where its data are in the segment, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Section {
    pub kind: Kind,
    pub data: u64,
    pub data_len: u64,
}

/// How a segment's chain of sections ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// `done`: the image is complete.
    Done,
    /// `next`: another segment follows.
    Next,
    /// The chain broke at this position, for this reason.
    Broken { at: u64, problem: String },
}

/// The number that the segment gives itself, from 1; none where it is not an EWF segment.
pub(super) fn number(segment: &Segment) -> Result<Option<u16>, ReadError> {
    let mut head = [0; FILE_HEADER_LEN];
    let got = segment.read_at(0, &mut head)?;
    Ok((got == head.len() && head.starts_with(&signature::EWF)).then(|| u16_le(&head, 9)).flatten())
}

/// Calls `each` for every section up to the end of the chain.
pub(super) fn walk<E>(
    segment: &Segment,
    mut each: impl FnMut(Section) -> Result<(), E>,
) -> Result<End, E> {
    let mut at = FILE_HEADER_LEN as u64;
    for _ in 0..MAX_SECTIONS {
        let (section, next) = match descriptor(segment, at) {
            Ok(found) => found,
            Err(problem) => return Ok(End::Broken { at, problem }),
        };
        each(section)?;
        match section.kind {
            Kind::Done => return Ok(End::Done),
            Kind::Next => return Ok(End::Next),
            _ if next > at => at = next,
            _ => {
                let problem = format!("the next section should lie behind byte {at}, got {next}");
                return Ok(End::Broken { at, problem });
            }
        }
    }
    Ok(End::Broken { at, problem: format!("more than {MAX_SECTIONS} sections") })
}

/// Reads the descriptor at `at`: the section, and where the next one begins.
fn descriptor(segment: &Segment, at: u64) -> Result<(Section, u64), String> {
    let mut raw = [0; DESCRIPTOR_LEN];
    let got = segment.read_at(at, &mut raw).map_err(|e| describe(&e))?;
    if got < raw.len() {
        return Err(format!(
            "a section of {DESCRIPTOR_LEN} bytes was wanted, the file ends after {got}: it was cut short"
        ));
    }
    let (Some(name), Some(next), Some(size), Some(stored)) =
        (array(&raw, 0), u64_le(&raw, 16), u64_le(&raw, 24), u32_le(&raw, 72))
    else {
        return Err("the section's descriptor is too short".to_owned());
    };
    let computed = libdeflater::adler32(&raw[..72]);
    if computed != stored {
        return Err(format!("the section's checksum should be {stored:08x}, got {computed:08x}"));
    }
    let data = at + DESCRIPTOR_LEN as u64;
    // `size` counts the descriptor; some writers leave it zero. Neither may pass the file.
    let room = next.min(segment.len).saturating_sub(data);
    let data_len = size.checked_sub(DESCRIPTOR_LEN as u64).map_or(room, |len| len.min(room));
    Ok((Section { kind: Kind::from_name(&name), data, data_len }, next))
}

/// A read error with its cause in one line.
pub(super) fn describe(error: &ReadError) -> String {
    match error {
        ReadError::Io { source, .. } => format!("{error}: {source}"),
        other => other.to_string(),
    }
}
