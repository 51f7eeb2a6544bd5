//! Media types by signature: what the first bytes of a file say it is.
//!
//! In: up to [`HEAD_LEN`] first bytes. Out: an IANA media type, or a customary `x-` one.
//! Refused: guessing. Bytes that match no signature and are not clean text have no type.
//! The name of a file is never looked at here; [`extension_mismatch`] compares afterwards.
//!
//! Source: the format specifications, and the table of file(1) for the order of probes.

mod container;
mod disk;
mod extension;
mod text;

pub use extension::extension_mismatch;

/// How many first bytes [`media_type`] looks at: as many as show the descriptor of an ISO 9660
/// image, which stands behind 32 KiB that may hold anything.
pub const HEAD_LEN: usize = 33 * 1024;

/// How many of them all other formats are told by: a tar header and the first ZIP members.
const MOST_FORMATS: usize = 4096;

/// Bytes at a position, and what they mean.
struct Signature {
    at: usize,
    magic: &'static [u8],
    media_type: &'static str,
}

const fn sig(at: usize, magic: &'static [u8], media_type: &'static str) -> Signature {
    Signature { at, magic, media_type }
}

/// Fixed signatures, longest claim first where two could match.
const SIGNATURES: &[Signature] = &[
    sig(0, b"\xff\xd8\xff", "image/jpeg"),
    sig(0, b"\x89PNG\r\n\x1a\n", "image/png"),
    sig(0, b"GIF87a", "image/gif"),
    sig(0, b"GIF89a", "image/gif"),
    sig(0, b"II*\0", "image/tiff"),
    sig(0, b"MM\0*", "image/tiff"),
    sig(0, b"II+\0", "image/tiff"),
    sig(0, b"MM\0+", "image/tiff"),
    sig(0, b"8BPS", "image/vnd.adobe.photoshop"),
    sig(0, b"\xff\x0a", "image/jxl"),
    sig(0, b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    sig(0, b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
    sig(0, b"%PDF-", "application/pdf"),
    sig(0, b"{\\rtf", "application/rtf"),
    sig(0, b"%!PS", "application/postscript"),
    sig(0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    sig(0, b"Rar!\x1a\x07", "application/vnd.rar"),
    sig(0, b"\x1f\x8b\x08", "application/gzip"),
    sig(0, b"BZh", "application/x-bzip2"),
    sig(0, b"\xfd7zXZ\0", "application/x-xz"),
    sig(0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    sig(0, b"MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),
    sig(257, b"ustar", "application/x-tar"),
    sig(0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    sig(0, b"\x37\x7f\x06\x82", "application/x-sqlite3-wal"),
    sig(0, b"\x37\x7f\x06\x83", "application/x-sqlite3-wal"),
    sig(0, b"CMMM", "application/x-thumbcache"),
    sig(0, b"!BDN", "application/vnd.ms-outlook-pst"),
    sig(0, b"\x7fELF", "application/x-elf"),
    sig(0, b"\xca\xfe\xba\xbe", "application/java-vm"),
    sig(0, b"dex\n035\0", "application/vnd.android.dex"),
    sig(0, b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    sig(0, b"\xce\xfa\xed\xfe", "application/x-mach-binary"),
    sig(0, b"EVF\x09\x0d\x0a\xff\0", "application/x-ewf"),
    sig(0, b"EVF2\x0d\x0a\x81\0", "application/x-ewf"),
    sig(0, b"LVF\x09\x0d\x0a\xff\0", "application/x-ewf"),
    sig(0, b"QFI\xfb", "application/x-qemu-disk"),
    sig(0, b"KDMV", "application/x-vmdk"),
    sig(0, b"conectix", "application/x-vhd"),
    sig(0, b"vhdxfile", "application/x-vhdx"),
    sig(0, b"LUKS\xba\xbe", "application/x-luks"),
    sig(3, b"-FVE-FS-", "application/x-bitlocker"),
    sig(0, b"ID3", "audio/mpeg"),
    sig(0, b"fLaC", "audio/flac"),
    sig(0, b"OggS", "application/ogg"),
    sig(0, b"MThd", "audio/midi"),
    sig(0, b"#!AMR", "audio/amr"),
    sig(0, b"FLV\x01", "video/x-flv"),
    sig(0, b"\0\0\x01\xba", "video/mpeg"),
    sig(0, b"\0\0\x01\xb3", "video/mpeg"),
    sig(0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
    sig(0, b"wOFF", "font/woff"),
    sig(0, b"wOF2", "font/woff2"),
    sig(0, b"OTTO", "font/otf"),
    sig(0, b"\0\x01\0\0\0", "font/ttf"),
    sig(0, b"bplist00", "application/x-bplist"),
    sig(0, b"regf", "application/x-windows-registry"),
    sig(0, b"ElfFile\0", "application/x-ms-evtx"),
    sig(0, b"L\0\0\0\x01\x14\x02\0", "application/x-ms-shortcut"),
    sig(0, b"ITSF", "application/vnd.ms-htmlhelp"),
    sig(0, b"PAR1", "application/vnd.apache.parquet"),
    sig(0, b"PE\0\0", "application/vnd.microsoft.portable-executable"),
];

/// The media type that the first bytes of a file claim; none where nothing is recognised.
///
/// Give at least [`HEAD_LEN`] bytes where the file has them: fewer may name a ZIP-based
/// document a plain ZIP.
pub fn media_type(head: &[u8]) -> Option<&'static str> {
    let all = head;
    let head = head.get(..MOST_FORMATS).unwrap_or(head);
    SIGNATURES
        .iter()
        .find(|s| head.get(s.at..).is_some_and(|rest| rest.starts_with(s.magic)))
        .map(|s| s.media_type)
        .or_else(|| container::media_type(head))
        .or_else(|| disk::media_type(head))
        .or_else(|| disk::iso_9660(all))
        .or_else(|| text::media_type(head))
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|w| w == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(head: &[u8], wanted: &str) {
        assert_eq!(media_type(head), Some(wanted), "{:?}", String::from_utf8_lossy(head));
    }

    fn ftyp(brands: &[u8]) -> Vec<u8> {
        let len = u32::try_from(8 + brands.len()).unwrap();
        [&len.to_be_bytes()[..], b"ftyp", brands, b"\0\0\0\x08free"].concat()
    }

    fn zip_member(name: &[u8], content: &[u8]) -> Vec<u8> {
        let mut out = b"PK\x03\x04".to_vec();
        out.resize(26, 0);
        out.extend_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(name);
        out.extend_from_slice(content);
        out
    }

    #[test]
    fn pictures_are_known_by_signature() {
        is(b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg");
        is(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "image/png");
        is(b"GIF89a", "image/gif");
        is(b"RIFF\x10\0\0\0WEBPVP8 ", "image/webp");
        is(b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", "image/bmp");
        is(b"II*\0\x08\0\0\0", "image/tiff");
        is(&ftyp(b"heic\0\0\0\0mif1heic"), "image/heic");
        is(&ftyp(b"mif1\0\0\0\0mif1avif"), "image/avif");
    }

    #[test]
    fn moving_pictures_and_sound_are_known_by_signature() {
        is(&ftyp(b"isom\0\0\0\0isommp41"), "video/mp4");
        is(&ftyp(b"qt  \0\0\0\0qt  "), "video/quicktime");
        is(&ftyp(b"3gp5\0\0\0\x003gp5"), "video/3gpp");
        is(b"RIFF\0\0\0\0AVI LIST", "video/x-msvideo");
        is(b"RIFF\0\0\0\0WAVEfmt ", "audio/wav");
        is(b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", "video/webm");
        is(b"\x1a\x45\xdf\xa3\xa3\x42\x82\x88matroska", "video/matroska");
        is(b"ID3\x04", "audio/mpeg");
        let frame = [&[0xff, 0xfb, 0x90, 0x64][..], &[0; 413]].concat();
        is(&[&frame[..], &frame[..]].concat(), "audio/mpeg");
        assert_eq!(media_type(&[&frame[..], &[0; 400]].concat()), None);
    }

    #[test]
    fn documents_and_archives_are_known_by_signature() {
        is(b"%PDF-1.7\n", "application/pdf");
        is(&zip_member(b"a.txt", b"x"), "application/zip");
        is(
            &[zip_member(b"[Content_Types].xml", b""), zip_member(b"word/document.xml", b"")]
                .concat(),
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        );
        is(
            &zip_member(b"mimetype", b"application/vnd.oasis.opendocument.textPK"),
            "application/vnd.oasis.opendocument.text",
        );
        is(b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed");
        is(b"Rar!\x1a\x07\x01\0", "application/vnd.rar");
        is(b"\x1f\x8b\x08\0", "application/gzip");
        is(b"SQLite format 3\0", "application/vnd.sqlite3");
        is(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage");
        is(b"EVF\x09\x0d\x0a\xff\0\x01", "application/x-ewf");
        is(b"\x7fELF\x02", "application/x-elf");
        is(&[b"MZ".as_slice(), &[0; 80]].concat(), "application/vnd.microsoft.portable-executable");
    }

    #[test]
    fn text_is_told_from_mail_markup_and_noise() {
        is(b"Dear all,\nthe meeting is moved.\n", "text/plain");
        is("\u{feff}Gr\u{fc}\u{df}e".as_bytes(), "text/plain");
        is(b"\xff\xfeh\0i\0", "text/plain");
        is(b"  <!DOCTYPE html><title>x</title>", "text/html");
        is(b"<?xml version=\"1.0\"?><a/>", "text/xml");
        is(b"From: a@example.org\r\nTo: b@example.org\r\n\r\nx", "message/rfc822");
        is(b"From a Mon Jan 1\nFrom: a@example.org\nSubject: x\n\nx", "application/mbox");
        assert_eq!(media_type(b"\x01\x02\x03\x04"), None);
        assert_eq!(media_type(b""), None);
    }

    #[test]
    fn a_character_cut_off_at_the_end_of_the_head_is_still_text() {
        let long = "\u{e9}".repeat(HEAD_LEN);
        is(&long.as_bytes()[..HEAD_LEN - 1], "text/plain");
    }
}
