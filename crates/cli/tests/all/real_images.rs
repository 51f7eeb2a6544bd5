//! Real images that others made, through the program: published digests. They are no part of
//! the repository; without them these tests say so and hold nothing.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::recipe::unzip;
use crate::support::{examine, items, pendeen, real_images, record, text};

/// A row of `expected.csv`.
struct Expected {
    image: String,
    path: String,
    size: u64,
    md5: String,
    note: String,
}

/// The rows of `expected.csv` that hold without an inference.
fn expected(folder: &Path) -> Vec<Expected> {
    let text = fs::read_to_string(folder.join("expected.csv")).unwrap();
    let rows = text.lines().skip(1).map(|line| {
        let cells: Vec<&str> = line.splitn(5, ',').collect();
        let [image, path, size, md5, note] = cells.try_into().unwrap();
        let note = note.trim_matches('"').to_owned();
        let (image, path, md5) = (image.to_owned(), path.to_owned(), md5.to_owned());
        Expected { image, path, size: size.parse().unwrap(), md5, note }
    });
    rows.collect()
}

/// The image in an archive of the folder.
fn unpacked(folder: &Path, name: &str, into: &Path) -> PathBuf {
    let image = into.join(format!("{name}.dd"));
    fs::write(&image, unzip(&folder.join(format!("{name}.zip")), ".dd")).unwrap();
    image
}

#[test]
fn every_published_digest_is_found() {
    let Some(folder) = real_images() else { return };
    let dir = tempfile::tempdir().unwrap();
    let rows = expected(&folder);
    let mut held = 0;
    for image in ["dftt-6-undel-fat", "dftt-7-undel-ntfs"] {
        let out = dir.path().join(image);
        examine(&[&unpacked(&folder, image, dir.path())], &out, &[]);
        let items = items(&out);
        for row in rows.iter().filter(|row| row.image == image && row.note != "wrong") {
            // Orphans have no path of their own; FAT overwrites the first letter on deletion.
            let name = row.path.rsplit('/').next().unwrap();
            let found = items.iter().find(|item| {
                item.name.len() == name.len()
                    && item.name[1..].eq_ignore_ascii_case(&name[1..])
                    && item.md5.is_some_and(|md5| hex::encode(md5) == row.md5)
            });
            let item = found.unwrap_or_else(|| panic!("{image}{} is missing", row.path));
            assert_eq!(item.size_bytes, row.size, "{image}{}", row.path);
            assert_eq!(item.origin.key(), "deleted", "{image}{}", row.path);
            assert_eq!(item.gap, None, "{image}{}", row.path);
            held += 1;
        }
    }
    assert_eq!(held, 15, "nine streams of NTFS and six files of FAT");
    assert!(rows.iter().all(|row| row.image.starts_with("dftt-")), "an image is not examined here");
}

#[test]
fn the_disk_with_documents_has_the_digest_it_stores_and_all_its_files() {
    let Some(folder) = real_images() else { return };
    let source = folder.join("nps-2010-emails.E01");
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    examine(&[&source], &out, &[]).ended(0);
    let record = record(&out);
    let verified = &record["sources"][0]["verified"];
    assert_eq!(verified["md5"], "2f5ec5894f7fe3cea93bd29e7cf1eb50");
    assert_eq!(verified["matches"], true);
    assert_eq!(record["sources"][0]["volumes"][0]["offset_bytes"], 512);
    let types = record["counts"]["by_media_type"].as_object().unwrap();
    assert!(types.contains_key("application/pdf") && types.contains_key("text/plain"), "{types:?}");
    let ran = pendeen(["image", "verify", text(&source), "--json"]).ended(0).json();
    assert_eq!(ran["matches"], true);
}

#[test]
fn one_volume_in_raw_and_e01_containers_has_the_same_bytes_and_items() {
    let Some(folder) = real_images() else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut found = Vec::new();
    for name in ["ext2.splitraw.000", "ext2.E01", "ext2.split.E01"] {
        let (source, out) = (folder.join(name), dir.path().join(name));
        examine(&[&source], &out, &[]).ended(0);
        found.push(items(&out));
        let ran = pendeen(["image", "verify", text(&source), "--json"]).ended(0).json();
        assert_eq!(ran["md5"], "196066add11fb71c4c49cf1bb50d6d24", "{name}");
        let bytes = pendeen(["image", "cat", text(&source)]).ended(0);
        assert_eq!(bytes.bytes().len(), 4 << 20, "{name}");
        let info = pendeen(["image", "info", text(&source), "--json"]).ended(0).json();
        assert_eq!(info["len_bytes"], 4 << 20, "{info}");
    }
    assert!(!found[0].is_empty());
    assert!(found.iter().all(|items| *items == found[0]));
}
