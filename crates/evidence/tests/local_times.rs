//! File systems that keep local time: it is UTC where they keep the zone, and marked where not.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::fs;
use std::time::{Duration, SystemTime};

use common::fat::{Fat16, Member};
use common::fixture::{EXT_PROGRAMS, ext, have, run, text};
use common::listing::Listing;

/// 2024-02-29T12:34:56Z.
const LEAP_DAY_SECONDS: i64 = 1_709_210_096;

/// A folder with one file, last written on that day.
fn source() -> tempfile::TempDir {
    let source = tempfile::tempdir().unwrap();
    let file = fs::File::create(source.path().join("picture.raw")).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(LEAP_DAY_SECONDS.unsigned_abs());
    file.set_modified(time).unwrap();
    source
}

#[test]
fn times_of_fat_are_marked_as_those_of_an_unknown_zone() {
    let folder = tempfile::tempdir().unwrap();
    let mut volume = Fat16::new();
    for (name, clusters, deleted) in [(b"LIVE    TXT", 2, false), (b"GONE    TXT", 3, true)] {
        volume.add(&Member {
            name: *name,
            created: 11,
            written: 20,
            clusters: vec![clusters],
            content: b"text".to_vec(),
            is_folder: false,
            deleted,
        });
    }
    let image = folder.path().join("fat.img");
    fs::write(&image, volume.bytes()).unwrap();
    let listing = Listing::of_file(&image);
    for path in ["/LIVE.TXT", "/_ONE.TXT"] {
        let entry = listing.entry(path);
        // 2024-02-14T00:00:11 by the clock.
        assert_eq!(entry.times().created, Some(1_707_868_811_000_000_000), "{path}");
        assert!(entry.zone_unknown, "{path}");
    }
}

#[test]
fn times_of_iso_9660_are_utc_by_the_offset_of_their_record_and_marked_where_that_cannot_be() {
    if !have(&["genisoimage"]) {
        return;
    }
    let source = source();
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("disc.iso");
    for (zone, quarters) in [("UTC0", 0_i8), ("INDIA-5:30", 22), ("WEST+9", -36)] {
        let zone = format!("TZ={zone}");
        let made = ["-quiet", "-R", "-J", "-o", text(&image), text(source.path())];
        run("env", &[&[zone.as_str(), "genisoimage"], &made[..]].concat());
        let entry = Listing::of_file(&image).entry("/picture.raw").clone();
        assert_eq!(entry.times().created, Some(LEAP_DAY_SECONDS * 1_000_000_000), "{zone}");
        assert!(!entry.zone_unknown, "{zone}");
        let local = LEAP_DAY_SECONDS + i64::from(quarters) * 900;
        let clock = i64::from(quarters) * 15 + 12 * 60 + 34;
        let hour = u8::try_from(clock.div_euclid(60).rem_euclid(24)).unwrap();
        let minute = u8::try_from(clock.rem_euclid(60)).unwrap();
        // An offset of 14 hours is none.
        let mut bytes = fs::read(&image).unwrap();
        let recorded = [124, 2, 29, hour, minute, 56, quarters.cast_unsigned()];
        let mut changed = 0;
        for at in 0..bytes.len() - 7 {
            if bytes[at..at + 7] == recorded {
                bytes[at + 6] = 56;
                changed += 1;
            }
        }
        assert!(changed > 0, "{zone}");
        fs::write(&image, bytes).unwrap();
        let entry = Listing::of_file(&image).entry("/picture.raw").clone();
        assert_eq!(entry.times().created, Some(local * 1_000_000_000), "{zone}");
        assert!(entry.zone_unknown, "{zone}");
    }
}

#[test]
fn times_of_file_systems_that_keep_utc_are_not_marked() {
    if !have(EXT_PROGRAMS) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let listing = Listing::of_file(&ext(folder.path(), source().path(), &["-t", "ext4"]));
    assert!(!listing.entry("/picture.raw").zone_unknown);
}
