//! Events that programs recorded: visits, downloads, messages, calls, contacts.
//!
//! In: an open database, or a small record file. Out: [`Events`]: rows of the event table that
//! do not know yet in which item they stand, and problems for what could not be read. A program's
//! database is recognised by its tables and columns, never by its name: names change and lie.
//! Refused: more than [`MOST_EVENTS`] events of one database, which is said; deleted rows, and
//! what programs encrypt.
//!
//! Source: each module names its program's schema.

mod android;
mod apple;
mod browser;
mod jump_list;
mod recycle;
mod shortcut;
mod signal;
mod time;
mod whatsapp;

use std::collections::HashMap;

use pendeen_item::Event;

use crate::sqlite::{Database, Row, Table};
pub use jump_list::{JUMP_LIST_BYTES, jump_list};
pub use recycle::{RECYCLED_BYTES, recycled};
pub use shortcut::{SHORTCUT_BYTES, shortcut};

/// Events of one database at most.
pub const MOST_EVENTS: usize = 2_000_000;
/// Rows kept of a table that others refer to, at most.
const MOST_NAMES: usize = 2_000_000;
/// Characters of a text at most; a message rarely has more.
const MOST_CHARS: usize = 64 * 1024;

/// What was read of one item.
#[derive(Debug, Default)]
pub struct Events {
    /// In the order in which they were read.
    pub events: Vec<Event>,
    /// What could not be read, in words.
    pub problems: Vec<String>,
    full: bool,
}

/// Every event that a database records of the programs known here.
pub fn of_database(database: &Database<'_>) -> Events {
    let mut out = Events::default();
    for read in [browser::read, android::read, whatsapp::read, apple::read, signal::read] {
        read(database, &mut out);
    }
    if out.full {
        out.problems.push(format!("only the first {MOST_EVENTS} of its events are kept"));
    }
    if !out.events.is_empty() {
        out.problems.extend(database.log_problem().map(str::to_owned));
        let lost = database.rows_lost();
        if lost > 0 {
            out.problems.push(format!("{lost} of its rows could not be read"));
        }
    }
    out
}

impl Events {
    /// What a small record file told.
    pub fn of(event: Option<Event>) -> Self {
        Self { events: event.into_iter().collect(), ..Self::default() }
    }

    /// Nothing, for this reason.
    pub fn lost(problem: String) -> Self {
        Self { problems: vec![problem], ..Self::default() }
    }

    /// Adds an event; whether there is room for more.
    fn add(&mut self, mut event: Event) -> bool {
        if self.events.len() >= MOST_EVENTS {
            self.full = true;
            return false;
        }
        for text in [&mut event.text, &mut event.name, &mut event.target, &mut event.counterpart]
            .into_iter()
            .flatten()
        {
            if let Some((end, _)) = text.char_indices().nth(MOST_CHARS) {
                text.truncate(end);
            }
        }
        self.events.push(event);
        true
    }

    /// An event for each row of a table for which `event` gives one.
    fn each(
        &mut self,
        database: &Database<'_>,
        table: &Table,
        mut event: impl FnMut(&Row<'_>) -> Option<Event>,
    ) {
        let read = database.rows(table, |row| match event(row) {
            Some(found) => {
                let record = format!("{} {}", table.name, row.rowid());
                self.add(Event { record, ..found })
            }
            None => true,
        });
        if let Err(error) = read {
            self.problems.push(format!("the table {}: {error}", table.name));
        }
    }
}

/// The table of this name, if it has these columns.
fn table<'d>(database: &'d Database<'_>, name: &str, columns: &[&str]) -> Option<&'d Table> {
    database.table(name).filter(|table| table.has(columns))
}

/// What a table says by number, for others that refer to it.
fn lookup<T>(
    database: &Database<'_>,
    table: Option<&Table>,
    out: &mut Events,
    mut entry: impl FnMut(&Row<'_>) -> Option<(i64, T)>,
) -> HashMap<i64, T> {
    let mut all = HashMap::new();
    let Some(table) = table else { return all };
    let mut cut = false;
    let read = database.rows(table, |row| {
        cut = all.len() >= MOST_NAMES;
        all.extend(entry(row).filter(|_| !cut));
        !cut
    });
    if let Err(error) = read {
        out.problems.push(format!("the table {}: {error}", table.name));
    }
    if cut {
        out.problems.push(format!("only {MOST_NAMES} rows of the table {} are used", table.name));
    }
    all
}

/// A size or a duration; none where it is negative.
fn unsigned(number: Option<i64>) -> Option<u64> {
    number.and_then(|n| u64::try_from(n).ok())
}

/// A duration in milliseconds from one in seconds.
fn seconds(number: Option<f64>) -> Option<u64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    number.filter(|s| (0.0..1e9).contains(s)).map(|s| (s * 1000.0).round() as u64)
}
