//! Reads partition tables from whatever is called a disk: nothing may panic, and every volume
//! must lie inside the disk.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../disk.rs"]
mod disk;

fuzz_target!(|data: &[u8]| {
    let mut bytes = data.to_vec();
    // Sectors that end in the signature, so that chains are followed.
    for sector in bytes.chunks_exact_mut(512) {
        sector[510..].copy_from_slice(&[0x55, 0xaa]);
    }
    disk::check(bytes);
    disk::check(data.to_vec());
});
