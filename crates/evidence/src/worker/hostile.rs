//! Workers that lie, babble, fall silent or die: each is one typed error, never a panic.
//!
//! A thread plays the worker at the other end of the socket and says what its script tells it.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use pendeen_item::Gap;
use proptest::prelude::*;

use super::protocol::{
    Address, Bytes, Event, Found, FsKind, MAX_FRAME, Place, Reply, Summary, VERSION,
};
use super::{Limits, Listing, Session, Violation, WorkerError, descriptors, frame, sandbox};
use crate::entry::{Entry, Run, Times};
use crate::image::{self, Image};
use crate::unit::{ByteLen, ByteOffset};
use crate::volume::{Kind, Volume};

const IMAGE_LEN: u64 = 8192;

/// What the worker sends when it is asked for the n-th time: frames as raw bytes.
type Script = Vec<Vec<u8>>;

fn bytes_of(replies: &[Reply]) -> Vec<u8> {
    replies.iter().fold(Vec::new(), |out, reply| frame::encode(reply, out).unwrap())
}

fn hello() -> Reply {
    Reply::Hello {
        version: VERSION,
        sandbox: sandbox::Report::NOTHING,
        image_len: ByteLen(IMAGE_LEN),
    }
}

fn volume() -> Volume {
    Volume {
        index: 0,
        label: "p1".into(),
        offset: ByteOffset(1024),
        len: ByteLen(4096),
        kind: Kind::Whole,
    }
}

fn limits() -> Limits {
    Limits {
        stall: Duration::from_millis(200),
        answer: Duration::from_mins(1),
        names: 4,
        listing_bytes: 1 << 20,
        held_bytes: 256 << 10,
    }
}

/// Starts a session with a worker that follows the script, then closes its end, or holds it
/// open in silence.
fn session(script: Script, hold: bool, limits: Limits) -> Result<Session, WorkerError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.raw");
    std::fs::write(&path, vec![0; usize::try_from(IMAGE_LEN).unwrap()]).unwrap();
    let image: Arc<dyn Image> = image::open(&[path]).unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    thread::spawn(move || play(theirs, script, hold));
    Session::greet(ours, None, limits, &*image)
}

fn play(mut socket: UnixStream, script: Script, hold: bool) {
    if descriptors::receive(&socket).is_err() {
        return;
    }
    let mut request = Vec::new();
    for bytes in script {
        if !matches!(frame::read(&mut socket, &mut request), Ok(true)) {
            return;
        }
        if socket.write_all(&bytes).is_err() {
            return;
        }
    }
    // Until the parent gives up and closes its end.
    while hold && matches!(frame::read(&mut socket, &mut request), Ok(true)) {}
}

/// A listing by a worker that answers with these bytes.
fn listing(bytes: Vec<u8>, hold: bool) -> (Result<Summary, WorkerError>, Vec<Entry>, Vec<Gap>) {
    let script = vec![bytes_of(&[hello()]), bytes];
    let mut session = session(script, hold, limits()).unwrap();
    let mut listing = Listing::default();
    let result = session.walk(&volume(), FsKind::Ext4, &mut listing);
    (result, listing.entries, listing.gaps)
}

fn found(size: u64, runs: Vec<Run>) -> Event {
    Event::File(Found {
        path: Bytes(b"/a".to_vec()),
        name_at: 1,
        address: Address { meta: 12, attribute: None },
        recovery: None,
        size: ByteLen(size),
        times: Times::default(),
        zone_unknown: false,
        place: Place::Runs(runs),
    })
}

fn data(at: u64, len: u64) -> Run {
    Run::Data { at: ByteOffset(at), len: ByteLen(len) }
}

fn end(files: u64) -> Reply {
    Reply::End(Summary { names: files, files, ..Summary::default() })
}

#[test]
fn an_honest_listing_is_taken_with_signs_of_life_in_between() {
    let replies = [
        Reply::Alive,
        Reply::Found(vec![found(10, vec![data(0, 10)])]),
        Reply::Alive,
        Reply::Found(vec![Event::Problem {
            path: Bytes(b"/d".to_vec()),
            wanted: "the names of a folder".into(),
            reason: "damaged".into(),
        }]),
        Reply::End(Summary { names: 2, files: 1, problems: 1, ..Summary::default() }),
    ];
    let (result, entries, gaps) = listing(bytes_of(&replies), false);
    assert_eq!(result.unwrap().files, 1);
    assert_eq!(entries[0].forensic_path(), "p1/ext4:/a");
    assert_eq!(gaps[0].forensic_path, "p1/ext4:/d");
}

#[test]
fn another_version_and_another_image_are_refused_at_once() {
    let other = Reply::Hello {
        version: VERSION + 1,
        sandbox: sandbox::Report::NOTHING,
        image_len: ByteLen(IMAGE_LEN),
    };
    let result = session(vec![bytes_of(&[other])], false, limits());
    assert!(matches!(result.err(), Some(WorkerError::Version { got }) if got == VERSION + 1));
    let other = Reply::Hello {
        version: VERSION,
        sandbox: sandbox::Report::NOTHING,
        image_len: ByteLen(IMAGE_LEN + 1),
    };
    let result = session(vec![bytes_of(&[other])], false, limits());
    assert!(matches!(result.err(), Some(WorkerError::OtherImage { .. })));
}

#[test]
fn a_reply_to_another_question_is_out_of_order() {
    for reply in [hello(), Reply::PieceEnd, Reply::Opened { kind: FsKind::Ntfs }] {
        let (result, ..) = listing(bytes_of(std::slice::from_ref(&reply)), false);
        assert!(matches!(result, Err(WorkerError::OutOfOrder { .. })), "{reply:?}: {result:?}");
    }
    let result = session(vec![bytes_of(&[end(0)])], false, limits());
    assert!(matches!(result.err(), Some(WorkerError::OutOfOrder { .. })));
}

#[test]
fn a_run_outside_the_volume_is_a_violation_and_what_came_before_stays() {
    for run in [data(4096, 10), data(4095, 10), data(u64::MAX - 3, 10), data(0, u64::MAX)] {
        let Run::Data { len, .. } = run else { unreachable!() };
        let events = vec![found(10, vec![data(0, 10)]), found(len.0, vec![run])];
        let (result, entries, _) = listing(bytes_of(&[Reply::Found(events), end(2)]), false);
        let outside = WorkerError::Violation(Violation::Outside { at: ByteOffset(0), len });
        assert_eq!(
            std::mem::discriminant(&result.unwrap_err()),
            std::mem::discriminant(&outside),
            "{run:?}"
        );
        assert_eq!(entries.len(), 1);
    }
}

#[test]
fn sizes_that_do_not_add_up_are_a_violation() {
    let events = vec![found(11, vec![data(0, 10)])];
    let (result, entries, _) = listing(bytes_of(&[Reply::Found(events), end(1)]), false);
    assert!(matches!(result, Err(WorkerError::Violation(Violation::Sum { .. }))), "{result:?}");
    assert!(entries.is_empty());
}

#[test]
fn counts_that_disagree_with_what_came_are_told() {
    let events = vec![found(10, vec![data(0, 10)])];
    let (result, entries, _) = listing(bytes_of(&[Reply::Found(events), end(2)]), false);
    assert!(matches!(result, Err(WorkerError::Miscounted { said: 2, sent: 1, .. })), "{result:?}");
    assert_eq!(entries.len(), 1);
}

#[test]
fn more_entries_than_the_cap_end_the_listing() {
    let many = vec![found(0, Vec::new()); 1000];
    let (result, entries, _) = listing(bytes_of(&[Reply::Found(many), end(1000)]), false);
    assert!(matches!(result, Err(WorkerError::TooMuch { .. })), "{result:?}");
    assert!(entries.len() < 1000);
}

#[test]
fn more_problems_than_the_cap_end_the_listing() {
    let problem =
        Event::Problem { path: Bytes::default(), wanted: String::new(), reason: String::new() };
    let many = Reply::Found(vec![problem; 1000]);
    let (result, _, gaps) = listing(bytes_of(&[many]), false);
    assert!(matches!(result, Err(WorkerError::TooMuch { .. })), "{result:?}");
    assert!(gaps.len() < 1000);
}

#[test]
fn long_texts_are_cut_in_gaps_and_entries() {
    let long = "x".repeat(100_000);
    let problem =
        Event::Problem { path: Bytes::default(), wanted: long.clone(), reason: long.clone() };
    let Event::File(mut file) = found(10, Vec::new()) else { unreachable!() };
    file.place = Place::Unknown(long);
    let events = Reply::Found(vec![problem, Event::File(file)]);
    let (_, entries, gaps) = listing(bytes_of(&[events]), false);
    assert_eq!((gaps[0].wanted.len(), gaps[0].reason.len()), (1024, 1024));
    let crate::entry::Content::Unknown(reason) = &entries[0].content else { panic!("a place") };
    assert_eq!(reason.len(), 1024);
}

#[test]
fn a_listing_that_takes_more_memory_than_allowed_is_a_violation() {
    // Few bytes in the frame, many in memory.
    let runs = vec![data(0, 1); 4000];
    let events = vec![found(4000, runs); 10];
    let (result, entries, _) = listing(bytes_of(&[Reply::Found(events), end(10)]), false);
    let held = matches!(result, Err(WorkerError::Violation(Violation::Held { .. })));
    assert!(held, "{result:?}");
    assert!(entries.len() < 10);
}

#[test]
fn a_listing_of_more_bytes_than_allowed_is_ended() {
    let problem =
        Event::Problem { path: Bytes(vec![b'/'; 60_000]), wanted: "x".into(), reason: "x".into() };
    let endless = vec![Reply::Found(vec![problem]); 40];
    let (result, ..) = listing(bytes_of(&endless), false);
    assert!(matches!(result, Err(WorkerError::TooMuch { .. })), "{result:?}");
}

#[test]
fn a_listing_that_never_ends_is_ended_by_the_limit_on_the_answer() {
    let mut limits = limits();
    limits.answer = Duration::ZERO;
    let script = vec![bytes_of(&[hello()]), bytes_of(&vec![Reply::Alive; 1000])];
    let result = session(script, true, limits)
        .and_then(|mut s| s.walk(&volume(), FsKind::Ext4, &mut Listing::default()));
    assert!(matches!(result, Err(WorkerError::TooMuch { .. })), "{result:?}");
}

#[test]
fn silence_is_a_stall_and_a_closed_connection_a_death() {
    let events = Reply::Found(vec![found(10, vec![data(0, 10)])]);
    let (result, entries, _) = listing(bytes_of(std::slice::from_ref(&events)), true);
    assert!(matches!(result, Err(WorkerError::Stalled { .. })), "{result:?}");
    assert_eq!(entries.len(), 1);
    let (result, entries, _) = listing(bytes_of(&[events]), false);
    assert!(matches!(result, Err(WorkerError::Died { .. })), "{result:?}");
    assert_eq!(entries.len(), 1);
}

#[test]
fn a_frame_cut_short_oversized_or_meaningless_is_told() {
    let whole = bytes_of(&[end(0)]);
    let (result, ..) = listing(whole[..whole.len() - 1].to_vec(), false);
    assert!(matches!(result, Err(WorkerError::Died { .. })), "{result:?}");
    let oversized = u32::try_from(MAX_FRAME + 1).unwrap().to_le_bytes().to_vec();
    let (result, ..) = listing(oversized, true);
    assert!(matches!(result, Err(WorkerError::Frame(_))), "{result:?}");
    let (result, ..) = listing(vec![3, 0, 0, 0, 0xff, 0xff, 0xff], true);
    assert!(matches!(result, Err(WorkerError::Frame(_))), "{result:?}");
}

/// A content of `size` bytes by a worker that answers with these.
fn content(size: u64, replies: &[Reply]) -> (Result<(), WorkerError>, usize) {
    let script = vec![bytes_of(&[hello()]), bytes_of(replies)];
    let mut session = session(script, false, limits()).unwrap();
    let mut got = 0;
    let address = Address { meta: 27, attribute: Some((128, 1)) };
    let result = session.read(address, ByteLen(size), &mut |piece| got += piece.len());
    (result, got)
}

#[test]
fn a_content_longer_or_shorter_than_its_entry_is_refused() {
    let piece = |len| Reply::Piece(Bytes(vec![7; len]));
    let (result, got) = content(10, &[piece(6), piece(4), Reply::PieceEnd]);
    assert!(result.is_ok() && got == 10);
    let (result, got) = content(10, &[piece(6), piece(5), Reply::PieceEnd]);
    assert!(matches!(result, Err(WorkerError::TooMuch { .. })), "{result:?}");
    assert_eq!(got, 6, "what is too much is not handed on");
    let (result, _) = content(10, &[piece(6), Reply::PieceEnd]);
    assert!(matches!(result, Err(WorkerError::Refused(_))), "{result:?}");
    let failed = Reply::Failed { reason: "a damaged chunk".into() };
    let (result, _) = content(10, &[piece(6), failed]);
    assert!(matches!(result, Err(WorkerError::Refused(why)) if why == "a damaged chunk"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_listing_with_any_byte_changed_is_taken_or_refused(at in 0_usize..200, to in any::<u8>()) {
        let events = vec![found(10, vec![data(0, 6), Run::Hole { len: ByteLen(4) }]); 3];
        let mut bytes = bytes_of(&[Reply::Found(events), end(3)]);
        let at = at % bytes.len();
        bytes[at] = to;
        let (_, entries, _) = listing(bytes, false);
        for entry in entries {
            if let crate::entry::Content::Runs(runs) = entry.content {
                let sum: u64 = runs.iter().map(|run| match run {
                    Run::Data { len, .. } | Run::Hole { len } | Run::Lost { len } => len.0,
                }).sum();
                prop_assert_eq!(sum, entry.size.0);
            }
        }
    }
}
