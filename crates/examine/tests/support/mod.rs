//! What the end-to-end tests share.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use pendeen_examine::{Examination, ExamineError, Method, Options, Silent, run};

/// The moment at which every test examination happens.
pub fn noon() -> Timestamp {
    "2026-11-02T12:00:00Z".parse().unwrap()
}

/// Examines these sources into `out`.
pub fn examine(
    sources: &[&Path],
    known: &[&Path],
    out: &Path,
    threads: usize,
) -> Result<Examination, ExamineError> {
    let owned = |paths: &[&Path]| paths.iter().map(|p| (*p).to_owned()).collect::<Vec<PathBuf>>();
    let options = Options {
        sources: owned(sources),
        known: owned(known),
        out: out.to_owned(),
        exhibit: "ABC/1".to_owned(),
        threads: NonZeroUsize::new(threads).unwrap(),
        verify: false,
        method: Method {
            tool: "pendeen".to_owned(),
            version: "test".to_owned(),
            examiner: Some("An Examiner".to_owned()),
        },
        clock: &noon,
    };
    run(&options, &Silent)
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
