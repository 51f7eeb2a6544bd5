//! The report in a zipped extraction of a phone (UFDR): where each of its files was, when, and
//! whether it had been deleted there.
//!
//! In: `report.xml`, as a stream. Out: for the name of a file in the archive, the places that it
//! had on the phone. Refused: XML whose root is no project, and more files than there can be.
//! Nothing is expanded: entities beyond XML's own five are left as they stand.
//!
//! Source: the report schema 2.0 as published exports have it: `taggedFiles/file` with the
//! attributes `path` and `deleted`, `accessInfo/timestamp`, and `metadata/item` named `Local Path`.

use std::collections::HashMap;
use std::io::BufRead;

use pendeen_evidence::entry::Times;
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::protocol::Zone;

/// Where a file was on the phone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: String,
    pub(super) times: Times,
    pub(super) zone: Zone,
    pub(super) deleted: bool,
}

/// By the name in the archive, `/` between its parts: one file may have had several places.
pub(super) type Places = HashMap<String, Vec<Place>>;

/// Files of one report at most.
const MOST_FILES: usize = 20_000_000;
/// Bytes of one text at most.
const MOST_TEXT: usize = 64 << 10;

/// Reads the report.
pub(super) fn read(from: impl BufRead) -> Result<Places, String> {
    let mut xml = Reader::from_reader(from);
    let mut report = Report::default();
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        let event = xml.read_event_into(&mut buffer);
        match event.map_err(|e| format!("at byte {}: {e}", xml.error_position()))? {
            Event::Eof => return report.end(),
            Event::Start(tag) => report.start(&tag)?,
            Event::Empty(tag) => {
                report.start(&tag)?;
                report.close(tag.local_name().as_ref())?;
            }
            Event::End(tag) => report.close(tag.local_name().as_ref())?,
            Event::Text(text) => report.text(&text),
            Event::CData(text) => report.text(&text),
            Event::GeneralRef(name) => report.text(entity(&name)),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::DocType(_) => {}
        }
    }
}

/// What one of XML's own entities stands for; any other for nothing.
fn entity(name: &str) -> &'static str {
    match name {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "quot" => "\"",
        "apos" => "'",
        _ => "\u{fffd}",
    }
}

#[derive(Default)]
struct Report {
    rooted: bool,
    places: Places,
    files: usize,
    /// The file that is being told, and its name in the archive.
    file: Option<(Place, Option<String>)>,
    /// What the text that follows is.
    wanted: Option<Wanted>,
    text: String,
}

#[derive(Clone, Copy)]
enum Wanted {
    LocalPath,
    Created,
    Modified,
    Accessed,
}

impl Report {
    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        self.text.clear();
        self.wanted = None;
        match tag.local_name().as_ref() {
            "project" => self.rooted = true,
            _ if !self.rooted => return Err("it is no report of an extraction".to_owned()),
            "file" => {
                let deleted =
                    matches!(attribute(tag, "deleted").as_deref(), Some("Deleted" | "Trash"));
                let path = attribute(tag, "path").unwrap_or_default();
                self.file = Some((Place { path, deleted, ..Place::default() }, None));
            }
            "timestamp" => {
                self.wanted = match attribute(tag, "name").as_deref() {
                    Some("CreationTime") => Some(Wanted::Created),
                    Some("ModifyTime") => Some(Wanted::Modified),
                    Some("AccessTime") => Some(Wanted::Accessed),
                    _ => None,
                };
            }
            "item" if attribute(tag, "name").as_deref() == Some("Local Path") => {
                self.wanted = Some(Wanted::LocalPath);
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        if self.wanted.is_some() && self.text.len() < MOST_TEXT {
            self.text.push_str(&text[..text.floor_char_boundary(MOST_TEXT)]);
        }
    }

    fn close(&mut self, tag: &str) -> Result<(), String> {
        if let (Some(wanted), Some((place, local))) = (self.wanted.take(), &mut self.file) {
            let text = self.text.trim();
            let mut time = |field: &mut Option<i64>| {
                if let Some((at, zone)) = moment(text) {
                    *field = Some(at);
                    place.zone = zone;
                }
            };
            match wanted {
                Wanted::LocalPath => *local = Some(text.replace('\\', "/")),
                Wanted::Created => time(&mut place.times.created),
                Wanted::Modified => time(&mut place.times.modified),
                Wanted::Accessed => time(&mut place.times.accessed),
            }
        }
        self.text.clear();
        if tag == "file"
            && let Some((place, Some(local))) = self.file.take()
        {
            self.files += 1;
            if self.files > MOST_FILES {
                return Err(format!("it tells of more than {MOST_FILES} files"));
            }
            if !place.path.is_empty() {
                self.places.entry(local).or_default().push(place);
            }
        }
        Ok(())
    }

    fn end(self) -> Result<Places, String> {
        if self.rooted {
            Ok(self.places)
        } else {
            Err("it is no report of an extraction".to_owned())
        }
    }
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let attribute = tag.try_get_attribute(name).ok()??;
    let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
    Some(value[..value.floor_char_boundary(MOST_TEXT)].to_owned())
}

/// A time with its zone, or without one and taken for UTC.
fn moment(text: &str) -> Option<(i64, Zone)> {
    let (at, zone) = match text.parse::<jiff::Timestamp>() {
        Ok(at) => (at, Zone::Stated),
        Err(_) => {
            let local = text.parse::<jiff::civil::DateTime>().ok()?;
            (jiff::tz::TimeZone::UTC.to_timestamp(local).ok()?, Zone::Unknown)
        }
    };
    Some((i64::try_from(at.as_nanosecond()).ok()?, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#"<?xml version="1.0"?>
<project name="p" xmlns="http://pa.cellebrite.com/report/2.0"><taggedFiles>
<file fs="f" path="/data/media/0/DCIM/a&amp;b.jpg" size="5" deleted="Deleted">
 <accessInfo><timestamp name="CreationTime">2024-05-06T07:08:09+01:00</timestamp>
 <timestamp name="ModifyTime">2024-05-06T07:08:10</timestamp></accessInfo>
 <metadata section="File"><item name="Local Path"><![CDATA[files\Image\a&b.jpg]]></item>
 <item name="Tags">Image</item></metadata></file>
<file path="/two" deleted="Intact"><metadata><item name="Local Path">files/Image/a&amp;b.jpg</item></metadata></file>
<file path="/three"><metadata/></file>
</taggedFiles></project>"#;

    #[test]
    fn a_report_tells_every_place_of_a_file_with_its_times_and_whether_it_was_deleted() {
        let places = read(REPORT.as_bytes()).unwrap();
        let [first, second] = places["files/Image/a&b.jpg"].as_slice() else { panic!() };
        assert_eq!(first.path, "/data/media/0/DCIM/a&b.jpg");
        assert!(first.deleted && !second.deleted);
        assert_eq!(first.times.created, Some(1_714_975_689_000_000_000));
        assert_eq!(first.times.modified, Some(1_714_979_290_000_000_000));
        assert_eq!(first.zone, Zone::Unknown, "the last time has no zone");
        assert_eq!(second.path, "/two");
        assert_eq!(places.len(), 1);
    }

    #[test]
    fn what_is_no_report_or_breaks_off_is_refused() {
        for text in ["", "<other/>", "no xml", "<project><file path='/a'", "<project></file>"] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
