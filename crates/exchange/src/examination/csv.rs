//! A table as comma-separated values.
//!
//! In: a table of an examination. Out: a line of names, then a line for each row, in the table's
//! order; the last column is the protective marking. A cell that a spreadsheet would take for a
//! formula (`=`, `+`, `-`, `@`, tab, carriage return first) has an apostrophe before it: names
//! of files are hostile. So a cell that begins with an apostrophe and one of these lost nothing:
//! take the apostrophe off to have the name again.
//!
//! Source: RFC 4180; OWASP, "CSV Injection".

use std::borrow::Cow;
use std::io::Write;
use std::path::Path;

use pendeen_examine::Examination;
use pendeen_item::TextTable;

use super::{ExportError, Exported, MARKING, Table, table_path};

/// Writes the table.
pub(super) fn write(
    dir: &Path,
    examination: &Examination,
    table: Table,
    sink: &mut impl Write,
) -> Result<Exported, ExportError> {
    let table = TextTable::open(&table_path(dir, examination, table)?)?;
    let mut lines = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(sink);
    let names = table.names().iter().map(String::as_str).chain(["marking"]);
    lines.write_record(names)?;
    let mut exported = Exported::default();
    table.rows(|cells| {
        for cell in cells {
            lines.write_field(harmless(cell.as_deref().unwrap_or_default()).as_bytes())?;
        }
        lines.write_field(MARKING)?;
        lines.write_record(None::<&[u8]>)?;
        exported.written += 1;
        Ok::<(), ExportError>(())
    })?;
    lines.flush().map_err(ExportError::Sink)?;
    Ok(exported)
}

/// The cell, so that no spreadsheet takes it for a formula.
fn harmless(cell: &str) -> Cow<'_, str> {
    let formula = ['=', '+', '-', '@', '\t', '\r'];
    let quoted = cell.trim_start_matches('\'').starts_with(formula);
    if quoted { Cow::Owned(format!("'{cell}")) } else { Cow::Borrowed(cell) }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn no_cell_is_a_formula_and_each_can_be_told_again() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "'=1", "''=1"] {
            let shown = harmless(cell);
            assert_eq!(shown, format!("'{cell}"));
        }
        for cell in ["", "a.jpg", "/a=b", "'quoted'", "2014-10-31T17:00:00Z"] {
            assert_eq!(harmless(cell), cell);
        }
    }
}
