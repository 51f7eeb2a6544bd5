//! Our reader of SQLite databases, compared with SQLite's own, and against damage.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::path::Path;

use pendeen_content::Positioned;
use pendeen_content::sqlite::{Database, Value};
use proptest::prelude::*;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// All rows of a table as SQLite gives them, and as we do.
fn theirs(connection: &Connection, table: &str) -> Vec<(i64, Vec<Value>)> {
    let mut statement =
        connection.prepare(&format!("select rowid, * from {table} order by rowid")).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut all = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let values = (1..columns)
            .map(|at| match row.get_ref(at).unwrap() {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(n) => Value::Integer(n),
                ValueRef::Real(n) => Value::Real(n),
                ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
            })
            .collect();
        all.push((row.get(0).unwrap(), values));
    }
    all
}

fn ours(database: &Database<'_>, table: &str) -> Vec<(i64, Vec<Value>)> {
    let table = database.table(table).unwrap();
    let mut all = Vec::new();
    database
        .rows(table, |row| {
            let mut values = row.values().to_vec();
            for (at, column) in table.columns.iter().enumerate() {
                // SQLite stores the rowid's own column as null.
                if values[at] == Value::Null && row.integer(column) == Some(row.rowid()) {
                    values[at] = Value::Integer(row.rowid());
                }
            }
            all.push((row.rowid(), values));
            true
        })
        .unwrap();
    all
}

fn fill(connection: &Connection, rows: usize) {
    connection
        .execute_batch(
            "create table \"items\" (_id integer primary key, name text, n integer, x real, b blob);
             create index i on items (name); create view v as select name from items;
             create table other (k text primary key, v);",
        )
        .unwrap();
    let transaction = connection.unchecked_transaction().unwrap();
    for n in 0..rows {
        let (name, blob) = (format!("name é {n}").repeat(n % 50), vec![n.to_le_bytes()[0]; n * 37]);
        transaction
            .execute(
                "insert into items (name, n, x, b) values (?1, ?2, ?3, ?4)",
                (
                    &name,
                    i64::try_from(n * n * n).unwrap() - 5000,
                    n.is_multiple_of(3).then_some(0.25),
                    &blob,
                ),
            )
            .unwrap();
        transaction.execute("insert into other values (?1, null)", [n.to_string()]).unwrap();
    }
    transaction.execute("delete from items where _id % 7 = 3", []).unwrap();
    transaction.commit().unwrap();
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

#[test]
fn every_row_comes_as_sqlite_gives_it_in_every_encoding_and_page_size() {
    for (page_size, encoding) in [(512, "UTF-8"), (4096, "UTF-16le"), (65_536, "UTF-16be")] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.db");
        let connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "page_size", page_size).unwrap();
        connection.pragma_update(None, "encoding", encoding).unwrap();
        fill(&connection, 300);
        let bytes = read(&path);
        let database = Database::open(&bytes, None).unwrap();
        for table in ["items", "other"] {
            let wanted = theirs(&connection, table);
            assert!(wanted.len() > 200);
            assert_eq!(ours(&database, table), wanted, "{table}, {page_size}, {encoding}");
        }
        assert_eq!(database.rows_lost(), 0);
        assert!(database.table("v").is_none());
    }
}

#[test]
fn the_log_beside_a_database_is_applied_up_to_its_last_commit() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    connection.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    fill(&connection, 100);
    let log = read(&dir.path().join("a.db-wal"));
    let bytes = read(&path);
    let database = Database::open(&bytes, Some(&log)).unwrap();
    assert_eq!(ours(&database, "items"), theirs(&connection, "items"));
    assert_eq!(database.log_problem(), None);
    // A log that is cut off inside its last transaction, and one that is damaged there.
    connection.execute("insert into items (name) values ('last')", []).unwrap();
    let longer = read(&dir.path().join("a.db-wal"));
    assert!(longer.len() > log.len());
    let before = ours(&database, "items");
    for damaged in [longer[..longer.len() - 1].to_vec(), {
        let mut bytes = longer.clone();
        *bytes.last_mut().unwrap() ^= 1;
        bytes
    }] {
        let database = Database::open(&bytes, Some(&damaged)).unwrap();
        assert_eq!(ours(&database, "items"), before);
    }
    let database = Database::open(&bytes, Some(&longer)).unwrap();
    assert_eq!(ours(&database, "items").len(), before.len() + 1);
}

#[test]
fn a_log_that_does_not_belong_is_said_and_not_applied() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    fill(&Connection::open(&path).unwrap(), 20);
    let bytes = read(&path);
    let log = [0x37, 0x7f, 6, 0x82].into_iter().chain([0; 60]).collect::<Vec<u8>>();
    let database = Database::open(&bytes, Some(&log)).unwrap();
    assert!(database.log_problem().is_some());
    assert_eq!(ours(&database, "other").len(), 20);
}

/// Reads everything in a database, as far as it goes.
fn exhaust(bytes: &[u8], log: Option<&[u8]>) -> u64 {
    let Ok(database) = Database::open(&bytes, log.as_ref().map(|log| log as &dyn Positioned))
    else {
        return 0;
    };
    let mut rows = 0;
    for table in database.tables() {
        let _ = database.rows(table, |_| {
            rows += 1;
            rows < 100_000
        });
    }
    rows
}

fn small() -> (Vec<u8>, Vec<u8>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "page_size", 512).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    fill(&connection, 30);
    connection.execute_batch("pragma wal_checkpoint(truncate)").unwrap();
    connection.execute("update items set name = 'changed' where _id < 9", []).unwrap();
    (read(&path), read(&dir.path().join("a.db-wal")))
}

#[test]
fn a_tree_that_leads_back_to_itself_has_an_end() {
    let (mut bytes, _) = small();
    // Every pointer of every page leads to page 2.
    for page in bytes.chunks_exact_mut(512).skip(1) {
        page[8..12].copy_from_slice(&2_u32.to_be_bytes());
        page[0] = 5;
    }
    exhaust(&bytes, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_database_with_bytes_changed_or_cut_off_is_read_without_a_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40),
        log_changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        len in any::<prop::sample::Index>(),
    ) {
        static SMALL: std::sync::OnceLock<(Vec<u8>, Vec<u8>)> = std::sync::OnceLock::new();
        let (mut bytes, mut log) = SMALL.get_or_init(small).clone();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        for (at, value) in log_changes {
            let at = at.index(log.len());
            log[at] = value;
        }
        exhaust(&bytes, Some(&log));
        let whole = bytes.len();
        bytes.truncate(len.index(whole));
        exhaust(&bytes, None);
    }
}
