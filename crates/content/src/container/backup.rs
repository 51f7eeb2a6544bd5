//! The list of files of an iPhone's backup: `Manifest.db`.
//!
//! In: the database. Out: one child without bytes for each file that it lists: its name is the
//! name that the file has in the backup (40 hexadecimal digits), its text the domain and the path
//! that it had on the phone. Folders and links are left out: the backup has no file for them.
//! Refused: a database without such a table.
//!
//! Source: the table `Files(fileID, domain, relativePath, flags, file)` of backups since iOS 10;
//! `file` is a keyed archive (property list) of the file's metadata.

mod bplist;

use pendeen_evidence::entry::Times;

use super::dos;
use crate::protocol::{Bytes, Child, Layout};
use crate::remote::Source;
use crate::sink::{Children, Stop};
use crate::sqlite::{Database, Row};

/// The value of `flags` for a file.
const FILE: i64 = 1;

pub(super) fn open(source: &Source, children: &mut Children) -> Result<(), Stop> {
    let broken = |reason: String| Stop::Broken(reason);
    let database = Database::open(source, None).map_err(|e| broken(e.to_string()))?;
    let table = database
        .table("Files")
        .filter(|table| table.has(&["fileID", "domain", "relativePath", "flags"]))
        .ok_or_else(|| broken("it has no table of a backup's files".to_owned()))?;
    children.layout(Layout::Backup)?;
    let mut number = 0;
    let mut stop = Ok(());
    let walked = database.rows(table, |row| {
        if row.integer("flags") == Some(FILE)
            && let Some(child) = child(row, number)
        {
            number += 1;
            stop = children.child(child, &mut std::io::empty());
        }
        stop.is_ok()
    });
    stop?;
    if let Err(error) = walked {
        children.problem("the rest of the backup's list of files", error.to_string(), None)?;
    }
    match database.rows_lost() {
        0 => Ok(()),
        lost => {
            let reason = format!("{lost} of its rows cannot be read");
            children.problem("the backup's list of files", reason, None)
        }
    }
}

fn child(row: &Row<'_>, number: u64) -> Option<Child> {
    let facts = row.get("file").blob().map(bplist::integers).unwrap_or_default();
    let fact = |name: &str| facts.get(name).copied();
    let time = |name: &str| fact(name).and_then(dos::unix);
    let positive = |name: &str| fact(name).and_then(|value| u64::try_from(value).ok());
    Some(Child {
        number,
        name: Bytes(row.text("fileID")?.into_bytes()),
        text: Some(format!("{}/{}", row.text("domain")?, row.text("relativePath")?)),
        size: positive("Size"),
        times: Times {
            created: time("Birth"),
            modified: time("LastModified"),
            accessed: None,
            changed: time("LastStatusChange"),
        },
        owner: positive("UserID").zip(positive("GroupID")),
        ..Child::default()
    })
}
