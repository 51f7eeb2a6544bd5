//! Examinations as CSV, VICS and CASE, from tables that hold what real ones do.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pendeen_evidence::image::Format as Container;
use pendeen_examine::{
    Counts, Examination, FileRecord, ImageRecord, OptionsRecord, SCHEMA_VERSION, SourceKind,
    SourceRecord,
};
use pendeen_exchange::examination::{ExportError, Format, Table, export, export_to_file, portable};
use pendeen_fingerprint::Digests;
use pendeen_item::{Gap, GapWriter, Item, ItemWriter, Media, Origin, Recovery, Stage};
use pendeen_knownset::KnownSet;
use serde_json::Value;

const NOON: i64 = 1_793_620_800_000_000_000;

/// An item with this content; what else it is, its test says.
fn item(forensic_path: &str, content: &str, media_type: Option<&str>) -> Item {
    let digests = Digests::of(content.as_bytes());
    let path = forensic_path.split_once(':').map_or(forensic_path, |(_, path)| path);
    Item {
        path: path.to_owned(),
        name: path.rsplit('/').next().unwrap().to_owned(),
        forensic_path: forensic_path.to_owned(),
        fs_type: "fat32".to_owned(),
        fs_address: "5".to_owned(),
        offset_bytes: Some(4096),
        size_bytes: content.len() as u64,
        modified: Some(NOON),
        media_type: media_type.map(str::to_owned),
        md5: Some(digests.md5),
        sha1: Some(digests.sha1),
        sha256: Some(digests.sha256),
        ..empty()
    }
}

fn empty() -> Item {
    Item {
        forensic_path: String::new(),
        parent: None,
        path: String::new(),
        name: String::new(),
        origin: Origin::Live,
        recovery: None,
        fs_type: String::new(),
        fs_address: String::new(),
        offset_bytes: None,
        size_bytes: 0,
        created: None,
        modified: None,
        accessed: None,
        changed: None,
        media_type: None,
        extension_mismatch: false,
        md5: None,
        sha1: None,
        sha256: None,
        known_list: None,
        known_category: None,
        media: Media::default(),
        encrypted: None,
        gap: None,
        owner_id: None,
        group_id: None,
        time_zone: None,
    }
}

const JPEG: Option<&str> = Some("image/jpeg");

/// Seven items: live, deleted, twice the same, embedded, a formula for a name, known, unread.
fn items() -> Vec<Item> {
    let mut items = vec![
        Item {
            media: Media { exif_make: Some("Maker".to_owned()), ..Media::default() },
            ..item("p1/fat32:/DCIM/a.jpg", "one", JPEG)
        },
        item("p1/fat32:/DCIM/=HYPERLINK(1)", "formula", None),
        Item {
            origin: Origin::Deleted,
            recovery: Some(Recovery::Intact),
            created: Some(-1_000_000_000),
            accessed: Some(NOON + 1),
            changed: Some(NOON),
            ..item("p1/fat32:/DCIM/again.jpg", "one", JPEG)
        },
        item("p1/fat32:/b \u{1f600} \"x\".zip", "zip", Some("application/zip")),
        Item {
            parent: Some("p1/fat32:/b \u{1f600} \"x\".zip".to_owned()),
            origin: Origin::Embedded,
            offset_bytes: None,
            known_list: Some("cards".to_owned()),
            known_category: Some("2".to_owned()),
            ..item("p1/fat32:/b \u{1f600} \"x\".zip/in.mp4", "film", Some("video/mp4"))
        },
        Item {
            known_list: Some("texts".to_owned()),
            known_category: Some("A".to_owned()),
            ..item("p1/fat32:/known.txt", "text", Some("text/plain"))
        },
        Item {
            md5: None,
            sha1: None,
            sha256: None,
            gap: Some("its place is not known".to_owned()),
            ..item("p1/fat32:/lost.jpg", "lost", JPEG)
        },
    ];
    items.sort_by(|a, b| a.forensic_path.as_bytes().cmp(b.forensic_path.as_bytes()));
    items
}

/// The folder of an examination with these items, as `pendeen examine` writes it.
fn examination(dir: &Path, items: impl IntoIterator<Item = Item>) -> PathBuf {
    let out = dir.join("examined");
    fs::create_dir(&out).unwrap();
    let mut writer = ItemWriter::create(&out.join("items.parquet"), "ABC/1").unwrap();
    for item in items {
        writer.write(item).unwrap();
    }
    let items = FileRecord::from(writer.finish().unwrap());
    let mut writer = GapWriter::create(&out.join("gaps.parquet"), "ABC/1").unwrap();
    let gap = Gap {
        forensic_path: "p1/fat32:/lost.jpg".to_owned(),
        stage: Stage::Content,
        wanted: "its whole content".to_owned(),
        reason: "its place is not known".to_owned(),
        offset_bytes: None,
        size_bytes: Some(4),
    };
    writer.write(gap).unwrap();
    let gaps = FileRecord::from(writer.finish().unwrap());
    fs::write(out.join("report.html"), "report").unwrap();
    let report =
        FileRecord { sha256: hex::encode(Digests::of(b"report").sha256), len_bytes: 6, rows: None };
    let record = Examination {
        schema_version: SCHEMA_VERSION,
        tool: "pendeen".to_owned(),
        version: "test".to_owned(),
        components: BTreeMap::from([("libtsk".to_owned(), "4.11.1".to_owned())]),
        exhibit: "ABC/1".to_owned(),
        examiner: Some("An Examiner".to_owned()),
        sources: vec![SourceRecord {
            path: "/evidence/disk.E01".into(),
            prefix: String::new(),
            kind: SourceKind::Image(Box::new(image())),
        }],
        encryption: Vec::new(),
        known: Vec::new(),
        started: "2026-11-02T12:00:00Z".parse().unwrap(),
        finished: "2026-11-02T12:00:01Z".parse().unwrap(),
        options: OptionsRecord {
            threads: 2,
            verify: true,
            triage: false,
            privileged: None,
            unlock: None,
            resumed: false,
            carve: true,
        },
        counts: Counts::default(),
        files: BTreeMap::from([
            ("items.parquet".to_owned(), items),
            ("gaps.parquet".to_owned(), gaps),
            ("report.html".to_owned(), report),
        ]),
    };
    fs::write(out.join("examination.json"), serde_json::to_vec(&record).unwrap()).unwrap();
    out
}

fn image() -> ImageRecord {
    ImageRecord {
        format: Container::Ewf,
        segments: vec!["/evidence/disk.E01".into()],
        len_bytes: 1 << 20,
        stored_md5: Some("d41d8cd98f00b204e9800998ecf8427e".to_owned()),
        stored_sha1: None,
        header: Vec::new(),
        volumes: Vec::new(),
        verified: None,
        sandbox: None,
    }
}

fn text(out: &Path, format: Format) -> String {
    let mut bytes = Vec::new();
    export(out, format, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn the_items_as_csv_are_rows_without_formulas_under_their_mark() {
    let dir = tempfile::tempdir().unwrap();
    let out = examination(dir.path(), items());
    let csv = text(&out, Format::Csv(Table::Items));
    let mut lines = csv::Reader::from_reader(csv.as_bytes());
    let names = lines.headers().unwrap().clone();
    let at = |name: &str| names.iter().position(|n| n == name).unwrap();
    let rows: Vec<csv::StringRecord> = lines.records().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows.len(), 7);
    for row in &rows {
        assert!(row.iter().all(|cell| !cell.starts_with(['=', '+', '-', '@'])), "{row:?}");
        assert_eq!(&row[at("marking")], "OFFICIAL-SENSITIVE");
        assert_eq!(&row[at("exhibit")], "ABC/1");
    }
    assert_eq!(&rows[0][at("name")], "'=HYPERLINK(1)");
    let deleted = rows.iter().find(|row| &row[at("origin")] == "deleted").unwrap();
    assert_eq!(&deleted[at("created")], "1969-12-31T23:59:59Z");
    assert_eq!(&deleted[at("md5")], hex::encode(Digests::of(b"one").md5));
    let gaps = text(&out, Format::Csv(Table::Gaps));
    assert_eq!(gaps.lines().count(), 2);
    assert!(gaps.contains("its place is not known"));
}

#[test]
fn pictures_and_films_are_a_vics_case_with_each_content_once() {
    let dir = tempfile::tempdir().unwrap();
    let out = examination(dir.path(), items());
    let mut bytes = Vec::new();
    let exported = export(&out, Format::Vics, &mut bytes).unwrap();
    assert_eq!((exported.written, exported.left_out), (3, 1));
    let vics: Value = serde_json::from_slice(&bytes).unwrap();
    assert!(vics["@odata.context"].as_str().unwrap().ends_with("2.0.xml/UK/$metadata#Cases"));
    let case = &vics["value"][0];
    assert_eq!((&case["CaseNumber"], &case["TotalMediaFiles"]), (&"ABC/1".into(), &3.into()));
    let media = case["Media"].as_array().unwrap();
    let of = |content: &str| {
        let md5 = hex::encode_upper(Digests::of(content.as_bytes()).md5);
        media.iter().find(|m| m["MD5"] == md5.as_str()).unwrap()
    };
    let twice = of("one");
    assert_eq!(twice["MediaFiles"].as_array().unwrap().len(), 2);
    assert_eq!(twice["MediaFiles"][1]["Deleted"], true);
    assert_eq!(twice["Exifs"][0]["PropertyName"], "Make");
    assert_eq!(twice["Exifs"][0]["PropertyValue"], "Maker");
    assert_eq!(twice["Category"], Value::Null);
    assert_eq!(twice["IsPrecategorized"], false);
    assert_eq!(
        (&of("film")["Category"], &of("film")["IsPrecategorized"]),
        (&2.into(), &true.into())
    );
    assert_eq!(of("text")["Category"], Value::Null);
    assert_eq!(of("text")["Comments"], "on the list texts as A");
    // What is written is read again as a list of known files.
    let list = dir.path().join("again.json");
    fs::write(&list, &bytes).unwrap();
    let set = KnownSet::load(&[&list]).unwrap();
    assert_eq!(set.sources()[0].format, "vics 2.0");
    assert_eq!(set.lookup(&Digests::of(b"film")).unwrap().category, "2");
    assert!(set.lookup(&Digests::of(b"formula")).is_none());
}

/// `case_validate`, by the name that the environment gives or on the path.
fn case_validate() -> Option<Command> {
    let program = std::env::var("CASE_VALIDATE").unwrap_or_else(|_| "case_validate".to_owned());
    let there = Command::new(&program).arg("--help").output().is_ok_and(|o| o.status.success());
    if !there {
        println!("case_validate is not installed (scripts/setup installs it): not validated");
    }
    there.then(|| Command::new(program))
}

#[test]
fn the_case_graph_is_whole_and_case_validate_accepts_it() {
    let dir = tempfile::tempdir().unwrap();
    let out = examination(dir.path(), items());
    let case = text(&out, Format::Case);
    let graph: Value = serde_json::from_str(&case).unwrap();
    let nodes = graph["@graph"].as_array().unwrap();
    let of = |kind: &str| nodes.iter().filter(|n| n["@type"] == kind).collect::<Vec<_>>();
    assert_eq!(of("uco-observable:File").len(), 7);
    assert_eq!(of("uco-observable:Image").len(), 1);
    let records = of("case-investigation:ProvenanceRecord");
    assert_eq!(records[0]["case-investigation:exhibitNumber"], "ABC/1");
    assert_eq!(records[1]["uco-core:object"].as_array().unwrap().len(), 8);
    // Every reference leads to a node, and no two nodes share a name.
    let mut names: Vec<&str> = nodes.iter().map(|n| n["@id"].as_str().unwrap()).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
    let embedded = of("uco-observable:ObservableRelationship")
        .into_iter()
        .filter(|n| n["uco-core:target"]["@id"].as_str().unwrap().starts_with("kb:File-"))
        .count();
    assert_eq!(embedded, 1);
    for relation in of("uco-observable:ObservableRelationship") {
        for end in ["uco-core:source", "uco-core:target"] {
            let name = relation[end]["@id"].as_str().unwrap();
            assert!(names.binary_search(&name).is_ok(), "{name}");
        }
    }
    assert_eq!(text(&out, Format::Case), case, "the same examination, the same graph");
    let Some(mut validate) = case_validate() else { return };
    let path = dir.path().join("case.jsonld");
    fs::write(&path, &case).unwrap();
    let ended = validate.arg(&path).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout);
    println!("case_validate: {said}");
    assert!(ended.status.success() && said.contains("Conforms: True"), "{said}");
}

#[test]
fn an_export_appears_whole_or_not_at_all_and_overwrites_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let out = examination(dir.path(), items());
    let file = dir.path().join("items.csv");
    export_to_file(&out, Format::Csv(Table::Items), &file).unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), text(&out, Format::Csv(Table::Items)));
    let again = export_to_file(&out, Format::Csv(Table::Items), &file);
    assert!(matches!(again, Err(ExportError::Exists { .. })), "{again:?}");
    let events = export_to_file(&out, Format::Csv(Table::Events), &dir.path().join("e.csv"));
    assert!(matches!(events, Err(ExportError::NoTable { .. })), "{events:?}");
    fs::write(out.join("report.html"), "another").unwrap();
    let changed = export_to_file(&out, Format::Vics, &dir.path().join("v.json"));
    assert!(matches!(changed, Err(ExportError::Examination(_))), "{changed:?}");
    let mut left: Vec<_> =
        fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["examined", "items.csv"]);
}

#[test]
fn a_portable_case_opens_from_its_folder_and_its_digests_hold() {
    let dir = tempfile::tempdir().unwrap();
    let out = examination(dir.path(), items());
    let case = dir.path().join("portable");
    assert_eq!(portable(&out, &case).unwrap().written, 7);
    let mut names: Vec<_> = fs::read_dir(&case)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["SHA256SUMS", "examination.json", "gaps.csv", "items.csv", "report.html"]);
    assert_eq!(fs::read(case.join("report.html")).unwrap(), b"report");
    assert_eq!(
        fs::read_to_string(case.join("items.csv")).unwrap(),
        text(&out, Format::Csv(Table::Items))
    );
    let sums = fs::read_to_string(case.join("SHA256SUMS")).unwrap();
    assert_eq!(sums.lines().count(), 4);
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        let bytes = fs::read(case.join(name)).unwrap();
        assert_eq!(sum, hex::encode(Digests::of(&bytes).sha256), "{name}");
    }
    assert!(matches!(portable(&out, &case), Err(ExportError::Exists { .. })));
}

/// Takes so many bytes and then no more.
struct Full(usize);

impl std::io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let out = examination(dir.path(), items());
    for format in [Format::Csv(Table::Items), Format::Vics, Format::Case] {
        let full = export(&out, format, &mut Full(100));
        assert!(matches!(full, Err(ExportError::Sink(_))), "{format:?}: {full:?}");
    }
}

/// The most memory that this process has had, in bytes.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn exports_of_many_items_need_little_memory() {
    let dir = tempfile::tempdir().unwrap();
    let many = (0..20_000_u32)
        .map(|n| item(&format!("p1/fat32:/DCIM/{n:07}.jpg"), &(n % 18_000).to_string(), JPEG));
    let out = examination(dir.path(), many);
    let before = peak();
    for format in [Format::Csv(Table::Items), Format::Vics, Format::Case] {
        let mut sink = std::io::sink();
        let written = export(&out, format, &mut sink).unwrap().written;
        println!("{format:?}: {written} written, {} bytes of memory more", peak() - before);
    }
    assert!(peak() - before < 64 << 20, "{} bytes more", peak() - before);
}
