//! Holds docs/validation.md against the tests that it names: a claim whose test was renamed or
//! taken out must not stand.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The names in backticks that are sentences, as tests are called.
fn tests_named(text: &str) -> BTreeSet<&str> {
    let sentence = |word: &&str| {
        word.matches('_').count() >= 3
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    text.split('`').skip(1).step_by(2).filter(sentence).collect()
}

/// Every Rust file below `folder`.
fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("node_modules") {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn every_test_that_the_validation_names_is_there() {
    let text = fs::read_to_string(root().join("docs/validation.md")).unwrap();
    let named = tests_named(&text);
    assert!(named.len() > 100, "only {} tests were found in docs/validation.md", named.len());
    let mut files = Vec::new();
    rust_files(&root().join("crates"), &mut files);
    let code: String = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let example = "like_this_sentence";
    let gone: Vec<_> = named
        .into_iter()
        .filter(|name| *name != example && !code.contains(&format!("fn {name}(")))
        .collect();
    assert!(gone.is_empty(), "docs/validation.md names tests that are not there: {gone:?}");
}
