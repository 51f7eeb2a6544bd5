//! SQLite databases, read as evidence: without SQLite, and without ever writing.
//!
//! In: a database file by position, and the write-ahead log that lay beside it, if one did.
//! Out: the tables of its schema and their rows, as the last committed transaction left them.
//! A log is applied as SQLite would: frames whose salts and checksums agree, up to the last
//! commit. Every page of a table is visited once at most, every length is checked, and every
//! row has a limit, so that a crafted file costs no more than its own size.
//! Refused: tables without rowids, views and virtual tables; rows of more than [`MOST_PAYLOAD`]
//! bytes; encrypted databases, which have no header. Free pages, where deleted rows linger, are
//! not looked at, nor is a rollback journal.
//!
//! Source: "Database File Format" and "WAL-mode File Format", sqlite.org.

mod btree;
mod record;
mod schema;
mod wal;

use std::cell::Cell;

use thiserror::Error;

use crate::Positioned;
pub use record::Value;
pub use schema::Table;
use wal::Wal;

/// Bytes of one row at most.
pub const MOST_PAYLOAD: u64 = 64 << 20;

/// Why a database, or a part of it, cannot be read. The evidence is at fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SqliteError {
    /// The file does not begin as a database does.
    #[error("it does not begin as a SQLite database does: {0}")]
    Header(&'static str),
    /// A page is not what it should be.
    #[error("page {page} is damaged: {problem}")]
    Page {
        /// Number of the page, from 1.
        page: u32,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A page cannot be read.
    #[error("page {page} cannot be read: {reason}")]
    Unreadable {
        /// Number of the page, from 1.
        page: u32,
        /// Why not.
        reason: String,
    },
    /// The schema's text says something that is not read here.
    #[error("the table {table} is not read: {problem}")]
    Table {
        /// Its name.
        table: String,
        /// Why not.
        problem: &'static str,
    },
}

/// How a database writes text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
}

/// An open database.
pub struct Database<'a> {
    file: &'a dyn Positioned,
    wal: Option<Wal<'a>>,
    page_size: u32,
    /// Bytes of a page without the reserved ones at its end.
    usable: u32,
    pages: u32,
    encoding: Encoding,
    tables: Vec<Table>,
    /// Why the log beside it was not applied, or not whole.
    log_problem: Option<String>,
    /// The first problem that made a row be left out.
    rows_lost: Cell<u64>,
}

impl<'a> Database<'a> {
    /// Opens a database with the write-ahead log that lay beside it.
    pub fn open(
        file: &'a dyn Positioned,
        log: Option<&'a dyn Positioned>,
    ) -> Result<Self, SqliteError> {
        let mut header = [0; 100];
        file.fill(0, &mut header).map_err(|_| SqliteError::Header("it is too short"))?;
        if !header.starts_with(b"SQLite format 3\0") {
            return Err(SqliteError::Header("the signature is missing"));
        }
        let page_size = match u16::from_be_bytes([header[16], header[17]]) {
            1 => 65_536,
            size if size.is_power_of_two() && size >= 512 => u32::from(size),
            _ => return Err(SqliteError::Header("its page size is impossible")),
        };
        let usable = page_size - u32::from(header[20]);
        if usable < 480 {
            return Err(SqliteError::Header("its pages have no room"));
        }
        let (wal, log_problem) = match log.map(|log| Wal::open(log, page_size)) {
            None | Some(Ok(None)) => (None, None),
            Some(Ok(Some(wal))) => {
                let problem = wal.problem.clone();
                (Some(wal), problem)
            }
            Some(Err(problem)) => (None, Some(problem)),
        };
        let in_file = u32::try_from(file.size() / u64::from(page_size)).unwrap_or(u32::MAX);
        let pages = wal.as_ref().map_or(in_file, |wal| wal.pages.max(1));
        let mut database = Self {
            file,
            wal,
            page_size,
            usable,
            pages,
            encoding: Encoding::Utf8,
            tables: Vec::new(),
            log_problem,
            rows_lost: Cell::new(0),
        };
        // The log may hold a later first page, with another encoding of text.
        let first = database.page(1)?;
        database.encoding = match first.get(56..60) {
            Some([0, 0, 0, 2]) => Encoding::Utf16Le,
            Some([0, 0, 0, 3]) => Encoding::Utf16Be,
            _ => Encoding::Utf8,
        };
        database.tables = schema::read(&database)?;
        Ok(database)
    }

    /// The tables, in the schema's order.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// The table of this name; case does not matter, as in SQL.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name.eq_ignore_ascii_case(name))
    }

    /// Gives every row of a table to `each`, in the order of rowids, until it answers false.
    ///
    /// A row that cannot be read is left out and counted ([`Self::rows_lost`]). An error tells
    /// of pages that could not be read; the rows of the others were given.
    pub fn rows(
        &self,
        table: &Table,
        mut each: impl FnMut(&Row<'_>) -> bool,
    ) -> Result<(), SqliteError> {
        table.readable()?;
        btree::walk(self, table.root, &mut |rowid, payload| {
            let Some(values) = record::values(payload, self.encoding) else {
                self.lose_row();
                return true;
            };
            each(&Row { table, rowid, values })
        })
    }

    /// Why the log beside the database was not applied, or not whole.
    pub fn log_problem(&self) -> Option<&str> {
        self.log_problem.as_deref()
    }

    /// How many rows were left out so far because they could not be read.
    pub fn rows_lost(&self) -> u64 {
        self.rows_lost.get()
    }

    fn lose_row(&self) {
        self.rows_lost.set(self.rows_lost.get().saturating_add(1));
    }

    /// The bytes of a page, from the log if it has them.
    fn page(&self, number: u32) -> Result<Vec<u8>, SqliteError> {
        if number == 0 || number > self.pages {
            return Err(SqliteError::Page { page: number, problem: "the database ends before it" });
        }
        let mut bytes = vec![0; self.page_size as usize];
        let read = match self.wal.as_ref().and_then(|wal| wal.at(number).map(|at| (wal, at))) {
            Some((wal, at)) => wal.log.fill(at, &mut bytes),
            None => self.file.fill(u64::from(number - 1) * u64::from(self.page_size), &mut bytes),
        };
        read.map_err(|e| SqliteError::Unreadable { page: number, reason: e.to_string() })?;
        Ok(bytes)
    }
}

/// One row.
pub struct Row<'a> {
    table: &'a Table,
    rowid: i64,
    values: Vec<Value>,
}

impl Row<'_> {
    /// Its number in the table.
    pub fn rowid(&self) -> i64 {
        self.rowid
    }

    /// The values as they are stored; fewer than the table has columns where a column was
    /// added later.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The value of a column: null where the table has no such column.
    pub fn get(&self, column: &str) -> &Value {
        let value = self.table.column(column).and_then(|at| self.values.get(at));
        value.unwrap_or(&Value::Null)
    }

    /// An integer, also where it was stored as text or as a whole real number.
    pub fn integer(&self, column: &str) -> Option<i64> {
        if self.table.rowid.is_some() && self.table.rowid == self.table.column(column) {
            return Some(self.rowid);
        }
        self.get(column).integer()
    }

    /// A number, whole or not.
    pub fn real(&self, column: &str) -> Option<f64> {
        self.get(column).real()
    }

    /// A text that is not empty.
    pub fn text(&self, column: &str) -> Option<String> {
        self.get(column).text()
    }
}
