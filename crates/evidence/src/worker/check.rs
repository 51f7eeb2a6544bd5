//! Believes the worker nothing: what a listing says is checked before it becomes an entry.
//!
//! In: a [`Found`] of a volume, whose places count from the volume's start. Out: an [`Entry`],
//! whose places are those of the image, and whose forensic path is not yet made unique.
//! Refused as [`Violation`], for a worker that keeps the protocol never says so: a path without
//! its leading slash, sizes that do not add up, runs outside the volume. Not read further, with
//! its reason on the entry: content that no disk of this size could hold.

use pendeen_item::{Gap, Origin};
use thiserror::Error;

use super::protocol::{FolderStart, Found, FsKind, Place};
use crate::entry::{Content, Entry, Parts, Run};
use crate::unit::{ByteLen, ByteOffset};
use crate::volume::{Pieces, Volume};

/// Holes of a content may be this long in all: 1 TiB takes minutes to digest, and says nothing.
const MOST_HOLES: u64 = 1 << 40;
/// Bytes of a path.
const MOST_PATH: usize = 64 * 1024;
/// Bytes of a reason, or of what was wanted.
const MOST_TEXT: usize = 1024;

/// What the worker said cannot be: it is broken, or taken over by what it read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Violation {
    /// A path or name that no file system has.
    #[error("a path of {len} bytes whose name begins at {name_at}")]
    Path {
        /// Its length.
        len: usize,
        /// Where its last component begins.
        name_at: u32,
    },
    /// Runs that are not as long as the content.
    #[error("runs of {sum:?} bytes for a content of {size}")]
    Sum {
        /// Their sum; none if it has more than 64 bits, or a run is empty.
        sum: Option<u64>,
        /// The size.
        size: ByteLen,
    },
    /// A listing that takes more memory than any file system's should.
    #[error("a listing that takes more than {most} bytes of memory")]
    Held {
        /// Bytes that are allowed.
        most: u64,
    },
    /// A run that is not in the volume, or not in order.
    #[error("a run of {len} bytes at byte {at}, outside the volume or out of order")]
    Outside {
        /// Where it begins.
        at: ByteOffset,
        /// How long it is.
        len: ByteLen,
    },
}

/// Turns what was found in `volume`, which is made of `pieces`, into an entry.
pub(super) fn entry(
    found: Found,
    kind: FsKind,
    volume: &Volume,
    pieces: &Pieces,
) -> Result<Entry, Violation> {
    let bytes = found.path.0;
    let name_at = usize::try_from(found.name_at).unwrap_or(usize::MAX);
    if bytes.first() != Some(&b'/')
        || bytes.len() > MOST_PATH
        || !(1..=bytes.len()).contains(&name_at)
    {
        return Err(Violation::Path { len: bytes.len(), name_at: found.name_at });
    }
    let path = String::from_utf8_lossy(&bytes).into_owned();
    let content = match found.place {
        Place::Runs(runs) => placed(runs, found.size, pieces)?,
        Place::Worker => Content::Worker { volume: volume.index },
        Place::Unknown(reason) => Content::Unknown(cut(reason).into()),
    };
    Ok(Entry::from(Parts {
        forensic_path: crate::filesystem::forensic_path(volume, kind, &path),
        path,
        name: bytes[name_at..].to_vec(),
        origin: if found.recovery.is_none() { Origin::Live } else { Origin::Deleted },
        recovery: found.recovery,
        fs_type: kind.key(),
        fs_address: found.address.to_string(),
        size: found.size,
        times: found.times,
        zone_unknown: found.zone_unknown,
        content,
    }))
}

/// A folder that begins in the volume; its place becomes that of the image.
pub(super) fn folder(mut folder: FolderStart, volume: &Pieces) -> Result<FolderStart, Violation> {
    let (at, len) = (folder.at, ByteLen(1));
    if !volume.contain(at, len) {
        return Err(Violation::Outside { at, len });
    }
    volume.each_place(at, len, &mut |at, _| folder.at = at);
    Ok(folder)
}

/// Stretches of free space lie in the volume, in order, apart from each other and from those
/// told `before`.
pub(super) fn free(
    before: &[(ByteOffset, ByteLen)],
    told: &[(ByteOffset, ByteLen)],
    volume: &Pieces,
) -> Result<(), Violation> {
    let mut from = before.last().map(|(at, len)| at.0.saturating_add(len.0));
    for &(at, len) in told {
        if len.0 == 0 || !volume.contain(at, len) || from.is_some_and(|from| at.0 <= from) {
            return Err(Violation::Outside { at, len });
        }
        from = Some(at.0.saturating_add(len.0));
    }
    Ok(())
}

/// Stretches of a volume as stretches of the image, in the image's order, joined where they
/// touch.
pub(super) fn free_in_image(
    told: &[(ByteOffset, ByteLen)],
    volume: &Pieces,
) -> Vec<(ByteOffset, ByteLen)> {
    let mut places = Vec::with_capacity(told.len());
    for &(at, len) in told {
        volume.each_place(at, len, &mut |at, len| places.push((at, len)));
    }
    places.sort_unstable();
    let mut joined: Vec<(ByteOffset, ByteLen)> = Vec::with_capacity(places.len());
    for (at, len) in places {
        match joined.last_mut() {
            Some(last) if last.0.0.saturating_add(last.1.0) >= at.0 => {
                let end = at.0.saturating_add(len.0).max(last.0.0.saturating_add(last.1.0));
                last.1 = ByteLen(end - last.0.0);
            }
            _ => joined.push((at, len)),
        }
    }
    joined
}

/// A text from the worker, cut to what a person reads.
pub(super) fn cut(mut text: String) -> String {
    if text.len() > MOST_TEXT {
        text.truncate(text.floor_char_boundary(MOST_TEXT));
        text.shrink_to_fit();
    }
    text
}

/// About how many bytes of memory a gap takes.
pub(super) fn cost_of_gap(gap: &Gap) -> u64 {
    let texts = gap.forensic_path.len() + gap.wanted.len() + gap.reason.len();
    (size_of::<Gap>() + texts) as u64
}

fn placed(runs: Vec<Run>, size: ByteLen, volume: &Pieces) -> Result<Content, Violation> {
    let (mut data, mut holes, mut sum) = (0_u64, 0_u64, Some(0_u64));
    for run in &runs {
        let (Run::Data { len, .. } | Run::Hole { len } | Run::Lost { len }) = *run;
        sum = sum.and_then(|sum| sum.checked_add(len.0)).filter(|_| len.0 > 0);
        match *run {
            Run::Data { at, len } => {
                if !volume.contain(at, len) {
                    return Err(Violation::Outside { at, len });
                }
                data = data.saturating_add(len.0);
            }
            Run::Hole { len } => holes = holes.saturating_add(len.0),
            Run::Lost { .. } => {}
        }
    }
    if sum != Some(size.0) {
        return Err(Violation::Sum { sum, size });
    }
    if data > volume.len().0 {
        let reason = format!("it claims {data} bytes of a volume that has {}", volume.len());
        return Ok(Content::Unknown(reason.into()));
    }
    if holes > MOST_HOLES {
        let reason = format!("it claims holes of {holes} bytes; {MOST_HOLES} are read at most");
        return Ok(Content::Unknown(reason.into()));
    }
    Ok(Content::Runs(in_image(runs, volume).into()))
}

/// Runs of a volume as runs of the image. Together they are no more than the volume's bytes, so
/// each piece splits few of them.
fn in_image(mut runs: Vec<Run>, volume: &Pieces) -> Vec<Run> {
    if let [only] = volume.all() {
        for run in &mut runs {
            if let Run::Data { at, .. } = run {
                at.0 = at.0.saturating_add(only.at.0);
            }
        }
        return runs;
    }
    let mut placed = Vec::with_capacity(runs.len());
    for run in runs {
        match run {
            Run::Data { at, len } => {
                volume.each_place(at, len, &mut |at, len| placed.push(Run::Data { at, len }));
            }
            other => placed.push(other),
        }
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::super::protocol::{Address, Bytes};
    use super::*;
    use crate::entry::Times;
    use crate::volume::Kind;

    fn volume() -> Volume {
        Volume {
            index: 3,
            label: "p2".into(),
            offset: ByteOffset(1000),
            len: ByteLen(5000),
            kind: Kind::Whole,
        }
    }

    fn found(path: &[u8], name_at: u32, size: u64, runs: Vec<Run>) -> Found {
        Found {
            path: Bytes(path.to_vec()),
            name_at,
            address: Address { meta: 9, attribute: None },
            recovery: None,
            size: ByteLen(size),
            times: Times::default(),
            zone_unknown: false,
            place: Place::Runs(runs),
        }
    }

    fn data(at: u64, len: u64) -> Run {
        Run::Data { at: ByteOffset(at), len: ByteLen(len) }
    }

    fn check(found: Found) -> Result<Entry, Violation> {
        entry(found, FsKind::Ext4, &volume(), &volume().pieces())
    }

    #[test]
    fn a_name_that_is_not_utf8_keeps_its_bytes() {
        let entry = check(found(b"/d/\xff.jpg", 3, 0, Vec::new())).unwrap();
        assert_eq!(entry.name(), b"\xff.jpg");
        assert_eq!(entry.path(), "/d/\u{fffd}.jpg");
        assert_eq!(entry.forensic_path(), "p2/ext4:/d/\u{fffd}.jpg");
    }

    #[test]
    fn runs_must_lie_in_the_volume_to_the_last_byte() {
        let whole = check(found(b"/a", 1, 5000, vec![data(0, 5000)])).unwrap();
        assert_eq!(
            whole.content,
            Content::Runs(vec![data(1000, 5000)].into()),
            "as places of the image"
        );
        for (at, len) in [(5000, 1), (0, 5001), (4999, 2), (u64::MAX, 1), (1, u64::MAX)] {
            let result = check(found(b"/a", 1, len, vec![data(at, len)]));
            assert!(matches!(result, Err(Violation::Outside { .. })), "{at} {len}");
        }
    }

    #[test]
    fn runs_must_add_up_to_the_size_and_none_may_be_empty() {
        for runs in [vec![], vec![data(0, 9)], vec![data(0, 10), data(0, 0)]] {
            let result = check(found(b"/a", 1, 10, runs));
            assert!(matches!(result, Err(Violation::Sum { .. })));
        }
        let hole = Run::Hole { len: ByteLen(u64::MAX) };
        let result = check(found(b"/a", 1, u64::MAX - 1, vec![hole, hole]));
        assert!(matches!(result, Err(Violation::Sum { sum: None, .. })));
    }

    #[test]
    fn paths_begin_with_a_slash_and_contain_their_name() {
        for (path, name_at) in [(&b""[..], 0), (b"a", 1), (b"/a", 0), (b"/a", 3), (b"/a", u32::MAX)]
        {
            let result = check(found(path, name_at, 0, Vec::new()));
            assert!(matches!(result, Err(Violation::Path { .. })), "{path:?} {name_at}");
        }
    }

    #[test]
    fn free_space_is_told_in_order_and_inside_the_volume() {
        let stretch = |at, len| (ByteOffset(at), ByteLen(len));
        let free = |before: &[_], told: &[_]| super::free(before, told, &volume().pieces()).is_ok();
        assert!(free(&[], &[stretch(0, 10), stretch(11, 4989)]));
        assert!(free(&[stretch(0, 10)], &[stretch(11, 1)]));
        for told in [[stretch(0, 0)], [stretch(5000, 1)], [stretch(4999, 2)]] {
            assert!(!free(&[], &told), "{told:?}");
        }
        assert!(!free(&[], &[stretch(100, 1), stretch(50, 1)]));
        assert!(!free(&[stretch(0, 10)], &[stretch(10, 1)]), "it touches the one before");
    }

    /// A volume of 30 bytes whose second half lies before its first.
    fn in_pieces() -> Volume {
        let mut pieces = Pieces::default();
        assert!(pieces.push(ByteOffset(500), ByteLen(20)));
        assert!(pieces.push(ByteOffset(100), ByteLen(10)));
        Volume { offset: ByteOffset(500), len: ByteLen(30), kind: Kind::Lvm { pieces }, ..volume() }
    }

    #[test]
    fn runs_of_a_volume_in_pieces_become_runs_of_the_image() {
        let volume = in_pieces();
        let hole = Run::Hole { len: ByteLen(7) };
        let found = found(b"/a", 1, 21, vec![data(15, 10), hole, data(0, 4)]);
        let entry = entry(found, FsKind::Ext4, &volume, &volume.pieces()).unwrap();
        let runs = vec![data(515, 5), data(100, 5), hole, data(500, 4)];
        assert_eq!(entry.content, Content::Runs(runs.into()));
    }

    #[test]
    fn free_space_of_a_volume_in_pieces_is_told_in_the_order_of_the_image() {
        let stretch = |at, len| (ByteOffset(at), ByteLen(len));
        let told = [stretch(2, 3), stretch(18, 12)];
        let free = free_in_image(&told, &in_pieces().pieces());
        assert_eq!(free, [stretch(100, 10), stretch(502, 3), stretch(518, 2)]);
    }

    #[test]
    fn a_text_is_cut_between_two_characters() {
        assert_eq!(cut("short".into()), "short");
        assert_eq!(cut("\u{fc}".repeat(600)).len(), 1024);
        assert_eq!(cut(["x", &"\u{fc}".repeat(600)].concat()).len(), 1023);
    }

    #[test]
    fn content_that_the_disk_could_not_hold_is_set_apart_with_its_reason() {
        let twice = check(found(b"/a", 1, 10_000, vec![data(0, 5000), data(0, 5000)]));
        assert!(
            matches!(twice.unwrap().content, Content::Unknown(reason) if reason.contains("10000"))
        );
        let len = ByteLen(MOST_HOLES + 1);
        let hollow = check(found(b"/a", 1, len.0, vec![Run::Hole { len }]));
        assert!(matches!(hollow.unwrap().content, Content::Unknown(_)));
    }
}
