//! The gap table: `gaps.parquet`, one row for each thing that could not be read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray, StringBuilder, UInt64Array, UInt64Builder};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;

use crate::file::{TableFile, Written, fault, next_batch, open};
use crate::{Gap, Stage, TableError};

/// The columns of the gap table.
pub fn gap_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("exhibit", DataType::Utf8, false),
        Field::new("forensic_path", DataType::Utf8, false),
        Field::new("stage", DataType::Utf8, false),
        Field::new("wanted", DataType::Utf8, false),
        Field::new("reason", DataType::Utf8, false),
        Field::new("offset_bytes", DataType::UInt64, true),
        Field::new("size_bytes", DataType::UInt64, true),
    ]))
}

/// Writes `gaps.parquet`. Give the gaps in order: the rows stand as they come.
pub struct GapWriter {
    file: TableFile,
    exhibit: String,
    pending: Vec<Gap>,
    path: PathBuf,
}

impl GapWriter {
    /// Rows encoded at a time.
    const BATCH: usize = 8192;

    /// Begins the table at `path`, for this exhibit.
    pub fn create(path: &Path, exhibit: &str) -> Result<Self, TableError> {
        Ok(Self {
            file: TableFile::create(path, gap_schema(), &["forensic_path"])?,
            exhibit: exhibit.to_owned(),
            pending: Vec::new(),
            path: path.to_owned(),
        })
    }

    /// Adds a gap.
    pub fn write(&mut self, gap: Gap) -> Result<(), TableError> {
        self.pending.push(gap);
        if self.pending.len() >= Self::BATCH { self.flush() } else { Ok(()) }
    }

    /// Writes the rest and gives the file its name.
    pub fn finish(mut self) -> Result<Written, TableError> {
        self.flush()?;
        self.file.finish()
    }

    fn flush(&mut self) -> Result<(), TableError> {
        let gaps = std::mem::take(&mut self.pending);
        let text = |get: &dyn Fn(&Gap) -> &str| -> ArrayRef {
            let mut column = StringBuilder::new();
            for gap in &gaps {
                column.append_value(get(gap));
            }
            Arc::new(column.finish())
        };
        let number = |get: &dyn Fn(&Gap) -> Option<u64>| -> ArrayRef {
            let mut column = UInt64Builder::new();
            for gap in &gaps {
                column.append_option(get(gap));
            }
            Arc::new(column.finish())
        };
        let mut exhibit = StringBuilder::new();
        for _ in &gaps {
            exhibit.append_value(&self.exhibit);
        }
        let columns = vec![
            Arc::new(exhibit.finish()),
            text(&|gap| gap.forensic_path.as_str()),
            text(&|gap| gap.stage.key()),
            text(&|gap| gap.wanted.as_str()),
            text(&|gap| gap.reason.as_str()),
            number(&|gap| gap.offset_bytes),
            number(&|gap| gap.size_bytes),
        ];
        let batch = RecordBatch::try_new(gap_schema(), columns)
            .map_err(|source| TableError::Arrow { path: self.path.clone(), source })?;
        self.file.write(&batch)
    }
}

/// All gaps of a table, in its order. Gaps are few: an examination bounds their number.
pub fn read_gaps(path: &Path) -> Result<Vec<Gap>, TableError> {
    let mut reader = open(path, &gap_schema())?.build().map_err(|source| fault(path, source))?;
    let mut gaps = Vec::new();
    while let Some(batch) = next_batch(path, &mut reader) {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            gaps.push(gap(path, &batch, row)?);
        }
    }
    Ok(gaps)
}

fn gap(path: &Path, batch: &RecordBatch, row: usize) -> Result<Gap, TableError> {
    let text = |name: &str| {
        batch
            .column_by_name(name)
            .and_then(|c| c.as_any().downcast_ref::<StringArray>())
            .map(|c| c.value(row).to_owned())
            .unwrap_or_default()
    };
    let number = |name: &str| {
        batch
            .column_by_name(name)
            .and_then(|c| c.as_any().downcast_ref::<UInt64Array>())
            .filter(|c| c.is_valid(row))
            .map(|c| c.value(row))
    };
    let stage = text("stage");
    let stage = Stage::from_key(&stage).ok_or_else(|| TableError::Value {
        path: path.to_owned(),
        row,
        column: "stage",
        value: stage,
    })?;
    Ok(Gap {
        forensic_path: text("forensic_path"),
        stage,
        wanted: text("wanted"),
        reason: text("reason"),
        offset_bytes: number("offset_bytes"),
        size_bytes: number("size_bytes"),
    })
}
