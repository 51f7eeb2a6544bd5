//! The NSRL's reference data sets: files of known, mostly harmless software, as SQLite.
//!
//! In: a database of RDS version 3 (2022 and later) with `FILE`, or a full one with `METADATA`.
//! Out: records of a [`crate::KnownSet`]: the SHA-256 of each row (SHA-1 or MD5 where the set has
//! no SHA-256, since nobody can make another file with the same SHA-256), named after the set's
//! own `VERSION`. They are never sought: a triage does not read files to find harmless ones.
//! Refused: a database without these tables, or with a row whose digest is none.
//!
//! A list is a file that the laboratory chose, not evidence: it is opened by SQLite itself,
//! read-only, and as one that does not change, so that nothing is written beside it.
//!
//! Source: NIST, National Software Reference Library, RDSv3; docs/reference/known-lists.md.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

use crate::KnownError;
use crate::digest::record;
use crate::load::file_name;
use crate::set::{Loader, Record};

/// The category of every record.
const CATEGORY: &str = "known software";

/// Reads the set; what it is.
pub(crate) fn read(loader: &mut Loader, path: &Path) -> Result<String, KnownError> {
    let refused = |problem: String| KnownError::Database { path: path.to_owned(), problem };
    let fault = |error: rusqlite::Error| refused(error.to_string());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let database = Connection::open_with_flags(address(path)?, flags).map_err(fault)?;
    let (table, column) = column(&database).map_err(fault)?.ok_or_else(|| {
        refused("it has no table FILE or METADATA with a column sha256, sha1 or md5".to_owned())
    })?;
    let list = name(&database).unwrap_or_else(|| file_name(path));
    let mut rows = database.prepare(&format!("SELECT {column} FROM {table}")).map_err(fault)?;
    let mut rows = rows.query([]).map_err(fault)?;
    let mut number = 0_u64;
    while let Some(row) = rows.next().map_err(fault)? {
        number += 1;
        let digest = match row.get_ref(0).map_err(fault)? {
            ValueRef::Text(text) => std::str::from_utf8(text).unwrap_or("?"),
            ValueRef::Null => "",
            _ => "?",
        };
        let record = match digest {
            "" => Record::default(),
            digest => {
                let bad = |problem| refused(format!("row {number} of {table}: {problem}"));
                Record { sought: false, ..record(digest).map_err(bad)? }
            }
        };
        loader.add(&record, &list, CATEGORY)?;
    }
    Ok("nsrl rds 3".to_owned())
}

/// The path as an address that tells SQLite to write nothing.
fn address(path: &Path) -> Result<String, KnownError> {
    let io = |source| KnownError::Io { path: path.to_owned(), source };
    let path = std::path::absolute(path).map_err(io)?;
    let mut address = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                address.push(char::from(*byte));
            }
            // Writing to a string cannot fail.
            other => {
                let _ = write!(address, "%{other:02X}");
            }
        }
    }
    address.push_str("?immutable=1");
    Ok(address)
}

/// The table and the best digest that it has.
fn column(database: &Connection) -> rusqlite::Result<Option<(&'static str, &'static str)>> {
    for table in ["FILE", "METADATA"] {
        let mut columns = database.prepare("SELECT lower(name) FROM pragma_table_info(?1)")?;
        let columns = columns.query_map([table], |row| row.get::<_, String>(0))?;
        let columns = columns.collect::<rusqlite::Result<Vec<_>>>()?;
        let has = |name: &&'static str| columns.iter().any(|column| column == name);
        if let Some(digest) = ["sha256", "sha1", "md5"].into_iter().find(has) {
            return Ok(Some((table, digest)));
        }
    }
    Ok(None)
}

/// The set's own name and version, where it tells them.
fn name(database: &Connection) -> Option<String> {
    let version = "SELECT version, build_set FROM VERSION LIMIT 1";
    database
        .query_row(version, [], |row| {
            let text = |at| row.get::<_, Option<String>>(at).map(Option::unwrap_or_default);
            Ok((text(0)?, text(1)?))
        })
        .ok()
        .filter(|(version, _)| !version.is_empty())
        .map(|(version, set)| format!("NSRL {version} {set}").trim_end().to_owned())
}
