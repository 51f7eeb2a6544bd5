//! Android: text and multimedia messages, calls and contacts of the system's own providers.
//!
//! Source: AOSP, packages/providers/TelephonyProvider (MmsSmsDatabaseHelper.java),
//! packages/providers/ContactsProvider (ContactsDatabaseHelper.java, CallLogDatabaseHelper.java);
//! android.provider.Telephony, CallLog and ContactsContract.

use std::collections::HashMap;

use pendeen_item::Event;

use super::{Events, lookup, seconds, table, time};
use crate::sqlite::Database;

pub(super) fn read(database: &Database<'_>, out: &mut Events) {
    text_messages(database, out);
    multimedia_messages(database, out);
    calls(database, out);
    contacts(database, out);
}

/// What a message box means.
fn boxed(kind: Option<i64>) -> &'static str {
    match kind {
        Some(1) => "message_received",
        Some(2) => "message_sent",
        Some(3) => "message_draft",
        Some(4..=6) => "message_unsent",
        _ => "message",
    }
}

fn text_messages(database: &Database<'_>, out: &mut Events) {
    let Some(sms) = table(database, "sms", &["address", "date", "type", "body", "thread_id"])
    else {
        return;
    };
    out.each(database, sms, |row| {
        Some(Event {
            time: time::unix_ms(row.integer("date")),
            source: "android_sms",
            what: boxed(row.integer("type")),
            counterpart: row.text("address"),
            text: row.text("body"),
            ..Event::default()
        })
    });
}

fn multimedia_messages(database: &Database<'_>, out: &mut Events) {
    /// What Android writes where an address is the owner's own.
    const OWN: &str = "insert-address-token";
    let Some(pdu) = table(database, "pdu", &["date", "msg_box", "sub"]) else { return };
    let mut counterparts: HashMap<i64, String> = HashMap::new();
    let addresses = table(database, "addr", &["msg_id", "address"]);
    lookup(database, addresses, out, |row| {
        let (message, address) = (row.integer("msg_id")?, row.text("address")?);
        if address != OWN {
            join(counterparts.entry(message).or_default(), &address);
        }
        None::<(i64, ())>
    });
    let (mut texts, mut files) = (HashMap::<i64, String>::new(), HashMap::<i64, String>::new());
    let parts = table(database, "part", &["mid", "ct", "text", "_data"]);
    lookup(database, parts, out, |row| {
        let message = row.integer("mid")?;
        if let Some(text) =
            row.text("text").filter(|_| row.text("ct").as_deref() == Some("text/plain"))
        {
            join(texts.entry(message).or_default(), &text);
        }
        if let Some(file) = row.text("_data") {
            join(files.entry(message).or_default(), &file);
        }
        None::<(i64, ())>
    });
    out.each(database, pdu, |row| {
        let message = row.rowid();
        Some(Event {
            time: time::unix_s(row.integer("date")),
            source: "android_mms",
            what: boxed(row.integer("msg_box")),
            counterpart: counterparts.remove(&message),
            name: row.text("sub"),
            text: texts.remove(&message),
            target: files.remove(&message),
            ..Event::default()
        })
    });
}

/// Characters of joined texts at most: crafted rows could all belong to one message.
const MOST_JOINED: usize = 64 * 1024;

fn join(all: &mut String, one: &str) {
    if all.len() > MOST_JOINED {
        return;
    }
    if !all.is_empty() {
        all.push_str(", ");
    }
    all.push_str(one);
}

fn calls(database: &Database<'_>, out: &mut Events) {
    let Some(calls) = table(database, "calls", &["number", "date", "duration", "type"]) else {
        return;
    };
    out.each(database, calls, |row| {
        Some(Event {
            time: time::unix_ms(row.integer("date")),
            source: "android_calls",
            what: match row.integer("type") {
                Some(1) => "call_received",
                Some(2) => "call_made",
                Some(3) => "call_missed",
                Some(5 | 6) => "call_refused",
                _ => "call",
            },
            counterpart: row.text("number"),
            name: row.text("name"),
            duration_ms: seconds(row.real("duration")),
            ..Event::default()
        })
    });
}

fn contacts(database: &Database<'_>, out: &mut Events) {
    let Some(data) = table(database, "data", &["raw_contact_id", "mimetype_id", "data1"]) else {
        return;
    };
    let kinds = table(database, "mimetypes", &["_id", "mimetype"]);
    let kinds =
        lookup(database, kinds, out, |row| Some((row.integer("_id")?, row.text("mimetype")?)));
    let people = table(database, "raw_contacts", &["_id", "display_name"]);
    let people = lookup(database, people, out, |row| {
        Some((row.integer("_id")?, (row.text("display_name"), row.text("account_type"))))
    });
    out.each(database, data, |row| {
        let kind = kinds.get(&row.integer("mimetype_id")?)?;
        let address = ["phone_v2", "email_v2", "im"].iter().any(|k| kind.ends_with(k));
        let (name, account) = people.get(&row.integer("raw_contact_id")?).cloned()?;
        address.then(|| Event {
            source: "android_contacts",
            what: "contact",
            counterpart: row.text("data1"),
            name,
            text: account,
            ..Event::default()
        })
    });
}
