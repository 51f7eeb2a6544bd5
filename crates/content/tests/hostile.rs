//! Damaged and lying containers, through the readers and through a real worker.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;

use pendeen_content::protocol::{Child, Kind, Layout, Limits, Problem, Reply, Want};
use pendeen_content::{Children, Session, Sink, Source, container};
use pendeen_evidence::worker::{WorkerCommand, WorkerError};

const LIMITS: Limits = Limits { children: 100, bytes: 4 << 20 };

/// All that is told of these bytes, and whether they could be opened.
fn told(kind: Kind, bytes: &[u8]) -> (Vec<Reply>, bool) {
    let replies = Rc::new(RefCell::new(Vec::new()));
    let heard = Rc::clone(&replies);
    let tell = Box::new(move |reply: &Reply| heard.borrow_mut().push(reply.clone()));
    let mut children = Children::new(tell, Want::All, LIMITS);
    let opened = container::open(kind, &Source::of_bytes(bytes.to_vec()), &mut children);
    drop(children);
    (Rc::try_unwrap(replies).unwrap().into_inner(), opened.is_ok())
}

/// Checks that what is told reconciles: every child that begins ends, and nothing passes the
/// limits.
fn check(replies: &[Reply]) {
    let (mut inside, mut children, mut bytes) = (false, 0, 0);
    for reply in replies {
        match reply {
            Reply::Layout(_) => assert_eq!(children, 0),
            Reply::Child(_) => {
                assert!(!inside);
                (inside, children) = (true, children + 1);
            }
            Reply::Piece(piece) => {
                assert!(inside);
                bytes += piece.0.len() as u64;
            }
            Reply::ChildEnd { .. } => {
                assert!(inside);
                inside = false;
            }
            Reply::Problem(problem) => {
                assert!(!inside && !problem.reason.is_empty());
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(!inside && children <= LIMITS.children && bytes <= LIMITS.bytes);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A tape archive of two files.
fn tar() -> Vec<u8> {
    let mut out = Vec::new();
    for (name, size) in [("a.jpg", 700_usize), ("folder/b.txt", 3)] {
        let mut block = [0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
        block[156] = b'0';
        block[257..265].copy_from_slice(b"ustar\x0000");
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        out.extend_from_slice(&block);
        out.resize(out.len() + size.next_multiple_of(512), 7);
    }
    out.resize(out.len() + 1024, 0);
    out
}

/// A ZIP of two members, one stored and one deflated.
fn zip() -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes, method) in [("a.jpg", vec![1; 90], 0_u16), ("b", vec![2; 5000], 8)] {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(&bytes).unwrap();
        let packed = if method == 8 { encoder.finish().unwrap() } else { bytes.clone() };
        let len = |bytes: &[u8]| u32::try_from(bytes.len()).unwrap().to_le_bytes();
        let common = [
            &[20, 0, 0, 0][..],
            &method.to_le_bytes(),
            &[0x06, 0x45, 0x79, 0x5d],
            &crc32fast::hash(&bytes).to_le_bytes(),
            &len(&packed),
            &len(&bytes),
            &u16::try_from(name.len()).unwrap().to_le_bytes(),
            &[0, 0],
        ]
        .concat();
        let at = len(&out);
        directory.extend_from_slice(
            &[b"PK\x01\x02\x14\x03", &common[..], &[0; 10], &at, name.as_bytes()].concat(),
        );
        out.extend_from_slice(&[b"PK\x03\x04", &common[..], name.as_bytes(), &packed].concat());
    }
    let at = u32::try_from(out.len()).unwrap().to_le_bytes();
    let len = u32::try_from(directory.len()).unwrap().to_le_bytes();
    out.extend_from_slice(&directory);
    out.extend_from_slice(&[b"PK\x05\x06\0\0\0\0\x02\0\x02\0", &len[..], &at, &[0, 0]].concat());
    out
}

fn samples() -> Vec<(Kind, Vec<u8>)> {
    let noise: Vec<u8> =
        (0..3000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    vec![
        (Kind::Zip, zip()),
        (Kind::Tar, tar()),
        (Kind::Gzip, gzip(&tar())),
        (Kind::Gzip, gzip(&noise)),
        (Kind::Zstd, zstd::bulk::compress(&tar(), 3).unwrap()),
    ]
}

#[test]
fn whole_samples_are_read_whole() {
    for (kind, bytes) in samples() {
        let (replies, opened) = told(kind, &bytes);
        check(&replies);
        assert!(opened, "{kind:?}");
        let problems = replies.iter().filter(|reply| {
            matches!(reply, Reply::Problem(_) | Reply::ChildEnd { problem: Some(_) })
        });
        assert_eq!(problems.count(), 0, "{kind:?}: {replies:?}");
    }
}

#[test]
fn a_flipped_byte_anywhere_is_no_panic_and_all_that_is_told_reconciles() {
    for (kind, bytes) in samples() {
        for at in 0..bytes.len() {
            for mask in [0x01, 0x80, 0xff] {
                let mut damaged = bytes.clone();
                damaged[at] ^= mask;
                check(&told(kind, &damaged).0);
            }
        }
    }
}

#[test]
fn a_cut_anywhere_is_told_and_no_panic() {
    for (kind, bytes) in samples() {
        for len in 0..bytes.len() {
            let (replies, opened) = told(kind, &bytes[..len]);
            check(&replies);
            // Part of a tape archive's end mark is enough.
            let only_end = matches!(kind, Kind::Tar) && len > bytes.len() - 1024;
            let missed = replies.iter().any(|reply| {
                matches!(reply, Reply::Problem(_) | Reply::ChildEnd { problem: Some(_) })
            });
            assert!(!opened || missed || only_end, "{kind:?} cut to {len}: {replies:?}");
        }
    }
}

/// Counts what a session gives.
#[derive(Default)]
struct Counted {
    children: Vec<Child>,
    ended: Vec<Option<String>>,
    bytes: u64,
    problems: Vec<Problem>,
}

impl Sink for Counted {
    fn layout(&mut self, _layout: Layout) {}

    fn child(&mut self, child: Child) {
        self.children.push(child);
    }

    fn piece(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
    }

    fn child_end(&mut self, problem: Option<String>) {
        self.ended.push(problem);
    }

    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

fn worker(args: &[&str]) -> WorkerCommand {
    WorkerCommand::new(env!("CARGO_BIN_EXE_pendeen-content-worker"), args)
}

#[test]
fn a_worker_gives_what_is_in_one_content_after_the_other() {
    let mut session = Session::start(&worker(&[])).unwrap();
    assert!(session.sandbox().seccomp);
    for _ in 0..3 {
        for (kind, bytes) in samples() {
            let mut counted = Counted::default();
            session.open(bytes.as_slice(), kind, Want::All, LIMITS, &mut counted).unwrap();
            assert!(!counted.children.is_empty());
            assert!(counted.ended.iter().all(Option::is_none), "{kind:?}: {:?}", counted.ended);
        }
        let nothing =
            session.open(&b"nothing"[..], Kind::Zip, Want::All, LIMITS, &mut Counted::default());
        assert!(matches!(nothing, Err(WorkerError::Refused(_))), "{nothing:?}");
    }
    let mut one = Counted::default();
    session.open(zip().as_slice(), Kind::Zip, Want::One(1), LIMITS, &mut one).unwrap();
    assert_eq!((one.children.len(), one.bytes), (2, 5000));
}

#[test]
fn workers_gone_wrong_are_told_apart_and_end_what_they_began() {
    let open = |args: &[&str]| {
        let mut command = worker(args);
        command.limits.stall = std::time::Duration::from_millis(300);
        Session::start(&command).map(|_| ())
    };
    assert!(matches!(open(&["crash"]), Err(WorkerError::Died { .. })));
    // It may be gone before it is greeted.
    let garbage = open(&["garbage"]);
    assert!(matches!(garbage, Err(WorkerError::Frame(_) | WorkerError::Died { .. })));
    assert!(matches!(open(&["silent"]), Err(WorkerError::Stalled { .. })));
    assert!(Session::start(&WorkerCommand::new("/nonexistent", &[])).is_err());
}

#[test]
fn limits_are_kept_by_the_worker_and_told() {
    let mut session = Session::start(&worker(&[])).unwrap();
    let few = Limits { children: 1, bytes: 1000 };
    let mut counted = Counted::default();
    session.open(zip().as_slice(), Kind::Zip, Want::All, few, &mut counted).unwrap();
    assert_eq!((counted.children.len(), counted.problems.len()), (1, 1));
    let small = Limits { children: 9, bytes: 1000 };
    let mut counted = Counted::default();
    session.open(zip().as_slice(), Kind::Zip, Want::All, small, &mut counted).unwrap();
    assert!(counted.ended[1].as_ref().is_some_and(|reason| reason.contains("1000 bytes")));
}
