//! What the tests of images and volumes share.
#![allow(dead_code, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

pub mod disk;
pub mod exfat;
pub mod fat;
pub mod fixture;
pub mod listing;
pub mod lvm;
pub mod made;
pub mod memory;

use std::fmt::Write;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use md5::{Digest, Md5};
use pendeen_evidence::image::{self, Block, Image};
use pendeen_evidence::unit::ByteOffset;

/// The folder of real images, which is not part of the repository. Says so where it is absent.
pub fn real_images() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/testdata");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("no real images at {}: this part of the test is left out", folder.display());
    None
}

/// Whether a program can be run. Says so where it is absent.
pub fn installed(program: &str) -> bool {
    let there = std::process::Command::new(program).arg("-V").output().is_ok();
    if !there {
        println!(
            "{program} is not installed (Debian: ewf-tools): this part of the test is left out"
        );
    }
    there
}

pub fn two() -> NonZeroUsize {
    NonZeroUsize::new(2).unwrap()
}

/// MD5 of a whole image through the streaming reader, in hexadecimal. Panics on a gap.
pub fn md5_of(image: &dyn Image) -> String {
    let mut digest = Md5::new();
    let mut next = 0;
    let _ = image::stream(image, two(), |block| {
        match block {
            Block::Bytes { at, bytes } => {
                assert_eq!(at.0, next, "blocks come in order");
                next += bytes.len() as u64;
                digest.update(bytes);
            }
            Block::Missing { why, .. } => panic!("unreadable: {why}"),
        }
        ControlFlow::Continue(())
    });
    assert_eq!(next, image.len().0);
    hex(&digest.finalize())
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// All bytes of an image in one read.
pub fn read_all(image: &dyn Image) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(image.len().0).unwrap()];
    image.read_at(ByteOffset(0), &mut bytes).unwrap();
    bytes
}

/// Bytes that neither repeat nor compress, then zeros, then text: the same for the same seed.
pub fn mixed_bytes(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match bytes.len() / 5000 % 3 {
            0 => bytes.extend(state.to_le_bytes()),
            1 => bytes.extend([0; 8]),
            _ => bytes.extend(b"sea wall"),
        }
    }
    bytes.truncate(len);
    bytes
}
