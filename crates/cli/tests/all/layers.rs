//! Holds Cargo's edges against the layer table of ARCHITECTURE.md.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn floors() -> BTreeMap<String, u32> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    text.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.split(" | ");
            let floor = cells.next()?.parse().ok()?;
            let name = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
            Some((name.to_owned(), floor))
        })
        .collect()
}

/// The crates of ours that a crate names in any dependency section but dev-dependencies.
fn edges(name: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("crates").join(name).join("Cargo.toml")).unwrap();
    let mut section = "";
    let mut edges = Vec::new();
    for line in text.lines() {
        if line.starts_with('[') {
            section = line.trim();
        } else if let Some(rest) = line.strip_prefix("pendeen-")
            && !section.contains("dev-dependencies")
        {
            edges.push(rest.split(['.', ' ', '=']).next().unwrap().to_owned());
        }
    }
    edges
}

#[test]
fn every_crate_stands_in_the_layer_table_and_uses_only_lower_floors() {
    let floors = floors();
    let mut crates: Vec<String> = fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    crates.sort();
    let mut listed: Vec<&String> = floors.keys().collect();
    listed.sort();
    assert_eq!(crates.iter().collect::<Vec<_>>(), listed, "the table and the folder list differ");
    let mut count = 0;
    for name in &crates {
        for used in edges(name) {
            count += 1;
            assert!(
                floors[&used] < floors[name],
                "{name} (floor {}) uses {used} (floor {})",
                floors[name],
                floors[&used]
            );
        }
    }
    assert!(count > 15, "only {count} edges were found: is the manifest still read rightly?");
}
