//! Opens and reads whatever is called a virtual disk, of each kind: nothing may panic or hang, and
//! every byte is read or refused.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pendeen_evidence::image;
use pendeen_evidence::unit::ByteOffset;
use rustix::fs::{MemfdFlags, memfd_create};

/// Beginnings by which QCOW2, VMDK, VHD and VHDX are told; VDI has its words at byte 64.
const HEADS: [&[u8]; 5] =
    [b"QFI\xfb\0\0\0\x03", b"KDMV\x01\0\0\0", b"conectix", b"vhdxfile", &VDI];
const VDI: [u8; 68] = {
    let mut head = [0; 68];
    let signature = 0xbeda_107f_u32.to_le_bytes();
    let mut at = 0;
    while at < 4 {
        head[64 + at] = signature[at];
        at += 1;
    }
    head
};
/// Bytes read of a disk that claims to be longer, at its beginning and at its end.
const MOST: u64 = 4 << 20;

fuzz_target!(|data: &[u8]| {
    open(data);
    for head in HEADS {
        open(&[head, data.get(head.len()..).unwrap_or_default()].concat());
    }
});

fn open(raw: &[u8]) {
    let Ok(file) = memfd_create("disk", MemfdFlags::CLOEXEC) else { return };
    if rustix::io::pwrite(&file, raw, 0) != Ok(raw.len()) {
        return;
    }
    let Ok(image) = image::from_descriptors(vec![file], &["fuzz.disk".into()]) else { return };
    let len = image.len().0;
    let mut buffer = vec![0; 64 << 10];
    let steps = (0..MOST.min(len)).chain(len.saturating_sub(MOST)..len);
    for at in steps.step_by(buffer.len()) {
        let wanted = usize::try_from(len - at).map_or(buffer.len(), |rest| rest.min(buffer.len()));
        let _ = image.read_at(ByteOffset(at), &mut buffer[..wanted]);
    }
}
