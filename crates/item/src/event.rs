//! An event: something that a program on the device recorded with a time.

use std::cmp::Ordering;

use crate::forensic_order;

/// One row of the event table. All of it is what the program wrote, not what is true.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// When: nanoseconds since 1970-01-01T00:00:00Z; none where none was recorded.
    pub time: Option<i64>,
    /// Why `time` may not be UTC; none where the source keeps UTC.
    pub time_doubt: Option<&'static str>,
    /// Which program's record: `chromium`, `android_sms`, ...
    pub source: &'static str,
    /// What happened: `visit`, `message_received`, ...
    pub what: &'static str,
    /// Who else took part: a phone number, an address, an account.
    pub counterpart: Option<String>,
    /// A name or a title.
    pub name: Option<String>,
    /// What was written.
    pub text: Option<String>,
    /// What it is about: an address in the web, a path on the device.
    pub target: Option<String>,
    /// Size in bytes of what it is about.
    pub size_bytes: Option<u64>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// SHA-256 that the program recorded of a file.
    pub sha256: Option<[u8; 32]>,
    /// The known list that has this digest.
    pub known_list: Option<String>,
    /// The category in that list.
    pub known_category: Option<String>,
    /// Where in the item: table and row.
    pub record: String,
    /// Path of the item inside its file system.
    pub path: String,
    /// Forensic path of the item that recorded it.
    pub forensic_path: String,
}

impl Event {
    /// The order of the table: by time, events without one last; then by where they stand.
    pub fn order(&self, other: &Self) -> Ordering {
        let key = |event: &Self| (event.time.is_none(), event.time);
        key(self)
            .cmp(&key(other))
            .then_with(|| forensic_order(&self.forensic_path, &other.forensic_path))
            .then_with(|| (self.source, &self.record).cmp(&(other.source, &other.record)))
            .then_with(|| self.what.cmp(other.what))
            .then_with(|| {
                (&self.counterpart, &self.target).cmp(&(&other.counterpart, &other.target))
            })
    }
}
