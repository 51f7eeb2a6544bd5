//! Metadata of pictures and videos: of files put together here, of damaged ones, and of files
//! that other programs made, compared with what exiftool says of them.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::path::Path;
use std::process::Command;

use pendeen_fingerprint::media_type;
use pendeen_fingerprint::metadata::{Metadata, Thumbnail, metadata, thumbnail};
use proptest::prelude::*;

mod samples;

fn of(bytes: &[u8], media_type: &str) -> Option<Metadata> {
    metadata(&bytes, media_type)
}

fn camera() -> Metadata {
    Metadata {
        width_px: Some(640),
        height_px: Some(480),
        duration_ms: None,
        make: Some("Maker".to_owned()),
        model: Some("Model".to_owned()),
        serial: Some("S123".to_owned()),
        taken: Some("2024-05-06T07:08:09+01:00".to_owned()),
        latitude_e7: Some(502_600_000),
        longitude_e7: Some(-50_510_000),
    }
}

#[test]
fn pictures_tell_their_size_camera_time_and_place() {
    for kind in ["image/jpeg", "image/png", "image/webp", "image/heic"] {
        let (_, bytes) = samples::all().into_iter().find(|(k, _)| *k == kind).unwrap();
        assert_eq!(media_type(&bytes), Some(kind));
        assert_eq!(of(&bytes, kind), Some(camera()), "{kind}");
    }
}

#[test]
fn formats_without_exif_tell_their_size() {
    for (kind, bytes) in [("image/gif", samples::gif()), ("image/bmp", samples::bmp())] {
        assert_eq!(media_type(&bytes), Some(kind));
        let sized = Metadata { width_px: Some(640), height_px: Some(480), ..Metadata::default() };
        assert_eq!(of(&bytes, kind), Some(sized), "{kind}");
    }
}

#[test]
fn videos_tell_their_duration_and_size_and_phones_time_and_place_too() {
    let length = Metadata {
        width_px: Some(640),
        height_px: Some(480),
        duration_ms: Some(10_000),
        ..Metadata::default()
    };
    assert_eq!(of(&samples::avi(), "video/x-msvideo"), Some(length.clone()));
    assert_eq!(of(&samples::mkv(), "video/matroska"), Some(length));
    let phone = Metadata { duration_ms: Some(10_000), serial: None, ..camera() };
    assert_eq!(of(&samples::mp4(), "video/mp4"), Some(phone));
}

#[test]
fn the_thumbnail_of_a_picture_is_found_where_it_lies() {
    let bytes = samples::jpeg();
    let Thumbnail { at, len } = thumbnail(&bytes.as_slice()).unwrap();
    let (at, len) = (usize::try_from(at).unwrap(), usize::try_from(len).unwrap());
    assert_eq!(&bytes[at..at + len], samples::THUMBNAIL);
    assert_eq!(thumbnail(&samples::png().as_slice()), None);
}

#[test]
fn every_sample_cut_short_anywhere_is_read_without_a_panic() {
    for (kind, bytes) in samples::all() {
        for len in 0..bytes.len() {
            let _ = of(&bytes[..len], kind);
            let _ = thumbnail(&&bytes[..len]);
        }
        assert_ne!(of(&bytes, kind), None, "{kind}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_sample_with_bytes_changed_is_read_without_a_panic(
        which in 0_usize..10,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let (kind, mut bytes) = samples::all().swap_remove(which);
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = of(&bytes, kind);
        let _ = thumbnail(&bytes.as_slice());
    }

    #[test]
    fn noise_behind_any_signature_is_read_without_a_panic(
        which in 0_usize..10,
        noise in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let (kind, mut bytes) = samples::all().swap_remove(which);
        bytes.truncate(16);
        bytes.extend(noise);
        let _ = of(&bytes, kind);
    }
}

/// Runs a program quietly; whether it is here and succeeded.
fn ran(program: &str, args: &[&str]) -> bool {
    Command::new(program).args(args).output().is_ok_and(|out| out.status.success())
}

/// What exiftool says: nine fields, `-` where there is none.
fn exiftool(path: &Path) -> Vec<String> {
    let fields = [
        "-ImageWidth",
        "-ImageHeight",
        "-Duration",
        "-Make",
        "-Model",
        "-SerialNumber",
        "-GPSLatitude",
        "-GPSLongitude",
    ];
    let out = Command::new("exiftool").args(["-T", "-n"]).args(fields).arg(path).output().unwrap();
    let line = String::from_utf8(out.stdout).unwrap();
    line.trim_end_matches('\n').split('\t').map(str::to_owned).collect()
}

#[test]
fn files_of_other_programs_are_read_as_exiftool_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    if !ran("exiftool", &["-ver"]) {
        println!("not compared: exiftool is not installed");
        return;
    }
    for (kind, bytes) in samples::all() {
        std::fs::write(path(&format!("sample.{}", &kind[6..])), bytes).unwrap();
    }
    let gradient = ["-size", "123x45", "gradient:red-blue"];
    for name in ["a.jpg", "a.png", "a.gif", "a.bmp", "a.webp", "a.tiff", "a.heic"] {
        // Where convert or ffmpeg is missing, or writes no such format, the samples remain.
        ran("convert", &[&gradient[..], &[&path(name)]].concat());
    }
    let source = ["-y", "-f", "lavfi", "-i", "testsrc=size=176x144:rate=10:duration=2.5"];
    for name in ["a.mp4", "a.mov", "a.avi", "a.mkv", "a.webm", "a.3gp", "fragmented.mp4"] {
        let codec: &[&str] = match name {
            "a.3gp" => &["-c:v", "h263"],
            "a.webm" => &["-c:v", "libvpx"],
            "fragmented.mp4" => &["-c:v", "mpeg4", "-movflags", "frag_keyframe+empty_moov"],
            _ => &["-c:v", "mpeg4"],
        };
        ran("ffmpeg", &[&source[..], codec, &[&path(name)]].concat());
    }
    for name in ["a.jpg", "a.png", "a.webp", "a.tiff", "a.heic", "a.mp4", "a.mov"] {
        ran(
            "exiftool",
            &[
                "-overwrite_original",
                "-Make=Tool Maker",
                "-Model=Tool Model",
                "-EXIF:SerialNumber=T-77",
                "-GPSLatitude=50.1234567",
                "-GPSLatitudeRef=N",
                "-GPSLongitude=5.7654321",
                "-GPSLongitudeRef=W",
                &path(name),
            ],
        );
    }
    let mut compared = 0;
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let file = entry.unwrap().path();
        let bytes = std::fs::read(&file).unwrap();
        let kind = media_type(&bytes).unwrap();
        let ours = of(&bytes, kind).unwrap_or_default();
        let theirs = exiftool(&file);
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let shown = |n: Option<u32>| n.map_or("-".to_owned(), |n| n.to_string());
        assert_eq!(shown(ours.width_px), theirs[0], "{name}");
        assert_eq!(shown(ours.height_px), theirs[1], "{name}");
        // exiftool gives some files no duration.
        if let (true, Ok(theirs)) = (kind.starts_with("video/"), theirs[2].parse::<f64>()) {
            let ours = f64::from(u32::try_from(ours.duration_ms.unwrap_or(0)).unwrap()) / 1000.0;
            assert!((ours - theirs).abs() < 0.002, "{name}: {ours} and {theirs} seconds");
        }
        for (ours, theirs) in
            [(&ours.make, &theirs[3]), (&ours.model, &theirs[4]), (&ours.serial, &theirs[5])]
        {
            assert_eq!(ours.as_deref().unwrap_or("-"), theirs, "{name}");
        }
        for (ours, theirs) in [(ours.latitude_e7, &theirs[6]), (ours.longitude_e7, &theirs[7])] {
            match (ours, theirs.parse::<f64>()) {
                (None, Err(_)) => {}
                (Some(ours), Ok(theirs)) => {
                    assert!(
                        (f64::from(ours) / 1e7 - theirs).abs() < 1e-5,
                        "{name}: {ours} {theirs}"
                    );
                }
                (ours, theirs) => panic!("{name}: {ours:?} and {theirs:?}"),
            }
        }
        compared += 1;
        println!("{name} ({kind}): as exiftool reads it");
    }
    assert!(compared >= samples::all().len(), "only {compared} files were made");
}
