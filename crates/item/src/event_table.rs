//! The event table: `events.parquet`, one row for each event that a program recorded.
//!
//! Every column and its meaning: docs/reference/events.md.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, StringArray, StringBuilder, TimestampNanosecondArray,
    TimestampNanosecondBuilder, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::record_batch::RecordBatch;

use crate::file::{TableFile, Written, fault, next_batch, open};
use crate::{Event, TableError, item_id};

/// The columns of the event table, in order.
pub fn event_schema() -> SchemaRef {
    let must = |name: &str, kind| Field::new(name, kind, false);
    let may = |name: &str, kind| Field::new(name, kind, true);
    Arc::new(Schema::new(vec![
        must("exhibit", DataType::Utf8),
        may("time", DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()))),
        may("time_doubt", DataType::Utf8),
        must("source", DataType::Utf8),
        must("what", DataType::Utf8),
        may("counterpart", DataType::Utf8),
        may("name", DataType::Utf8),
        may("text", DataType::Utf8),
        may("target", DataType::Utf8),
        may("size_bytes", DataType::UInt64),
        may("duration_ms", DataType::UInt64),
        may("sha256", DataType::Utf8),
        may("known_list", DataType::Utf8),
        may("known_category", DataType::Utf8),
        must("record", DataType::Utf8),
        must("path", DataType::Utf8),
        must("forensic_path", DataType::Utf8),
        must("item_id", DataType::Utf8),
    ]))
}

/// Writes `events.parquet`. Give the events in order ([`Event::order`]).
pub struct EventWriter {
    file: TableFile,
    exhibit: String,
    pending: Vec<Event>,
    path: PathBuf,
}

impl EventWriter {
    /// Rows encoded at a time.
    const BATCH: usize = 8192;

    /// Begins the table at `path`, for this exhibit.
    pub fn create(path: &Path, exhibit: &str) -> Result<Self, TableError> {
        Ok(Self {
            file: TableFile::create(path, event_schema(), &["text", "record"])?,
            exhibit: exhibit.to_owned(),
            pending: Vec::new(),
            path: path.to_owned(),
        })
    }

    /// Adds an event.
    pub fn write(&mut self, event: Event) -> Result<(), TableError> {
        self.pending.push(event);
        if self.pending.len() >= Self::BATCH { self.flush() } else { Ok(()) }
    }

    /// Writes the rest and gives the file its name.
    pub fn finish(mut self) -> Result<Written, TableError> {
        self.flush()?;
        self.file.finish()
    }

    fn flush(&mut self) -> Result<(), TableError> {
        let events = std::mem::take(&mut self.pending);
        let mut time = TimestampNanosecondBuilder::new().with_timezone("UTC");
        for event in &events {
            time.append_option(event.time);
        }
        let columns: Vec<ArrayRef> = vec![
            text(&events, |_| Some(self.exhibit.as_str().into())),
            Arc::new(time.finish()),
            text(&events, |e| e.time_doubt.map(Into::into)),
            text(&events, |e| Some(e.source.into())),
            text(&events, |e| Some(e.what.into())),
            text(&events, |e| e.counterpart.as_deref().map(Into::into)),
            text(&events, |e| e.name.as_deref().map(Into::into)),
            text(&events, |e| e.text.as_deref().map(Into::into)),
            text(&events, |e| e.target.as_deref().map(Into::into)),
            Arc::new(events.iter().map(|e| e.size_bytes).collect::<UInt64Array>()),
            Arc::new(events.iter().map(|e| e.duration_ms).collect::<UInt64Array>()),
            text(&events, |e| e.sha256.map(|digest| hex::encode(digest).into())),
            text(&events, |e| e.known_list.as_deref().map(Into::into)),
            text(&events, |e| e.known_category.as_deref().map(Into::into)),
            text(&events, |e| Some(e.record.as_str().into())),
            text(&events, |e| Some(e.path.as_str().into())),
            text(&events, |e| Some(e.forensic_path.as_str().into())),
            text(&events, |e| Some(item_id(&e.forensic_path).into())),
        ];
        let batch = RecordBatch::try_new(event_schema(), columns)
            .map_err(|source| TableError::Arrow { path: self.path.clone(), source })?;
        self.file.write(&batch)
    }
}

fn text<'a>(
    events: &'a [Event],
    get: impl Fn(&'a Event) -> Option<std::borrow::Cow<'a, str>>,
) -> ArrayRef {
    let mut column = StringBuilder::new();
    for event in events {
        column.append_option(get(event));
    }
    Arc::new(column.finish())
}

/// An event as it stands in a table: its texts are whatever the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// When: nanoseconds since 1970-01-01T00:00:00Z.
    pub time: Option<i64>,
    /// Size in bytes of what it is about.
    pub size_bytes: Option<u64>,
    /// How long it took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// The columns of text by position in [`event_schema`].
    texts: Vec<Option<String>>,
}

impl EventRow {
    /// A column of text by its name; none where it is null, or no column of text.
    pub fn text(&self, column: &str) -> Option<&str> {
        let at = event_schema().index_of(column).ok()?;
        self.texts.get(at)?.as_deref()
    }
}

/// Up to `limit` events from row `offset` (from 0).
pub fn read_events(path: &Path, offset: usize, limit: usize) -> Result<Vec<EventRow>, TableError> {
    let builder = open(path, &event_schema())?.with_offset(offset).with_limit(limit);
    let mut reader = builder.build().map_err(|source| fault(path, source))?;
    let mut events = Vec::new();
    while let Some(batch) = next_batch(path, &mut reader) {
        let batch = batch?;
        events.extend((0..batch.num_rows()).map(|row| event(&batch, row)));
    }
    Ok(events)
}

fn event(batch: &RecordBatch, row: usize) -> EventRow {
    let number = |name: &str| {
        let column = batch.column_by_name(name)?.as_any().downcast_ref::<UInt64Array>()?;
        column.is_valid(row).then(|| column.value(row))
    };
    let time = batch
        .column_by_name("time")
        .and_then(|c| c.as_any().downcast_ref::<TimestampNanosecondArray>())
        .filter(|c| c.is_valid(row))
        .map(|c| c.value(row));
    let texts = event_schema()
        .fields()
        .iter()
        .map(|field| {
            let column = batch.column_by_name(field.name())?;
            let column = column.as_any().downcast_ref::<StringArray>()?;
            column.is_valid(row).then(|| column.value(row).to_owned())
        })
        .collect();
    EventRow { time, size_bytes: number("size_bytes"), duration_ms: number("duration_ms"), texts }
}
