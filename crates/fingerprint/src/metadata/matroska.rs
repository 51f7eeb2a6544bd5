//! Matroska and WebM: duration, size and time, from the segment's information and tracks.
//!
//! In: a file of EBML elements. Out: [`Metadata`]. The size is the first video track's.
//! Refused: elements behind a cluster of unknown length, as a live recording leaves them.
//!
//! Source: RFC 8794 (EBML), sections 4 and 5; RFC 9559 (Matroska), section 5.1.

use super::bytes::View;
use super::{Metadata, date};

/// Elements looked at, at most, on one level.
const ELEMENTS: usize = 4096;
/// Seconds from 1970-01-01 to 2001-01-01, which dates count from.
const EPOCH: i64 = 978_307_200;

mod id {
    pub(super) const SEGMENT: u32 = 0x1853_8067;
    pub(super) const INFO: u32 = 0x1549_a966;
    pub(super) const SCALE: u32 = 0x002a_d7b1;
    pub(super) const DURATION: u32 = 0x4489;
    pub(super) const DATE: u32 = 0x4461;
    pub(super) const TRACKS: u32 = 0x1654_ae6b;
    pub(super) const TRACK: u32 = 0xae;
    pub(super) const VIDEO: u32 = 0xe0;
    pub(super) const WIDTH: u32 = 0xb0;
    pub(super) const HEIGHT: u32 = 0xba;
}

pub(super) fn read(view: View<'_>) -> Option<Metadata> {
    let (_, segment) = elements(view).find(|(id, _)| *id == id::SEGMENT)?;
    let (mut info, mut tracks) = (None, None);
    for (id, payload) in elements(segment) {
        match id {
            id::INFO => info = Some(payload),
            id::TRACKS => tracks = Some(payload),
            _ => {}
        }
        if info.is_some() && tracks.is_some() {
            break;
        }
    }
    let mut found = info.map(information).unwrap_or_default();
    found.add(tracks.and_then(size).unwrap_or_default());
    Some(found)
}

fn information(info: View<'_>) -> Metadata {
    let mut found = Metadata::default();
    let (mut scale, mut duration) = (1_000_000, None);
    for (id, payload) in elements(info) {
        match id {
            id::SCALE => scale = number(payload).unwrap_or(scale),
            id::DURATION => duration = float(payload),
            id::DATE => {
                let nanoseconds = payload.be64(0).map(u64::cast_signed);
                let seconds = nanoseconds.and_then(|ns| (ns / 1_000_000_000).checked_add(EPOCH));
                found.taken = seconds.and_then(date::unix);
            }
            _ => {}
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "a scale is far below 2^52 in real files")]
    let ms = duration.map(|duration| duration * (scale as f64) / 1_000_000.0);
    found.duration_ms = ms.and_then(whole);
    found
}

/// A number of milliseconds, rounded, where it is one that a video can have.
fn whole(ms: f64) -> Option<u64> {
    /// A thousand years.
    const MOST: f64 = 31_556_952_000_000.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    (ms > 0.0 && ms < MOST).then(|| ms.round() as u64)
}

fn size(tracks: View<'_>) -> Option<Metadata> {
    let video = elements(tracks)
        .filter(|(id, _)| *id == id::TRACK)
        .find_map(|(_, track)| elements(track).find(|(id, _)| *id == id::VIDEO))?
        .1;
    let of = |wanted| {
        let (_, payload) = elements(video).find(|(id, _)| *id == wanted)?;
        number(payload).and_then(|n| u32::try_from(n).ok())
    };
    Some(Metadata::sized(of(id::WIDTH)?, of(id::HEIGHT)?))
}

/// The elements that lie one after another: id and payload. One of unknown length reaches to
/// the end.
fn elements(view: View<'_>) -> impl Iterator<Item = (u32, View<'_>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (id, id_len) = variable(view, at, 4)?;
        let (len, len_len) = variable(view, at + id_len, 8)?;
        let ones = (1_u64 << (7 * len_len)) - 1;
        let start = at + id_len + len_len;
        let left = view.len().checked_sub(start)?;
        // The length's own marker bit is no part of it.
        let len = len & ones;
        let len = if len == ones { left } else { len.min(left) };
        at = start + len;
        Some((u32::try_from(id).ok()?, view.part(start, len)?))
    })
    .take(ELEMENTS)
}

/// A number of variable length with its marker bit, and how many bytes it takes.
fn variable(view: View<'_>, at: u64, most: u32) -> Option<(u64, u64)> {
    let [first] = view.array(at)?;
    let len = first.leading_zeros() + 1;
    if len > most {
        return None;
    }
    Some((number(view.part(at, len.into())?)?, len.into()))
}

/// An unsigned number of up to eight bytes.
fn number(payload: View<'_>) -> Option<u64> {
    let bytes = payload.vec(0, payload.len(), 8)?;
    Some(bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b)))
}

fn float(payload: View<'_>) -> Option<f64> {
    match payload.len() {
        4 => payload.be32(0).map(|bits| f64::from(f32::from_bits(bits))),
        8 => payload.be64(0).map(f64::from_bits),
        _ => None,
    }
}
