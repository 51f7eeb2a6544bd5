//! Signal: messages, where its database is not encrypted: exported, or opened by an examiner.
//!
//! On a device it is encrypted page by page and begins with noise, so that it never gets here.
//!
//! Source: Signal-Android, database/MessageTable.kt and RecipientTable.kt; Signal-Desktop,
//! ts/sql/migrations.

use pendeen_item::Event;

use super::{Events, lookup, table, time};
use crate::sqlite::Database;

pub(super) fn read(database: &Database<'_>, out: &mut Events) {
    android(database, out);
    desktop(database, out);
}

fn android(database: &Database<'_>, out: &mut Events) {
    /// The base type of a message that came in, among those in the lowest bits of the type.
    const BASE: i64 = 0x1f;
    const INBOX: i64 = 20;
    let columns = ["date_sent", "from_recipient_id", "to_recipient_id", "body", "type"];
    let Some(message) = table(database, "message", &columns) else { return };
    let people = table(database, "recipient", &["_id", "e164"]);
    let people = lookup(database, people, out, |row| {
        let name = row.text("profile_joined_name").or_else(|| row.text("system_joined_name"));
        Some((row.integer("_id")?, (row.text("e164").or_else(|| row.text("aci")), name)))
    });
    out.each(database, message, |row| {
        let received = row.integer("type").is_some_and(|kind| kind & BASE == INBOX);
        let other = if received { "from_recipient_id" } else { "to_recipient_id" };
        let (counterpart, name) =
            row.integer(other).and_then(|id| people.get(&id).cloned()).unwrap_or_default();
        Some(Event {
            time: time::unix_ms(row.integer("date_sent")),
            source: "signal",
            what: if received { "message_received" } else { "message_sent" },
            counterpart,
            name,
            text: row.text("body"),
            ..Event::default()
        })
    });
}

fn desktop(database: &Database<'_>, out: &mut Events) {
    let Some(messages) =
        table(database, "messages", &["conversationId", "sent_at", "type", "body"])
    else {
        return;
    };
    // Conversations are referred to by text; their rows are few.
    let mut people = std::collections::HashMap::new();
    let conversations = table(database, "conversations", &["id", "e164"]);
    lookup(database, conversations, out, |row| {
        let name = row.text("name").or_else(|| row.text("profileName"));
        people.insert(row.text("id")?, (row.text("e164"), name));
        None::<(i64, ())>
    });
    out.each(database, messages, |row| {
        let (counterpart, name) =
            row.text("conversationId").and_then(|id| people.get(&id).cloned()).unwrap_or_default();
        Some(Event {
            time: time::unix_ms(row.integer("sent_at")),
            source: "signal",
            what: match row.text("type").as_deref() {
                Some("incoming") => "message_received",
                Some("outgoing") => "message_sent",
                _ => "message",
            },
            counterpart,
            name,
            text: row.text("body"),
            ..Event::default()
        })
    });
}
