//! Measures whatever is called a file of WebP and AVI: nothing may panic, and the end must lie inside.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pendeen_evidence::carve::Signature;

#[path = "../carve.rs"]
mod carve;

fuzz_target!(|data: &[u8]| carve::check(Signature::Riff, b"RIFF", data));
