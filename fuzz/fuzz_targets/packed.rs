//! Unpacks bytes as a file that Windows packed, by each method: nothing may panic or hang, and what
//! unpacks whole has the length that was told.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pendeen_tsk::parsers::unpacked;

fuzz_target!(|data: &[u8]| {
    let Some(([method, low, high], packed)) = data.split_first_chunk() else { return };
    let size = u64::from(u16::from_le_bytes([*low, *high])) * 3;
    let words = [0x8000_0017, 16, 1, 2, 1, u32::from(method % 4)];
    let reparse: Vec<u8> = words.iter().flat_map(|word: &u32| word.to_le_bytes()).collect();
    if let Ok(given) = unpacked(&reparse, size, packed) {
        assert_eq!(given, size);
    }
});
