//! Whole examinations of plain folders.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::fs;
use std::path::Path;

use pendeen_examine::{ExamineError, load, read};
use pendeen_fingerprint::Digests;
use pendeen_item::{Origin, Stage, read_gaps};
use support::{examine, items, noise, tables};

const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0";

/// A small tree with what folders have: text, pictures, nothing, a long file, a link.
fn tree(root: &Path) {
    fs::create_dir_all(root.join("DCIM/sub")).unwrap();
    fs::write(root.join("notes.txt"), "the meeting is moved\n").unwrap();
    fs::write(root.join("DCIM/a.jpg"), [JPEG, &noise(1, 5000)].concat()).unwrap();
    fs::write(root.join("DCIM/renamed.txt"), [JPEG, &noise(2, 70_000)].concat()).unwrap();
    fs::write(root.join("DCIM/sub/long.bin"), noise(3, 3_000_000)).unwrap();
    fs::write(root.join("empty"), "").unwrap();
    fs::write(root.join("<img src=x onerror=alert(1)>.txt"), "hostile name\n").unwrap();
    for n in 0..700_u16 {
        fs::write(root.join(format!("DCIM/{n:04}.dat")), noise(n.into(), usize::from(n) * 37))
            .unwrap();
    }
    std::os::unix::fs::symlink("/etc/passwd", root.join("link")).unwrap();
}

#[test]
fn every_file_of_a_folder_is_an_item_with_the_digests_of_its_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let (root, out) = (dir.path().join("source"), dir.path().join("out"));
    tree(&root);
    let examination = examine(&[&root], &[], &out, 2).unwrap();
    assert_eq!(examination, load(&out).unwrap());
    let items = items(&out);
    assert_eq!(items.len(), 707);
    for item in &items {
        if item.name == "link" {
            continue;
        }
        let bytes = fs::read(root.join(&item.path[1..])).unwrap();
        let wanted = Digests::of(&bytes);
        assert_eq!(item.size_bytes, bytes.len() as u64, "{}", item.path);
        assert_eq!(item.md5, Some(wanted.md5), "{}", item.path);
        assert_eq!(item.sha1, Some(wanted.sha1), "{}", item.path);
        assert_eq!(item.sha256, Some(wanted.sha256), "{}", item.path);
        assert_eq!((item.origin, item.gap.as_deref()), (Origin::Live, None));
        assert_eq!(item.fs_type, "folder");
        assert!(item.modified.is_some());
    }
    let find = |name: &str| items.iter().find(|i| i.name == name).unwrap();
    assert_eq!(find("a.jpg").media_type.as_deref(), Some("image/jpeg"));
    assert!(!find("a.jpg").extension_mismatch);
    assert!(find("renamed.txt").extension_mismatch);
    assert_eq!(find("notes.txt").media_type.as_deref(), Some("text/plain"));
}

#[test]
fn what_has_no_content_is_a_gap_and_the_counts_reconcile() {
    let dir = tempfile::tempdir().unwrap();
    let (root, out) = (dir.path().join("source"), dir.path().join("out"));
    tree(&root);
    let counts = examine(&[&root], &[], &out, 1).unwrap().counts;
    assert_eq!((counts.entries, counts.items, counts.gaps), (707, 707, 1));
    assert_eq!(counts.items_with_gaps, 1);
    assert_eq!(counts.by_origin.values().sum::<u64>(), counts.items);
    assert_eq!(counts.by_media_type.values().sum::<u64>(), counts.items);
    assert_eq!(counts.by_media_type["image/jpeg"], 2);
    assert_eq!(counts.extension_mismatches, 1);
    let gaps = read_gaps(&out.join("gaps.parquet")).unwrap();
    assert_eq!(gaps.len(), 1);
    assert_eq!((gaps[0].forensic_path.as_str(), gaps[0].stage), ("/link", Stage::Content));
    let link = items(&out).into_iter().find(|i| i.name == "link").unwrap();
    assert_eq!(link.gap.as_deref(), Some(gaps[0].reason.as_str()));
    assert_eq!(link.sha256, None);
}

#[test]
fn sparse_files_of_exabytes_are_gaps_and_the_others_are_read() {
    // In memory, where the file system allows a file to be as long as that.
    let memory = Path::new("/dev/shm");
    let dir =
        if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
    let (root, out) = (dir.path().join("source"), dir.path().join("out"));
    fs::create_dir(&root).unwrap();
    for name in ["a", "b", "c", "d", "e"] {
        let file = fs::File::create(root.join(name)).unwrap();
        file.set_len(1 << 62).or_else(|_| file.set_len(1 << 43)).unwrap();
    }
    fs::write(root.join("small"), "read\n").unwrap();
    examine(&[&root], &[], &out, 2).unwrap();
    for item in items(&out) {
        if item.name == "small" {
            assert_eq!(item.sha256, Some(Digests::of(b"read\n").sha256));
        } else {
            assert_eq!(item.sha256, None);
            assert!(item.gap.as_deref().unwrap().contains("holes"), "{:?}", item.gap);
        }
    }
}

#[test]
fn one_thread_and_many_write_the_same_bytes_in_forensic_order() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("source");
    tree(&root);
    let run = |threads: usize| {
        let out = dir.path().join(format!("out{threads}"));
        examine(&[&root], &[], &out, threads).unwrap();
        tables(&out)
    };
    // Reading a symbolic link changes its access time, the first time: the folder is live.
    run(3);
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(7));
    let paths: Vec<_> =
        items(&dir.path().join("out1")).into_iter().map(|i| i.forensic_path).collect();
    let mut sorted = paths.clone();
    sorted.sort_by(|a, b| a.as_bytes().cmp(b.as_bytes()));
    assert_eq!(paths, sorted);
}

#[test]
fn a_known_file_is_found_by_any_of_its_digests() {
    let dir = tempfile::tempdir().unwrap();
    let (root, out) = (dir.path().join("source"), dir.path().join("out"));
    tree(&root);
    let list = dir.path().join("cards.csv");
    let digests = |path: &str| Digests::of(&fs::read(root.join(path)).unwrap());
    let text = format!(
        "digest,list,category\n{},cards,B\n{},cards,C\n",
        hex::encode(digests("DCIM/a.jpg").md5),
        hex::encode(digests("DCIM/sub/long.bin").sha256)
    );
    fs::write(&list, text).unwrap();
    let examination = examine(&[&root], &[&list], &out, 2).unwrap();
    assert_eq!(examination.counts.known, 2);
    assert_eq!(examination.counts.known_by_list["cards"]["B"], 1);
    assert_eq!(examination.known[0].records, 2);
    let known: Vec<_> = items(&out)
        .into_iter()
        .filter_map(|i| i.known_list.map(|list| (i.name, list, i.known_category)))
        .collect();
    let wanted = |name: &str, category: &str| {
        (name.to_owned(), "cards".to_owned(), Some(category.to_owned()))
    };
    assert_eq!(known, [wanted("a.jpg", "B"), wanted("long.bin", "C")]);
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(report.contains("/DCIM/a.jpg</td><td>cards</td><td>B</td>"));
}

#[test]
fn the_report_stands_alone_and_shows_hostile_names_as_text() {
    let dir = tempfile::tempdir().unwrap();
    let (root, out) = (dir.path().join("source"), dir.path().join("out"));
    tree(&root);
    examine(&[&root], &[], &out, 2).unwrap();
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(report.contains("&lt;img src=x onerror=alert(1)&gt;.txt"));
    for active in ["<img", "<script", "<link", "<iframe", "http://", "https://", "url("] {
        assert!(!report.contains(active), "the report contains {active}");
    }
    assert!(report.contains("The first 200 of 707 items"));
    assert!(report.contains("ABC/1"));
    assert!(report.contains("An Examiner"));
}

#[test]
fn several_sources_are_told_apart_in_forensic_paths() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["one", "two"] {
        fs::create_dir(dir.path().join(name)).unwrap();
        fs::write(dir.path().join(name).join("same.txt"), name).unwrap();
    }
    let out = dir.path().join("out");
    let sources = [dir.path().join("one"), dir.path().join("two")];
    let examination = examine(&[&sources[0], &sources[1]], &[], &out, 2).unwrap();
    let paths: Vec<_> = items(&out).into_iter().map(|i| i.forensic_path).collect();
    assert_eq!(paths, ["s1//same.txt", "s2//same.txt"]);
    assert_eq!(examination.sources[1].prefix, "s2/");
}

#[test]
fn a_folder_that_holds_anything_is_refused_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let (root, out) = (dir.path().join("source"), dir.path().join("out"));
    fs::create_dir(&root).unwrap();
    fs::create_dir(&out).unwrap();
    examine(&[&root], &[], &out, 1).unwrap();
    let again = examine(&[&root], &[], &out, 1).unwrap_err();
    assert!(matches!(again, ExamineError::AlreadyExamined { .. }), "{again}");
    load(&out).unwrap();

    let other = dir.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("thesis.txt"), "mine").unwrap();
    let refused = examine(&[&root], &[], &other, 1).unwrap_err();
    assert!(refused.to_string().contains("name a folder that does not exist yet"));
    assert_eq!(fs::read(other.join("thesis.txt")).unwrap(), b"mine");
    assert!(!dir.path().join("other.partial").exists());

    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let refused = examine(&[&root], &[], &file, 1).unwrap_err();
    assert!(matches!(refused, ExamineError::NotAFolder { .. }), "{refused}");
}

#[test]
fn results_never_go_into_the_evidence() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("source");
    fs::create_dir_all(root.join("sub")).unwrap();
    for out in [root.join("out"), root.join("sub/out")] {
        let refused = examine(&[&root], &[], &out, 1).unwrap_err();
        assert!(matches!(refused, ExamineError::InsideSource { .. }), "{refused}");
    }
    assert_eq!(fs::read_dir(&root).unwrap().count(), 1);
}

#[test]
fn results_never_take_the_place_of_the_evidence() {
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    // An empty source, one that looks like an interrupted run, a file in such a folder, a link.
    for name in ["e1", "k.partial", "m.partial", "real"] {
        fs::create_dir(at(name)).unwrap();
    }
    fs::write(at("k.partial/items.parquet"), "evidence").unwrap();
    fs::write(at("m.partial/items.parquet"), noise(1, 1 << 16)).unwrap();
    std::os::unix::fs::symlink(at("real"), at("link")).unwrap();
    std::os::unix::fs::symlink(at("real"), at("n.partial")).unwrap();
    for (source, out) in [
        ("e1", "e1"),
        ("e1", "./e1"),
        ("k.partial", "k"),
        ("m.partial/items.parquet", "m"),
        ("real", "link"),
        ("link", "real"),
        ("real", "n"),
    ] {
        let refused = examine(&[&at(source)], &[], &at(out), 1).unwrap_err();
        assert!(matches!(refused, ExamineError::HoldsSource { .. }), "{source} {out}: {refused}");
    }
    for (folder, entries) in [("e1", 0), ("real", 0), ("k.partial", 1), ("m.partial", 1)] {
        assert_eq!(fs::read_dir(at(folder)).unwrap().count(), entries, "{folder}");
    }
    assert_eq!(fs::read(at("k.partial/items.parquet")).unwrap(), b"evidence");
    assert!(!at("k").exists() && !at("e1.partial").exists());
}

#[test]
fn an_interrupted_run_never_looks_finished_and_the_next_clears_it_away() {
    let dir = tempfile::tempdir().unwrap();
    let (root, out) = (dir.path().join("source"), dir.path().join("out"));
    tree(&root);
    // What a run leaves that was killed between its last two steps.
    let partial = dir.path().join("out.partial");
    fs::create_dir(&partial).unwrap();
    fs::write(partial.join("items.parquet"), "half").unwrap();
    fs::write(partial.join("gaps.parquet.partial"), "half").unwrap();
    assert!(matches!(load(&out), Err(ExamineError::NotFinished { .. })));
    assert!(matches!(load(&partial), Err(ExamineError::NotFinished { .. })));
    examine(&[&root], &[], &out, 1).unwrap();
    load(&out).unwrap();
    assert!(!partial.exists());

    fs::create_dir(&partial).unwrap();
    fs::write(partial.join("thesis.txt"), "mine").unwrap();
    fs::remove_dir_all(&out).unwrap();
    let refused = examine(&[&root], &[], &out, 1).unwrap_err();
    assert!(matches!(refused, ExamineError::NotEmpty { .. }), "{refused}");
    assert_eq!(fs::read(partial.join("thesis.txt")).unwrap(), b"mine");
}

#[test]
fn a_run_that_fails_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let missing = examine(&[&dir.path().join("missing.dd")], &[], &out, 1).unwrap_err();
    assert!(matches!(missing, ExamineError::Source(_)), "{missing}");
    let list = dir.path().join("bad.csv");
    fs::write(&list, "not a digest\n").unwrap();
    let root = dir.path().join("source");
    fs::create_dir(&root).unwrap();
    let bad = examine(&[&root], &[&list], &out, 1).unwrap_err();
    assert!(bad.to_string().contains("line 1"), "{bad}");
    assert!(matches!(examine(&[], &[], &out, 1), Err(ExamineError::NoSource)));
    let mut left: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["bad.csv", "source"]);
}

#[test]
fn a_changed_file_of_an_examination_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let (root, out) = (dir.path().join("source"), dir.path().join("out"));
    tree(&root);
    examine(&[&root], &[], &out, 1).unwrap();
    let path = out.join("items.parquet");
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert!(matches!(load(&out), Err(ExamineError::Changed { .. })));
    read(&out).unwrap();
    fs::write(out.join("examination.json"), "{}").unwrap();
    assert!(matches!(load(&out), Err(ExamineError::BadRecord { .. })));
}
