//! An interrupted examination never looks finished, and the next run needs no tidying up.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};

use crate::support::disk::{SMALL, fat, some_files, with_mbr};
use crate::support::{FILES, command, examine, names, tables};

/// When the run is killed: as soon as this is there.
const MOMENTS: [&str; 4] =
    ["out.partial", "out.partial/items.parquet", "out.partial/report.html", "out"];

fn begin(source: &Path, out: &Path) -> Child {
    let mut command = command(["examine"]);
    command.arg(source).arg("--out").arg(out).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Kills the run when `path` appears; answers whether it was still running then.
fn kill_when_there_is(path: &Path, mut run: Child) -> bool {
    // Polling is the only way to catch another process between two steps.
    while !path.exists() && run.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    run.kill().unwrap();
    !run.wait().unwrap().success()
}

fn finished(out: &Path) -> bool {
    out.exists()
}

#[test]
fn a_run_that_is_killed_leaves_nothing_under_the_final_name_and_the_next_one_succeeds() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("disk.dd");
    fs::write(&source, with_mbr(&[fat(SMALL * 3, &some_files(1)), fat(SMALL, &some_files(2))]))
        .unwrap();
    let whole = dir.path().join("whole");
    examine(&[&source], &whole, &[]).ended(0);
    let mut killed = 0;
    for moment in MOMENTS {
        let place = tempfile::tempdir_in(dir.path()).unwrap();
        let out = place.path().join("out");
        if kill_when_there_is(&place.path().join(moment), begin(&source, &out)) {
            killed += 1;
        }
        if finished(&out) {
            // It came through: then all of it is there.
            assert_eq!(names(&out), FILES, "{moment}");
            pendeen_examine::load(&out).unwrap();
            assert_eq!(names(place.path()), ["out"], "{moment}");
            continue;
        }
        for name in names(place.path()) {
            assert_eq!(name, "out.partial", "{moment}");
        }
        assert!(
            pendeen_examine::load(&place.path().join("out.partial")).is_err()
                || moment != MOMENTS[0]
        );
        // The next run to the same place clears up and is whole.
        examine(&[&source], &out, &[]).ended(0);
        assert_eq!(names(place.path()), ["out"], "{moment}");
        assert_eq!(tables(&out), tables(&whole), "{moment}");
    }
    assert!(killed > 0, "every run was over before it could be killed");
}

#[test]
fn a_run_that_is_asked_to_stop_leaves_nothing_under_the_final_name() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("disk.dd");
    fs::write(&source, with_mbr(&[fat(SMALL * 3, &some_files(1))])).unwrap();
    for signal in ["-INT", "-TERM", "-HUP"] {
        let place = tempfile::tempdir_in(dir.path()).unwrap();
        let out = place.path().join("out");
        let mut run = begin(&source, &out);
        while names(place.path()).is_empty() && run.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let pid = run.id().to_string();
        let _sent = std::process::Command::new("kill").args([signal, &pid]).status().unwrap();
        let ended = run.wait().unwrap();
        assert_eq!(ended.success(), out.exists(), "{signal}: {ended}");
        if out.exists() {
            assert_eq!(names(&out), FILES);
        }
    }
}

#[test]
fn two_runs_to_one_place_do_not_mix() {
    let dir = tempfile::tempdir().unwrap();
    let (source, out) = (dir.path().join("disk.dd"), dir.path().join("out"));
    fs::write(&source, with_mbr(&[fat(SMALL * 3, &some_files(1))])).unwrap();
    let mut first = begin(&source, &out);
    while names(dir.path()).len() < 2 && first.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
    let second = examine(&[&source], &out, &[]).ended(1);
    let said = second.stderr();
    let refused = "another examination is writing to";
    assert!(said.contains(refused) || said.contains("holds a finished examination"), "{said}");
    assert!(first.wait().unwrap().success());
    assert_eq!(names(&out), FILES);
    pendeen_examine::load(&out).unwrap();
    // A finished examination is never overwritten.
    examine(&[&source], &out, &[]).failed_saying(&["never overwritten", "name another folder"]);
}
