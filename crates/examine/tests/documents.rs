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
use support::{examine, have, items, real_images, recipe, tables, text, workers};

#[test]
fn thumbnails_videos_and_attachments_are_items_below_what_holds_them() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("seized");
    fs::create_dir(&source).unwrap();
    let video = samples::mp4();
    let motion = [samples::jpeg(), video.clone(), b"SEFT".to_vec()].concat();
    // A photograph attached to a mail inside an archive: base64 in lines would be the same.
    let mut mail = b"From: a@example.org\nTo: b@example.org\nMIME-Version: 1.0\nContent-Type: \
        multipart/mixed; boundary=b\n\n--b\nContent-Type: image/jpeg; name=p.jpg\n\n"
        .to_vec();
    mail.extend(&motion);
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
fn a_pdf_of_another_program_gives_the_picture_that_went_into_it() {
    if !have(&["convert"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("seized");
    fs::create_dir(&source).unwrap();
    let picture = dir.path().join("a.jpg");
    recipe("convert", &["-size", "200x100", "gradient:red-blue", text(&picture)]);
    recipe("convert", &[text(&picture), text(&source.join("a.pdf"))]);
    let out = dir.path().join("out");
    examine(&[&source], &[], &out, 2).unwrap();
    let items = items(&out);
    let picture = items.iter().find(|i| i.forensic_path.starts_with("/a.pdf!/")).unwrap();
    assert_eq!(picture.media_type.as_deref(), Some("image/jpeg"));
    assert_eq!((picture.media.width_px, picture.media.height_px), (Some(200), Some(100)));
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
