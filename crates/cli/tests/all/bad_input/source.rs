//! Sources that are not there, not images, cut short, or damaged.

use std::fs;
use std::path::{Path, PathBuf};

use pendeen_evidence::image::ewf::write::{Compression, Recipe, write};
use pendeen_evidence::unit::ByteLen;
use pendeen_item::Stage;
use tempfile::TempDir;

use crate::support::damage::{flip, flip_found, inside, sections};
use crate::support::disk::{self, SMALL, fat, some_files, with_mbr};
use crate::support::{examine, gaps, items, names, noise, pendeen, record, text};

struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file.
    fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    /// Holds that examining a source fails with these words and leaves nothing.
    #[track_caller]
    fn refused(&self, source: &Path, words: &[&str]) {
        let out = self.path("out");
        let before = names(self.dir.path());
        examine(&[source], &out, &[]).failed_saying(words);
        assert_eq!(names(self.dir.path()), before, "something was left behind");
    }

    /// Holds that examining a source ends with gaps, and gives the folder.
    #[track_caller]
    fn gapped(&self, source: &Path) -> PathBuf {
        let out = self.path("out");
        let ran = examine(&[source], &out, &[]).ended(3);
        let found = gaps(&out);
        assert!(!found.is_empty());
        // A person learns at once why, and where the rest stands.
        assert!(ran.stdout().contains(&found[0].reason), "{}", ran.stdout());
        let counts = &record(&out)["counts"];
        assert_eq!(counts["entries"], counts["items"]);
        assert_eq!(counts["gaps"], found.len());
        out
    }
}

/// A disk with one volume, as an E01 of one segment.
fn e01(place: &Place, compression: Compression) -> PathBuf {
    let disk = with_mbr(&[fat(SMALL, &some_files(1))]);
    let path = place.path("disk.E01");
    assert_eq!(disk::e01(&path, &disk, 2_000 << 20, compression).len(), 1);
    path
}

#[test]
fn a_source_that_is_not_there_is_named_with_what_to_check() {
    let place = Place::new();
    let missing = place.path("missing.E01");
    place.refused(&missing, &["missing.E01 cannot be opened", "check the path"]);
    for command in ["info", "verify", "cat"] {
        let ran = pendeen(["image", command, text(&missing)]);
        ran.failed_saying(&["missing.E01 cannot be opened", "check the path"]);
    }
}

#[test]
fn an_empty_source_or_one_that_is_no_file_is_refused() {
    let place = Place::new();
    let empty = place.file("empty.dd", "");
    place.refused(&empty, &["empty.dd is empty", "acquire again"]);
    place.refused(Path::new("/dev/null"), &["neither a file nor a block device"]);
    let ran = pendeen(["image", "info", text(place.dir.path())]);
    ran.failed_saying(&["is a folder, not an image", "pendeen examine takes folders"]);
}

#[test]
fn a_text_or_noise_is_a_raw_image_in_which_nothing_is_found_and_says_so() {
    let place = Place::new();
    let text = ("notes.txt", b"Minutes.\n".repeat(9), "no known file system");
    for (name, bytes, said) in [text, ("noise", noise(1, 100_000), "it looks random")] {
        let source = place.file(name, bytes);
        let out = place.gapped(&source);
        assert!(items(&out).is_empty());
        let found = gaps(&out);
        let gap = found.iter().find(|gap| gap.stage == Stage::FileSystem).unwrap();
        assert!(gap.reason.contains(said), "{gap:?}");
        fs::remove_dir_all(out).unwrap();
    }
}

#[test]
fn an_e01_cut_anywhere_fails_clearly_or_is_examined_as_far_as_it_goes() {
    let place = Place::new();
    let whole = fs::read(e01(&place, Compression::Stored)).unwrap();
    let ends: Vec<usize> = sections(&whole).into_iter().map(|(_, at)| at).collect();
    let mut cuts = vec![1, 7, 12, 13, 20, 88, 89, 200, whole.len() / 2, whole.len() - 1];
    cuts.extend(ends.iter().flat_map(|at| [*at, at + 10, at + 80]));
    let mut examined = 0;
    for cut in cuts.into_iter().filter(|cut| *cut < whole.len()) {
        let source = place.file("disk.E01", &whole[..cut]);
        let out = place.path("out");
        let ran = examine(&[&source], &out, &[]);
        match ran.code() {
            Some(1) => {
                assert!(!out.exists(), "cut to {cut} bytes");
                ran.failed_saying(&["disk.E01"]);
            }
            Some(3) => {
                examined += 1;
                assert!(!gaps(&out).is_empty(), "cut to {cut} bytes");
                fs::remove_dir_all(&out).unwrap();
            }
            // What is lost is behind everything that was acquired.
            Some(0) => panic!("cut to {cut} of {} bytes, and nothing was missed", whole.len()),
            other => panic!("cut to {cut} bytes: {other:?} {}", ran.stderr()),
        }
    }
    assert!(examined > 2);
}

#[test]
fn a_raw_image_that_is_cut_short_keeps_what_is_left_and_names_what_is_not() {
    let place = Place::new();
    let disk = with_mbr(&[fat(SMALL, &some_files(1))]);
    let source = place.file("disk.dd", &disk[..(1 << 20) + 150_000]);
    let out = place.gapped(&source);
    let items = items(&out);
    assert_eq!(items.len(), 40);
    let whole = items.iter().filter(|item| item.sha256.is_some()).count();
    assert!(whole > 0 && whole < 40, "{whole}");
    assert!(items.iter().all(|item| item.sha256.is_some() != item.gap.is_some()));
    assert!(gaps(&out).iter().any(|gap| gap.stage == Stage::Volume), "the table claims more");
}

#[test]
fn a_missing_segment_is_named() {
    let place = Place::new();
    let disk = with_mbr(&[fat(SMALL, &some_files(1))]);
    let first = place.path("many.E01");
    let files = disk::e01(&first, &disk, 100_000, Compression::Stored);
    assert!(files.len() > 4);
    place.refused(&files[2], &["is not the first segment", "many.E01"]);
    fs::remove_file(&files[2]).unwrap();
    place.refused(&first, &["many.E03 is missing after", "put every segment in one folder"]);
    let split = disk::split_raw(place.dir.path(), &disk, 2_000_000);
    fs::remove_file(place.path("disk.003")).unwrap();
    place.refused(&split, &["disk.003", "missing"]);
}

#[test]
fn a_segment_of_another_image_is_not_taken_for_one_of_this() {
    let place = Place::new();
    let segments = [("one.E01", 1), ("two.E01", 2)].map(|(name, seed)| {
        let disk = with_mbr(&[fat(SMALL, &some_files(seed))]);
        disk::e01(&place.path(name), &disk, 400_000, Compression::Stored)
    });
    // One that holds content in which the two differ. Both say that they are of one set, as
    // acquisitions by a careless tool do: only the digest tells.
    fs::copy(&segments[1][3], &segments[0][3]).unwrap();
    assert_eq!(segments[0].len(), segments[1].len());
    let out = place.gapped(&segments[0][0]);
    let found = gaps(&out);
    assert!(found.iter().any(|gap| gap.wanted == "the acquired bytes"), "{found:?}");
    let ran = pendeen(["image", "verify", text(&segments[0][0]), "--json"]).ended(1).json();
    assert_eq!(ran["matches"], false);
}

#[test]
fn a_chunk_with_a_wrong_checksum_costs_the_files_in_it_and_is_named() {
    let place = Place::new();
    for compression in [Compression::Stored, Compression::Level(6)] {
        let source = e01(&place, compression);
        let clean = place.path("clean");
        examine(&[&source], &clean, &[]).ended(0);
        match compression {
            Compression::Stored => flip_found(&source, &some_files(1)[12].bytes[600..664]),
            // Behind the empty beginning, which takes next to nothing.
            Compression::Level(_) => flip(&source, inside(&source, "sectors") + 200_000),
        }
        let out = place.gapped(&source);
        let (before, after) = (items(&clean), items(&out));
        assert_eq!(before.len(), after.len());
        let lost = after.iter().filter(|item| item.sha256.is_none()).count();
        assert!(lost > 0 && lost < 10, "{lost}");
        for (before, after) in before.iter().zip(&after) {
            assert!(before == after || after.gap.is_some(), "{}", after.forensic_path);
        }
        let ran = pendeen(["image", "verify", text(&source), "--json"]).ended(1).json();
        assert_eq!(ran["matches"], false);
        fs::remove_dir_all(out).unwrap();
        fs::remove_dir_all(clean).unwrap();
    }
}

#[test]
fn a_table_with_a_wrong_checksum_gives_way_to_its_copy_with_a_gap() {
    let place = Place::new();
    let source = e01(&place, Compression::Level(6));
    let clean = place.path("clean");
    examine(&[&source], &clean, &[]).ended(0);
    flip(&source, inside(&source, "table") + 24 + 9);
    let out = place.gapped(&source);
    assert_eq!(items(&out), items(&clean), "nothing is lost while the copy is there");
    assert!(gaps(&out).iter().any(|gap| gap.stage == Stage::Source));
    fs::remove_dir_all(&out).unwrap();
    // Both copies damaged: what they locate cannot be trusted, and is not read as if it could.
    flip(&source, inside(&source, "table2") + 24 + 9);
    let out = place.path("out");
    let ran = examine(&[&source], &out, &[]);
    match ran.code() {
        Some(1) => ran.failed_saying(&["disk.E01"]),
        code => {
            assert_eq!(code, Some(3));
            assert!(!gaps(&out).is_empty());
            assert!(
                record(&out)["sources"][0]["verified"]["matches"] != true
                    || items(&out) == items(&clean)
            );
        }
    }
}

#[test]
fn a_known_list_that_cannot_be_read_stops_the_run_and_names_the_line() {
    let place = Place::new();
    let source = place.file("disk.dd", fat(SMALL, &some_files(1)));
    for (name, bytes, words) in [
        ("nonsense.csv", &b"nonsense\n"[..], &["nonsense.csv, line 1", "digest"] as &[&str]),
        ("binary.csv", b"\x00\xff\xfe", &["binary.csv, line 1", "UTF-8"]),
        ("short.csv", b"digest,list,category\nzz,a,B\n", &["short.csv, line 2"]),
    ] {
        let list = place.file(name, bytes);
        let before = names(place.dir.path());
        let ran = examine(&[&source], &place.path("out"), &["--known", text(&list)]);
        ran.failed_saying(words);
        assert_eq!(names(place.dir.path()), before);
    }
    let ran = examine(&[&source], &place.path("out"), &["--known", "/nonexistent.csv"]);
    ran.failed_saying(&["/nonexistent.csv"]);
}

#[test]
fn an_image_with_a_bad_chunk_is_still_written_at_true_positions_by_cat() {
    let place = Place::new();
    let source = e01(&place, Compression::Stored);
    let clean = pendeen(["image", "cat", text(&source)]).ended(0);
    flip_found(&source, &some_files(1)[12].bytes[600..664]);
    let ran = pendeen(["image", "cat", text(&source)]).ended(3);
    assert!(ran.stderr().contains("cannot be read and are written as zeros"), "{}", ran.stderr());
    assert_eq!(ran.bytes().len(), clean.bytes().len());
    let differ = ran.bytes().iter().zip(clean.bytes()).filter(|(a, b)| a != b).count();
    assert!(differ > 1_000 && differ <= 32_768, "{differ}");
}

#[test]
fn what_an_image_says_of_itself_cannot_command_the_terminal() {
    let place = Place::new();
    let source = place.path("disk.E01");
    let disk = fat(SMALL, &some_files(1));
    let recipe = Recipe {
        header: vec![("n".to_owned(), "ABC/1\u{1b}[2J\u{202e}gpj".to_owned())],
        ..Recipe::default()
    };
    write(&source, &recipe, &mut &*disk, ByteLen(disk.len() as u64)).unwrap();
    let said = pendeen(["image", "info", text(&source)]).ended(0).stdout();
    assert!(said.contains("ABC/1\\u{1b}[2J\\u{202e}gpj"), "{said}");
    let json = pendeen(["image", "info", text(&source), "--json"]).ended(0).json();
    assert!(json["header"].to_string().contains("[2J"), "as it is, for programs: {json}");
}
