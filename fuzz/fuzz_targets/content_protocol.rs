//! Any bytes as frames of the content worker: decoded or refused, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pendeen_content::protocol::{Reply, Request};
use pendeen_evidence::worker::frame;

fuzz_target!(|bytes: &[u8]| {
    let _ = frame::decode::<Reply>(bytes);
    let _ = frame::decode::<Request>(bytes);
    let (mut from, mut buffer) = (bytes, Vec::new());
    while let Ok(true) = frame::read(&mut from, &mut buffer) {}
});
