//! Events of programs' databases, from whole examinations.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

mod support;

use std::fs;
use std::path::Path;

use pendeen_item::{EventRow, item_id, read_events, read_gaps};
use rusqlite::Connection;
use support::zip::{member, zip};
use support::{examine, noise};

/// 2024-05-06T07:08:09Z in seconds since 1970.
const MOMENT: i64 = 1_714_979_289;

/// A database with this schema and these rows, closed.
fn database(path: &Path, sql: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn chromium() -> String {
    let time = (MOMENT + 11_644_473_600) * 1_000_000;
    format!(
        "create table urls (id integer primary key autoincrement, url longvarchar, title longvarchar);
         create table visits (id integer primary key, url integer not null, visit_time integer not
           null, from_visit integer, visit_duration integer default 0 not null);
         create table downloads (id integer primary key, current_path longvarchar, target_path
           longvarchar, start_time integer, received_bytes integer, total_bytes integer, referrer text);
         create table downloads_url_chains (id integer, chain_index integer, url longvarchar, primary
           key (id, chain_index));
         insert into urls values (1, 'https://example.org/a', 'A page');
         insert into visits values (1, 1, {time}, 0, 2500000);
         insert into downloads values (7, '/tmp/a.part', '/home/a.zip', {time} + 1000000, 10, 20, '');
         insert into downloads_url_chains values (7, 0, 'https://example.org/r'), (7, 1,
           'https://example.org/a.zip');"
    )
}

fn read(out: &Path) -> Vec<EventRow> {
    read_events(&out.join("events.parquet"), 0, 100_000).unwrap()
}

#[track_caller]
fn one<'e>(events: &'e [EventRow], source: &str, what: &str) -> &'e EventRow {
    let is = |e: &&EventRow| e.text("source") == Some(source) && e.text("what") == Some(what);
    let found: Vec<_> = events.iter().filter(is).collect();
    assert_eq!(found.len(), 1, "{source} {what}: {events:#?}");
    found[0]
}

fn examined(fill: impl Fn(&Path)) -> (Vec<EventRow>, Vec<pendeen_item::Gap>) {
    let dir = tempfile::tempdir().unwrap();
    let (source, out) = (dir.path().join("seized"), dir.path().join("out"));
    fs::create_dir(&source).unwrap();
    fill(&source);
    let examination = examine(&[&source], &[], &out, 2).unwrap();
    let events = read(&out);
    assert_eq!(examination.counts.events, events.len() as u64);
    (events, read_gaps(&out.join("gaps.parquet")).unwrap())
}

#[test]
fn browsers_tell_what_was_visited_and_downloaded() {
    let (events, gaps) = examined(|source| {
        // A name says nothing: the tables do.
        database(&source.join("renamed.bin"), &chromium());
        database(
            &source.join("places.sqlite"),
            &format!(
                "create table moz_places (id integer primary key, url text, title text);
                 create table moz_historyvisits (id integer primary key, from_visit integer, place_id
                   integer, visit_date integer);
                 create table moz_anno_attributes (id integer primary key, name varchar(32));
                 create table moz_annos (id integer primary key, place_id integer, anno_attribute_id
                   integer, content longvarchar, dateAdded integer);
                 insert into moz_places values (3, 'https://example.org/f', 'F');
                 insert into moz_historyvisits values (1, 0, 3, {MOMENT}000000);
                 insert into moz_anno_attributes values (1, 'downloads/destinationFileURI'), (2, 'x');
                 insert into moz_annos values (1, 3, 1, 'file:///home/f', {MOMENT}000000), (2, 3, 2,
                   'x', 1);"
            ),
        );
        database(
            &source.join("History.db"),
            &format!(
                "create table history_items (id integer primary key, url text, domain_expansion text);
                 create table history_visits (id integer primary key, history_item integer, visit_time
                   real, title text);
                 insert into history_items values (1, 'https://example.org/s', null);
                 insert into history_visits values (1, 1, {MOMENT}.5 - 978307200, 'S');"
            ),
        );
    });
    assert_eq!(gaps, []);
    let visit = one(&events, "chromium", "visit");
    assert_eq!(visit.time, Some(MOMENT * 1_000_000_000));
    assert_eq!(visit.text("target"), Some("https://example.org/a"));
    assert_eq!(visit.text("name"), Some("A page"));
    assert_eq!(visit.duration_ms, Some(2500));
    assert_eq!(visit.text("record"), Some("visits 1"));
    assert_eq!(visit.text("forensic_path"), Some("/renamed.bin"));
    assert_eq!(visit.text("item_id"), Some(item_id("/renamed.bin").as_str()));
    assert_eq!(visit.text("exhibit"), Some("ABC/1"));
    let download = one(&events, "chromium", "download");
    assert_eq!(download.time, Some((MOMENT + 1) * 1_000_000_000));
    assert_eq!(download.text("name"), Some("/home/a.zip"));
    assert_eq!(download.text("target"), Some("https://example.org/a.zip"));
    assert_eq!(download.size_bytes, Some(20));
    assert_eq!(one(&events, "firefox", "visit").time, Some(MOMENT * 1_000_000_000));
    assert_eq!(one(&events, "firefox", "download").text("name"), Some("file:///home/f"));
    let safari = one(&events, "safari", "visit");
    assert_eq!(safari.time, Some(MOMENT * 1_000_000_000 + 500_000_000));
    assert_eq!(safari.text("name"), Some("S"));
}

#[test]
fn phones_tell_messages_calls_and_contacts() {
    let (events, gaps) = examined(|source| {
        database(
            &source.join("mmssms.db"),
            &format!(
                "create table sms (_id integer primary key, thread_id integer, address text, date
                   integer, type integer, body text);
                 create table pdu (_id integer primary key, date integer, msg_box integer, sub text);
                 create table addr (_id integer primary key, msg_id integer, address text, type
                   integer);
                 create table part (_id integer primary key, mid integer, ct text, text text, _data
                   text);
                 insert into sms values (1, 1, '+447700900001', {MOMENT}000, 1, 'hello');
                 insert into pdu values (5, {MOMENT}, 2, null);
                 insert into addr values (1, 5, '+447700900002', 151), (2, 5, 'insert-address-token',
                   137);
                 insert into part values (1, 5, 'text/plain', 'see this', null), (2, 5, 'image/jpeg',
                   null, '/data/part_1.jpg');"
            ),
        );
        database(
            &source.join("contacts2.db"),
            &format!(
                "create table mimetypes (_id integer primary key, mimetype text);
                 create table raw_contacts (_id integer primary key, display_name text);
                 create table data (_id integer primary key, mimetype_id integer, raw_contact_id
                   integer, data1 text);
                 create table calls (_id integer primary key, number text, date integer, duration
                   integer, type integer, name text);
                 insert into mimetypes values (1, 'vnd.android.cursor.item/phone_v2'), (2,
                   'vnd.android.cursor.item/note');
                 insert into raw_contacts values (9, 'A Friend');
                 insert into data values (1, 1, 9, '+447700900003'), (2, 2, 9, 'a note');
                 insert into calls values (1, '+447700900003', {MOMENT}000, 61, 2, 'A Friend');"
            ),
        );
        database(
            &source.join("sms.db"),
            &format!(
                "create table handle (rowid integer primary key autoincrement, id text);
                 create table message (rowid integer primary key autoincrement, guid text, text text,
                   handle_id integer, date integer, is_from_me integer, service text, attributedBody
                   blob);
                 create table attachment (rowid integer primary key, filename text, total_bytes
                   integer);
                 create table message_attachment_join (message_id integer, attachment_id integer);
                 insert into handle values (1, '+447700900004');
                 insert into message values (1, 'g', null, 1, ({MOMENT} - 978307200) * 1000000000, 1,
                   'iMessage', cast('NSString' || x'019484012b03' || 'hey' || x'86' as blob));
                 insert into attachment values (1, '~/a.heic', 10), (2, '~/b.heic', 11);
                 insert into message_attachment_join values (1, 1), (1, 2);"
            ),
        );
        database(
            &source.join("CallHistory.storedata"),
            &format!(
                "create table zcallrecord (z_pk integer primary key, zaddress varchar, zdate
                   timestamp, zduration float, zoriginated integer, zanswered integer, zname varchar,
                   zservice_provider varchar);
                 insert into zcallrecord values (1, '+447700900005', {MOMENT} - 978307200, 3.5, 0, 0,
                   null, 'com.apple.Telephony');"
            ),
        );
        database(
            &source.join("AddressBook.sqlitedb"),
            "create table abperson (rowid integer primary key, first text, last text, organization
               text, creationdate integer, modificationdate integer);
             create table abmultivalue (uid integer primary key, record_id integer, property integer,
               value text);
             insert into abperson values (1, 'B', 'Friend', null, 1, 2);
             insert into abmultivalue values (1, 1, 3, '+447700900006');",
        );
    });
    assert_eq!(gaps, []);
    let sms = one(&events, "android_sms", "message_received");
    assert_eq!((sms.text("counterpart"), sms.text("text")), (Some("+447700900001"), Some("hello")));
    let mms = one(&events, "android_mms", "message_sent");
    assert_eq!(mms.text("counterpart"), Some("+447700900002"));
    assert_eq!(mms.text("text"), Some("see this"));
    assert_eq!(mms.text("target"), Some("/data/part_1.jpg"));
    assert_eq!(mms.time, sms.time);
    let call = one(&events, "android_calls", "call_made");
    assert_eq!((call.duration_ms, call.text("name")), (Some(61_000), Some("A Friend")));
    let contact = one(&events, "android_contacts", "contact");
    assert_eq!(contact.text("counterpart"), Some("+447700900003"));
    assert_eq!(contact.time, None);
    let sent: Vec<_> =
        events.iter().filter(|e| e.text("source") == Some("apple_messages")).collect();
    assert_eq!(sent.len(), 2, "one row for each attachment");
    assert_eq!((sent[0].text("text"), sent[1].text("text")), (Some("hey"), Some("hey")));
    assert_eq!((sent[0].text("target"), sent[1].size_bytes), (Some("~/a.heic"), Some(11)));
    assert_eq!(sent[0].time, Some(MOMENT * 1_000_000_000));
    assert_eq!(one(&events, "apple_calls", "call_missed").duration_ms, Some(3500));
    assert_eq!(one(&events, "apple_contacts", "contact").text("name"), Some("B Friend"));
}

/// SHA-256 of nothing, as WhatsApp writes it and as lists do.
const IN_BASE64: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
const IN_HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn whatsapp() -> String {
    format!(
        "create table jid (_id integer primary key, user text, server text, raw_string text);
         create table chat (_id integer primary key, jid_row_id integer, subject text);
         create table message (_id integer primary key, chat_row_id integer, from_me integer,
           timestamp integer, text_data text, sender_jid_row_id integer);
         create table message_media (message_row_id integer primary key, file_path text, file_size
           integer, media_duration integer, file_hash text);
         insert into jid values (1, '447700900007', 's.whatsapp.net', '447700900007@s.whatsapp.net');
         insert into chat values (2, 1, null);
         insert into message values (3, 2, 0, {MOMENT}000, null, 0);
         insert into message_media values (3, 'Media/IMG-1.jpg', 0, 0, '{IN_BASE64}');"
    )
}

#[test]
fn a_digest_recorded_in_a_chat_is_looked_up_in_the_known_lists() {
    let dir = tempfile::tempdir().unwrap();
    let (source, out) = (dir.path().join("seized"), dir.path().join("out"));
    database(&source.join("msgstore.db"), &whatsapp());
    let list = dir.path().join("list.csv");
    fs::write(&list, format!("sha256,list,category\n{IN_HEX},training,B\n")).unwrap();
    let counts = examine(&[&source], &[&list], &out, 1).unwrap().counts;
    assert_eq!((counts.known, counts.events, counts.events_known), (0, 1, 1));
    let events = read(&out);
    let message = one(&events, "whatsapp", "message_received");
    assert_eq!(message.text("sha256"), Some(IN_HEX));
    assert_eq!(message.text("known_category"), Some("B"));
    assert_eq!(message.text("counterpart"), Some("447700900007@s.whatsapp.net"));
    assert_eq!(message.text("target"), Some("Media/IMG-1.jpg"));
}

#[test]
fn databases_inside_archives_and_logs_beside_them_are_read_on_any_number_of_threads() {
    let dir = tempfile::tempdir().unwrap();
    let source = dir.path().join("seized");
    database(&source.join("History"), &chromium());
    let path = source.join("History");
    // Open, so that SQLite leaves what it writes in the log.
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    let late = (MOMENT + 100 + 11_644_473_600) * 1_000_000;
    connection.execute(&format!("insert into visits values (2, 1, {late}, 1, 0)"), []).unwrap();
    let log = fs::read(source.join("History-wal")).unwrap();
    let extraction =
        zip(&[member("data/History", &fs::read(&path).unwrap()), member("data/History-wal", &log)]);
    fs::remove_file(source.join("History-shm")).unwrap();
    fs::write(source.join("phone.zip"), extraction).unwrap();
    let run = |threads| {
        let out = dir.path().join(format!("out{threads}"));
        examine(&[&source], &[], &out, threads).unwrap();
        (read(&out), fs::read(out.join("events.parquet")).unwrap())
    };
    let (events, one) = run(1);
    for path in ["/History", "/phone.zip!/data/History"] {
        let visits = events
            .iter()
            .filter(|e| e.text("forensic_path") == Some(path) && e.text("what") == Some("visit"));
        assert_eq!(visits.count(), 2, "{path}");
    }
    assert!(events.is_sorted_by_key(|e| e.time));
    assert_eq!(one, run(2).1);
}

#[test]
fn what_is_encrypted_or_damaged_is_a_gap() {
    let (events, gaps) = examined(|source| {
        fs::write(source.join("signal.db"), noise(1, 40_960)).unwrap();
        fs::write(source.join("msgstore.db.crypt15"), noise(2, 9_000)).unwrap();
        let path = source.join("cut.db");
        database(&path, &chromium());
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 8192]).unwrap();
        fs::write(source.join("header.db"), b"SQLite format 3\0 and no more").unwrap();
    });
    let reason = |path: &str| {
        let of: Vec<_> = gaps
            .iter()
            .filter(|gap| gap.forensic_path == path && gap.wanted.contains("events"))
            .collect();
        assert_eq!(of.len(), 1, "{path}: {gaps:?}");
        of[0].reason.clone()
    };
    assert!(reason("/signal.db").contains("encrypted"));
    assert!(reason("/msgstore.db.crypt15").contains("encrypted"));
    assert!(reason("/header.db").contains("too short"), "{}", reason("/header.db"));
    assert!(reason("/cut.db").contains("page"), "{}", reason("/cut.db"));
    assert!(events.iter().any(|e| e.text("what") == Some("visit")), "the pages left are read");
}

#[test]
fn recycle_bins_tell_what_was_removed_and_when() {
    let (events, gaps) = examined(|source| {
        let name = "C:\\Users\\a\\holiday.jpg";
        let mut record = 2_u64.to_le_bytes().to_vec();
        record.extend(1234_u64.to_le_bytes());
        record.extend(133_594_528_890_000_000_u64.to_le_bytes());
        record.extend(u32::try_from(name.len() + 1).unwrap().to_le_bytes());
        record.extend(name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
        fs::write(source.join("$IABCDEF.jpg"), record).unwrap();
    });
    assert_eq!(gaps, []);
    let removed = one(&events, "recycle_bin", "removed");
    assert_eq!(removed.time, Some(MOMENT * 1_000_000_000));
    assert_eq!(removed.text("target"), Some("C:\\Users\\a\\holiday.jpg"));
    assert_eq!(removed.size_bytes, Some(1234));
}
