//! Pictures and files inside documents, as items of whole examinations.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

#[path = "../../fingerprint/tests/samples/mod.rs"]
mod samples;

use std::fs;

use pendeen_evidence::unit::ByteLen;
use pendeen_examine::item_content;
use pendeen_fingerprint::Digests;
use pendeen_item::{Origin, read_gaps};
use support::zip::{member, zip};
use support::{examine, items, real_images, tables, workers};

/// Base64 in lines, as mail has it.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    for line in bytes.chunks(54) {
        for group in line.chunks(3) {
            let mut three = [0; 4];
            three[1..=group.len()].copy_from_slice(group);
            let bits = u32::from_be_bytes(three);
            let letter = |n: u32| LETTERS[(bits >> (18 - 6 * n) & 63) as usize];
            out.extend((0..4).map(|n| if n as usize > group.len() { b'=' } else { letter(n) }));
        }
        out.push(b'\n');
    }
    out
}

#[test]
fn thumbnails_videos_and_attachments_are_items_below_what_holds_them() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("seized");
    fs::create_dir(&source).unwrap();
    let video = samples::mp4();
    let motion = [samples::jpeg(), video.clone(), b"SEFT".to_vec()].concat();
    // A photograph attached to a mail inside an archive.
    let mut mail = b"From: a@example.org\nTo: b@example.org\nMIME-Version: 1.0\nContent-Type: \
        multipart/mixed; boundary=b\n\n--b\nContent-Type: image/jpeg; name=p.jpg\n\
        Content-Transfer-Encoding: base64\n\n"
        .to_vec();
    mail.extend(base64(&motion));
    mail.extend(b"\n--b--\n");
    fs::write(source.join("motion.jpg"), &motion).unwrap();
    fs::write(source.join("plain.jpg"), b"\xff\xd8\xff\xe0\0\x10JFIF\0 nothing inside").unwrap();
    fs::write(source.join("mails.zip"), zip(&[member("m.eml", &mail)])).unwrap();
    fs::write(source.join("store.pst"), b"!BDN and more").unwrap();
    let run = |threads| {
        let out = dir.path().join(format!("out{threads}"));
        examine(&[&source], &[], &out, threads).unwrap();
        (items(&out), tables(&out), out)
    };
    let (items, one, out) = run(1);
    for (path, bytes) in [
        ("/motion.jpg!/thumbnail.jpg", samples::THUMBNAIL),
        ("/motion.jpg!/video.mp4", &video),
        ("/mails.zip!/m.eml!/p.jpg", &motion),
        ("/mails.zip!/m.eml!/p.jpg!/video.mp4", &video),
    ] {
        let item = items.iter().find(|i| i.forensic_path == path);
        let item = item.unwrap_or_else(|| panic!("{path}: {items:#?}"));
        assert_eq!(item.sha256, Some(Digests::of(bytes).sha256), "{path}");
        assert_eq!(item.origin, Origin::Embedded, "{path}");
        assert_eq!(
            item_content(&out, &item.id(), &workers(), ByteLen(1 << 20)).unwrap().1,
            bytes,
            "{path}"
        );
    }
    let embedded = items.iter().find(|i| i.forensic_path == "/motion.jpg!/video.mp4").unwrap();
    assert_eq!(embedded.media.duration_ms, Some(10_000));
    assert_eq!(embedded.media_type.as_deref(), Some("video/mp4"));
    assert!(!items.iter().any(|i| i.forensic_path.starts_with("/plain.jpg!")));
    let gaps = read_gaps(&out.join("gaps.parquet")).unwrap();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert!(gaps[0].reason.contains("Outlook"));
    assert_eq!(one, run(2).1);
}

#[test]
fn the_published_image_of_mails_gives_every_attachment_without_a_gap_of_ours() {
    let Some(images) = real_images() else { return };
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    examine(&[&images.join("nps-2010-emails.E01")], &[], &out, 2).unwrap();
    let items = items(&out);
    let embedded = items.iter().filter(|i| i.origin == Origin::Embedded).count();
    println!("{embedded} embedded of {} items", items.len());
    for gap in read_gaps(&out.join("gaps.parquet")).unwrap() {
        println!("{}: {}: {}", gap.forensic_path, gap.wanted, gap.reason);
    }
    assert!(embedded > 0);
}
