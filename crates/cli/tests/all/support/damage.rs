//! Damage done to E01 files: where their sections lie, and bytes changed in them.
//!
//! Source: J. Metz, "Expert Witness Compression Format specification" (libewf).

use std::fs;
use std::path::Path;

/// Length of a section's descriptor in bytes.
const DESCRIPTOR: usize = 76;

/// Where the sections of an E01 file begin, with their names, in order.
pub fn sections(file: &[u8]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut at = 13;
    loop {
        let name: String =
            file[at..at + 16].iter().take_while(|b| **b != 0).map(|b| char::from(*b)).collect();
        let next = u64::from_le_bytes(file[at + 16..at + 24].try_into().unwrap());
        let end = name == "done" || name == "next";
        found.push((name, at));
        if end {
            return found;
        }
        at = usize::try_from(next).unwrap();
    }
}

/// Changes one bit of the file at `path`.
pub fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Where the content of the first section of this name begins.
pub fn inside(path: &Path, section: &str) -> usize {
    let bytes = fs::read(path).unwrap();
    let found = sections(&bytes);
    let at = found.iter().find(|(name, _)| name == section);
    at.unwrap_or_else(|| panic!("no section {section} in {found:?}")).1 + DESCRIPTOR
}

/// Changes one bit of the first place where these bytes lie in the file.
pub fn flip_found(path: &Path, bytes: &[u8]) {
    let file = fs::read(path).unwrap();
    let at = file.windows(bytes.len()).position(|window| window == bytes);
    flip(path, at.expect("the bytes lie in the file as they are"));
}
