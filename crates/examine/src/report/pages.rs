//! The long tables of a report, as numbered pages beside it.
//!
//! In: the rows of a table, one after the other, as HTML. Out: `report/NAME-0001.html` and so on,
//! each with so many rows that a browser shows it at once, linked to its neighbours, and
//! `report/NAME.html` with where each begins. Written row by row: a million rows take no memory.
//! A table whose rows the report itself shows gets no pages.
//!
//! Plain pages, since they open anywhere, offline, without a script, today and in ten years.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use crate::ExamineError;
use crate::record::FileRecord;
use crate::work_folder::{WorkFolder, name};

use super::text::{Number, Text};

/// Rows of one page.
pub(crate) const ROWS: usize = 2000;

/// A table that is spread over pages.
pub(crate) struct Pages<'a> {
    folder: &'a WorkFolder,
    name: &'static str,
    /// The heading, as HTML.
    title: &'static str,
    /// The names of the columns, as HTML.
    columns: &'static str,
    /// How many rows the report shows itself.
    shown: usize,
    rows: String,
    in_page: usize,
    /// Where each page begins, as HTML.
    begins: Vec<String>,
    total: u64,
    files: BTreeMap<String, FileRecord>,
}

impl<'a> Pages<'a> {
    /// Begins a table. `shown` rows are shown by the report itself.
    pub(crate) fn new(
        folder: &'a WorkFolder,
        name: &'static str,
        title: &'static str,
        columns: &'static str,
        shown: usize,
    ) -> Self {
        Self {
            folder,
            name,
            title,
            columns,
            shown,
            rows: String::new(),
            in_page: 0,
            begins: Vec::new(),
            total: 0,
            files: BTreeMap::new(),
        }
    }

    /// Adds a row: `<td>` for `<td>`. `place` is where it stands in the evidence.
    pub(crate) fn add(
        &mut self,
        place: &str,
        row: impl FnOnce(&mut String),
    ) -> Result<(), ExamineError> {
        if self.in_page == ROWS {
            self.page(true)?;
        }
        if self.in_page == 0 {
            self.begins.push(Text(place).to_string());
        }
        self.rows.push_str("<tr>");
        row(&mut self.rows);
        self.rows.push('\n');
        self.in_page += 1;
        self.total += 1;
        Ok(())
    }

    /// Writes the last page and the list of all; the files written.
    pub(crate) fn finish(mut self) -> Result<BTreeMap<String, FileRecord>, ExamineError> {
        if usize::try_from(self.total).is_ok_and(|total| total <= self.shown) {
            return Ok(BTreeMap::new());
        }
        if self.in_page > 0 {
            self.page(false)?;
        }
        let mut list =
            head(self.title, &format!("<p><a href=\"../{}\">Report</a></p>", name::REPORT));
        let _ = write!(
            list,
            "<p>{} rows on {} pages, in forensic order.</p>\n<table><tr><th>Page<th>begins with\n",
            Number(self.total),
            Number(self.begins.len() as u64)
        );
        for (number, begins) in (1..).zip(&self.begins) {
            let page = self.page_name(number);
            let _ = writeln!(list, "<tr><td><a href=\"{page}\">{number}</a><td>{begins}");
        }
        list.push_str("</table>\n</main>\n</body>\n</html>\n");
        let path = format!("{}.html", self.name);
        self.file(&path, &list)?;
        Ok(self.files)
    }

    fn page_name(&self, number: usize) -> String {
        format!("{}-{number:04}.html", self.name)
    }

    /// Writes the page that is full.
    fn page(&mut self, more: bool) -> Result<(), ExamineError> {
        let number = self.begins.len();
        let mut way = format!("<p><a href=\"../{}\">Report</a>", name::REPORT);
        let _ = write!(way, " <a href=\"{}.html\">All pages</a>", self.name);
        if number > 1 {
            let _ = write!(
                way,
                " <a href=\"{}\" rel=\"prev\">Previous</a>",
                self.page_name(number - 1)
            );
        }
        if more {
            let _ =
                write!(way, " <a href=\"{}\" rel=\"next\">Next</a>", self.page_name(number + 1));
        }
        way.push_str("</p>\n");
        let mut page = head(self.title, &way);
        let _ = write!(page, "<table>\n<tr>{}\n", self.columns);
        page.push_str(&self.rows);
        let _ = write!(page, "</table>\n{way}</main>\n</body>\n</html>\n");
        let path = self.page_name(number);
        self.file(&path, &page)?;
        self.rows.clear();
        self.in_page = 0;
        Ok(())
    }

    fn file(&mut self, path: &str, text: &str) -> Result<(), ExamineError> {
        let pages = self.folder.path(name::PAGES);
        if self.files.is_empty() {
            fs::create_dir_all(&pages)
                .map_err(|source| ExamineError::Output { path: pages, source })?;
        }
        let path = format!("{}/{path}", name::PAGES);
        self.folder.write(&path, text.as_bytes())?;
        self.files.insert(path, FileRecord::of(text.as_bytes()));
        Ok(())
    }
}

/// The beginning of a page; `title` and `way` are HTML.
fn head(title: &str, way: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html lang=\"en-GB\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'\">\n<title>{title}</title>\n<style>{}</style>\n</head>\n\
         <body>\n<p class=\"marking\">OFFICIAL-SENSITIVE</p>\n<main class=\"pages\">\n\
         <h1>{title}</h1>\n{way}",
        include_str!("page.css")
    )
}
