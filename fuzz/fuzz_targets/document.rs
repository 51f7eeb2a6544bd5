//! Reads a file as each kind of document in turn, and as a small record of Windows: nothing may
//! panic or hang.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pendeen_content::document::{Document, parts};
use pendeen_content::events::{jump_list, recycled, shortcut};

const KINDS: [Document; 7] = [
    Document::Photograph,
    Document::Pdf,
    Document::Mail,
    Document::Mailbox,
    Document::Compound,
    Document::Thumbcache,
    Document::Database,
];

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    let kind = KINDS[usize::from(*which) % KINDS.len()];
    let _ = parts(kind, bytes, &mut |_| true);
    let _ = jump_list(bytes);
    let _ = recycled(bytes);
    let _ = shortcut(bytes);
});
