//! What the end-to-end tests share: running the program, and looking at what it left.

pub mod damage;
pub mod demo;
pub mod disk;
#[path = "../../../../store/tests/both_databases/postgres.rs"]
pub mod postgres;
#[expect(dead_code, reason = "shared with the reader's tests, which use more of it")]
#[path = "../../../../evidence/tests/common/fixture.rs"]
pub mod recipe;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use pendeen_item::{Gap, Item, read_gaps, read_items};
use serde_json::Value;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_pendeen");

/// The program with these arguments, free of the settings of whoever runs the tests.
pub fn command<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(PROGRAM);
    for name in ["PENDEEN_DATA", "PENDEEN_DATABASE", "PENDEEN_LOG"] {
        command.env_remove(name);
    }
    command.args(args).env("USER", "examiner").stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub fn pendeen<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Ran {
    Ran::of(&mut command(args))
}

/// A run of the program that has ended.
pub struct Ran(Output);

impl Ran {
    /// Runs a command that is, or runs, the program.
    #[track_caller]
    pub fn of(command: &mut Command) -> Self {
        Self::ended_as(command.output().unwrap())
    }

    /// A run that was waited for. The program never panics, whatever it is given.
    #[track_caller]
    pub fn ended_as(output: Output) -> Self {
        let ran = Self(output);
        assert!(!ran.stderr().contains("panicked"), "{}", ran.stderr());
        ran
    }

    /// Holds the exit code.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        let status = self.0.status;
        let said = format!("{}\n{}", self.stderr(), self.stdout());
        assert_eq!(status.code(), Some(code), "signal {:?}: {said}", status.signal());
        self
    }

    /// The exit code; none where a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.0.status.code()
    }

    /// Standard output as text.
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    /// Standard output as it came.
    pub fn bytes(&self) -> &[u8] {
        &self.0.stdout
    }

    /// Standard error as text.
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// Standard output as one JSON value.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.0.stdout).unwrap_or_else(|e| panic!("{e}: {}", self.stdout()))
    }

    /// Standard output as a JSON value per line.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        self.stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Holds that it failed with one message that names all of these, and printed nothing else.
    #[track_caller]
    pub fn failed_saying(self, words: &[&str]) {
        let ran = self.ended(1);
        let said = ran.stderr();
        assert_eq!(ran.stdout(), "", "{said}");
        assert!(said.starts_with("pendeen: ") && said.trim_end().lines().count() == 1, "{said}");
        for word in words {
            assert!(said.contains(word), "{word:?} is not said: {said}");
        }
    }
}

/// The path as an argument.
pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Examines these sources into `out`, with further arguments.
pub fn examine(sources: &[&Path], out: &Path, more: &[&str]) -> Ran {
    let mut command = command(["examine"]);
    Ran::of(command.args(sources).arg("--out").arg(out).args(more))
}

/// The files that a finished examination has.
pub const FILES: [&str; 5] =
    ["events.parquet", "examination.json", "gaps.parquet", "items.parquet", "report.html"];

/// The names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// All items of an examination.
pub fn items(out: &Path) -> Vec<Item> {
    read_items(&out.join("items.parquet")).unwrap().collect::<Result<_, _>>().unwrap()
}

/// All gaps of an examination.
pub fn gaps(out: &Path) -> Vec<Gap> {
    read_gaps(&out.join("gaps.parquet")).unwrap()
}

/// Both tables of an examination as they lie on the disk.
pub fn tables(out: &Path) -> [Vec<u8>; 2] {
    ["items.parquet", "gaps.parquet"].map(|name| fs::read(out.join(name)).unwrap())
}

/// The record of an examination.
pub fn record(out: &Path) -> Value {
    serde_json::from_slice(&fs::read(out.join("examination.json")).unwrap()).unwrap()
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

/// The folder of real images, which is no part of the repository. Says so where it is absent.
pub fn real_images() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("no real images at {}: this test is left out", folder.display());
    None
}
