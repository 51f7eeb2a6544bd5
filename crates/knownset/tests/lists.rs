//! Lists in every form that is read, with what the forms have in the wild.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use pendeen_fingerprint::Digests;
use pendeen_knownset::{KnownError, KnownSet};
use tempfile::TempDir;

fn digests(content: &str) -> Digests {
    Digests::of(content.as_bytes())
}

fn md5(content: &str) -> String {
    hex::encode(digests(content).md5)
}

fn sha1(content: &str) -> String {
    hex::encode(digests(content).sha1)
}

fn sha256(content: &str) -> String {
    hex::encode(digests(content).sha256)
}

fn file(dir: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn says(set: &KnownSet, content: &str) -> Option<(String, String)> {
    set.lookup(&digests(content)).map(|k| (k.list.clone(), k.category.clone()))
}

fn pair(list: &str, category: &str) -> (String, String) {
    (list.to_owned(), category.to_owned())
}

/// A hash set as version 1.3 writes it: the model's address last, booleans as text, a mark.
fn hash_set() -> String {
    format!(
        r#"{}{{"value":[
  {{"MediaID":1,"Category":1,"MD5":"{}","SHA1":"{}","PhotoDNA":"AAAA","IsDistributed":"True",
    "VictimIdentified":null,"MediaSize":3,"DateUpdated":"/Date(1414774800000)/",
    "MediaFiles":[{{"MD5":"not looked at","FileName":"a.jpg","Created":null}}],
    "Exifs":[{{"PropertyName":"Make","PropertyValue":"[[[["}}]}},
  {{"MediaID":2,"Category":null,"IsPrecategorized":true,"MD5":"","SHA1":"{}","MediaSize":"7"}},
  {{"MediaID":3,"PhotoDNA":"AAAA"}}
],"odata.metadata":"http://github.com/ICMEC/ProjectVic/DataModels/1.3.xml#Media"}}"#,
        '\u{feff}',
        md5("one").to_uppercase(),
        sha1("one"),
        sha1("two")
    )
}

#[test]
fn a_vics_hash_set_is_read_with_what_real_ones_have() {
    let dir = tempfile::tempdir().unwrap();
    let list = file(&dir, "colour cards.txt", &hash_set());
    let set = KnownSet::load(&[list]).unwrap();
    assert_eq!(says(&set, "one"), Some(pair("colour cards", "1")));
    assert_eq!(says(&set, "two"), Some(pair("colour cards", "")));
    assert_eq!(says(&set, "three"), None);
    let source = &set.sources()[0];
    assert_eq!(source.format, "vics 1.3");
    assert_eq!((source.records, source.without_digest, source.photodna), (3, 1, 2));
    assert_eq!(set.len(), 3);
    assert!(set.may_have_size(3) && set.may_have_size(7) && !set.may_have_size(8));
}

#[test]
fn the_cases_of_vics_2_are_read_and_their_category_may_be_text() {
    let dir = tempfile::tempdir().unwrap();
    let address = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/UK/$metadata";
    let text = format!(
        r#"{{"@odata.context":"{address}#Cases","value":[
  {{"CaseID":"x","CaseNumber":"7","Media":[{{"MediaID":1,"Category":"A","MD5":"{}"}}]}},
  {{"CaseID":"y","Media":[{{"Category":2,"MD5":"{}","Deep":{{"Media":[{{"MD5":"zz"}}]}}}}],
    "TotalMediaFiles":1}},
  {{"CaseID":"z","Media":null}}]}}"#,
        md5("one"),
        md5("two")
    );
    let set = KnownSet::load(&[file(&dir, "case.json", &text)]).unwrap();
    assert_eq!(says(&set, "one"), Some(pair("case", "A")));
    assert_eq!(says(&set, "two"), Some(pair("case", "2")));
    assert_eq!(set.sources()[0].format, "vics 2.0");
    assert_eq!(set.sources()[0].records, 2);
    assert!(set.may_have_size(12345), "no sizes are told, so any is possible");
}

#[test]
fn a_vics_list_with_a_wrong_digest_or_cut_short_is_refused_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let whole = hash_set();
    for (text, wanted) in [
        (whole.replace(&sha1("two"), "abc"), "line 6: \"abc\" has 3 characters; wanted 40"),
        (whole.replace(&sha1("two"), &"z".repeat(40)), "not hexadecimal"),
        (whole[..whole.len() - 60].to_owned(), "after 3 records"),
        (r#"{"name":"no list"}"#.to_owned(), "no `value`"),
        (format!("{whole} {{}}"), "trailing characters"),
    ] {
        let error = KnownSet::load(&[file(&dir, "l.json", &text)]).unwrap_err();
        assert!(error.to_string().contains(wanted), "{wanted}: {error}");
    }
    let empty = KnownSet::load(&[file(&dir, "l.json", r#"{"value":[]}"#)]);
    assert!(matches!(empty, Err(KnownError::Empty { .. })));
}

#[test]
fn plain_digests_are_read_with_comments_and_file_names_behind_them() {
    let dir = tempfile::tempdir().unwrap();
    let text = format!(
        "# the laboratory's own\n\n{}\n{}  a name.jpg\r\n{} *binary.bin\n",
        md5("one"),
        sha1("two").to_uppercase(),
        sha256("three")
    );
    let set = KnownSet::load(&[file(&dir, "own.txt", &text)]).unwrap();
    for content in ["one", "two", "three"] {
        assert_eq!(says(&set, content), Some(pair("own", "")), "{content}");
    }
    assert_eq!((set.len(), set.sources()[0].format.as_str()), (3, "digests"));
    let bad = KnownSet::load(&[file(&dir, "own.txt", &format!("{text}{}\n", &md5("x")[1..]))]);
    assert!(matches!(bad, Err(KnownError::BadLine { line: 6, .. })), "{bad:?}");
    let comments = KnownSet::load(&[file(&dir, "own.txt", "# nothing yet\n")]);
    assert!(matches!(comments, Err(KnownError::Empty { .. })));
}

/// A reference set as the NSRL makes it; `table` is `FILE` or `METADATA`.
fn reference_set(path: &Path, table: &str, rows: &[String]) {
    let database = rusqlite::Connection::open(path).unwrap();
    let mut text = format!(
        "CREATE TABLE VERSION (version VARCHAR, build_set VARCHAR, build_date TIMESTAMP,
           release_date TIMESTAMP, description VARCHAR);
         INSERT INTO VERSION VALUES ('2026.09.1', 'modern minimal', '2026-09-01', '2026-09-15', '');
         CREATE TABLE {table} (sha256 VARCHAR, sha1 VARCHAR, md5 VARCHAR, crc32 VARCHAR,
           file_name VARCHAR, file_size INTEGER, package_id INTEGER);\n"
    );
    for row in rows {
        writeln!(text, "INSERT INTO {table} VALUES ({row}, 'setup.exe', 3, 1);").unwrap();
    }
    database.execute_batch(&text).unwrap();
}

fn row(content: &str) -> String {
    let upper = |digest: String| format!("'{}'", digest.to_uppercase());
    let digests = [upper(sha256(content)), upper(sha1(content)), upper(md5(content))];
    format!("{}, 'ABCDEF01'", digests.join(", "))
}

#[test]
fn a_reference_set_of_the_nsrl_is_read_by_its_sha_256_and_never_sought() {
    let dir = tempfile::tempdir().unwrap();
    for (number, table) in ["FILE", "METADATA"].iter().enumerate() {
        let path = dir.path().join(format!("RDS {number}?.db"));
        reference_set(&path, table, &[row("one"), row("two"), row("one")]);
        let before = std::fs::read(&path).unwrap();
        let set = KnownSet::load(&[&path]).unwrap();
        let list = "NSRL 2026.09.1 modern minimal";
        assert_eq!(says(&set, "one"), Some(pair(list, "known software")));
        assert_eq!(says(&set, "two"), Some(pair(list, "known software")));
        assert_eq!(says(&set, "three"), None);
        let source = &set.sources()[0];
        assert_eq!((source.records, source.repeated, set.len()), (3, 1, 2));
        assert_eq!(source.sha256, hex::encode(Digests::of(&before).sha256));
        assert!(!set.may_have_size(3));
        assert_eq!(std::fs::read(&path).unwrap(), before);
        let beside = std::fs::read_dir(dir.path()).unwrap().count();
        assert_eq!(beside, number + 1, "nothing is written beside a list");
    }
}

#[test]
fn a_database_that_is_no_reference_set_or_is_damaged_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("other.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a);").unwrap();
    let error = KnownSet::load(&[&path]).unwrap_err();
    assert!(error.to_string().contains("no table FILE or METADATA"), "{error}");
    let path = dir.path().join("bad row.db");
    reference_set(&path, "FILE", &[row("one"), "'12', '', '', ''".to_owned()]);
    let error = KnownSet::load(&[&path]).unwrap_err();
    assert!(error.to_string().contains("row 2 of FILE"), "{error}");
    let path = dir.path().join("cut.db");
    let rows: Vec<String> = (0..500).map(|n| row(&n.to_string())).collect();
    reference_set(&path, "FILE", &rows);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(matches!(KnownSet::load(&[&path]), Err(KnownError::Database { .. })));
}

#[test]
fn the_list_named_first_counts_whatever_its_form() {
    let dir = tempfile::tempdir().unwrap();
    let plain = file(&dir, "own.txt", &format!("{}\n", sha1("one")));
    let vics = file(&dir, "vics.json", &hash_set());
    let first = KnownSet::load(&[&plain, &vics]).unwrap();
    assert_eq!(says(&first, "one"), Some(pair("own", "")));
    assert_eq!(first.sources()[1].conflicting, 1, "its SHA-1 was given by the list before");
    let second = KnownSet::load(&[&vics, &plain]).unwrap();
    assert_eq!(says(&second, "one"), Some(pair("vics", "1")));
    assert_eq!(second.sources()[1].conflicting, 1);
    assert_eq!(second.sources()[0].conflicting, 0);
}

/// The most memory that this process has had, in bytes.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_ascii_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

#[test]
fn a_large_vics_list_is_never_whole_in_memory() {
    const RECORDS: u32 = 100_000;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("large.json");
    let mut text = BufWriter::new(File::create(&path).unwrap());
    write!(text, r#"{{"odata.metadata":"x/ProjectVic/DataModels/1.2.xml#Media","value":["#)
        .unwrap();
    let comment = "nothing of interest ".repeat(60);
    for n in 0..RECORDS {
        let comma = if n == 0 { "" } else { "," };
        let digest = md5(&n.to_string());
        write!(
            text,
            r#"{comma}{{"MediaID":{n},"Category":{},"MD5":"{digest}","Comments":"{comment}"}}"#,
            n % 3
        )
        .unwrap();
    }
    write!(text, "]}}").unwrap();
    text.into_inner().unwrap();
    let len = std::fs::metadata(&path).unwrap().len();
    let before = peak();
    let set = KnownSet::load(&[&path]).unwrap();
    let grown = peak() - before;
    println!("{len} bytes of list, {} digests, {grown} bytes of memory more", set.len());
    assert_eq!(set.len(), RECORDS as usize);
    for n in [0, 1, 99_999] {
        assert_eq!(says(&set, &n.to_string()), Some(pair("large", &(n % 3).to_string())));
    }
    assert!(len > 100 << 20, "the list is too small to show anything");
    assert!(grown < 16 << 20, "{grown} bytes of memory for a list of {len}");
}

#[test]
fn a_digest_given_many_times_is_kept_once_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("again.csv");
    let mut text = BufWriter::new(File::create(&path).unwrap());
    for n in 0..1_200_000_u32 {
        let digest = if n % 5 == 4 { "ff".repeat(16) } else { format!("{:032x}", n % 1000) };
        writeln!(text, "{digest},list,{}", u32::from(n % 5 == 4 && n > 10)).unwrap();
    }
    text.into_inner().unwrap();
    let set = KnownSet::load(&[&path]).unwrap();
    let source = &set.sources()[0];
    assert_eq!((set.len(), source.records), (801, 1_200_000));
    // The last digest is first given with category 0, then with 1.
    assert_eq!(source.conflicting, 239_998);
    assert_eq!(source.repeated, 1_200_000 - 801 - 239_998);
}

#[test]
fn a_list_with_any_byte_changed_or_cut_anywhere_is_read_or_refused_and_never_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    let database = dir.path().join("rds.db");
    reference_set(&database, "FILE", &[row("one"), row("two")]);
    let database = std::fs::read(&database).unwrap();
    let plain = format!("# own\n{}\n{}  b\n", md5("one"), sha256("two"));
    let path = dir.path().join("changed");
    for (list, step) in [(hash_set().into_bytes(), 3), (plain.into_bytes(), 1), (database, 97)] {
        for at in (0..list.len()).step_by(step) {
            let mut changed = list.clone();
            changed[at] ^= 0x55;
            for bytes in [&changed[..], &list[..at]] {
                std::fs::write(&path, bytes).unwrap();
                if let Ok(set) = KnownSet::load(&[&path]) {
                    assert!(set.sources()[0].records > 0);
                }
            }
        }
    }
}
