//! `pendeen examine`: what it writes, how it ends, and that nothing else decides its bytes.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use pendeen_evidence::image::ewf::write::Compression;
use pendeen_item::{Item, Origin};
use sha2::{Digest, Sha256};

use crate::support::disk::{self, SMALL, deleted, fat, live, some_files};
use crate::support::{FILES, Ran, command, examine, gaps, items, names, noise, record, tables};

/// The item at a forensic path.
fn at<'a>(items: &'a [Item], path: &str) -> &'a Item {
    items.iter().find(|item| item.forensic_path == path).unwrap_or_else(|| {
        let paths: Vec<_> = items.iter().map(|item| &item.forensic_path).collect();
        panic!("no item {path} among {paths:?}")
    })
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Holds that every planned file is an item under this prefix, with its digest and origin.
fn all_there(items: &[Item], prefix: &str, files: &[disk::Planned]) {
    let found: Vec<_> =
        items.iter().map(|i| i.forensic_path.as_str()).filter(|p| p.starts_with(prefix)).collect();
    assert_eq!(found.len(), files.len(), "items under {prefix}: {found:?}");
    for file in files {
        let item = at(items, &format!("{prefix}/{}", file.path));
        assert_eq!(item.size_bytes, file.bytes.len() as u64, "{}", file.path);
        assert_eq!(item.sha256, Some(sha256(&file.bytes)), "{}", file.path);
        assert_eq!(item.origin == Origin::Deleted, file.deleted, "{}", file.path);
    }
}

#[test]
fn a_folder_gives_exactly_five_files_under_the_final_name_and_the_record_as_json() {
    let dir = tempfile::tempdir().unwrap();
    let (source, out) = (dir.path().join("source"), dir.path().join("results/out"));
    fs::create_dir_all(source.join("a/b")).unwrap();
    fs::write(source.join("a/b/note.txt"), "Minutes of the meeting.\n").unwrap();
    fs::write(source.join("empty"), "").unwrap();
    let ran = examine(&[&source], &out, &["--exhibit", "ABC/1", "--json"]).ended(0);
    assert_eq!(ran.json(), record(&out));
    assert_eq!(names(&out), FILES);
    assert_eq!(names(out.parent().unwrap()), ["out"]);
    let items = items(&out);
    assert_eq!(items.len(), 2);
    let note = items.iter().find(|item| item.name == "note.txt").unwrap();
    assert_eq!(note.sha256, Some(sha256(b"Minutes of the meeting.\n")));
    assert_eq!(note.media_type.as_deref(), Some("text/plain"));
    let record = record(&out);
    assert_eq!(record["exhibit"], "ABC/1");
    assert_eq!(record["examiner"], "examiner");
    assert_eq!(record["counts"]["entries"], record["counts"]["items"]);
    assert_eq!(pendeen_examine::load(&out).unwrap().counts.items, 2);
    // Without --json a person is told where it all is.
    let out = dir.path().join("again");
    let said = examine(&[&source], &out, &[]).ended(0).stdout();
    assert!(said.contains("report.html") && said.contains("2 (2 live)"), "{said}");
}

#[test]
fn a_gap_ends_with_three_and_a_finished_examination() {
    let dir = tempfile::tempdir().unwrap();
    let (source, out) = (dir.path().join("disk.dd"), dir.path().join("out"));
    fs::write(&source, noise(1, 1 << 20)).unwrap();
    let ran = examine(&[&source], &out, &["--json"]).ended(3);
    assert_eq!(ran.json()["counts"]["gaps"], 1);
    assert_eq!(names(&out), FILES);
    assert_eq!(gaps(&out).len(), 1);
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(report.contains("Something could not be read"));
}

#[test]
fn pictures_on_a_known_list_are_marked_with_list_and_category() {
    let dir = tempfile::tempdir().unwrap();
    let (source, list, out) =
        (dir.path().join("disk.dd"), dir.path().join("known.csv"), dir.path().join("out"));
    let (one, two, other) = (noise(1, 5_000), noise(2, 6_000), noise(3, 7_000));
    let files = [
        live("ONE.BIN", one.clone()),
        deleted("TWO.BIN", two.clone()),
        live("COPY/ONE.BIN", one.clone()),
        live("OTHER.BIN", other),
    ];
    fs::write(&source, fat(SMALL, &files)).unwrap();
    let rows = format!(
        "digest,list,category\n{},Colour cards,B\n{},Colour cards,C\n",
        hex::encode(sha256(&one)),
        hex::encode(sha256(&two)).to_uppercase(),
    );
    fs::write(&list, rows).unwrap();
    let ran = examine(&[&source], &out, &["--known", list.to_str().unwrap(), "--json"]).ended(0);
    let items = items(&out);
    let hits: Vec<_> = items
        .iter()
        .filter_map(|item| Some((item.name.as_str(), item.known_category.as_deref()?)))
        .collect();
    assert_eq!(hits, [("ONE.BIN", "B"), ("ONE.BIN", "B"), ("TWO.BIN", "C")]);
    let counts = &ran.json()["counts"];
    assert_eq!(counts["known"], 3);
    assert_eq!(counts["known_by_list"]["Colour cards"]["B"], 2);
    assert_eq!(record(&out)["known"][0]["records"], 2);
}

#[test]
fn raw_split_raw_e01_and_split_e01_of_one_disk_have_the_same_tables_on_any_threads() {
    let dir = tempfile::tempdir().unwrap();
    let files = some_files(1);
    let disk = disk::with_mbr(&[fat(SMALL, &files)]);
    let raw = dir.path().join("raw.dd");
    fs::write(&raw, &disk).unwrap();
    let split = disk::split_raw(dir.path(), &disk, 3_000_000);
    let (one, many) = (dir.path().join("one.E01"), dir.path().join("many.E01"));
    disk::whole_e01(&one, &disk);
    assert!(disk::e01(&many, &disk, 200_000, Compression::Stored).len() > 10);
    let mut all = BTreeSet::new();
    for (name, source) in [("raw", &raw), ("split", &split), ("one", &one), ("many", &many)] {
        for threads in ["1", "4"] {
            let out = dir.path().join(format!("{name}-{threads}"));
            examine(&[source], &out, &["--threads", threads]).ended(0);
            all.insert(tables(&out));
        }
    }
    assert_eq!(all.len(), 1, "eight runs, one pair of tables");
    all_there(&items(&dir.path().join("many-4")), "p1/fat16:", &files);
    let record = record(&dir.path().join("many-4"));
    assert_eq!(record["sources"][0]["verified"]["matches"], true, "{record}");
}

#[test]
fn what_a_damaged_image_lacks_is_the_same_on_any_threads() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("disk.E01");
    let disk = disk::with_mbr(&[fat(SMALL, &some_files(4))]);
    disk::e01(&source, &disk, 2_000 << 20, Compression::Stored);
    let mut container = fs::read(&source).unwrap();
    for n in [9, 18, 27] {
        let stretch = &noise(4_000 + n, 600)[512..];
        let at = container.windows(stretch.len()).position(|bytes| bytes == stretch).unwrap();
        container[at] ^= 1;
    }
    fs::write(&source, container).unwrap();
    let outs = ["1", "2", "4"].map(|threads| {
        let out = dir.path().join(threads);
        examine(&[&source], &out, &["--threads", threads]).ended(3);
        out
    });
    assert!(gaps(&outs[0]).len() >= 3);
    for out in &outs {
        assert_eq!(tables(out), tables(&outs[0]));
    }
}

#[test]
fn both_partitions_of_a_disk_are_examined_whichever_table_names_them() {
    let dir = tempfile::tempdir().unwrap();
    let plans = [some_files(2), some_files(3)];
    let volumes = plans.each_ref().map(|files| fat(SMALL, files));
    for (name, disk) in [("mbr", disk::with_mbr(&volumes)), ("gpt", disk::with_gpt(&volumes))] {
        let (source, out) = (dir.path().join(format!("{name}.dd")), dir.path().join(name));
        fs::write(&source, disk).unwrap();
        examine(&[&source], &out, &[]).ended(0);
        let items = items(&out);
        for (number, files) in plans.iter().enumerate() {
            all_there(&items, &format!("p{}/fat16:", number + 1), files);
        }
        assert_eq!(items.len(), plans[0].len() + plans[1].len());
    }
}

#[test]
fn several_sources_in_one_run_keep_their_items_apart() {
    let dir = tempfile::tempdir().unwrap();
    let (image, folder, out) =
        (dir.path().join("disk.dd"), dir.path().join("folder"), dir.path().join("out"));
    fs::write(&image, fat(SMALL, &[live("A.BIN", noise(1, 3_000))])).unwrap();
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("A.BIN"), noise(2, 3_000)).unwrap();
    examine(&[&image, &folder], &out, &[]).ended(0);
    let items = items(&out);
    let digests: BTreeSet<_> = items.iter().filter_map(|item| item.sha256).collect();
    assert_eq!(digests, [sha256(&noise(1, 3_000)), sha256(&noise(2, 3_000))].into());
    assert_eq!(record(&out)["sources"].as_array().unwrap().len(), 2);
}

/// What a browser would fetch or run when it opens the page.
fn active_parts(page: &str) -> Vec<String> {
    let lower = page.to_lowercase();
    let mut found = Vec::new();
    for tag in ["<script", "<img", "<iframe", "<object", "<embed", "<link", "<base", "<form"] {
        if lower.contains(tag) {
            found.push(tag.to_owned());
        }
    }
    for attribute in
        ["src=", "href=", "srcset=", "action=", "poster=", "style=", "onerror=", "onload="]
    {
        for (at, _) in lower.match_indices(attribute) {
            let inside_tag = lower[..at].rfind('<') > lower[..at].rfind('>');
            let value = &lower[at + attribute.len()..];
            if inside_tag && !(attribute == "href=" && value.starts_with("\"#")) {
                found.push(format!("{attribute}{}", value.lines().next().unwrap_or_default()));
            }
        }
    }
    for style in ["@import", "url("] {
        if lower.contains(style) {
            found.push(style.to_owned());
        }
    }
    found
}

#[test]
fn the_report_fetches_nothing_and_shows_hostile_names_as_text() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    let (source, out) = (dir.path().join("<b>source"), dir.path().join("out"));
    fs::create_dir(&source).unwrap();
    let hostile: [&[u8]; 6] = [
        b"<img src=x onerror=alert(1)>.jpg",
        b"\"><svg onload=alert(2)>.png",
        b"<script src='http:evil.example'>.txt",
        b"line\nbreak\x1b[31m.txt",
        b"photo\xe2\x80\xaegpj.exe",
        b"not-utf8-\xff\xfe.bin",
    ];
    for name in hostile {
        fs::write(source.join(std::ffi::OsStr::from_bytes(name)), name).unwrap();
    }
    let reference = "\"><script>alert(3)</script>";
    examine(&[&source], &out, &["--exhibit", reference]).ended(0);
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert_eq!(active_parts(&page), [] as [String; 0]);
    assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;.jpg"));
    assert!(page.contains("&lt;script&gt;alert(3)&lt;/script&gt;"));
    assert!(!page.contains('\u{202e}') && !page.contains('\u{1b}'));
    assert!(page.contains("default-src 'none'"));
    let items = items(&out);
    let paths: BTreeSet<_> = items.iter().map(|item| &item.forensic_path).collect();
    assert_eq!(paths.len(), hostile.len(), "every name is its own item: {paths:?}");
    for name in hostile {
        assert!(items.iter().any(|item| item.sha256 == Some(sha256(name))), "{name:?}");
    }
    assert!(!active_parts("<td><img src=\"http://x\"></td>").is_empty(), "the check sees it");
}

#[test]
fn evidence_is_never_written_to_not_even_its_times() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("source");
    fs::create_dir(&source).unwrap();
    let image = dir.path().join("disk.dd");
    fs::write(source.join("a.txt"), "text").unwrap();
    fs::write(&image, fat(SMALL, &[live("A.BIN", noise(1, 3_000))])).unwrap();
    let state = |path: &Path| {
        let meta = fs::metadata(path).unwrap();
        (meta.modified().unwrap(), meta.permissions().mode(), meta.len())
    };
    let before = [state(&source.join("a.txt")), state(&image), state(&source)];
    let bytes = fs::read(&image).unwrap();
    for (name, source) in [("one", &source), ("two", &image)] {
        let out = dir.path().join(name);
        // Even where the examiner's account may not write the evidence.
        Ran::of(command(["examine"]).arg(source).arg("--out").arg(&out)).ended(0);
    }
    assert_eq!(before, [state(&source.join("a.txt")), state(&image), state(&source)]);
    assert_eq!(bytes, fs::read(&image).unwrap());
    assert_eq!(names(&source), ["a.txt"]);
}
