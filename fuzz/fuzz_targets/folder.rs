//! Reads a FAT folder, and the slack of an NTFS folder's index as it lies on the disk and with its
//! sectors' ends mended: nothing may panic, and no more may come than the bytes can hold.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pendeen_tsk::parsers::{fat_folder, index_slack};

/// Bytes of the shortest index entry, without its head, and of a FAT entry.
const SHORTEST_NAME: usize = 66;
const FAT_ENTRY: usize = 32;

fuzz_target!(|data: &[u8]| {
    let Some((folder, bytes)) = data.split_first_chunk::<2>() else { return };
    let folder = u64::from(u16::from_le_bytes(*folder));
    assert!(fat_folder(bytes, &[folder]) <= bytes.len() / FAT_ENTRY + 1);
    let most = 2 * (bytes.len() / SHORTEST_NAME + 1);
    assert!(index_slack(&mut bytes.to_vec(), folder) <= most);
    let mut record = bytes.to_vec();
    record.truncate(record.len() / 512 * 512);
    let sectors = record.len() / 512;
    if let (Ok(count), Some(head)) = (u16::try_from(sectors + 1), record.first_chunk_mut::<8>()) {
        head[..6].copy_from_slice(b"INDX\x28\0");
        head[6..].copy_from_slice(&count.to_le_bytes());
        let mark = [record[40], record[41]];
        for sector in record.chunks_exact_mut(512) {
            sector[510..].copy_from_slice(&mark);
        }
        assert!(index_slack(&mut record, folder) <= most);
    }
});
