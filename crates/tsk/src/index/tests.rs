//! Records and roots made byte by byte.

use proptest::prelude::*;

use super::*;
use crate::name::Name;

const PARENT: u64 = 40;
const WINDOWS: u8 = 1;
/// 2024-02-29T12:34:56Z in units of 100 ns since 1601.
const LEAP_DAY: u64 = 133_536_836_960_000_000;

/// An index entry: file, name space, name.
fn entry(file: (u64, u16), name_space: u8, name: &str) -> Vec<u8> {
    let units: Vec<u16> = name.encode_utf16().collect();
    let key = NAME_AT + 2 * units.len();
    let mut entry = vec![0; (ENTRY_HEAD + key).next_multiple_of(ALIGNMENT)];
    let len = u16::try_from(entry.len()).unwrap();
    entry[..8].copy_from_slice(&(file.0 | u64::from(file.1) << 48).to_le_bytes());
    entry[8..10].copy_from_slice(&len.to_le_bytes());
    entry[10..12].copy_from_slice(&u16::try_from(key).unwrap().to_le_bytes());
    let attribute = &mut entry[ENTRY_HEAD..];
    attribute[..8].copy_from_slice(&(PARENT | 3 << 48).to_le_bytes());
    for (at, second) in [(8, 0), (16, 1), (24, 2), (32, 3)] {
        let time = LEAP_DAY + second * 10_000_000;
        attribute[at..at + 8].copy_from_slice(&time.to_le_bytes());
    }
    attribute[40..48].copy_from_slice(&8192_u64.to_le_bytes());
    attribute[48..56].copy_from_slice(&5000_u64.to_le_bytes());
    attribute[64] = u8::try_from(units.len()).unwrap();
    attribute[65] = name_space;
    for (at, unit) in attribute[NAME_AT..].chunks_mut(2).zip(units) {
        at.copy_from_slice(&unit.to_le_bytes());
    }
    entry
}

fn end_mark() -> Vec<u8> {
    let mut mark = vec![0; ENTRY_HEAD];
    (mark[8], mark[12]) = (16, 2);
    mark
}

/// A record whose part in use is `used`, with `slack` behind it, as it lies on the disk.
fn record(used: &[u8], slack: &[u8]) -> Vec<u8> {
    let mut record = vec![0; 4096];
    record[..8].copy_from_slice(b"INDX\x28\0\x09\0");
    let start = 64;
    let in_use = u32::try_from(start - RECORD_HEAD + used.len()).unwrap();
    record[24..28].copy_from_slice(&40_u32.to_le_bytes());
    record[28..32].copy_from_slice(&in_use.to_le_bytes());
    record[32..36].copy_from_slice(&4072_u32.to_le_bytes());
    record[start..start + used.len()].copy_from_slice(used);
    record[start + used.len()..][..slack.len()].copy_from_slice(slack);
    record[40..42].copy_from_slice(b"\x07\0");
    for sector in 0..8 {
        let end = (sector + 1) * STRIDE - 2;
        record.copy_within(end..end + 2, 42 + 2 * sector);
        record[end..end + 2].copy_from_slice(b"\x07\0");
    }
    record
}

fn names(mut record: Vec<u8>, listed: &[(&str, u64)]) -> Vec<SlackName> {
    let mut told = Told::default();
    for (name, address) in listed {
        told.note(&Name {
            bytes: name.as_bytes().to_vec(),
            address: *address,
            kind: 5,
            allocated: true,
            meta: Err(String::new()),
        });
    }
    let mut found = Found::new(PARENT, &told, 100);
    record_slack(&mut record, &mut found);
    found.each_once()
}

fn shown(names: &[SlackName]) -> Vec<&str> {
    names.iter().map(|name| std::str::from_utf8(&name.bytes).unwrap()).collect()
}

#[test]
fn a_name_behind_the_part_in_use_is_found_with_its_size_times_and_file() {
    let used = [entry((50, 1), WINDOWS, "stays.jpg"), end_mark()].concat();
    let slack = [vec![0xee; 24], entry((60, 9), WINDOWS, "gone – öä.jpg")].concat();
    let found = names(record(&used, &slack), &[("stays.jpg", 50)]);
    assert_eq!(shown(&found), ["gone – öä.jpg"]);
    assert_eq!((found[0].file, found[0].size, found[0].is_folder), (Some((60, 9)), 5000, false));
    let second = |n: i64| Some((1_709_210_096 + n) * 1_000_000_000);
    let Times { created, modified, changed, accessed } = found[0].times;
    assert_eq!([created, modified, changed, accessed], [0, 1, 2, 3].map(second));
    assert!(found[0].reason().ends_with("MFT entry 60, sequence number 9"));
}

#[test]
fn a_name_whose_head_became_the_end_mark_is_found_without_its_file() {
    let gone = entry((60, 9), WINDOWS, "gone.jpg");
    let used = [entry((50, 1), WINDOWS, "stays.jpg"), end_mark()].concat();
    let found = names(record(&used, &gone[ENTRY_HEAD..]), &[]);
    assert_eq!((shown(&found), found[0].file), (vec!["gone.jpg"], None));
}

#[test]
fn a_name_that_something_else_explains_is_not_told_again() {
    let moved = [
        entry((50, 1), WINDOWS, "stays.jpg"),
        entry((50, 1), DOS, "STAYS~1.JPG"),
        entry((60, 9), WINDOWS, "stays.jpg"),
        entry((61, 9), WINDOWS, "twice.jpg"),
        entry((61, 9), WINDOWS, "twice.jpg"),
        entry((61, 9), DOS, "TWICE~1.JPG"),
    ]
    .concat();
    let found = names(record(&end_mark(), &moved), &[("stays.jpg", 50)]);
    let files: Vec<_> = found.iter().map(|name| name.file.unwrap().0).collect();
    assert_eq!((shown(&found), files), (vec!["stays.jpg", "twice.jpg"], vec![60, 61]));
}

#[test]
fn the_bytes_at_the_end_of_each_sector_are_put_back_or_the_record_is_left() {
    // The name lies across the end of the first sector.
    let slack = [vec![0; 296], entry((60, 9), WINDOWS, &"n".repeat(60))].concat();
    let whole = record(&end_mark(), &slack);
    assert_eq!(shown(&names(whole.clone(), &[])), ["n".repeat(60)]);
    let mut torn = whole;
    torn[1022] ^= 1;
    assert!(names(torn, &[]).is_empty());
}

#[test]
fn what_is_no_name_of_this_folder_is_not_found() {
    let change = |at: usize, value: u8| {
        let mut slack = entry((60, 9), WINDOWS, "gone.jpg");
        slack[ENTRY_HEAD + at] = value;
        names(record(&end_mark(), &slack), &[]).len()
    };
    assert_eq!(change(70, b'x'), 1);
    // Parent, a time before 1970 and one after 2200, size, length, name space, a slash.
    for (at, value) in [(0, 41), (15, 0), (15, 9), (55, 0x20), (64, 0), (65, 4), (66, b'/')] {
        assert_eq!(change(at, value), 0, "{at}");
    }
}

#[test]
fn a_root_has_slack_too_and_tells_how_long_records_are() {
    let gone = entry((60, 9), WINDOWS, "gone.jpg");
    let mut root = vec![0; 32];
    root[8..12].copy_from_slice(&4096_u32.to_le_bytes());
    root[20..24].copy_from_slice(&32_u32.to_le_bytes());
    root.extend([end_mark(), gone].concat());
    let told = Told::default();
    let mut found = Found::new(PARENT, &told, 100);
    assert_eq!(root_slack(&root, &mut found), Some(4096));
    assert_eq!(shown(&found.names), ["gone.jpg"]);
    root[9] = 0x11;
    assert_eq!(root_slack(&root, &mut found), None);
}

#[test]
fn no_more_names_are_kept_than_are_wanted() {
    let many: Vec<u8> = (0..30).flat_map(|n| entry((n, 1), WINDOWS, &format!("{n}"))).collect();
    let told = Told::default();
    let mut found = Found::new(PARENT, &told, 10);
    record_slack(&mut record(&end_mark(), &many), &mut found);
    assert_eq!((found.names.len(), found.is_full), (10, true));
}

proptest! {
    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((0..4096_usize, any::<u8>()), 1..40)) {
        let many: Vec<u8> =
            (0..30).flat_map(|n| entry((n, 1), WINDOWS, &format!("{n}.jpg"))).collect();
        let mut record = record(&end_mark(), &many);
        for (at, value) in changes {
            record[at] = value;
        }
        let told = Told::default();
    let mut found = Found::new(PARENT, &told, 100);
        root_slack(&record, &mut found);
        record_slack(&mut record, &mut found);
        prop_assert!(found.names.len() <= 100);
    }
}
