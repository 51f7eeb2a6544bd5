//! From the bytes of a segment to the bytes of a chunk.
//!
//! A compressed chunk is a zlib stream, a stored one is followed by its Adler-32; both are
//! verified. Neighbouring chunks are fetched with one read; stored ones go straight to where they
//! are wanted, since moving bytes costs as much as checking them.
//!
//! libdeflate takes a slow path near the end of its input, which is most of the time for a
//! chunk of zeros (52 bytes compressed). So it gets a slice that runs on past the chunk: the
//! stream's own end and checksum still decide, and zeros inflate some twenty times faster.

use std::cell::RefCell;
use std::io::IoSliceMut;

use libdeflater::Decompressor;

use super::section::describe;
use super::table::Place;
use crate::bytes::u32_le;
use crate::image::segment::Segment;

/// How far the input may run past a compressed chunk, in bytes.
const RUN_ON: usize = 256;
/// Most bytes fetched with one read, unless one chunk alone needs more.
const MAX_FETCH: u64 = 1 << 20;
/// Fewest and most stored chunks that are read straight to where they are wanted: two buffers
/// for each, of which Linux takes 1,024 at once.
const STRAIGHT: std::ops::RangeInclusive<usize> = 4..=256;

/// What a thread keeps between reads.
struct Scratch {
    inflater: Decompressor,
    /// Longer than what was read last, so that it need not be cleared each time.
    input: Vec<u8>,
    /// How much of it belongs to what was read last.
    filled: usize,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> =
        RefCell::new(Scratch { inflater: Decompressor::new(), input: Vec::new(), filled: 0 });
}

/// Length of the Adler-32 behind a stored chunk, in bytes.
const SUM_LEN: u64 = 4;

/// Why one of several chunks could not be had.
pub(super) struct Failure {
    /// Which, counted from the first of those asked for.
    pub index: usize,
    pub problem: String,
}

/// Bytes that a chunk of `len` bytes takes at most: more than zlib's own bound, since some
/// writers compress what does not shrink.
fn most(place: &Place, len: usize) -> u64 {
    let len = len as u64;
    if !place.compressed {
        return len + SUM_LEN;
    }
    let bound = len + len / 8 + 1024;
    place.room.map_or(bound, |room| room.min(bound))
}

/// Fills `out` with the chunks at `places`, each `chunk_len` bytes long but the last, which
/// takes what is left. Stops at the first that cannot be had; those before it are filled.
pub(super) fn read(
    segments: &[Segment],
    places: &[Place],
    chunk_len: usize,
    out: &mut [u8],
) -> Result<(), Failure> {
    SCRATCH.with_borrow_mut(|scratch| {
        let mut done = 0;
        while done < places.len() {
            let from = done * chunk_len;
            let straight = read_straight(segments, &places[done..], chunk_len, &mut out[from..]);
            if straight > 0 {
                done += straight;
                continue;
            }
            let (count, span) = neighbours(&places[done..], chunk_len);
            let upto = (from + count * chunk_len).min(out.len());
            let group = &places[done..done + count];
            fetch(segments, group, span, scratch)
                .map_err(|problem| Failure { index: done, problem })?;
            for (i, (place, out)) in
                group.iter().zip(out[from..upto].chunks_mut(chunk_len)).enumerate()
            {
                let skip = usize::try_from(place.at - group[0].at).unwrap_or(usize::MAX);
                decode(scratch, place, skip, chunk_len, out)
                    .map_err(|problem| Failure { index: done + i, problem })?;
            }
            done += count;
        }
        Ok(())
    })
}

/// Reads the stored chunks at the beginning of `places` into `out`, as long as each follows the
/// one before, and says how many of them are whole. What is not is left to the careful way,
/// which says why.
fn read_straight(
    segments: &[Segment],
    places: &[Place],
    chunk_len: usize,
    out: &mut [u8],
) -> usize {
    let stored =
        |place: &Place| !place.compressed && place.room == Some(chunk_len as u64 + SUM_LEN);
    let behind = |pair: &[Place]| {
        pair[0].segment == pair[1].segment
            && pair[0].room.and_then(|room| pair[0].at.checked_add(room)) == Some(pair[1].at)
    };
    let alike = places.iter().take_while(|place| stored(place)).count();
    let neighbours = 1 + places[..alike].windows(2).take_while(|pair| behind(pair)).count();
    let count = alike.min(neighbours).min(out.len() / chunk_len).min(*STRAIGHT.end());
    let (Some(first), true) = (places.first(), STRAIGHT.contains(&count)) else { return 0 };
    let Some(segment) = segments.get(first.segment) else { return 0 };
    let mut sums = [[0; SUM_LEN as usize]; *STRAIGHT.end()];
    let read = {
        let chunks = out.chunks_exact_mut(chunk_len).take(count);
        let mut buffers: Vec<IoSliceMut<'_>> = chunks
            .zip(&mut sums)
            .flat_map(|(chunk, sum)| [IoSliceMut::new(chunk), IoSliceMut::new(sum)])
            .collect();
        segment.read_vectored_at(first.at, &mut buffers).unwrap_or(0)
    };
    let there = read / (chunk_len + sums[0].len());
    out.chunks_exact(chunk_len)
        .zip(&sums)
        .take(there)
        .take_while(|(chunk, sum)| libdeflater::adler32(chunk) == u32::from_le_bytes(**sum))
        .count()
}

/// How many of the chunks lie behind each other, and the bytes from the first to the last.
fn neighbours(places: &[Place], chunk_len: usize) -> (usize, u64) {
    let Some(first) = places.first() else { return (0, 0) };
    let mut count = 1;
    let mut span = most(first, chunk_len);
    while let (Some(before), Some(place)) = (places.get(count - 1), places.get(count)) {
        let follows = place.segment == first.segment
            && before.room.and_then(|room| before.at.checked_add(room)) == Some(place.at);
        let wider = (place.at.saturating_sub(first.at)).saturating_add(most(place, chunk_len));
        if !follows || wider > MAX_FETCH {
            break;
        }
        span = span.max(wider);
        count += 1;
    }
    (count, span)
}

/// Reads the bytes of a group into the scratch input, followed by [`RUN_ON`] more: the file's
/// own where it goes on, zeros where it ends.
fn fetch(
    segments: &[Segment],
    group: &[Place],
    span: u64,
    scratch: &mut Scratch,
) -> Result<(), String> {
    let Some(first) = group.first() else { return Ok(()) };
    let segment = segments.get(first.segment).ok_or("its segment is not open")?;
    let there = segment.len.saturating_sub(first.at).min(span);
    if there == 0 {
        return Err(format!(
            "it should begin at byte {} of {}, which ends at {}",
            first.at,
            segment.path.display(),
            segment.len
        ));
    }
    let wanted = usize::try_from(there).map_err(|_| "it is too long")? + RUN_ON;
    if scratch.input.len() < wanted {
        scratch.input.resize(wanted, 0);
    }
    scratch.filled = wanted;
    let input = &mut scratch.input[..wanted];
    let got = segment.read_at(first.at, input).map_err(|e| describe(&e))?;
    input[got..].fill(0);
    Ok(())
}

/// Decodes one chunk from the scratch input at `skip`.
fn decode(
    scratch: &mut Scratch,
    place: &Place,
    skip: usize,
    chunk_len: usize,
    out: &mut [u8],
) -> Result<(), String> {
    let input = scratch.input.get(skip..scratch.filled).unwrap_or_default();
    if !place.compressed {
        return stored(input, out);
    }
    match scratch.inflater.zlib_decompress(input, out) {
        Ok(n) if n == out.len() => Ok(()),
        Ok(n) => Err(format!("{} bytes were wanted, it inflates to {n}", out.len())),
        // Some writers fill the last chunk up.
        Err(libdeflater::DecompressionError::InsufficientSpace) if out.len() < chunk_len => {
            let mut whole = vec![0; chunk_len];
            scratch
                .inflater
                .zlib_decompress(input, &mut whole)
                .map_err(|e| inflating(&e).to_owned())?;
            out.copy_from_slice(&whole[..out.len()]);
            Ok(())
        }
        Err(e) => Err(inflating(&e).to_owned()),
    }
}

fn inflating(error: &libdeflater::DecompressionError) -> &'static str {
    match error {
        libdeflater::DecompressionError::BadData => {
            "its compressed data or their checksum are wrong"
        }
        libdeflater::DecompressionError::InsufficientSpace => "it inflates to more than a chunk",
    }
}

/// A stored chunk: its bytes, then their Adler-32.
fn stored(input: &[u8], out: &mut [u8]) -> Result<(), String> {
    let (Some(bytes), Some(sum)) = (input.get(..out.len()), u32_le(input, out.len())) else {
        return Err(format!("{} bytes and a checksum were wanted, got {}", out.len(), input.len()));
    };
    let computed = libdeflater::adler32(bytes);
    if computed != sum {
        return Err(format!("its checksum should be {sum:08x}, got {computed:08x}"));
    }
    out.copy_from_slice(bytes);
    Ok(())
}
