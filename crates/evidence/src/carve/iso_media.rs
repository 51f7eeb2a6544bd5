//! ISO base media: MP4, MOV, 3GP, HEIC and AVIF, box by box.
//!
//! The boxes of the file's own level are followed until something comes that is none: there the
//! file ends. A movie must have its header and its media, and every chunk that its tables name
//! must lie in the file; a picture must have its metadata and its data.
//! Refused: a box that says it goes on to the end of the file, for where that is nobody knows.
//! Source: ISO/IEC 14496-12, 23008-12; Apple, QuickTime File Format Specification.

use super::kind::{Kind, Proof, Shape};
use super::window::Window;

/// Boxes of one file, on all levels.
const MOST_BOXES: u32 = 1 << 20;
/// Entries of chunk tables that are looked at.
const MOST_CHUNKS: u32 = 4 << 20;
/// Boxes in boxes.
const DEEPEST: u32 = 8;

/// A box: its name, where its body begins, and where it ends.
struct Part {
    name: [u8; 4],
    body: u64,
    end: u64,
}

#[derive(Default)]
struct Found {
    boxes: u32,
    chunks: u32,
    movie: bool,
    metadata: bool,
    media: u64,
    fragments: bool,
    /// The farthest byte that a table names.
    farthest: u64,
}

pub(super) fn measure(window: &mut Window<'_>) -> Option<Shape> {
    let kind = brand(window)?;
    measure_as(window, kind)
}

/// A movie without `ftyp`, as QuickTime's are.
pub(super) fn measure_quicktime(window: &mut Window<'_>) -> Option<Shape> {
    measure_as(window, Kind::QuickTime)
}

fn measure_as(window: &mut Window<'_>, kind: Kind) -> Option<Shape> {
    let mut found = Found::default();
    let (mut at, len) = (0, window.len());
    while let Some(part) = next(window, at, len) {
        if !known(part.name) || (&part.name == b"ftyp" && at > 0) {
            break;
        }
        found.boxes += 1;
        if found.boxes > MOST_BOXES {
            return None;
        }
        match &part.name {
            b"moov" => {
                let header = next(window, part.body, part.end)?;
                found.movie = matches!(&header.name, b"mvhd" | b"cmov");
                children(window, part.body, part.end, 0, &mut found)?;
            }
            b"moof" => found.fragments = true,
            b"meta" => {
                let first = next(window, part.body + 4, part.end)?;
                found.metadata = &first.name == b"hdlr";
            }
            b"mdat" | b"idat" => found.media += part.end - part.body,
            _ => {}
        }
        at = part.end;
    }
    let picture = matches!(kind, Kind::Heic | Kind::Avif);
    let whole = if picture {
        found.metadata && (found.media > 0 || found.movie)
    } else {
        found.movie && (found.media > 0 || found.fragments)
    };
    let tables = found.farthest < at;
    (whole && tables).then_some(Shape { kind, len: at, proof: Proof::Frame })
}

/// The kind that the first box's brands say.
fn brand(window: &mut Window<'_>) -> Option<Kind> {
    let len = usize::try_from(window.u32_be(0)?).ok()?.clamp(16, 4096);
    let first = window.bytes(0, len)?;
    let mut brands = first.get(8..)?.chunks_exact(4);
    let major = brands.next()?;
    if !major.iter().all(|b| (0x20..0x7f).contains(b)) {
        return None;
    }
    let compatible = |wanted: &[u8]| brands.clone().skip(1).any(|brand| brand == wanted);
    Some(match major {
        b"avif" | b"avis" => Kind::Avif,
        b"mif1" | b"msf1" if compatible(b"avif") => Kind::Avif,
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1" => Kind::Heic,
        b"qt  " => Kind::QuickTime,
        [b'3', b'g', _, _] => Kind::ThreeGpp,
        _ => Kind::Mp4,
    })
}

/// The box at `at`, if it lies before `end` and states its length.
fn next(window: &mut Window<'_>, at: u64, end: u64) -> Option<Part> {
    let short = u64::from(window.u32_be(at)?);
    let name: [u8; 4] = window.array(at.checked_add(4)?)?;
    let (len, head) = if short == 1 { (window.u64_be(at + 8)?, 16) } else { (short, 8) };
    let stop = at.checked_add(len)?;
    (len >= head && stop <= end).then_some(Part { name, body: at + head, end: stop })
}

/// Boxes of a file's own level.
fn known(name: [u8; 4]) -> bool {
    matches!(
        &name,
        b"ftyp"
            | b"moov"
            | b"mdat"
            | b"free"
            | b"skip"
            | b"wide"
            | b"meta"
            | b"uuid"
            | b"moof"
            | b"mfra"
            | b"pdin"
            | b"styp"
            | b"sidx"
            | b"ssix"
            | b"prft"
            | b"emsg"
            | b"udta"
            | b"pnot"
            | b"PICT"
            | b"idat"
            | b"mpvd"
            | b"meco"
            | b"imda"
    )
}

/// Walks the boxes in a movie's header down to its chunk tables. Boxes must fill their parent.
fn children(
    window: &mut Window<'_>,
    from: u64,
    end: u64,
    depth: u32,
    found: &mut Found,
) -> Option<()> {
    let mut at = from;
    while at < end {
        // QuickTime ends some lists with four zero bytes.
        if end - at < 8 {
            return (end - at == 4).then_some(());
        }
        let part = next(window, at, end)?;
        found.boxes += 1;
        if found.boxes > MOST_BOXES {
            return None;
        }
        match &part.name {
            b"trak" | b"mdia" | b"minf" | b"stbl" if depth < DEEPEST => {
                children(window, part.body, part.end, depth + 1, found)?;
            }
            b"stco" => chunks(window, &part, 4, found)?,
            b"co64" => chunks(window, &part, 8, found)?,
            _ => {}
        }
        at = part.end;
    }
    Some(())
}

/// A table of where chunks begin: notes the farthest.
fn chunks(window: &mut Window<'_>, part: &Part, width: u64, found: &mut Found) -> Option<()> {
    let count = u64::from(window.u32_be(part.body + 4)?);
    if part.body + 8 + count.checked_mul(width)? > part.end {
        return None;
    }
    for number in 0..count {
        found.chunks = found.chunks.checked_add(1).filter(|n| *n <= MOST_CHUNKS)?;
        let at = part.body + 8 + number * width;
        let chunk = if width == 4 { u64::from(window.u32_be(at)?) } else { window.u64_be(at)? };
        found.farthest = found.farthest.max(chunk);
    }
    Some(())
}
