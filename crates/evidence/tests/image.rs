//! Raw images and EWF images of others, opened and read.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::fs;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{hex, installed, md5_of, mixed_bytes, read_all, real_images};
use pendeen_evidence::image::{self, Format, OpenError, ReadError};
use pendeen_evidence::source::{Source, SourceError};
use pendeen_evidence::unit::{ByteLen, ByteOffset};

const EXT2_MD5: &str = "196066add11fb71c4c49cf1bb50d6d24";

fn open(paths: &[&Path]) -> Result<std::sync::Arc<dyn image::Image>, OpenError> {
    image::open(&paths.iter().map(|p| p.to_path_buf()).collect::<Vec<_>>())
}

fn refusal(paths: &[&Path]) -> OpenError {
    match open(paths) {
        Ok(_) => panic!("{paths:?} should have been refused"),
        Err(error) => error,
    }
}

#[test]
fn every_real_container_gives_the_published_digest() {
    let Some(folder) = real_images() else { return };
    for (name, format, segments) in [
        ("ext2.splitraw.000", Format::Raw, 2),
        ("ext2.E01", Format::Ewf, 1),
        ("ext2.split.E01", Format::Ewf, 2),
    ] {
        let image = open(&[&folder.join(name)]).unwrap();
        assert_eq!(md5_of(&*image), EXT2_MD5, "{name}");
        assert_eq!(hex(&<md5::Md5 as md5::Digest>::digest(read_all(&*image))), EXT2_MD5, "{name}");
        let said = image.provenance();
        assert_eq!((said.format, said.segments.len()), (format, segments), "{name}");
        assert_eq!(said.len, ByteLen(4_194_304));
        assert_eq!(said.gaps, []);
        if format == Format::Ewf {
            assert_eq!(hex(&said.stored_md5.unwrap()), EXT2_MD5, "{name}");
            assert!(
                said.header.contains(&("examiner".into(), "examiner".into())),
                "{:?}",
                said.header
            );
        }
    }
    let image = open(&[&folder.join("nps-2010-emails.E01")]).unwrap();
    assert_eq!(md5_of(&*image), "2f5ec5894f7fe3cea93bd29e7cf1eb50");
    assert_eq!(hex(&image.provenance().stored_md5.unwrap()), "2f5ec5894f7fe3cea93bd29e7cf1eb50");
}

#[test]
fn containers_without_a_reader_are_refused_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&str, &[u8], &str); 4] = [
        ("a.vmdk", b"COWD\x01\0\0\0", "qemu-img convert"),
        ("a.E01", b"EVF2\r\n\x81\x00\x02\x01", "as E01 or raw"),
        ("a.L01", b"LVF\x09\x0d\x0a\xff\x00\x01", "as E01 or raw"),
        ("a.zip", b"PK\x03\x04\x14\0", "unpack it"),
    ];
    for (name, bytes, advice) in cases {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let error = refusal(&[&path]);
        assert!(matches!(error, OpenError::Unread { .. }), "{name}: {error}");
        assert!(error.to_string().contains(advice), "{name}: {error}");
    }
    if let Some(real) = real_images() {
        let zip = real.join("dftt-6-undel-fat.zip");
        assert!(matches!(refusal(&[&zip]), OpenError::Unread { .. }));
    }
}

#[test]
fn missing_empty_and_odd_sources_are_refused_and_a_text_file_is_raw() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("empty.dd"), b"").unwrap();
    fs::write(at("notes.txt"), b"The tide turns at noon.\n").unwrap();
    let fifo = Command::new("mkfifo").arg(at("pipe")).status().unwrap();
    assert!(fifo.success());

    assert!(matches!(refusal(&[]), OpenError::Nothing));
    assert!(matches!(refusal(&[&at("absent.dd")]), OpenError::Io { .. }));
    assert!(matches!(refusal(&[&at("empty.dd")]), OpenError::Empty { .. }));
    assert!(matches!(refusal(&[&at("pipe")]), OpenError::NotAFile { .. }));
    assert!(matches!(refusal(&[folder.path()]), OpenError::NotAFile { .. }));
    let image = open(&[&at("notes.txt")]).unwrap();
    assert_eq!(read_all(&*image), b"The tide turns at noon.\n");
}

#[test]
fn a_folder_is_a_source_only_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("disk.dd");
    fs::write(&file, b"bytes").unwrap();
    let root = folder.path().to_path_buf();
    assert!(
        matches!(Source::open(std::slice::from_ref(&root)), Ok(Source::Folder(path)) if path == root)
    );
    assert!(matches!(Source::open(std::slice::from_ref(&file)), Ok(Source::Image(_))));
    match Source::open(&[file, root]) {
        Err(SourceError::FolderAmongOthers { .. }) => {}
        _ => panic!("a folder among files should be refused"),
    }
}

#[test]
fn split_raw_is_found_from_its_first_segment_and_read_across_the_seams() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = mixed_bytes(100_000, 7);
    let paths: Vec<PathBuf> = ["d.001", "d.002", "d.003"].map(|n| folder.path().join(n)).into();
    for (path, part) in
        paths.iter().zip([&bytes[..40_000], &bytes[40_000..40_001], &bytes[40_001..]])
    {
        fs::write(path, part).unwrap();
    }
    let image = open(&[&paths[0]]).unwrap();
    assert_eq!(read_all(&*image), bytes);
    let mut across = vec![0; 20_000];
    image.read_at(ByteOffset(39_000), &mut across).unwrap();
    assert_eq!(across, bytes[39_000..59_000]);

    assert!(
        matches!(refusal(&[&paths[1]]), OpenError::NotFirst { first, .. } if first == paths[0])
    );
    fs::remove_file(&paths[1]).unwrap();
    let error = refusal(&[&paths[0]]);
    assert!(matches!(&error, OpenError::MissingSegment { expected, .. } if *expected == paths[1]));
    assert!(error.to_string().contains("d.002 is missing"), "{error}");
}

#[test]
fn a_read_past_the_end_is_refused_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.dd");
    fs::write(&path, [7; 1000]).unwrap();
    let image = open(&[&path]).unwrap();
    let mut buf = [0; 10];
    for offset in [991, 1000, u64::MAX] {
        let refused = image.read_at(ByteOffset(offset), &mut buf);
        assert!(matches!(refused, Err(ReadError::OutOfRange { .. })), "{offset}");
    }
    assert_eq!(buf, [0; 10]);
    image.read_at(ByteOffset(990), &mut buf).unwrap();
    assert_eq!(buf, [7; 10]);
}

#[test]
fn a_file_that_shrinks_while_open_is_an_error_and_not_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.dd");
    fs::write(&path, vec![7; 100_000]).unwrap();
    let image = open(&[&path]).unwrap();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(10).unwrap();
    let mut buf = [0; 100];
    assert!(matches!(image.read_at(ByteOffset(5000), &mut buf), Err(ReadError::Io { .. })));
}

#[test]
fn holes_of_a_sparse_file_read_as_zeros_around_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sparse.dd");
    let file = fs::File::create(&path).unwrap();
    file.set_len(40 << 20).unwrap();
    let data = mixed_bytes(300_000, 2);
    std::os::unix::fs::FileExt::write_all_at(&file, &data, 9_000_001).unwrap();
    let mut expected = vec![0; 40 << 20];
    expected[9_000_001..9_300_001].copy_from_slice(&data);
    let image = open(&[&path]).unwrap();
    assert!(read_all(&*image) == expected);
    assert_eq!(md5_of(&*image), hex(&<md5::Md5 as md5::Digest>::digest(&expected)));
    for (from, len) in
        [(0, 100_000), (8_990_000, 70_000), (9_200_000, 1 << 20), (41_843_040, 100_000)]
    {
        let mut buf = vec![1; len];
        image.read_at(ByteOffset(from as u64), &mut buf).unwrap();
        assert!(buf == expected[from..from + len], "{from}");
    }
    file.set_len(10 << 20).unwrap();
    let mut buf = vec![1; 100_000];
    assert!(matches!(image.read_at(ByteOffset(20 << 20), &mut buf), Err(ReadError::Io { .. })));
}

#[test]
fn descriptors_handed_over_open_the_very_same_image() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = mixed_bytes(9_000, 3);
    fs::write(folder.path().join("d.000"), &bytes[..5_000]).unwrap();
    fs::write(folder.path().join("d.001"), &bytes[5_000..]).unwrap();
    let image = open(&[&folder.path().join("d.000")]).unwrap();
    let handed =
        image.descriptors().iter().map(|fd| fd.as_fd().try_clone_to_owned().unwrap()).collect();
    let again = image::from_descriptors(handed, &image.provenance().segments).unwrap();
    assert_eq!(read_all(&*again), bytes);
    assert_eq!(again.provenance(), image.provenance());
}

#[test]
fn evidence_descriptors_are_read_only_and_closed_on_exec() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d.dd");
    fs::write(&path, b"bytes").unwrap();
    let image = open(&[&path]).unwrap();
    for fd in image.descriptors() {
        let flags = rustix::fs::fcntl_getfl(fd).unwrap();
        assert_eq!(flags & rustix::fs::OFlags::ACCMODE, rustix::fs::OFlags::RDONLY);
        assert!(rustix::io::fcntl_getfd(fd).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
    }
}

#[test]
fn every_variant_that_ewfacquire_writes_is_read() {
    if !installed("ewfacquire") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let raw = folder.path().join("source.dd");
    let bytes = mixed_bytes(3 << 20, 11);
    fs::write(&raw, &bytes).unwrap();
    for format in [
        "ewf", "encase2", "encase3", "encase4", "encase5", "encase6", "linen5", "linen6", "ftk",
        "smart", "ewfx",
    ] {
        for (compression, sectors) in [("none", "64"), ("fast", "16"), ("empty-block", "128")] {
            let name = format!("{format}-{compression}");
            let out = Command::new("ewfacquire")
                .args(["-u", "-q", "-f", format, "-c", compression, "-b", sectors, "-S", "1MiB"])
                .args(["-C", "ABC/1", "-e", "examiner one", "-d", "sha1", "-t"])
                .arg(folder.path().join(&name))
                .arg(&raw)
                .output()
                .unwrap();
            assert!(out.status.success(), "{name}: {}", String::from_utf8_lossy(&out.stderr));
            let first = match format {
                "smart" => "s01",
                "ewf" | "ewfx" => "e01",
                _ => "E01",
            };
            let path = folder.path().join(format!("{name}.{first}"));
            let image = open(&[&path]).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(image.provenance().gaps, [], "{name}");
            assert!(read_all(&*image) == bytes, "{name}: the bytes differ");
            let md5 = hex(&<md5::Md5 as md5::Digest>::digest(&bytes));
            assert_eq!(image.provenance().stored_md5.map(|d| hex(&d)), Some(md5), "{name}");
        }
    }
}
