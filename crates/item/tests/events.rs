//! The event table as its users see it.

use pendeen_item::{Event, EventWriter, event_schema, item_id, read_events};

fn event(n: i64) -> Event {
    Event {
        time: (n % 5 != 0).then_some(1_700_000_000_000_000_000 + n % 7),
        source: if n % 2 == 0 { "chromium" } else { "whatsapp" },
        what: "visit",
        text: Some(format!("text {n}")),
        size_bytes: Some(n.unsigned_abs()),
        sha256: (n % 3 == 0).then_some([7; 32]),
        record: format!("visits {n:06}"),
        path: "/History".to_owned(),
        forensic_path: format!("p1/ext4:/{}/History", n % 4),
        ..Event::default()
    }
}

#[test]
fn columns_of_the_event_table_are_the_documented_ones() {
    let documented = include_str!("../../../docs/reference/events.md");
    let mut at = 0;
    for field in event_schema().fields() {
        let row = format!("| `{}` |", field.name());
        let found = documented[at..].find(&row);
        at += found.unwrap_or_else(|| panic!("docs/reference/events.md has no row for {row} here"));
    }
    assert_eq!(event_schema().fields().len(), 18, "columns are stable API: see docs/reference");
}

#[test]
fn events_come_back_as_they_were_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("events.parquet");
    let mut writer = EventWriter::create(&path, "ABC/1").unwrap();
    (0..10_000).for_each(|n| writer.write(event(n)).unwrap());
    assert_eq!(writer.finish().unwrap().rows, 10_000);
    let rows = read_events(&path, 9_000, 5_000).unwrap();
    assert_eq!(rows.len(), 1_000);
    let (row, wanted) = (&rows[3], event(9_003));
    assert_eq!((row.time, row.size_bytes, row.duration_ms), (wanted.time, Some(9_003), None));
    assert_eq!(row.text("sha256"), Some("07".repeat(32).as_str()));
    assert_eq!(row.text("item_id"), Some(item_id(&wanted.forensic_path).as_str()));
    assert_eq!(row.text("exhibit"), Some("ABC/1"));
    assert_eq!((row.text("counterpart"), row.text("no such column")), (None, None));
}

#[test]
fn the_order_of_events_depends_on_no_order_in_which_they_were_found() {
    let mut forwards: Vec<Event> = (0..500).map(event).collect();
    let mut backwards: Vec<Event> = forwards.iter().rev().cloned().collect();
    forwards.sort_by(Event::order);
    backwards.sort_by(Event::order);
    assert_eq!(forwards, backwards);
    let untimed = forwards.iter().position(|e| e.time.is_none()).unwrap();
    assert!(forwards[..untimed].is_sorted_by_key(|e| e.time));
    assert!(forwards[untimed..].iter().all(|e| e.time.is_none()), "events without a time are last");
}
