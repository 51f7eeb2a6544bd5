//! Real images that others made, where the folder that holds them is there: published digests.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use pendeen_item::Item;
use support::{examine, have, items, real_images, recipe, text};

/// The image inside a ZIP archive of the folder.
fn unpacked(folder: &Path, archive: &str, member: &str, dir: &Path) -> PathBuf {
    recipe("unzip", &["-q", "-o", "-j", text(&folder.join(archive)), member, "-d", text(dir)]);
    let image = fs::read_dir(dir).unwrap().flatten().find(|e| {
        member.trim_start_matches('*') == e.file_name().to_str().unwrap()
            || e.file_name().to_str().unwrap().ends_with(member.trim_start_matches('*'))
    });
    image.unwrap().path()
}

/// Rows of expected.csv for an image: path, size, MD5, note.
fn expected(folder: &Path, image: &str) -> Vec<(String, u64, String, String)> {
    fs::read_to_string(folder.join("expected.csv"))
        .unwrap()
        .lines()
        .filter_map(|line| {
            let cells: Vec<_> = line.splitn(5, ',').collect();
            (cells[0] == image).then(|| {
                let size = cells[2].parse().unwrap();
                (cells[1].into(), size, cells[3].into(), cells[4].trim_matches('"').into())
            })
        })
        .collect()
}

/// The item of a published path and size: the file by its last component, since orphans have
/// no path of their own, but for its first letter, which FAT overwrites on deletion.
fn find<'a>(all: &'a [Item], path: &str, size: u64, md5: &str) -> Option<&'a Item> {
    let name = path.rsplit('/').next().unwrap();
    all.iter().find(|item| {
        item.name.len() == name.len()
            && item.name[1..].eq_ignore_ascii_case(&name[1..])
            && item.size_bytes == size
            && item.md5.is_some_and(|got| hex::encode(got) == md5)
    })
}

#[test]
fn all_nine_deleted_streams_of_the_ntfs_image_have_their_published_digests() {
    let Some(folder) = real_images().filter(|_| have(&["unzip"])) else { return };
    let dir = tempfile::tempdir().unwrap();
    let image = unpacked(&folder, "dftt-7-undel-ntfs.zip", "*.dd", dir.path());
    let out = dir.path().join("out");
    let examination = examine(&[&image], &[], &out, 2).unwrap();
    assert_eq!(examination.counts.entries, examination.counts.items);
    let all = items(&out);
    let wanted = expected(&folder, "dftt-7-undel-ntfs");
    assert_eq!(wanted.len(), 9);
    for (path, size, md5, _) in wanted {
        assert!(find(&all, &path, size, &md5).is_some(), "{path} with MD5 {md5} is missing");
    }
}

#[test]
fn the_deleted_files_of_the_fat_image_have_their_published_digests_also_in_pieces() {
    let Some(folder) = real_images().filter(|_| have(&["unzip"])) else { return };
    let dir = tempfile::tempdir().unwrap();
    let image = unpacked(&folder, "dftt-6-undel-fat.zip", "*.dd", dir.path());
    let out = dir.path().join("out");
    examine(&[&image], &[], &out, 2).unwrap();
    let all = items(&out);
    let wanted = expected(&folder, "dftt-6-undel-fat");
    assert_eq!(wanted.iter().filter(|(.., note)| note != "wrong").count(), 6);
    for (path, size, md5, note) in wanted {
        assert_eq!(find(&all, &path, size, &md5).is_some(), note != "wrong", "{path} {md5}");
    }
}

#[test]
fn one_volume_in_three_containers_has_the_same_items() {
    let Some(folder) = real_images() else { return };
    let dir = tempfile::tempdir().unwrap();
    let all: Vec<_> = ["ext2.splitraw.000", "ext2.E01", "ext2.split.E01"]
        .iter()
        .map(|name| {
            let out = dir.path().join(name);
            let examination = examine(&[&folder.join(name)], &[], &out, 2).unwrap();
            assert!(examination.counts.items > 0, "{name}");
            items(&out)
        })
        .collect();
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
}

#[test]
fn the_image_with_documents_is_verified_and_its_documents_recognised() {
    let Some(folder) = real_images() else { return };
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let source = folder.join("nps-2010-emails.E01");
    let image = pendeen_evidence::image::open(std::slice::from_ref(&source)).unwrap();
    let found = pendeen_examine::image_verify(image.as_ref(), 2.try_into().unwrap());
    assert_eq!(found.md5, "2f5ec5894f7fe3cea93bd29e7cf1eb50");
    assert_eq!(found.matches, Some(true));
    let counts = examine(&[&source], &[], &out, 2).unwrap().counts;
    for media_type in [
        "application/pdf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "text/plain",
    ] {
        assert!(counts.by_media_type.contains_key(media_type), "{:?}", counts.by_media_type);
    }
}
