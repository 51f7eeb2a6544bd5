//! The item table: `items.parquet`, one row per item.
//!
//! Every column and its meaning: docs/reference/items.md. Columns that no stage fills yet are
//! there and null, so that a reader written today goes on working.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Float64Array, StringArray, StringBuilder, TimestampNanosecondBuilder,
    UInt32Array, UInt64Builder, new_null_array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use crate::file::{TableFile, Written, fault, next_batch, open};
use crate::row::id_bytes;
use crate::{Degrees, Item, TableError};

mod cells;

/// The columns of the item table, in order.
pub fn item_schema() -> SchemaRef {
    let must = |name: &str, kind| Field::new(name, kind, false);
    let may = |name: &str, kind| Field::new(name, kind, true);
    let time = || DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    Arc::new(Schema::new(vec![
        must("exhibit", DataType::Utf8),
        must("item_id", DataType::Utf8),
        must("forensic_path", DataType::Utf8),
        must("path", DataType::Utf8),
        must("name", DataType::Utf8),
        must("origin", DataType::Utf8),
        may("recovery", DataType::Utf8),
        may("parent_item_id", DataType::Utf8),
        must("fs_type", DataType::Utf8),
        must("fs_address", DataType::Utf8),
        may("offset_bytes", DataType::UInt64),
        must("size_bytes", DataType::UInt64),
        may("created", time()),
        may("modified", time()),
        may("accessed", time()),
        may("changed", time()),
        may("media_type", DataType::Utf8),
        must("extension_mismatch", DataType::Boolean),
        may("md5", DataType::Utf8),
        may("sha1", DataType::Utf8),
        may("sha256", DataType::Utf8),
        may("pdq", DataType::Utf8),
        may("pdq_quality", DataType::UInt8),
        may("width_px", DataType::UInt32),
        may("height_px", DataType::UInt32),
        may("duration_ms", DataType::UInt64),
        may("exif_make", DataType::Utf8),
        may("exif_model", DataType::Utf8),
        may("exif_serial", DataType::Utf8),
        may("exif_taken", DataType::Utf8),
        may("exif_latitude", DataType::Float64),
        may("exif_longitude", DataType::Float64),
        may("encrypted", DataType::Utf8),
        may("known_list", DataType::Utf8),
        may("known_category", DataType::Utf8),
        may("known_distance", DataType::UInt16),
        may("gap", DataType::Utf8),
        may("owner_id", DataType::UInt64),
        may("group_id", DataType::UInt64),
        may("time_zone", DataType::Utf8),
    ]))
}

/// Columns whose values hardly repeat: a dictionary would only cost.
const UNIQUE: &[&str] = &[
    "item_id",
    "forensic_path",
    "path",
    "name",
    "fs_address",
    "offset_bytes",
    "md5",
    "sha1",
    "sha256",
];

/// Writes `items.parquet`. Give the items in forensic order: the rows stand as they come.
pub struct ItemWriter {
    file: TableFile,
    schema: SchemaRef,
    exhibit: String,
    pending: Vec<Item>,
    path: PathBuf,
}

impl ItemWriter {
    /// Rows encoded at a time; divides the row group, so that groups are even.
    const BATCH: usize = 8192;

    /// Begins the table at `path`, for this exhibit.
    pub fn create(path: &Path, exhibit: &str) -> Result<Self, TableError> {
        let schema = item_schema();
        Ok(Self {
            file: TableFile::create(path, Arc::clone(&schema), UNIQUE)?,
            schema,
            exhibit: exhibit.to_owned(),
            pending: Vec::with_capacity(Self::BATCH),
            path: path.to_owned(),
        })
    }

    /// Adds an item.
    pub fn write(&mut self, item: Item) -> Result<(), TableError> {
        self.pending.push(item);
        if self.pending.len() >= Self::BATCH { self.flush() } else { Ok(()) }
    }

    /// Writes the rest and gives the file its name.
    pub fn finish(mut self) -> Result<Written, TableError> {
        self.flush()?;
        self.file.finish()
    }

    fn flush(&mut self) -> Result<(), TableError> {
        let items = std::mem::take(&mut self.pending);
        let columns: Vec<ArrayRef> =
            self.schema.fields().iter().map(|field| self.column(field, &items)).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)
            .map_err(|source| TableError::Arrow { path: self.path.clone(), source })?;
        self.file.write(&batch)
    }

    /// One column of a batch, by name; null where no stage fills it yet.
    fn column(&self, field: &Field, items: &[Item]) -> ArrayRef {
        match field.name().as_str() {
            "exhibit" => text(items, |_| Some(self.exhibit.as_str())),
            "item_id" => hexadecimal(items, |i| Some(id_bytes(&i.forensic_path))),
            "forensic_path" => text(items, |i| Some(&i.forensic_path)),
            "path" => text(items, |i| Some(&i.path)),
            "name" => text(items, |i| Some(&i.name)),
            "origin" => text(items, |i| Some(i.origin.key())),
            "recovery" => text(items, |i| i.recovery.map(crate::Recovery::key)),
            "parent_item_id" => hexadecimal(items, |i| i.parent.as_deref().map(id_bytes)),
            "fs_type" => text(items, |i| Some(&i.fs_type)),
            "fs_address" => text(items, |i| Some(&i.fs_address)),
            "offset_bytes" => number(items, |i| i.offset_bytes),
            "size_bytes" => number(items, |i| Some(i.size_bytes)),
            "created" => time(items, |i| i.created),
            "modified" => time(items, |i| i.modified),
            "accessed" => time(items, |i| i.accessed),
            "changed" => time(items, |i| i.changed),
            "media_type" => text(items, |i| i.media_type.as_deref()),
            "extension_mismatch" => {
                let mut column = BooleanBuilder::with_capacity(items.len());
                for i in items {
                    column.append_value(i.extension_mismatch);
                }
                Arc::new(column.finish())
            }
            "md5" => hexadecimal(items, |i| i.md5),
            "sha1" => hexadecimal(items, |i| i.sha1),
            "sha256" => hexadecimal(items, |i| i.sha256),
            "width_px" => number32(items, |i| i.media.width_px),
            "height_px" => number32(items, |i| i.media.height_px),
            "duration_ms" => number(items, |i| i.media.duration_ms),
            "exif_make" => text(items, |i| i.media.exif_make.as_deref()),
            "exif_model" => text(items, |i| i.media.exif_model.as_deref()),
            "exif_serial" => text(items, |i| i.media.exif_serial.as_deref()),
            "exif_taken" => text(items, |i| i.media.exif_taken.as_deref()),
            "exif_latitude" => angle(items, |i| i.media.exif_latitude),
            "exif_longitude" => angle(items, |i| i.media.exif_longitude),
            "encrypted" => text(items, |i| i.encrypted.as_deref()),
            "known_list" => text(items, |i| i.known_list.as_deref()),
            "known_category" => text(items, |i| i.known_category.as_deref()),
            "gap" => text(items, |i| i.gap.as_deref()),
            "owner_id" => number(items, |i| i.owner_id),
            "group_id" => number(items, |i| i.group_id),
            "time_zone" => text(items, |i| i.time_zone.as_deref()),
            _ => new_null_array(field.data_type(), items.len()),
        }
    }
}

fn text<'a>(items: &'a [Item], get: impl Fn(&'a Item) -> Option<&'a str>) -> ArrayRef {
    let mut column = StringBuilder::new();
    for item in items {
        column.append_option(get(item));
    }
    Arc::new(column.finish())
}

/// Bytes as lower-case hexadecimal digits.
fn hexadecimal<const N: usize>(items: &[Item], get: impl Fn(&Item) -> Option<[u8; N]>) -> ArrayRef {
    const LONGEST: usize = 64;
    let mut column = StringBuilder::with_capacity(items.len(), items.len() * 2 * N);
    let mut digits = [0; LONGEST];
    for item in items {
        let digits = &mut digits[..2 * N];
        let text = get(item).and_then(|bytes| {
            hex::encode_to_slice(bytes, digits).ok()?;
            std::str::from_utf8(digits).ok()
        });
        column.append_option(text);
    }
    Arc::new(column.finish())
}

fn number(items: &[Item], get: impl Fn(&Item) -> Option<u64>) -> ArrayRef {
    let mut column = UInt64Builder::with_capacity(items.len());
    for item in items {
        column.append_option(get(item));
    }
    Arc::new(column.finish())
}

fn number32(items: &[Item], get: impl Fn(&Item) -> Option<u32>) -> ArrayRef {
    Arc::new(items.iter().map(get).collect::<UInt32Array>())
}

fn angle(items: &[Item], get: impl Fn(&Item) -> Option<Degrees>) -> ArrayRef {
    Arc::new(items.iter().map(|item| get(item).map(Degrees::degrees)).collect::<Float64Array>())
}

fn time(items: &[Item], get: impl Fn(&Item) -> Option<i64>) -> ArrayRef {
    let mut column = TimestampNanosecondBuilder::with_capacity(items.len()).with_timezone("UTC");
    for item in items {
        column.append_option(get(item));
    }
    Arc::new(column.finish())
}

/// How many items a table holds, from its footer alone.
pub fn count(path: &Path) -> Result<u64, TableError> {
    let rows = open(path, &item_schema())?.metadata().file_metadata().num_rows();
    Ok(u64::try_from(rows).unwrap_or(0))
}

/// The exhibit reference that a table was written for; none where it has no rows.
pub fn read_exhibit(path: &Path) -> Result<Option<String>, TableError> {
    let mut exhibit = None;
    scan_text(path, "exhibit", Some(1), |_, value| {
        exhibit = Some(value.to_owned());
        false
    })?;
    Ok(exhibit)
}

/// All items of a table, in its order, without holding them all in memory.
pub fn read_items(path: &Path) -> Result<Items, TableError> {
    Items::open(path, 0, None)
}

/// Up to `limit` items from row `offset` (from 0), as a page shows them.
pub fn read_page(path: &Path, offset: usize, limit: usize) -> Result<Vec<Item>, TableError> {
    Items::open(path, offset, Some(limit))?.collect()
}

/// The item with this id and its row (from 0); none where the table has no such item.
pub fn find_item(path: &Path, id: &str) -> Result<Option<(usize, Item)>, TableError> {
    let mut found = None;
    scan_text(path, "item_id", None, |row, value| {
        if value == id {
            found = Some(row);
        }
        found.is_none()
    })?;
    let Some(row) = found else { return Ok(None) };
    Ok(read_page(path, row, 1)?.pop().map(|item| (row, item)))
}

/// Gives the values of one text column to `each` until it answers false.
fn scan_text(
    path: &Path,
    column: &'static str,
    limit: Option<usize>,
    mut each: impl FnMut(usize, &str) -> bool,
) -> Result<(), TableError> {
    let builder = open(path, &item_schema())?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), [column]);
    let mut builder = builder.with_projection(mask).with_batch_size(8192);
    if let Some(limit) = limit {
        builder = builder.with_limit(limit);
    }
    let mut reader = builder.build().map_err(|source| fault(path, source))?;
    let mut row = 0;
    while let Some(batch) = next_batch(path, &mut reader) {
        let batch = batch?;
        let Some(values) = batch.column(0).as_any().downcast_ref::<StringArray>() else { continue };
        for value in values.iter().flatten() {
            if !each(row, value) {
                return Ok(());
            }
            row += 1;
        }
    }
    Ok(())
}

/// The items of a table, read batch by batch.
pub struct Items {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
    batch: std::vec::IntoIter<Item>,
}

impl Items {
    fn open(path: &Path, offset: usize, limit: Option<usize>) -> Result<Self, TableError> {
        let mut builder = open(path, &item_schema())?.with_batch_size(8192).with_offset(offset);
        if let Some(limit) = limit {
            builder = builder.with_limit(limit).with_batch_size(limit.clamp(1, 8192));
        }
        let reader = builder.build().map_err(|source| fault(path, source))?;
        Ok(Self { path: path.to_owned(), reader, batch: Vec::new().into_iter() })
    }
}

impl Iterator for Items {
    type Item = Result<Item, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.batch.next() {
                return Some(Ok(item));
            }
            let batch = next_batch(&self.path, &mut self.reader)?;
            match batch.and_then(|batch| cells::items(&self.path, &batch)) {
                Ok(items) => self.batch = items.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
