//! File systems made for tests: without root, by recipe, the same each time where it matters.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub const EXT_PROGRAMS: &[&str] = &["mke2fs", "debugfs"];
pub const FAT_PROGRAMS: &[&str] = &["mkfs.fat", "mcopy", "mmd", "mdel"];
pub const NTFS_PROGRAMS: &[&str] = &["mkntfs", "ntfscp"];

/// Whether all `programs` of a recipe are there; says so where one is not.
pub fn have(programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> =
        std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]).collect();
    programs.iter().all(|program| {
        let there = folders.iter().any(|folder| folder.join(program).is_file());
        if !there {
            println!("{program} is not installed: this part of the test is left out");
        }
        there
    })
}

/// Runs a program of a recipe; panics with its words if it fails. Gives what it printed.
pub fn run(program: &str, args: &[&str]) -> Vec<u8> {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let output = Command::new(program)
        .args(args)
        .env("PATH", path)
        .env("TZ", "UTC0")
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(
        output.status.success(),
        "{program} {args:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// The path as the recipes' programs take it.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// An empty file of `len` bytes.
pub fn blank(path: &Path, len: u64) {
    fs::File::create(path).unwrap().set_len(len).unwrap();
}

/// The member of a ZIP archive whose name ends in `suffix`: stored or deflated, not split.
pub fn unzip(archive: &Path, suffix: &str) -> Vec<u8> {
    let zip = fs::read(archive).unwrap();
    let u16_at = |at: usize| usize::from(u16::from_le_bytes([zip[at], zip[at + 1]]));
    let u32_at = |at: usize| u32::from_le_bytes(zip[at..at + 4].try_into().unwrap()) as usize;
    let end = zip.windows(4).rposition(|w| w == b"PK\x05\x06").unwrap();
    let (count, mut at) = (u16_at(end + 10), u32_at(end + 16));
    for _ in 0..count {
        assert_eq!(&zip[at..at + 4], b"PK\x01\x02");
        let (method, packed, len) = (u16_at(at + 10), u32_at(at + 20), u32_at(at + 24));
        let (name_len, rest, local) =
            (u16_at(at + 28), u16_at(at + 30) + u16_at(at + 32), u32_at(at + 42));
        let name = &zip[at + 46..at + 46 + name_len];
        if name.ends_with(suffix.as_bytes()) {
            let data = local + 30 + u16_at(local + 26) + u16_at(local + 28);
            let data = &zip[data..data + packed];
            if method == 0 {
                return data.to_vec();
            }
            let mut bytes = vec![0; len];
            let got = libdeflater::Decompressor::new().deflate_decompress(data, &mut bytes);
            assert_eq!(got.unwrap(), len);
            return bytes;
        }
        at += 46 + name_len + rest;
    }
    panic!("{} has no member that ends in {suffix}", archive.display());
}

/// An ext volume that holds `tree`.
pub fn ext(folder: &Path, tree: &Path, options: &[&str]) -> PathBuf {
    let image = folder.join("ext.img");
    let size = ["-d", text(tree), text(&image), "24M"];
    run("mke2fs", &[&["-q", "-F", "-N", "4096"], options, &size].concat());
    image
}

/// Runs a command of debugfs that changes the volume.
pub fn debugfs(image: &Path, command: &str) {
    run("debugfs", &["-w", "-R", command, text(image)]);
}

/// A FAT volume with `files`, then the names in `deleted` deleted.
pub fn fat(folder: &Path, size: u64, files: &[(&str, Vec<u8>)], deleted: &[&str]) -> PathBuf {
    let image = folder.join("fat.img");
    blank(&image, size);
    run("mkfs.fat", &["-n", "TEST", "-i", "50454e44", text(&image)]);
    let source = folder.join("source");
    for (name, bytes) in files {
        let path = format!("::/{name}");
        if name.ends_with('/') {
            run("mmd", &["-i", text(&image), path.trim_end_matches('/')]);
            continue;
        }
        fs::write(&source, bytes).unwrap();
        run("mcopy", &["-i", text(&image), text(&source), &path]);
    }
    for name in deleted {
        run("mdel", &["-i", text(&image), &format!("::/{name}")]);
    }
    image
}
