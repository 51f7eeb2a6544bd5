//! An archive as a source: a phone's extraction, a backup, whatever was handed over packed.
//!
//! In: a file. Out: [`Archive`], if its first bytes say so: ZIP, 7-Zip, a compressed stream, or a
//! tape archive whose first header checks. Nothing of it is unpacked here: the sandboxed content worker does
//! that. A file that is none of these is left to [`crate::image`].

use std::fs::File;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::image::OpenError;
use crate::quiet;

/// An archive that is open for reading.
#[derive(Debug)]
pub struct Archive {
    /// Its file.
    pub file: File,
    /// Where that is.
    pub path: PathBuf,
    /// Its length in bytes.
    pub len: u64,
    /// Its media type by signature.
    pub media_type: &'static str,
}

impl Archive {
    /// Opens `path` if it is an archive; none where it is something else.
    pub fn open(path: &Path) -> Result<Option<Self>, OpenError> {
        let io = |source| OpenError::Io { path: path.to_owned(), source };
        // Without O_NONBLOCK a named pipe would wait for a writer for ever.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let opened = quiet::open(rustix::fs::CWD, path, flags).map_err(|e| io(e.into()))?;
        let file = File::from(opened);
        let metadata = file.metadata().map_err(io)?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let mut head = [0; BLOCK];
        let got = read_head(&file, &mut head).map_err(io)?;
        let Some(media_type) = media_type(&head[..got]) else { return Ok(None) };
        Ok(Some(Self { file, path: path.to_owned(), len: metadata.len(), media_type }))
    }
}

const BLOCK: usize = 512;

fn read_head(file: &File, head: &mut [u8]) -> std::io::Result<usize> {
    let mut got = 0;
    while got < head.len() {
        match std::os::unix::fs::FileExt::read_at(file, &mut head[got..], got as u64) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}

/// What the first bytes of an archive say.
fn media_type(head: &[u8]) -> Option<&'static str> {
    const SIGNATURES: &[(&[u8], &str)] = &[
        (b"PK\x03\x04", "application/zip"),
        (b"PK\x05\x06", "application/zip"),
        (b"\x1f\x8b\x08", "application/gzip"),
        (b"\x28\xb5\x2f\xfd", "application/zstd"),
        (b"\xfd7zXZ\0", "application/x-xz"),
        (b"BZh", "application/x-bzip2"),
        (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    ];
    let found = SIGNATURES.iter().find(|(magic, _)| head.starts_with(magic));
    found.map(|(_, kind)| *kind).or_else(|| is_tar(head).then_some("application/x-tar"))
}

/// Whether the first block is a header of a tape archive whose checksum is right.
///
/// Source: POSIX.1-2017, pax, "ustar Interchange Format".
fn is_tar(head: &[u8]) -> bool {
    let Some(block) = head.get(..BLOCK) else { return false };
    if block[257..262] != *b"ustar" {
        return false;
    }
    let digits = block[148..156].trim_ascii_start();
    let digits = digits.split(|byte| matches!(byte, 0 | b' ')).next().unwrap_or_default();
    let wanted = std::str::from_utf8(digits).ok().and_then(|d| u64::from_str_radix(d, 8).ok());
    // The checksum's own field counts as spaces.
    let byte = |(at, byte): (usize, &u8)| if (148..156).contains(&at) { b' ' } else { *byte };
    let sum: u64 = block.iter().enumerate().map(byte).map(u64::from).sum();
    wanted == Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_told_by_their_first_bytes_and_nothing_else_is_taken_for_one() {
        assert_eq!(media_type(b"PK\x03\x04rest"), Some("application/zip"));
        assert_eq!(media_type(b"\x1f\x8b\x08"), Some("application/gzip"));
        let mut block = [0; BLOCK];
        block[257..262].copy_from_slice(b"ustar");
        assert_eq!(media_type(&block), None, "the checksum is missing");
        block[148..156].copy_from_slice(b"001273\0 ");
        assert_eq!(media_type(&block), None, "the checksum is wrong");
        let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
        let sum = sum - b"001273\0 ".iter().map(|b| u32::from(*b)).sum::<u32>() + 8 * 32;
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        block[155] = b' ';
        assert_eq!(media_type(&block), Some("application/x-tar"));
        assert_eq!(media_type(&[0; BLOCK]), None);
    }
}
