//! Lists the bundled styles and scripts (assets/dist, made by `npm run build`) so that the
//! crate can embed them under their digest names.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, process};

fn main() {
    println!("cargo::rerun-if-changed=assets/dist");
    println!("cargo::rerun-if-changed=build.rs");
    let root = env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| ".".to_owned());
    let dist = Path::new(&root).join("assets/dist");
    let mut names = names(&dist);
    names.sort();
    for (stem, extension) in [("pendeen", "css"), ("pendeen", "js"), ("icon", "svg")] {
        let ours =
            |name: &&String| name.starts_with(&format!("{stem}-")) && name.ends_with(extension);
        match names.iter().filter(ours).count() {
            1 => (),
            0 => stop(&format!("{} has no {stem}-DIGEST.{extension}", dist.display())),
            _ => stop(&format!("{} has several {stem}-DIGEST.{extension}", dist.display())),
        }
    }
    let mut table = String::from("&[\n");
    for name in &names {
        let path = dist.join(name);
        let _ =
            writeln!(table, "    ({name:?}, include_bytes!({:?})),", path.display().to_string());
    }
    table.push_str("]\n");
    let out = Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("assets.rs");
    if let Err(error) = fs::write(&out, table) {
        stop(&format!("{} cannot be written: {error}", out.display()));
    }
}

fn names(dist: &Path) -> Vec<String> {
    match fs::read_dir(dist) {
        Ok(entries) => entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect(),
        Err(error) => stop(&format!("{} cannot be read: {error}", dist.display())),
    }
}

fn stop(problem: &str) -> ! {
    println!("cargo::error=the pages' styles and scripts are not bundled: {problem}");
    println!("cargo::error=run `make setup assets` (or `npm ci && npm run build` in crates/web)");
    process::exit(1)
}
