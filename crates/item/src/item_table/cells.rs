//! From columns back to items.
//!
//! A table is input like any other: a cell outside its vocabulary is an error, not a panic.

use std::path::Path;

use arrow::array::{
    Array, BooleanArray, Float64Array, StringArray, TimestampNanosecondArray, UInt32Array,
    UInt64Array,
};
use arrow::record_batch::RecordBatch;

use crate::{Degrees, Item, Media, Origin, Recovery, TableError, item_id};

/// All items of a batch that has the item table's columns.
pub(super) fn items(path: &Path, batch: &RecordBatch) -> Result<Vec<Item>, TableError> {
    (0..batch.num_rows()).map(|row| Cells { path, batch, row }.item()).collect()
}

/// One row of a batch.
struct Cells<'a> {
    path: &'a Path,
    batch: &'a RecordBatch,
    row: usize,
}

impl Cells<'_> {
    fn item(&self) -> Result<Item, TableError> {
        Ok(Item {
            forensic_path: self.text("forensic_path"),
            parent: self.parent(),
            path: self.text("path"),
            name: self.text("name"),
            origin: self.vocabulary("origin", Origin::from_key)?.unwrap_or(Origin::Live),
            recovery: self.vocabulary("recovery", Recovery::from_key)?,
            fs_type: self.text("fs_type"),
            fs_address: self.text("fs_address"),
            offset_bytes: self.number("offset_bytes"),
            size_bytes: self.number("size_bytes").unwrap_or(0),
            created: self.time("created"),
            modified: self.time("modified"),
            accessed: self.time("accessed"),
            changed: self.time("changed"),
            media_type: self.maybe("media_type"),
            extension_mismatch: self
                .column::<BooleanArray>("extension_mismatch")
                .is_some_and(|c| c.is_valid(self.row) && c.value(self.row)),
            md5: self.digest("md5")?,
            sha1: self.digest("sha1")?,
            sha256: self.digest("sha256")?,
            media: self.media(),
            encrypted: self.maybe("encrypted"),
            known_list: self.maybe("known_list"),
            known_category: self.maybe("known_category"),
            gap: self.maybe("gap"),
            owner_id: self.number("owner_id"),
            group_id: self.number("group_id"),
            time_zone: self.maybe("time_zone"),
        })
    }

    fn media(&self) -> Media {
        Media {
            width_px: self.number32("width_px"),
            height_px: self.number32("height_px"),
            duration_ms: self.number("duration_ms"),
            exif_make: self.maybe("exif_make"),
            exif_model: self.maybe("exif_model"),
            exif_serial: self.maybe("exif_serial"),
            exif_taken: self.maybe("exif_taken"),
            exif_latitude: self.angle("exif_latitude"),
            exif_longitude: self.angle("exif_longitude"),
        }
    }

    /// The forensic path of the container: the beginning of the item's own whose id is the
    /// one recorded.
    fn parent(&self) -> Option<String> {
        let id = self.maybe("parent_item_id")?;
        let path = self.text("forensic_path");
        path.char_indices()
            .rev()
            .map(|(at, _)| &path[..at])
            .find(|beginning| item_id(beginning) == id)
            .map(str::to_owned)
    }

    fn column<A: 'static>(&self, name: &str) -> Option<&A> {
        self.batch.column_by_name(name)?.as_any().downcast_ref()
    }

    fn maybe(&self, name: &str) -> Option<String> {
        let column = self.column::<StringArray>(name)?;
        column.is_valid(self.row).then(|| column.value(self.row).to_owned())
    }

    fn text(&self, name: &str) -> String {
        self.maybe(name).unwrap_or_default()
    }

    fn number(&self, name: &str) -> Option<u64> {
        let column = self.column::<UInt64Array>(name)?;
        column.is_valid(self.row).then(|| column.value(self.row))
    }

    fn number32(&self, name: &str) -> Option<u32> {
        let column = self.column::<UInt32Array>(name)?;
        column.is_valid(self.row).then(|| column.value(self.row))
    }

    fn angle(&self, name: &str) -> Option<Degrees> {
        let column = self.column::<Float64Array>(name)?;
        if column.is_valid(self.row) { Degrees::from_degrees(column.value(self.row)) } else { None }
    }

    fn time(&self, name: &str) -> Option<i64> {
        let column = self.column::<TimestampNanosecondArray>(name)?;
        column.is_valid(self.row).then(|| column.value(self.row))
    }

    fn vocabulary<T>(
        &self,
        column: &'static str,
        from_key: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, TableError> {
        let Some(value) = self.maybe(column) else { return Ok(None) };
        from_key(&value).map(Some).ok_or_else(|| self.invalid(column, value))
    }

    fn digest<const N: usize>(&self, column: &'static str) -> Result<Option<[u8; N]>, TableError> {
        let Some(value) = self.maybe(column) else { return Ok(None) };
        let mut digest = [0; N];
        hex::decode_to_slice(&value, &mut digest).map_err(|_| self.invalid(column, value))?;
        Ok(Some(digest))
    }

    fn invalid(&self, column: &'static str, value: String) -> TableError {
        TableError::Value { path: self.path.to_owned(), row: self.row, column, value }
    }
}
