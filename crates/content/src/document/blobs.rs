//! SQLite databases: the pictures that are kept as values in their rows.
//!
//! In: a database by position. Out: each value of bytes that begins as a picture does, named by
//! table, row and column. The log beside the database is not looked at here.
//! Refused: values shorter than [`SHORTEST`], which hold no picture.

use super::{Part, Tell, picture};
use crate::positioned::Positioned;
use crate::sqlite::{Database, Value};

/// Fewer bytes are no picture.
const SHORTEST: usize = 64;

pub(super) fn parts(bytes: &dyn Positioned, tell: &mut Tell<'_>) -> Result<(), String> {
    let database = Database::open(bytes, None).map_err(|e| e.to_string())?;
    let (mut told, mut problem) = (true, None);
    for table in database.tables() {
        let read = database.rows(table, |row| {
            for (at, value) in row.values().iter().enumerate() {
                let Value::Blob(bytes) = value else { continue };
                let Some(extension) = picture(bytes).filter(|_| bytes.len() >= SHORTEST) else {
                    continue;
                };
                let column = table.columns.get(at).map_or("column", String::as_str);
                let name = format!("{}/{}/{column}.{extension}", table.name, row.rowid());
                told = tell(Part { name, bytes: bytes.into() });
                if !told {
                    return false;
                }
            }
            true
        });
        if !told {
            return Ok(());
        }
        // Damage is told once, when everything else was.
        problem = problem.or(read.err().map(|e| format!("the table {}: {e}", table.name)));
    }
    match (problem, database.rows_lost()) {
        (Some(problem), _) => Err(problem),
        (None, 0) => Ok(()),
        (None, lost) => Err(format!("{lost} of its rows could not be read")),
    }
}
