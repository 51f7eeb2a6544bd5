//! From a CSV table to reports.
//!
//! In: text whose first line names columns: `reference` (needed), `source`, `incident_time`,
//! `summary`, `email`, `ip`, `port`, `screen_name`, `phone`, `device_id`, `url`, `urgent`, in
//! any order and letter case; other columns are kept as text. Cells are separated by a comma,
//! semicolon or tab, whichever the first line has.
//! Out: a [`Report`] for each pair of source and reference; rows with the same pair add their
//! identifiers to one report.
//! Refused: a table without that first line; row by row, a wrong number of cells and a missing
//! reference.
//!
//! Source: RFC 4180; docs/reference/intake.md.

use std::collections::HashMap;

use csv::{ReaderBuilder, StringRecord};
use pendeen_casework::record::referral::ReportKey;
use pendeen_casework::record::referral::SelectorKind;

use crate::reject::{Cause, Place, Rejected};
use crate::report::{Digest, Observation, PartyRole, Report};
use crate::summary::cut;
use crate::text::Decoded;
use crate::{Limits, NAME_CHARS};
use crate::{selector, time};

const COLUMNS: [&str; 12] = [
    "reference",
    "source",
    "incident_time",
    "summary",
    "email",
    "ip",
    "port",
    "screen_name",
    "phone",
    "device_id",
    "url",
    "urgent",
];

/// Longest summary, in characters; the original has it whole.
const SUMMARY_CHARS: usize = 4000;

/// What a source is called that the table does not name.
const NO_SOURCE: &str = "not stated";

/// Every report in the table, and the rows that were not taken in.
pub(crate) fn reports(
    text: &Decoded,
    limits: &Limits,
    digest: &Digest,
) -> Result<(Vec<Report>, Vec<Rejected>), Rejected> {
    let mut reader = ReaderBuilder::new()
        .delimiter(separator(text.as_str()))
        .flexible(true)
        .from_reader(text.as_str().as_bytes());
    let header = reader.headers().map_err(|e| malformed(text, &e))?.clone();
    let columns = Columns::read(&header)?;
    let mut found = Found {
        digest,
        reports: Vec::new(),
        places: Vec::new(),
        by_key: HashMap::new(),
        rejected: Vec::new(),
    };
    let mut known = (0, text.place(0));
    for (index, row) in reader.records().enumerate() {
        let row = row.map_err(|e| malformed(text, &e))?;
        if index >= limits.rows {
            return Err(Cause::TooMany { what: "rows", limit: limits.rows }.into());
        }
        let offset = start_of(text, row.position());
        let place = text.place_after(known, offset);
        known = (offset, place);
        found.row(&columns, &row, place);
    }
    let Found { reports: filled, places, mut rejected, .. } = found;
    let mut reports = Vec::with_capacity(filled.len());
    for (report, place) in filled.into_iter().zip(places) {
        match report.finish(limits.identifiers) {
            Ok(report) => reports.push(report),
            Err(cause) => rejected.push(Rejected::at(place, cause)),
        }
    }
    match (reports.is_empty(), rejected.is_empty()) {
        (true, true) => Err(Cause::Blank.into()),
        (true, false) => Err(rejected.swap_remove(0)),
        (false, _) => Ok((reports, rejected)),
    }
}

/// Where a row begins. The reader's position is still before the line feed of the row above.
fn start_of(text: &Decoded, position: Option<&csv::Position>) -> usize {
    let offset = position.map_or(0, |p| usize::try_from(p.byte()).unwrap_or(usize::MAX));
    let rest = text.as_str().as_bytes().get(offset..).unwrap_or_default();
    offset + rest.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count()
}

/// The separator that the first line has most of.
fn separator(text: &str) -> u8 {
    let line = text.trim_start().lines().next().unwrap_or_default();
    let count = |c: u8| line.bytes().filter(|&b| b == c).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|&c| count(c)).unwrap_or(b',')
}

fn malformed(text: &Decoded, error: &csv::Error) -> Rejected {
    let cause = Cause::Table { problem: error.to_string() };
    let place = error.position().map(|p| text.place(start_of(text, Some(p))));
    Rejected { place, cause }
}

/// What stands in which cell.
struct Columns {
    names: Vec<String>,
    by_name: HashMap<&'static str, usize>,
}

impl Columns {
    fn read(header: &StringRecord) -> Result<Self, Rejected> {
        let plain = |name: &str| name.trim().to_lowercase().replace([' ', '-'], "_");
        let names: Vec<String> = header.iter().map(plain).collect();
        if names.iter().any(|name| name.chars().count() > NAME_CHARS) {
            return Err(Cause::TooLong { what: "a column's name", limit: NAME_CHARS }.into());
        }
        let mut by_name = HashMap::new();
        for known in COLUMNS {
            let mut places = names.iter().enumerate().filter(|(_, name)| *name == known);
            if let Some((index, _)) = places.next() {
                by_name.insert(known, index);
            }
            if places.next().is_some() {
                return Err(Cause::ColumnTwice { name: known.to_owned() }.into());
            }
        }
        if by_name.contains_key("reference") {
            Ok(Self { names, by_name })
        } else {
            Err(Rejected::at(Place { line: 1, byte: 0 }, Cause::NoHeader))
        }
    }

    /// The text of a cell; none if it is empty or the table has no such column.
    fn cell<'r>(&self, row: &'r StringRecord, name: &str) -> Option<&'r str> {
        let index = *self.by_name.get(name)?;
        row.get(index).map(str::trim).filter(|text| !text.is_empty())
    }
}

struct Found<'a> {
    digest: &'a Digest,
    reports: Vec<Report>,
    /// Where each report begins.
    places: Vec<Place>,
    by_key: HashMap<ReportKey, usize>,
    rejected: Vec<Rejected>,
}

impl Found<'_> {
    fn row(&mut self, columns: &Columns, row: &StringRecord, place: Place) {
        if row.iter().all(|cell| cell.trim().is_empty()) {
            return;
        }
        if row.len() != columns.names.len() {
            let cause = Cause::RowLength { found: row.len(), wanted: columns.names.len() };
            return self.rejected.push(Rejected::at(place, cause));
        }
        let Some(reference) = columns.cell(row, "reference") else {
            return self.rejected.push(Rejected::at(place, Cause::NoReference));
        };
        let source = columns.cell(row, "source").unwrap_or(NO_SOURCE);
        if reference.chars().count() > NAME_CHARS || source.chars().count() > NAME_CHARS {
            let cause = Cause::TooLong { what: "the reference or the source", limit: NAME_CHARS };
            return self.rejected.push(Rejected::at(place, cause));
        }
        let next = self.reports.len();
        let index = *self.by_key.entry(ReportKey::new(source, reference)).or_insert(next);
        if index == next {
            let mut report = Report::new(self.digest.clone(), place.line);
            source.clone_into(&mut report.source);
            reference.clone_into(&mut report.reference);
            report.reference_stated = true;
            self.reports.push(report);
            self.places.push(place);
        }
        if let Some(report) = self.reports.get_mut(index) {
            fill(report, columns, row);
        }
    }
}

/// Adds what one row says to its report.
fn fill(report: &mut Report, columns: &Columns, row: &StringRecord) {
    let cell = |name| columns.cell(row, name);
    match cell("summary") {
        Some(text) if report.summary.is_empty() => report.summary = cut(text, SUMMARY_CHARS),
        Some(text) if cut(text, SUMMARY_CHARS) != report.summary => report.keep("summary", text),
        _ => {}
    }
    if let Some(raw) = cell("incident_time") {
        incident(report, raw);
    }
    for (column, kind) in [
        ("email", SelectorKind::Email),
        ("screen_name", SelectorKind::ScreenName),
        ("phone", SelectorKind::Phone),
        ("device_id", SelectorKind::DeviceId),
        ("url", SelectorKind::Url),
    ] {
        if let Some(raw) = cell(column) {
            identifier(report, column, kind, raw);
        }
    }
    match (cell("ip"), cell("port")) {
        (Some(ip), port) => observe(report, ip, port, cell("incident_time")),
        (None, Some(port)) => report.doubt("port", port, "there is no address to it"),
        (None, None) => {}
    }
    if let Some(raw) = cell("urgent") {
        urgent(report, raw);
    }
    for (name, value) in columns.names.iter().zip(row) {
        if !COLUMNS.contains(&name.as_str()) && !value.trim().is_empty() {
            report.keep(name, value.trim());
        }
    }
}

fn incident(report: &mut Report, raw: &str) {
    let moment = time::read(raw);
    if report.incident_raw.is_none() {
        report.incident_raw = Some(raw.to_owned());
        report.incident = moment.map(|m| m.utc);
    }
    match moment {
        Some(moment) if moment.zone_stated => {}
        Some(_) => report.doubt("incident_time", raw, time::NO_ZONE),
        None => report.doubt("incident_time", raw, time::UNREADABLE),
    }
}

fn identifier(report: &mut Report, column: &str, kind: SelectorKind, raw: &str) {
    match selector::canonical(kind, raw) {
        Ok(found) => {
            if let Some(why) = found.reservation {
                report.doubt(column, raw, why);
            }
            report.add_selector(PartyRole::Reported, found.selector);
        }
        Err(unfit) => report.doubt(column, raw, unfit.0),
    }
}

fn observe(report: &mut Report, raw: &str, port: Option<&str>, time_raw: Option<&str>) {
    let (ip, port) = match selector::address(raw, port) {
        Ok(found) => found,
        Err(unfit) => return report.doubt("ip", raw, unfit.0),
    };
    let moment = time_raw.and_then(time::read);
    let observation = Observation {
        role: PartyRole::Reported,
        ip,
        port,
        event: None,
        time: moment.map(|m| m.utc),
        time_raw: time_raw.map(str::to_owned),
        zone_stated: moment.is_some_and(|m| m.zone_stated),
        possible_proxy: None,
    };
    report.add_observation(observation, "ip", raw);
}

/// A word that is neither yes nor no counts as yes: a person will look sooner, not later.
fn urgent(report: &mut Report, raw: &str) {
    match raw.to_lowercase().as_str() {
        "yes" | "y" | "true" | "1" | "urgent" => report.urgent = true,
        "no" | "n" | "false" | "0" => {}
        _ => {
            report.urgent = true;
            report.doubt("urgent", raw, "neither yes nor no: taken as yes");
        }
    }
}
