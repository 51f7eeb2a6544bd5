//! Public images that nobody here made: digests against the published ones and against `icat`.
//!
//! They are not part of the repository; without them each test says so and passes.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::fixture::{have, run, unzip};
use common::listing::Listing;
use common::real_images;
use md5::Digest;
use pendeen_evidence::entry::{Entry, Times};
use pendeen_item::{Origin, Recovery};

/// The image in a ZIP archive, unpacked into `folder`.
fn unpacked(real: &Path, archive: &str, suffix: &str, folder: &Path) -> PathBuf {
    let path = folder.join(suffix.rsplit('/').next().unwrap());
    fs::write(&path, unzip(&real.join(archive), suffix)).unwrap();
    path
}

/// Rows of expected.csv for an image: path, size, digest, note.
fn expected(real: &Path, image: &str) -> Vec<(String, u64, String, String)> {
    let text = fs::read_to_string(real.join("expected.csv")).unwrap();
    text.lines()
        .filter_map(|line| {
            let mut cells = line.splitn(5, ',');
            (cells.next()? == image).then(|| {
                let mut next = || cells.next().unwrap().trim_matches('"').to_owned();
                (next(), next().parse().unwrap(), next(), next())
            })
        })
        .collect()
}

/// The path without what the file system lost of it: FAT forgets the first letter of a deleted
/// name, NTFS the folder of an orphan.
fn known_part(path: &str) -> String {
    path.rsplit('/').next().unwrap().chars().skip(1).collect()
}

fn of_expected<'a>(
    listing: &'a Listing,
    digests: &'a [Option<String>],
    path: &str,
    md5: &str,
) -> Option<&'a Entry> {
    let mut both = listing.entries.iter().zip(digests);
    let found = both.find(|((_, entry), digest)| {
        known_part(entry.path()) == known_part(path) && digest.as_deref() == Some(md5)
    });
    found.map(|((_, entry), _)| entry)
}

#[test]
fn all_nine_deleted_streams_of_dftt_7_have_their_published_digests() {
    let Some(real) = real_images() else { return };
    let folder = tempfile::tempdir().unwrap();
    let image = unpacked(&real, "dftt-7-undel-ntfs.zip", "7-ntfs-undel.dd", folder.path());
    let mut listing = Listing::of_file(&image);
    assert_eq!(listing.gaps, []);
    let digests: Vec<_> = listing.digests().into_iter().map(Result::ok).collect();
    let rows = expected(&real, "dftt-7-undel-ntfs");
    assert_eq!(rows.len(), 9);
    for (path, size, md5, _) in rows {
        let entry = of_expected(&listing, &digests, &path, &md5)
            .unwrap_or_else(|| panic!("no {path} with {md5}"));
        assert_eq!(entry.size.0, size);
        assert_eq!((entry.origin, entry.recovery), (Origin::Deleted, Some(Recovery::Intact)));
    }
}

#[test]
fn every_file_of_dftt_6_has_its_published_digest_and_those_of_several_clusters_are_inferred() {
    let Some(real) = real_images() else { return };
    let folder = tempfile::tempdir().unwrap();
    let image = unpacked(&real, "dftt-6-undel-fat.zip", "6-fat-undel.dd", folder.path());
    let mut listing = Listing::of_file(&image);
    assert_eq!(listing.gaps, []);
    let digests: Vec<_> = listing.digests().into_iter().map(Result::ok).collect();
    let rows = expected(&real, "dftt-6-undel-fat");
    assert_eq!(rows.len(), 9);
    for (path, size, md5, note) in rows {
        let found = of_expected(&listing, &digests, &path, &md5);
        assert_eq!(found.is_some(), note != "wrong", "{path} {md5} {note}");
        let Some(entry) = found else { continue };
        assert_eq!((entry.size.0, entry.origin), (size, Origin::Deleted));
        // One cluster is named by the directory entry; more are an inference.
        let single = path == "/sing.dat";
        let recovery = if single { Recovery::Intact } else { Recovery::Inferred };
        assert_eq!(entry.recovery, Some(recovery), "{path}");
    }
}

/// Each public image: what to unpack or open, and where `icat` is known to differ, with cause.
fn images(real: &Path, folder: &Path) -> Vec<(Vec<PathBuf>, Vec<&'static str>)> {
    let of = |archive: &str, suffix: &str| vec![unpacked(real, archive, suffix, folder)];
    // `icat` prints zeros for a link whose target is kept in the inode; here it is the target.
    let link = vec!["ext2:/a_link"];
    // `icat` reads on where a deleted file of FAT was in pieces.
    let in_pieces = vec![
        "fat16:/_rag1.dat",
        "fat16:/_rag2.dat",
        "fat16:/_ir1/dir2/frag3.dat",
        "fat16:/System Volume Information/_restore{A25F48CA-6632-4143-8EF8-3586A84AB5AF}\
         /_P1/frag3.dat",
    ];
    vec![
        (of("dftt-1-extend-part.zip", "ext-part-test-2.dd"), vec![]),
        (of("dftt-5-fat-daylight.zip", "daylight.dd"), vec![]),
        (of("dftt-6-undel-fat.zip", "6-fat-undel.dd"), in_pieces),
        (of("dftt-7-undel-ntfs.zip", "7-ntfs-undel.dd"), vec![]),
        (of("dftt-14-iso9660-1.zip", "iso-dirtree1.iso"), vec![]),
        (of("dftt-14-iso9660-1.zip", "iso-dirtree2.iso"), vec![]),
        (of("dftt-14-iso9660-1.zip", "iso-endian.iso"), vec![]),
        (of("nps-2009-hfsjtest1.zip", "image.gen1.dmg"), vec![]),
        (vec![real.join("nps-2010-emails.E01")], vec![]),
        (vec![real.join("ext2.E01")], link.clone()),
        (vec![real.join("ext2.split.E01"), real.join("ext2.split.E02")], link.clone()),
        (vec![real.join("ext2.splitraw.000"), real.join("ext2.splitraw.001")], link),
    ]
}

#[test]
fn every_content_of_the_public_images_is_what_icat_prints() {
    let Some(real) = real_images() else { return };
    if !have(&["icat"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (files, known) in images(&real, folder.path()) {
        let mut listing = Listing::of(&files);
        let name = files[0].file_name().unwrap().to_string_lossy().into_owned();
        println!("{name}: {} entries, {} gaps", listing.entries.len(), listing.gaps.len());
        assert!(!listing.entries.is_empty(), "{name}: {:?}", listing.gaps);
        let differences = listing.differences();
        let paths: Vec<_> = differences.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, known, "{name}: {differences:?}");
    }
}

#[test]
fn every_file_that_fls_lists_is_listed() {
    let Some(real) = real_images() else { return };
    if !have(&["fls"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (files, _) in images(&real, folder.path()) {
        let listing = Listing::of(&files);
        let ours: HashSet<_> =
            listing.entries.iter().map(|(volume, e)| (*volume, address(e), e.path())).collect();
        let mut seen = 0;
        for volume in 0..listing.volumes.len() {
            for (at, path) in listing.fls(volume) {
                seen += 1;
                // One hole as long as the volume: left out, as the library's documentation says.
                if path == "/$BadClus:$Bad" {
                    continue;
                }
                let at = at.split('-').next().unwrap().to_owned();
                assert!(
                    ours.contains(&(volume, at.clone(), path.as_str())),
                    "{files:?}: {at} {path}"
                );
            }
        }
        assert!(seen > 0, "{files:?}");
    }
}

/// What a program of the library prints of one volume of an image.
fn printed(program: &str, listing: &Listing, volume: usize, more: &[&str]) -> String {
    let sector = (listing.volumes[volume].offset.0 / 512).to_string();
    let output = Command::new(program)
        .env("TZ", "UTC0")
        .args(["-o", &sector])
        .args(&listing.files)
        .args(more)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn sizes_and_times_are_those_that_istat_prints() {
    let Some(real) = real_images() else { return };
    if !have(&["istat"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (mut sizes, mut times) = (0, 0);
    for (files, _) in images(&real, folder.path()) {
        let listing = Listing::of(&files);
        for (volume, entry) in listing.entries.iter().take(60) {
            let told = printed("istat", &listing, *volume, &[&address(entry)]).to_lowercase();
            let size = format!("size: {}", entry.size);
            let is_told = told.lines().any(|line| line.trim_end().ends_with(&size));
            assert!(is_told, "{files:?} {}: {size} in {told}", entry.forensic_path());
            sizes += 1;
            // istat leaves out the zone that the record has.
            if entry.fs_type() == "iso9660" {
                continue;
            }
            let Times { created, modified, accessed, changed } = entry.times();
            for time in [created, modified, accessed, changed].into_iter().flatten() {
                let seconds = format!("@{}", time.div_euclid(1_000_000_000));
                let format = "+%Y-%m-%d %H:%M:%S";
                let wanted = run("date", &["-u", "-d", &seconds, format]);
                let wanted = String::from_utf8(wanted).unwrap();
                assert!(told.contains(wanted.trim()), "{}: {wanted} in {told}", entry.path());
                times += 1;
            }
        }
    }
    println!("{sizes} sizes and {times} times");
    assert!(sizes > 90 && times > 250);
}

#[test]
fn whatever_tsk_recover_recovers_is_an_entry_with_the_same_bytes() {
    let Some(real) = real_images() else { return };
    if !have(&["tsk_recover"]) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut compared = 0;
    for (number, (files, known)) in images(&real, folder.path()).into_iter().enumerate() {
        let mut listing = Listing::of(&files);
        let ours: Vec<_> = listing.digests().into_iter().map(Result::ok).collect();
        for volume in 0..listing.volumes.len() {
            let out = folder.path().join(format!("{number}-{volume}"));
            fs::create_dir(&out).unwrap();
            printed("tsk_recover", &listing, volume, &["-e", out.to_str().unwrap()]);
            for file in files_below(&out) {
                let md5 = common::hex(&md5::Md5::digest(fs::read(&file).unwrap()));
                let name = file.file_name().unwrap().to_string_lossy().into_owned();
                let there = listing.entries.iter().zip(&ours);
                let found = there.filter(|((_, entry), _)| entry.path().ends_with(&name)).any(
                    |((_, entry), digest)| {
                        let differs = known.contains(&entry.forensic_path());
                        digest.as_ref() == Some(&md5) || differs
                    },
                );
                assert!(found, "{files:?}: {} has {md5}", file.display());
                compared += 1;
            }
        }
    }
    println!("{compared} files");
    assert!(compared > 60, "{compared}");
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_below(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// The metadata address alone: `fls` shows the attribute for NTFS only.
fn address(entry: &Entry) -> String {
    entry.fs_address().split('-').next().unwrap().to_owned()
}
