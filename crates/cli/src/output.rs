//! What commands print: JSON or lines, on standard output.

use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;

/// Prints one value as indented JSON.
pub fn json(value: &impl Serialize) -> Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// Prints one value as JSON on a line of its own.
pub fn json_line(value: &impl Serialize) -> Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// Prints a table of labels and values.
pub fn lines<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> Result<()> {
    let mut out = io::stdout().lock();
    for (label, value) in rows {
        writeln!(out, "{label:<34} {value}")?;
    }
    Ok(())
}
