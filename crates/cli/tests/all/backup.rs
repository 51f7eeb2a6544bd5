//! `pendeen backup` and `pendeen restore`: what is restored is what was there.

use std::fs;
use std::path::Path;

use crate::support::{pendeen, text};

const REPORT: &str = "report,reference,summary,email\n1,REF-1,Upload reported,a@example.org\n";

/// Case data with a referral in it.
fn installation(data: &Path) {
    let csv = data.with_extension("csv");
    fs::write(&csv, REPORT).unwrap();
    pendeen(["intake", text(&csv), "--data", text(data)]);
    fs::create_dir_all(data.join("keys")).unwrap();
    fs::write(data.join("keys/sender.key"), "not a real key").unwrap();
}

#[test]
fn a_backup_is_restored_whole_and_the_log_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let (data, out, new) = (dir.path().join("data"), dir.path().join("b1"), dir.path().join("new"));
    installation(&data);
    let made = pendeen(["backup", "--data", text(&data), "--out", text(&out), "--json"]);
    let made = made.ended(0).json();
    assert!(made["database"]["rows"]["record"].as_u64().unwrap() >= 1, "{made}");
    pendeen(["restore", text(&out), "--check"]).ended(0);
    pendeen(["restore", text(&out), "--data", text(&new)]).ended(0);
    assert_eq!(fs::read(new.join("keys/sender.key")).unwrap(), b"not a real key");
    let log = pendeen(["audit", "verify", "--data", text(&new), "--json"]).ended(0).json();
    assert_eq!(log["leaves"], made["database"]["leaves"]);
    let figures = |folder: &Path| {
        let told = pendeen(["figures", "--data", text(folder), "--outside-operation", "--json"]);
        told.ended(0).json()["figures"].clone()
    };
    assert_eq!(figures(&new), figures(&data));
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 4, "nothing half-made is left: {names:?}");
}

#[test]
fn a_backup_that_was_changed_is_not_restored_and_nothing_is_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let (data, out, new) = (dir.path().join("data"), dir.path().join("b1"), dir.path().join("new"));
    installation(&data);
    pendeen(["backup", "--data", text(&data), "--out", text(&out)]).ended(0);
    pendeen(["backup", "--data", text(&data), "--out", text(&out)])
        .failed_saying(&["is there already", "name another folder"]);
    pendeen(["restore", text(&out), "--data", text(&data)])
        .failed_saying(&["is there already", "name another folder"]);
    pendeen(["restore", text(&data), "--data", text(&new)]).failed_saying(&["is no backup"]);

    fs::write(out.join("files/keys/sender.key"), "another").unwrap();
    pendeen(["restore", text(&out), "--data", text(&new)])
        .failed_saying(&["sender.key", "is not what was backed up"]);
    assert!(!new.exists());

    let manifest = fs::read_to_string(out.join("backup.json")).unwrap();
    let outside = manifest.replace("files/keys/sender.key", "../sender.key");
    fs::write(out.join("backup.json"), outside).unwrap();
    pendeen(["restore", text(&out), "--data", text(&new)]).failed_saying(&["lies outside"]);
}
