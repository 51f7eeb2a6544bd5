//! Reads a database and its log, and the events in it: nothing may panic or hang, and no more
//! rows may come than its pages can hold.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pendeen_content::Positioned;
use pendeen_content::events::of_database;
use pendeen_content::sqlite::Database;

fuzz_target!(|data: &[u8]| {
    let Some((split, bytes)) = data.split_first_chunk::<2>() else { return };
    let at = usize::from(u16::from_le_bytes(*split)).min(bytes.len());
    let (file, log) = bytes.split_at(at);
    let Ok(database) = Database::open(&file, Some(&log as &dyn Positioned)) else { return };
    for table in database.tables().iter().take(8) {
        let mut rows = 0_usize;
        let _ = database.rows(table, |_| {
            rows += 1;
            true
        });
        assert!(rows <= bytes.len());
    }
    let _ = of_database(&database);
});
