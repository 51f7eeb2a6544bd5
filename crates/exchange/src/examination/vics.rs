//! The pictures and films of an examination as a case of the Project VIC data model 2.0.
//!
//! In: the item table. Out: one case whose `Media` are contents, each once, however many files
//! have it, in the order of their first file; `MediaFiles` are the files. Media are what is a
//! picture or film by its signature, and whatever a known list has. Left out and counted: those
//! of them that could not be read whole, since a medium is named by its MD5.
//!
//! `Category` is a known list's own, where that is a number: which number means what differs
//! between countries and tools, so nothing is translated; otherwise it is null, and the list's
//! words stand in `Comments`. Nothing is graded here.
//!
//! In memory are the MD5s that occur more than once, and of those contents the files seen so
//! far; a content that occurs once is written at once.
//!
//! Source: Project VIC data model 2.0 (OData JSON); docs/reference/exports.md.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use pendeen_examine::Examination;
use pendeen_item::{Degrees, Item, Origin, read_items, time};
use serde_json::{Value, json};

use super::{ExportError, Exported, Table, table_path};

/// The model, with the layout of the United Kingdom.
const CONTEXT: &str =
    "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/UK/$metadata#Cases";

/// A content whose files have not all been seen.
struct Waiting {
    first: Item,
    files: Vec<Value>,
    /// How many files are still to come.
    left: u32,
}

/// Writes the case.
pub(super) fn write(
    dir: &Path,
    examination: &Examination,
    sink: &mut impl Write,
) -> Result<Exported, ExportError> {
    let items = table_path(dir, examination, Table::Items)?;
    let (mut repeated, media, left_out) = count(&items)?;
    let head = json!({
        "CaseID": identifier(examination),
        "CaseNumber": examination.exhibit,
        "ContactName": examination.examiner,
        "SourceApplicationName": examination.tool,
        "SourceApplicationVersion": examination.version,
        "TotalMediaFiles": media,
    });
    write!(sink, "{{\"@odata.context\":\"{CONTEXT}\",\"value\":[").map_err(ExportError::Sink)?;
    // The case's own fields, and its media within the same braces.
    let head = head.to_string();
    write!(sink, "{},\"Media\":[", head.trim_end_matches('}')).map_err(ExportError::Sink)?;
    let mut waiting: BTreeMap<[u8; 16], Waiting> = BTreeMap::new();
    let mut out = Media { sink, written: 0 };
    for item in read_items(&items)? {
        let item = item?;
        let (true, Some(md5)) = (is_medium(&item), item.md5) else { continue };
        let file = file(&item, examination);
        let Some(times) = repeated.remove(&md5) else {
            if let Some(one) = waiting.get_mut(&md5) {
                one.files.push(file);
                one.left = one.left.saturating_sub(1);
                if one.left == 0
                    && let Some(Waiting { first, files, .. }) = waiting.remove(&md5)
                {
                    out.write(&first, files)?;
                }
            } else {
                out.write(&item, vec![file])?;
            }
            continue;
        };
        waiting.insert(md5, Waiting { first: item, files: vec![file], left: times - 1 });
    }
    let written = out.written;
    out.sink.write_all(b"]}]}\n").map_err(ExportError::Sink)?;
    Ok(Exported { written, left_out })
}

/// Occurrences by MD5, and two totals: see [`count`].
type Counted = (BTreeMap<[u8; 16], u32>, u64, u64);

/// The MD5s of media that occur more than once, with how often; how many media there are, and
/// how many cannot be named.
fn count(items: &Path) -> Result<Counted, ExportError> {
    let (mut all, mut left_out) = (Vec::new(), 0);
    for item in read_items(items)? {
        let item = item?;
        if !is_medium(&item) {
            continue;
        }
        match item.md5 {
            Some(md5) => all.push(md5),
            None => left_out += 1,
        }
    }
    all.sort_unstable();
    let mut repeated = BTreeMap::new();
    let mut media = 0;
    for same in all.chunk_by(|a, b| a == b) {
        media += 1;
        if same.len() > 1 {
            repeated.insert(same[0], u32::try_from(same.len()).unwrap_or(u32::MAX));
        }
    }
    Ok((repeated, media, left_out))
}

fn is_medium(item: &Item) -> bool {
    let media_type = item.media_type.as_deref().unwrap_or_default();
    let pictorial = media_type.starts_with("image/") || media_type.starts_with("video/");
    item.known_list.is_some() || pictorial
}

/// Where media go, one after the other.
struct Media<'a, W> {
    sink: &'a mut W,
    written: u64,
}

impl<W: Write> Media<'_, W> {
    fn write(&mut self, item: &Item, files: Vec<Value>) -> Result<(), ExportError> {
        if self.written > 0 {
            self.sink.write_all(b",\n").map_err(ExportError::Sink)?;
        }
        self.written += 1;
        let category = item.known_category.as_deref().and_then(|text| text.parse::<u32>().ok());
        let list = item.known_list.as_deref();
        let comments = list.map(|list| match item.known_category.as_deref() {
            Some(category) => format!("on the list {list} as {category}"),
            None => format!("on the list {list}"),
        });
        let medium = json!({
            "MediaID": self.written,
            "Category": category,
            "MD5": upper(item.md5),
            "SHA1": upper(item.sha1),
            "MediaSize": item.size_bytes,
            "MimeType": item.media_type,
            "IsPrecategorized": list.is_some(),
            "PrecategorizationSource": list,
            "Comments": comments,
            "MediaFiles": files,
            "Exifs": exifs(item),
        });
        serde_json::to_writer(&mut *self.sink, &medium)?;
        Ok(())
    }
}

/// One file that has the content.
fn file(item: &Item, examination: &Examination) -> Value {
    let moment = |nanoseconds: Option<i64>| nanoseconds.and_then(time);
    json!({
        "MD5": upper(item.md5),
        "FileName": item.name,
        "FilePath": item.forensic_path,
        "Created": moment(item.created),
        "Written": moment(item.modified),
        "Accessed": moment(item.accessed),
        "Unallocated": matches!(item.origin, Origin::Carved | Origin::Slack),
        "Deleted": item.origin == Origin::Deleted,
        "PhysicalLocation": item.offset_bytes,
        "SourceID": examination.exhibit,
    })
}

/// What the content says of itself, as the model's list of properties.
fn exifs(item: &Item) -> Vec<Value> {
    let media = &item.media;
    let degrees = |angle: Option<Degrees>| angle.map(|angle| angle.degrees().to_string());
    [
        ("Make", media.exif_make.clone()),
        ("Model", media.exif_model.clone()),
        ("BodySerialNumber", media.exif_serial.clone()),
        ("DateTimeOriginal", media.exif_taken.clone()),
        ("GPSLatitude", degrees(media.exif_latitude)),
        ("GPSLongitude", degrees(media.exif_longitude)),
    ]
    .into_iter()
    .filter_map(|(name, value)| {
        Some(json!({
            "MD5": upper(item.md5),
            "PropertyName": name,
            "PropertyValue": value?,
        }))
    })
    .collect()
}

fn upper<const N: usize>(digest: Option<[u8; N]>) -> Option<String> {
    digest.map(hex::encode_upper)
}

/// Names the case: the same for the same examination.
fn identifier(examination: &Examination) -> String {
    super::case::uuid(examination, "case")
}
