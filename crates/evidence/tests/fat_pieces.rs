//! Deleted files of FAT that were in pieces, on volumes of which every cluster is known.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::fs;

use common::fat::{Fat16, Member};
use common::listing::Listing;
use common::mixed_bytes;
use pendeen_evidence::entry::Content;
use pendeen_item::Recovery;

/// What a file of these clusters holds, of which the last is filled in part.
fn file(name: &[u8; 11], times: (u32, u32), clusters: &[u16]) -> Member {
    Member {
        name: *name,
        created: times.0,
        written: times.1,
        clusters: clusters.to_vec(),
        content: mixed_bytes(1024 * clusters.len() - 300, clusters[0].into()),
        is_folder: false,
        deleted: true,
    }
}

fn folder(name: &[u8; 11], time: u32, cluster: u16) -> Member {
    let content = Vec::new();
    Member { content, is_folder: true, ..file(name, (time, time), &[cluster]) }
}

/// Each member's content read from the volume, by name.
fn read(volume: Fat16, members: &[(&str, &Member)]) -> Vec<(String, bool, Option<Recovery>)> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("volume.dd");
    fs::write(&path, volume.bytes()).unwrap();
    let mut listing = Listing::of_file(&path);
    assert_eq!(listing.gaps, []);
    let mut told = Vec::new();
    for (name, member) in members {
        let right = listing.content(name).unwrap() == member.content;
        told.push(((*name).to_owned(), right, listing.entry(name).recovery));
    }
    told
}

#[test]
fn files_that_grew_by_turns_are_put_together_and_stay_marked_as_inferred() {
    let first = file(b"FIRST   DAT", (10, 30), &[2, 4, 5]);
    let second = file(b"SECOND  DAT", (20, 60), &[3, 6, 11]);
    let whole = file(b"WHOLE   DAT", (40, 40), &[7, 8, 9, 10]);
    let inside = file(b"INSIDE  DAT", (80, 100), &[13, 15]);
    let beside = file(b"BESIDE  DAT", (90, 90), &[14]);
    let mut volume = Fat16::new();
    for member in [&first, &second, &whole] {
        volume.add(member);
    }
    volume.add(&folder(b"FOLDER     ", 70, 12));
    volume.folder(12, &[inside, beside]);
    let inside = file(b"INSIDE  DAT", (80, 100), &[13, 15]);
    let told = read(
        volume,
        &[
            ("/_IRST.DAT", &first),
            ("/_ECOND.DAT", &second),
            ("/_HOLE.DAT", &whole),
            ("/_OLDER/_NSIDE.DAT", &inside),
        ],
    );
    for (name, right, recovery) in told {
        assert!(right, "{name}");
        assert_eq!(recovery, Some(Recovery::Inferred), "{name}");
    }
}

#[test]
fn a_live_file_says_when_clusters_were_in_use_and_keeps_its_own() {
    let grown = file(b"GROWN   DAT", (10, 50), &[2, 5, 9]);
    let live = Member { deleted: false, ..file(b"LIVE    DAT", (20, 20), &[3, 4]) };
    let later = Member { deleted: false, ..file(b"LATER   DAT", (40, 40), &[6, 7, 8]) };
    let mut volume = Fat16::new();
    for member in [&grown, &live, &later] {
        volume.add(member);
    }
    let told =
        read(volume, &[("/_ROWN.DAT", &grown), ("/LIVE.DAT", &live), ("/LATER.DAT", &later)]);
    assert!(told.iter().all(|(_, right, _)| *right), "{told:?}");
    assert_eq!(told[1].2, None);
}

#[test]
fn a_deleted_file_whose_first_cluster_is_in_use_again_gets_no_others_by_inference() {
    let before = file(b"BEFORE  DAT", (10, 50), &[2, 3, 4]);
    let now = Member { deleted: false, ..file(b"NOW     DAT", (90, 90), &[2, 3]) };
    let mut volume = Fat16::new();
    volume.add(&before);
    volume.add(&now);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("volume.dd");
    fs::write(&path, volume.bytes()).unwrap();
    let listing = Listing::of_file(&path);
    let entry = listing.entry("/_EFORE.DAT");
    assert_ne!(entry.recovery, Some(Recovery::Intact));
    assert_ne!(entry.recovery, Some(Recovery::Inferred));
}

#[test]
fn a_deleted_file_that_claims_more_than_is_free_is_read_on_from_its_start() {
    let live = Member { deleted: false, ..file(b"LIVE    DAT", (5, 5), &[2]) };
    let large = file(b"LARGE   DAT", (10, 12), &[3, 4]);
    let mut volume = Fat16::new();
    volume.add(&live);
    volume.add(&large);
    let mut bytes = volume.bytes();
    // The size, as long as all clusters together, is the last four bytes of an entry.
    let entry = bytes.windows(11).position(|w| w == b"\xe5ARGE   DAT").unwrap();
    bytes[entry + 28..entry + 32].copy_from_slice(&(5000_u32 * 1024).to_le_bytes());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("volume.dd");
    fs::write(&path, bytes).unwrap();
    let listing = Listing::of_file(&path);
    let entry = listing.entry("/_ARGE.DAT");
    if let Content::Runs(runs) = &entry.content {
        assert!(runs.len() <= 2, "{runs:?}");
    }
    assert_ne!(entry.recovery, Some(Recovery::Intact));
}

#[test]
fn files_that_claim_many_times_the_volume_are_left_unread_and_counted() {
    let live = Member { deleted: false, ..file(b"LIVE    DAT", (5, 5), &[2, 3]) };
    let mut volume = Fat16::new();
    volume.add(&live);
    for n in 0..40 {
        let name = format!("LONG{n:02}  DAT");
        volume.add(&file(name.as_bytes().try_into().unwrap(), (9, 9), &[10 + n]));
    }
    let mut bytes = volume.bytes();
    for n in 0..40 {
        let name = [b"\xe5ONG", format!("{n:02}  DAT").as_bytes()].concat();
        let at = bytes.windows(11).position(|window| window == name).unwrap();
        bytes[at + 28..at + 32].copy_from_slice(&(4_900_u32 * 1024).to_le_bytes());
    }
    let len = bytes.len() as u64;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("volume.dd");
    fs::write(&path, bytes).unwrap();
    let mut listing = Listing::of_file(&path);
    assert_eq!(listing.content("/LIVE.DAT").unwrap(), live.content);
    let claimed = listing.entries.iter().filter(|(_, e)| matches!(e.content, Content::Runs(_)));
    assert!(claimed.map(|(_, e)| e.size.0).sum::<u64>() <= 4 * len);
    assert_eq!(listing.gaps.len(), 1);
    assert!(listing.gaps[0].wanted.contains("files"), "{:?}", listing.gaps);
    assert_eq!(listing.entries.len(), 41, "none is dropped");
}

#[test]
fn live_files_that_cross_each_other_are_each_read_as_they_say() {
    let one = Member { deleted: false, ..file(b"ONE     DAT", (5, 5), &[2, 3, 4]) };
    let mut two = Member { deleted: false, ..file(b"TWO     DAT", (6, 6), &[5, 3, 4]) };
    two.content = [mixed_bytes(1024, 5), one.content[1024..].to_vec()].concat();
    let mut volume = Fat16::new();
    volume.add(&one);
    volume.add(&two);
    let told = read(volume, &[("/ONE.DAT", &one), ("/TWO.DAT", &two)]);
    assert!(told.iter().all(|(_, right, _)| *right), "{told:?}");
}
