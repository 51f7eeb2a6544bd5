//! Public images against the DFXML that was published with them: names, sizes, places, digests.
//!
//! They are not part of the repository; without them the test says so and passes.
#![allow(clippy::unwrap_used, reason = "a test may fail so")]

mod common;

use std::fs;

use common::fixture::unzip;
use common::listing::Listing;
use common::real_images;
use pendeen_evidence::entry::{Content, Run};

/// A file as the DFXML has it.
struct Published {
    path: String,
    size: u64,
    /// Where each stretch of its bytes begins in the image, and how long it is.
    runs: Vec<(u64, u64)>,
    md5: Option<String>,
}

/// What stands between an opening tag and its end.
fn inner<'a>(text: &'a str, tag: &str) -> Option<&'a str> {
    let from = text.find(&format!("<{tag}>"))? + tag.len() + 2;
    Some(&text[from..from + text[from..].find('<')?])
}

fn attribute(tag: &str, name: &str) -> Option<u64> {
    let from = tag.find(&format!("{name}='"))? + name.len() + 2;
    tag[from..].split('\'').next()?.parse().ok()
}

/// The regular files of a DFXML.
fn published(text: &str) -> Vec<Published> {
    let objects = text.split("<fileobject>").skip(1);
    let regular = objects.filter(|object| inner(object, "name_type") == Some("r"));
    regular
        .map(|object| {
            let data = object.split("<byte_runs").find(|part| part.contains("file_offset='0'"));
            let runs = data.unwrap_or_default().split("<byte_run ").skip(1);
            let md5 = object.split("<hashdigest type='md5'>").nth(1);
            Published {
                path: format!("/{}", inner(object, "filename").unwrap()),
                size: inner(object, "filesize").unwrap().parse().unwrap(),
                runs: runs
                    .filter_map(|run| attribute(run, "img_offset").zip(attribute(run, "len")))
                    .collect(),
                md5: md5.map(|rest| rest[..32].to_owned()),
            }
        })
        .collect()
}

#[test]
fn every_regular_file_of_a_published_dfxml_is_found_with_its_size_place_and_digest() {
    let Some(real) = real_images() else { return };
    let folder = tempfile::tempdir().unwrap();
    for (archive, image, truth, files, digests) in [
        ("dftt-5-fat-daylight.zip", "daylight.dd", "daylight.xml", 2, 0),
        ("dftt-14-iso9660-1.zip", "iso-dirtree1.iso", "iso-dirtree1.xml", 1, 0),
        ("nps-2009-hfsjtest1.zip", "image.gen1.dmg", "image.gen1.xml", 12, 11),
    ] {
        let path = folder.path().join(image);
        fs::write(&path, unzip(&real.join(archive), image)).unwrap();
        let text = String::from_utf8(unzip(&real.join(archive), truth)).unwrap();
        let mut listing = Listing::of_file(&path);
        let ours = listing.digests();
        let published = published(&text);
        let mut compared = 0;
        for file in &published {
            let there = listing.entries.iter().zip(&ours);
            let found = there.filter(|((_, entry), _)| entry.path() == file.path).find(
                |((_, entry), digest)| {
                    let same =
                        file.md5.as_ref().is_none_or(|md5| digest.as_ref().ok() == Some(md5));
                    entry.size.0 == file.size && same
                },
            );
            let ((_, entry), _) = found.unwrap_or_else(|| panic!("{image}: no {}", file.path));
            compared += usize::from(file.md5.is_some());
            let Content::Runs(runs) = &entry.content else { continue };
            let placed = runs.iter().filter_map(|run| match run {
                Run::Data { at, len } => Some((at.0, len.0)),
                _ => None,
            });
            assert!(file.runs.is_empty() || placed.eq(file.runs.iter().copied()), "{}", file.path);
        }
        println!("{image}: {} files, {compared} digests", published.len());
        assert_eq!((published.len(), compared), (files, digests), "{image}");
    }
}
