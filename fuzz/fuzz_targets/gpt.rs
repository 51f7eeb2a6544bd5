//! Reads GUID partition tables whose checksums fit: nothing may panic, and every volume must
//! lie inside the disk.

#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../disk.rs"]
mod disk;

fuzz_target!(|data: &[u8]| {
    for sector_len in [512, 4096] {
        let mut bytes = data.to_vec();
        mend(&mut bytes, sector_len);
        disk::check(bytes);
    }
});

/// Puts the signature in place and makes the checksums of header and entries fit.
fn mend(bytes: &mut [u8], sector_len: usize) {
    let number = |bytes: &[u8], at: usize, len: usize| {
        bytes[at..at + len].iter().rev().fold(0_u64, |n, b| n << 8 | u64::from(*b))
    };
    if bytes.len() < sector_len + 512 {
        return;
    }
    let (before, header) = bytes.split_at_mut(sector_len);
    before[510..512].copy_from_slice(&[0x55, 0xaa]);
    header[..8].copy_from_slice(b"EFI PART");
    header[12..16].copy_from_slice(&92_u32.to_le_bytes());
    header[24..32].copy_from_slice(&1_u64.to_le_bytes());
    let first = number(header, 72, 8).saturating_mul(sector_len as u64);
    let len = number(header, 80, 4).saturating_mul(number(header, 84, 4));
    let entries = usize::try_from(first).ok().zip(usize::try_from(len).ok());
    if let Some(sum) = entries
        .and_then(|(first, len)| bytes.get(first..first.checked_add(len)?))
        .map(libdeflater::crc32)
    {
        bytes[sector_len + 88..sector_len + 92].copy_from_slice(&sum.to_le_bytes());
    }
    let header = &mut bytes[sector_len..sector_len + 92];
    header[16..20].fill(0);
    let sum = libdeflater::crc32(header);
    header[16..20].copy_from_slice(&sum.to_le_bytes());
}
