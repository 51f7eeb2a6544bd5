//! Measures whatever is called a file of GIF: nothing may panic, and the end must lie inside.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pendeen_evidence::carve::Signature;

#[path = "../carve.rs"]
mod carve;

fuzz_target!(|data: &[u8]| carve::check(Signature::Gif, b"GIF89a", data));
