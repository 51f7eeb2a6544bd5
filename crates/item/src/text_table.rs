//! A table of an examination as text, whatever its columns are: for what goes out as text.
//!
//! In: a Parquet file of text, truth values, numbers and times. Out: its rows in order, a cell
//! for each column, none where it is null. Times stand as in RFC 3339, in UTC. A column that is
//! added to a table some day comes along by itself.
//! Refused: a column of another type.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, BooleanArray, Float64Array, Int64Array, StringArray, TimestampNanosecondArray,
    UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow::datatypes::Schema;
use jiff::Timestamp;
use parquet::arrow::arrow_reader::ParquetRecordBatchReader;

use crate::TableError;
use crate::file::{fault, next_batch, open};

/// A cell: none where the table has a null.
pub type Cell<'a> = Option<Cow<'a, str>>;

/// A table that is being read as text.
pub struct TextTable {
    path: PathBuf,
    names: Vec<String>,
    reader: ParquetRecordBatchReader,
}

impl TextTable {
    /// Opens a table.
    pub fn open(path: &Path) -> Result<Self, TableError> {
        let builder = open(path, &Arc::new(Schema::empty()))?.with_batch_size(8192);
        let names = builder.schema().fields().iter().map(|field| field.name().clone()).collect();
        let reader = builder.build().map_err(|source| fault(path, source))?;
        Ok(Self { path: path.to_owned(), names, reader })
    }

    /// The names of the columns, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Gives each row to `each`, until it fails.
    pub fn rows<E: From<TableError>>(
        mut self,
        mut each: impl FnMut(&[Cell<'_>]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut row = 0;
        while let Some(batch) = next_batch(&self.path, &mut self.reader) {
            let batch = batch?;
            for at in 0..batch.num_rows() {
                let cells = batch.columns().iter().zip(&self.names);
                let cells: Result<Vec<Cell<'_>>, TableError> =
                    cells.map(|(column, name)| self.cell(column.as_ref(), name, at, row)).collect();
                each(&cells?)?;
                row += 1;
            }
        }
        Ok(())
    }

    fn cell<'a>(
        &self,
        column: &'a dyn Array,
        name: &str,
        at: usize,
        row: usize,
    ) -> Result<Cell<'a>, TableError> {
        if column.is_null(at) {
            return Ok(None);
        }
        let any = column.as_any();
        if let Some(column) = any.downcast_ref::<StringArray>() {
            return Ok(Some(Cow::Borrowed(column.value(at))));
        }
        let text = if let Some(column) = any.downcast_ref::<TimestampNanosecondArray>() {
            time(column.value(at)).ok_or_else(|| TableError::Value {
                path: self.path.clone(),
                row,
                column: "time",
                value: column.value(at).to_string(),
            })?
        } else if let Some(column) = any.downcast_ref::<BooleanArray>() {
            column.value(at).to_string()
        } else if let Some(column) = any.downcast_ref::<UInt64Array>() {
            column.value(at).to_string()
        } else if let Some(column) = any.downcast_ref::<UInt32Array>() {
            column.value(at).to_string()
        } else if let Some(column) = any.downcast_ref::<UInt16Array>() {
            column.value(at).to_string()
        } else if let Some(column) = any.downcast_ref::<UInt8Array>() {
            column.value(at).to_string()
        } else if let Some(column) = any.downcast_ref::<Int64Array>() {
            column.value(at).to_string()
        } else if let Some(column) = any.downcast_ref::<Float64Array>() {
            column.value(at).to_string()
        } else {
            return Err(TableError::Columns {
                path: self.path.clone(),
                column: name.to_owned(),
                wanted: "text, a truth value, a number or a time".to_owned(),
            });
        };
        Ok(Some(Cow::Owned(text)))
    }
}

/// A time as RFC 3339 has it, from nanoseconds since 1970; none outside the years -9999 to 9999.
pub fn time(nanoseconds: i64) -> Option<String> {
    Timestamp::from_nanosecond(nanoseconds.into()).ok().map(|time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GapWriter, ItemWriter, Stage};

    fn rows(path: &Path) -> (Vec<String>, Vec<Vec<Option<String>>>) {
        let table = TextTable::open(path).unwrap();
        let names = table.names().to_vec();
        let mut rows = Vec::new();
        let read: Result<(), TableError> = table.rows(|cells| {
            rows.push(cells.iter().map(|cell| cell.as_deref().map(str::to_owned)).collect());
            Ok(())
        });
        read.unwrap();
        (names, rows)
    }

    #[test]
    fn every_column_of_both_tables_stands_as_text() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gaps.parquet");
        let mut gaps = GapWriter::create(&path, "ABC/1").unwrap();
        let gap = crate::Gap {
            forensic_path: "p1/fat32:/a".to_owned(),
            stage: Stage::Content,
            wanted: "its content".to_owned(),
            reason: "a, \"reason\"".to_owned(),
            offset_bytes: Some(512),
            size_bytes: None,
        };
        gaps.write(gap).unwrap();
        gaps.finish().unwrap();
        let (names, read) = rows(&path);
        assert_eq!(names[0], "exhibit");
        let cell = |name: &str| read[0][names.iter().position(|n| n == name).unwrap()].as_deref();
        assert_eq!(cell("reason"), Some("a, \"reason\""));
        assert_eq!((cell("offset_bytes"), cell("size_bytes")), (Some("512"), None));

        let path = dir.path().join("items.parquet");
        ItemWriter::create(&path, "ABC/1").unwrap().finish().unwrap();
        let (names, read) = rows(&path);
        assert!(names.contains(&"modified".to_owned()) && read.is_empty());
    }

    #[test]
    fn times_stand_in_utc_to_the_nanosecond_and_before_1970() {
        assert_eq!(time(0).unwrap(), "1970-01-01T00:00:00Z");
        assert_eq!(time(1_414_774_800_000_000_001).unwrap(), "2014-10-31T17:00:00.000000001Z");
        assert_eq!(time(-1_000_000_000).unwrap(), "1969-12-31T23:59:59Z");
        assert!(time(i64::MIN).is_some() && time(i64::MAX).is_some());
    }
}
