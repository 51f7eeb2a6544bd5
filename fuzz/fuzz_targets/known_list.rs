//! Loads a file as a list of known files, whatever form it seems to have: nothing may panic or
//! hang, and what is loaded must be counted.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pendeen_knownset::KnownSet;
use std::io::Write;

fuzz_target!(|data: &[u8]| {
    // A list is a file: one in memory, found by its descriptor.
    let Ok(memory) = rustix::fs::memfd_create("list", rustix::fs::MemfdFlags::empty()) else {
        return;
    };
    let mut file = std::fs::File::from(memory);
    if file.write_all(data).is_err() {
        return;
    }
    use std::os::fd::AsRawFd;
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    if let Ok(set) = KnownSet::load(&[path]) {
        let source = &set.sources()[0];
        assert!(source.records > 0);
        // A record has three digests at most.
        let given = source.repeated + source.conflicting + set.len() as u64;
        assert!(given <= 3 * source.records && given >= source.records - source.without_digest);
    }
});
