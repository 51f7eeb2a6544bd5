//! Where a demo may be made, and that an unfinished one is never taken for a demo.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::demo::Demo;
use crate::support::{names, pendeen, text};

/// The names in a demo's folder, without the files that SQLite makes and takes away as it works.
fn lasting(folder: &Path) -> Vec<String> {
    names(folder).into_iter().filter(|name| !name.starts_with("pendeen.db-")).collect()
}

#[test]
fn a_second_demo_in_the_same_folder_changes_nothing_and_an_unfinished_one_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("demo");
    // What an interrupted demo leaves: its first mark, and a part of the rest.
    fs::create_dir_all(folder.join("images")).unwrap();
    fs::write(folder.join(".demo-begun"), "").unwrap();
    fs::write(folder.join("pendeen.db"), "half a database").unwrap();
    fs::write(folder.join("images/demo-disk.E01"), "half an image").unwrap();
    let demo = Demo { folder: &folder, database: None };
    demo.make().ended(0);
    assert_eq!(demo.run(&["audit", "verify", "--json"]).ended(0).json()["whole"], true);
    let made = fs::read(folder.join("demo.json")).unwrap();
    let _: Value = serde_json::from_slice(&made).unwrap();
    let before = (lasting(&folder), demo.run(&["audit", "verify", "--json"]).ended(0).json());

    let said = demo.make().ended(0).stderr();
    assert!(said.contains("using the demo in"), "{said}");
    let after = (lasting(&folder), demo.run(&["audit", "verify", "--json"]).ended(0).json());
    assert_eq!(before, after);
    assert_eq!(fs::read(folder.join("demo.json")).unwrap(), made);
}

#[test]
fn a_folder_that_holds_anything_else_is_refused_and_left_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("case-notes.txt"), "not a demo").unwrap();
    let ran = pendeen(["demo", "--no-serve", "--data", text(dir.path())]);
    ran.failed_saying(&["is not empty and holds no demo", "--data"]);
    assert_eq!(names(dir.path()), ["case-notes.txt"]);
    let file = dir.path().join("case-notes.txt");
    let ran = pendeen(["demo", "--no-serve", "--data", text(&file)]);
    ran.failed_saying(&["case-notes.txt"]);
    assert_eq!(fs::read_to_string(file).unwrap(), "not a demo");
}
