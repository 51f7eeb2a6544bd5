//! iOS and macOS: messages with their attachments, calls and contacts of the system's programs.
//!
//! Source: the schemas of sms.db (chat.db), CallHistory.storedata and AddressBook.sqlitedb, as
//! they are found on devices; Apple documents none of them.

use std::collections::HashMap;

use pendeen_item::Event;

use super::{Events, lookup, seconds, table, time, unsigned};
use crate::sqlite::{Database, Row, Value};

pub(super) fn read(database: &Database<'_>, out: &mut Events) {
    messages(database, out);
    calls(database, out);
    contacts(database, out);
}

fn messages(database: &Database<'_>, out: &mut Events) {
    let Some(message) = table(database, "message", &["text", "handle_id", "date", "is_from_me"])
    else {
        return;
    };
    let handles = table(database, "handle", &["id"]);
    let handles = lookup(database, handles, out, |row| Some((row.rowid(), row.text("id")?)));
    let attachments = table(database, "attachment", &["filename", "total_bytes"]);
    let attachments = lookup(database, attachments, out, |row| {
        let name = row.text("filename").or_else(|| row.text("transfer_name"));
        Some((row.rowid(), (name, unsigned(row.integer("total_bytes")))))
    });
    let mut attached: HashMap<i64, Vec<i64>> = HashMap::new();
    let joins = table(database, "message_attachment_join", &["message_id", "attachment_id"]);
    lookup(database, joins, out, |row| {
        let (message, attachment) = (row.integer("message_id")?, row.integer("attachment_id")?);
        attached.entry(message).or_default().push(attachment);
        None::<(i64, ())>
    });
    let mut further = Vec::new();
    out.each(database, message, |row| {
        let event = Event {
            // Before iOS 11 in seconds, since in nanoseconds.
            time: time::apple(row.real("date")),
            source: "apple_messages",
            what: if row.integer("is_from_me") == Some(1) {
                "message_sent"
            } else {
                "message_received"
            },
            counterpart: row.integer("handle_id").and_then(|id| handles.get(&id).cloned()),
            name: row.text("service"),
            text: row.text("text").or_else(|| styled(row)),
            ..Event::default()
        };
        let files = attached.remove(&row.rowid()).unwrap_or_default();
        let mut files = files.into_iter().filter_map(|id| attachments.get(&id).cloned());
        let first = files.next();
        let record = format!("{} {}", message.name, row.rowid());
        further.extend(files.map(|(target, size_bytes)| Event {
            target,
            size_bytes,
            record: record.clone(),
            ..event.clone()
        }));
        let (target, size_bytes) = first.unwrap_or_default();
        Some(Event { target, size_bytes, ..event })
    });
    for event in further {
        out.add(event);
    }
}

/// The text of a message that is kept only with its style: the first string of the archive.
fn styled(row: &Row<'_>) -> Option<String> {
    const MARK: &[u8] = b"NSString\x01\x94\x84\x01+";
    let bytes = row.get("attributedBody").blob()?;
    let at = bytes.windows(MARK.len()).position(|w| w == MARK)? + MARK.len();
    let rest = bytes.get(at..)?;
    let (len, rest) = match rest {
        [0x81, low, high, rest @ ..] => (usize::from(u16::from_le_bytes([*low, *high])), rest),
        [len, rest @ ..] => (usize::from(*len), rest),
        [] => return None,
    };
    let text = String::from_utf8_lossy(rest.get(..len)?).into_owned();
    (!text.is_empty()).then_some(text)
}

fn calls(database: &Database<'_>, out: &mut Events) {
    let columns = ["ZADDRESS", "ZDATE", "ZDURATION", "ZORIGINATED", "ZANSWERED"];
    let Some(calls) = table(database, "ZCALLRECORD", &columns) else { return };
    out.each(database, calls, |row| {
        let address = match row.get("ZADDRESS") {
            Value::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            value => value.text(),
        };
        let (made, answered) = (row.integer("ZORIGINATED"), row.integer("ZANSWERED"));
        Some(Event {
            time: time::apple(row.real("ZDATE")),
            source: "apple_calls",
            what: match (made, answered) {
                (Some(1), _) => "call_made",
                (_, Some(1)) => "call_received",
                _ => "call_missed",
            },
            counterpart: address,
            name: row.text("ZNAME"),
            text: row.text("ZSERVICE_PROVIDER"),
            duration_ms: seconds(row.real("ZDURATION")),
            ..Event::default()
        })
    });
}

fn contacts(database: &Database<'_>, out: &mut Events) {
    let Some(values) = table(database, "ABMultiValue", &["record_id", "property", "value"]) else {
        return;
    };
    let people = table(database, "ABPerson", &["First", "Last"]);
    let people = lookup(database, people, out, |row| {
        let names = [row.text("First"), row.text("Last")];
        let name = names.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let name = Some(name).filter(|name| !name.is_empty());
        let changed = row.real("ModificationDate").or_else(|| row.real("CreationDate"));
        Some((row.rowid(), (name.or_else(|| row.text("Organization")), time::apple(changed))))
    });
    out.each(database, values, |row| {
        let (name, time) = people.get(&row.integer("record_id")?).cloned()?;
        Some(Event {
            time,
            source: "apple_contacts",
            what: "contact",
            counterpart: Some(row.text("value")?),
            name,
            ..Event::default()
        })
    });
}
