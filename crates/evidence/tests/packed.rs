//! Files that Windows packed (`compact /exe`): made with wimlib's compressor, which is not ours,
//! and put into NTFS as Windows does, then read back.

#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::fixture::{blank, have, run, text};
use common::listing::Listing;
use common::mixed_bytes;
use pendeen_evidence::entry::Content;

/// Compiles the program that packs; none, said so, where what it needs is not installed.
fn packer(folder: &Path) -> Option<PathBuf> {
    if !have(&["mkntfs", "wimcapture", "cc"]) {
        return None;
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs/pack.c");
    let program = folder.join("pack");
    let mut cc = Command::new("cc");
    let built = cc.args(["-O1", "-o"]).args([&program, &source]).arg("-lntfs-3g").output().unwrap();
    if !built.status.success() {
        println!("ntfs-3g-dev is not installed: this part of the test is left out");
        return None;
    }
    Some(program)
}

/// The content packed in chunks of this length, as it lies in a WIM: a table of the chunks, then
/// the chunks, which is what the stream of a packed file holds.
///
/// Source: Windows Imaging File Format: header, resource headers, lookup table.
fn packed(folder: &Path, content: &[u8], method: &str, chunk: u32) -> Vec<u8> {
    let tree = folder.join("tree");
    let _ = fs::remove_dir_all(&tree);
    fs::create_dir(&tree).unwrap();
    fs::write(tree.join("file"), content).unwrap();
    let archive = folder.join("packed.wim");
    let _ = fs::remove_file(&archive);
    let options = [format!("--compress={method}"), format!("--chunk-size={chunk}")];
    run("wimcapture", &[text(&tree), text(&archive), &options[0], &options[1], "--threads=1"]);
    let wim = fs::read(&archive).unwrap();
    let number = |at: usize| u64::from_le_bytes(wim[at..at + 8].try_into().unwrap());
    // A resource: length packed in 7 bytes, flags, place, length.
    let resource = |at: usize| (number(at) & ((1 << 56) - 1), number(at + 8), number(at + 16));
    let (len, place, _) = resource(48);
    let table = usize::try_from(place).unwrap();
    (table..table + usize::try_from(len).unwrap())
        .step_by(50)
        .map(resource)
        .find(|(_, _, whole)| *whole == content.len() as u64)
        .map(|(len, at, _)| {
            wim[usize::try_from(at).unwrap()..][..usize::try_from(len).unwrap()].to_vec()
        })
        .unwrap()
}

/// Text that packs well and has calls of x86 in it, bytes that do not pack, zeros, and a piece of a
/// chunk at the end.
fn content() -> Vec<u8> {
    let words: String =
        (0..9_000).map(|n| format!("{n} green bottles on wall {}\n", n * n % 97)).collect();
    let calls: Vec<u8> = (0..9_000_u32)
        .flat_map(|n| [&[0x90, 0xe8][..], &(n * 7 % 5000).to_le_bytes()].concat())
        .collect();
    [words.as_bytes(), &calls, &mixed_bytes(300_000, 3), &vec![0; 70_000], b"the end"].concat()
}

#[test]
fn files_packed_by_windows_come_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let Some(program) = packer(folder.path()) else { return };
    let image = folder.path().join("ntfs.img");
    blank(&image, 16 << 20);
    run("mkntfs", &["-q", "-F", "-s", "512", "-p", "0", "-H", "255", "-S", "63", text(&image)]);
    let content = content();
    let stream = folder.path().join("stream");
    let kinds = [
        ("4k", "xpress", 4096, "0"),
        ("8k", "xpress", 8192, "2"),
        ("16k", "xpress", 16_384, "3"),
        ("lzx", "lzx", 32_768, "1"),
    ];
    for (name, method, chunk, algorithm) in kinds {
        let packed = packed(folder.path(), &content, method, chunk);
        assert!(packed.len() < content.len() - 100_000, "{name} is packed");
        fs::write(&stream, packed).unwrap();
        let size = content.len().to_string();
        run(text(&program), &[text(&image), name, &size, algorithm, text(&stream)]);
    }
    let mut listing = Listing::of_file(&image);
    assert_eq!(listing.gaps, []);
    for (name, ..) in kinds {
        let path = format!("/{name}");
        assert!(matches!(listing.entry(&path).content, Content::Worker { .. }), "{name}");
        assert!(listing.content(&path).unwrap() == content, "{name}");
        let stored = listing.content(&format!("{path}:WofCompressedData")).unwrap();
        assert!(stored.len() < content.len(), "the stream is an item of its own");
    }
    // Damage costs the file that has it, and is told.
    let damaged = packed(folder.path(), &content, "xpress", 4096);
    fs::write(&stream, &damaged[..damaged.len() / 2]).unwrap();
    let size = content.len().to_string();
    run(text(&program), &[text(&image), "cut", &size, "0", text(&stream)]);
    let refused = format!("{:?}", Listing::of_file(&image).content("/cut").unwrap_err());
    assert!(refused.contains("too soon"), "{refused}");
}
