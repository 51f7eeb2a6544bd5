//! How text, numbers and times of an examination stand in HTML.

use std::fmt::{self, Display, Write as _};

use jiff::Timestamp;

/// Text for HTML, as content or in a quoted attribute.
///
/// Control characters and the marks that turn the direction of writing are shown as their
/// code point, so that a name from the evidence cannot pass for another.
pub(super) struct Text<'a>(pub(super) &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c if c.is_control() || deceives(c) => {
                    write!(f, "\u{27e8}U+{:04X}\u{27e9}", u32::from(c))?;
                }
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Invisible characters: direction marks, joiners, the byte order mark.
fn deceives(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
        | '\u{061c}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// A number with thin gaps between thousands.
pub(super) struct Number(pub(super) u64);

impl Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                f.write_char(',')?;
            }
            f.write_char(digit)?;
        }
        Ok(())
    }
}

/// A moment in UTC, to the second.
pub(super) struct Time(pub(super) Timestamp);

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%-d %B %Y, %H:%M:%S UTC"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_become_text() {
        let shown = |text: &str| Text(text).to_string();
        assert_eq!(
            shown("<script>alert('x')</script>&\"\u{0}\n"),
            "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;\u{27e8}U+0000\u{27e9}\u{27e8}U+000A\u{27e9}"
        );
        assert_eq!(shown("gpj.\u{202e}exe"), "gpj.\u{27e8}U+202E\u{27e9}exe");
        assert_eq!(shown("Gr\u{fc}\u{df}e \u{1f600}"), "Gr\u{fc}\u{df}e \u{1f600}");
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        let shown = |n| Number(n).to_string();
        assert_eq!((shown(0), shown(999), shown(1000)), ("0".into(), "999".into(), "1,000".into()));
        assert_eq!(shown(1_234_567), "1,234,567");
    }
}
