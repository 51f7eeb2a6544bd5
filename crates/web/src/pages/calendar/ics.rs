//! The calendar as an iCalendar file.
//!
//! In: the same as the page. Out: an event for each thing that is due, with what is to be done
//! and the record's number; names of people stay here. The file belongs to who asked for it,
//! carries the highest handling mark in its name, its title and every event, and is released
//! after the leaf of the disclosure is committed ([`pendeen_store::Store::export`]).
//!
//! Source: RFC 5545; lines folded at 75 octets, text escaped (section 3.3.11).

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use pendeen_store::query::{Row, Slice};

use super::{Asking, month, opens, seen_kind, wanted};
use crate::app::App;
use crate::error::WebError;
use crate::request::Asked;
use crate::viewer::Viewer;

/// `GET /calendar.ics`.
pub(crate) async fn save(
    State(app): State<App>,
    viewer: Viewer,
    Asked(asking): Asked<Asking>,
) -> Result<Response, WebError> {
    let now = app.now();
    if !opens(&viewer.person) {
        app.store.denied(&viewer.person, "calendar", None, now).await?;
        return Err(WebError::NotFound);
    }
    let first = month(&asking.month, now);
    let kind = seen_kind(&viewer, &asking.kind);
    let query = wanted(&viewer, first, kind, Slice::default())?;
    let mut export = app.store.export(&viewer.person, &query, now).await?;
    let mark = export.label.mark.label();
    let mut rows = Vec::new();
    while let Some(part) = export.part().await? {
        rows.extend(part);
    }
    let text = calendar(&rows, mark, &viewer.person.name, now);
    let name =
        format!("attachment; filename=\"{}-{}.ics\"", file_word(mark), first.strftime("%Y-%m"));
    let name = HeaderValue::from_str(&name).map_err(|e| WebError::Internal(e.to_string()))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/calendar; charset=utf-8")),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, text).into_response())
}

fn file_word(mark: &str) -> String {
    mark.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

fn calendar(rows: &[Row], mark: &str, asked_by: &str, now: Timestamp) -> String {
    let mut text = String::new();
    let mut add = |name: &str, value: &str| text.push_str(&folded(&format!("{name}:{value}")));
    add("BEGIN", "VCALENDAR");
    add("VERSION", "2.0");
    add("PRODID", "-//Pendeen//Calendar//EN");
    add("X-WR-CALNAME", &escaped(&format!("{mark}: Pendeen, for {asked_by}")));
    for row in rows {
        let Some((next, due)) = row.next.as_ref().and_then(|next| Some((next, next.due?))) else {
            continue;
        };
        add("BEGIN", "VEVENT");
        add("UID", &format!("{}@pendeen", row.id));
        add("DTSTAMP", &utc(now));
        add("DTSTART", &utc(due));
        add("SUMMARY", &escaped(&format!("{} ({})", next.what, row.number)));
        add("DESCRIPTION", &escaped(&format!("{mark}. {} {}", row.kind.label(), row.number)));
        add("CLASS", "CONFIDENTIAL");
        add("END", "VEVENT");
    }
    add("END", "VCALENDAR");
    text
}

fn utc(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' | ';' | ',' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            control if control.is_control() => {}
            other => out.push(other),
        }
    }
    out
}

/// A line and its ending, in pieces of at most 75 octets that split no letter.
fn folded(line: &str) -> String {
    let mut out = String::with_capacity(line.len() + 2);
    let mut width = 0;
    for letter in line.chars() {
        if width + letter.len_utf8() > 75 {
            out.push_str("\r\n ");
            width = 1;
        }
        width += letter.len_utf8();
        out.push(letter);
    }
    out.push_str("\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_folded_at_75_octets_and_no_text_ends_a_line() {
        let long = "é".repeat(200);
        let text = folded(&format!("SUMMARY:{long}"));
        assert!(text.split("\r\n").all(|line| line.len() <= 75));
        assert_eq!(text.replace("\r\n ", "").trim_end(), format!("SUMMARY:{long}"));
        assert_eq!(escaped("a,b;c\\d\r\nBEGIN:VEVENT"), "a\\,b\\;c\\\\d\\nBEGIN:VEVENT");
    }

    #[test]
    fn an_empty_calendar_is_whole_and_marked() {
        let now: Timestamp = "2026-11-24T09:30:00Z".parse().unwrap();
        let text = calendar(&[], "OFFICIAL-SENSITIVE", "DC Example", now);
        assert!(text.starts_with("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"));
        assert!(text.contains("X-WR-CALNAME:OFFICIAL-SENSITIVE: Pendeen\\, for DC Example"));
        assert!(text.ends_with("END:VCALENDAR\r\n"));
    }
}
