//! Lists as CSV: a digest, the list's name, the category.
//!
//! In: UTF-8 text, with or without a byte order mark, separated by commas; one record a line:
//! MD5, SHA-1 or SHA-256 in hexadecimal (told by its length), name of the list, category. A
//! first line with a column `digest` is a header; then the columns may stand in any order and
//! further ones are ignored. Without a header: digest, list, category.
//! Out: records of a [`KnownSet`]. A list column that is absent or empty means the file's name.
//! Refused, with its line: anything else, and a cell that holds a line break. RFC 4180 allows
//! those, but in a list one is a quote that was never closed, and hides the records behind it.
//!
//! Source: RFC 4180 for quoting.

use std::io::Read;
use std::path::Path;

use crate::KnownError;
use crate::digest::record;
use crate::load::file_name;
use crate::set::Loader;

/// Where the columns stand.
struct Columns {
    digest: usize,
    list: Option<usize>,
    category: Option<usize>,
}

/// Reads the list; what it is.
pub(crate) fn read(
    loader: &mut Loader,
    path: &Path,
    text: &mut impl Read,
) -> Result<String, KnownError> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    let file_name = file_name(path);
    let mut columns = Columns { digest: 0, list: Some(1), category: Some(2) };
    let mut row = csv::StringRecord::new();
    let mut first = true;
    while next(&mut reader, &mut row, path)? {
        let line = row.position().map_or(0, csv::Position::line);
        let bad = |problem| KnownError::BadLine { path: path.to_owned(), line, problem };
        one_line(&row).map_err(bad)?;
        row.trim();
        if std::mem::take(&mut first)
            && let Some(named) = header(&row)
        {
            columns = named;
            continue;
        }
        let record = record(row.get(columns.digest).unwrap_or_default()).map_err(bad)?;
        let cell = |column: Option<usize>| column.and_then(|c| row.get(c)).unwrap_or_default();
        let list = match cell(columns.list) {
            "" => file_name.as_str(),
            name => name,
        };
        loader.add(&record, list, cell(columns.category))?;
    }
    Ok("csv".to_owned())
}

/// Reads the next record; false at the end.
fn next<R: Read>(
    reader: &mut csv::Reader<R>,
    record: &mut csv::StringRecord,
    path: &Path,
) -> Result<bool, KnownError> {
    let line = reader.position().line();
    reader.read_record(record).map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(source) => KnownError::Io { path: path.to_owned(), source },
        csv::ErrorKind::Utf8 { pos, .. } => KnownError::BadLine {
            path: path.to_owned(),
            line: pos.map_or(line, |p| p.line()),
            problem: "the line is not UTF-8: save the list as CSV in UTF-8".to_owned(),
        },
        other => KnownError::BadLine {
            path: path.to_owned(),
            line,
            problem: format!("the line cannot be read as CSV ({other:?}): mend or remove it"),
        },
    })
}

/// Refuses a record that goes over more than one line.
fn one_line(record: &csv::StringRecord) -> Result<(), String> {
    if record.iter().any(|cell| cell.contains(['\n', '\r'])) {
        return Err("a quote that opens on this line is not closed on it: mend or remove the line"
            .to_owned());
    }
    Ok(())
}

/// The columns that a header line names; none if the line is not a header.
fn header(record: &csv::StringRecord) -> Option<Columns> {
    let at = |names: &[&str]| {
        record.iter().position(|cell| names.iter().any(|name| cell.eq_ignore_ascii_case(name)))
    };
    Some(Columns {
        digest: at(&["digest", "hash", "md5", "sha1", "sha-1", "sha256", "sha-256"])?,
        list: at(&["list"]),
        category: at(&["category"]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KnownSet;
    use pendeen_fingerprint::Digests;
    use proptest::prelude::*;

    fn load(text: impl AsRef<[u8]>) -> Result<KnownSet, KnownError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("colours.csv");
        std::fs::write(&path, text).unwrap();
        KnownSet::load(&[path])
    }

    fn says(set: &KnownSet, content: &[u8]) -> Option<(String, String)> {
        set.lookup(&Digests::of(content)).map(|k| (k.list.clone(), k.category.clone()))
    }

    fn pair(list: &str, category: &str) -> (String, String) {
        (list.to_owned(), category.to_owned())
    }

    #[test]
    fn each_kind_of_digest_finds_its_file() {
        let (a, b, c) = (Digests::of(b"a"), Digests::of(b"b"), Digests::of(b"c"));
        let set = load(format!(
            "{},cards,A\n{},cards,B\n{},cards,C\n",
            hex::encode(a.md5),
            hex::encode_upper(b.sha1),
            hex::encode(c.sha256)
        ))
        .unwrap();
        assert_eq!(says(&set, b"a"), Some(pair("cards", "A")));
        assert_eq!(says(&set, b"b"), Some(pair("cards", "B")));
        assert_eq!(says(&set, b"c"), Some(pair("cards", "C")));
        assert_eq!(says(&set, b"d"), None);
        assert_eq!(set.sources()[0].records, 3);
    }

    #[test]
    fn a_header_a_byte_order_mark_and_crlf_are_tolerated() {
        let md5 = hex::encode(Digests::of(b"a").md5);
        let set = load(format!(
            "\u{feff}Category,note,List,Digest\r\n\"A, moving\",x,\"my \"\"list\"\"\",{md5}\r\n"
        ))
        .unwrap();
        assert_eq!(says(&set, b"a"), Some(pair("my \"list\"", "A, moving")));
        let bare = load(format!("\u{feff}{md5}\n")).unwrap();
        assert_eq!(says(&bare, b"a"), Some(pair("colours", "")));
    }

    #[test]
    fn a_bad_line_is_refused_with_its_number_and_what_to_do() {
        let md5 = hex::encode(Digests::of(b"a").md5);
        for (line, text) in [
            (2, format!("{md5},x,A\n{},x,A\n", &md5[1..])),
            (3, format!("digest,list,category\n{md5},x,A\nz{},x,A\n", &md5[1..])),
            (1, format!("{md5};x;A\n")),
            (2, format!("{md5},x,A\n,x,A\n")),
        ] {
            let error = load(&text).unwrap_err();
            assert!(
                matches!(&error, KnownError::BadLine { line: l, .. } if *l == line),
                "{text:?}: {error}"
            );
            assert!(error.to_string().contains("mend or remove"), "{error}");
        }
        let latin = [md5.as_bytes(), b",caf\xe9,A\n"].concat();
        assert!(matches!(load(latin), Err(KnownError::BadLine { line: 1, .. })));
    }

    #[test]
    fn a_quote_that_is_never_closed_is_refused_and_hides_no_record() {
        let md5 = |name: &str| hex::encode(Digests::of(name.as_bytes()).md5);
        let (a, b, c) = (md5("a"), md5("b"), md5("c"));
        for (line, text) in [
            (2, format!("{a},x,A\n{b},\"x,A\n{c},x,A\n")),
            (2, format!("{a},x,A\n{b},x,\"A\n")),
            (1, format!("\"digest\",\"list,category\n{a},x,A\n{b},x,A\n")),
            (2, format!("digest,list,category,note\n{a},x,A,\"open\n{b},x,A,\n")),
            (1, format!("{a},\"x\ry\",A\n")),
        ] {
            let error = load(&text).unwrap_err();
            assert!(
                matches!(&error, KnownError::BadLine { line: l, .. } if *l == line),
                "{text:?}: {error}"
            );
            assert!(error.to_string().contains("quote"), "{error}");
        }
    }

    #[test]
    fn lists_without_records_in_utf16_or_missing_are_refused() {
        assert!(matches!(load(""), Err(KnownError::Empty { .. })));
        assert!(matches!(load("digest,list,category\n"), Err(KnownError::Empty { .. })));
        assert!(matches!(load(b"\xff\xfea\0"), Err(KnownError::Utf16 { .. })));
        let missing = KnownSet::load(&["/nonexistent/list.csv"]);
        assert!(matches!(missing, Err(KnownError::Io { .. })));
    }

    #[test]
    fn the_record_loaded_first_counts_and_the_others_are_counted() {
        let a = Digests::of(b"a");
        let (md5, sha1) = (hex::encode(a.md5), hex::encode(a.sha1));
        let set = load(format!("{sha1},one,A\n{md5},two,B\n{md5},two,B\n{md5},two,C\n")).unwrap();
        assert_eq!(says(&set, b"a"), Some(pair("one", "A")));
        assert_eq!(set.sources()[0].repeated, 1);
        assert_eq!(set.sources()[0].conflicting, 1);
        assert_eq!(set.len(), 2);
    }

    proptest! {
        #[test]
        fn every_record_is_found_and_nothing_else(
            contents in proptest::collection::btree_set(proptest::collection::vec(any::<u8>(), 0..8), 1..40),
            other in proptest::collection::vec(any::<u8>(), 9..12),
        ) {
            let text: String = contents.iter().enumerate().fold(String::new(), |text, (i, content)| {
                let d = Digests::of(content);
                let digest = match i % 3 {
                    0 => hex::encode(d.md5),
                    1 => hex::encode(d.sha1),
                    _ => hex::encode(d.sha256),
                };
                format!("{text}{digest},list,{i}\n")
            });
            let set = load(text).unwrap();
            for (i, content) in contents.iter().enumerate() {
                prop_assert_eq!(says(&set, content), Some(pair("list", &i.to_string())));
            }
            prop_assert_eq!(says(&set, &other), None);
        }

        #[test]
        fn any_bytes_are_a_list_or_an_error_but_never_a_panic(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = load(text);
        }
    }
}
