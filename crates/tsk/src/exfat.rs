//! How much of an exFAT file was ever written, which libtsk leaves out.
//!
//! In: the metadata address of a file, which is that of its first directory entry. Out: its valid
//! data length, where its stream extension follows that entry and says the size that libtsk says.
//! What lies past that length was never written and reads as zeros, whatever the clusters hold.
//!
//! Source: Microsoft, *exFAT file system specification*, sections 7.6.5 and 7.6.7.

use crate::fat::ENTRY;
use crate::ffi::FileSystem;

/// The type of a stream extension, without the bit that says that it is in use.
const STREAM: u8 = 0x40;
const IN_USE: u8 = 0x80;

/// Bytes from the start of a file of `size` bytes that were ever written.
pub(crate) fn written(fs: &FileSystem, address: u64, size: i64) -> Option<i64> {
    valid_data(&fs.entry(address.checked_add(1)?)?, size)
}

fn valid_data(stream: &[u8; ENTRY], size: i64) -> Option<i64> {
    let i64_at = |at: usize| stream[at..].first_chunk().map(|bytes| i64::from_le_bytes(*bytes));
    let (valid, len) = (i64_at(8)?, i64_at(24)?);
    let is_own = stream[0] & !IN_USE == STREAM && len == size;
    (is_own && (0..size).contains(&valid)).then_some(valid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(kind: u8, valid: i64, len: i64) -> [u8; ENTRY] {
        let mut stream = [0; ENTRY];
        stream[0] = kind;
        stream[8..16].copy_from_slice(&valid.to_le_bytes());
        stream[24..].copy_from_slice(&len.to_le_bytes());
        stream
    }

    #[test]
    fn what_was_written_is_believed_of_the_files_own_stream_where_it_is_less_than_the_size() {
        assert_eq!(valid_data(&stream(0xc0, 700, 1000), 1000), Some(700));
        assert_eq!(valid_data(&stream(0x40, 0, 1000), 1000), Some(0));
        for (kind, valid, len) in [
            (0xc0, 1000, 1000),
            (0xc0, 1001, 1000),
            (0xc0, -1, 1000),
            (0xc0, 7, 999),
            (0xc1, 7, 1000),
        ] {
            assert_eq!(
                valid_data(&stream(kind, valid, len), 1000),
                None,
                "{kind:#x} {valid} {len}"
            );
        }
    }
}
