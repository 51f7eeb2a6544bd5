//! Reads the metadata of a file as each format in turn: nothing may panic or hang.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pendeen_fingerprint::metadata::{embeds, encrypted, metadata, thumbnail};

const TYPES: [&str; 12] = [
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/bmp",
    "image/webp",
    "image/tiff",
    "image/heic",
    "video/mp4",
    "video/quicktime",
    "video/x-msvideo",
    "video/matroska",
    "application/zip",
];

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    let media_type = TYPES[usize::from(*which) % TYPES.len()];
    let _ = metadata(&bytes, media_type);
    let _ = encrypted(&bytes, Some(media_type));
    let _ = embeds(&bytes);
    if let Some(found) = thumbnail(&bytes) {
        assert!(found.at + found.len <= bytes.len() as u64);
    }
});
