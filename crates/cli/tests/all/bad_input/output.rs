//! Places where results cannot go: refused before anything is written, or left with nothing
//! that looks finished.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::support::disk::{SMALL, fat, some_files};
use crate::support::{PROGRAM, Ran, examine, names, noise, text};

#[test]
fn a_folder_that_holds_anything_is_refused_and_left_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let (source, out) = (dir.path().join("disk.dd"), dir.path().join("out"));
    fs::write(&source, noise(1, 50_000)).unwrap();
    fs::create_dir(&out).unwrap();
    fs::write(out.join("notes.txt"), "mine").unwrap();
    examine(&[&source], &out, &[]).failed_saying(&["out is not empty", "does not exist yet"]);
    assert_eq!(names(&out), ["notes.txt"]);
    let file = out.join("notes.txt");
    examine(&[&source], &file, &[]).failed_saying(&["notes.txt is not a folder"]);
    // Neither is what lies under the name that the work goes on under.
    let partial = dir.path().join("other.partial");
    fs::create_dir(&partial).unwrap();
    fs::write(partial.join("notes.txt"), "mine").unwrap();
    examine(&[&source], &dir.path().join("other"), &[]).failed_saying(&["other.partial"]);
    assert_eq!(names(&partial), ["notes.txt"]);
    // An empty folder is taken.
    let empty = dir.path().join("empty");
    fs::create_dir(&empty).unwrap();
    examine(&[&source], &empty, &[]).ended(3);
}

#[test]
fn results_never_go_into_the_evidence() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("source");
    fs::create_dir_all(source.join("deep")).unwrap();
    fs::write(source.join("deep/a.txt"), "text").unwrap();
    std::os::unix::fs::symlink(&source, dir.path().join("link")).unwrap();
    for out in ["source/out", "source/deep/out", "link/out", "source/deep/../out"] {
        let ran = examine(&[&source], &dir.path().join(out), &[]);
        ran.failed_saying(&["which is never written to", "name a folder elsewhere"]);
    }
    assert_eq!(names(&source), ["deep"]);
    assert_eq!(names(&source.join("deep")), ["a.txt"]);
}

#[test]
fn a_refused_place_makes_no_folders_on_the_way_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("source");
    fs::create_dir(&source).unwrap();
    fs::write(source.join("a.txt"), "text").unwrap();
    let ran = examine(&[&source], &source.join("new/deeper/out"), &[]);
    ran.failed_saying(&["which is never written to"]);
    assert_eq!(names(&source), ["a.txt"], "folders were made in the evidence");
}

#[test]
fn a_place_that_may_not_be_written_is_named_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("disk.dd");
    fs::write(&source, noise(1, 50_000)).unwrap();
    let closed = dir.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(closed.join("probe"), "").is_err() {
        let ran = examine(&[&source], &closed.join("out"), &[]);
        ran.failed_saying(&["writing", "may not write there", "--out"]);
        assert!(names(&closed).is_empty());
    } else {
        println!("these tests run with rights that no folder refuses: one way is left out");
        fs::remove_file(closed.join("probe")).unwrap();
    }
    // No account may make folders there.
    let ran = examine(&[&source], Path::new("/proc/pendeen/out"), &[]);
    ran.failed_saying(&["/proc/pendeen"]);
}

/// Runs an examination that may write files of so many bytes at most, as on a disk without room.
fn with_room(bytes: u64, source: &Path, out: &Path) -> Ran {
    // The limit's signal ends a program that does not ignore it; an ignored one is inherited.
    let script = r#"trap '' XFSZ; limit=$1; shift; exec prlimit --fsize="$limit" "$@""#;
    let mut command = Command::new("bash");
    command.args(["-c", script, "bash", &bytes.to_string(), PROGRAM, "examine", text(source)]);
    Ran::of(command.arg("--out").arg(out))
}

#[test]
fn a_disk_without_room_ends_with_a_message_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("source");
    fs::create_dir(&source).unwrap();
    for n in 0..600_u16 {
        fs::write(source.join(format!("{n:04}.bin")), noise(n.into(), 100)).unwrap();
    }
    // Room for the gap table alone, then for the item table too, but not for the report.
    let whole = dir.path().join("whole");
    with_room(100 << 20, &source, &whole).ended(0);
    let size = |name: &str| fs::metadata(whole.join(name)).unwrap().len();
    let mut failed = 0;
    for room in [0, 1_000, size("items.parquet") - 1, size("report.html") - 1] {
        let out = dir.path().join(format!("out-{room}"));
        let ran = with_room(room, &source, &out);
        if ran.code() == Some(0) {
            continue;
        }
        failed += 1;
        ran.failed_saying(&["writing", "failed", "File too large"]);
        assert!(!out.exists(), "{room}");
        assert_eq!(names(dir.path()), ["source", "whole"], "{room}");
    }
    assert!(failed >= 3, "{failed}");
}

#[test]
fn a_message_never_says_the_same_thing_twice() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("disk.dd");
    fs::write(&source, fat(SMALL, &some_files(1))).unwrap();
    let said = with_room(1_000, &source, &dir.path().join("out")).ended(1).stderr();
    let parts: Vec<&str> = said.trim().split(": ").collect();
    for (n, part) in parts.iter().enumerate() {
        assert!(!parts[n + 1..].contains(part), "{part:?} is said twice: {said}");
    }
}
