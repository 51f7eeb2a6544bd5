//! exFAT volumes made by recipe: what is listed, with what content, and at what times.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::process::Command;

use common::exfat::{EXFAT_PROGRAMS, ExFat, Member, Time};
use common::fixture::{have, run, text};
use common::listing::Listing;
use common::mixed_bytes;
use pendeen_evidence::entry::{Content, Run};
use pendeen_item::{Origin, Recovery};

/// 2024-02-29T12:34:56 by the clock.
const LEAP_DAY: [u16; 6] = [2024, 2, 29, 12, 34, 56];
/// The same as seconds since 1970, if it were UTC.
const LEAP_DAY_SECONDS: i64 = 1_709_210_096;
const UTC: u8 = 0x80;

fn time(offset: u8, ten_ms: u8) -> Time {
    Time { at: LEAP_DAY, ten_ms, offset }
}

fn member<'a>(name: &'a str, content: &'a [u8]) -> Member<'a> {
    let utc = time(UTC, 0);
    Member {
        name,
        content,
        is_folder: false,
        deleted: false,
        scattered: false,
        created: utc,
        modified: utc,
        accessed: utc,
    }
}

fn folder(name: &str) -> Member<'_> {
    Member { is_folder: true, ..member(name, &[]) }
}

#[test]
fn exfat_files_come_back_byte_for_byte_in_one_piece_or_in_many() {
    if !have(EXFAT_PROGRAMS) {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let mut volume = ExFat::new(place.path());
    let (root, cluster) = (volume.root(), volume.cluster_len());
    let [whole, pieces, deep] = [1, 2, 3].map(|seed| mixed_bytes(5 * cluster + 7, seed));
    volume.add(root, &member("whole.bin", &whole));
    volume.add(root, &Member { scattered: true, ..member("pieces.bin", &pieces) });
    volume.add(root, &member("empty", &[]));
    let (below, _) = volume.add(root, &folder("folder"));
    let long = "a name that needs more than one entry of fifteen letters – ümläut.jpg";
    volume.add(below, &member(long, &deep));
    let image = volume.write(place.path());
    if have(&["fsck.exfat"]) {
        run("fsck.exfat", &["-n", text(&image)]);
    }
    let mut listing = Listing::of_file(&image);
    assert_eq!(listing.gaps, []);
    for (path, bytes) in [
        ("/whole.bin", &whole[..]),
        ("/pieces.bin", &pieces),
        ("/empty", &[]),
        (&format!("/folder/{long}"), &deep),
    ] {
        let entry = listing.entry(path);
        assert_eq!((entry.origin, entry.fs_type()), (Origin::Live, "exfat"), "{path}");
        assert!(listing.content(path).unwrap() == bytes, "{path} has other bytes");
    }
    let Content::Runs(runs) = &listing.entry("/pieces.bin").content else { panic!("no runs") };
    assert_eq!(runs.len(), 6);
    if have(&["icat", "fls"]) {
        assert_eq!(listing.differences(), []);
        let listed = listing.paths();
        for (_, path) in listing.fls(0) {
            assert!(listed.contains(&path.as_str()), "{path}");
        }
    }
}

#[test]
fn a_deleted_exfat_file_in_one_piece_is_intact_until_its_clusters_are_used_again() {
    if !have(EXFAT_PROGRAMS) {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let mut volume = ExFat::new(place.path());
    let (root, cluster) = (volume.root(), volume.cluster_len());
    let [gone, lost, small] = [4, 5, 6].map(|seed| mixed_bytes(3 * cluster, seed));
    volume.add(root, &Member { deleted: true, ..member("gone.jpg", &gone) });
    let (over, _) = volume.add(root, &Member { deleted: true, ..member("lost.jpg", &lost) });
    let (_, live) = volume.add(root, &member("live.txt", &small[..9]));
    // The live file takes the cluster that the second one began with.
    volume.put(live + 32 + 20, &over.to_le_bytes());
    volume.use_cluster(over);
    let mut listing = Listing::of_file(&volume.write(place.path()));
    let of = |listing: &Listing, path: &str| {
        let entry = listing.entry(path);
        (entry.origin, entry.recovery)
    };
    assert_eq!(of(&listing, "/lost.jpg"), (Origin::Deleted, Some(Recovery::Reallocated)));
    assert_eq!(of(&listing, "/gone.jpg").0, Origin::Deleted);
    assert!(listing.content("/gone.jpg").unwrap() == gone);
    let Content::Runs(runs) = &listing.entry("/gone.jpg").content else { panic!("no runs") };
    assert!(matches!(runs[..], [Run::Data { .. }]));
}

#[test]
fn each_time_of_an_exfat_file_is_utc_by_its_own_offset_and_exact_to_10_ms() {
    if !have(EXFAT_PROGRAMS) {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let mut volume = ExFat::new(place.path());
    let root = volume.root();
    // +05:45, -05:00 and +01:00.
    let eastern = Member {
        created: time(UTC + 23, 199),
        modified: time(UTC + (128 - 20), 50),
        accessed: time(UTC + 4, 0),
        ..member("eastern", b"e")
    };
    volume.add(root, &eastern);
    volume.add(root, &Member { deleted: true, name: "deleted", ..eastern });
    volume.add(root, &member("utc", b"u"));
    let (below, _) = volume.add(root, &folder("folder"));
    volume.add(below, &Member { modified: time(4, 0), ..member("local", b"l") });
    let image = volume.write(place.path());
    let listing = Listing::of_file(&image);
    let times = |path: &str| {
        let entry = listing.entry(path);
        let times = [entry.times().created, entry.times().modified, entry.times().accessed];
        let shown =
            times.map(|time| (time.unwrap() - LEAP_DAY_SECONDS * 1_000_000_000) / 1_000_000);
        (shown, entry.zone_unknown)
    };
    let moved = [-(5 * 60 + 45) * 60_000 + 1990, 5 * 3_600_000 + 500, -3_600_000];
    assert_eq!(times("/eastern"), (moved, false));
    assert_eq!(times("/deleted"), (moved, false));
    assert_eq!(times("/utc"), ([0; 3], false));
    // The offset is there, but said not to be valid.
    assert_eq!(times("/folder/local"), ([0; 3], true));
    if have(&["istat"]) {
        let address = listing.entry("/utc").fs_address();
        let istat = Command::new("istat").env("TZ", "UTC0").arg(&image).arg(address).output();
        let printed = String::from_utf8(istat.unwrap().stdout).unwrap();
        assert_eq!(printed.matches("2024-02-29 12:34:56 (UTC)").count(), 3, "{printed}");
    }
}

#[test]
fn what_was_never_written_of_an_exfat_file_reads_as_zeros_whatever_its_clusters_hold() {
    if !have(EXFAT_PROGRAMS) {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let mut volume = ExFat::new(place.path());
    let (root, cluster) = (volume.root(), volume.cluster_len());
    let bytes = mixed_bytes(2 * cluster, 8);
    let (_, entry) = volume.add(root, &member("reserved.bin", &bytes));
    volume.put(entry + 32 + 8, &1000_u64.to_le_bytes());
    let mut listing = Listing::of_file(&volume.write(place.path()));
    let mut wanted = bytes[..1000].to_vec();
    wanted.resize(2 * cluster, 0);
    assert!(listing.content("/reserved.bin").unwrap() == wanted);
}
