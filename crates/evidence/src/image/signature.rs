//! What a file is, by its first bytes: the name is never believed.

use super::OpenError;
use super::segment::Segment;
use super::virtual_disk;

/// What a first segment turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signature {
    /// Expert Witness Format, version 1, physical.
    Ewf,
    /// A virtual disk.
    Virtual(Virtual),
    /// A container that has no reader here.
    Unread { format: &'static str, advice: &'static str },
    /// No container known: the bytes as they are.
    None,
}

/// The kinds of virtual disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Virtual {
    Qcow2,
    Vmdk,
    Vhd,
    Vhdx,
    Vdi,
}

/// Position in bytes, signature, which virtual disk.
const VIRTUAL: &[(usize, &[u8], Virtual)] = &[
    (0, b"QFI\xfb", Virtual::Qcow2),
    (0, b"KDMV", Virtual::Vmdk),
    (0, virtual_disk::vmdk::DESCRIPTOR, Virtual::Vmdk),
    (0, b"conectix", Virtual::Vhd),
    (0, b"vhdxfile", Virtual::Vhdx),
    (64, b"\x7f\x10\xda\xbe", Virtual::Vdi),
];

/// The signature of an EWF version 1 segment.
pub(super) const EWF: [u8; 8] = *b"EVF\x09\x0d\x0a\xff\x00";

const CONVERT: &str = "convert it with `qemu-img convert -O raw` and give the result";
const AS_E01: &str = "export it as E01 or raw from the tool that made it";
const UNPACK: &str = "unpack it and give the image or folder that is in it";

/// Position in bytes, signature, what it is, what to do.
const UNREAD: &[(usize, &[u8], &str, &str)] = &[
    (0, b"EVF2\r\n\x81\x00", "an EnCase 7 Ex01 image", AS_E01),
    (0, b"LVF\x09\x0d\x0a\xff\x00", "an EnCase logical evidence file (L01)", AS_E01),
    (0, b"LEF2\r\n\x81\x00", "an EnCase 7 logical evidence file (Lx01)", AS_E01),
    (0, b"COWD", "a VMDK virtual disk", CONVERT),
    (0, b"AFF10\r\n\x00", "an AFF image", AS_E01),
    (0, b"PK\x03\x04", "a ZIP archive", UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", UNPACK),
    (0, b"\x1f\x8b\x08", "a gzip archive", UNPACK),
    (0, b"\xfd7zXZ\x00", "an xz archive", UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a Zstandard archive", UNPACK),
    (0, b"BZh", "a bzip2 archive", UNPACK),
];

/// Reads the first bytes of a first segment and says what it is.
pub(super) fn of(segment: &Segment) -> Result<Signature, OpenError> {
    let mut head = [0; 512];
    let got = segment.read_at(0, &mut head).map_err(|e| OpenError::Io {
        path: segment.path.clone(),
        source: match e {
            super::ReadError::Io { source, .. } => source,
            other => std::io::Error::other(other),
        },
    })?;
    let head = &head[..got];
    if head.starts_with(&EWF) {
        return Ok(Signature::Ewf);
    }
    let begins =
        |at: usize, magic: &[u8]| head.get(at..).is_some_and(|rest| rest.starts_with(magic));
    if let Some((.., kind)) = VIRTUAL.iter().find(|(at, magic, _)| begins(*at, magic)) {
        return Ok(Signature::Virtual(*kind));
    }
    let unread = UNREAD.iter().find(|(at, magic, ..)| begins(*at, magic));
    if unread.is_none() && virtual_disk::vhd::is_fixed(segment) {
        return Ok(Signature::Virtual(Virtual::Vhd));
    }
    Ok(unread
        .map_or(Signature::None, |(_, _, format, advice)| Signature::Unread { format, advice }))
}
