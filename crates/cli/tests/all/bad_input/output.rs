//! Places where results cannot go: refused before anything is written, or left with nothing
//! that looks finished.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
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
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    let mut command = without_rights();
    command.args([PROGRAM, "examine", text(&source), "--out"]).arg(closed.join("out"));
    Ran::of(&mut command).failed_saying(&["writing", "may not write there", "--out"]);
    assert!(names(&closed).is_empty());
    // Nor is evidence read that the account may not read.
    fs::set_permissions(&source, fs::Permissions::from_mode(0o000)).unwrap();
    let mut command = without_rights();
    command.args([PROGRAM, "examine", text(&source), "--out"]).arg(dir.path().join("out"));
    Ran::of(&mut command).failed_saying(&["disk.dd", "that you may read it"]);
    // No account may make folders there.
    let ran = examine(&[&source], Path::new("/proc/pendeen/out"), &[]);
    ran.failed_saying(&["/proc/pendeen"]);
}

/// What runs a program without an administrator's rights, which no folder refuses.
fn without_rights() -> Command {
    let root = fs::metadata("/proc/self").is_ok_and(|me| me.uid() == 0);
    let mut command = Command::new(if root { "setpriv" } else { "env" });
    if root {
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    }
    command
}

/// Runs the program with a small, otherwise empty disk at `place`. Standard output ends with
/// the names that are on it in the end. None where this account may not mount even that.
fn on_a_small_disk(kib: u32, place: &Path, args: &[&str]) -> Option<Ran> {
    let script = r#"mount -t tmpfs -o size="$1" none "$2" || exit 99
        cd "$2"; shift 2; "$@"; code=$?; ls -A .; exit $code"#;
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", script, "sh"]);
    command.args([&format!("{kib}k"), text(place), PROGRAM]).args(args);
    let ran = Ran::of(&mut command);
    // Its own code, or that of unshare, which was refused a namespace.
    if ran.code() == Some(99) || ran.stderr().starts_with("unshare: ") {
        println!("no disk can be mounted here: this part is left out: {}", ran.stderr());
        return None;
    }
    Some(ran)
}

#[test]
fn a_disk_that_fills_up_is_named_with_what_to_do_and_nothing_is_left_on_it() {
    let dir = tempfile::tempdir().unwrap();
    let (source, disk) = (dir.path().join("source"), dir.path().join("disk"));
    fs::create_dir(&source).unwrap();
    fs::create_dir(&disk).unwrap();
    for n in 0..600_u16 {
        fs::write(source.join(format!("{n:04}.bin")), noise(n.into(), 100)).unwrap();
    }
    for kib in [4, 40, 120] {
        let args = ["examine", text(&source), "--out", "out"];
        let Some(ran) = on_a_small_disk(kib, &disk, &args) else { return };
        ran.failed_saying(&["the disk is full", "make room", "another disk with --out"]);
    }
    let Some(ran) = on_a_small_disk(60_000, &disk, &["examine", text(&source), "--out", "out"])
    else {
        return;
    };
    assert!(ran.ended(0).stdout().ends_with("out\n"), "with room it goes through");
}

#[test]
fn a_case_database_without_room_is_named_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let (inbox, disk) = (dir.path().join("inbox"), dir.path().join("disk"));
    fs::create_dir(&inbox).unwrap();
    fs::create_dir(&disk).unwrap();
    for n in 0..40 {
        let long = "words ".repeat(2_000);
        let table = format!("reference,summary\nR-{n},{long}\n");
        fs::write(inbox.join(format!("{n:02}.csv")), table).unwrap();
    }
    for kib in [100, 1_500] {
        let args = ["intake", text(&inbox), "--data", "data", "--json"];
        let Some(ran) = on_a_small_disk(kib, &disk, &args) else { return };
        let ran = ran.ended(1);
        let said = ran.stderr();
        assert!(said.contains("disk is full") && said.contains("make room"), "{said}");
        assert_eq!(said.matches("disk is full").count(), 1, "{said}");
        // What was taken in before is told; what was not is named.
        let taken = ran.stdout().lines().filter(|line| line.contains("\"accepted\"")).count();
        assert!(taken < 40);
        assert!(taken == 0 || said.contains("taking in "), "{said}");
    }
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
