//! The readable report of an examination: one HTML page.
//!
//! In: the record and an excerpt of the tables. Out: a page that needs nothing but itself: no
//! script, no external resource, no evidential pixels (pictures appear as digests, sizes and
//! places). Every name from the evidence is hostile text: all text goes through [`Text`].

mod pages;
mod rows;
mod text;
mod timeline;

use std::fmt::{self, Display, Write as _};

use jiff::Timestamp;
use pendeen_item::Item;

use crate::record::{Counts, Examination, SourceKind, SourceRecord};
use crate::tables::{Apart, Excerpt};
use text::{Number, Text, Time};

pub(crate) use rows::Rows;
pub(crate) use timeline::Timeline;

/// The page.
pub(crate) fn html(examination: &Examination, excerpt: &Excerpt) -> String {
    let mut page = String::with_capacity(64 * 1024);
    // Writing to a string cannot fail.
    let _ = write_page(&mut page, examination, excerpt);
    page
}

fn write_page(out: &mut String, e: &Examination, excerpt: &Excerpt) -> fmt::Result {
    let title = if e.exhibit.is_empty() {
        "Examination".to_owned()
    } else {
        format!("Examination of {}", e.exhibit)
    };
    write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'\">\n\
         <title>{}</title>\n<style>{}</style>\n</head>\n<body>\n\
         <p class=\"marking\">OFFICIAL-SENSITIVE</p>\n<main>\n<h1>{}</h1>\n",
        Text(&title),
        include_str!("report/page.css"),
        Text(&title)
    )?;
    write_summary(out, e)?;
    write_sources(out, e)?;
    write_encryption(out, e)?;
    write_method(out, e)?;
    write_totals(out, &e.counts)?;
    write_known(out, e, &excerpt.known)?;
    excerpt.timeline.write(out, e.finished)?;
    write_privileged(out, e, &excerpt.privileged)?;
    write_gaps(out, e, excerpt)?;
    write_items(out, e, &excerpt.first)?;
    write_files(out, e)?;
    out.write_str("</main>\n</body>\n</html>\n")
}

fn write_summary(out: &mut String, e: &Examination) -> fmt::Result {
    let c = &e.counts;
    out.write_str("<dl class=\"figures\">\n")?;
    for (label, value) in [
        ("items", c.items),
        ("on known lists", c.known),
        ("with a wrong extension", c.extension_mismatches),
        ("gaps", c.gaps),
    ] {
        writeln!(out, "<div><dt>{label}</dt><dd>{}</dd></div>", Number(value))?;
    }
    out.write_str("</dl>\n")?;
    if c.gaps > 0 {
        out.write_str(
            "<p class=\"warning\"><strong>Something could not be read.</strong> \
             <a href=\"#gaps\">What, and why</a></p>\n",
        )?;
    }
    Ok(())
}

fn write_sources(out: &mut String, e: &Examination) -> fmt::Result {
    out.write_str("<h2>What was examined</h2>\n")?;
    for source in &e.sources {
        out.write_str("<table class=\"facts\">\n")?;
        fact(out, "Source", &source.path.display())?;
        if !source.prefix.is_empty() {
            fact(out, "Forensic paths begin with", &source.prefix)?;
        }
        write_source_kind(out, source)?;
        out.write_str("</table>\n")?;
    }
    Ok(())
}

fn write_source_kind(out: &mut String, source: &SourceRecord) -> fmt::Result {
    let image = match &source.kind {
        SourceKind::Folder => {
            return fact(out, "Kind", &"folder: only what this computer's file system shows");
        }
        SourceKind::Archive { media_type, len_bytes } => {
            fact(out, "Kind", &format!("archive ({media_type}): only what was packed into it"))?;
            return fact(out, "Length in bytes", &Number(*len_bytes));
        }
        SourceKind::Image(image) => image,
    };
    fact(out, "Kind", &image.format.label())?;
    fact(out, "Files", &image.segments.len())?;
    fact(out, "Length in bytes", &Number(image.len_bytes))?;
    for (name, digest) in [("MD5", &image.stored_md5), ("SHA-1", &image.stored_sha1)] {
        if let Some(digest) = digest {
            fact(out, &format!("{name} stored in the image"), digest)?;
        }
    }
    match &image.verified {
        None if image.stored_md5.is_none() && image.stored_sha1.is_none() => {
            fact(out, "Stored digests", &"none: the container keeps no digest of its bytes")?;
        }
        None => fact(out, "Stored digests", &"not compared in this run")?,
        Some(verified) => {
            fact(out, "MD5 of the bytes read", &verified.md5)?;
            for (name, digest) in [("SHA-1", &verified.sha1), ("SHA-256", &verified.sha256)] {
                if let Some(digest) = digest {
                    fact(out, &format!("{name} of the bytes read"), digest)?;
                }
            }
            let verdict = match verified.matches {
                Some(true) => "equal to those computed",
                Some(false) => "DIFFERENT from those computed",
                None => "none to compare with",
            };
            fact(out, "Stored digests", &verdict)?;
        }
    }
    for (name, value) in &image.header {
        fact(out, &format!("Image header: {name}"), value)?;
    }
    let sandbox = match &image.sandbox {
        Some(report) if report.seccomp => "opened by a separate process in a sandbox",
        Some(_) => "opened by a separate process without a sandbox",
        None => "no process could be started to open them",
    };
    fact(out, "File systems", &sandbox)?;
    for volume in &image.volumes {
        let label = if volume.label.is_empty() { "whole image" } else { &volume.label };
        let place = format!(
            "{label}: from byte {}, {} bytes",
            Number(volume.offset_bytes),
            Number(volume.len_bytes)
        );
        fact(out, "Volume", &place)?;
    }
    Ok(())
}

/// The encrypted volumes: what they are, and whether and with what they were opened.
fn write_encryption(out: &mut String, e: &Examination) -> fmt::Result {
    if e.encryption.is_empty() && e.options.unlock.is_none() {
        return Ok(());
    }
    out.write_str("<h2>Encrypted volumes</h2>\n<table class=\"facts\">\n")?;
    match &e.options.unlock {
        Some(unlock) => {
            fact(out, "Authority to open them", &unlock.authority)?;
            fact(out, "Secrets given", &unlock.secrets)?;
        }
        None => fact(out, "Secrets given", &"none")?,
    }
    for one in &e.encryption {
        let place = match one.forensic_path.as_str() {
            "" => "Whole image",
            path => path,
        };
        fact(out, place, &format!("{}: {}", one.named(), one.told()))?;
        fact(out, "May be opened by", &one.protectors.join(", "))?;
    }
    if e.encryption.is_empty() {
        fact(out, "Encrypted volumes", &"none was recognised")?;
    }
    out.write_str("</table>\n")
}

fn write_method(out: &mut String, e: &Examination) -> fmt::Result {
    out.write_str("<h2>How it was examined</h2>\n<table class=\"facts\">\n")?;
    if !e.exhibit.is_empty() {
        fact(out, "Exhibit", &e.exhibit)?;
    }
    if let Some(examiner) = &e.examiner {
        fact(out, "Examiner", examiner)?;
    }
    fact(out, "Program", &format!("{} {}", e.tool, e.version))?;
    for (name, version) in &e.components {
        fact(out, name, version)?;
    }
    fact(out, "Begun", &Time(e.started))?;
    fact(out, "Finished", &Time(e.finished))?;
    if e.known.is_empty() {
        fact(out, "Known lists", &"none given")?;
    }
    for list in &e.known {
        let shown = format!(
            "{}: {} records, SHA-256 {}",
            list.path.display(),
            Number(list.records),
            list.sha256
        );
        fact(out, "Known list", &shown)?;
        if list.conflicting > 0 {
            let shown = format!(
                "{} records give a digest that another list or category gave before; the first \
                 counts",
                Number(list.conflicting)
            );
            fact(out, "In conflict", &shown)?;
        }
    }
    out.write_str("</table>\n")?;
    out.write_str(include_str!("report/limits.html"))
}

fn write_totals(out: &mut String, c: &Counts) -> fmt::Result {
    out.write_str("<h2>Totals</h2>\n")?;
    writeln!(
        out,
        "<p>{} entries were seen, and {} items written, of {} bytes together. \
         {} of them could not be read whole.</p>{}",
        Number(c.entries),
        Number(c.items),
        Number(c.bytes),
        Number(c.items_with_gaps),
        not_read(c)
    )?;
    let origins: Vec<(&str, u64)> =
        c.by_origin.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    write_bars(out, "Items by origin", &origins)?;
    let mut types: Vec<(&str, u64)> = c
        .by_media_type
        .iter()
        .map(|(name, n)| (if name.is_empty() { "not recognised" } else { name.as_str() }, *n))
        .collect();
    types.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    write_bars(out, "Items by media type", &types)
}

fn not_read(c: &Counts) -> String {
    if c.not_read == 0 {
        return String::new();
    }
    format!(
        "\n<p class=\"warning\"><strong>This was a triage.</strong> {} items were not read: they \
         have no digest, and nothing is known of their content. Deleted space was not searched and \
         no container opened.</p>",
        Number(c.not_read)
    )
}

/// A table whose numbers are drawn as bars beside them.
fn write_bars(out: &mut String, caption: &str, rows: &[(&str, u64)]) -> fmt::Result {
    let most = rows.iter().map(|(_, n)| *n).max().unwrap_or(1).max(1);
    writeln!(out, "<table class=\"bars\">\n<caption>{}</caption>", Text(caption))?;
    for (name, n) in rows {
        let width = u128::from(*n) * 300 / u128::from(most);
        writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td class=\"number\">{}</td><td>\
             <svg width=\"300\" height=\"14\" aria-hidden=\"true\">\
             <rect width=\"{}\" height=\"14\" fill=\"#1d70b8\"/></svg></td></tr>",
            Text(name),
            Number(*n),
            width.max(1)
        )?;
    }
    out.write_str("</table>\n")
}

fn write_known(out: &mut String, e: &Examination, known: &[Item]) -> fmt::Result {
    out.write_str("<h2>On known lists</h2>\n")?;
    if e.known.is_empty() {
        return out.write_str("<p>No known list was given.</p>\n");
    }
    if known.is_empty() {
        return out.write_str(
            "<p>No item is on a list given. An unknown picture is not a harmless one.</p>\n",
        );
    }
    for (list, categories) in &e.counts.known_by_list {
        let rows: Vec<(&str, u64)> = categories
            .iter()
            .map(|(name, n)| (if name.is_empty() { "no category" } else { name.as_str() }, *n))
            .collect();
        write_bars(out, &format!("Items on {list}, by category"), &rows)?;
    }
    write_excerpt_note(out, "known items", known.len(), e.counts.known)?;
    out.write_str(
        "<table>\n<tr><th scope=\"col\">Forensic path</th><th scope=\"col\">List</th>\
         <th scope=\"col\">Category</th><th scope=\"col\" class=\"number\">Bytes</th>\
         <th scope=\"col\">SHA-256</th></tr>\n",
    )?;
    for item in known {
        writeln!(
            out,
            "<tr><td class=\"path\">{}</td><td>{}</td><td>{}</td><td class=\"number\">{}</td>\
             <td class=\"digest\">{}</td></tr>",
            Text(&item.forensic_path),
            Text(item.known_list.as_deref().unwrap_or_default()),
            Text(item.known_category.as_deref().unwrap_or_default()),
            Number(item.size_bytes),
            digest(item)
        )?;
    }
    out.write_str("</table>\n")
}

/// What was set apart, by its digests: names of privileged files may be privileged themselves.
fn write_privileged(out: &mut String, e: &Examination, apart: &[Apart]) -> fmt::Result {
    let Some(list) = &e.options.privileged else { return Ok(()) };
    out.write_str("<h2>Set apart as possibly privileged</h2>\n")?;
    writeln!(
        out,
        "<p>{} items have one of the {} words of {} (SHA-256 {}). They were digested and not \
         opened; they stand in <code>privileged.parquet</code> alone, which an independent person \
         reads.</p>",
        Number(e.counts.privileged),
        Number(list.words),
        Text(&list.path.to_string_lossy()),
        Text(&list.sha256)
    )?;
    if apart.is_empty() {
        return Ok(());
    }
    out.write_str(
        "<table>\n<tr><th scope=\"col\" class=\"number\">Bytes</th><th scope=\"col\">MD5</th>\
         <th scope=\"col\">SHA-256</th></tr>\n",
    )?;
    for Apart { size, md5, sha256 } in apart {
        writeln!(
            out,
            "<tr><td class=\"number\">{}</td><td class=\"digest\">{}</td>\
             <td class=\"digest\">{}</td></tr>",
            Number(*size),
            md5.map_or_else(|| "not read whole".to_owned(), hex::encode),
            sha256.map_or_else(|| "not read whole".to_owned(), hex::encode)
        )?;
    }
    out.write_str("</table>\n")
}

fn write_gaps(out: &mut String, e: &Examination, excerpt: &Excerpt) -> fmt::Result {
    out.write_str("<h2 id=\"gaps\">What could not be read</h2>\n")?;
    if excerpt.gaps.is_empty() {
        return out.write_str("<p>Nothing: every entry was read whole.</p>\n");
    }
    write_excerpt_note(out, "gaps", excerpt.gaps.len(), e.counts.gaps)?;
    out.write_str(
        "<table>\n<tr><th scope=\"col\">Where</th><th scope=\"col\">Wanted</th>\
         <th scope=\"col\">Why not</th></tr>\n",
    )?;
    for gap in &excerpt.gaps {
        let place = if gap.forensic_path.is_empty() { "the source" } else { &gap.forensic_path };
        writeln!(
            out,
            "<tr><td class=\"path\">{}</td><td>{}</td><td>{}</td></tr>",
            Text(place),
            Text(&gap.wanted),
            Text(&gap.reason)
        )?;
    }
    out.write_str("</table>\n")
}

fn write_items(out: &mut String, e: &Examination, items: &[Item]) -> fmt::Result {
    out.write_str("<h2>Items</h2>\n")?;
    write_excerpt_note(out, "items", items.len(), e.counts.items)?;
    out.write_str(
        "<table>\n<tr><th scope=\"col\">Forensic path</th><th scope=\"col\">Origin</th>\
         <th scope=\"col\">Media type</th><th scope=\"col\" class=\"number\">Bytes</th>\
         <th scope=\"col\">Modified</th><th scope=\"col\">SHA-256</th></tr>\n",
    )?;
    for item in items {
        let modified = item.modified.and_then(|ns| Timestamp::from_nanosecond(ns.into()).ok());
        let origin = match item.recovery {
            Some(recovery) => format!("{}, {}", item.origin.key(), recovery.key()),
            None => item.origin.key().to_owned(),
        };
        writeln!(
            out,
            "<tr><td class=\"path\">{}</td><td>{}</td><td>{}</td><td class=\"number\">{}</td>\
             <td>{}</td><td class=\"digest\">{}</td></tr>",
            Text(&item.forensic_path),
            Text(&origin),
            Text(item.media_type.as_deref().unwrap_or_default()),
            Number(item.size_bytes),
            modified.map(|t| Time(t).to_string()).unwrap_or_default(),
            digest(item)
        )?;
    }
    out.write_str("</table>\n")
}

fn write_files(out: &mut String, e: &Examination) -> fmt::Result {
    out.write_str("<h2>Files of this examination</h2>\n<table class=\"facts\">\n")?;
    let is_page = |name: &str| name.starts_with("report/");
    let pages = e.files.keys().filter(|name| is_page(name)).count();
    if pages > 0 {
        fact(out, "report/", &format!("{pages} pages; their digests stand in examination.json"))?;
    }
    for (name, file) in e.files.iter().filter(|(name, _)| !is_page(name)) {
        let rows = file.rows.map(|n| format!("{} rows, ", Number(n))).unwrap_or_default();
        let shown = format!("{rows}{} bytes, SHA-256 {}", Number(file.len_bytes), file.sha256);
        fact(out, name, &shown)?;
    }
    fact(out, "examination.json", &"all of this as data, with the digest of this page")?;
    out.write_str("</table>\n")
}

fn write_excerpt_note(out: &mut String, what: &str, shown: usize, all: u64) -> fmt::Result {
    if shown as u64 >= all {
        return Ok(());
    }
    let (table, pages) = match what {
        "gaps" => ("gaps.parquet", "gaps"),
        "known items" => ("items.parquet", "known"),
        _ => ("items.parquet", "items"),
    };
    writeln!(
        out,
        "<p>The first {shown} of {} {what}, in forensic order. \
         <a href=\"report/{pages}.html\">All of them, page by page</a>; as a table in \
         <code>{table}</code> beside this page.</p>",
        Number(all)
    )
}

fn fact(out: &mut String, name: &str, value: &dyn Display) -> fmt::Result {
    writeln!(
        out,
        "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
        Text(name),
        Text(&value.to_string())
    )
}

fn digest(item: &Item) -> String {
    item.sha256.map_or_else(|| "not read whole".to_owned(), hex::encode)
}
