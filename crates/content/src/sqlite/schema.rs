//! The schema: from the text of `CREATE TABLE` to the names of columns.
//!
//! In: the rows of the schema table on page 1. Out: [`Table`]s. Only what finding a column
//! needs is read of the text: the names, which of them is the rowid, and whether there is one.
//! Refused: virtual tables and views, which have no tree.
//!
//! Source: "Database File Format", section 2.6; the grammar of CREATE TABLE, sqlite.org.

use super::{Database, SqliteError, Value, btree, record};

/// Tables of a database at most.
const TABLES: usize = 10_000;
/// Columns of a table at most, as SQLite's own limit allows.
const COLUMNS: usize = 32_767;

/// A table of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns' names, in order.
    pub columns: Vec<String>,
    /// The page where its tree begins.
    pub(super) root: u32,
    /// The column that is the rowid itself, and stored as null.
    pub(super) rowid: Option<usize>,
    without_rowid: bool,
}

impl Table {
    /// Where a column stands; case does not matter.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.eq_ignore_ascii_case(name))
    }

    /// Whether it has all of these columns.
    pub fn has(&self, columns: &[&str]) -> bool {
        columns.iter().all(|column| self.column(column).is_some())
    }

    pub(super) fn readable(&self) -> Result<(), SqliteError> {
        if self.without_rowid {
            let problem = "it has no rowids";
            return Err(SqliteError::Table { table: self.name.clone(), problem });
        }
        Ok(())
    }
}

/// All tables of a database.
pub(super) fn read(database: &Database<'_>) -> Result<Vec<Table>, SqliteError> {
    let mut tables = Vec::new();
    let read = btree::walk(database, 1, &mut |_, payload| {
        let values = record::values(payload, database.encoding).unwrap_or_default();
        if let [Value::Text(kind), Value::Text(name), _, root, Value::Text(sql), ..] =
            values.as_slice()
            && kind == "table"
            && let Some(root) = root.integer().and_then(|root| u32::try_from(root).ok())
            && root > 0
        {
            let (columns, rowid) = columns(sql);
            let lower = sql.to_ascii_lowercase();
            let behind = lower.rsplit(')').next().unwrap_or_default();
            let without_rowid = behind.contains("without");
            tables.push(Table { name: name.clone(), columns, root, rowid, without_rowid });
        }
        tables.len() < TABLES
    });
    match read {
        // Tables whose place is known are read, and that others may be missing is counted.
        Err(_) if !tables.is_empty() => database.lose_row(),
        read => read?,
    }
    Ok(tables)
}

/// The names of the columns of a `CREATE TABLE`, and which of them is the rowid.
fn columns(sql: &str) -> (Vec<String>, Option<usize>) {
    const CONSTRAINTS: [&str; 5] = ["constraint", "primary", "unique", "check", "foreign"];
    let (mut names, mut rowid) = (Vec::new(), None);
    for definition in definitions(sql).into_iter().take(COLUMNS) {
        let mut tokens = definition.iter();
        let Some(first) = tokens.next() else { continue };
        let keyword = |token: &Token| {
            if token.quoted { String::default() } else { token.text.to_ascii_lowercase() }
        };
        if CONSTRAINTS.contains(&keyword(first).as_str()) {
            // A key of one column declared apart makes that column the rowid, too; its type
            // is not looked at again, because no table that is read here is written so.
            continue;
        }
        let rest: Vec<String> = tokens.map(keyword).collect();
        let integer = rest.first().is_some_and(|kind| kind == "integer");
        let primary = rest.windows(2).any(|pair| pair[0] == "primary" && pair[1] == "key");
        let descending = rest.windows(2).any(|pair| pair[0] == "key" && pair[1] == "desc");
        if integer && primary && !descending {
            rowid = Some(names.len());
        }
        names.push(first.text.clone());
    }
    (names, rowid)
}

struct Token {
    text: String,
    quoted: bool,
}

/// The tokens between the commas of the outermost parentheses.
fn definitions(sql: &str) -> Vec<Vec<Token>> {
    let mut all = vec![Vec::new()];
    let (mut depth, mut rest) = (0_u32, sql);
    while let Some(c) = rest.chars().next() {
        let len = c.len_utf8();
        match c {
            '(' => depth += 1,
            ')' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            ',' if depth == 1 => all.push(Vec::new()),
            '"' | '\'' | '`' | '[' => {
                let close = if c == '[' { ']' } else { c };
                let inside = rest.get(len..).unwrap_or_default();
                let end = inside.find(close).unwrap_or(inside.len());
                push(&mut all, depth, inside.get(..end), true);
                rest = inside.get(end..).and_then(|r| r.get(close.len_utf8()..)).unwrap_or("");
                continue;
            }
            '-' if rest.starts_with("--") => {
                rest = rest.find('\n').and_then(|end| rest.get(end..)).unwrap_or("");
                continue;
            }
            '/' if rest.starts_with("/*") => {
                rest = rest.find("*/").and_then(|end| rest.get(end + 2..)).unwrap_or("");
                continue;
            }
            c if c.is_alphanumeric() || c == '_' || c == '$' => {
                let end = rest
                    .find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$')
                    .unwrap_or(rest.len());
                push(&mut all, depth, rest.get(..end), false);
                rest = rest.get(end..).unwrap_or("");
                continue;
            }
            _ => {}
        }
        rest = rest.get(len..).unwrap_or("");
    }
    all
}

fn push(all: &mut [Vec<Token>], depth: u32, text: Option<&str>, quoted: bool) {
    if let (1, Some(text), Some(last)) = (depth, text, all.last_mut()) {
        last.push(Token { text: text.to_owned(), quoted });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_however_they_are_written() {
        let (names, rowid) = columns(
            "CREATE TABLE \"t\" (_id INTEGER PRIMARY KEY AUTOINCREMENT, -- the key\n\
             [odd, name] TEXT DEFAULT 'a,b)', `q` NUMERIC(10,2) CHECK (q > 0), \"primary\" INT, \
             /* x, y */ last BLOB, UNIQUE (q, last), FOREIGN KEY(q) REFERENCES o(i))",
        );
        assert_eq!(names, ["_id", "odd, name", "q", "primary", "last"]);
        assert_eq!(rowid, Some(0));
        let (names, rowid) = columns("CREATE TABLE t(a INT PRIMARY KEY, b)");
        assert_eq!((names.len(), rowid), (2, None));
    }

    #[test]
    fn text_that_is_no_statement_has_an_end() {
        for sql in ["", "(", ")", "((((", "('", "(--", "(/*", "(a,,,,b", "é(é é,", "\"", "([é"]
        {
            let _ = columns(sql);
        }
    }
}
