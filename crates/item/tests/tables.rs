//! The tables as their users see them: names, types, bytes and the way back.

#![expect(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::path::Path;

use pendeen_item::{
    Degrees, Gap, GapWriter, Item, ItemWriter, Media, Origin, Recovery, Stage, TableError, count,
    find_item, gap_schema, item_id, item_schema, read_exhibit, read_gaps, read_items, read_page,
};
use proptest::prelude::*;

fn item(n: usize) -> Item {
    Item {
        forensic_path: format!("p1/ext4:/folder/{n:06}.jpg"),
        parent: None,
        path: format!("/folder/{n:06}.jpg"),
        name: format!("{n:06}.jpg"),
        origin: if n.is_multiple_of(3) { Origin::Deleted } else { Origin::Live },
        recovery: n.is_multiple_of(3).then_some(Recovery::Intact),
        fs_type: "ext4".to_owned(),
        fs_address: n.to_string(),
        offset_bytes: Some(n as u64 * 4096),
        size_bytes: n as u64,
        created: None,
        modified: Some(1_700_000_000_000_000_000),
        accessed: Some(-1),
        changed: Some(i64::MAX),
        media_type: Some("image/jpeg".to_owned()),
        extension_mismatch: n.is_multiple_of(7),
        md5: Some([u8::try_from(n % 256).unwrap(); 16]),
        sha1: Some([1; 20]),
        sha256: Some([2; 32]),
        media: Media {
            width_px: Some(u32::MAX),
            duration_ms: n.is_multiple_of(2).then_some(1500),
            exif_make: Some("Maker".to_owned()),
            exif_taken: Some("2024-05-06T07:08:09+01:00".to_owned()),
            exif_latitude: Some(Degrees::from_e7(502_600_000)),
            exif_longitude: Some(Degrees::from_e7(-50_510_001)),
            ..Media::default()
        },
        encrypted: n.is_multiple_of(11).then(|| "entropy".to_owned()),
        known_list: n.is_multiple_of(5).then(|| "list".to_owned()),
        known_category: n.is_multiple_of(5).then(|| "B".to_owned()),
        gap: (n == 1).then(|| "cut short".to_owned()),
        owner_id: n.is_multiple_of(2).then_some(1000),
        group_id: n.is_multiple_of(3).then_some(100),
        time_zone: n.is_multiple_of(4).then(|| "unknown".to_owned()),
    }
}

fn write(path: &Path, items: &[Item]) -> pendeen_item::Written {
    let mut writer = ItemWriter::create(path, "ABC/1").unwrap();
    items.iter().cloned().for_each(|item| writer.write(item).unwrap());
    writer.finish().unwrap()
}

#[test]
fn column_names_and_types_are_the_documented_ones() {
    let shown = |schema: arrow::datatypes::SchemaRef| {
        schema.fields().iter().fold(String::new(), |text, f| {
            let null = if f.is_nullable() { " or null" } else { "" };
            format!("{text}{}: {}{null}\n", f.name(), f.data_type())
        })
    };
    let all = format!("items\n{}\ngaps\n{}", shown(item_schema()), shown(gap_schema()));
    assert_eq!(all, include_str!("columns.txt"), "columns are stable API: see docs/reference");
    let documented = include_str!("../../../docs/reference/items.md");
    for field in item_schema().fields().iter().chain(gap_schema().fields()) {
        let row = format!("| `{}` |", field.name());
        assert!(documented.contains(&row), "docs/reference/items.md has no row for {row}");
    }
}

#[test]
fn items_come_back_as_they_were_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("items.parquet");
    let items: Vec<_> = (0..20_000).map(item).collect();
    let written = write(&path, &items);
    assert_eq!(written.rows, 20_000);
    assert_eq!(written.len_bytes, std::fs::metadata(&path).unwrap().len());
    assert_eq!(count(&path).unwrap(), 20_000);
    assert_eq!(read_exhibit(&path).unwrap().as_deref(), Some("ABC/1"));
    assert_eq!(read_items(&path).unwrap().collect::<Result<Vec<_>, _>>().unwrap(), items);
    assert_eq!(read_page(&path, 12_345, 50).unwrap(), &items[12_345..12_395]);
    assert_eq!(read_page(&path, 19_990, 50).unwrap(), &items[19_990..]);
    assert_eq!(read_page(&path, 30_000, 50).unwrap(), &[]);
    let (row, found) = find_item(&path, &items[777].id()).unwrap().unwrap();
    assert_eq!((row, &found), (777, &items[777]));
    assert_eq!(find_item(&path, "no such id").unwrap(), None);
}

#[test]
fn an_embedded_item_finds_its_container_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("items.parquet");
    let inner = Item {
        forensic_path: "p1/ext4:/folder/000001.jpg/thumbnail".to_owned(),
        parent: Some(item(1).forensic_path),
        origin: Origin::Embedded,
        ..item(2)
    };
    write(&path, std::slice::from_ref(&inner));
    assert_eq!(read_page(&path, 0, 1).unwrap(), [inner]);
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let items: Vec<_> = (0..70_000).map(item).collect();
    let one = write(&dir.path().join("one.parquet"), &items);
    let two = write(&dir.path().join("two.parquet"), &items);
    assert_eq!(one, two);
    assert_eq!(
        std::fs::read(dir.path().join("one.parquet")).unwrap(),
        std::fs::read(dir.path().join("two.parquet")).unwrap()
    );
}

#[test]
fn a_table_that_is_not_finished_leaves_nothing_under_its_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("items.parquet");
    let mut writer = ItemWriter::create(&path, "").unwrap();
    writer.write(item(1)).unwrap();
    drop(writer);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_file_that_is_no_table_of_ours_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("items.parquet");
    std::fs::write(&path, b"not parquet at all").unwrap();
    assert!(matches!(read_page(&path, 0, 1), Err(TableError::Parquet { .. })));
    GapWriter::create(&path, "").unwrap().finish().unwrap();
    let refused = read_page(&path, 0, 1).unwrap_err();
    assert!(matches!(&refused, TableError::Columns { column, .. } if column == "item_id"));
    assert!(read_page(&dir.path().join("missing.parquet"), 0, 1).is_err());
}

#[test]
fn every_flipped_byte_of_a_table_is_an_error_or_a_reading_but_never_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("items.parquet");
    write(&path, &(0..20).map(item).collect::<Vec<_>>());
    let whole = std::fs::read(&path).unwrap();
    for at in (0..whole.len()).step_by(37) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x5a;
        std::fs::write(&path, &bytes).unwrap();
        let read = std::panic::catch_unwind(|| read_page(&path, 0, 50).map(|items| items.len()));
        assert!(read.is_ok(), "byte {at} flipped");
    }
}

#[test]
fn an_item_id_depends_on_the_forensic_path_alone() {
    assert_eq!(item_id("p1/ext4:/folder/000001.jpg"), item(1).id());
    assert_eq!(item_id("abc"), "ba7816bf8f01cfea414140de5dae2223");
}

proptest! {
    #[test]
    fn gaps_come_back_as_they_were_written(
        rows in proptest::collection::vec(
            (".*", 0..5usize, ".*", ".*", any::<Option<u64>>(), any::<Option<u64>>()),
            0..20,
        )
    ) {
        let stages =
            [Stage::Source, Stage::Volume, Stage::FileSystem, Stage::Content, Stage::Decode];
        let gaps: Vec<_> = rows
            .into_iter()
            .map(|(forensic_path, stage, wanted, reason, offset_bytes, size_bytes)| Gap {
                forensic_path, stage: stages[stage], wanted, reason, offset_bytes, size_bytes,
            })
            .collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gaps.parquet");
        let mut writer = GapWriter::create(&path, "ABC/1").unwrap();
        gaps.iter().cloned().for_each(|gap| writer.write(gap).unwrap());
        prop_assert_eq!(writer.finish().unwrap().rows, gaps.len() as u64);
        prop_assert_eq!(read_gaps(&path).unwrap(), gaps);
    }
}
