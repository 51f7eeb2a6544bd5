//! One item again, and its blurred preview through the sandboxed process.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use pendeen_evidence::unit::ByteLen;
use pendeen_examine::preview::{PreviewError, SIDE, blurred, of_item};
use pendeen_examine::{ExamineError, item_content};
use support::{examine, have, items, noise, recipe, text, worker, workers};

/// A colour card: green above, yellow below.
fn card() -> Vec<u8> {
    let picture =
        RgbImage::from_fn(
            640,
            480,
            |_, y| {
                if y < 240 { Rgb([0, 160, 60]) } else { Rgb([240, 220, 0]) }
            },
        );
    let mut bytes = Vec::new();
    let mut writer = Cursor::new(&mut bytes);
    DynamicImage::from(picture).write_to(&mut writer, ImageFormat::Jpeg).unwrap();
    bytes
}

fn is_the_blurred_card(png: &[u8]) {
    let small = image::load_from_memory(png).unwrap().to_rgb8();
    assert_eq!(small.dimensions(), (SIDE, SIDE * 3 / 4));
    assert!(small.get_pixel(120, 20)[0] < 60);
    assert!(small.get_pixel(120, 160)[0] > 180);
}

fn id_of(out: &Path, name: &str) -> String {
    items(out).into_iter().find(|item| item.name == name).unwrap().id()
}

#[test]
fn a_picture_of_an_image_is_found_again_and_blurred() {
    if !have(&["mke2fs"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (root, image, out) =
        (dir.path().join("tree"), dir.path().join("disk.dd"), dir.path().join("out"));
    fs::create_dir_all(root.join("DCIM")).unwrap();
    fs::write(root.join("DCIM/card.jpg"), card()).unwrap();
    recipe("mke2fs", &["-q", "-t", "ext4", "-d", text(&root), text(&image), "4M"]);
    examine(&[&image], &[], &out, 1).unwrap();
    let id = id_of(&out, "card.jpg");
    let (item, bytes) = item_content(&out, &id, &workers(), ByteLen(1 << 20)).unwrap();
    assert_eq!((item.path.as_str(), bytes), ("/DCIM/card.jpg", card()));
    let png = of_item(&out, &id, &worker("filesystem"), &worker("content")).unwrap();
    is_the_blurred_card(&png);
    // The source is no longer what it was.
    let mut changed = fs::read(&image).unwrap();
    let card = card();
    let at = changed.windows(64).position(|w| w == &card[1000..1064]).unwrap();
    changed[at] ^= 1;
    fs::write(&image, changed).unwrap();
    let refused = item_content(&out, &id, &workers(), ByteLen(1 << 20)).unwrap_err();
    assert!(refused.to_string().contains("the source changed"), "{refused}");
}

#[test]
fn a_picture_of_a_folder_is_found_again_and_what_cannot_be_had_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (root, out) = (dir.path().join("tree"), dir.path().join("out"));
    fs::create_dir(&root).unwrap();
    fs::write(root.join("card.jpg"), card()).unwrap();
    fs::write(root.join("gone.jpg"), card()).unwrap();
    std::os::unix::fs::symlink("card.jpg", root.join("link.jpg")).unwrap();
    examine(&[&root], &[], &out, 1).unwrap();
    let get =
        |name: &str, limit| item_content(&out, &id_of(&out, name), &workers(), ByteLen(limit));
    assert_eq!(get("card.jpg", 1 << 20).unwrap().1, card());
    is_the_blurred_card(
        &of_item(&out, &id_of(&out, "card.jpg"), &worker("filesystem"), &worker("content"))
            .unwrap(),
    );
    fs::remove_file(root.join("gone.jpg")).unwrap();
    for (name, limit) in [("card.jpg", 100), ("gone.jpg", 1 << 20), ("link.jpg", 1 << 20)] {
        let refused = get(name, limit).unwrap_err();
        assert!(matches!(refused, ExamineError::Content { .. }), "{name}: {refused}");
    }
    let none = item_content(&out, "0", &workers(), ByteLen(1));
    assert!(matches!(none, Err(ExamineError::NoSuchItem { .. })));
}

#[test]
fn what_is_no_picture_a_crash_and_a_missing_program_have_their_own_errors() {
    let content = worker("content");
    for bytes in [Vec::new(), b"plain text".to_vec(), noise(1, 100_000)] {
        assert!(matches!(blurred(bytes, &content), Err(PreviewError::Refused(_))));
    }
    let mut cut = card();
    cut.truncate(cut.len() / 2);
    // A cut picture is blurred as far as it goes, or refused; either is an answer.
    assert!(matches!(blurred(cut, &content), Ok(_) | Err(PreviewError::Refused(_))));
    assert!(matches!(blurred(card(), &worker("crash")), Err(PreviewError::Died)));
    let mut missing = worker("content");
    missing.program = "/nonexistent/worker".into();
    assert!(matches!(blurred(card(), &missing), Err(PreviewError::Start { .. })));
    let long = vec![0; (64 << 20) + 1];
    assert!(matches!(blurred(long, &content), Err(PreviewError::TooLong { .. })));
}
