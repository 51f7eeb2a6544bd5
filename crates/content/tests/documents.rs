//! Documents, put together here field by field: their parts, and damage.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

#[path = "../../fingerprint/tests/samples/mod.rs"]
mod samples;

use std::io::Write;

use pendeen_content::document::{Document, parts};
use pendeen_content::events::jump_list;
use proptest::prelude::*;

/// A JPEG, long enough to be kept in a database.
fn jpeg() -> Vec<u8> {
    [samples::THUMBNAIL, &[0x55; 90]].concat()
}

/// What a document gives: names and bytes, and why it was not read to its end.
type All = (Vec<(String, Vec<u8>)>, Result<(), String>);

fn all(kind: Document, bytes: &[u8]) -> All {
    let mut found = Vec::new();
    let read = parts(kind, bytes, &mut |part| {
        found.push((part.name, part.bytes.into_owned()));
        true
    });
    (found, read)
}

#[track_caller]
fn has(kind: Document, bytes: &[u8], wanted: &[(&str, &[u8])]) {
    let (found, read) = all(kind, bytes);
    let found: Vec<_> = found.iter().map(|(name, data)| (name.as_str(), data.as_slice())).collect();
    assert_eq!(found, wanted);
    assert_eq!(read, Ok(()));
}

#[test]
fn a_photograph_gives_its_thumbnail_and_its_video() {
    let video = samples::mp4();
    let photograph = [samples::jpeg(), video.clone(), b"maker's trailer, SEFT".to_vec()].concat();
    has(
        Document::Photograph,
        &photograph,
        &[("thumbnail.jpg", samples::THUMBNAIL), ("video.mp4", &video)],
    );
    has(Document::Photograph, &samples::jpeg(), &[("thumbnail.jpg", samples::THUMBNAIL)]);
    has(Document::Photograph, b"\xff\xd8\xff\xd9 ....ftypisom no boxes", &[]);
}

fn pdf() -> Vec<u8> {
    let stream = |number: u32, dictionary: &str, data: &[u8]| {
        let mut out = format!("{number} 0 obj\n<</Length {}{dictionary}>>\nstream\n", data.len())
            .into_bytes();
        out.extend(data);
        out.extend(b"\nendstream\nendobj\n");
        out
    };
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(b"an attached file").unwrap();
    let packed = packed.finish().unwrap();
    let hex = jpeg().iter().map(|b| format!("{b:02x}")).collect::<String>() + ">";
    [
        b"%PDF-1.7\n".to_vec(),
        stream(4, "/Type/XObject/Subtype/Image/Filter/DCTDecode", &jpeg()),
        stream(5, "/Type/EmbeddedFile/Filter [/FlateDecode]", &packed),
        stream(6, "/Subtype /Image /Filter [ /ASCIIHexDecode /DCTDecode ]", hex.as_bytes()),
        stream(7, "/Filter/FlateDecode", &packed),
        // The length is a reference: the stream's own end counts.
        b"8 0 obj\n<</Subtype/Image/Filter/DCTDecode/Length 9 0 R>>\nstream\r\n".to_vec(),
        jpeg(),
        b"\r\nendstream\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n".to_vec(),
    ]
    .concat()
}

#[test]
fn a_pdf_gives_its_pictures_and_attached_files() {
    let jpeg = jpeg();
    has(
        Document::Pdf,
        &pdf(),
        &[
            ("object-4.jpg", &jpeg),
            ("object-5.file", b"an attached file"),
            ("object-6.jpg", &jpeg),
            ("object-8.jpg", &jpeg),
        ],
    );
}

#[test]
fn an_encrypted_pdf_is_said_to_be_one() {
    let encrypted = [pdf(), b"trailer <</Encrypt 12 0 R>>".to_vec()].concat();
    let (found, read) = all(Document::Pdf, &encrypted);
    assert_eq!((found.len(), read), (0, Err("it is encrypted".to_owned())));
    let not = [pdf(), b"<</EncryptMetadata true>>".to_vec()].concat();
    assert_eq!(all(Document::Pdf, &not).0.len(), 4);
}

const MAIL: &str = "From: a@example.org\r\nSubject: pictures\r\nContent-Type: multipart/mixed;\r\n \
                    boundary=\"=_outer\"\r\n\r\npreamble\r\n--=_outer\r\nContent-Type: \
                    multipart/alternative; boundary=inner\r\n\r\n--inner\r\nContent-Type: \
                    text/plain\r\n\r\nsee this\r\n--inner--\r\n--=_outer\r\nContent-Type: \
                    image/jpeg; name=\"x.jpg\"\r\nContent-Transfer-Encoding: base64\r\n\
                    Content-Disposition: attachment; filename=\"../../a.jpg\"\r\n\r\n/9j/\r\nAAEC\
                    \r\n--=_outer\r\nContent-Type: message/rfc822\r\n\r\nSubject: \
                    inner\r\n\r\nbody\r\n--=_outer\r\nContent-Type: text/plain; \
                    name=notes.txt\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n1=3D1\r\n\
                    --=_outer--\r\n";

#[test]
fn a_mail_gives_its_attachments_decoded() {
    has(
        Document::Mail,
        MAIL.as_bytes(),
        &[
            ("a.jpg", b"\xff\xd8\xff\0\x01\x02"),
            ("1.eml", b"Subject: inner\r\n\r\nbody"),
            ("notes.txt", b"1=1"),
        ],
    );
    has(Document::Mail, b"Subject: no more\r\n\r\njust text", &[]);
}

#[test]
fn a_mailbox_gives_the_attachments_of_each_mail() {
    let plain = "From x Mon May  6 07:08:09 2024\nSubject: s\n\nFrom here on\n\n";
    let mailbox = format!("{plain}From y Mon\n{MAIL}\n\nFrom z Mon\n{MAIL}");
    let (found, read) = all(Document::Mailbox, mailbox.as_bytes());
    assert_eq!(read, Ok(()));
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["1/a.jpg", "1/1.eml", "1/notes.txt", "2/a.jpg", "2/1.eml", "2/notes.txt"]);
}

/// A compound file of version 3 with a long stream and a short one.
fn compound(long: (&str, &[u8]), short: (&str, &[u8])) -> Vec<u8> {
    const END: u32 = 0xffff_fffe;
    const FREE: u32 = 0xffff_ffff;
    let entry = |name: &str, kind: u8, first: u32, len: usize| {
        let mut entry: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let name_len = u16::try_from(entry.len() + 2).unwrap();
        entry.resize(64, 0);
        entry.extend(name_len.to_le_bytes());
        entry.push(kind);
        entry.resize(116, 0);
        entry.extend(first.to_le_bytes());
        entry.extend((len as u64).to_le_bytes());
        entry
    };
    let sectors = u32::try_from(long.1.len().div_ceil(512)).unwrap();
    assert!(long.1.len() >= 4096 && short.1.len() <= 512);
    // Sectors: 0 table, 1 directory, 2 small table, 3 small stream, 4 and on the long stream.
    let mut table = vec![0xffff_fffd, END, END, END];
    table.extend((0..sectors).map(|n| if n + 1 == sectors { END } else { 5 + n }));
    table.resize(128, FREE);
    let mut small = (1..8).chain([END]).collect::<Vec<u32>>();
    small.resize(128, FREE);
    let words = |words: &[u32]| words.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<u8>>();
    let mut out = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec();
    out.resize(30, 0);
    out.extend([9, 0, 6, 0]);
    out.resize(44, 0);
    out.extend(words(&[1, 1, 0, 4096, 2, 1, END, 0, 0]));
    out.resize(512, 0xff);
    out.extend(words(&table));
    out.extend(entry("Root Entry", 5, 3, 512));
    out.extend(entry(long.0, 2, 4, long.1.len()));
    out.extend(entry(short.0, 2, 0, short.1.len()));
    out.extend([0; 128]);
    out.extend(words(&small));
    out.extend(short.1);
    out.resize(512 * 5, 0);
    out.extend(long.1);
    out.resize(512 * (5 + sectors as usize), 0);
    out
}

#[test]
fn a_compound_file_gives_the_pictures_of_thumbs_db_and_the_attachments_of_a_message() {
    let thumbnail = [&[0x0c, 0, 0, 0, 1, 0, 0, 0, 9, 9, 0, 0][..], &jpeg()].concat();
    let attachment = [7; 5000];
    let file = compound(("__substg1.0_37010102", &attachment), ("1", &thumbnail));
    has(Document::Compound, &file, &[("attachment-1", &attachment), ("1.jpg", &jpeg())]);
    let long = [&thumbnail[..], &[1; 5000]].concat();
    let file = compound(("2", &long), ("Catalog", b"names"));
    has(Document::Compound, &file, &[("2.jpg", &long[12..])]);
    let locked = compound(("EncryptedPackage", &attachment), ("x", b""));
    assert_eq!(all(Document::Compound, &locked).1, Err("it is encrypted".to_owned()));
}

/// A jump list's entries, of this version.
fn destinations(version: u32, paths: &[&str]) -> Vec<u8> {
    let mut out = version.to_le_bytes().to_vec();
    out.resize(32, 0);
    for path in paths {
        let start = out.len();
        out.resize(start + 100, 0);
        out.extend(133_594_528_890_000_000_u64.to_le_bytes());
        out.resize(start + if version == 1 { 112 } else { 128 }, 0);
        out.extend(u16::try_from(path.len()).unwrap().to_le_bytes());
        out.extend(path.encode_utf16().flat_map(u16::to_le_bytes));
        out.resize(out.len() + if version == 1 { 0 } else { 4 }, 0);
    }
    out
}

#[test]
fn a_jump_list_tells_which_files_a_program_opened_last_and_when() {
    for version in [1, 4] {
        let list = destinations(version, &["C:\\a.jpg", "C:\\b.mp4"]);
        let file = compound(("1", &[0; 5000]), ("DestList", &list));
        let found = jump_list(&file);
        assert_eq!(found.problems, [""; 0]);
        let targets: Vec<_> = found.events.iter().map(|e| e.target.as_deref().unwrap()).collect();
        assert_eq!(targets, ["C:\\a.jpg", "C:\\b.mp4"]);
        assert_eq!(found.events[1].time, Some(1_714_979_289_000_000_000));
    }
    let file = compound(("1", &[0; 5000]), ("DestList", &destinations(9, &["C:\\a.jpg"])));
    assert_eq!(jump_list(&file).problems.len(), 1);
    assert_eq!(jump_list(b"no compound file").problems.len(), 1);
}

/// A thumbnail cache of Windows 10 with one picture and one entry without any.
fn thumbcache() -> Vec<u8> {
    let entry = |hash: u64, data: &[u8]| {
        let name: Vec<u8> = "0123".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let len = u32::try_from(56 + name.len() + data.len()).unwrap();
        let mut out = b"CMMM".to_vec();
        out.extend(len.to_le_bytes());
        out.extend(hash.to_le_bytes());
        out.extend(8_u32.to_le_bytes());
        out.extend(0_u32.to_le_bytes());
        out.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        out.resize(56, 0);
        out.extend(name);
        out.extend(data);
        out
    };
    let mut out = b"CMMM\x20\0\0\0\x02\0\0\0\x18\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    out.extend(entry(1, b""));
    out.extend(entry(0xabc, &jpeg()));
    out
}

#[test]
fn a_thumbnail_cache_gives_its_pictures_by_their_hash() {
    has(Document::Thumbcache, &thumbcache(), &[("0000000000000abc.jpg", &jpeg())]);
    let unknown = [b"CMMM\x99\0\0\0".to_vec(), vec![0; 40]].concat();
    assert!(all(Document::Thumbcache, &unknown).1.is_err());
}

fn database() -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let connection = rusqlite::Connection::open(file.path()).unwrap();
    connection
        .execute_batch(
            "pragma page_size = 512; create table pictures (id integer primary key, data blob)",
        )
        .unwrap();
    for data in [jpeg(), b"no picture, but long enough to be one of them, if it only were".to_vec()]
    {
        connection.execute("insert into pictures (data) values (?1)", [data]).unwrap();
    }
    drop(connection);
    std::fs::read(file.path()).unwrap()
}

#[test]
fn a_database_gives_the_pictures_in_its_rows() {
    has(Document::Database, &database(), &[("pictures/1/data.jpg", &jpeg())]);
}

fn documents() -> &'static [(Document, Vec<u8>)] {
    static ALL: std::sync::OnceLock<Vec<(Document, Vec<u8>)>> = std::sync::OnceLock::new();
    ALL.get_or_init(|| {
        vec![
            (Document::Photograph, [samples::jpeg(), samples::mp4()].concat()),
            (Document::Pdf, pdf()),
            (Document::Mail, MAIL.into()),
            (Document::Mailbox, format!("From a\n{MAIL}\nFrom b\n{MAIL}").into()),
            (
                Document::Compound,
                compound(("1", &[jpeg(), vec![0; 5000]].concat()), ("2", &jpeg())),
            ),
            (Document::Thumbcache, thumbcache()),
            (Document::Database, database()),
        ]
    })
}

#[test]
fn every_document_cut_short_anywhere_is_read_without_a_panic() {
    for (kind, bytes) in documents() {
        assert!(!all(*kind, bytes).0.is_empty());
        for len in 0..bytes.len() {
            let _ = all(*kind, &bytes[..len]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_document_with_bytes_changed_is_read_without_a_panic(
        which in 0_usize..7,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
    ) {
        let (kind, mut bytes) = documents()[which].clone();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let (found, _) = all(kind, &bytes);
        // However its structure is crossed, little comes out of little.
        let out: usize = found.iter().map(|(_, data)| data.len()).sum();
        prop_assert!(out <= bytes.len() * 8, "{out} bytes of {}", bytes.len());
    }
}
