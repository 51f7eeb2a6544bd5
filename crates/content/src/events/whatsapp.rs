//! WhatsApp: messages, their media and their digests, calls and contacts, on Android and iOS.
//!
//! The program records the SHA-256 of each media file, in Base64: it tells which file was sent
//! or received even where the file itself is gone.
//!
//! Source: the schemas of msgstore.db (before and since 2021), wa.db and ChatStorage.sqlite, as
//! they are found on devices; WhatsApp documents none of them.

use std::collections::HashMap;

use pendeen_item::Event;

use super::{Events, lookup, seconds, table, time, unsigned};
use crate::document::base64;
use crate::sqlite::{Database, Row};

pub(super) fn read(database: &Database<'_>, out: &mut Events) {
    messages(database, out);
    old_messages(database, out);
    calls(database, out);
    contacts(database, out);
    apple_messages(database, out);
}

/// Accounts by number.
fn accounts(database: &Database<'_>, out: &mut Events) -> HashMap<i64, String> {
    let jid = table(database, "jid", &["_id", "user", "server"]);
    lookup(database, jid, out, |row| {
        let whole = row
            .text("raw_string")
            .or_else(|| Some(format!("{}@{}", row.text("user")?, row.text("server")?)));
        Some((row.integer("_id")?, whole?))
    })
}

/// What a message says of its media.
#[derive(Clone, Default)]
struct Media {
    path: Option<String>,
    size: Option<u64>,
    duration: Option<u64>,
    sha256: Option<[u8; 32]>,
}

fn messages(database: &Database<'_>, out: &mut Events) {
    let columns = ["chat_row_id", "from_me", "timestamp", "text_data", "sender_jid_row_id"];
    let Some(message) = table(database, "message", &columns) else { return };
    let accounts = accounts(database, out);
    let chats = table(database, "chat", &["_id", "jid_row_id"]);
    let chats = lookup(database, chats, out, |row| {
        Some((row.integer("_id")?, (row.integer("jid_row_id"), row.text("subject"))))
    });
    let media = table(database, "message_media", &["message_row_id", "file_path", "file_hash"]);
    let media = lookup(database, media, out, |row| {
        let media = Media {
            path: row.text("file_path").or_else(|| row.text("media_name")),
            size: unsigned(row.integer("file_size")),
            duration: seconds(row.real("media_duration")).filter(|ms| *ms > 0),
            sha256: row.text("file_hash").and_then(|hash| digest(&hash)),
        };
        Some((row.integer("message_row_id")?, media))
    });
    out.each(database, message, |row| {
        let (chat, subject) =
            row.integer("chat_row_id").and_then(|id| chats.get(&id).cloned()).unwrap_or_default();
        let sender = row.integer("sender_jid_row_id").filter(|id| *id > 0);
        let account = |id: Option<i64>| id.and_then(|id| accounts.get(&id).cloned());
        let media = media.get(&row.rowid()).cloned().unwrap_or_default();
        Some(Event {
            time: time::unix_ms(row.integer("timestamp")),
            source: "whatsapp",
            what: direction(row, "from_me"),
            counterpart: account(sender).or_else(|| account(chat)),
            name: subject.or_else(|| account(chat)),
            text: row.text("text_data"),
            target: media.path,
            size_bytes: media.size,
            duration_ms: media.duration,
            sha256: media.sha256,
            ..Event::default()
        })
    });
}

fn old_messages(database: &Database<'_>, out: &mut Events) {
    let columns = ["key_remote_jid", "key_from_me", "data", "timestamp", "media_hash"];
    let Some(messages) = table(database, "messages", &columns) else { return };
    out.each(database, messages, |row| {
        let chat = row.text("key_remote_jid");
        Some(Event {
            time: time::unix_ms(row.integer("timestamp")),
            source: "whatsapp",
            what: direction(row, "key_from_me"),
            counterpart: row.text("remote_resource").or_else(|| chat.clone()),
            name: chat,
            text: row.text("data").or_else(|| row.text("media_caption")),
            target: row.text("media_name").or_else(|| row.text("media_url")),
            size_bytes: unsigned(row.integer("media_size")).filter(|size| *size > 0),
            duration_ms: seconds(row.real("media_duration")).filter(|ms| *ms > 0),
            sha256: row.text("media_hash").and_then(|hash| digest(&hash)),
            ..Event::default()
        })
    });
}

fn calls(database: &Database<'_>, out: &mut Events) {
    let columns = ["jid_row_id", "from_me", "timestamp", "video_call", "duration"];
    let Some(calls) = table(database, "call_log", &columns) else { return };
    let accounts = accounts(database, out);
    out.each(database, calls, |row| {
        let video = row.integer("video_call") == Some(1);
        Some(Event {
            time: time::unix_ms(row.integer("timestamp")),
            source: "whatsapp",
            what: if row.integer("from_me") == Some(1) { "call_made" } else { "call_received" },
            counterpart: row.integer("jid_row_id").and_then(|id| accounts.get(&id).cloned()),
            text: video.then(|| "video".to_owned()),
            duration_ms: seconds(row.real("duration")),
            ..Event::default()
        })
    });
}

fn contacts(database: &Database<'_>, out: &mut Events) {
    let Some(contacts) = table(database, "wa_contacts", &["jid", "display_name", "wa_name"]) else {
        return;
    };
    out.each(database, contacts, |row| {
        Some(Event {
            source: "whatsapp",
            what: "contact",
            counterpart: row.text("jid").or_else(|| row.text("number")),
            name: row.text("display_name").or_else(|| row.text("wa_name")),
            text: row.text("status"),
            ..Event::default()
        })
    });
}

fn apple_messages(database: &Database<'_>, out: &mut Events) {
    let columns = ["ZISFROMME", "ZMESSAGEDATE", "ZTEXT", "ZFROMJID", "ZTOJID", "ZMEDIAITEM"];
    let Some(messages) = table(database, "ZWAMESSAGE", &columns) else { return };
    let media = table(database, "ZWAMEDIAITEM", &["Z_PK", "ZMEDIALOCALPATH"]);
    let media = lookup(database, media, out, |row| {
        let media = Media {
            path: row.text("ZMEDIALOCALPATH"),
            size: unsigned(row.integer("ZFILESIZE")).filter(|size| *size > 0),
            duration: seconds(row.real("ZMOVIEDURATION")).filter(|ms| *ms > 0),
            // The program keeps the digest where a contact's card would stand.
            sha256: row.text("ZVCARDSTRING").and_then(|hash| digest(&hash)),
        };
        Some((row.integer("Z_PK")?, media))
    });
    out.each(database, messages, |row| {
        let media =
            row.integer("ZMEDIAITEM").and_then(|id| media.get(&id).cloned()).unwrap_or_default();
        Some(Event {
            time: time::apple(row.real("ZMESSAGEDATE")),
            source: "whatsapp",
            what: direction(row, "ZISFROMME"),
            counterpart: row.text("ZFROMJID").or_else(|| row.text("ZTOJID")),
            name: row.text("ZPUSHNAME"),
            text: row.text("ZTEXT"),
            target: media.path,
            size_bytes: media.size,
            duration_ms: media.duration,
            sha256: media.sha256,
            ..Event::default()
        })
    });
}

fn direction(row: &Row<'_>, from_me: &str) -> &'static str {
    if row.integer(from_me) == Some(1) { "message_sent" } else { "message_received" }
}

/// A SHA-256 in Base64 (RFC 4648, section 4); none where it is anything else.
fn digest(text: &str) -> Option<[u8; 32]> {
    let text = text.trim();
    (text.len() == 44).then(|| base64(text.as_bytes()).try_into().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_from_base64_and_nothing_else_is() {
        // The SHA-256 of nothing.
        let wanted = digest("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=").unwrap();
        assert_eq!(wanted[..4], [0xe3, 0xb0, 0xc4, 0x42]);
        assert_eq!(wanted[31], 0x55);
        for none in ["", "47DEQpj8", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF!="] {
            assert_eq!(digest(none), None, "{none}");
        }
    }
}
