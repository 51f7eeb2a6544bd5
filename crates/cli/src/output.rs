//! What commands print: JSON or lines on standard output, messages on standard error.
//!
//! A reader who has seen enough (`pendeen ... | head`) ends the printing, never the work.

use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;

/// Prints one value as indented JSON.
pub fn json(value: &impl Serialize) -> Result<()> {
    print(&serde_json::to_string_pretty(value)?)
}

/// Prints one value as JSON on a line of its own.
pub fn json_line(value: &impl Serialize) -> Result<()> {
    print(&serde_json::to_string(value)?)
}

/// Prints a table of labels and values.
pub fn lines<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> Result<()> {
    rows.into_iter().try_for_each(|(label, value)| print(&format!("{label:<34} {value}")))
}

/// Prints one line.
pub fn print(line: &str) -> Result<()> {
    bytes(format!("{line}\n").as_bytes())
}

/// Prints what is a file of its own.
pub fn bytes(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Tells a person something on standard error. Nobody may be listening there, which is no
/// reason to stop.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
