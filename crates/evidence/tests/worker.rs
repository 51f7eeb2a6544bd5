//! The worker as a process: its sandbox, and what its parent does when it goes wrong.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use pendeen_evidence::image::{self, Image};
use pendeen_evidence::volume::{self, Volume};
use pendeen_evidence::worker::WorkerCommand;
use pendeen_evidence::{content, filesystem};
use pendeen_item::Gap;

const WORKER: &str = env!("CARGO_BIN_EXE_pendeen-evidence-worker");

/// Each line of the probe: where, what, and whether it succeeded.
fn probe() -> (Vec<(String, String, bool)>, String) {
    let folder = tempfile::tempdir().unwrap();
    for name in ["remove", "rename", "keep"] {
        for turn in ["outside", "inside"] {
            fs::write(folder.path().join(format!("{turn}-{name}")), "x").unwrap();
        }
    }
    let output = Command::new(WORKER).arg("probe").arg(folder.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let attempts = text
        .lines()
        .filter_map(|line| {
            let mut parts = line.split(": ");
            let place = parts.next().filter(|p| ["outside", "inside"].contains(p))?.to_owned();
            Some((place, parts.next()?.to_owned(), parts.next()? == "succeeded"))
        })
        .collect();
    (attempts, text)
}

#[test]
fn inside_the_sandbox_nothing_can_be_opened_created_connected_or_started() {
    let (attempts, text) = probe();
    assert!(attempts.len() > 30, "{text}");
    for (place, what, succeeded) in &attempts {
        assert_eq!(*succeeded, place == "outside", "{place}: {what}:\n{text}");
    }
    assert!(text.contains("seccomp: true"), "{text}");
    assert!(text.contains("limits: true"), "{text}");
}

fn image_of_zeros(folder: &Path) -> (Arc<dyn Image>, Volume) {
    let path = folder.join("zeros.raw");
    fs::write(&path, vec![0; 1 << 20]).unwrap();
    let image = image::open(&[path]).unwrap();
    let volume = volume::open_all(&*image, &mut Vec::new()).remove(0);
    (image, volume)
}

/// The only gap that a walk with this worker leaves.
fn gap_with(command: &WorkerCommand) -> Gap {
    let folder = tempfile::tempdir().unwrap();
    let (image, volume) = image_of_zeros(folder.path());
    let mut gaps = Vec::new();
    assert!(filesystem::walk(&image, &volume, command, &mut gaps).is_empty());
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    gaps.remove(0)
}

#[test]
fn a_volume_without_a_known_file_system_is_one_gap_that_says_what_it_holds() {
    let gap = gap_with(&WorkerCommand::new(WORKER, &[]));
    assert!(gap.reason.contains("it is empty"), "{gap:?}");
    assert_eq!((gap.offset_bytes, gap.size_bytes), (Some(0), Some(1 << 20)));
}

#[test]
fn a_worker_that_is_not_there_is_a_gap_that_names_it() {
    let gap = gap_with(&WorkerCommand::new("/nonexistent/worker", &[]));
    assert!(gap.reason.contains("/nonexistent/worker"), "{gap:?}");
}

#[test]
fn a_worker_that_ends_at_once_is_a_gap_with_its_exit_code() {
    let gap = gap_with(&WorkerCommand::new("/bin/false", &[]));
    assert!(gap.reason.contains("exit code 1"), "{gap:?}");
}

#[test]
fn a_worker_that_sends_garbage_is_a_gap() {
    let gap = gap_with(&WorkerCommand::new(WORKER, &["garbage"]));
    assert!(gap.reason.contains("frame"), "{gap:?}");
}

#[test]
fn a_worker_that_says_nothing_is_killed_after_the_stall_limit() {
    let mut command = WorkerCommand::new(WORKER, &["silent"]);
    command.limits.stall = Duration::from_millis(50);
    let gap = gap_with(&command);
    assert!(gap.reason.contains("said nothing"), "{gap:?}");
}

#[test]
fn the_parent_learns_what_the_sandbox_enforces() {
    let folder = tempfile::tempdir().unwrap();
    let (image, volume) = image_of_zeros(folder.path());
    let command = WorkerCommand::new(WORKER, &[]);
    let mut reader = content::Reader::new(image, vec![volume], command);
    let report = reader.sandbox().unwrap();
    assert!(report.seccomp && report.limits && report.descriptors_closed, "{report:?}");
}
