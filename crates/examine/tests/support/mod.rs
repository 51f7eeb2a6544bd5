//! What the end-to-end tests share.

#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

pub mod zip;

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use jiff::Timestamp;
use pendeen_evidence::worker::WorkerCommand;
use pendeen_examine::{
    Examination, ExamineError, Method, Mode, Nesting, Options, Silent, Workers, run,
};
use pendeen_item::{Item, read_items};

/// The moment at which every test examination happens.
pub fn noon() -> Timestamp {
    "2026-11-02T12:00:00Z".parse().unwrap()
}

/// The workers of these tests.
pub fn worker(kind: &str) -> WorkerCommand {
    WorkerCommand::new(env!("CARGO_BIN_EXE_pendeen-examine-worker"), &[kind])
}

/// Both workers, for reading an item again.
pub fn workers() -> Workers<'static> {
    static BOTH: LazyLock<[WorkerCommand; 2]> =
        LazyLock::new(|| [worker("filesystem"), worker("content")]);
    Workers { file_systems: &BOTH[0], content: &BOTH[1] }
}

/// The options of an examination of these sources into `out`.
pub fn options(sources: &[&Path], known: &[&Path], out: &Path, threads: usize) -> Options<'static> {
    let owned = |paths: &[&Path]| paths.iter().map(|p| (*p).to_owned()).collect::<Vec<PathBuf>>();
    Options {
        sources: owned(sources),
        known: owned(known),
        out: out.to_owned(),
        exhibit: "ABC/1".to_owned(),
        threads: NonZeroUsize::new(threads).unwrap(),
        worker: worker("filesystem"),
        content: worker("content"),
        nesting: Nesting::default(),
        verify: false,
        carve: true,
        method: Method {
            tool: "pendeen".to_owned(),
            version: "test".to_owned(),
            examiner: Some("An Examiner".to_owned()),
        },
        mode: Mode::default(),
        clock: &noon,
    }
}

/// Examines these sources into `out`.
pub fn examine(
    sources: &[&Path],
    known: &[&Path],
    out: &Path,
    threads: usize,
) -> Result<Examination, ExamineError> {
    run(&options(sources, known, out, threads), &Silent)
}

/// All items of an examination.
pub fn items(out: &Path) -> Vec<Item> {
    read_items(&out.join("items.parquet")).unwrap().collect::<Result<_, _>>().unwrap()
}

/// The digest of each table.
pub fn tables(out: &Path) -> [String; 3] {
    ["items.parquet", "gaps.parquet", "events.parquet"].map(|name| {
        let bytes = fs::read(out.join(name)).unwrap();
        hex::encode(pendeen_fingerprint::Digests::of(&bytes).sha256)
    })
}

/// Bytes that do not repeat soon, the same for the same seed.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Whether the programs of a recipe are there; says so where one is not.
pub fn have(programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> =
        std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]).collect();
    programs.iter().all(|program| {
        let there = folders.iter().any(|folder| folder.join(program).is_file());
        if !there {
            println!("{program} is not installed: this test is left out");
        }
        there
    })
}

/// Runs a program of a recipe; panics with its words if it fails.
pub fn recipe(program: &str, args: &[&str]) {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let output = Command::new(program)
        .args(args)
        .env("PATH", path)
        .env("TZ", "UTC0")
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The path as the recipes' programs take it.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The folder of real images, which is not part of the repository. Says so where it is absent.
pub fn real_images() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("no real images at {}: this test is left out", folder.display());
    None
}
