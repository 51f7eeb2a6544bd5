//! Examinations of what lies inside archives, built by recipe.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pendeen_evidence::unit::ByteLen;
use pendeen_examine::{Nesting, Silent, item_content, run};
use pendeen_fingerprint::Digests;
use pendeen_item::{Gap, Item, Origin, Stage, read_gaps};
use support::zip::{Member, gzip, member, tar, tar_member, zip, zstd};
use support::{examine, have, items, noise, options, recipe, tables, text};

const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0 a landscape";

fn gaps(out: &Path) -> Vec<Gap> {
    read_gaps(&out.join("gaps.parquet")).unwrap()
}

fn by_path(out: &Path) -> BTreeMap<String, Item> {
    items(out).into_iter().map(|item| (item.forensic_path.clone(), item)).collect()
}

/// Examines `files` of a folder on two threads.
fn folder(dir: &Path, files: &[(&str, Vec<u8>)]) -> (BTreeMap<String, Item>, Vec<Gap>) {
    let (source, out) = (dir.join("seized"), dir.join("out"));
    fs::create_dir_all(&source).unwrap();
    for (name, bytes) in files {
        fs::write(source.join(name), bytes).unwrap();
    }
    examine(&[&source], &[], &out, 2).unwrap();
    (by_path(&out), gaps(&out))
}

#[track_caller]
fn has(found: &BTreeMap<String, Item>, path: &str, bytes: &[u8]) {
    let item = found.get(path).unwrap_or_else(|| panic!("{path}: {:?}", found.keys()));
    assert_eq!(item.sha256, Some(Digests::of(bytes).sha256), "{path}");
    assert_eq!(item.size_bytes, bytes.len() as u64, "{path}");
}

#[test]
fn members_of_archives_are_items_below_their_archive_on_every_level() {
    let dir = tempfile::tempdir().unwrap();
    let long = noise(1, 700_000);
    let inner = zip(&[member("pictures/a.jpg", JPEG)]);
    let packed = gzip(&tar(&[("./b/long.bin", &long), ("c.zip", &inner)]));
    let outer = zip(&[member("d/", b""), member("d/e.tar.gz", &packed), member("f.jpg", JPEG)]);
    let (found, gaps) = folder(dir.path(), &[("x.zip", outer), ("y.txt.gz", gzip(b"words"))]);
    assert_eq!(gaps, []);
    has(&found, "/x.zip!/f.jpg", JPEG);
    has(&found, "/x.zip!/d/e.tar.gz!/./b/long.bin", &long);
    has(&found, "/x.zip!/d/e.tar.gz!/c.zip!/pictures/a.jpg", JPEG);
    has(&found, "/y.txt.gz!/y.txt", b"words");
    assert_eq!(found.len(), 8, "{:?}", found.keys());
    let deepest = &found["/x.zip!/d/e.tar.gz!/c.zip!/pictures/a.jpg"];
    assert_eq!(deepest.parent.as_deref(), Some("/x.zip!/d/e.tar.gz!/c.zip"));
    assert_eq!(deepest.origin, Origin::Embedded);
    assert_eq!(deepest.media_type.as_deref(), Some("image/jpeg"));
    assert_eq!((deepest.path.as_str(), deepest.name.as_str()), ("/pictures/a.jpg", "a.jpg"));
    assert_eq!(deepest.modified, Some(1_795_596_012_000_000_000));
    assert_eq!(found["/x.zip!/d/e.tar.gz!/./b/long.bin"].path, "/b/long.bin");
}

#[test]
fn the_same_tables_come_of_one_thread_and_of_several() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("seized");
    fs::create_dir(&source).unwrap();
    for n in 0..12_u8 {
        let bytes = noise(n.into(), 3000 * usize::from(n));
        let inner = zip(&[member("same", b"same in all"), member("own", &bytes)]);
        let outer =
            zip(&[member("inner.zip", &inner), member("shared.zip", &zip(&[member("s", JPEG)]))]);
        fs::write(source.join(format!("{n}.zip")), outer).unwrap();
        fs::write(source.join(format!("{n}.docx")), &inner[..inner.len() - 30]).unwrap();
    }
    let tables = [1, 3, 2].map(|threads| {
        let out = dir.path().join(format!("out{threads}"));
        examine(&[&source], &[], &out, threads).unwrap();
        tables(&out)
    });
    assert_eq!(tables[0], tables[1]);
    assert_eq!(tables[0], tables[2]);
}

#[test]
fn an_archive_as_a_source_gives_live_files_with_their_paths_times_and_digests() {
    let dir = tempfile::tempdir().unwrap();
    let inner = zip(&[member("a.jpg", JPEG)]);
    let tape = tar(&[("DCIM/1.jpg", JPEG), ("c.zip", &inner)]);
    let packed = zip(&[member("DCIM/1.jpg", JPEG), member("c.zip", &inner)]);
    let sources = [
        ("p.zip", packed, "zip"),
        ("p.tar", tape.clone(), "tar"),
        ("p.tgz", gzip(&tape), "tar"),
        ("p.tar.zst", zstd(&tape), "tar"),
    ];
    for (name, bytes, fs_type) in sources {
        let (source, out) = (dir.path().join(name), dir.path().join(format!("{name}-out")));
        fs::write(&source, bytes).unwrap();
        let examination = examine(&[&source], &[], &out, 1).unwrap();
        assert_eq!(gaps(&out), [], "{name}");
        assert_eq!(examination.counts.entries, examination.counts.items);
        let found = by_path(&out);
        let path = format!("{fs_type}:/DCIM/1.jpg");
        has(&found, &path, JPEG);
        has(&found, &format!("{fs_type}:/c.zip!/a.jpg"), JPEG);
        let item = &found[&path];
        assert_eq!((item.origin, item.fs_type.as_str()), (Origin::Live, fs_type));
        assert_eq!((item.path.as_str(), &item.parent), ("/DCIM/1.jpg", &None));
        assert_eq!(item.modified, Some(1_795_596_012_000_000_000));
    }
}

#[test]
fn an_image_in_an_archive_and_an_archive_in_that_image_are_opened() {
    if !have(&["mke2fs"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (root, image) = (dir.path().join("tree"), dir.path().join("disk.dd"));
    fs::create_dir(&root).unwrap();
    fs::write(root.join("in.zip"), zip(&[member("a.jpg", JPEG)])).unwrap();
    fs::write(root.join("plain.jpg"), JPEG).unwrap();
    recipe("mke2fs", &["-q", "-t", "ext4", "-d", text(&root), text(&image), "4M"]);
    let bytes = fs::read(&image).unwrap();
    let (found, gaps) = folder(dir.path(), &[("phone.zip", zip(&[member("disk.dd", &bytes)]))]);
    assert_eq!(gaps, []);
    has(&found, "/phone.zip!/disk.dd!/ext4:/plain.jpg", JPEG);
    has(&found, "/phone.zip!/disk.dd!/ext4:/in.zip!/a.jpg", JPEG);
    let plain = &found["/phone.zip!/disk.dd!/ext4:/plain.jpg"];
    assert_eq!(plain.parent.as_deref(), Some("/phone.zip!/disk.dd"));
    assert_eq!((plain.origin, plain.fs_type.as_str()), (Origin::Live, "ext4"));
}

#[test]
fn names_that_lead_elsewhere_or_are_the_same_stay_text_and_are_told_apart() {
    let dir = tempfile::tempdir().unwrap();
    let raw = Member { name: b"\x9abung.jpg", ..member("", b"old name") };
    let archive = zip(&[
        member("../../etc/x", b"out"),
        member("/abs", b"absolute"),
        member("same", b"1"),
        member("same", b"2"),
        raw,
        member("back\\slash", b"b"),
    ]);
    let (found, gaps) = folder(dir.path(), &[("a.zip", archive)]);
    assert_eq!(gaps, []);
    has(&found, "/a.zip!/../../etc/x", b"out");
    has(&found, "/a.zip!//abs", b"absolute");
    has(&found, "/a.zip!/same", b"1");
    has(&found, "/a.zip!/same@3", b"2");
    has(&found, "/a.zip!/\\x9abung.jpg", b"old name");
    assert_eq!(found["/a.zip!/\\x9abung.jpg"].name, "\u{dc}bung.jpg");
    has(&found, "/a.zip!/back\\\\slash", b"b");
    assert!(!dir.path().parent().unwrap().join("etc/x").exists());
}

#[test]
fn encrypted_members_and_formats_without_a_reader_are_items_and_gaps() {
    let dir = tempfile::tempdir().unwrap();
    let secret = Member { flags: 1, ..member("secret.jpg", JPEG) };
    let files = [
        ("a.zip", zip(&[secret, member("open.jpg", JPEG)])),
        ("b.7z", b"7z\xbc\xaf\x27\x1c rest".to_vec()),
        ("c.rar", b"Rar!\x1a\x07\x01\0 rest".to_vec()),
    ];
    let (found, gaps) = folder(dir.path(), &files);
    has(&found, "/a.zip!/open.jpg", JPEG);
    let secret = &found["/a.zip!/secret.jpg"];
    assert_eq!((secret.sha256, secret.size_bytes), (None, JPEG.len() as u64));
    assert_eq!(secret.encrypted.as_deref(), Some("container"));
    assert_eq!(secret.time_zone.as_deref(), Some("unknown"));
    let told: Vec<_> = gaps.iter().map(|gap| (gap.forensic_path.as_str(), gap.stage)).collect();
    assert_eq!(
        told,
        [
            ("/a.zip!/secret.jpg", Stage::Content),
            ("/b.7z", Stage::Decode),
            ("/c.rar", Stage::Decode)
        ]
    );
}

#[test]
fn a_damaged_archive_gives_what_can_be_had_and_says_what_cannot() {
    let dir = tempfile::tempdir().unwrap();
    let whole = zip(&[member("a.jpg", JPEG), member("b.bin", &noise(3, 4000)), member("c", b"c")]);
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    let files = [("flipped.zip", flipped), ("cut.zip", whole[..3000].to_vec())];
    let (found, gaps) = folder(dir.path(), &files);
    has(&found, "/flipped.zip!/a.jpg", JPEG);
    has(&found, "/flipped.zip!/c", b"c");
    assert_eq!(found["/flipped.zip!/b.bin"].sha256, None);
    has(&found, "/cut.zip!/a.jpg", JPEG);
    assert_eq!(found["/cut.zip!/b.bin"].sha256, None);
    let told: Vec<_> = gaps.iter().map(|gap| gap.forensic_path.as_str()).collect();
    assert_eq!(told, ["/cut.zip", "/cut.zip!/b.bin", "/flipped.zip!/b.bin"]);
}

#[test]
fn links_devices_and_sparse_files_of_tape_archives_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let archive = [
        tar_member("a.jpg", JPEG, b'0', ""),
        tar_member("hard.jpg", b"", b'1', "a.jpg"),
        tar_member("soft.jpg", b"", b'2', "a.jpg"),
        tar_member("lost.jpg", b"", b'1', "elsewhere.jpg"),
        tar_member("device", b"", b'3', ""),
        tar_member("sparse", b"data", b'S', ""),
        tar_member("folder/", b"", b'5', ""),
        vec![0; 1024],
    ]
    .concat();
    let (found, gaps) = folder(dir.path(), &[("a.tar", archive)]);
    has(&found, "/a.tar!/a.jpg", JPEG);
    has(&found, "/a.tar!/hard.jpg", JPEG);
    let owned = &found["/a.tar!/a.jpg"];
    assert_eq!((owned.owner_id, owned.group_id, &owned.time_zone), (Some(1000), Some(100), &None));
    assert_eq!(found.len(), 7, "{:?}", found.keys());
    let told: Vec<_> = gaps.iter().map(|gap| gap.forensic_path.as_str()).collect();
    assert_eq!(told, ["/a.tar!/device", "/a.tar!/lost.jpg", "/a.tar!/soft.jpg", "/a.tar!/sparse"]);
}

/// Examines one file with these limits.
fn limited(
    dir: &Path,
    name: &str,
    bytes: &[u8],
    nesting: Nesting,
) -> (BTreeMap<String, Item>, Vec<Gap>) {
    let (source, out) = (dir.join("seized"), dir.join(format!("{name}-out")));
    fs::create_dir_all(&source).unwrap();
    fs::write(source.join(name), bytes).unwrap();
    let options = pendeen_examine::Options { nesting, ..options(&[&source], &[], &out, 2) };
    let examination = run(&options, &Silent).unwrap();
    assert_eq!(examination.counts.entries, examination.counts.items);
    fs::remove_file(source.join(name)).unwrap();
    (by_path(&out), gaps(&out))
}

#[test]
fn bombs_end_at_a_limit_that_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let nesting = Nesting { floor_bytes: 4 << 20, ratio: 20, ..Nesting::default() };
    let zeros = vec![0; 6 << 20];
    // Flat.
    let flat = zip(&[member("zeros", &zeros), member("small", b"small")]);
    let (found, gaps) = limited(dir.path(), "flat.zip", &flat, nesting);
    assert_eq!(found["/flat.zip!/zeros"].sha256, None);
    assert!(gaps.iter().any(|gap| gap.reason.contains("4194304 bytes")), "{gaps:?}");
    // Nested, each level the same content many times over.
    let mut bomb = zip(&[member("z", b"zeros")]);
    for _ in 0..6 {
        let names: Vec<String> = (0..10).map(|n| format!("{n}.zip")).collect();
        let members: Vec<_> = names.iter().map(|name| member(name, &bomb)).collect();
        bomb = zip(&members);
    }
    let few = Nesting { items: 2000, ..nesting };
    let (found, gaps) = limited(dir.path(), "nested.zip", &bomb, few);
    assert!(found.len() <= 2001, "{}", found.len());
    assert!(gaps.iter().any(|gap| gap.reason.contains("more lie inside one file")), "{gaps:?}");
    // Deeper than is opened.
    let shallow = Nesting { depth: 2, ..nesting };
    let (_, gaps) = limited(dir.path(), "deep.zip", &bomb, shallow);
    assert!(gaps.iter().any(|gap| gap.reason.contains("it lies 3 deep")), "{gaps:?}");
    // More members than are read.
    let two = Nesting { members: 2, ..nesting };
    let many = zip(&[member("1", b"1"), member("2", b"2"), member("3", b"3")]);
    let (found, gaps) = limited(dir.path(), "many.zip", &many, two);
    assert_eq!((found.len(), gaps.len()), (3, 1), "{gaps:?}");
}

#[test]
fn members_that_share_their_bytes_and_claims_without_end_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    // The directory names the same bytes again and again.
    let one = zip(&[member("a", &vec![7; 100_000])]);
    let directory = one.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    let entry = &one[directory..one.len() - 22];
    let mut overlapping = one[..directory].to_vec();
    for n in 0..50_u8 {
        let mut entry = entry.to_vec();
        *entry.last_mut().unwrap() = b'a' + n;
        overlapping.extend_from_slice(&entry);
    }
    let len = u32::try_from(entry.len() * 50).unwrap();
    overlapping.extend_from_slice(b"PK\x05\x06\0\0\0\0\x32\0\x32\0");
    overlapping.extend_from_slice(&len.to_le_bytes());
    overlapping.extend_from_slice(&u32::try_from(directory).unwrap().to_le_bytes());
    overlapping.extend_from_slice(&[0, 0]);
    let (found, gaps) = limited(dir.path(), "o.zip", &overlapping, Nesting::default());
    assert_eq!((found.len(), gaps.len()), (51, 49), "{gaps:?}");
    // A member of a tape archive that claims 2^63 bytes.
    let mut header = support::zip::tar_header(b"huge", 0, b'0', b"");
    header[124..136].copy_from_slice(b"\x80\0\0\0\x80\0\0\0\0\0\0\0");
    support::zip::seal(&mut header);
    let (found, gaps) =
        limited(dir.path(), "h.tar", &[&header[..], &[1; 700]].concat(), Nesting::default());
    assert_eq!(found["/h.tar!/huge"].size_bytes, 1 << 63);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
}

#[test]
fn a_content_met_twice_is_opened_once_and_every_occurrence_has_its_items_and_gaps() {
    let dir = tempfile::tempdir().unwrap();
    let secret = Member { flags: 1, ..member("secret", JPEG) };
    let twice = zip(&[member("a.jpg", JPEG), secret]);
    let files = [
        ("1.zip", twice.clone()),
        ("2.zip", twice.clone()),
        ("3.zip", zip(&[member("4.zip", &twice)])),
    ];
    let (found, gaps) = folder(dir.path(), &files);
    for place in ["/1.zip", "/2.zip", "/3.zip!/4.zip"] {
        has(&found, &format!("{place}!/a.jpg"), JPEG);
        assert_eq!(found[&format!("{place}!/a.jpg")].parent.as_deref(), Some(place));
        assert!(gaps.iter().any(|gap| gap.forensic_path == format!("{place}!/secret")));
    }
}

#[test]
fn a_worker_that_dies_costs_one_gap_a_container() {
    let dir = tempfile::tempdir().unwrap();
    let (source, out) = (dir.path().join("seized"), dir.path().join("out"));
    fs::create_dir(&source).unwrap();
    fs::write(source.join("a.zip"), zip(&[member("a.jpg", JPEG)])).unwrap();
    fs::write(source.join("b.zip"), zip(&[member("b.jpg", JPEG)])).unwrap();
    let options = pendeen_examine::Options {
        content: support::worker("crash"),
        ..options(&[&source], &[], &out, 1)
    };
    run(&options, &Silent).unwrap();
    let told: Vec<_> = gaps(&out).into_iter().map(|gap| gap.forensic_path).collect();
    assert_eq!(told, ["/a.zip", "/b.zip"]);
    assert_eq!(items(&out).len(), 2);
}

#[test]
fn the_bytes_of_an_item_inside_others_can_be_had_again() {
    let dir = tempfile::tempdir().unwrap();
    let tape = [
        tar_member("a.jpg", JPEG, b'0', ""),
        tar_member("hard.jpg", b"", b'1', "a.jpg"),
        vec![0; 1024],
    ]
    .concat();
    let inner = gzip(&tape);
    let source = dir.path().join("phone.zip");
    fs::write(&source, zip(&[member("x", b"x"), member("in.tgz", &inner)])).unwrap();
    let in_folder = dir.path().join("seized");
    fs::create_dir(&in_folder).unwrap();
    fs::copy(&source, in_folder.join("phone.zip")).unwrap();
    for (source, prefix) in [(&source, "zip:"), (&in_folder, "/phone.zip!")] {
        let out = dir.path().join(format!("out{}", prefix.len()));
        examine(&[source], &[], &out, 1).unwrap();
        let found = by_path(&out);
        for name in ["a.jpg", "hard.jpg"] {
            let item = &found[&format!("{prefix}/in.tgz!/{name}")];
            let (again, bytes) =
                item_content(&out, &item.id(), &support::workers(), ByteLen(1 << 20)).unwrap();
            assert_eq!((&again, bytes.as_slice()), (item, JPEG));
        }
    }
}

#[test]
fn the_bytes_of_a_file_in_an_image_in_an_archive_can_be_had_again() {
    if !have(&["mke2fs"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (root, image) = (dir.path().join("tree"), dir.path().join("disk.dd"));
    fs::create_dir(&root).unwrap();
    fs::write(root.join("in.zip"), zip(&[member("a.jpg", JPEG)])).unwrap();
    recipe("mke2fs", &["-q", "-t", "ext4", "-d", text(&root), text(&image), "4M"]);
    let (source, out) = (dir.path().join("phone.tar"), dir.path().join("out"));
    fs::write(&source, tar(&[("disk.dd", &fs::read(&image).unwrap())])).unwrap();
    examine(&[&source], &[], &out, 1).unwrap();
    let found = by_path(&out);
    for path in ["tar:/disk.dd!/ext4:/in.zip", "tar:/disk.dd!/ext4:/in.zip!/a.jpg"] {
        let item = &found[path];
        let (_, bytes) =
            item_content(&out, &item.id(), &support::workers(), ByteLen(1 << 20)).unwrap();
        assert_eq!(Some(Digests::of(&bytes).sha256), item.sha256, "{path}");
    }
}

#[test]
fn a_zipped_extraction_tells_where_its_files_were_on_the_phone() {
    let dir = tempfile::tempdir().unwrap();
    let report = r#"<?xml version="1.0" encoding="utf-8"?>
<project name="p" xmlns="http://pa.cellebrite.com/report/2.0"><taggedFiles>
<file path="/data/media/0/DCIM/IMG_1.jpg" size="24" deleted="Intact"><accessInfo>
<timestamp name="ModifyTime">2026-11-25T08:40:12+00:00</timestamp></accessInfo>
<metadata section="File"><item name="Local Path">files\Image\IMG_1.jpg</item></metadata></file>
<file path="/data/media/0/.trash/IMG_1.jpg" size="24" deleted="Deleted">
<metadata section="File"><item name="Local Path">files\Image\IMG_1.jpg</item></metadata></file>
</taggedFiles></project>"#;
    let source = dir.path().join("phone.ufdr");
    let members = [
        member("files/Image/IMG_1.jpg", JPEG),
        member("report.xml", report.as_bytes()),
        member("files/Text/other.txt", b"other"),
    ];
    fs::write(&source, zip(&members)).unwrap();
    let out = dir.path().join("out");
    examine(&[&source], &[], &out, 1).unwrap();
    assert_eq!(gaps(&out), []);
    let found = by_path(&out);
    let live = &found["ufdr:/files/Image/IMG_1.jpg"];
    assert_eq!(
        (live.path.as_str(), live.name.as_str()),
        ("/data/media/0/DCIM/IMG_1.jpg", "IMG_1.jpg")
    );
    assert_eq!((live.origin, live.fs_type.as_str()), (Origin::Live, "ufdr"));
    assert_eq!(live.modified, Some(1_795_596_012_000_000_000));
    let deleted = &found["ufdr:/files/Image/IMG_1.jpg@3"];
    assert_eq!(
        (deleted.path.as_str(), deleted.origin),
        ("/data/media/0/.trash/IMG_1.jpg", Origin::Deleted)
    );
    has(&found, &deleted.forensic_path, JPEG);
    assert_eq!(found["ufdr:/files/Text/other.txt"].path, "/files/Text/other.txt");
    let (_, bytes) =
        item_content(&out, &deleted.id(), &support::workers(), ByteLen(1 << 20)).unwrap();
    assert_eq!(bytes, JPEG);
}

/// The list of files of a backup with one picture, made by the `sqlite3` program.
fn backup_list(dir: &Path) -> Option<Vec<u8>> {
    if !have(&["sqlite3"]) {
        return None;
    }
    let list = dir.join("Manifest.db");
    let sql = "create table Files(fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB);
        insert into Files values('a1b2000000000000000000000000000000000000','CameraRollDomain','Media/DCIM/100APPLE/IMG_0001.JPG',1,x'');
        insert into Files values('ff00000000000000000000000000000000000000','HomeDomain','Library/lost',1,x'');
        insert into Files values('dd00000000000000000000000000000000000000','HomeDomain','Library',2,x'');";
    recipe("sqlite3", &[text(&list), sql]);
    Some(fs::read(list).unwrap())
}

const BACKED_UP: &str = "a1/a1b2000000000000000000000000000000000000";

#[test]
fn the_files_of_a_backup_have_the_paths_that_they_had_on_the_phone() {
    let dir = tempfile::tempdir().unwrap();
    let Some(list) = backup_list(dir.path()) else { return };
    let backup = tar(&[
        ("b/Manifest.db", &list),
        ("b/Manifest.plist", b"bplist00"),
        (&format!("b/{BACKED_UP}"), JPEG),
    ]);
    let archive = dir.path().join("backup.tar");
    fs::write(&archive, &backup).unwrap();
    let folder = dir.path().join("seized");
    fs::create_dir_all(folder.join("b/a1")).unwrap();
    fs::write(folder.join("b/Manifest.db"), &list).unwrap();
    fs::write(folder.join("b/Manifest.plist"), b"bplist00").unwrap();
    fs::write(folder.join("b").join(BACKED_UP), JPEG).unwrap();
    for (source, prefix) in [(&archive, "tar:"), (&folder, "")] {
        let out = dir.path().join(format!("out{}", prefix.len()));
        examine(&[source], &[], &out, 1).unwrap();
        let item = &by_path(&out)[&format!("{prefix}/b/{BACKED_UP}")];
        assert_eq!(item.path, "/CameraRollDomain/Media/DCIM/100APPLE/IMG_0001.JPG");
        assert_eq!(item.name, "IMG_0001.JPG");
        let [gap] = &gaps(&out)[..] else { panic!("{:?}", gaps(&out)) };
        assert_eq!(gap.reason, "1 of the 2 files that its list has are not in it");
        let (_, bytes) =
            item_content(&out, &item.id(), &support::workers(), ByteLen(1 << 20)).unwrap();
        assert_eq!(bytes, JPEG);
    }
}

#[test]
fn an_encrypted_backup_is_recognised_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let backup = zip(&[
        member("Manifest.db", &noise(9, 4096)),
        member("Manifest.plist", b"bplist00"),
        member(BACKED_UP, &noise(10, 4096)),
    ]);
    let (_, gaps) = folder(dir.path(), &[("backup.zip", backup)]);
    let [gap] = &gaps[..] else { panic!("{gaps:?}") };
    assert_eq!(gap.forensic_path, "/backup.zip!/Manifest.db");
    assert!(gap.reason.contains("the backup is encrypted"), "{}", gap.reason);
}

#[test]
fn archives_of_seven_zip_bzip2_and_xz_are_opened() {
    if !have(&["7zz", "bzip2", "xz"]) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (source, out) = (dir.path().join("seized"), dir.path().join("out"));
    fs::create_dir(&source).unwrap();
    let long = noise(4, 900_000);
    let write = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
    write("a.jpg", JPEG);
    write("long", &long);
    write("t.tar", &tar(&[("a.jpg", JPEG)]));
    let at = |name: &str| text(&dir.path().join(name)).to_owned();
    recipe("7zz", &["a", "-bd", text(&source.join("a.7z")), &at("a.jpg"), &at("long")]);
    recipe("7zz", &["a", "-bd", "-psecret", text(&source.join("s.7z")), &at("a.jpg")]);
    recipe("bzip2", &["-k", &at("t.tar")]);
    recipe("xz", &["-k", &at("t.tar")]);
    for name in ["t.tar.bz2", "t.tar.xz"] {
        fs::rename(dir.path().join(name), source.join(name)).unwrap();
    }
    examine(&[&source], &[], &out, 2).unwrap();
    let found = by_path(&out);
    has(&found, "/a.7z!/a.jpg", JPEG);
    has(&found, "/a.7z!/long", &long);
    has(&found, "/t.tar.bz2!/a.jpg", JPEG);
    has(&found, "/t.tar.xz!/a.jpg", JPEG);
    assert_eq!(found["/s.7z!/a.jpg"].encrypted.as_deref(), Some("container"));
    let gaps = gaps(&out);
    let [gap] = &gaps[..] else { panic!("{gaps:?}") };
    assert_eq!(
        (gap.forensic_path.as_str(), gap.reason.as_str()),
        ("/s.7z!/a.jpg", "it is encrypted")
    );
    for (name, path) in
        [("a.7z", "7z:/a.jpg"), ("t.tar.xz", "tar:/a.jpg"), ("t.tar.bz2", "tar:/a.jpg")]
    {
        let out = dir.path().join(format!("out-{name}"));
        examine(&[&source.join(name)], &[], &out, 1).unwrap();
        has(&by_path(&out), path, JPEG);
    }
    let item = &found["/a.7z!/long"];
    let (_, bytes) = item_content(&out, &item.id(), &support::workers(), ByteLen(1 << 20)).unwrap();
    assert_eq!(bytes, long);
}

#[test]
fn entries_seen_are_items_whatever_is_damaged_in_a_nest_of_containers() {
    let dir = tempfile::tempdir().unwrap();
    let inner = zip(&[member("a.jpg", JPEG), member("b", &noise(2, 300))]);
    let tape = tar(&[("c.zip", &inner), ("d.jpg", JPEG)]);
    let whole = zip(&[member("e.tgz", &gzip(&tape)), member("f.tar", &tape)]);
    let source = dir.path().join("seized");
    fs::create_dir(&source).unwrap();
    // Every 13th byte flipped, and every 97th the end: each a file of its own.
    for at in (0..whole.len()).step_by(13) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        fs::write(source.join(format!("flipped-{at}")), damaged).unwrap();
    }
    for len in (0..whole.len()).step_by(97) {
        fs::write(source.join(format!("cut-{len}")), &whole[..len]).unwrap();
    }
    let both = [1, 2].map(|threads| {
        let out = dir.path().join(format!("out{threads}"));
        let examination = examine(&[&source], &[], &out, threads).unwrap();
        assert_eq!(examination.counts.entries, examination.counts.items);
        let gaps = gaps(&out);
        for item in items(&out) {
            let told = gaps.iter().any(|gap| gap.forensic_path == item.forensic_path);
            assert!(item.sha256.is_some() || told, "{}", item.forensic_path);
        }
        tables(&out)
    });
    assert_eq!(both[0], both[1]);
}

#[test]
fn the_public_images_are_opened_inside_their_archives_and_containers() {
    let Some(folder) = support::real_images() else { return };
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    examine(&[&folder], &[], &out, 2).unwrap();
    let found = by_path(&out);
    // Published digests, through a ZIP in a folder, a volume and a file system.
    let expected = fs::read_to_string(folder.join("expected.csv")).unwrap();
    let mut compared = 0;
    for line in expected.lines().filter(|line| line.starts_with("dftt-7")) {
        let cells: Vec<&str> = line.split(',').collect();
        let orphan = cells[1].ends_with("sing2.dat");
        let path = if orphan { "/$OrphanFiles/sing2.dat" } else { cells[1] };
        let path = format!("/dftt-7-undel-ntfs.zip!/7-undel-ntfs/7-ntfs-undel.dd!/ntfs:{path}");
        assert_eq!(found[&path].md5.map(hex::encode).as_deref(), Some(cells[3]), "{path}");
        compared += 1;
    }
    assert_eq!(compared, 9);
    // One volume in six containers.
    for name in ["split.E01", "splitraw.000", "qcow2", "vhd", "vmdk", "E01"] {
        let item = &found[&format!("/ext2.{name}!/ext2:/passwords.txt")];
        assert_eq!(item.sha256, found["/ext2.E01!/ext2:/passwords.txt"].sha256, "{name}");
    }
    // An archive in an archive in a file system in an E01; an ISO in a ZIP.
    let deep = "/nps-2010-emails.E01!/p1/fat16:/myfile22.zip!/myfile2.zip!/myfile2.txt";
    assert_eq!(found[deep].size_bytes, 30);
    let iso = "/dftt-14-iso9660-1.zip!/14-iso9660-1/iso-dirtree1.iso!/iso9660:";
    assert!(found.keys().any(|path| path.starts_with(iso)), "nothing below {iso}");
    for gap in gaps(&out) {
        println!("{}: {}: {}", gap.forensic_path, gap.wanted, gap.reason);
    }
}
