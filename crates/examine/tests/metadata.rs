//! What pictures and videos say of themselves, in the item table.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

#[path = "../../fingerprint/tests/samples/mod.rs"]
mod samples;

use std::fs;

use pendeen_item::{Degrees, Media};
use support::{examine, items, noise, tables};

fn camera() -> Media {
    Media {
        width_px: Some(640),
        height_px: Some(480),
        duration_ms: None,
        exif_make: Some("Maker".to_owned()),
        exif_model: Some("Model".to_owned()),
        exif_serial: Some("S123".to_owned()),
        exif_taken: Some("2024-05-06T07:08:09+01:00".to_owned()),
        exif_latitude: Some(Degrees::from_e7(502_600_000)),
        exif_longitude: Some(Degrees::from_e7(-50_510_000)),
    }
}

#[test]
fn short_and_long_pictures_and_videos_fill_the_columns_on_any_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("source");
    fs::create_dir(&root).unwrap();
    // A video whose header lies behind half a megabyte, and a picture with as much behind it.
    let mp4 = samples::mp4();
    let moov = mp4.windows(4).position(|w| w == b"moov").unwrap() - 4;
    let mdat = [&600_008_u32.to_be_bytes()[..], b"mdat", &noise(1, 600_000)].concat();
    let ftyp = &mp4[..24];
    let files = [
        ("a.jpg", samples::jpeg()),
        ("long.jpg", [samples::jpeg(), noise(2, 700_000)].concat()),
        ("long.mp4", [ftyp, &mdat, &mp4[moov..]].concat()),
        ("container", noise(3, 512 * 1024)),
        ("noise-that-is-no-container", noise(4, 512 * 1024 + 1)),
    ];
    for (name, bytes) in &files {
        fs::write(root.join(name), bytes).unwrap();
    }
    let run = |threads| {
        let out = dir.path().join(format!("out{threads}"));
        examine(&[&root], &[], &out, threads).unwrap();
        (items(&out), tables(&out))
    };
    let (items, one) = run(1);
    let of = |name: &str| items.iter().find(|i| i.name == name).unwrap();
    assert_eq!(of("a.jpg").media, camera());
    assert_eq!(of("long.jpg").media, camera());
    let video = Media { duration_ms: Some(10_000), exif_serial: None, ..camera() };
    assert_eq!(of("long.mp4").media, video);
    assert_eq!(of("container").encrypted.as_deref(), Some("entropy"));
    assert_eq!(of("container").media, Media::default());
    assert_eq!(of("noise-that-is-no-container").encrypted, None);
    assert_eq!(one, run(2).1);
}
