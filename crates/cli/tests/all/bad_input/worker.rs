//! Workers that crash, hang or talk nonsense: one gap each, and the rest is examined.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use pendeen_evidence::worker::{Limits, WorkerCommand};
use pendeen_examine::{Examination, Method, Nesting, Options, Silent, run};
use pendeen_item::Stage;

use crate::support::disk::{SMALL, fat, some_files, with_mbr};
use crate::support::{FILES, PROGRAM, gaps, items, names};

fn noon() -> Timestamp {
    "2026-11-02T12:00:00Z".parse().unwrap()
}

/// A worker that is this shell script. Its standard input is the socket to the examination;
/// `$1` is the program, `$2` a folder of its own.
fn script(script: &str, folder: &Path) -> WorkerCommand {
    let folder = folder.to_str().unwrap();
    let mut command = WorkerCommand::new("/bin/sh", &["-c", script, "sh", PROGRAM, folder]);
    command.limits = Limits {
        stall: Duration::from_millis(400),
        answer: Duration::from_secs(20),
        ..Limits::default()
    };
    command
}

/// Examines a disk with two volumes with this worker.
fn examined(dir: &Path, worker: WorkerCommand) -> (Examination, std::path::PathBuf) {
    let source = dir.join("disk.dd");
    fs::write(&source, with_mbr(&[fat(SMALL, &some_files(1)), fat(SMALL, &some_files(2))]))
        .unwrap();
    let out = dir.join("out");
    let options = Options {
        sources: vec![source],
        known: Vec::new(),
        out: out.clone(),
        exhibit: String::new(),
        threads: NonZeroUsize::MIN,
        content: worker.clone(),
        worker,
        nesting: Nesting::default(),
        verify: true,
        carve: true,
        method: Method { tool: "pendeen".into(), version: "test".into(), examiner: None },
        mode: pendeen_examine::Mode::default(),
        clock: &noon,
    };
    (run(&options, &Silent).unwrap(), out)
}

#[test]
fn a_worker_that_never_answers_rightly_costs_a_gap_a_volume_and_no_failure() {
    for (what, words) in [
        ("exit 1", "ended"),
        ("kill -SEGV $$", "ended"),
        ("exec /bin/sleep 600", "said nothing"),
        ("exec /bin/cat /dev/urandom >&0", "the worker sent"),
        ("exec /bin/cat /dev/zero >&0", "the worker"),
        ("printf 'Content-Length: 0' >&0; exec /bin/sleep 600", "the worker"),
        ("exec /bin/cat <&0 >&0", "the worker"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let began = Instant::now();
        let (examination, out) = examined(dir.path(), script(what, dir.path()));
        assert!(began.elapsed() < Duration::from_secs(30), "{what} held the examination up");
        assert_eq!(names(&out), FILES, "{what}");
        assert_eq!(examination.counts.items, 0, "{what}");
        let found = gaps(&out);
        assert_eq!(found.len(), 2, "{what}: {found:?}");
        for (gap, volume) in found.iter().zip(["p1", "p2"]) {
            assert_eq!(gap.stage, Stage::FileSystem, "{what}");
            assert!(gap.forensic_path.starts_with(volume), "{what}: {gap:?}");
            assert!(gap.reason.contains(words), "{what}: {}", gap.reason);
        }
    }
}

#[test]
fn a_worker_that_fails_once_costs_one_volume_and_the_other_is_examined() {
    let real = "exec \"$1\" worker filesystem";
    for (what, once) in [
        ("crashes", "kill -SEGV $$"),
        ("hangs", "exec /bin/sleep 600"),
        ("talks nonsense", "exec /bin/cat /dev/urandom >&0"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        // The first start shows what the sandbox enforces; the second opens the first volume.
        let second =
            format!("if ! /bin/mkdir \"$2/1\" && /bin/mkdir \"$2/2\"; then {once}; fi; {real}");
        let (examination, out) = examined(dir.path(), script(&second, dir.path()));
        assert_eq!(examination.counts.gaps, 1, "{what}: {:?}", gaps(&out));
        let items = items(&out);
        assert_eq!(items.len(), 40, "{what}");
        assert!(items.iter().all(|item| item.sha256.is_some()), "{what}");
    }
}

#[test]
fn a_worker_program_that_is_not_there_is_named_in_the_gap() {
    let dir = tempfile::tempdir().unwrap();
    let worker = WorkerCommand::new("/nonexistent/worker", &[]);
    let (examination, out) = examined(dir.path(), worker);
    assert_eq!(examination.counts.items, 0);
    assert!(gaps(&out).iter().all(|gap| gap.reason.contains("/nonexistent/worker")));
}

#[test]
fn a_worker_that_a_person_starts_by_hand_ends_by_itself() {
    let ran = crate::support::pendeen(["worker", "filesystem"]);
    assert!(ran.code().is_some_and(|code| code != 0));
}
