//! Browsers: visits and downloads of Chromium and its kin, Firefox and Safari.
//!
//! Source: Chromium, components/history/core/browser (visit_database.cc, download_database.cc);
//! Mozilla, toolkit/components/places/nsPlacesTables.h; WebKit has no document of History.db:
//! its tables are named as they are found.

use std::collections::HashMap;

use pendeen_item::Event;

use super::{Events, lookup, table, time, unsigned};
use crate::sqlite::{Database, Row};

/// An address and its title.
type Page = (Option<String>, Option<String>);

pub(super) fn read(database: &Database<'_>, out: &mut Events) {
    chromium(database, out);
    chromium_downloads(database, out);
    firefox(database, out);
    safari(database, out);
}

fn chromium(database: &Database<'_>, out: &mut Events) {
    let Some(visits) = table(database, "visits", &["url", "visit_time", "from_visit"]) else {
        return;
    };
    let pages = pages(database, "urls", out);
    out.each(database, visits, |row| {
        let (target, name) = page(&pages, row, "url");
        Some(Event {
            time: time::webkit_us(row.integer("visit_time")),
            source: "chromium",
            what: "visit",
            name,
            target,
            duration_ms: unsigned(row.integer("visit_duration")).map(|us| us / 1000),
            ..Event::default()
        })
    });
}

fn chromium_downloads(database: &Database<'_>, out: &mut Events) {
    let Some(downloads) = table(database, "downloads", &["start_time", "received_bytes"]) else {
        return;
    };
    // The last address of a chain is where the bytes came from.
    let chains = table(database, "downloads_url_chains", &["id", "chain_index", "url"]);
    let mut last = HashMap::new();
    lookup(database, chains, out, |row| {
        let (id, index) = (row.integer("id")?, row.integer("chain_index")?);
        let kept: &mut (i64, Option<String>) = last.entry(id).or_insert((index, None));
        if kept.1.is_none() || index > kept.0 {
            *kept = (index, row.text("url"));
        }
        None::<(i64, ())>
    });
    out.each(database, downloads, |row| {
        let address = last.get(&row.rowid()).and_then(|(_, url)| url.clone());
        Some(Event {
            time: time::webkit_us(row.integer("start_time")),
            source: "chromium",
            what: "download",
            name: row.text("target_path").or_else(|| row.text("current_path")),
            target: address.or_else(|| row.text("url")).or_else(|| row.text("tab_url")),
            text: row.text("referrer"),
            size_bytes: unsigned(row.integer("total_bytes")),
            ..Event::default()
        })
    });
}

fn firefox(database: &Database<'_>, out: &mut Events) {
    let visits = table(database, "moz_historyvisits", &["place_id", "visit_date"]);
    let annotations = table(database, "moz_annos", &["place_id", "anno_attribute_id", "content"]);
    if visits.is_none() && annotations.is_none() {
        return;
    }
    let pages = pages(database, "moz_places", out);
    if let Some(visits) = visits {
        out.each(database, visits, |row| {
            let (target, name) = page(&pages, row, "place_id");
            Some(Event {
                time: time::unix_us(row.integer("visit_date")),
                source: "firefox",
                what: "visit",
                name,
                target,
                ..Event::default()
            })
        });
    }
    let names = table(database, "moz_anno_attributes", &["id", "name"]);
    let names = lookup(database, names, out, |row| Some((row.integer("id")?, row.text("name")?)));
    if let Some(annotations) = annotations {
        out.each(database, annotations, |row| {
            let kind = names.get(&row.integer("anno_attribute_id")?)?;
            (kind == "downloads/destinationFileURI").then(|| Event {
                time: time::unix_us(row.integer("dateAdded")),
                source: "firefox",
                what: "download",
                name: row.text("content"),
                target: page(&pages, row, "place_id").0,
                ..Event::default()
            })
        });
    }
}

fn safari(database: &Database<'_>, out: &mut Events) {
    let Some(visits) = table(database, "history_visits", &["history_item", "visit_time"]) else {
        return;
    };
    let pages = pages(database, "history_items", out);
    out.each(database, visits, |row| {
        let (target, name) = page(&pages, row, "history_item");
        Some(Event {
            time: time::apple(row.real("visit_time")),
            source: "safari",
            what: "visit",
            name: row.text("title").or(name),
            target,
            ..Event::default()
        })
    });
}

/// Addresses and titles by number.
fn pages(database: &Database<'_>, name: &str, out: &mut Events) -> HashMap<i64, Page> {
    let pages = table(database, name, &["id", "url"]);
    lookup(database, pages, out, |row| {
        Some((row.integer("id")?, (row.text("url"), row.text("title"))))
    })
}

fn page(pages: &HashMap<i64, Page>, row: &Row<'_>, column: &str) -> Page {
    row.integer(column).and_then(|id| pages.get(&id).cloned()).unwrap_or_default()
}
