//! What commands print: JSON or lines on standard output, messages on standard error.
//!
//! A reader who has seen enough (`pendeen ... | head`) ends the printing, never the work.

use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;

/// Prints one value as indented JSON.
pub fn json(value: &impl Serialize) -> Result<()> {
    bytes(format!("{}\n", serde_json::to_string_pretty(value)?).as_bytes())
}

/// Prints one value as JSON on a line of its own.
pub fn json_line(value: &impl Serialize) -> Result<()> {
    bytes(format!("{}\n", serde_json::to_string(value)?).as_bytes())
}

/// Prints a table of labels and values.
pub fn lines<'a>(rows: impl IntoIterator<Item = (&'a str, String)>) -> Result<()> {
    rows.into_iter().try_for_each(|(label, value)| print(&format!("{label:<34} {value}")))
}

/// Prints one line, which may hold text from evidence.
pub fn print(line: &str) -> Result<()> {
    bytes(format!("{}\n", harmless(line)).as_bytes())
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
    let _ = writeln!(io::stderr().lock(), "{}", harmless(line));
}

/// Text from evidence as a terminal may show it: characters that control it, hide or turn the
/// direction of writing stand as their code points.
fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let deceives = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{61c}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}');
        if c.is_control() || deceives {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_from_evidence_cannot_command_the_terminal() {
        let name = "a\u{1b}[31m\n\u{202e}gpj.\u{fc}";
        assert_eq!(super::harmless(name), "a\\u{1b}[31m\\u{a}\\u{202e}gpj.\u{fc}");
    }
}
