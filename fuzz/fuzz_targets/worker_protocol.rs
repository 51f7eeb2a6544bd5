//! Any bytes as frames of the file systems' worker: decoded or refused, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pendeen_evidence::worker::frame;
use pendeen_evidence::worker::protocol::{Reply, Request};

fuzz_target!(|bytes: &[u8]| {
    let _ = frame::decode::<Reply>(bytes);
    let _ = frame::decode::<Request>(bytes);
    let (mut from, mut buffer) = (bytes, Vec::new());
    while let Ok(true) = frame::read(&mut from, &mut buffer) {}
});
