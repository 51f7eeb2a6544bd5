//! Opens and reads whatever is called an E01: nothing may panic or hang, and the stream must
//! account for every byte.

#![no_main]

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use pendeen_evidence::image::{self, Block};
use rustix::fs::{MemfdFlags, memfd_create};

fuzz_target!(|data: &[u8]| {
    let mut raw = b"EVF\x09\x0d\x0a\xff\x00\x01\x01\x00\x00\x00".to_vec();
    raw.extend_from_slice(data.strip_prefix(&raw[..]).unwrap_or(data));
    open(&raw);
    mend(&mut raw);
    open(&raw);
});

fn open(raw: &[u8]) {
    let Ok(file) = memfd_create("e01", MemfdFlags::CLOEXEC) else { return };
    if rustix::io::pwrite(&file, raw, 0) != Ok(raw.len()) {
        return;
    }
    let Ok(image) = image::from_descriptors(vec![file], &["fuzz.E01".into()]) else { return };
    let mut next = 0;
    let _ = image::stream(&*image, NonZeroUsize::MIN, |block| {
        let (at, len) = match block {
            Block::Bytes { at, bytes } => (at.0, bytes.len() as u64),
            Block::Missing { at, len, .. } => (at.0, len.0),
        };
        assert_eq!(at, next);
        next += len;
        ControlFlow::Continue(())
    });
    assert_eq!(next, image.len().0);
}

/// Makes the checksums of sections, geometry and tables fit.
fn mend(raw: &mut [u8]) {
    let mut at = 13_usize;
    for _ in 0..64 {
        let Some(head) = raw.get(at..at.saturating_add(76)) else { return };
        let name = head[..6].to_vec();
        let next = head[16..24].iter().rev().fold(0_u64, |n, b| n << 8 | u64::from(*b));
        guard(raw, at, 72);
        match &name[..] {
            b"volume" | b"disk\0\0" | b"data\0\0" => guard(raw, at + 76, 1048),
            b"digest" => guard(raw, at + 76, 76),
            b"hash\0\0" => guard(raw, at + 76, 32),
            b"table\0" | b"table2" => {
                guard(raw, at + 76, 20);
                let count = raw
                    .get(at + 76..at + 80)
                    .map_or(0, |c| c.iter().rev().fold(0_usize, |n, b| n << 8 | usize::from(*b)));
                guard(raw, at + 100, count.saturating_mul(4));
            }
            _ => {}
        }
        match usize::try_from(next) {
            Ok(next) if next > at => at = next,
            _ => return,
        }
    }
}

fn guard(raw: &mut [u8], from: usize, len: usize) {
    let end = from.saturating_add(len);
    if end.saturating_add(4) <= raw.len() {
        let sum = libdeflater::adler32(&raw[from..end]);
        raw[end..end + 4].copy_from_slice(&sum.to_le_bytes());
    }
}
