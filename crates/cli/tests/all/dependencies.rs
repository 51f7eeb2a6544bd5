//! Holds the manifests of all crates against docs/dependencies.md.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The crates that a manifest names in any section of dependencies, but for our own.
fn named_in(manifest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut inside = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.trim_end().ends_with("dependencies]");
        } else if inside && line.starts_with(|first: char| first.is_ascii_alphanumeric()) {
            let name = line.split(['.', ' ', '=']).next().unwrap();
            if !name.starts_with("pendeen-") {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

fn used() -> BTreeSet<String> {
    let crates = fs::read_dir(root().join("crates")).unwrap();
    let manifests = crates.map(|entry| {
        let path = entry.unwrap().path().join("Cargo.toml");
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    });
    manifests.flat_map(|manifest| named_in(&manifest)).collect()
}

/// The first cells of the tables whose first column is called `crate`.
fn explained() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let mut inside = false;
    let mut names = BTreeSet::new();
    for line in text.lines() {
        if line.starts_with("| crate |") {
            inside = true;
        } else if !line.starts_with('|') {
            inside = false;
        } else if inside && let Some(rest) = line.strip_prefix("| `") {
            names.insert(rest.split('`').next().unwrap().to_owned());
        }
    }
    names
}

#[test]
fn every_dependency_is_explained_and_every_explained_one_is_used() {
    let (used, explained) = (used(), explained());
    assert!(used.len() > 30, "only {} were found: are manifests still read rightly?", used.len());
    let missing: Vec<_> = used.difference(&explained).collect();
    assert!(missing.is_empty(), "say in docs/dependencies.md why these are here: {missing:?}");
    let gone: Vec<_> = explained.difference(&used).collect();
    assert!(gone.is_empty(), "no crate uses these, yet docs/dependencies.md has them: {gone:?}");
}

#[test]
fn a_manifest_is_read_whatever_the_section_and_the_notation() {
    let manifest = "[package]\nname = \"a\"\n[dependencies]\npendeen-item.workspace = true\n\
         serde.workspace = true\n# note = 1\nmd-5 = { workspace = true }\n[features]\nx = []\n\
         [dev-dependencies]\ntempfile.workspace = true\n[lints]\nworkspace = true\n\
         [target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n";
    let wanted = ["libc", "md-5", "serde", "tempfile"].map(str::to_owned);
    assert_eq!(named_in(manifest), BTreeSet::from(wanted));
}
